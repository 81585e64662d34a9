"""Hysteresis: weak edges stay where they are connected to a strong one.

Exact, and in bands. Each row's weak pixels form runs; touching runs of neighbouring rows belong to
one component. A band finds and joins its runs by itself, on any thread; bands are then joined at
their seams, and a component stays if one of its pixels is strong. Only the runs of an image are
kept, so memory follows the edges.

Positions count along rows laid end to end with a gap of one after each, row · (W + 1) + column, so
that runs of different rows never touch by accident.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.geometry import bands
from edgecli.lines.positions import WORD, Positions, positions
from edgecli.records import dataclass, replace
from edgecli.rows.memory import Memory
from edgecli.rows.workers import for_each

BAND_ROWS = 256

SPARSE = 1 / 10
"""Share of a band's pixels up to which listing the weak ones is faster, as measured."""

SHORT_RUN = 4
"""Pixels of runs that are painted one after another: thinned lines seldom have longer ones."""

PIXELS_PER_SEARCH = 48
"""Pixels that are counted along in the time of one search, as measured."""


@dataclass(frozen=True)
class Runs:
    """The runs of weak pixels of one band, in order.

    ``starts`` and ``stops`` are positions in the image, ``roots`` names each run's component in
    this band by one of its runs, and of those ``strong`` marks the ones of components with a strong
    pixel. ``pitch`` is the length of a row, W + 1; ``corners`` tells whether pixels also touch at
    their corners.
    """

    starts: Positions
    stops: Positions
    strong: NDArray[np.bool_]
    roots: Positions
    pitch: int
    corners: bool

    def moved(self, rows: int) -> Runs:
        """Return the runs moved down by ``rows``."""
        offset = rows * self.pitch
        return replace(self, starts=self.starts + offset, stops=self.stops + offset)

    def select(self, chosen: slice) -> Runs:
        """Return some of the runs."""
        return Runs(
            self.starts[chosen],
            self.stops[chosen],
            self.strong[chosen],
            self.roots[chosen],
            self.pitch,
            self.corners,
        )


def find_runs(
    strength: NDArray[Any],
    low: float,
    high: float,
    memory: Memory,
    *,
    corners: bool = True,
) -> Runs:
    """Find what exceeds ``low`` in a band ``(rows, W)``, placed as if it were the image's first.

    A pixel is strong if it exceeds ``high`` as well. NaN exceeds nothing.
    """
    rows, width = strength.shape
    pitch = width + 1
    # One pixel that is not weak comes before the first, in a word of its own.
    line = memory.take((WORD + rows * pitch,), bool)
    line[:WORD] = False
    weak = line[WORD:].reshape(rows, pitch)
    weak[:, width] = False
    np.greater(strength, low, out=weak[:, :width])
    high = max(high, low)
    if np.count_nonzero(weak) > SPARSE * strength.size:
        starts, stops, strong = _runs_in_band(line[WORD - 1 :], strength, high)
        return _joined(starts, stops, strong, pitch, corners)
    found = positions(weak)
    return _runs_among(found, strength.take(found - found // pitch) > high, pitch, corners)


def runs_of_peaks(
    found: Positions, strength: NDArray[Any], high: float, width: int, *, corners: bool = True
) -> Runs:
    """Find the runs of weak pixels that are listed already: by position, with their strengths."""
    return _runs_among(found + found // width, strength > high, width + 1, corners)


def _joined(
    starts: Positions, stops: Positions, strong: NDArray[np.bool_], pitch: int, corners: bool
) -> Runs:
    """Join the runs that touch; ``strong`` marks those with a strong pixel."""
    alone = Runs(starts, stops, strong, np.arange(len(starts)), pitch, corners)
    first, last = _count(alone) if _is_dense(alone) else _search(alone, alone)
    touching = last - first
    hooked = alone.roots.copy()
    (one,) = (touching > 0).nonzero()
    hooked[one] = last.take(one) - 1
    (several,) = (touching > 1).nonzero()  # few: all others are joined already
    here, above = list_pairs(first.take(several), last.take(several) - 1)
    roots = join_roots(_flat(hooked), several.take(here), above)
    marked = np.zeros(len(roots), bool)
    marked[roots[strong]] = True
    return Runs(starts, stops, marked, roots, pitch, corners)


def _runs_in_band(
    line: NDArray[np.bool_], strength: NDArray[Any], high: float
) -> tuple[Positions, Positions, NDArray[np.bool_]]:
    """Return where runs start and stop and which are strong; ``line`` marks weak pixels."""
    (turns,) = (line[1:] != line[:-1]).nonzero()
    starts, stops = turns[::2], turns[1::2]
    strong = np.zeros(len(starts), bool)
    found = np.flatnonzero(strength > high)
    strong[starts.searchsorted(found + found // strength.shape[1], "right") - 1] = True
    return starts, stops, strong


def _runs_among(weak: Positions, over: NDArray[np.bool_], pitch: int, corners: bool) -> Runs:
    """Find runs from the positions of the weak pixels and which are strong: faster for few."""
    turns = np.ones(len(weak) + 1, bool)  # where a run begins or the one before has ended
    np.not_equal(weak[1:], weak[:-1] + 1, out=turns[1:-1])
    (first,), (last,) = turns[:-1].nonzero(), turns[1:].nonzero()
    starts, stops = weak.take(first), weak.take(last) + 1
    count = over.cumsum(dtype=np.int32)  # of strong pixels, up to each
    strong = count.take(last) >= count.take(first) + ~over.take(first)
    return _joined(starts, stops, strong, pitch, corners)


def keep_connected(found: Sequence[Runs]) -> list[NDArray[np.bool_]]:
    """Return for every band which of its runs are connected to a strong pixel.

    ``found`` has the bands of an image, one or more, from top to bottom.
    """
    offsets = np.cumsum([0, *(len(runs.starts) for runs in found)])
    strong = np.concatenate([runs.strong for runs in found])
    pairs = []
    for n, (above, below) in enumerate(pairwise(found)):
        lower, upper = _seam(above, below)
        ends = above.roots[upper] + offsets[n], below.roots[lower] + offsets[n + 1]
        pairs.append(np.stack(ends))
    if pairs:
        nodes, places = np.unique(np.concatenate(pairs, axis=1), return_inverse=True)
        component = join_roots(np.arange(len(nodes)), *places.reshape(2, -1))
        joined = np.zeros(len(nodes), bool)
        joined[component[strong[nodes]]] = True
        strong[nodes] = joined[component]
    parts = zip(found, pairwise(offsets), strict=True)
    return [strong[start:stop].take(runs.roots) for runs, (start, stop) in parts]


def _seam(above: Runs, below: Runs) -> tuple[Positions, Positions]:
    """Return pairs of runs that touch: one in the first row below, one in the last above."""
    if not len(below.starts):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    row = int(below.starts[0]) // below.pitch * below.pitch
    stop = np.searchsorted(below.starts, row + below.pitch)
    first = np.searchsorted(above.starts, row - above.pitch)
    here, there = list_pairs(*_search(below.select(slice(stop)), above.select(slice(first, None))))
    return here, there + first


def _search(runs: Runs, others: Runs) -> tuple[Positions, Positions]:
    """Return the others that touch each run in the row above: the first, and one past the last."""
    reach = int(runs.corners)
    first = others.stops.searchsorted(runs.starts - (runs.pitch + reach), "right")
    last = others.starts.searchsorted(runs.stops - (runs.pitch - reach), "left")
    return first, last


def _is_dense(runs: Runs) -> bool:
    """Whether there are so many runs that to search for each takes longer than to count them."""
    return len(runs.starts) > 0 and len(runs.starts) * PIXELS_PER_SEARCH > int(runs.stops[-1])


def _count(runs: Runs) -> tuple[Positions, Positions]:
    """Return what ``_search`` finds among the runs themselves, from counts along all pixels.

    Starts and stops alternate: of n of them, n // 2 are stops. They are counted a row and the reach
    further on, so that a run finds those of the row above at its own position.
    """
    reach = int(runs.corners)
    ahead = runs.pitch + reach
    turns = np.zeros(int(runs.stops[-1]) + ahead + 1, bool)
    turns[runs.starts + ahead] = turns[runs.stops + ahead] = True
    count = turns.cumsum(dtype=np.int32)
    first = count.take(runs.starts) >> 1
    last = (count.take(runs.stops + (2 * reach - 1)) + 1) >> 1
    return first.astype(np.int64), last.astype(np.int64)


def list_pairs(first: Positions, last: Positions) -> tuple[Positions, Positions]:
    """List the pairs of each thing and one of the others ``[first, last)`` that are its own."""
    counts = np.maximum(last - first, 0)
    here = np.arange(len(counts)).repeat(counts)
    skipped = (first - (counts.cumsum() - counts)).repeat(counts)
    return here, np.arange(len(here)) + skipped


def join_roots(roots: Positions, a: Positions, b: Positions) -> Positions:
    """Return the roots of all nodes once the pairs ``a``–``b`` are joined.

    Every root hooks onto a smaller one that it is paired with. Those still apart are joined in the
    same way, as a smaller graph of their own: each round removes at least every second root, so
    the number of rounds grows with the logarithm of the nodes (Shiloach and Vishkin 1982).
    """
    a, b = roots.take(a), roots.take(b)
    (apart,) = (a != b).nonzero()
    if not len(apart):
        return roots
    a, b = a.take(apart), b.take(apart)
    used = np.zeros(len(roots), bool)
    used[a] = used[b] = True
    nodes = np.flatnonzero(used)
    place = np.empty_like(roots)  # of each node among them
    hooked = place[nodes] = np.arange(len(nodes))
    a, b = place.take(a), place.take(b)
    hooked[np.maximum(a, b)] = np.minimum(a, b)
    roots[nodes] = nodes[join_roots(_flat(hooked), a, b)]
    joined: Positions = roots[roots]
    return joined


def _flat(parents: Positions) -> Positions:
    """Return the root of every node of a forest."""
    while True:
        shorter: Positions = parents.take(parents)
        if (shorter == parents).all():
            return parents
        parents = shorter


def paint(runs: Runs, kept: NDArray[np.bool_], cut: tuple[int, int]) -> NDArray[np.bool_]:
    """Return rows ``cut`` of the image, True where a kept run lies."""
    out = np.zeros((cut[1] - cut[0]) * runs.pitch, bool)
    (chosen,) = kept.nonzero()
    starts = runs.starts.take(chosen) - cut[0] * runs.pitch
    lengths = runs.stops.take(chosen) - runs.starts.take(chosen)
    for _ in range(SHORT_RUN):
        out[starts] = True
        (longer,) = (lengths > 1).nonzero()
        starts, lengths = starts.take(longer) + 1, lengths.take(longer) - 1
    before = np.cumsum(lengths) - lengths
    out[np.arange(lengths.sum()) + np.repeat(starts - before, lengths)] = True
    return out.reshape(-1, runs.pitch)[:, :-1]


def hysteresis(
    strength: NDArray[Any],
    low: float,
    high: float,
    *,
    corners: bool = True,
    threads: int | None = None,
) -> NDArray[np.bool_]:
    """Return where ``strength (H, W)`` exceeds ``low`` and is connected to more than ``high``.

    Exact. Pixels are 8-connected, as in ``cv2.Canny`` and ``skimage.feature.canny``; without
    ``corners`` 4-connected, as in ``skimage.filters.apply_hysteresis_threshold``.

    >>> line = np.array([[0, 2, 5, 2, 0, 2, 0]])
    >>> hysteresis(line, 1, 4)[0].astype(int).tolist()
    [0, 1, 1, 1, 0, 0, 0]
    """
    cuts = list(bands(len(strength), BAND_ROWS))
    found: dict[tuple[int, int], Runs] = {}

    def find(cut: tuple[int, int], memory: Memory) -> None:
        rows = strength[slice(*cut)]
        found[cut] = find_runs(rows, low, high, memory, corners=corners).moved(cut[0])

    for_each(cuts, find, threads)
    kept = dict(zip(cuts, keep_connected([found[cut] for cut in cuts]), strict=True))
    out = np.empty(strength.shape, bool)

    def fill(cut: tuple[int, int], _: Memory) -> None:
        out[slice(*cut)] = paint(found[cut], kept[cut], cut)

    for_each(cuts, fill, threads)
    return out
