"""Runs of a flat array, all at once: what loops over strokes would do, without one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgecli.strokes.base import Strokes

Numbers = NDArray[np.int64]


def ranges(starts: Numbers, stops: Numbers) -> tuple[Numbers, Numbers]:
    """Return the numbers ``[start, stop)`` of every run, one after another, and whose each is.

    >>> numbers, owner = ranges(np.array([5, 0]), np.array([8, 2]))
    >>> numbers.tolist(), owner.tolist()
    ([5, 6, 7, 0, 1], [0, 0, 0, 1, 1])
    """
    counts = stops - starts
    before = counts.cumsum() - counts
    numbers = np.arange(counts.sum()) + np.repeat(starts - before, counts)
    return numbers, np.repeat(np.arange(len(counts)), counts)


def unrolled(strokes: Strokes) -> tuple[Numbers, Numbers]:
    """Return the points to visit, as numbers, and where each stroke starts among them ``(M + 1,)``.

    A closed stroke visits its first point again at its end, so that every stroke is a path.
    """
    last = strokes.starts[1:][strokes.closed]
    first = strokes.starts[:-1][strokes.closed]
    visits = np.insert(np.arange(len(strokes.points)), last, first)
    added = np.concatenate([[0], strokes.closed.cumsum()])
    return visits, strokes.starts + added
