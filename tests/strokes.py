"""Strokes that tests trace: of drawings in text and of masks, told apart as sets of polylines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.records import replace
from edgecli.strokes.base import Located, Stroke
from edgecli.strokes.tracing import centred

Mask = NDArray[np.bool_]
Polyline = tuple[bool, tuple[tuple[float, float], ...]]


def mask_of(text: str) -> Mask:
    """Return a drawing's ``#`` as a mask; its rows are parted by spaces or lines."""
    return np.array([[pixel == "#" for pixel in row] for row in text.split()])


def located_in(mask: Mask, moved: float = 0) -> Located:
    """Return a mask's pixels at their centres, or moved off them by noise of that deviation."""
    pixels = centred(np.flatnonzero(mask).astype(np.int64), mask.shape[1])
    off = np.random.default_rng(1).normal(0, moved, pixels.points.shape)
    strength = np.arange(1, len(pixels) + 1, dtype=np.float32)
    return replace(pixels, points=pixels.points + off, strength=strength)


def polyline(points: Iterable[Iterable[float]], *, closed: bool) -> Polyline:
    """Return a line such that it is the same whichever end, or point of a loop, it starts at."""
    there = [(round(float(x), 9), round(float(y), 9)) for x, y in points]
    ways = [there, there[::-1]]
    if closed:
        ways = [way[n:] + way[:n] for way in ways for n in range(len(way))]
    return closed, tuple(min(ways))


def polylines(strokes: Iterable[Stroke]) -> list[Polyline]:
    """Return strokes as lines, in an order that does not depend on theirs."""
    return sorted(polyline(stroke.points, closed=stroke.closed) for stroke in strokes)


def through(*places: tuple[int, int], closed: bool = False) -> Polyline:
    """Return the line through pixels, given as row and column."""
    return polyline([(column + 0.5, row + 0.5) for row, column in places], closed=closed)


def line(start: tuple[int, int], stop: tuple[int, int]) -> list[Any]:
    """Return the pixels from one to another, in a row, a column or a diagonal."""
    steps = max(abs(start[0] - stop[0]), abs(start[1] - stop[1]))
    rows = np.linspace(start[0], stop[0], steps + 1).round().astype(int)
    columns = np.linspace(start[1], stop[1], steps + 1).round().astype(int)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))
