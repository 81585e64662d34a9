"""Rows in memory as a source or a sink, and what sources that only move forward share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from edgecli.errors import ImageError
from edgecli.records import replace
from edgecli.rows.base import ImageInfo, Rows, Sink, Source
from edgecli.rows.samples import SAMPLE_TYPES, narrowed, type_name


def is_even(rows: Rows) -> bool:
    """Return whether rows ``(n, W, C)`` repeat one pixel, by its bits: NaN is like NaN.

    >>> is_even(np.full((2, 3, 1), np.nan)), is_even(np.arange(6).reshape(2, 3, 1))
    (True, False)
    """
    if rows[0, 0].tobytes() != rows[-1, -1].tobytes():
        return False
    bits = rows.view(f"u{rows.itemsize}")
    first = bits[:, 0]
    return bool((first == first[:1]).all() and (bits[:, 1:] == bits[:, :-1]).all())


class ArraySource:
    """An image that is in memory, ``(H, W, C)``, and says so; its blocks are views."""

    def __init__(self, array: Rows, info: ImageInfo) -> None:
        self.array = array
        is_mapped = getattr(array, "_mmap", None) is not None  # numpy.memmap's, of views of it, too
        self.info = replace(info, held=0 if is_mapped else max(info.held, array.nbytes))

    @classmethod
    def of(cls, picture: ArrayLike) -> ArraySource:
        """Take an array ``(H, W)`` or ``(H, W, C)`` as an image; ImageError for any other."""
        array = np.asarray(picture)
        rows = array[..., np.newaxis] if array.ndim == 2 else array
        if rows.ndim != 3 or not 1 <= rows.shape[2] <= 4:
            raise ImageError(f"picture has shape {array.shape}; give (H, W) or (H, W, C), C ≤ 4")
        if rows.dtype == bool:
            rows = rows * np.uint8(255)
        if rows.dtype.kind == "f":
            rows = rows.astype(np.float64 if rows.itemsize >= 8 else np.float32, copy=False)
        held = narrowed(rows) if type_name(rows.dtype) in ("uint32", "int64", "uint64") else rows
        if held is None or type_name(held.dtype) not in SAMPLE_TYPES:
            raise ImageError(f"picture holds {array.dtype}; give integers up to int64, or floats")
        H, W, C = rows.shape
        return cls(held, ImageInfo("array", "array", (H, W, C), type_name(array.dtype)))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        H, W, C = self.array.shape
        return H, W, C

    @property
    def dtype(self) -> np.dtype[Any]:
        """The array's type."""
        return self.array.dtype

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        """Yield views of the array."""
        for start, stop in ranges:
            yield self.array[start:stop]

    def close(self) -> None:
        """Nothing to let go of."""


class ArraySink:
    """An image that is kept in memory, ``(H, W, C)``."""

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.array = np.empty(shape, dtype)
        self._next = 0

    def encode(self, rows: Rows) -> Rows:
        """Return the rows as they are."""
        return rows

    def write(self, encoded: Rows) -> None:
        """Copy the next rows to their place."""
        self.array[self._next : self._next + len(encoded)] = encoded
        self._next += len(encoded)

    def finish(self) -> None:
        """Nothing follows the last row."""


class KeepingSink:
    """A sink that also keeps in memory what passes through it."""

    def __init__(self, sink: Sink, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> None:
        self.kept = ArraySink(shape, dtype)
        self.sink = sink

    def encode(self, rows: Rows) -> tuple[Any, Rows]:
        """Encode the rows, and copy them."""
        return self.sink.encode(rows), rows.copy()

    def write(self, encoded: tuple[Any, Rows]) -> None:
        """Write the next rows, and keep them."""
        data, rows = encoded
        self.sink.write(data)
        self.kept.write(rows)

    def finish(self) -> None:
        """Finish what is written."""
        self.sink.finish()


class NoSink:
    """An image that is written nowhere, beside others that are."""

    def encode(self, rows: Rows) -> None:
        """Drop the rows."""

    def write(self, encoded: None) -> None:
        """Nothing is to be written."""

    def finish(self) -> None:
        """Nothing follows the last row."""


def overlapping_blocks(
    read_into: Callable[[Rows], None],
    row_shape: tuple[int, int],
    dtype: np.dtype[Any],
    ranges: Iterable[tuple[int, int]],
    skip: Callable[[int], None] | None = None,
) -> Iterator[Rows]:
    """Serve overlapping ranges of rows from a stream that can only move forward.

    ``read_into`` fills a whole array ``(n, W, C)`` with the next n rows. Rows that two ranges
    share are copied from the earlier block; those between two ranges are left out by ``skip``,
    which is told how many, or else read and dropped.

    >>> stream = iter(range(9))
    >>> def read_into(rows):
    ...     for row in rows:
    ...         row[...] = next(stream)
    >>> ranges = [(0, 3), (2, 4), (6, 7)]
    >>> blocks = overlapping_blocks(read_into, (1, 1), np.dtype('u1'), ranges)
    >>> [block[:, 0, 0].tolist() for block in blocks]
    [[0, 1, 2], [2, 3], [6]]
    """
    position = 0  # the next row that the stream will give
    previous, previous_start = np.empty((0, *row_shape), dtype), 0
    for start, stop in ranges:
        block = np.empty((stop - start, *row_shape), dtype)
        kept = previous[max(start - previous_start, 0) : stop - previous_start]
        block[: len(kept)] = kept
        if skip is not None and position < start:
            skip(start - position)
            position = start
        while position < start:
            dropped = np.empty((min(start - position, 64), *row_shape), dtype)
            read_into(dropped)
            position += len(dropped)
        if len(kept) < len(block):
            read_into(block[len(kept) :])
            position = stop
        yield block
        previous, previous_start = block, start


def blocks_in_any_order(source: Source, ranges: Sequence[tuple[int, int]]) -> Iterator[Rows]:
    """Yield rows ``[start, stop)`` of a source for each range, which may go back up the image.

    Rows that are asked for again once they have passed, as circular padding does and any padding
    higher than a band may do, can only be had by holding the image whole.

    >>> source = ArraySource.of(np.arange(4).reshape(4, 1).astype(np.uint8))
    >>> [block[:, 0, 0].tolist() for block in blocks_in_any_order(source, [(2, 4), (0, 2)])]
    [[2, 3], [0, 1]]
    """
    pairs = pairwise(ranges)
    if all(start <= after and stop <= end for (start, stop), (after, end) in pairs):
        yield from source.blocks(ranges)
        return
    (whole,) = source.blocks([(0, source.shape[0])])
    for start, stop in ranges:
        yield whole[start:stop]


def row_reader(runs: Iterator[Rows]) -> Callable[[Rows], None]:
    """Return a function that fills arrays of any height with the next rows of some runs.

    >>> read_into = row_reader(iter([np.arange(3), np.arange(3, 5)]))
    >>> first, second = np.empty(2, int), np.empty(3, int)
    >>> read_into(first), read_into(second), first.tolist(), second.tolist()
    (None, None, [0, 1], [2, 3, 4])
    """
    rest: Rows = np.empty(0)

    def read_into(rows: Rows) -> None:
        nonlocal rest
        filled = 0
        while filled < len(rows):
            if not len(rest):
                rest = np.empty(0)  # let go of the last run before the next is made
                rest = next(runs)
            count = min(len(rows) - filled, len(rest))  # and no name for a part that would stay
            rows[filled : filled + count] = rest[:count]
            rest = rest[count:]
            filled += count

    return read_into


class RunReader:
    """Reads the next rows of runs that may begin again further down, at multiples of ``grain``.

    ``runs_from`` returns the runs from such a row on.

    >>> reader = RunReader(lambda top: (np.arange(n, n + 3) for n in range(top, 12, 3)), 6)
    >>> first, second = np.empty(2, int), np.empty(3, int)
    >>> reader.read_into(first), reader.skip(5), reader.read_into(second)
    (None, None, None)
    >>> first.tolist(), second.tolist()
    ([0, 1], [7, 8, 9])
    """

    def __init__(self, runs_from: Callable[[int], Iterator[Rows]], grain: int) -> None:
        self._runs_from, self._grain = runs_from, grain
        self._runs, self._next = runs_from(0), 0
        self._rest: Rows = np.empty(0)

    def read_into(self, rows: Rows) -> None:
        """Fill an array of any height with the next rows."""
        filled = 0
        while filled < len(rows):
            filled += self._fill(rows[filled:])

    def skip(self, count: int) -> None:
        """Leave rows out; runs of nothing else are never made."""
        to = self._next + count
        top = to - to % self._grain
        if top >= self._next + len(self._rest):
            self._runs, self._rest, self._next = self._runs_from(top), np.empty(0), top
        while self._next < to:
            self._take(to - self._next)

    def _fill(self, rows: Rows) -> int:
        """Fill an array with the next rows of one run, which stays no longer; return how many."""
        taken = self._take(len(rows))
        rows[: len(taken)] = taken
        return len(taken)

    def _take(self, most: int) -> Rows:
        """Return the next rows, of one run and no more than asked for."""
        if not len(self._rest):
            self._rest = np.empty(0)  # let go of the last run before the next is made
            self._rest = next(self._runs)
        taken, self._rest = self._rest[:most], self._rest[most:]
        self._next += len(taken)
        return taken
