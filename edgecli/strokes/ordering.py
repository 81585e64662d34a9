"""The order in which a pen draws strokes: little travel with nothing drawn.

To find the shortest way is the travelling salesman's problem. This is its *greedy edge* heuristic:
of all links between two ends of strokes the shortest is made first, then the next that is still
possible, until one path is left (J. L. Bentley, "Fast algorithms for geometric traveling salesman
problems", ORSA Journal on Computing 4, 1992: 14 to 18 % above the optimum, where a pen that
always goes to the nearest end is 25 % above it).

Then chains of strokes move to better places (``chains.py``), and the pen travels a tenth less.

Greedy needs no loop over links. One that is the shortest of both paths it joins is made by greedy
whatever else is made before, so all such links are made at once; and links longer than a radius
are not looked at before no shorter one is left, so that an end has few to look at.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgecli.records import replace
from edgecli.rows.workers import map_in_order
from edgecli.strokes.base import Strokes
from edgecli.strokes.chains import shorten
from edgecli.strokes.runs import (
    Complex,
    Floats,
    Numbers,
    furthest,
    plane,
    ranges,
    selected,
    undisputed,
)

RADIUS = 1.0
"""Pixels: what the first links are not longer than. It doubles until one path is left."""

NEIGHBOURS = 4
"""Near ends that are looked at for a better place, for each end."""

MANY = 50_000
"""Strokes: of more, no better places are looked for. That would take longer than all else."""

APART = 1e-6
"""Pixels by which ends are moved, each by its own part of it, so that no two links are as long.

In a regular pattern all links would be, and each would wait for the one before it.
"""


def order(strokes: Strokes, threads: int = 1) -> tuple[Strokes, float]:
    """Return the strokes in the order of drawing, and how far the pen travels between them.

    Strokes are reversed where that is shorter, and closed ones start where it is nearest. The
    travel is in pixels, from the end of each stroke to the start of the next.
    """
    if not len(strokes):
        return strokes, 0.0
    ends = _ends(strokes)
    searches = [(_link,), (_neighbours,)] if len(strokes) < MANY else [(_link,)]
    link, *near = map_in_order(lambda search: search(ends), searches, threads)
    if near:
        link = shorten(link, ends, *near)
    sequence, flipped = _walk(link)
    ordered = _rotated(_arranged(strokes, sequence, flipped))
    ends = _ends(ordered)
    return ordered, float(np.abs(ends[2::2] - ends[1:-1:2]).sum())


def _ends(strokes: Strokes) -> Complex:
    """Return where the pen starts and ends each stroke: x + iy, ``(2M,)``, in turn."""
    first = strokes.starts[:-1]
    last = np.where(strokes.closed, first, strokes.starts[1:] - 1)
    ends: Complex = plane(strokes.points)[np.stack([first, last], axis=1).reshape(-1)]
    return ends


def _link(ends: Complex) -> Numbers:
    """Return for every end the one that the pen goes to or comes from; -1 for the path's two.

    Ends 2n and 2n + 1 are those of stroke n.
    """
    squares = np.arange(len(ends)) ** 2.0  # evenly strewn; NumPy's random numbers are slow to load
    ends = ends + APART * (squares * 2**0.5 % 1 + 1j * (squares * 3**0.5 % 1))
    link = np.full(len(ends), -1)
    far = np.arange(len(ends)) ^ 1  # the other end of the path that an end is the end of
    left = len(ends) // 2 - 1
    radius = RADIUS
    while left:
        free = (link < 0).nonzero()[0]
        first, second, distance = _near(ends[free], radius)
        nearest = distance.argsort(kind="stable")
        first, second = free[first[nearest]], free[second[nearest]]
        while len(first := first[possible := _possible(first, second, link, far)]):
            second = second[possible]
            paths = np.minimum((first, second), (far[first], far[second]))
            made = undisputed(paths, len(far))
            a, b = first[made], second[made]
            link[a], link[b] = b, a
            far[far[a]], far[far[b]] = far[b], far[a]
            left -= len(a)
        radius *= 2
    return link


def _possible(first: Numbers, second: Numbers, link: Numbers, far: Numbers) -> NDArray[np.bool_]:
    """Return which links join two ends that are free, of two paths."""
    possible: NDArray[np.bool_] = (link[first] < 0) & (link[second] < 0) & (far[first] != second)
    return possible


def _neighbours(ends: Complex) -> tuple[Numbers, Numbers]:
    """Return pairs of ends that lie near each other, several for each."""
    enough = NEIGHBOURS * len(ends)
    radius = RADIUS
    first, second, _ = _near(ends, radius)
    while len(first) < enough and radius < max(np.ptp(ends.real), np.ptp(ends.imag)):
        radius *= 2
        first, second, _ = _near(ends, radius)
    return first, second


def _near(points: Complex, radius: float) -> tuple[Numbers, Numbers, Floats]:
    """Return all pairs of points that are within a radius of each other, and their distances.

    Points are sorted into cells as wide as the radius; a point is near those after it in its own
    cell, in the next of the row, and in the three cells below.
    """
    column, row = ((part - part.min()) // radius for part in (points.real, points.imag))
    width = int(column.max()) + 2
    key = (row * width + column).astype(np.int64)
    by_cell = key.argsort(kind="stable")
    key = key[by_cell]
    beside = ranges(np.arange(1, len(key) + 1), np.searchsorted(key, key + 2))
    below = ranges(np.searchsorted(key, key + width - 1), np.searchsorted(key, key + width + 2))
    second, first = (by_cell[np.concatenate(both)] for both in zip(beside, below, strict=True))
    distance = np.abs(points[first] - points[second])
    close = (distance <= radius).nonzero()[0]
    return first[close], second[close], distance[close]


def _walk(link: Numbers) -> tuple[Numbers, NDArray[np.bool_]]:
    """Follow the links from one end of the path: the strokes in order, and which are reversed."""
    end = int((link < 0).argmax())
    partner = link.tolist()
    entered = []
    while end >= 0:
        entered.append(end)
        end = partner[end ^ 1]
    path = np.array(entered)
    return path >> 1, path % 2 == 1


def _arranged(strokes: Strokes, sequence: Numbers, flipped: NDArray[np.bool_]) -> Strokes:
    """Return the strokes in a sequence, some of them reversed."""
    counts = np.diff(strokes.starts)[sequence]
    starts = np.concatenate([[0], counts.cumsum()])
    visits, owner = ranges(strokes.starts[sequence], strokes.starts[sequence + 1])
    backwards = starts[owner] + starts[owner + 1] - 1 - np.arange(len(visits))
    visits = np.where(flipped[owner], visits[backwards], visits)
    return selected(replace(strokes, closed=strokes.closed[sequence]), visits, starts)


def _rotated(strokes: Strokes) -> Strokes:
    """Return the strokes with closed ones started where the pen's way there and on is shortest."""
    closed = strokes.closed.nonzero()[0]
    if not len(closed) or len(strokes) == 1:
        return strokes
    visits, owner = ranges(strokes.starts[closed], strokes.starts[closed + 1])
    ends, stroke, points = _ends(strokes), closed[owner], plane(strokes.points)[visits]
    there = np.abs(points - ends[np.maximum(2 * stroke - 1, 0)])
    on = np.abs(points - ends[np.minimum(2 * stroke + 2, len(ends) - 1)])
    way = there * (stroke > 0) + on * (stroke < len(strokes) - 1)
    counts = np.diff(strokes.starts)[closed]
    nearest, _ = furthest(-way, counts.cumsum() - counts, counts)
    first = strokes.starts[:-1]
    rotated = np.arange(len(strokes.points))
    turned = visits + (visits[nearest] - first[closed])[owner] - first[stroke]
    rotated[visits] = first[stroke] + turned % counts[owner]
    return selected(strokes, rotated, strokes.starts)
