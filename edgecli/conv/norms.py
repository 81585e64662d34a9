"""Norms: how the responses of several filters combine at each pixel."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.records import dataclass
from edgecli.rows.base import Planes, Rowwise
from edgecli.rows.memory import Memory
from edgecli.rows.samples import float_type

NORMS = ("magnitude", "max", "sum")


def norm_dtype(how: str, count: int, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type of a norm: magnitudes and sums may not fit the responses' type.

    >>> [norm_dtype(how, 2, np.dtype(np.int16)).name for how in ("magnitude", "max")]
    ['float32', 'int16']
    """
    return dtype if count == 1 or how in ("none", "max") else float_type(dtype)


def norm(responses: NDArray[Any], how: str, out: NDArray[Any], memory: Memory) -> None:
    """Fill ``out (rows, cols)`` with the norm of responses ``(n, rows, cols)``, n ≥ 2.

    ``magnitude`` is Euclidean, ``sum`` adds absolute values, ``max`` is the largest of them.

    >>> total = np.empty((1, 1), np.float32)
    >>> norm(np.array([[[3]], [[-4]]]), "magnitude", total, Memory()), total.tolist()
    (None, [[5.0]])
    """
    if how == "max":
        term = memory.take(out.shape, out.dtype)
        np.abs(responses[0], out=out)
        for response in responses[1:]:
            np.maximum(out, np.abs(response, out=term), out=out)
    elif how == "sum":
        _add_up(np.abs, responses, out, memory)
    else:
        square_sum(responses, out, memory)
        np.sqrt(out, out=out)


def square_sum(responses: NDArray[Any], out: NDArray[Any], memory: Memory) -> None:
    """Fill ``out (rows, cols)`` with the squared magnitude of responses ``(n, rows, cols)``."""
    _add_up(np.square, responses, out, memory)


def _add_up(size: np.ufunc, responses: NDArray[Any], out: NDArray[Any], memory: Memory) -> None:
    term = memory.take(out.shape, out.dtype)
    for n, response in enumerate(responses):
        value = term if n else out
        if response.dtype != out.dtype:  # a separate pass: mixed types run at half the speed
            np.copyto(value, response, casting="unsafe")
            response = value  # noqa: PLW2901 (the same numbers, in cache)
        size(response, out=value)
        if n:
            np.add(out, term, out=out)


@dataclass(frozen=True)
class Norm(Rowwise):
    """The step that combines the responses ``(planes · n, H, W)`` of each plane into one."""

    shape: tuple[int, int, int]  # (planes, H, W)
    responses: np.dtype[Any]
    how: str
    count: int  # n

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """Return the type of the norm."""
        return norm_dtype(self.how, self.count, self.responses)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Combine plane by plane."""
        for plane, total in enumerate(out):
            own = blocks[0][plane * self.count : (plane + 1) * self.count]
            with memory:
                norm(own, self.how, total, memory)


@dataclass(frozen=True)
class Select(Rowwise):
    """The step that selects the responses ``[start, …)`` of every plane, of ``filters`` each."""

    shape: tuple[int, int, int]  # (planes · n, H, W)
    dtype: np.dtype[Any]
    start: int
    filters: int

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Copy what is selected."""
        planes = blocks[0].reshape(-1, self.filters, *out.shape[1:])
        own = out.reshape(len(planes), -1, *out.shape[1:])
        np.copyto(own, planes[:, self.start : self.start + own.shape[1]])


@dataclass(frozen=True)
class Strongest(Rowwise):
    """The step that keeps, at each pixel, the responses of the plane that is strongest there."""

    shape: tuple[int, int, int]  # (n, H, W)
    dtype: np.dtype[Any]
    how: str

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Combine every plane, and take the responses of the largest."""
        count = len(out)
        planes = blocks[0].reshape(-1, count, *out.shape[1:])
        strength = planes[:, 0]
        if count > 1:
            kind = norm_dtype(self.how, count, self.dtype)
            strength = memory.take((len(planes), *out.shape[1:]), kind)
            for own, total in zip(planes, strength, strict=True):
                with memory:
                    norm(own, self.how, total, memory)
        winner = np.abs(strength).argmax(axis=0)  # the first of equals
        for response, place in zip(out, np.moveaxis(planes, 1, 0), strict=True):
            np.copyto(response, np.take_along_axis(place, winner[np.newaxis], axis=0)[0])
