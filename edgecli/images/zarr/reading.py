"""Zarr arrays as images: a row of chunks at a time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from edgecli.geometry import bands
from edgecli.images.alpha import watched
from edgecli.images.limits import check_pixels, image_name, no_such_page
from edgecli.images.sample_types import as_rows, row_type, smallest
from edgecli.images.stacks import more_pages
from edgecli.images.streams import RowStream
from edgecli.images.zarr.store import Stored, open_store
from edgecli.rows.arrays import ArraySource, RunReader
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
    reader = RunReader(partial(_runs, stored, info), stored.chunk_rows)
    return RowStream(info, info.shape, target, reader.read_into, reader.skip)


def _runs(stored: Stored, info: ImageInfo, top: int) -> Iterator[Rows]:
    """Yield rows of chunks of a page, from one of them on."""
    for start, stop in bands(info.shape[0] - top, stored.chunk_rows):
        yield as_rows(stored.read(top + start, top + stop, info.frame))
