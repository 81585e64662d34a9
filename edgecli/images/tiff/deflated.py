"""A large image as deflated tiles of a TIFF: compressed on threads a row of tiles at a time.

Tiles are written as they come, and the directory, for which room is left at the beginning, last: so
it takes a file that can seek. Tiles of one value are stored once, and all point there: so what is
empty costs nothing in the file, which every reader still reads whole. (GDAL's sparse tiles, which
are nowhere, are errors to libtiff, and so to Pillow and OpenCV.)
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from edgecli.geometry import bands
from edgecli.images.made_by import MadeBy
from edgecli.images.tiff.described import Page, page_entries, text_entries
from edgecli.images.tiff.directories import (
    HEADS,
    LARGEST_CLASSIC,
    LONG,
    LONG8,
    SHORT,
    Entry,
    Tag,
    directory_bytes,
)
from edgecli.rows.arrays import is_even
from edgecli.rows.base import Rows
from edgecli.rows.workers import chosen_threads, start_in_order

LARGE = 1 << 22
"""Pixels from which an image is tiled and deflated."""

SIDE = 256
"""Rows and columns of a tile, as GDAL has them unless told."""

_ROW_BYTES = 1 << 24  # of a row of tiles at most, unless they would be lower than _LOWEST
_LOWEST = 16  # rows: TIFF 6.0 wants multiples of it
_AT_ONCE = 1 << 20  # bytes that are compressed in one go
_SAMPLED = 8  # rows by which a tile is judged
_WORTH = 1 / 3  # of its bytes, that deflating may leave
_DEFLATE = 8
_NONE, _HORIZONTAL = 1, 2  # values of Predictor

Stored = tuple[bytes, bool]
"""A deflated tile, and whether all its samples are one value."""


def begin_tiles(
    file: BinaryIO,
    pages: Sequence[Page],
    made_by: MadeBy | None = None,
    threads: int | None = None,
) -> list[TilesSink]:
    """Begin a file of pages, whose rows may come one after another or all at once."""
    is_big = bound_of(pages) > LARGEST_CLASSIC
    file.write(HEADS[is_big])
    threads = chosen_threads(threads)
    sinks = [TilesSink(file, page, made_by, threads, is_big=is_big) for page in pages]
    for sink, after in pairwise(sinks):
        sink.following = after.directory
    return sinks


class TilesSink:
    """A page of tiles that are appended to a file, and what says where they are; a ``Sink``.

    Its bytes are the same for any number of threads, and however its rows are cut.
    """

    def __init__(
        self,
        file: BinaryIO,
        page: Page,
        made_by: MadeBy | None,
        threads: int,
        *,
        is_big: bool,
    ) -> None:
        self._file, self._page, self._threads, self._is_big = file, page, threads, is_big
        self._told = text_entries(made_by) + page_entries(page)
        self._height, self._predictor = _tile_height(page), _predictor_of(page)
        self._across = -(-page.shape[1] // SIDE)
        self._rows, self._spare, self._filled = self._empty(), self._empty(), 0
        self._coming: Iterator[list[Stored]] = iter(())
        self._offsets, self._counts = array("Q"), array("I")  # of as many as there are
        self._known: dict[bytes, tuple[int, int]] = {}
        self.directory, self.following = file.tell(), 0  # the next page's, if there is one
        room = [0] * (self._across * -(-page.shape[0] // self._height))
        file.write(self._directory_of(room, room))

    def encode(self, rows: Rows) -> Rows:
        """Return rows in the order of bytes that is stored."""
        return np.ascontiguousarray(rows, self._rows.dtype)

    def write(self, encoded: Rows) -> None:
        """Take the next rows; whole rows of tiles are compressed while more are computed."""
        while len(encoded):
            taken = encoded[: self._height - self._filled]
            own = self._rows[self._filled : self._filled + len(taken)]
            own[:, : self._page.shape[1]] = taken
            self._filled += len(taken)
            encoded = encoded[len(taken) :]
            if self._filled == self._height:
                self._compress()

    def finish(self) -> None:
        """Write the last tiles, and then the directory in its place."""
        if self._filled:
            self._compress()
        self._store()
        end = self._file.tell()
        self._file.seek(self.directory)
        self._file.write(self._directory_of(self._offsets, self._counts))
        self._file.seek(end)

    def _empty(self) -> Rows:
        page = self._page
        shape = (self._height, self._across * SIDE, page.shape[2])
        return np.empty(shape, page.dtype.newbyteorder("<"))

    def _compress(self) -> None:
        """Let threads compress a row of tiles; what is beyond the image repeats its last pixels."""
        width, rows = self._page.shape[1], self._rows
        rows[self._filled :] = rows[self._filled - 1]
        rows[:, width:] = rows[:, width - 1 : width]
        self._store()  # of what is in the other rows, which are free then
        step = max(_AT_ONCE // (rows.nbytes // self._across), 1)
        work = partial(_deflated, rows, self._predictor)
        jobs = [*bands(self._across, step)]
        if self._threads == 1:
            self._coming = iter([work(*job) for job in jobs])
        else:
            self._coming = start_in_order(work, jobs, self._threads)
        self._rows, self._spare, self._filled = self._spare, rows, 0

    def _store(self) -> None:
        """Write the tiles that are being compressed."""
        for tiles in self._coming:
            for data, repeats in tiles:
                place = self._known.get(data) if repeats else None
                if place is None:
                    place = (self._file.tell(), len(data))
                    self._file.write(data)
                if repeats:
                    self._known[data] = place
                self._offsets.append(place[0])
                self._counts.append(place[1])
        self._coming = iter(())

    def _directory_of(self, offsets: Sequence[int], counts: Sequence[int]) -> bytes:
        own: list[Entry] = [
            (Tag.COMPRESSION, SHORT, [_DEFLATE]),
            (Tag.PREDICTOR, SHORT, [self._predictor]),
            (Tag.TILE_WIDTH, LONG, [SIDE]),
            (Tag.TILE_HEIGHT, LONG, [self._height]),
            (Tag.TILE_OFFSETS, LONG8 if self._is_big else LONG, offsets),
            (Tag.TILE_BYTES, LONG, counts),
        ]
        entries = sorted(self._told + own)
        return directory_bytes(entries, self.directory, self.following, is_big=self._is_big)


def bound_of(pages: Sequence[Page]) -> int:
    """Return bytes that pages never exceed as tiles, their directories included."""
    total = 0
    for page in pages:
        height = _tile_height(page)
        across, down = -(-page.shape[1] // SIDE), -(-page.shape[0] // height)
        size = SIDE * height * page.row_bytes // page.shape[1]
        told = sum(8 * len(values) for _, _, values in page_entries(page))
        total += across * down * (size + size // 1000 + 64) + told + (1 << 16)
    return total


def _tile_height(page: Page) -> int:
    """Return the rows of a tile: fewer than SIDE where a row of them would take much memory."""
    height = SIDE
    while height > _LOWEST and height * page.row_bytes > _ROW_BYTES:
        height //= 2
    return height


def _predictor_of(page: Page) -> int:
    """Return what is stored of samples: themselves, or how they differ from those before them.

    Pictures in colour become smaller by differences. Edge maps in grey become 8 % larger, and those
    of floats 2 % by predictor 3, as measured, which tifffile by itself does not read.
    """
    return _HORIZONTAL if page.shape[2] >= 3 and page.dtype.itemsize <= 2 else _NONE


# --- on threads -----------------------------------------------------------------------------------


def _deflated(rows: Rows, predictor: int, first: int, last: int) -> list[Stored]:
    """Return tiles ``[first, last)`` of a row of them."""
    return [_tile(rows[:, n * SIDE : (n + 1) * SIDE], predictor) for n in range(first, last)]


def _tile(tile: Rows, predictor: int) -> Stored:
    if is_even(tile):
        pixel = np.ascontiguousarray(tile[:1, :1]).tobytes()
        return _even(pixel, tile.shape, tile.dtype.str, predictor), True
    return _compressed(_differences(np.ascontiguousarray(tile), predictor)), False


@lru_cache(64)
def _even(pixel: bytes, shape: tuple[int, ...], dtype: str, predictor: int) -> bytes:
    """Return a tile that repeats a pixel."""
    tile: NDArray[Any] = np.empty(shape, dtype)
    tile[:] = np.frombuffer(pixel, dtype)
    return _compressed(_differences(tile, predictor))


def _differences(tile: Rows, predictor: int) -> Rows:
    """Return what is stored of a tile: by predictor 2 samples less their left neighbours."""
    if predictor == _NONE:
        return tile
    lanes = tile.view(f"<u{tile.itemsize}")
    return np.concatenate([lanes[:, :1], lanes[:, 1:] - lanes[:, :-1]], axis=1)


def _compressed(stored: Rows) -> bytes:
    """Deflate samples, or only wrap them where some of their rows say that little is gained.

    That would take most of the time: noise is halved at 100 MB a second, lines go to a hundredth at
    800. Z_RLE finds runs of one value and no other repetition, which on edge maps is all there is.
    """
    rows = stored[:: len(stored) // _SAMPLED]
    pays = len(_deflate(rows, 1)) <= rows.nbytes * _WORTH
    return _deflate(stored, 1 if pays else 0)


def _deflate(stored: Rows, level: int) -> bytes:
    deflater = zlib.compressobj(level, zlib.DEFLATED, 15, 9, zlib.Z_RLE)
    return deflater.compress(np.ascontiguousarray(stored).data) + deflater.flush()
