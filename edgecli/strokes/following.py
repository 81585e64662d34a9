"""Following lines from half-edge to half-edge, all of them at once, by pointer jumping.

``mate[h]`` is the half-edge by which a line that comes to the node that h leaves, by h ^ 1, goes on;
it is −1 where the line ends. ``follow`` doubles, round by round, how far every half-edge looks ahead
(Wyllie 1979), so that the number of rounds grows with the logarithm of the longest line.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.records import dataclass
from edgecli.strokes.base import Points
from edgecli.strokes.graph import Graph, Mask, Numbers


def go_through(tails: Numbers, degrees: NDArray[np.uint8]) -> Numbers:
    """Return the mates at nodes that two half-edges leave; all others have none."""
    halves = np.arange(len(tails), dtype=np.int32)
    one = np.empty(len(degrees), np.int32)
    one[tails] = halves  # the last of those that leave a node
    (other,) = ((one[tails] != halves) & (degrees[tails] == 2)).nonzero()
    last = one[tails[other]]
    mate = np.full(len(tails), -1, np.int32)
    mate[other] = last
    mate[last] = other
    return mate


@dataclass(frozen=True, eq=False)
class Followed:
    """Where each half-edge's line ends: its last half-edge, and how far that is.

    A loop is cut: its first half-edge is the least, and ``loops`` are its last ones.
    """

    last: Numbers
    far: NDArray[Any]
    loops: Mask

    @property
    def chosen(self) -> Numbers:
        """Return the half-edges of every line in one of its two directions."""
        there, back = self.last.reshape(-1, 2).T
        return (2 * np.arange(len(there)) + (there > back)).astype(np.int32)


def follow(mate: Numbers, length: NDArray[Any]) -> Followed:
    """Follow every half-edge to the end of its line.

    ``length`` is how far it is from each half-edge to the next one.
    """
    count = len(mate)
    halves = np.arange(count, dtype=np.int32)
    ahead = mate[halves ^ 1]
    ends = ahead < 0
    ahead[ends] = halves[ends]
    far = length.copy()
    far[ends] = 0
    going = halves[~ends[ahead]]  # a half-edge whose next is the last one has arrived
    going = _jump(ahead, far, going, ends)
    loops = np.zeros(count, bool)
    if len(going):
        ahead[going], far[going] = mate[going ^ 1], length[going]
        cut = going[_firsts(ahead, going)]
        (before,) = np.isin(ahead[going], cut).nonzero()
        before = going[before]
        loops[before] = ends[before] = True
        ahead[before], far[before] = before, 0
        _jump(ahead, far, going[~ends[ahead[going]]], ends)
    return Followed(ahead, far, loops)


def _jump(ahead: Numbers, far: NDArray[Any], going: Numbers, ends: Mask) -> Numbers:
    """Look ahead twice as far until all arrive; return those that never do, as they are of loops.

    As long as a line is not followed to its end, some half-edges of it arrive in every round.
    """
    while len(going):
        through = ahead[going]
        far[going] += far[through]
        ahead[going] = beyond = ahead[through]
        left = going[~ends[beyond]]
        if len(left) == len(going):
            return left
        going = left
    return going


def _firsts(ahead: Numbers, going: Numbers) -> Mask:
    """Return which half-edges are the least of their loops."""
    places = np.searchsorted(going, ahead[going])
    least = np.arange(len(going))
    while True:
        less = np.minimum(least, least[places])
        if np.array_equal(less, least):
            return least == np.arange(len(going))
        least, places = less, places[places]


def look_ahead(graph: Graph, mate: Numbers, halves: Numbers, steps: int) -> Points:
    """Return the directions ``(n, 2)`` in which half-edges set out, measured over some steps.

    That is the sum of the ways from their node to the next ones of the line.
    """
    points = graph.nodes.points
    origin = points[graph.tails[halves]]
    way = np.zeros_like(origin)
    on, which = halves, np.arange(len(halves))
    for _ in range(steps):
        way[which] += points[graph.heads(on)] - origin[which]
        on = mate[on ^ 1]
        which, on = which[on >= 0], on[on >= 0]
    return way
