"""From a graph of edge pixels to strokes: which branches of a junction are one line.

At a junction the pair of branches that turns least goes straight through, then the pair that turns
least of those that are left, as long as it turns no more than the best of three always does. Other
branches end there, on the junction's point, so that strokes that meet share a point bit for bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgecli.lines.hysteresis import list_pairs
from edgecli.records import dataclass
from edgecli.strokes.base import Strokes
from edgecli.strokes.following import REACH, Paths, follow, go_through, greedy_pairs, look_ahead
from edgecli.strokes.graph import Graph, Mask, Numbers
from edgecli.strokes.runs import dots

MOST_TURN = np.radians(60.5)
"""Of three branches two always go on with a turn of 60° or less."""

AT_ONCE = 2**16
"""Points that are compared with those after them: what fits a cache."""


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

    def after(self) -> Numbers:
        """Return the place of the node after each: of the last one, itself, or a loop's first."""
        after = np.arange(1, len(self.order) + 1, dtype=np.int32)
        last = self.starts[1:] - 1
        after[last] = np.where(self.closed, self.starts[:-1], last)
        return after

    def lengths(self, graph: Graph) -> NDArray[np.float64]:
        """Return the length of each chain; that of a loop with the way back to its first point."""
        if not len(self):
            return np.empty(0)
        far = graph.distances(self.order, self.order[self.after()])
        return np.add.reduceat(far, self.starts[:-1])

    def strokes(self, graph: Graph) -> Strokes:
        """Return the chains as strokes."""
        nodes = graph.located(self.order)
        return Strokes(nodes.points, nodes.strength, nodes.angle, self.starts, self.closed)


def join(graph: Graph) -> Chains:
    """Return the lines of a graph, then its single pixels."""
    degrees = graph.degrees()
    mate = go_through(graph.tails, degrees)
    _mate_straightest(graph, mate, degrees)
    lines = _visited(graph, follow(mate), degrees)
    del mate
    _untangle(graph, lines)
    (dots,) = (graph.alive & (degrees == 0)).nonzero()
    return Chains(
        np.append(lines.order, dots.astype(np.int32)),
        np.append(lines.starts, lines.starts[-1] + np.arange(1, len(dots) + 1)),
        np.append(lines.closed, np.zeros(len(dots), bool)),
    )


def _visited(graph: Graph, paths: Paths, degrees: NDArray[np.uint8]) -> Chains:
    """Return the nodes that lines visit; a line that comes back to where it began is closed.

    A step between two junctions that no line takes through either is left out: lines meet at both.
    """
    steps = np.diff(paths.starts)
    first = graph.tails[paths.halves[paths.starts[:-1]]]
    final = graph.heads(paths.halves[paths.starts[1:] - 1])
    closed = paths.loops | ((first == final) & (steps > 2))
    order = np.insert(graph.tails[paths.halves], paths.starts[1:][~closed], final[~closed])
    chains = Chains(order, _starts(steps + ~closed), closed)
    between = (steps == 1) & (degrees[first] > 2) & (degrees[final] > 2)
    return chains.select(~between) if between.any() else chains


def _untangle(graph: Graph, chains: Chains) -> None:
    """Swap points that follow each other where that shortens the way, by squares of its steps.

    The pixels at a corner of a stair may be located in the opposite order along the edge. Of points
    a, b, c, d it is (c − b) · (d − a) that tells: b and c change places where that is negative.
    """
    order, after = chains.order, chains.after()
    back = np.zeros(len(order), bool)
    for start in range(0, len(order), AT_ONCE):
        a = np.arange(start, min(start + AT_ONCE, len(order)))
        b = after[a]
        c = after[b]
        d = after[c]
        step = graph.points(order[c]) - graph.points(order[b])
        way = graph.points(order[d]) - graph.points(order[a])
        back[a] = (dots(step, way) < 0) & (d != c) & (d != a)
    (a,) = back.nonzero()
    beside = np.zeros(len(order), bool)  # of two swaps that would overlap, neither is made
    beside[after[a]] = True
    a = a[~(beside[a] | back[after[a]])]
    b, c = after[a], after[after[a]]
    order[b], order[c] = order[c], order[b]


def _mate_straightest(graph: Graph, mate: Numbers, degrees: NDArray[np.uint8]) -> None:
    """Let lines go straight through junctions: fill in the mates of their half-edges."""
    (halves,) = (degrees[graph.tails] > 2).nonzero()
    halves = halves[graph.tails[halves].argsort(kind="stable")]
    node = graph.tails[halves]
    way = look_ahead(graph, mate, halves, REACH)
    a, b = list_pairs(np.arange(1, len(node) + 1), node.searchsorted(node, "right"))
    straight = -dots(way.take(a, axis=0), way.take(b, axis=0))
    smooth = straight >= np.cos(MOST_TURN)
    for one, other in greedy_pairs(a[smooth], b[smooth], -straight[smooth], len(halves)):
        mate[halves[one]], mate[halves[other]] = halves[other], halves[one]


def _starts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.append(0, counts.cumsum())
