"""Buffers that a worker reuses for every band."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

MOST_KEPT, LARGEST_KEPT = 8, 2**25
"""How many scratches are kept for the next call, and the most bytes that each may hold."""


class Scratch:
    """Named working memory of one thread; it grows to the largest request and is kept.

    Fresh memory costs a page fault for every 4 KiB, which for cache-sized bands takes longer
    than the arithmetic. Taking a name again overwrites what it held before, so that steps which
    follow each other stay in little memory where they call alike what is alike: ``padded`` and a
    type's letter for a step's input with its border, ``term`` for what its result is made from.
    """

    def __init__(self) -> None:
        self._buffers: dict[str, NDArray[np.uint8]] = {}
        self._arrays: dict[str, NDArray[Any]] = {}  # as last taken: most bands ask for the same

    def take(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return an array of this shape and type with arbitrary contents."""
        array = self._arrays.get(name)
        if array is None or array.shape != shape or array.dtype != dtype:
            array = self._arrays[name] = self._shape(name, shape, np.dtype(dtype))
        return array

    def _shape(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        size = math.prod(shape) * dtype.itemsize
        buffer = self._buffers.get(name)
        if buffer is None or len(buffer) < size:
            buffer = self._buffers[name] = np.empty(size, np.uint8)
        return buffer[:size].view(dtype).reshape(shape)

    @property
    def size(self) -> int:
        """Return the bytes held."""
        return sum(len(buffer) for buffer in self._buffers.values())


_idle: list[Scratch] = []  # its append and pop are atomic


@contextmanager
def borrowed_scratch() -> Iterator[Scratch]:
    """Lend an idle scratch, or a new one, and take it back for the next caller."""
    try:
        scratch = _idle.pop()
    except IndexError:
        scratch = Scratch()
    yield scratch
    if len(_idle) < MOST_KEPT and scratch.size <= LARGEST_KEPT:
        _idle.append(scratch)
