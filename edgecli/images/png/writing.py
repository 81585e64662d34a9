"""PNG written as a stream: bands are compressed on any thread and joined in order.

Each band is filtered and deflated by itself, its first row unfiltered, and ends at a byte boundary
(a full flush), so that bands laid end to end are one deflate stream. "PNG 9.2" cites the
specification named in ``format``.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any, BinaryIO

import numpy as np

from edgecli.errors import OutputError
from edgecli.images import Resolution, Shape, magic
from edgecli.images.made_by import MadeBy
from edgecli.images.png.format import (
    GREY,
    GREY_ALPHA,
    MAX_FIELD,
    METRES_PER_INCH,
    RGB,
    RGBA,
    chunk,
    filtered_rows,
)
from edgecli.images.profiles import png_chunk_data
from edgecli.records import dataclass
from edgecli.rows.base import Rows

_COLOUR_TYPES = {1: GREY, 2: GREY_ALPHA, 3: RGB, 4: RGBA}  # by channels
_ZLIB_HEADER = b"\x78\x01"  # deflate, a window of 32 KiB, compressed for speed: RFC 1950, 2.2
_LAST_BLOCK = b"\x03\x00"  # an empty final block: RFC 1951, 3.2.6
_ADLER_BASE = 65521  # the largest prime below 2^16


@dataclass(frozen=True)
class EncodedBand:
    """A band as whole IDAT chunks, and the Adler-32 and length of the bytes that it inflates to."""

    chunks: bytes
    adler: int
    length: int


class PngSink:
    r"""A PNG being written to a file or pipe; a ``Sink``.

    ``shape`` is (H, W, C) with C = 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA; ``dtype`` is uint8 or
    uint16. ``made_by`` says who made it, ``profile`` is ICC's of its colours. Raises OutputError
    for too many or no rows or columns; the file's own OSError passes.

    >>> import io
    >>> file = io.BytesIO()
    >>> sink = PngSink(file, (2, 3, 1), np.dtype('uint8'))
    >>> sink.write(sink.encode(np.array([[[0], [9], [0]], [[9], [0], [9]]], np.uint8)))
    >>> sink.finish()
    >>> file.getvalue()[:8], file.getvalue()[-8:-4]
    (b'\x89PNG\r\n\x1a\n', b'IEND')
    """

    def __init__(
        self,
        file: BinaryIO,
        shape: Shape,
        dtype: np.dtype[Any],
        *,
        dpi: Resolution = None,
        made_by: MadeBy | None = None,
        profile: bytes | None = None,
    ) -> None:
        self._file, self._adler = file, zlib.adler32(b"")
        header = chunk(b"IHDR", _header(shape, dtype)) + _texts(made_by)
        if profile is not None:
            header += chunk(b"iCCP", png_chunk_data(profile))
        file.write(magic.PNG + header + _resolution(dpi) + chunk(b"IDAT", _ZLIB_HEADER))

    def encode(self, rows: Rows) -> EncodedBand:
        """Filter and deflate rows (n, W, C), n ≥ 1, of the sink's dtype.

        Z_RLE finds runs of one value and no other repetition: on edge maps that gives the size of
        zlib's level 6 in a tenth of its time.
        """
        stored = np.ascontiguousarray(rows, rows.dtype.newbyteorder(">")).view(np.uint8)
        scanlines = filtered_rows(stored.reshape(len(rows), -1)).data
        deflater = zlib.compressobj(1, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
        data = deflater.compress(scanlines) + deflater.flush(zlib.Z_FULL_FLUSH)
        pieces = (data[i : i + MAX_FIELD] for i in range(0, len(data), MAX_FIELD))
        chunks = b"".join(chunk(b"IDAT", piece) for piece in pieces)
        return EncodedBand(chunks, zlib.adler32(scanlines), scanlines.nbytes)

    def write(self, encoded: EncodedBand) -> None:
        """Append a band."""
        self._file.write(encoded.chunks)
        self._adler = _combine_adler32(self._adler, encoded.adler, encoded.length)

    def finish(self) -> None:
        """End the deflate stream and the file."""
        self._file.write(chunk(b"IDAT", _LAST_BLOCK + self._adler.to_bytes(4)) + chunk(b"IEND"))


def _header(shape: Shape, dtype: np.dtype[Any]) -> bytes:
    """Return the data of IHDR, PNG 11.2.1."""
    H, W, C = shape
    if not (1 <= H <= MAX_FIELD and 1 <= W <= MAX_FIELD):
        raise OutputError(
            f"a PNG has 1 to {MAX_FIELD:,} rows and columns, not {H:,} × {W:,}; write .npy instead"
        )
    return struct.pack(">IIBBBBB", W, H, 8 * dtype.itemsize, _COLOUR_TYPES[C], 0, 0, 0)


def _texts(made_by: MadeBy | None) -> bytes:
    """Return text chunks (PNG 11.3.3) under two of the keywords that the specification has."""
    if made_by is None:
        return b""
    return _text(b"Software", made_by.software) + _text(b"Comment", made_by.command)


def _text(keyword: bytes, text: str) -> bytes:
    """Return a text as tEXt where Latin-1 has its characters, else as iTXt."""
    try:
        return chunk(b"tEXt", keyword + b"\0" + text.encode("latin-1"))
    except UnicodeEncodeError:
        return chunk(b"iTXt", keyword + b"\0\0\0\0\0" + text.encode())


def _resolution(dpi: Resolution) -> bytes:
    """Return a pHYs chunk (PNG 11.3.4.3), or nothing where ``dpi`` is none or senseless."""
    per_metre = [dots / METRES_PER_INCH for dots in dpi or ()]
    if not per_metre or not all(1 <= n <= MAX_FIELD for n in per_metre):
        return b""
    x, y = (round(n) for n in per_metre)
    return chunk(b"pHYs", struct.pack(">IIB", x, y, 1))


def _combine_adler32(first: int, second: int, second_length: int) -> int:
    """Return the Adler-32 of two byte strings joined, from theirs and the second's length.

    Source: zlib's ``adler32_combine_`` (adler32.c), by the definition in RFC 1950, 8.2: the low
    half is 1 + Σ bytes, the high half the sum of all the low halves on the way.

    >>> adler = zlib.adler32
    >>> _combine_adler32(adler(b'band'), adler(b'width'), 5) == adler(b'bandwidth')
    True
    """
    low, high = first & 0xFFFF, first >> 16
    second_low, second_high = second & 0xFFFF, second >> 16
    total_low = (low + second_low - 1) % _ADLER_BASE
    total_high = (high + second_high + second_length * (low - 1)) % _ADLER_BASE
    return total_high << 16 | total_low
