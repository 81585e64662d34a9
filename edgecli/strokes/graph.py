"""Edge pixels as a graph: a node for every pixel, and steps between those that touch.

A step is two **half-edges**, one each way: half-edge h leaves the node ``tails[h]``, and h ^ 1
leads back. Whatever follows lines goes from half-edge to half-edge, so that each line is there
twice, once in either direction.

Pixels that touch at a corner are joined only where no neighbour of both is there to go through
(m-adjacency: Gonzalez and Woods, *Digital Image Processing*, 2.5). So staircases are walked along
their steps, each pixel once, and a branch leaves a line at one pixel rather than at three.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.lines.hysteresis import join_roots
from edgecli.lines.positions import Positions
from edgecli.records import dataclass, replace
from edgecli.strokes.base import Located

Numbers = NDArray[Any]
"""Of nodes or half-edges: where there are many, of 32 bits, which is half the memory."""

Mask = NDArray[np.bool_]

COMPACT = 1.25
"""Pixels of junctions that touch are one point where all lie within this of their middle: squares
of 2 × 2 (0.71), a row of three (1) and blocks of 2 × 3 (1.12), but not what has a shape of its own.
"""


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes, numbered as the pixels are, and steps between them.

    Pixels merged into one node are not ``alive`` but for the first of them, whose number it has.
    ``gaps`` are pairs of nodes that a step leads between though they do not touch.
    """

    nodes: Located
    first: Numbers  # (N,): of the node that each pixel is merged into
    alive: Mask  # (N,)
    tails: Numbers  # (2 · steps,)
    gaps: Numbers  # (M, 2)

    def heads(self, halves: Numbers) -> Numbers:
        """Return the nodes that half-edges lead to."""
        heads: Numbers = self.tails[halves ^ 1]
        return heads

    def degrees(self) -> NDArray[np.uint8]:
        """Return how many half-edges leave each node."""
        return np.bincount(self.tails, minlength=len(self.alive)).astype(np.uint8)

    def select(self, steps: Mask) -> Graph:
        """Return the graph of some of its steps; nodes that lose all of theirs go, too."""
        lost = self.tails.reshape(-1, 2)[~steps].ravel()
        tails = self.tails.reshape(-1, 2)[steps].ravel()
        alive = self.alive.copy()
        alive[lost] = False
        alive[tails] = True
        return replace(self, alive=alive, tails=tails)


def connect(located: Located) -> Graph:
    """Return the graph of edge pixels."""
    steps, thick = _neighbours(located.place, located.width)
    degrees = np.bincount(steps.ravel(), minlength=len(located))
    first = _compact(thick | (degrees > 2), steps, located)
    alive = first == np.arange(len(first))
    if not alive.all():
        located = _merged(located, first)
        steps = first[steps]
        steps = steps[steps[:, 0] != steps[:, 1]]
    return Graph(located, first, alive, steps.ravel(), np.empty((0, 2), np.int32))


def _neighbours(place: Positions, width: int) -> tuple[Numbers, Mask]:
    """Return the steps ``(M, 2)`` between pixels, and which are part of a square of 2 × 2.

    Each pixel looks to the right and down, where up to three pixels follow each other in order.
    """
    count = len(place)
    apart = place + place // width  # a gap after every row, so that rows do not touch at their ends
    east = np.zeros(count, bool)
    np.equal(apart[1:], apart[:-1] + 1, out=east[:-1])
    west = np.zeros(count, bool)
    west[1:] = east[:-1]
    below = apart + width  # the pixel below and to the left
    found = apart.searchsorted(below)
    apart = np.append(apart, [-1, -1, -1])

    steps = [_listed(east, 1)]
    here = np.arange(count)
    is_there = {}
    place_of = {}
    for shift, name in enumerate(("southwest", "south", "southeast")):
        is_there[name] = apart[found] == below + shift
        place_of[name] = found
        found = found + is_there[name]
    south = is_there["south"]
    for name, joined in (
        ("south", south),
        ("southwest", is_there["southwest"] & ~south & ~west),
        ("southeast", is_there["southeast"] & ~south & ~east),
    ):
        steps.append(np.stack([here[joined], place_of[name][joined]], axis=1).astype(np.int32))
    (corner,) = (east & south & is_there["southeast"]).nonzero()
    thick = np.zeros(count, bool)
    opposite = place_of["southeast"][corner]
    for part in (corner, corner + 1, opposite - 1, opposite):
        thick[part] = True
    return np.concatenate(steps), thick


def _listed(joined: Mask, ahead: int) -> Numbers:
    (here,) = joined.nonzero()
    return np.stack([here, here + ahead], axis=1).astype(np.int32)


def _compact(junction: Mask, steps: Numbers, located: Located) -> Numbers:
    """Return for every pixel the first of its cluster: pixels of junctions that are one point."""
    (members,) = junction.nonzero()
    number = np.zeros(len(junction), np.int32)
    number[members] = np.arange(len(members))
    inner = steps[junction[steps].all(axis=1)]
    roots = join_roots(np.arange(len(members)), *number[inner].T)
    y, x = np.divmod(located.place[members], located.width)
    size = np.bincount(roots, minlength=len(members))
    off = np.zeros(len(members))
    for along in (x, y):
        middle = np.bincount(roots, along, len(members))[roots] / size[roots]
        off += (along - middle) ** 2
    furthest = np.zeros(len(members))
    np.maximum.at(furthest, roots, off)
    roots = np.where(furthest[roots] <= COMPACT**2, roots, np.arange(len(members)))
    first = np.arange(len(junction), dtype=np.int32)
    first[members] = members[roots]
    return first


def _merged(located: Located, first: Numbers) -> Located:
    """Move the first pixel of every cluster to the middle of its points."""
    (members,) = (first != np.arange(len(first))).nonzero()
    roots, cluster = np.unique(first[members], return_inverse=True)
    members = np.append(members, roots)
    cluster = np.append(cluster, np.arange(len(roots)))
    size = np.bincount(cluster)

    def mean(values: NDArray[Any]) -> NDArray[Any]:
        return np.bincount(cluster, values[members]) / size

    points, strength, angle = located.points.copy(), located.strength.copy(), located.angle.copy()
    points[roots] = np.stack([mean(along) for along in located.points.T], axis=1)
    strength[roots] = mean(located.strength)
    angle[roots] = np.arctan2(mean(np.sin(located.angle)), mean(np.cos(located.angle)))
    return Located(located.width, located.place, points, strength, angle)
