"""Strokes of fewer points that stay within a distance of those they had.

The method of U. Ramer ("An iterative procedure for the polygonal approximation of plane curves",
1972) and of D. H. Douglas and T. K. Peucker (1973): a piece of a stroke is replaced by the segment
between its ends; where a point is further from that than allowed, the piece is split at the
furthest one. Here all pieces of many strokes are looked at together, in rounds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgecli.rows.workers import map_in_order
from edgecli.strokes.base import Strokes
from edgecli.strokes.runs import TOUCHING, Floats, Numbers, batches, furthest, selected, unrolled


def simplify(strokes: Strokes, eps: float, threads: int = 1) -> Strokes:
    """Return the strokes with fewer points, none of the old further than ``eps`` from the new.

    The distance is that to the segment which replaces a point, in pixels. Ends stay; of a closed
    stroke its start, the point furthest from it, and a third wherever it encloses anything. With
    ``eps`` 0 only points go that are on their segment. Those that stay keep their strength and
    angle, and simplifying once more changes nothing: every piece is split where it was.
    """
    visits, starts = unrolled(strokes)
    limit = max(eps, TOUCHING)

    def needed(first: int, last: int) -> NDArray[np.bool_]:
        own = starts[first : last + 1]
        x, y = strokes.points.take(visits[own[0] : own[-1]], axis=0).T.copy()
        return _needed(x, y, own - own[0], strokes.closed[first:last], limit)

    parts = map_in_order(needed, batches(starts), threads)
    kept = np.concatenate([np.ones(0, np.bool_), *parts])
    kept[starts[1:][strokes.closed] - 1] = False  # their first points once more
    return selected(strokes, visits[kept], np.concatenate([[0], kept.cumsum()])[starts])


def _needed(
    x: Floats, y: Floats, starts: Numbers, closed: NDArray[np.bool_], limit: float
) -> NDArray[np.bool_]:
    """Return which points stay."""
    kept = np.zeros(len(x), np.bool_)
    kept[starts[:-1]] = kept[starts[1:] - 1] = True
    loops = closed & (np.diff(starts) > 2)
    kept[_opposite(x, y, starts[:-1][loops], starts[1:][loops] - 1)] = True
    cuts = kept.nonzero()[0]
    first, last = cuts[:-1], cuts[1:]
    while len(first):
        inner = last - first > 1  # not so from the end of a stroke to the start of the next
        first, last = first[inner], last[inner]
        middle, distance = _furthest(x, y, (first, last), (first, last))
        split = distance > limit
        middle = middle[split]
        kept[middle] = True
        first, last = np.stack([first[split], middle, middle, last[split]], axis=1).reshape(-1, 2).T
    return kept


def _opposite(x: Floats, y: Floats, first: Numbers, last: Numbers) -> Numbers:
    """Return what closed strokes keep beside their starts: two points each, or one.

    The second is furthest from the start, the third from the line between the two. Where all
    are on that line there is no third.
    """
    second, _ = _furthest(x, y, (first, last), (first, first))
    third, distance = _furthest(x, y, (first, last), (first, second))
    return np.concatenate([second, third[distance > TOUCHING]])


def _furthest(
    x: Floats, y: Floats, piece: tuple[Numbers, Numbers], segment: tuple[Numbers, Numbers]
) -> tuple[Numbers, Floats]:
    """Return which point within each piece is furthest from a segment, and how far it is.

    Of several that are as far it is the first, so that it does not depend on which others are
    left. With the segment from a to b, u = (b − a) / |b − a| and q = p − a, a point p is q · u
    along it, q × u beside it, and beyond it by what q · u is below 0 or above |b − a|.
    """
    start, stop = piece
    counts = stop - start - 1
    if not len(counts):
        return counts, np.zeros(0)
    begins = counts.cumsum() - counts
    inside = np.arange(counts.sum()) + np.repeat(start + 1 - begins, counts)
    a, b = segment
    ux, uy = x[b] - x[a], y[b] - y[a]
    length = np.sqrt(ux * ux + uy * uy)
    is_point = length == 0
    ux[is_point] = 1  # any direction will do
    scale = 1 / np.where(is_point, 1, length)
    ux, uy = np.repeat(ux * scale, counts), np.repeat(uy * scale, counts)
    qx, qy = x[inside] - np.repeat(x[a], counts), y[inside] - np.repeat(y[a], counts)
    beside = qx * uy - qy * ux
    beyond = qx * ux + qy * uy
    beyond -= np.minimum(np.maximum(beyond, 0), np.repeat(length, counts))
    square = beside * beside + beyond * beyond
    at, greatest = furthest(square, begins, counts)
    return inside[at], np.sqrt(greatest)
