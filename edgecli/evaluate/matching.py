"""Which edge pixels of two maps belong together: one to one, as many as can be, as near as can be.

Benchmarks of edges match by a minimum-cost assignment (D. Martin, C. Fowlkes and J. Malik,
"Learning to detect natural image boundaries using local brightness, color, and texture cues", IEEE
TPAMI 26, 2004); theirs draws outliers at random and comes near the optimum. Here every pixel of the
smaller side has an outlier of its own, which makes the optimum exact, and always the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from edgecli.geometry import bands
from edgecli.records import dataclass

Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]

COST = 100
"""Costs are whole hundredths of a pixel, as in the original benchmark."""

OUTLIER = 100
"""What having no partner costs, as a multiple of the largest distance: dearer than any chain."""

FEWEST_PAIRS = 2000
"""Pairs that are assigned together. A search for a partner clears the marks of every pixel, so that
islands of pixels that touch no other are searched apart, a few at a time, as measured."""

LOOKED_AT = 2**20
"""Places that are looked at together for partners, of 16 bytes each: a large distance has many."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pixels within a distance of each other, by their numbers in either map, and what it costs."""

    few: Numbers
    many: Numbers
    cost: NDArray[np.float64]

    def select(self, chosen: NDArray[np.int64] | slice) -> Pairs:
        """Return some of the pairs."""
        return Pairs(self.few[chosen], self.many[chosen], self.cost[chosen])


def match(ours: Mask, theirs: Mask, distance: float) -> tuple[Mask, Mask]:
    """Return which pixels of two maps ``(H, W)`` have a partner within ``distance`` pixels.

    Most pairs come first, then the least sum of distances.

    >>> ours, theirs = np.zeros((2, 3, 8), bool)
    >>> ours[1, 1:4], theirs[1, 3:7] = True, True
    >>> [int(side.sum()) for side in match(ours, theirs, 2)]
    [3, 3]
    """
    matched = np.zeros(ours.shape, bool), np.zeros(theirs.shape, bool)
    one, other = np.flatnonzero(ours), np.flatnonzero(theirs)
    if not (len(one) and len(other)):
        return matched
    for island in _islands(_pairs(one, theirs, distance)):
        first, second = _assign(island, math.ceil(COST * distance * OUTLIER))
        matched[0].put(one[first], True)
        matched[1].put(other[second], True)
    return matched


def _pairs(ours: Numbers, theirs: Mask, distance: float) -> Pairs:
    """Return every pair within the distance."""
    height, width = theirs.shape
    down, right, cost = _disc(distance)
    reach = math.ceil(distance)
    numbers = np.full((height + 2 * reach, width + 2 * reach), -1, np.int32)
    inside = numbers[reach : reach + height, reach : reach + width]
    inside[theirs] = np.arange(np.count_nonzero(theirs))
    pitch = numbers.shape[1]
    place = (ours // width + reach) * pitch + ours % width + reach
    few, many, costs = [], [], []
    for start, stop in bands(len(place), max(1, LOOKED_AT // len(down))):
        found = numbers.reshape(-1).take(place[start:stop, np.newaxis] + (down * pitch + right))
        one, step = (found >= 0).nonzero()
        few.append(one + start)
        many.append(found[one, step].astype(np.int64))
        costs.append(cost[step])
    return Pairs(np.concatenate(few), np.concatenate(many), np.concatenate(costs))


@cache
def _disc(distance: float) -> tuple[Numbers, Numbers, NDArray[np.float64]]:
    """Return the steps, down and to the right, that are no longer than a distance, and costs."""
    reach = math.ceil(distance)
    down, right = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    near = down * down + right * right <= distance * distance
    down, right = down[near], right[near]
    return down, right, np.rint(COST * np.hypot(down, right))


def _islands(pairs: Pairs) -> Iterator[Pairs]:
    """Yield pairs that share no pixel with any others, in groups, each in order."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(pairs.few):
        return
    ours = int(pairs.few.max()) + 1
    nodes = ours + int(pairs.many.max()) + 1
    joined = np.ones(len(pairs.few), np.int8), (pairs.few, pairs.many + ours)
    _, island = connected_components(coo_array(joined, shape=(nodes, nodes)), directed=False)
    sizes = np.bincount(island[pairs.few], minlength=nodes)
    group = ((np.cumsum(sizes) - sizes) // FEWEST_PAIRS)[island[pairs.few]]
    pairs = pairs.select(np.argsort(group, kind="stable"))
    cuts = np.flatnonzero(np.diff(np.sort(group))) + 1
    for start, stop in zip([0, *cuts], [*cuts, len(group)], strict=True):
        yield pairs.select(slice(start, stop))


def _assign(pairs: Pairs, outlier: float) -> tuple[Numbers, Numbers]:
    """Return the pairs of the cheapest assignment; SciPy wants rows no more than columns."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    rows, row = np.unique(pairs.few, return_inverse=True)
    cols, col = np.unique(pairs.many, return_inverse=True)
    if len(rows) > len(cols):
        turned = np.argsort(col, kind="stable")
        swapped = Pairs(pairs.many[turned], pairs.few[turned], pairs.cost[turned])
        return _assign(swapped, outlier)[::-1]
    count = len(rows)
    ends = row.searchsorted(np.arange(count), "right")
    places = np.insert(col, ends, len(cols) + np.arange(count))
    costs = np.insert(pairs.cost, ends, outlier) + 1  # a cost of 0 would count as no pair
    starts = np.concatenate([[0], ends + np.arange(1, count + 1)])
    graph = csr_array((costs, places, starts), shape=(count, len(cols) + count))
    one, other = min_weight_full_bipartite_matching(graph)
    real = other < len(cols)
    return rows[one[real]], cols[other[real]]
