"""Cleaning lines: gaps are closed, and spurs go.

In this order, as a spur that goes on beyond a gap is a line. Both come before lines are joined
through junctions: what is left of a junction that lost a spur is one line, and no junction.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.lines.hysteresis import list_pairs
from edgecli.records import replace
from edgecli.strokes.base import Points
from edgecli.strokes.following import REACH, follow, go_through, greedy_pairs, look_ahead
from edgecli.strokes.graph import Graph, Mask, Numbers
from edgecli.strokes.runs import dots

WIDEST_TURN, AT_CORNERS = np.radians(45), np.radians(90)
"""An end points at another that lies no further than this off the way that it leads; at a corner,
whose sides stop a pixel or two before it, the second is enough."""

CORNER = 3.0
"""Pixels between the ends of two sides at a corner, at most: of letters by ``canny:1``."""

BEHIND = 1.0
"""Pixels behind an end from which that is seen, as the way across a narrow gap says nothing."""

NARROWEST = 2.0
"""Pixels at which gaps begin: those that are nearer touch."""

PAIRS_AT_ONCE = 2**20
"""Of ends that are near each other: more are looked at one lot after another."""


def bridge(graph: Graph, widest: float) -> Graph:
    """Return the graph with a step more for every gap up to ``widest`` pixels that is closed.

    Ends point at each other where neither line turns by more than 45° into the gap, or 90° into one
    of up to CORNER pixels. Each is joined once: across narrow gaps first, in rounds that look twice
    as far, so that few ends are left to look far; in each round the nearest and straightest first,
    where a turn of a radian counts as the gap's width once more.
    """
    (halves,) = (graph.degrees()[graph.tails] == 1).nonzero()
    ends = graph.tails[halves]
    points = graph.points(ends)
    out = -look_ahead(graph, go_through(graph.tails, graph.degrees()), halves, REACH)
    gaps = [graph.gaps]
    widest = min(widest, float(np.ptp(points, axis=0).sum()) if len(ends) else NARROWEST)
    rounds = int(np.ceil(np.log2(max(widest / NARROWEST, 1))))
    for width in widest * 0.5 ** np.arange(rounds, -1, -1):
        for pairs in greedy_pairs(*_gaps(points, out, width), len(ends)):
            gaps.append(ends[np.stack(pairs, axis=1)])
            points[np.concatenate(pairs)] = np.nan  # which is near nothing
        left = ~np.isnan(points[:, 0])
        ends, points, out = ends[left], points[left], out[left]
    closed = np.concatenate(gaps)
    return replace(graph, tails=np.append(graph.tails, closed), gaps=closed)


def _gaps(points: Points, out: Points, widest: float) -> tuple[Numbers, Numbers, NDArray[Any]]:
    """Return pairs of ends that point at each other, and what joining them costs.

    ``out`` are the directions in which lines lead out of their ends.
    """
    behind = points - BEHIND * out
    found = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))]
    for a, b in _near(points, widest):
        gap, across = points[b] - points[a], behind[b] - behind[a]
        width = np.hypot(*gap.T)
        turns = _turn(out[a], across), _turn(out[b], -across)
        facing = dots(out[a] - out[b], gap) > 0
        most = np.where(width <= CORNER, AT_CORNERS, WIDEST_TURN)
        close = (width <= widest) & facing & (np.maximum(*turns) <= most)
        cost = width * (1 + turns[0] + turns[1])
        found.append((a[close], b[close], cost[close]))
    a, b, costs = (np.concatenate(one) for one in zip(*found, strict=True))
    return a, b, costs


def _turn(way: Points, other: Points) -> NDArray[np.float64]:
    """Return the angles between directions, in radians."""
    cross = way[:, 0] * other[:, 1] - way[:, 1] * other[:, 0]
    turn: NDArray[np.float64] = np.arctan2(np.abs(cross), dots(way, other))
    return turn


def _near(points: Points, widest: float) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield all pairs of points that lie within a distance, and some others, a lot at a time.

    Points are sorted into square cells as wide as that. Those after a point are in its cell, in the
    next one of the row, and in three of the row below, which follow each other.
    """
    column, row = (points // max(widest, 1)).astype(np.int64).T
    pitch = int(column.max(initial=0)) + 3
    cell = row * pitch + column + 1
    order = cell.argsort(kind="stable")
    cell = cell[order]
    here = np.arange(len(cell))
    spans = (
        (here + 1, cell.searchsorted(cell + 1, "right")),
        (cell.searchsorted(cell + pitch - 1), cell.searchsorted(cell + pitch + 1, "right")),
    )
    for first, last in spans:
        lots = (last - first).cumsum() // PAIRS_AT_ONCE
        cuts = np.append(np.unique(lots, return_index=True)[1], len(lots))
        for start, stop in pairwise(cuts):
            a, b = list_pairs(first[start:stop], last[start:stop])
            yield order[a + start], order[b]


def prune(graph: Graph, shortest: float) -> Graph:
    """Return the graph without the branches from a junction to a free end that are too short.

    Two branches stay at every junction, other ones before spurs and longer spurs before shorter,
    so that a line that forks at its end does not lose its end.
    """
    lengths = graph.distances(graph.tails[::2], graph.tails[1::2])
    return graph.select(_stays(graph.tails, lengths, shortest))


def _stays(tails: Numbers, lengths: NDArray[Any], shortest: float) -> Mask:
    """Return which steps, of some length, stay where spurs go.

    Branches that become one as a spur goes are then the steps of a smaller graph, in which other
    branches may be spurs.
    """
    degrees = np.bincount(tails).astype(np.uint8)
    paths = follow(go_through(tails, degrees))
    branches = np.arange(len(paths.loops)).repeat(np.diff(paths.starts))
    far = np.bincount(branches, lengths[paths.halves >> 1], len(paths.loops))
    ends = np.stack(
        [tails[paths.halves[paths.starts[:-1]]], tails[paths.halves[paths.starts[1:] - 1] ^ 1]],
        axis=1,
    )
    stays = ~_is_spur(ends, degrees[ends], far, shortest)
    if not stays.all():
        _, inner = np.unique(ends[stays], return_inverse=True)
        stays[stays] = _stays(inner.ravel().astype(np.int32), far[stays], shortest)
    of_step = np.empty(len(lengths), np.int64)
    of_step[paths.halves >> 1] = branches
    return stays[of_step]


def _is_spur(ends: Numbers, degrees: NDArray[np.uint8], far: NDArray[Any], shortest: float) -> Mask:
    """Return which branches are spurs that go: not one of the two that a junction keeps.

    A branch that comes back to its junction is a spur, too: a lasso at the end of a line.
    """
    leads_nowhere = (degrees.min(axis=1) == 1) | (ends[:, 0] == ends[:, 1])
    spur = leads_nowhere & (degrees.max(axis=1) > 2) & (far < shortest)
    at_junction = (degrees > 2).ravel()
    node, branch = ends.ravel()[at_junction], np.arange(len(ends)).repeat(2)[at_junction]
    order = np.lexsort((-far[branch], spur[branch], node))
    node, branch = node[order], branch[order]
    rank = np.arange(len(node)) - node.searchsorted(node)
    goes = np.zeros(len(ends), bool)
    goes[branch[rank >= 2]] = True
    goes &= spur
    return goes
