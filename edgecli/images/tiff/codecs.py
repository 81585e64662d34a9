"""What undoes the compression of strips and tiles, each by itself.

Deflate and LZMA are the standard library's. The rest is libtiff's, which Pillow carries: it gets
some tiles as the strips of a small TIFF, of grey bytes in which there is nothing to convert, of
bits for faxes, or of the colours that JPEG and YCbCr are made of. WebP is Pillow's own.
"""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, TiffImagePlugin, UnidentifiedImageError, WebPImagePlugin

from edgecli.geometry import bands
from edgecli.images.pillow.guard import open_image
from edgecli.images.tiff.directories import LONG, SHORT, Entry, Tag, directory_bytes
from edgecli.images.tiff.kinds import (
    BLACK_IS_ZERO,
    CMYK,
    DEFLATE,
    FAX,
    JPEG,
    LZMA,
    OLD_DEFLATE,
    RGB,
    UNCOMPRESSED,
    WEBP,
    YCBCR,
)
from edgecli.images.tiff.layout import Layout
from edgecli.records import replace

TIFF = (TiffImagePlugin.TiffImageFile.format,)
"""Pillow's name of the format; its plug-in must be there before ``guarded`` silences libtiff."""

_WEBP = (WebPImagePlugin.WebPImageFile.format,)
_FILE_HEAD_BYTES = 8
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))

Bytes = NDArray[np.uint8]
"""Rows of decompressed bytes, ``(rows, row_bytes)``."""


class TileError(Exception):
    """A tile does not hold what it should."""


def rows_of(layout: Layout, tiles: Sequence[bytes], heights: Sequence[int]) -> Bytes:
    """Return the bytes of compressed tiles one below the other; call it inside ``guarded``.

    TileError, or an error of the decoder, for those that hold too little.
    """
    if layout.is_reversed:
        tiles = [tile.translate(_REVERSED) for tile in tiles]
    decode = _by_libtiff if layout.is_ycbcr else _DECODERS.get(layout.compression, _by_libtiff)
    return decode(layout, tiles, heights)


def rows_in_turn(layout: Layout, pieces: Iterable[bytes], height: int, low: int) -> Iterator[Bytes]:
    """Yield the bytes of one high strip, ``low`` rows at a time, from pieces of what is compressed.

    What the standard library decompresses is never whole in memory.
    """
    if layout.is_reversed:
        pieces = (piece.translate(_REVERSED) for piece in pieces)
    if layout.compression in _STREAMED and not layout.is_ycbcr:
        stream, coming = _Stream(layout.compression), iter(pieces)
        for start, stop in bands(height, low):
            yield stream.rows(coming, (stop - start, layout.row_bytes))
        return
    opened = _webp_picture if layout.compression == WEBP else _opened
    with opened(layout, [b"".join(pieces)], [height]) as image:
        for start, stop in bands(height, low):
            yield _bytes_of(image.crop((0, start, image.width, stop)))


def is_streamed(compression: int) -> bool:
    """Return whether a strip is never whole in memory, however high it is."""
    return compression in _STREAMED


# --- the standard library's -----------------------------------------------------------------------


class _Deflate:
    """zlib's stream with the methods of ``lzma.LZMADecompressor``."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj()

    @property
    def eof(self) -> bool:
        """Whether the end of the stream was met."""
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        """Whether all that was given is used."""
        return not self._stream.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return up to ``max_length`` bytes of what has been given so far."""
        return self._stream.decompress(self._stream.unconsumed_tail + data, max_length)


_STREAMED = {DEFLATE, OLD_DEFLATE, LZMA}


class _Stream:
    """A strip or tile that is decompressed as far as it is asked for."""

    def __init__(self, compression: int) -> None:
        self._decoder: Any = _Deflate()
        self._fault: type[Exception] = zlib.error
        if compression == LZMA:
            import lzma  # which Python may have been built without

            self._decoder, self._fault = lzma.LZMADecompressor(), lzma.LZMAError

    def rows(self, pieces: Iterator[bytes], shape: tuple[int, int]) -> Bytes:
        """Return the next rows, fed with pieces as they are needed."""
        decoder, size, parts = self._decoder, shape[0] * shape[1], []
        while size and not decoder.eof:
            needs_more = decoder.needs_input
            piece = next(pieces, b"") if needs_more else b""
            try:
                part = decoder.decompress(piece, size)
            except self._fault as error:
                raise TileError("a strip or tile is damaged") from error
            if not part and needs_more and not piece:
                break
            parts.append(part)
            size -= len(part)
        if size:
            raise TileError(f"{size:,} bytes of a strip or tile are missing")
        return np.frombuffer(b"".join(parts), np.uint8).reshape(shape)


def _inflated(layout: Layout, tiles: Sequence[bytes], heights: Sequence[int]) -> Bytes:
    parts = [
        _Stream(layout.compression).rows(iter([tile]), (height, layout.row_bytes))
        for tile, height in zip(tiles, heights, strict=True)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _joined(layout: Layout, tiles: Sequence[bytes], heights: Sequence[int]) -> Bytes:
    data = tiles[0] if len(tiles) == 1 else b"".join(tiles)
    return np.frombuffer(data, np.uint8).reshape(sum(heights), layout.row_bytes)


# --- Pillow's -------------------------------------------------------------------------------------


def _by_libtiff(layout: Layout, tiles: Sequence[bytes], heights: Sequence[int]) -> Bytes:
    with _opened(layout, tiles, heights) as image:
        return _bytes_of(image)


def rgb_of(layout: Layout, planes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the RGB of YCbCr that lay in planes, ``(n, w, 3)``, as if it had lain together."""
    height, width, _ = planes.shape
    tiles = replace(layout.tiles, width=width)
    together = replace(layout, is_ycbcr=True, compression=UNCOMPRESSED, tiles=tiles)
    return _by_libtiff(together, [planes.tobytes()], [height]).reshape(planes.shape)


def _bytes_of(image: Image.Image) -> Bytes:
    pixels = np.asarray(image)
    return np.packbits(pixels, axis=1) if image.mode == "1" else pixels.reshape(len(pixels), -1)


def _opened(layout: Layout, tiles: Sequence[bytes], heights: Sequence[int]) -> ImageFile.ImageFile:
    """Return compressed tiles as the strips of a TIFF of bytes, bits or colours."""
    if layout.is_ycbcr and layout.compression == UNCOMPRESSED:  # of which Pillow makes no RGB
        layout, tiles = replace(layout, compression=DEFLATE), [zlib.compress(t, 0) for t in tiles]
    width, bits, colours = _form(layout)
    samples, photometric = len(colours), _OF_SAMPLES[colours]
    size = sum(map(len, tiles))
    offsets = list(itertools.accumulate(map(len, tiles[:-1]), initial=_FILE_HEAD_BYTES))
    entries: list[Entry] = [
        (Tag.WIDTH, LONG, [width]),
        (Tag.HEIGHT, LONG, [sum(heights)]),
        (Tag.BITS, SHORT, [bits] * samples),
        (Tag.COMPRESSION, SHORT, [layout.compression]),
        (Tag.PHOTOMETRIC, SHORT, [photometric]),
        (Tag.STRIP_OFFSETS, LONG, offsets),
        (Tag.SAMPLES, SHORT, [samples]),
        (Tag.ROWS_PER_STRIP, LONG, [heights[0]]),
        (Tag.STRIP_BYTES, LONG, [len(tile) for tile in tiles]),
        *([(Tag.EXTRA_SAMPLES, SHORT, [2])] if colours == "LA" else []),
        *layout.coding,
    ]
    position = _FILE_HEAD_BYTES + size + size % 2  # a directory starts at an even offset
    head = struct.pack("<2sHI", b"II", 42, position)
    table = directory_bytes(sorted(entries), position)
    return open_image(io.BytesIO(b"".join([head, *tiles, b"\0" * (size % 2), table])), TIFF)


def _form(layout: Layout) -> tuple[int, int, str]:
    """Return the width, bits and colours of the TIFF that libtiff gets for a page's tiles."""
    if layout.compression in FAX:
        return layout.tiles.width, 1, "L"
    if layout.is_ycbcr:
        return layout.tiles.width, 8, "YCC"
    if layout.compression == JPEG:  # which changes no other colours
        return layout.tiles.width, 8, ("L", "LA", "RGB", "CMYK")[layout.tile_samples - 1]
    return layout.row_bytes, 8, "L"


_OF_SAMPLES = {"L": BLACK_IS_ZERO, "LA": BLACK_IS_ZERO, "RGB": RGB, "CMYK": CMYK, "YCC": YCBCR}


def _webp(layout: Layout, tiles: Sequence[bytes], heights: Sequence[int]) -> Bytes:
    parts = [
        _bytes_of(_webp_picture(layout, [tile], [height]))
        for tile, height in zip(tiles, heights, strict=True)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _webp_picture(layout: Layout, tiles: Sequence[bytes], heights: Sequence[int]) -> Image.Image:
    """Return one tile of WebP, which may be higher than it should be."""
    (tile,), (height,) = tiles, heights
    try:
        image = open_image(io.BytesIO(tile), _WEBP)
    except UnidentifiedImageError as error:
        raise TileError("a strip or tile is damaged") from error
    with image:
        if image.width != layout.tiles.width or image.height < height:
            raise TileError("a strip or tile has another size than the page says")
        picture = image.convert({3: "RGB", 4: "RGBA"}[layout.tile_samples])
    return picture.crop((0, 0, picture.width, height))


_Decoder = Callable[[Layout, Sequence[bytes], Sequence[int]], Bytes]
_DECODERS: dict[int, _Decoder] = {
    UNCOMPRESSED: _joined,
    **dict.fromkeys(_STREAMED, _inflated),
    WEBP: _webp,
}
