"""The working memory of a thread: a stack of arrays, whose top is written over again and again."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

ALIGNMENT = 64
"""Bytes of a cache line: no array begins in the middle of one."""

LEAST = 2**24
"""Bytes of a block, for which NumPy asks the system for large pages: one fault for 2 MiB."""

MOST_KEPT, LARGEST_KEPT = 8, 5 * 2**24
"""How many memories are kept for later calls, and the most bytes that each may hold: as much as a
network takes of a small photo."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # glibc's malloc.h
_FREED, _LARGEST_FREED = 2**26, 2**25  # bytes; glibc allows no larger threshold for mmap


def keep_freed() -> None:
    """Let glibc keep free memory rather than return it after every band.

    Every page that comes fresh from the system costs a page fault: a fifth of a video's time.
    Threads share what is free, or each would keep its own: a tenth more memory for large rasters.
    Without glibc nothing changes.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # loaded by NumPy, too

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_FREED)
        mallopt(_M_TRIM_THRESHOLD, _FREED)
        mallopt(_M_ARENA_MAX, 1)


def bytes_taken(shape: tuple[int, ...], dtype: DTypeLike) -> int:
    """Return what an array takes of a memory: its bytes, in whole lines of the cache."""
    return -(-math.prod(shape) * np.dtype(dtype).itemsize // ALIGNMENT) * ALIGNMENT


class Memory:
    """Memory that one thread uses for every band, in the manner of a stack.

    Fresh memory costs a page fault for every 4 KiB, which for bands that fit the cache takes longer
    than the arithmetic. ``take`` gives the next free bytes as an array. At the end of a ``with``
    block all that was taken inside it is free again, so the next step writes to memory that is
    still in the cache, and no step can write over an array that another one still holds.

    >>> memory = Memory()
    >>> with memory:
    ...     outer = memory.take((2,), np.uint8)
    ...     with memory:
    ...         inner = memory.take((3,), np.int16)
    """

    def __init__(self) -> None:
        self._block = np.empty(0, np.uint8)
        self._first = self._used = 0  # where in the stack the block begins, and what is free
        self._most = 0  # of what was used
        self._marks: list[int] = []

    def take(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return an array of this shape and type with arbitrary contents.

        Where the block is too small, a larger one follows in its place: the arrays taken before
        hold what they are in. For the next band there is one that holds them all.
        """
        kind, start = np.dtype(dtype), self._used
        size = bytes_taken(shape, kind)
        self.reserve(size, max(2 * len(self._block), LEAST))
        self._used = start + size
        return np.ndarray(shape, kind, self._block, start - self._first)

    def reserve(self, size: int, least: int = LEAST) -> None:
        """See to it that the next bytes lie in one block, else in a new one of at least so many.

        Who knows what will be taken in all saves the blocks that would be outgrown on the way.
        """
        if self._used + size - self._first > len(self._block):
            self._block = np.empty(max(size, least), np.uint8)
            self._first = self._used

    def __enter__(self) -> Memory:
        self._marks.append(self._used)
        return self

    def __exit__(self, *_: object) -> None:
        self._most = max(self._most, self._used)
        self._used = self._marks.pop()
        self._first = min(self._first, self._used)  # below it there was another block
        room = max(self._most, min(len(self._block), LEAST))
        if not self._marks and len(self._block) != room:
            self._block, self._first = np.empty(room, np.uint8), 0

    @property
    def size(self) -> int:
        """Return the bytes held."""
        return len(self._block)


_idle: list[Memory] = []  # its append and pop are atomic


@contextmanager
def borrowed_memory() -> Iterator[Memory]:
    """Lend an idle memory, or a new one, and keep it for the next caller."""
    try:
        memory = _idle.pop()
    except IndexError:
        memory = Memory()
    yield memory
    if len(_idle) < MOST_KEPT and memory.size <= LARGEST_KEPT:
        _idle.append(memory)
