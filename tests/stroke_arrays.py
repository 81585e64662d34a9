"""Strokes for tests: made of lists of points, by chance, and what is measured on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgecli.strokes.base import Points, Strokes

Polyline = tuple[Sequence[tuple[float, float]], bool]


def strokes_of(*lines: Polyline) -> Strokes:
    """Return strokes of these points, closed or not; strengths and angles are all different."""
    points = [np.array(line, float).reshape(-1, 2) for line, _ in lines]
    starts = np.cumsum([0, *map(len, points)])
    count = int(starts[-1])
    return Strokes(
        np.concatenate([np.zeros((0, 2)), *points]),
        np.arange(count) + 0.5,
        (np.arange(count) / 8).astype(np.float32),
        starts,
        np.array([closed for _, closed in lines], bool),
    )


def path(points: Points, closed: bool) -> Points:
    """Return the points of a stroke, with the first again at the end of a closed one."""
    return np.concatenate([points, points[:1]]) if closed else points


def distances(points: Points, line: Points) -> NDArray[np.float64]:
    """Return how far each point is from a polyline, which may be a single point."""
    start, step = line, np.diff(line, axis=0, append=line[-1:])
    length = (step**2).sum(axis=1)
    off = points[:, None] - start
    t = ((off * step).sum(axis=2) / np.where(length > 0, length, 1)).clip(0, 1)
    nearest: NDArray[np.float64] = np.hypot(*np.moveaxis(off - t[..., None] * step, 2, 0)).min(
        axis=1
    )
    return nearest


_whole = st.integers(-9, 9).map(float)
_place = st.tuples(_whole, _whole) | st.tuples(st.floats(-9, 9), st.floats(-9, 9))
_line = st.tuples(st.lists(_place, min_size=1, max_size=12), st.booleans())

many_strokes = st.lists(_line, max_size=6).map(lambda lines: strokes_of(*lines))
"""Few strokes of few points, many of them on lines, doubled or alone."""


def wandering(seed: int, count: int, length: int) -> Strokes:
    """Return strokes of points about a pixel apart that wander smoothly, a tenth of one off."""
    random = np.random.default_rng(seed)
    turns = random.normal(0, 0.1, (count, length)).cumsum(axis=1)
    steps = np.stack([np.cos(turns), np.sin(turns)], axis=2)
    lines = steps.cumsum(axis=1) + random.uniform(0, 300, (count, 1, 2))
    lines += random.uniform(0, 0.1, lines.shape)
    return strokes_of(*((line, False) for line in lines))
