"""What a page's numbers mean: how it is compressed, what its colours are, of which type they are.

The numbers are those of TIFF 6.0, of its supplements by Adobe and of libtiff's list.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgecli.images.tiff.directories import Directory, Tag

# --- Compression ----------------------------------------------------------------------------------

UNCOMPRESSED, LZW, OLD_JPEG, JPEG, DEFLATE, PACK_BITS = 1, 5, 6, 7, 8, 32773
OLD_DEFLATE, LZMA, ZSTD, WEBP = 32946, 34925, 50000, 50001
FAX = {2, 3, 4, 32771}
PICTURES = {JPEG, WEBP}  # of colours rather than of bytes
PREDICTED = {LZW, DEFLATE, PACK_BITS, OLD_DEFLATE, LZMA, ZSTD}
READ = {UNCOMPRESSED, OLD_JPEG} | PICTURES | PREDICTED | FAX

# --- PhotometricInterpretation --------------------------------------------------------------------

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, MASK, CMYK, YCBCR, LAB, ICC_LAB = (
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    8,
    9,
)

COLOURS = {
    **dict.fromkeys((WHITE_IS_ZERO, BLACK_IS_ZERO, PALETTE, MASK), 1),
    **dict.fromkeys((RGB, YCBCR, LAB, ICC_LAB), 3),
    CMYK: 4,
}
"""How many samples of a pixel are its colour."""


def photometric_of(directory: Directory) -> int:
    """Return what the colours of a page are; where it does not say, what libtiff takes them for."""
    stated = directory.tags.get(Tag.PHOTOMETRIC)
    samples = directory.value(Tag.SAMPLES, 1)
    if stated is None:
        is_fax = directory.value(Tag.COMPRESSION, UNCOMPRESSED) in FAX
        return WHITE_IS_ZERO if is_fax else RGB if samples in {3, 4} else BLACK_IS_ZERO
    return BLACK_IS_ZERO if (stated[0], samples) == (YCBCR, 1) else stated[0]


# --- SampleFormat and BitsPerSample ---------------------------------------------------------------

_FORMATS = {1: "u", 2: "i", 3: "f", 4: "u"}  # 4 is undefined
_TYPES = {"u1", "i1", "u2", "i2", "f2", "u4", "i4", "f4", "u8", "i8", "f8"}


def stored_type(directory: Directory) -> tuple[np.dtype[Any] | None, int]:
    """Return the one type of all samples, in the file's byte order or None, and their bits."""
    bits, *other_bits = set(directory.tags.get(Tag.BITS, (1,)))
    form, *other_forms = set(directory.tags.get(Tag.SAMPLE_FORMAT, (1,)))
    kind = _FORMATS.get(form)
    if other_bits or other_forms:
        return None, bits
    if kind == "u" and 1 <= bits < 16 and bits != 8:
        return np.dtype("uint8" if bits < 8 else "uint16"), bits
    name = f"{kind}{bits / 8:g}"
    return (np.dtype(directory.byte_order + name) if name in _TYPES else None), bits
