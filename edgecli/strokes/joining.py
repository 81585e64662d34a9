"""From a graph of edge pixels to strokes: which branches of a junction are one line.

At a junction the pair of branches that turns least goes straight through, then the pair that turns
least of those that are left, as long as it turns no more than the best of three always does. Other
branches end there, on the junction's point, so that strokes that meet share a point bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.records import dataclass
from edgecli.strokes.base import Strokes
from edgecli.strokes.following import follow, go_through, look_ahead
from edgecli.strokes.graph import Graph, Mask, Numbers

REACH = 5
"""Points ahead of a junction, or of an end, that tell where a branch leads."""

MOST_TURN = np.radians(60.5)
"""Of three branches two always go on with a turn of 60° or less."""


@dataclass(frozen=True, eq=False)
class Chains:
    """Strokes as the nodes they visit: chain n has ``order[starts[n] : starts[n + 1]]``."""

    order: Numbers
    starts: NDArray[np.int64]
    closed: Mask

    def __len__(self) -> int:
        return len(self.closed)

    def select(self, chosen: Mask) -> Chains:
        """Return some of the chains."""
        counts = np.diff(self.starts)
        order = self.order[chosen.repeat(counts)]
        return Chains(order, _starts(counts[chosen]), self.closed[chosen])

    def lengths(self, graph: Graph) -> NDArray[np.float64]:
        """Return the length of each chain; that of a loop with the way back to its first point."""
        after = np.arange(1, len(self.order) + 1, dtype=np.int32)
        last = self.starts[1:] - 1
        after[last] = np.where(self.closed, self.starts[:-1], last)
        points = graph.nodes.points
        steps = points[self.order[after]] - points[self.order]
        far = np.hypot(*steps.T)
        return np.add.reduceat(far, self.starts[:-1]) if len(self) else np.empty(0)

    def strokes(self, graph: Graph) -> Strokes:
        """Return the chains as strokes."""
        nodes, order = graph.nodes, self.order
        given = nodes.points, nodes.strength, nodes.angle
        return Strokes(*(array[order] for array in given), self.starts, self.closed)


def join(graph: Graph) -> Chains:
    """Return the lines of a graph, in the order of their first nodes.

    A step between two junctions that no line takes through either is left out: lines meet at both.
    """
    degrees = graph.degrees()
    mate = go_through(graph.tails, degrees)
    _mate_straightest(graph, mate, degrees)
    followed = follow(mate, np.ones(len(mate), np.int32))
    chosen = followed.chosen
    last, left = followed.last[chosen], followed.far[chosen]
    ends = chosen[last == chosen]
    number = np.empty(len(mate), np.int32)
    number[ends] = np.arange(len(ends))
    line = number[last]
    steps = np.bincount(line, minlength=len(ends))
    begins = left == steps[line] - 1
    first, final = np.empty(len(ends), np.int32), graph.heads(ends)
    first[line[begins]] = graph.tails[chosen[begins]]
    closed = followed.loops[ends] | ((first == final) & (steps > 2))
    bridge = (steps == 1) & (degrees[first] > 2) & (degrees[final] > 2)

    (dots,) = (graph.alive & (degrees == 0)).nonzero()
    counts = np.append(steps + ~closed, np.ones(len(dots), np.int64))
    sequence = np.append(first, dots).argsort(kind="stable")
    starts = _starts(counts[sequence])
    start = np.empty(len(counts), np.int64)
    start[sequence] = starts[:-1]
    order = np.empty(starts[-1], np.int32)
    order[start[line] + steps[line] - 1 - left] = graph.tails[chosen]
    order[(start[: len(ends)] + steps)[~closed]] = final[~closed]
    order[start[len(ends) :]] = dots
    none = np.zeros(len(dots), bool)
    chains = Chains(order, starts, np.append(closed, none)[sequence])
    return chains.select(~np.append(bridge, none)[sequence]) if bridge.any() else chains


def _mate_straightest(graph: Graph, mate: Numbers, degrees: NDArray[np.uint8]) -> None:
    """Let lines go straight through junctions: fill in the mates of their half-edges."""
    (halves,) = (degrees[graph.tails] > 2).nonzero()
    halves = halves[graph.tails[halves].argsort(kind="stable")].astype(np.int32)
    node = graph.tails[halves]
    way = look_ahead(graph, mate, halves, REACH)
    way /= np.maximum(np.hypot(*way.T), np.finfo(float).tiny)[:, np.newaxis]
    a, b = _pairs(node)
    straight = -(way[a] * way[b]).sum(axis=1)
    smooth = straight >= np.cos(MOST_TURN)
    for one, other in greedy_pairs(a[smooth], b[smooth], -straight[smooth], len(halves)):
        mate[halves[one]], mate[halves[other]] = halves[other], halves[one]


def _pairs(group: Numbers) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List the pairs of places that are of the same group; groups are in a row."""
    count = len(group)
    here = np.arange(count)
    later = group.searchsorted(group, "right") - here - 1
    first = here.repeat(later)
    return first, first + 1 + np.arange(len(first)) - (later.cumsum() - later).repeat(later)


def greedy_pairs(
    a: NDArray[Any], b: NDArray[Any], cost: NDArray[Any], count: int
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Yield pairs by rising cost, of ``count`` things of which each is used once.

    In every round those are taken that are the cheapest of both of theirs: the same pairs as one
    after another. Of equal ones the first goes first.
    """
    rising = cost.argsort(kind="stable")
    a, b = a[rising], b[rising]
    while len(a):
        places = np.arange(len(a))
        best = np.full(count, len(a))
        np.minimum.at(best, a, places)
        np.minimum.at(best, b, places)
        taken = (best[a] == places) & (best[b] == places)
        yield a[taken], b[taken]
        used = np.zeros(count, bool)
        used[a[taken]] = used[b[taken]] = True
        free = ~(used[a] | used[b])
        a, b = a[free], b[free]


def _starts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.append(0, counts.cumsum())
