"""What strokes measure: lengths in pixels, mean strengths."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.records import dataclass
from edgecli.strokes.base import Drawing, Points, Strokes


@dataclass(frozen=True)
class Measures:
    """What is reported of a drawing; lengths in pixels of the image, points as written."""

    count: int
    closed: int
    points: int
    length: float
    longest: float
    pen_up: float


def measure_drawing(drawing: Drawing) -> Measures:
    """Return what is reported of a drawing; curves count by their end points and handles."""
    strokes, lengths = drawing.strokes, lengths_of(drawing.strokes)
    written = strokes if drawing.curves is None else drawing.curves
    return Measures(
        count=len(strokes),
        closed=int(strokes.closed.sum()),
        points=len(written.points),
        length=_rounded(lengths.sum()),
        longest=_rounded(lengths.max(initial=0.0)),
        pen_up=_rounded(drawing.pen_up),
    )


def _rounded(length: float) -> float:
    return round(float(length), 3)


def lengths_of(strokes: Strokes) -> NDArray[np.float64]:
    """Return the length of every stroke, with the way back of those that are closed.

    >>> square = np.array([[0.0, 0], [3, 0], [3, 3], [0, 3]] * 2)
    >>> angle = np.zeros(8, np.float32)
    >>> closed = np.array([False, True])
    >>> lengths_of(Strokes(square, angle, angle, np.array([0, 4, 8]), closed)).tolist()
    [9.0, 12.0]
    """
    if not len(strokes):
        return np.zeros(0)
    first, last = strokes.starts[:-1], strokes.starts[1:] - 1
    steps = np.zeros(len(strokes.points))
    steps[:-1] = np.hypot(*np.diff(strokes.points, axis=0).T)
    steps[last] = np.hypot(*(strokes.points[first] - strokes.points[last]).T) * strokes.closed
    return np.add.reduceat(steps, first)


def drawn_points(
    starts: NDArray[np.int64], closed: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of the points that a pen visits, and how many each stroke has.

    A closed stroke ends with its first point.

    >>> [each.tolist() for each in drawn_points(np.array([0, 2, 5]), np.array([False, True]))]
    [[0, 1, 2, 3, 4, 2], [2, 4]]
    """
    first, sizes = starts[:-1], np.diff(starts)
    again = closed & (sizes > 1)
    ends = (starts[1:] - starts[0])[again]
    return np.insert(np.arange(starts[0], starts[-1]), ends, first[again]), sizes + again


def mean_strengths(strokes: Strokes) -> NDArray[Any]:
    """Return the mean of every stroke's strengths."""
    if not len(strokes):
        return np.zeros(0)
    sums = np.add.reduceat(strokes.strength, strokes.starts[:-1], dtype=np.float64)
    means: NDArray[Any] = sums / np.diff(strokes.starts)
    return means


def points_along(strokes: Strokes, spacing: float) -> Points:
    """Return points ``(N, 2)`` along strokes, no further apart than ``spacing``.

    >>> line = np.array([[0.0, 0], [2, 0]])
    >>> bare = np.zeros(2, np.float32)
    >>> strokes = Strokes(line, bare, bare, np.array([0, 2]), np.array([False]))
    >>> points_along(strokes, 1.0)[:, 0].tolist()
    [0.0, 1.0, 2.0]
    """
    starts, points = strokes.starts, strokes.points
    after = np.arange(1, len(points) + 1)
    ends = starts[1:] - 1
    after[ends] = np.where(strokes.closed, starts[:-1], ends)
    ways = points[after] - points
    counts = np.maximum(np.ceil(np.hypot(*ways.T) / spacing), 1).astype(np.int64)
    own = np.repeat(np.arange(len(points)), counts)
    number = np.arange(len(own)) - np.repeat(np.cumsum(counts) - counts, counts)
    along: Points = points[own] + ways[own] * (number / counts[own])[:, np.newaxis]
    return along
