"""The samples of a TIFF page, a band of rows at a time, its strips or tiles decoded on threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import chain, compress, islice, product
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from edgecli.geometry import bands
from edgecli.images.limits import image_name
from edgecli.images.pillow.guard import guarded
from edgecli.images.streams import ForwardReader
from edgecli.images.tiff.codecs import rows_in_turn, rows_of
from edgecli.images.tiff.kinds import UNCOMPRESSED
from edgecli.images.tiff.layout import BAND_BYTES, Layout
from edgecli.records import dataclass
from edgecli.rows.base import Rows, Span
from edgecli.rows.workers import map_in_order, one_ahead

_HIGH = 4 * BAND_BYTES  # a strip of more is decoded a few rows at a time
_PIECE = 1 << 16  # bytes of such a strip that are read at a time
_WORTH_THREADS = 4 * BAND_BYTES  # of a page; in less time than its rest takes they hardly start
_one_reader = threading.Lock()  # a page and its mask are one file, and perhaps two threads


@dataclass(frozen=True)
class Area:
    """Rows of tiles and tiles next to each other in them, decoded together.

    ``tiles`` are their bytes, row by row for each plane, None for one that was never written.
    """

    rows: Span
    columns: Span
    tiles: Sequence[Sequence[bytes | None]] = ()


@dataclass(frozen=True)
class TileReader:
    """What reads a page; ``pixels`` makes of its samples, ``(n, w, C)``, those of a source."""

    file: BinaryIO
    reader: ForwardReader
    layout: Layout
    file_bytes: int
    pixels: Callable[[Rows], Rows]
    threads: int

    def bands(self, first: int = 0) -> Iterator[Rows]:
        """Yield the page's pixels, ``(n, W, C)``, from a row of tiles on.

        The next ones are written over them.
        """
        layout = self.layout
        if layout.across == 1 and layout.row_bytes * layout.tiles.heights[0] > _HIGH:
            high = self._high_bands(first)
            yield from one_ahead(high) if self.threads > 1 else high
            return
        rows, columns = self._cuts(first)
        jobs = ((Area(*cut, self._tiles(*cut)),) for cut in product(rows, columns))
        is_large = layout.compression != UNCOMPRESSED and self._bytes() > _WORTH_THREADS
        done = map_in_order(self._decoded, jobs, self.threads if is_large else 1)
        band: Rows | None = None
        for _ in rows:
            band = _side_by_side(islice(done, len(columns)), layout.shape[1], band)
            yield band

    # --- what is read together --------------------------------------------------------------------

    def _cuts(self, first: int) -> tuple[list[Span], list[Span]]:
        """Return the rows of tiles, and the tiles in them, that are decoded together."""
        layout = self.layout
        tile_pixels = layout.tiles.width * layout.tiles.heights[0] * layout.tile_samples
        tile_bytes = tile_pixels * layout.stored.itemsize * len(self._planes())
        together = max(BAND_BYTES // tile_bytes, 1)
        rows = max(together // layout.across, 1)
        below = bands(len(layout.tiles.heights) - first, rows)
        down = [(first + start, first + stop) for start, stop in below]
        return down, [*bands(layout.across, together)]

    def _planes(self) -> Sequence[int]:
        return self.layout.taken if self.layout.is_planar else (0,)

    def _bytes(self) -> int:
        layout = self.layout
        return layout.row_bytes * layout.across * layout.shape[0] * len(self._planes())

    def _tiles(self, rows: Span, columns: Span) -> list[list[bytes | None]]:
        """Return the bytes in the file of an area's tiles, row by row for each plane taken."""
        across, high = self.layout.across, len(self.layout.tiles.heights)
        return [
            [self._tile((plane * high + row) * across + column, row) for row, column in places]
            for plane in self._planes()
            for places in [product(range(*rows), range(*columns))]
        ]

    def _tile(self, number: int, row: int) -> bytes | None:
        return b"".join(self._pieces(number, row)) if self._is_written(number) else None

    def _is_written(self, number: int) -> bool:
        return self.layout.tiles.is_written(number)

    def _pieces(self, number: int, row: int, most: int = 1 << 62) -> Iterator[bytes]:
        """Yield the bytes of a tile, up to so many at a time, whatever else is read meanwhile."""
        tiles = self.layout.tiles
        offset = tiles.offsets[number]
        if tiles.byte_counts:
            size = tiles.byte_counts[number]
        else:
            size = tiles.heights[row] * self.layout.row_bytes
        if (missing := offset + size - self.file_bytes) > 0:
            raise self.reader.cut_short(missing)
        for start, stop in bands(size, most):
            with _one_reader:
                self.file.seek(offset + start)
                piece = self.reader.read(stop - start)
            if len(piece) < stop - start:
                raise self.reader.error("became shorter while it was read; try again")
            yield piece

    # --- on any thread ----------------------------------------------------------------------------

    def _decoded(self, area: Area) -> Rows:
        """Return an area's pixels."""
        layout = self.layout
        heights = layout.tiles.heights[slice(*area.rows)]
        across = area.columns[1] - area.columns[0]
        with self._guarded(sum(heights) * across):
            planes = [self._plane(tiles, heights, across) for tiles in area.tiles]
            height = layout.shape[0] - area.rows[0] * layout.tiles.heights[0]
            width = layout.shape[1] - area.columns[0] * layout.tiles.width
            return self._joined([plane[:height, :width] for plane in planes])

    def _joined(self, planes: Sequence[Rows]) -> Rows:
        """Return the pixels that planes hold, without the samples that are not taken."""
        samples = planes[0] if len(planes) == 1 else np.concatenate(planes, axis=2)
        if samples.shape[2] > len(self.layout.taken):
            samples = samples[:, :, list(self.layout.taken)]
        return self.pixels(samples)

    def _plane(self, tiles: Sequence[bytes | None], heights: Sequence[int], across: int) -> Rows:
        """Return rows of tiles of a plane, ``(n, w, tile_samples)``."""
        samples = self._samples(tiles, [height for height in heights for _ in range(across)])
        if across > 1:
            parts = samples.reshape(len(heights), across, heights[0], *samples.shape[1:])
            samples = parts.swapaxes(1, 2).reshape(sum(heights), -1, self.layout.tile_samples)
        return samples

    def _samples(self, tiles: Sequence[bytes | None], heights: Sequence[int]) -> Rows:
        """Return the samples of tiles one below the other; what was never written is no data."""
        layout = self.layout
        written = [tile for tile in tiles if tile is not None]
        if len(written) == len(tiles):
            return unpredicted(layout, rows_of(layout, written, heights))
        is_written = [tile is not None for tile in tiles]
        samples = self._empty(sum(heights))
        if written:
            rows = rows_of(layout, written, list(compress(heights, is_written)))
            samples[np.repeat(is_written, heights)] = unpredicted(layout, rows)
        return samples

    def _empty(self, height: int) -> Rows:
        """Return rows of a plane that was never written."""
        layout = self.layout
        shape = (height, layout.tiles.width, layout.tile_samples)
        return np.full(shape, layout.no_data or 0, layout.stored.newbyteorder("="))

    def _guarded(self, rows: int) -> AbstractContextManager[None]:
        """Let Pillow decode so many rows of a tile, whose pixels are bytes to it, or bits."""
        most = rows * max(self.layout.row_bytes, self.layout.tiles.width)
        return guarded(image_name(self.reader.path, self.reader.frame), most)

    # --- strips that are too high to be decoded at once -------------------------------------------

    def _high_bands(self, first: int) -> Iterator[Rows]:
        layout = self.layout
        low = max(BAND_BYTES // layout.row_bytes, 1)
        planes = [self._high_rows(plane, first, low) for plane in self._planes()]
        for parts in zip(*planes, strict=True):
            yield self._joined([part[:, : layout.shape[1]] for part in parts])

    def _high_rows(self, plane: int, first: int, low: int) -> Iterator[Rows]:
        """Yield the samples of a plane from a strip on, ``low`` rows of it at a time."""
        layout = self.layout
        for row, height in enumerate(layout.tiles.heights[first:], first):
            number = plane * len(layout.tiles.heights) + row
            if not self._is_written(number):
                yield from (self._empty(bottom - top) for top, bottom in bands(height, low))
                continue
            with self._guarded(height):
                pieces = self._pieces(number, row, _PIECE)
                for data in rows_in_turn(layout, pieces, height, low):
                    yield unpredicted(layout, data)


def _side_by_side(parts: Iterator[Rows], width: int, last: Rows | None) -> Rows:
    """Return a band ``(n, width, C)`` of parts that come one after the other, and need not stay.

    It takes the place of the ``last`` band: new ones would scatter free memory, as high as a tile.
    """
    first = next(parts)
    if first.shape[1] == width:
        return first
    shape = len(first), width, first.shape[2]
    band = np.empty(shape, first.dtype) if last is None else last[: len(first)]
    left = 0
    for part in chain([first], parts):
        band[:, left : left + part.shape[1]] = part
        left += part.shape[1]
    return band


# --- from bytes to samples ------------------------------------------------------------------------


def unpredicted(layout: Layout, data: NDArray[np.uint8]) -> Rows:
    """Return bytes as samples ``(rows, tile_width, tile_samples)``, the predictor undone.

    Predictor 2 stores each sample less its left neighbour; 3 does so with the bytes of floats,
    the most significant ones of a row first (Adobe Photoshop TIFF Technical Note 3, 2005).
    """
    shape = (len(data), layout.tiles.width, layout.tile_samples)
    if layout.is_packed:
        return _unpacked(data, shape[1] * shape[2], layout.bits).reshape(shape)
    if layout.predictor == 3:
        bytes_ = data.reshape(len(data), -1, layout.tile_samples)
        planes = _running_sums(bytes_).reshape(len(data), layout.stored.itemsize, -1).swapaxes(1, 2)
        return np.ascontiguousarray(planes).view(layout.stored.newbyteorder(">")).reshape(shape)
    samples = data.view(layout.stored).reshape(shape)
    if layout.predictor == 1:
        return samples
    lanes = np.dtype(f"u{layout.stored.itemsize}")
    unsigned = samples.view(lanes.newbyteorder(layout.stored.byteorder))
    return _running_sums(unsigned).view(layout.stored.newbyteorder("="))


def _running_sums(rows: Rows) -> Rows:
    """Return the sums of all that stands to the left in rows ``(n, w, C)``, and of each itself.

    >>> _running_sums(np.uint8([[[1], [2], [3], [255]]]))[0, :, 0].tolist()
    [1, 3, 6, 5]
    """
    if rows.itemsize > 1:
        return np.cumsum(rows, axis=1, dtype=rows.dtype.newbyteorder("="))
    sums, reach = rows.copy(), 1
    while reach < sums.shape[1]:  # eight whole-array additions beat one byte after the other
        sums[:, reach:] = sums[:, reach:] + sums[:, :-reach]
        reach *= 2
    return sums


def _unpacked(data: NDArray[np.uint8], count: int, depth: int) -> Rows:
    """Return the first ``count`` numbers of 1 to 16 bits of each row of bytes.

    >>> [hex(number) for number in _unpacked(np.uint8([[0x12, 0x3A, 0xBC]]), 2, 12)[0]]
    ['0x123', '0xabc']
    """
    if depth == 1:
        return np.unpackbits(data, axis=1, count=count)
    first, shift = np.divmod(np.arange(count, dtype=np.intp) * depth, 8)
    bytes_ = np.pad(data, ((0, 0), (0, 2)))
    window = np.zeros((len(data), count), np.uint32)
    for place in range(3):  # 16 bits from anywhere in a byte lie in three
        window <<= 8
        window |= bytes_[:, first + place]
    window >>= (24 - depth - shift).astype(np.uint32)
    window &= (1 << depth) - 1
    return window.astype(np.uint8 if depth <= 8 else np.uint16)
