"""Zarr arrays as images: a row of chunks at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edgecli.images.alpha import watched
from edgecli.images.limits import check_pixels, image_name, no_such_page
from edgecli.images.sample_types import as_rows, row_type, smallest
from edgecli.images.stacks import more_pages
from edgecli.images.streams import RowStream
from edgecli.images.zarr.store import Stored, open_store
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import ImageInfo, Rows, Source


def read_store(
    path: str, *, max_pixels: int, all_frames: bool = False, page: int | None = None
) -> Iterator[Source]:
    """Yield the pages of a store's array, the first, or the one of a number, counted from 1.

    Booleans become 0 and 255, as in NPY. Raises ImageError.
    """
    stored = open_store(path)
    pages, shape = stored.stack
    if page is not None and page > pages:
        raise no_such_page(path, page, pages)
    for number in [page - 1] if page else range(pages if all_frames else 1):
        check_pixels(image_name(path, number), shape[0] * shape[1], max_pixels)
        info = ImageInfo(path, "Zarr", shape, stored.dtype.name, frame=number)
        if pages > 1 and not all_frames and page is None:
            info.notes.append(more_pages(stored.array.shape, stored.stack))
        yield watched(_source(stored, info))


def _source(stored: Stored, info: ImageInfo) -> Source:
    """Return a page; whole numbers that may be beyond 32 bits are looked at, and held."""
    target = row_type(stored.dtype)
    if target is None:
        rows = stored.read(0, info.shape[0], info.frame)
        return ArraySource(smallest(rows, image_name(info.path, info.frame)), info)
    chunks = _Chunks(stored, info.frame)
    return RowStream(info, info.shape, target, chunks.read_into, chunks.skip)


class _Chunks:
    """The rows of a page from its first on, of which a row of chunks is held."""

    def __init__(self, stored: Stored, page: int) -> None:
        self._stored, self._page, self._next = stored, page, 0
        self._held, self._start = np.empty((0, 1, 1)), 0  # and where that begins

    def read_into(self, rows: Rows) -> None:
        """Fill an array with the next rows."""
        filled = 0
        while filled < len(rows):
            taken = self._at(self._next)[: len(rows) - filled]
            rows[filled : filled + len(taken)] = taken
            filled += len(taken)
            self._next += len(taken)

    def skip(self, rows: int) -> None:
        """Leave rows out; of chunks that only they are in nothing is read."""
        self._next += rows

    def _at(self, row: int) -> Rows:
        """Return the rows of a row of chunks from one on."""
        if not self._start <= row < self._start + len(self._held):
            size = self._stored.chunk_rows
            start, height = row - row % size, self._stored.stack.shape[0]
            self._held = np.empty((0, 1, 1))  # before others are read
            stored = self._stored.read(start, min(start + size, height), self._page)
            self._held, self._start = as_rows(stored), start
        return self._held[row - self._start :]
