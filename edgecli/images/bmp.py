"""BMP whose header says by masks which bits of a pixel are which colour, and which are alpha.

Pillow knows eleven sets of masks, and leaves the alpha of 16 bits out; here are all. Every other
BMP is Pillow's. The header is Microsoft's BITMAPINFOHEADER with the masks after it, or one of the
later ones, up to BITMAPV5HEADER, that hold them.
"""

from __future__ import annotations

import struct
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import ImageError
from edgecli.geometry import bands
from edgecli.images.alpha import opaque_if_unused
from edgecli.images.limits import check_pixels
from edgecli.images.streams import read_up_to
from edgecli.records import dataclass, replace
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import ImageInfo, Rows

_BITFIELDS, _ALPHA_BITFIELDS = 3, 6
_LONGEST = 70  # bytes up to the end of the masks, within the later headers or after the first
_WITH_ALPHA = 56  # bytes of the smallest header that has a mask for alpha
_PIXELS_AT_ONCE = 1 << 16  # they stay in the cache
_INCHES = 39.3701  # to the metre


@dataclass(frozen=True)
class _Header:
    offset: int  # of the pixels
    size: int  # of the header itself
    width: int
    height: int  # below zero where the first row comes first
    bits: int
    compression: int
    across: int  # pixels to the metre
    down: int
    masks: tuple[int, int, int, int]


def _parse_header(head: bytes) -> _Header:
    head = head[:_LONGEST].ljust(_LONGEST, b"\0")
    *fields, red, green, blue, alpha = struct.unpack("<10xIIii2xHI4xii8x4I", head)
    offset, size, width, height, bits, compression, across, down = fields
    masks = (red, green, blue, alpha)
    header = _Header(offset, size, width, height, bits, compression, across, down, masks)
    if header.size < _WITH_ALPHA and header.compression == _BITFIELDS:
        return replace(header, masks=(red, green, blue, 0))
    return header


def read_masked(stream: BinaryIO, path: str, *, max_pixels: int) -> ArraySource:
    """Read a BMP that begins as ``magic.BMP_MASKS`` from a stream that can seek. ImageError.

    Colours of 8 bits or fewer become uint8, wider ones uint16, each spread over the whole range.
    """
    stream.seek(0)
    header = _parse_header(stream.read(_LONGEST))
    _check(header, path)
    check_pixels(path, header.width * abs(header.height), max_pixels)
    pixels = _read_pixels(stream, path, header)
    rows = _colours(pixels if header.height < 0 else pixels[::-1], header.masks)
    is_stated = header.across > 0 and header.down > 0
    dpi = (header.across / _INCHES, header.down / _INCHES) if is_stated else None
    held = rows.nbytes + rows.shape[0] * rows.shape[1] * pixels.itemsize
    info = ImageInfo(path, "BMP", rows.shape, rows.dtype.name, dpi, held=held)
    if header.masks[3]:
        rows = opaque_if_unused(rows, info.notes)
    return ArraySource(rows, info)


def _check(header: _Header, path: str) -> None:
    masks, bits = header.masks, header.bits
    if header.width <= 0 or not header.height:
        raise ImageError(f"image {path} has no pixels by its header; get the file whole again")
    if not all(masks[:3]) or max(masks) >> bits or not all(map(_is_one_run, masks)):
        listed = " ".join(f"{mask:x}" for mask in masks)
        raise ImageError(
            f"image {path} has the bit masks {listed}, which do not part {bits} bits into colours "
            "of up to 16; save it again as BMP of 24 bits, or as PNG"
        )


def _is_one_run(mask: int) -> bool:
    """Return whether the ones of a mask stand side by side, 16 of them at most."""
    run = mask >> _shift(mask)
    return not run & (run + 1) and run < 1 << 16


def _shift(mask: int) -> int:
    return max((mask & -mask).bit_length() - 1, 0)


def _read_pixels(stream: BinaryIO, path: str, header: _Header) -> NDArray[Any]:
    """Return the pixels ``(H, W)`` as they are stored; rows are padded to four bytes."""
    height, stride = abs(header.height), -(-header.width * header.bits // 32) * 4
    stream.seek(header.offset)
    data = read_up_to(stream, stride * height)
    if len(data) < stride * height:
        whole = len(data) // stride
        raise ImageError(
            f"image {path} ends after {whole:,} of its {height:,} rows; get the file whole again"
        )
    rows = np.frombuffer(data, f"<u{header.bits // 8}").reshape(height, -1)
    return rows[:, : header.width]


def _colours(pixels: NDArray[Any], masks: tuple[int, ...]) -> Rows:
    """Return the colours ``(H, W, C)`` that masks take from pixels, with alpha if it has a mask."""
    masks = masks if masks[3] else masks[:3]
    fulls = [mask >> _shift(mask) for mask in masks]  # the largest number of each
    dtype, white = (np.uint8, 255) if max(fulls) < 256 else (np.uint16, 65535)
    spread = [
        ((np.arange(full + 1, dtype=np.uint32) * white + full // 2) // full).astype(dtype)
        for full in fulls
    ]
    rows = np.empty((*pixels.shape, len(masks)), dtype)
    for start, stop in bands(len(rows), max(_PIXELS_AT_ONCE // rows.shape[1], 1)):
        for channel, (mask, full) in enumerate(zip(masks, fulls, strict=True)):
            parts = (pixels[start:stop] & mask) >> _shift(mask)
            rows[start:stop, :, channel] = parts if full == white else spread[channel][parts]
    return rows
