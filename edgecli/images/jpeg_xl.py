"""JPEG XL, by pillow-jxl-plugin: a package of the extra ``formats``.

That decodes a file whole and cuts colours to 8 bits, so that size and depth are first read from the
header: ISO/IEC 18181-1, annex D; the boxes around it are those of 18181-2.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from edgecli.errors import ImageError
from edgecli.images.foreign import JPEG_XL
from edgecli.images.limits import check_pixels
from edgecli.images.pillow.guard import guarded
from edgecli.images.pillow.reading import read_images
from edgecli.records import dataclass, replace
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import ImageInfo, Source

_BARE = b"\xff\n"  # a file without boxes
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))  # of width to height
_MODES = {
    "L": (np.uint8, 1), "LA": (np.uint8, 2), "RGB": (np.uint8, 3), "RGBA": (np.uint8, 4),
    "I;16": (np.uint16, 1), "F": (np.float32, 1),
}  # fmt: skip

_FRAME = 2  # bytes of a pixel that libjxl takes beside the samples that it gives, as measured


@dataclass(frozen=True)
class Header:
    """Size and depth of a picture, and whether others follow it."""

    width: int
    height: int
    bits: int
    is_animated: bool


def read_jpeg_xl(
    stream: BinaryIO, path: str, *, max_pixels: int, grey: bool = False
) -> Iterator[Source]:
    """Yield the picture of a file, upright; of an animation one frame. Raises ImageError."""
    library: Any = JPEG_XL.library(path)
    data = stream.read()
    try:
        header = parse_header(_codestream(data))
    except IndexError as error:
        raise ImageError(f"image {path} is cut short; get the file whole again") from error
    check_pixels(path, header.width * header.height, max_pixels)
    with guarded(path, max_pixels):
        is_jpeg, facts, pixels, *_ = library.Decoder(num_threads=0)(data)
    if is_jpeg:  # a JPEG was packed, which is given back as it was
        for source in read_images(io.BytesIO(pixels), path, max_pixels=max_pixels, grey=grey):
            yield _renamed(source)
        return
    if facts.mode not in _MODES or (header.bits > 8 and facts.mode not in {"I;16", "F"}):
        raise ImageError(
            f"image {path} has {header.bits} bits per sample in colour, which cannot be read "
            f"without loss here; turn it into PNG: djxl {path} picture.png"
        )
    dtype, channels = _MODES[facts.mode]
    shape = (facts.height, facts.width, channels)
    held = 2 * len(pixels) + _FRAME * facts.width * facts.height
    info = ImageInfo(path, "JPEG XL", shape, np.dtype(dtype).name, held=held)
    if header.is_animated:
        info.notes.append("is an animation, of which one frame is taken")
    yield ArraySource(np.frombuffer(pixels, dtype).reshape(shape), info)


def _renamed(source: Source) -> Source:
    source.info = replace(source.info, format="JPEG XL")  # type: ignore[misc]
    return source


def _codestream(data: bytes) -> bytes:
    """Return where the picture's header begins, within boxes or without."""
    at = 0
    while not data.startswith(_BARE, at):
        size, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        start = at + (16 if size == 1 else 8)
        if kind in {b"jxlc", b"jxlp"}:
            return data[start + (4 if kind == b"jxlp" else 0) :][:64]
        size = int.from_bytes(data[at + 8 : at + 16]) if size == 1 else size
        at += size or len(data)
        if at >= len(data):
            raise IndexError
    return data[at : at + 64]


def parse_header(codestream: bytes) -> Header:
    """Read the header of a codestream; IndexError where it ends too soon."""
    bits = _Bits(codestream[len(_BARE) :])
    width, height = _read_size(bits)
    depth, is_animated = 8, False
    if bits.take(1):  # all else is as usual
        return Header(width, height, depth, is_animated)
    if bits.take(1):
        bits.take(3)  # orientation
        if bits.take(1):
            _read_size(bits)  # as it is meant to be shown
        if bits.take(1):
            return Header(width, height, 16, False)  # a preview, which nothing writes: be careful
        if is_animated := bool(bits.take(1)):
            bits.choose((100, 0), (1000, 0), (1, 10), (1, 30))
            bits.choose((1, 0), (1001, 0), (1, 8), (1, 10))
            bits.choose((0, 0), (0, 3), (0, 16), (0, 32))
            bits.take(1)
    if bits.take(1):
        depth = bits.choose((32, 0), (16, 0), (24, 0), (1, 6))
    else:
        depth = bits.choose((8, 0), (10, 0), (12, 0), (1, 6))
    return Header(width, height, depth, is_animated)


def _read_size(bits: _Bits) -> tuple[int, int]:
    """Return width and height."""
    is_small = bits.take(1)  # in units of 8

    def length() -> int:
        if is_small:
            return 8 * (bits.take(5) + 1)
        return bits.choose((1, 9), (1, 13), (1, 18), (1, 30))

    height, ratio = length(), bits.take(3)
    if not ratio:
        return length(), height
    across, down = _RATIOS[ratio - 1]
    return height * across // down, height


class _Bits:
    """Bits from the lowest of the first byte on."""

    def __init__(self, data: bytes) -> None:
        self._left, self._number = 8 * len(data), int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        """Return a number of ``count`` bits."""
        if count > self._left:
            raise IndexError
        number = self._number & (1 << count) - 1
        self._number >>= count
        self._left -= count
        return number

    def choose(self, *ways: tuple[int, int]) -> int:
        """Return a number that two bits say how to read: what to add to how many more bits."""
        plus, count = ways[self.take(2)]
        return plus + self.take(count)
