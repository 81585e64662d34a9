"""Stores of Zarr arrays, by zarr-python: a package of the extra ``zarr``, formats 2 and 3.

Rows of pages are read and written; what an array in a store has for axes, ``stacks`` says.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from edgecli.errors import ImageError
from edgecli.images import Shape
from edgecli.images.foreign import ZARR
from edgecli.images.stacks import Stack, stacked, why_not_stacked
from edgecli.records import dataclass
from edgecli.rows.base import Rows

MARKS = ("zarr.json", ".zarray", ".zgroup")
"""Files that tell a store's folder, of format 3 and of format 2."""

CHUNK = 512
"""Rows and columns of a chunk that is written, where a row of chunks is no larger than ROW."""

ROW = 1 << 25  # bytes; chunks of wider images have fewer rows, and more columns

_SHOWN = 6  # names of arrays in an error


def is_store(path: str) -> bool:
    """Return whether a path is a folder that holds an array of Zarr, or a group of them."""
    return os.path.isdir(path) and any(os.path.isfile(os.path.join(path, one)) for one in MARKS)


def as_named(path: str) -> str:
    """Return a path without the slash that shells put behind a folder, where that is a store."""
    return path.rstrip("/" + os.sep) if is_store(path) else path


@dataclass(frozen=True)
class Stored:
    """An array of a store. Any process may have one of its own, and write chunks that it owns."""

    path: str
    array: Any  # zarr.Array
    stack: Stack

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of what is stored."""
        stored: np.dtype[Any] = self.array.dtype
        return stored

    @property
    def chunk_rows(self) -> int:
        """The rows of a chunk: the fewest that are read or written without waste."""
        return int(self.array.chunks[self._axis])

    @property
    def _axis(self) -> int:
        """The axis of rows: before it are pages, behind it columns, and channels if there are."""
        channels = len(self.array.shape) > 2 and self.array.shape[-1] == self.stack.shape[2]
        return len(self.array.shape) - (3 if channels else 2)

    def _place(self, start: int, stop: int, page: int) -> tuple[int | slice, ...]:
        pages = np.unravel_index(page, self.array.shape[: self._axis]) if self._axis else ()
        return (*map(int, pages), slice(start, stop))

    def read(self, start: int, stop: int, page: int = 0) -> Rows:
        """Return rows ``[start, stop)`` of a page, ``(rows, W, C)``, as stored. ImageError."""
        width, channels = self.stack.shape[1:]
        with _translated(self.path):
            rows = np.asarray(self.array[self._place(start, stop, page)])
        return rows.reshape(stop - start, width, channels)

    def write(self, start: int, rows: Rows, page: int = 0) -> None:
        """Write rows ``(rows, W, C)`` from ``start`` on; whole rows of chunks, or to the end."""
        place = self._place(start, start + len(rows), page)
        self.array[place] = rows.reshape(len(rows), *self.array.shape[self._axis + 1 :])


def create_store(
    folder: str, shape: Shape, dtype: np.dtype[Any], attributes: Mapping[str, Any], pages: int = 1
) -> Stored:
    """Make an array of zeros in a folder, of images ``(H, W, C)``, and say what is told of it.

    One channel, and one page, have no axis. What is never written, and chunks of zeros, take no
    room.
    """
    height, width, channels = shape
    rows, cols = chunk_shape(shape, dtype)
    names, sides, chunks = ["y", "x"], [height, width], [rows, cols]
    if channels > 1:
        names, sides, chunks = [*names, "channel"], [*sides, channels], [*chunks, channels]
    if pages > 1:
        names, sides, chunks = ["page", *names], [pages, *sides], [1, *chunks]
    array = ZARR.library(folder).create_array(
        store=Path(folder),
        shape=tuple(sides),
        chunks=tuple(chunks),
        dtype=dtype.newbyteorder("<"),
        dimension_names=names,
        attributes=dict(attributes),
        zarr_format=3,
    )
    return Stored(folder, array, Stack(pages, shape))


def chunk_shape(shape: Shape, dtype: np.dtype[Any]) -> tuple[int, int]:
    """Return rows and columns of the chunks of an image: a row of chunks is what is held.

    >>> chunk_shape((9000, 9000, 1), np.dtype("u1")), chunk_shape((9, 90000, 1), np.dtype("f4"))
    ((512, 512), (64, 4096))
    """
    _, width, channels = shape
    rows = CHUNK
    while rows > 1 and rows * width * channels * dtype.itemsize > ROW:
        rows //= 2
    return rows, CHUNK * CHUNK // rows


def open_store(path: str, *, writable: bool = False) -> Stored:
    """Open the array in a store, or of a group in it the one that it is all about.

    That is the largest of an image's resolutions (OME-NGFF), or the only one. Raises ImageError.
    """
    library = ZARR.library(path)
    with warnings.catch_warnings(), _translated(path):
        warnings.simplefilter("ignore")  # of metadata that other programs may not know
        node = library.open(store=Path(path), mode="r+" if writable else "r")
        if not hasattr(node, "chunks"):
            node = node[_chosen(node, path)]
        shape = tuple(map(int, node.shape))
    stack = stacked(shape)
    if stack is None:
        raise ImageError(f"image {path} {why_not_stacked(shape)}")
    if node.dtype.kind not in "biuf":
        raise ImageError(
            f"image {path} holds {str(node.dtype)[:20]}; give an array of booleans, integers or "
            "floats"
        )
    return Stored(path, node, stack)


def _chosen(group: Any, path: str) -> str:
    """Return the name of the array that a group is about; ImageError where it does not tell."""
    told = dict(group.attrs)
    scales = told.get("ome", told).get("multiscales")
    if scales:
        return str(scales[0]["datasets"][0]["path"])
    names = sorted(group.array_keys())
    if len(names) == 1:
        return str(names[0])
    names = names or sorted(group.group_keys())
    if not names:
        raise ImageError(f"image {path} is an empty Zarr group; give one with an array in it")
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    raise ImageError(
        f"image {path} is a Zarr group of {len(names):,} ({shown}); "
        f"give one of them: {os.path.join(path, names[0])}"
    )


@contextmanager
def _translated(path: str) -> Iterator[None]:
    """Raise whatever goes wrong in a store, or in a codec, as ImageError."""
    try:
        yield
    except (ImageError, MemoryError):
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ImageError(
            f"image {path} is a Zarr store that cannot be read ({reason}); get it whole again"
        ) from error
