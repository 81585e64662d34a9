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
from edgecli.strokes.base import Located, Points

Numbers = NDArray[Any]
"""Of nodes or half-edges: where there are many, of 32 bits, which is half the memory."""

Mask = NDArray[np.bool_]

NEAR = 0.746
"""Pixels from a node of several pixels to the centre of each, at most. In a square of 2 × 2 they
are 0.71 from the middle, and of three of them 0.745 from their mean."""


@dataclass(frozen=True, eq=False)
class Merged:
    """Pixels that are one node together, which has the number of the first of them, its root.

    ``roots`` are in order, ``middles`` what is there then; ``gone`` are the other pixels, and
    ``into`` the root of each.
    """

    roots: Numbers
    middles: Located
    gone: Numbers
    into: Numbers


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes, numbered as the pixels are, and steps between them.

    ``gaps`` are pairs of nodes that a step leads between though they do not touch.
    """

    pixels: Located
    merged: Merged
    alive: Mask  # (N,): which pixels are nodes
    tails: Numbers  # (2 · steps,)
    gaps: Numbers  # (M, 2)

    def heads(self, halves: Numbers) -> Numbers:
        """Return the nodes that half-edges lead to."""
        heads: Numbers = self.tails.take(halves ^ 1)
        return heads

    def degrees(self) -> NDArray[np.uint8]:
        """Return how many half-edges leave each node."""
        return np.bincount(self.tails, minlength=len(self.alive)).astype(np.uint8)

    def located(self, nodes: Numbers) -> Located:
        """Return where nodes are, and how strong."""
        found = self.pixels.select(nodes)
        which, places = self._merged_among(nodes)
        middles = self.merged.middles
        found.points[which] = middles.points[places]
        found.strength[which] = middles.strength[places]
        found.angle[which] = middles.angle[places]
        return found

    def points(self, nodes: Numbers) -> Points:
        """Return where nodes are."""
        found = self.pixels.points.take(nodes, axis=0)
        which, places = self._merged_among(nodes)
        found[which] = self.merged.middles.points[places]
        return found

    def moved(self, points: Points) -> Graph:
        """Return the graph with all of its nodes elsewhere."""
        middles = replace(self.merged.middles, points=points[self.merged.roots])
        return replace(
            self,
            pixels=replace(self.pixels, points=points),
            merged=replace(self.merged, middles=middles),
        )

    def distances(self, nodes: Numbers, others: Numbers) -> NDArray[np.float64]:
        """Return how far it is from nodes to others."""
        ways = self.points(others)
        ways -= self.points(nodes)
        far: NDArray[np.float64] = np.hypot(*ways.T)
        return far

    def _merged_among(self, nodes: Numbers) -> tuple[Numbers, Numbers]:
        """Return which of some nodes are of several pixels, and their places among such nodes."""
        several = np.zeros(len(self.alive), bool)
        several[self.merged.roots] = True
        (which,) = several[nodes].nonzero()
        return which, self.merged.roots.searchsorted(nodes[which])

    def select(self, steps: Mask) -> Graph:
        """Return the graph of some of its steps; nodes that lose all of theirs go, too."""
        pairs = self.tails.reshape(-1, 2)
        alive = self.alive.copy()
        alive[pairs[~steps]] = False
        tails = pairs[steps].ravel()
        alive[tails] = True
        return replace(self, alive=alive, tails=tails)


def connect(pixels: Located) -> Graph:
    """Return the graph of edge pixels."""
    steps, thick = _neighbours(pixels.place, pixels.width)
    degrees = np.bincount(steps.ravel(), minlength=len(pixels)).astype(np.uint8)
    members, root = _compact(thick | (degrees > 2), steps, pixels)
    alive = np.ones(len(pixels), bool)
    apart = members != root
    gone, into = members[apart], root[apart]
    if len(gone):
        alive[gone] = False
        first = np.arange(len(pixels), dtype=np.int32)
        first[gone] = into
        steps = first.take(steps)
        steps = steps.take((steps[:, 0] != steps[:, 1]).nonzero()[0], axis=0)
    merged = _merge(pixels, gone, into)
    return Graph(pixels, merged, alive, steps.ravel(), np.empty((0, 2), np.int32))


def _neighbours(place: Positions, width: int) -> tuple[Numbers, Mask]:
    """Return the steps ``(M, 2)`` between pixels, and which are part of a square of 2 × 2.

    Each pixel looks to the right and down, where up to three pixels follow each other in order.
    """
    apart = np.append(place + place // width, -1)  # a gap after every row, so that rows do not meet
    east = apart[1:] == apart[:-1] + 1
    west = np.append(False, east[:-1])[: len(place)]
    corner = apart[:-1] + width  # below and to the left
    below = apart[:-1].searchsorted(corner).astype(np.int32)
    southwest = apart[below] == corner
    south = apart[below + southwest] == corner + 1
    southeast = apart[below + southwest + south] == corner + 2
    del apart, corner

    here = np.arange(len(place), dtype=np.int32)
    found = [
        np.stack([here[there], ahead[there]], axis=1)
        for there, ahead in (
            (east, here + 1),
            (south, below + southwest),
            (southwest & ~south & ~west, below),
            (southeast & ~south & ~east, below + southwest),
        )
    ]
    (left,) = (east & south & southeast).nonzero()
    under = below[left] + southwest[left]
    thick = np.zeros(len(place), bool)
    thick[np.concatenate([left, left + 1, under, under + 1])] = True
    return np.concatenate(found), thick


def _compact(junction: Mask, steps: Numbers, pixels: Located) -> tuple[Numbers, Numbers]:
    """Return the pixels of junctions, and the first one of the cluster that each is merged into.

    Those that touch are a cluster if they fit into a square of 2 × 2.
    """
    (members,) = junction.nonzero()
    number = np.zeros(len(junction), np.int32)
    own = np.arange(len(members))
    number[members] = own
    inner = steps[junction[steps[:, 0]] & junction[steps[:, 1]]]
    roots = join_roots(own.copy(), *number[inner].T)
    low, high = _boxes(_centres(pixels.place[members], pixels.width), roots)
    across, down = (high - low).T
    fits = (across < 2) & (down < 2)
    return members, members[np.where(fits[roots], roots, own)]


def _centres(place: Positions, width: int) -> Points:
    row, column = np.divmod(place, width)
    return np.stack([column, row], axis=1) + 0.5


def _boxes(points: Points, cluster: Numbers) -> tuple[Points, Points]:
    """Return the least and the largest x and y of each cluster, at the cluster's number."""
    low, high = points.copy(), points.copy()
    np.minimum.at(low, cluster, points)
    np.maximum.at(high, cluster, points)
    return low, high


def _merge(pixels: Located, gone: Numbers, into: Numbers) -> Merged:
    """Return what is in the middle of the points of every cluster."""
    roots, cluster = np.unique(into, return_inverse=True)
    members = pixels.select(np.append(roots, gone))
    cluster = np.append(np.arange(len(roots)), cluster)
    size = np.bincount(cluster)

    def mean(values: NDArray[Any]) -> NDArray[Any]:
        return np.bincount(cluster, values) / size

    middles = Located(
        pixels.width,
        pixels.place[roots],
        _brought_near(
            np.stack([mean(along) for along in members.points.T], axis=1), members, cluster
        ),
        mean(members.strength),
        np.arctan2(mean(np.sin(members.angle)), mean(np.cos(members.angle))),
        pixels.placing,
    )
    return Merged(roots, middles, gone, into)


def _brought_near(points: Points, members: Located, cluster: Numbers) -> Points:
    """Return the points of clusters, moved until the centres of all their pixels are ``NEAR``.

    A point p moves towards the middle of the pixels, as far as one of them needs: p + t·e is that
    near to a centre c from the first t on that solves |c − p − t·e| = NEAR, in pixels of the map.
    """
    centres, scale = members.centres(), np.array(members.placing.scale)
    low, high = _boxes(centres, cluster)
    ways = (low + high)[: len(points)] / 2 - points
    offset, way = (centres - points[cluster]) / scale, (ways / scale)[cluster]
    square = np.maximum((way * way).sum(axis=1), 1e-12)
    half = (offset * way).sum(axis=1) / square
    excess = (offset * offset).sum(axis=1) - NEAR**2
    needed = np.where(excess > 0, half - np.sqrt(np.maximum(half**2 - excess / square, 0)), 0)
    share = np.zeros(len(points))
    np.maximum.at(share, cluster, needed)
    return points + share.clip(0, 1)[:, np.newaxis] * ways
