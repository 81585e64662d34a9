"""TIFF samples as they are stored, a band at a time.

Lossless compression is undone by libtiff, which Pillow carries: it gets the compressed bytes of
some tiles as a grey TIFF of bytes, in which there is nothing to shorten or convert.
"""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import TiffImagePlugin

from edgecli.geometry import bands
from edgecli.images.limits import image_name
from edgecli.images.pillow.guard import copy_rows, guarded, open_image
from edgecli.images.sample_types import as_rows, row_type, smallest
from edgecli.images.streams import ForwardReader, RowStream, spread
from edgecli.images.tiff.directories import LONG, SHORT, Directory, Entry, Tag, directory_bytes
from edgecli.images.tiff.layout import (
    BAND_BYTES,
    BLACK_IS_ZERO,
    PREMULTIPLIED,
    RGB,
    UNCOMPRESSED,
    WHITE_IS_ZERO,
    Layout,
    page_layout,
)
from edgecli.records import dataclass
from edgecli.rows.arrays import ArraySource, row_reader
from edgecli.rows.base import ImageInfo, Rows, Source
from edgecli.rows.samples import full_scale

TIFF = (TiffImagePlugin.TiffImageFile.format,)
"""Pillow's name of the format; its plug-in must be there before ``guarded`` silences libtiff."""

_FILE_HEAD_BYTES = 8


def tiff_source(
    file: BinaryIO, path: str, directory: Directory, frame: int, max_pixels: int
) -> Source | None:
    """Return a page whose samples are read here, or None for one that Pillow decodes.

    Rows are streamed, except those of uint32, int64 and uint64, which must fit int64. White-is-zero
    is inverted, premultiplied alpha undone, samples beyond colour and alpha are left out. Raises
    ImageError.
    """
    reader = ForwardReader(file, path)
    reader.frame = frame
    layout = page_layout(directory, reader, max_pixels)
    if layout is None:
        return None
    stored, dpi, orientation = layout.stored.name, directory.dpi, directory.orientation
    info = ImageInfo(path, "TIFF", layout.shape, stored, dpi, orientation, frame)
    info.notes.extend(_left_out(layout))
    shape = (*layout.shape[:2], len(layout.taken))
    target = row_type(layout.stored)
    tiles = _TileReader(file, reader, layout, directory.file_bytes)
    read_into = row_reader(_pixels(band, layout) for band in tiles.bands())
    if target is not None:
        return RowStream(info, shape, target, read_into)
    with guarded(image_name(path, frame), max_pixels):
        array = np.empty(shape, layout.stored.newbyteorder("="))
    read_into(array)
    return ArraySource(smallest(array, image_name(path, frame)), info)


@dataclass(frozen=True)
class _TileReader:
    """The samples of a page, a run of rows of tiles at a time."""

    file: BinaryIO
    reader: ForwardReader
    layout: Layout
    file_bytes: int

    def bands(self) -> Iterator[Rows]:
        """Yield the samples taken, ``(n, W, C)``, from the top, perhaps past the last row."""
        layout, heights = self.layout, self.layout.tiles.heights
        step = max(BAND_BYTES // (layout.row_bytes * layout.across * heights[0]), 1)
        for first, last in bands(len(heights), step):
            if layout.is_planar:
                planes = [self._plane(plane, first, last) for plane in layout.taken]
                yield np.concatenate(planes, axis=2)
            else:
                samples = self._plane(0, first, last)
                all_taken = len(layout.taken) == layout.shape[2]
                yield samples if all_taken else samples[:, :, list(layout.taken)]

    def _plane(self, plane: int, first: int, last: int) -> Rows:
        """Return rows of tiles ``first`` to ``last`` of a plane, ``(n, W, tile_samples)``."""
        layout = self.layout
        across, heights = layout.across, layout.tiles.heights[first:last]
        start = plane * len(layout.tiles.heights)
        numbers = range((start + first) * across, (start + last) * across)
        samples = self._tiles(numbers, [h for h in heights for _ in range(across)])
        if across > 1:
            parts = samples.reshape(len(heights), across, heights[0], *samples.shape[1:])
            samples = parts.swapaxes(1, 2).reshape(sum(heights), -1, layout.tile_samples)
        return samples[:, : layout.shape[1]]

    def _tiles(self, numbers: Sequence[int], heights: Sequence[int]) -> Rows:
        """Return the samples of tiles one below the other; what was never written is no data."""
        layout = self.layout
        read = self._stored if layout.compression == UNCOMPRESSED else self._inflated
        is_written = [layout.tiles.is_written(number) for number in numbers]
        if all(is_written):
            return _unpredicted(layout, read(numbers, heights))
        shape = (sum(heights), layout.tiles.width, layout.tile_samples)
        samples = np.full(shape, layout.no_data or 0, layout.stored.newbyteorder("="))
        if any(is_written):
            rows = read(list(compress(numbers, is_written)), list(compress(heights, is_written)))
            samples[np.repeat(is_written, heights)] = _unpredicted(layout, rows)
        return samples

    def _stored(self, numbers: Iterable[int], heights: Sequence[int]) -> NDArray[np.uint8]:
        """Return the bytes of uncompressed tiles one below the other, ``(rows, row_bytes)``."""
        row_bytes = self.layout.row_bytes
        self._check_end(0, sum(heights) * row_bytes)
        data = np.empty((sum(heights), row_bytes), np.uint8)
        top = 0
        for number, height in zip(numbers, heights, strict=True):
            self._seek(number, height * row_bytes)
            if self.reader.fill(data[top : top + height].data.cast("B")) < height * row_bytes:
                raise self.reader.error("became shorter while it was read; try again")
            top += height
        return data

    def _inflated(self, numbers: Iterable[int], heights: Sequence[int]) -> NDArray[np.uint8]:
        """Return the bytes of compressed tiles one below the other, ``(rows, row_bytes)``."""
        packed = []
        for number in numbers:
            size = self.layout.tiles.byte_counts[number]
            self._seek(number, size)
            packed.append(self.reader.read(size))
        shape = (sum(heights), self.layout.row_bytes)
        grey = _as_grey_tiff(packed, heights[0], shape, self.layout.compression)
        name = image_name(self.reader.path, self.reader.frame)
        with guarded(name, shape[0] * shape[1]), open_image(grey, TIFF) as image:
            data = np.empty(shape, np.uint8)
            copy_rows(image, "L", 0, data[:, :, np.newaxis])
        return data

    def _seek(self, number: int, size: int) -> None:
        offset = self.layout.tiles.offsets[number]
        self._check_end(offset, size)
        self.file.seek(offset)

    def _check_end(self, offset: int, size: int) -> None:
        if (missing := offset + size - self.file_bytes) > 0:
            raise self.reader.cut_short(missing)


def _as_grey_tiff(
    tiles: Sequence[bytes], tile_height: int, shape: tuple[int, int], compression: int
) -> io.BytesIO:
    """Return compressed tiles as the strips of a TIFF of grey bytes, ``(rows, row_bytes)``."""
    data = b"".join(tiles)
    data += b"\0" * (len(data) % 2)  # a directory starts at an even offset
    offsets = list(itertools.accumulate(map(len, tiles[:-1]), initial=_FILE_HEAD_BYTES))
    entries: list[Entry] = [
        (Tag.WIDTH, LONG, [shape[1]]),
        (Tag.HEIGHT, LONG, [shape[0]]),
        (Tag.BITS, SHORT, [8]),
        (Tag.COMPRESSION, SHORT, [compression]),
        (Tag.PHOTOMETRIC, SHORT, [BLACK_IS_ZERO]),
        (Tag.STRIP_OFFSETS, LONG, offsets),
        (Tag.SAMPLES, SHORT, [1]),
        (Tag.ROWS_PER_STRIP, LONG, [tile_height]),
        (Tag.STRIP_BYTES, LONG, [len(tile) for tile in tiles]),
    ]
    position = _FILE_HEAD_BYTES + len(data)
    head = struct.pack("<2sHI", b"II", 42, position)
    return io.BytesIO(head + data + directory_bytes(entries, position))


def _unpredicted(layout: Layout, data: NDArray[np.uint8]) -> Rows:
    """Return bytes as samples ``(rows, tile_width, tile_samples)``, the predictor undone.

    Predictor 2 stores each sample less its left neighbour; 3 does so with the bytes of floats,
    the most significant ones of a row first (Adobe Photoshop TIFF Technical Note 3, 2005).
    """
    shape = (len(data), layout.tiles.width, layout.tile_samples)
    if layout.is_packed:
        return _unpacked(data, shape[1] * shape[2], layout.bits).reshape(shape)
    if layout.predictor == 3:
        bytes_ = data.reshape(len(data), -1, layout.tile_samples)
        planes = np.cumsum(bytes_, axis=1, dtype=np.uint8)
        planes = planes.reshape(len(data), layout.stored.itemsize, -1).swapaxes(1, 2)
        return np.ascontiguousarray(planes).view(layout.stored.newbyteorder(">")).reshape(shape)
    samples = data.view(layout.stored).reshape(shape)
    if layout.predictor == 1:
        return samples
    lanes = np.dtype(f"u{layout.stored.itemsize}")
    unsigned = samples.view(lanes.newbyteorder(layout.stored.byteorder))
    return np.cumsum(unsigned, axis=1, dtype=lanes).view(layout.stored.newbyteorder("="))


def _unpacked(data: NDArray[np.uint8], count: int, depth: int) -> Rows:
    """Return the first ``count`` numbers of 1 to 16 bits of each row of bytes.

    >>> [hex(number) for number in _unpacked(np.uint8([[0x12, 0x3A, 0xBC]]), 2, 12)[0]]
    ['0x123', '0xabc']
    """
    bits = np.unpackbits(data, axis=1, count=count * depth).reshape(len(data), count, depth)
    name = "u1" if depth <= 8 else "u2"
    padding = 8 * np.dtype(name).itemsize - depth
    whole = np.packbits(np.pad(bits, ((0, 0), (0, 0), (padding, 0))), axis=2)
    return whole.view(f">{name}")[:, :, 0].astype(name)


def _pixels(samples: Rows, layout: Layout) -> Rows:
    """Return the samples taken as a source's rows ``(n, W, C)``."""
    rows = samples if row_type(layout.stored) is None else as_rows(samples)
    if layout.is_packed:
        rows = np.ascontiguousarray(rows)
        spread(rows.reshape(-1), 2**layout.bits - 1)
    if layout.photometric == WHITE_IS_ZERO and layout.stored.kind == "u":
        rows = rows.copy()
        rows[:, :, :1] = np.iinfo(rows.dtype).max - rows[:, :, :1]
    if layout.alpha == PREMULTIPLIED:
        rows = _straightened(rows)
    return rows


def _left_out(layout: Layout) -> Iterator[str]:
    """Yield notes on what a page holds and its rows do not."""
    offsets, samples = layout.tiles.offsets, layout.shape[2]
    empty = sum(not layout.tiles.is_written(number) for number in range(len(offsets)))
    if empty:
        count, value = f"{empty:,} of {len(offsets):,}", f"{layout.no_data or 0:.15g}"
        yield f"has {count} strips or tiles never written; their pixels count as {value}"
    if samples > len(layout.taken):
        taken = "red, green and blue" if layout.photometric == RGB else "the first"
        taken += " and the transparency" if layout.alpha else " alone"
        verb = "was" if len(layout.taken) == 1 else "were"
        yield (
            f"has {samples} bands, of which {taken} {verb} taken; to take another, save it by "
            f"itself: gdal_translate -b {samples} IN.tif OUT.tif"
        )


def _straightened(rows: Rows) -> Rows:
    """Divide colours by their alpha; where it is 0 they are 0."""
    alpha = rows[:, :, -1:].astype(np.float64)
    opaque = full_scale(rows.dtype)
    with np.errstate(over="ignore", invalid="ignore"):  # floats may be infinite
        factor = np.divide(opaque, alpha, out=np.zeros_like(alpha), where=alpha > 0)
        colours = rows[:, :, :-1] * factor
        if rows.dtype.kind != "f":
            colours = np.minimum(np.rint(colours), opaque)
        return np.concatenate([colours.astype(rows.dtype), rows[:, :, -1:]], axis=2)
