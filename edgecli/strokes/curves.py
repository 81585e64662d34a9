"""Cubic Béziers through strokes, no located point further from them than is allowed.

The method of P. J. Schneider ("An algorithm for automatically fitting digitized curves", Graphics
Gems, 1990). A piece of a stroke gets a curve with the piece's ends and directions there; least
squares give the lengths of its two handles. Where a point is too far from its place on the curve,
places are moved by Newton's method if it is near enough, else the piece is split there, or as
near to there as its middle half is. Here all pieces of many strokes are fitted together, in rounds.
"""

from __future__ import annotations

import numpy as np

from edgecli.strokes.base import Curves, Strokes
from edgecli.strokes.corners import Path, path_of
from edgecli.strokes.fitting import Pieces, laid_out
from edgecli.strokes.runs import TOUCHING, Complex, Numbers, batches, plane, unrolled

ATTEMPTS = 4
"""How often a piece is fitted, its points moved along it in between."""

NEAR = 4.0
"""How many times too far a point may be for that to be worth it: Schneider's, of squares."""


def fit_curves(strokes: Strokes, eps: float) -> Curves:
    """Return the strokes as curves, of which none of their points is further than ``eps`` pixels.

    Corners stay corners; elsewhere the direction does not jump where pieces meet, nor where a
    closed stroke starts. A single point is a curve of length 0.
    """
    visits, starts = unrolled(strokes)
    points = plane(strokes.points)[visits]
    begins, curves = [np.zeros(0, np.int64)], [np.zeros((0, 3), np.complex128)]
    for first, last in batches(starts):
        own = slice(starts[first], starts[last])
        inside = starts[first : last + 1] - starts[first]
        begin, curve = _fitted(
            path_of(points[own], inside, strokes.closed[first:last]), max(eps, TOUCHING)
        )
        begins.append(begin + starts[first])
        curves.append(curve)
    pieces = np.searchsorted(np.concatenate(begins), starts)
    joined = np.insert(np.concatenate(curves).reshape(-1), pieces[:-1] * 3, points[starts[:-1]])
    starts = pieces * 3 + np.arange(len(pieces))
    return Curves(joined.view(np.float64).reshape(-1, 2), starts, strokes.closed)


def _fitted(path: Path, eps: float) -> tuple[Numbers, Complex]:
    """Return where the pieces of a path start, in order, and their other points ``(K, 3)``."""
    first, last = path.sections()
    pieces = Pieces(first, last, path.direction(first, 1), path.direction(last, -1))
    begins, curves = [], []
    while len(pieces.first):
        curve, worst = _nearest(path.points, pieces, eps)
        done = worst < 0
        begins.append(pieces.first[done])
        curves.append(curve[1:, done].T)
        pieces = pieces.select(~done)
        margin = np.maximum((pieces.last - pieces.first) // 4, 1)
        middle = worst[~done].clip(pieces.first + margin, pieces.last - margin)
        pieces = pieces.split(middle, path.direction(middle, 1))
    begin = np.concatenate(begins)
    in_order = begin.argsort()
    return begin[in_order], np.concatenate(curves)[in_order]


def _nearest(points: Complex, pieces: Pieces, eps: float) -> tuple[Complex, Numbers]:
    """Return a curve for every piece ``(4, K)``, and which point is too far from it, else −1."""
    curves = pieces.between(points)
    worst = np.full(len(pieces.first), -1)
    waiting = (pieces.last - pieces.first > 1).nonzero()[0]  # others have no point between
    fit = laid_out(points, pieces.select(waiting))
    attempts = ATTEMPTS
    while len(waiting):
        curve = fit.pieces.curves(points, fit.lengths(curves[:, waiting]))
        at, distance = fit.furthest(curve)
        curves[:, waiting], worst[waiting] = curve, np.where(distance > eps, at, -1)
        attempts -= 1
        again = (distance > eps) & (distance <= NEAR * eps) & (attempts > 0)
        fit, waiting = fit.select(again).moved(curve[:, again]), waiting[again]
    return curves, worst
