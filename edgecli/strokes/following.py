"""Following lines from half-edge to half-edge, all of them at once.

``mate[h]`` is the half-edge by which a line that comes to the node that h leaves, by h ^ 1, goes
on; it is −1 where the line ends. Lines are ranked as lists are in parallel (Helman and JáJá 1999):
every eighth half-edge or so is a **post**. Walkers go from every post to the next one, in step, and
so never far. Only the posts, few, are then ranked by pointer jumping (Wyllie 1979), in a number of
rounds that grows with the logarithm of the longest line; and walkers put down what lies between.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.records import dataclass
from edgecli.strokes.base import Points
from edgecli.strokes.graph import Graph, Mask, Numbers

SPREAD = np.uint32(2654435769)  # 2³² over the golden ratio: Fibonacci hashing, Knuth 6.4
POSTS = np.uint32(2**32 // 8)
"""Steps whose hash is less are posts, an eighth of them wherever they lie."""

REACH = 5
"""Points ahead of a junction, or of an end, that tell where a branch leads."""


def go_through(tails: Numbers, degrees: NDArray[np.uint8]) -> Numbers:
    """Return the mates at nodes that two half-edges leave; all others have none."""
    halves = np.arange(len(tails), dtype=np.int32)
    one = np.empty(len(degrees), np.int32)
    one[tails] = halves  # the last of those that leave a node
    (other,) = ((one.take(tails) != halves) & (degrees.take(tails) == 2)).nonzero()
    last = one.take(tails.take(other))
    mate = np.full(len(tails), -1, np.int32)
    mate[other] = last
    mate[last] = other
    return mate


@dataclass(frozen=True, eq=False)
class Paths:
    """The half-edges of every line in one of its two directions.

    Line n has ``halves[starts[n] : starts[n + 1]]``; the last one of a loop leads to its first.
    """

    halves: Numbers
    starts: NDArray[np.int64]
    loops: Mask


def follow(mate: Numbers) -> Paths:
    """Return the lines of all half-edges."""
    ahead = mate.reshape(-1, 2)[:, ::-1].ravel()
    posts, after, steps = _walk(ahead, _marks(mate))
    last, left, loops = _rank(after, steps)
    # A post and its way back are neighbours: so are the two directions of a line.
    (ends,) = (last == np.arange(len(last))).nonzero()
    ends = ends[ends < last[ends ^ 1]]
    line = np.full(len(posts), -1, np.int32)
    line[ends] = np.arange(len(ends))
    line = line[last]
    (chosen,) = (line >= 0).nonzero()
    line, left = line[chosen], left[chosen]
    counts = np.zeros(len(ends), np.int64)
    np.maximum.at(counts, line, left)
    starts = np.append(0, counts.cumsum())
    halves = np.empty(starts[-1], np.int32)
    place, on = starts[line + 1] - left, posts[chosen]
    going, far = np.arange(len(on)), steps[chosen]
    for step in range(int(far.max(initial=0))):
        going = going[far[going] > step]
        here = on.take(going)
        halves[place.take(going) + step] = here
        on[going] = ahead.take(here)
    return Paths(halves, starts, loops[ends])


def _marks(mate: Numbers) -> Mask:
    """Return which half-edges are posts: some, and those where lines begin and end."""
    steps = np.arange(len(mate) // 2, dtype=np.uint32)
    marked = steps * SPREAD < POSTS
    marked |= (mate[::2] < 0) | (mate[1::2] < 0)
    return marked.repeat(2)


def _walk(ahead: Numbers, marked: Mask) -> tuple[Numbers, Numbers, Numbers]:
    """Return the posts, the number of the next post on each one's line or −1, and how far it is.

    Loops that have no post are short; all of their half-edges become posts.
    """
    seen = np.zeros(len(ahead), bool)
    halts = np.append(marked, True)  # at −1, too
    (posts,) = marked.nonzero()
    after, steps = np.empty(len(posts), np.int32), np.zeros(len(posts), np.int32)
    on, which = posts, np.arange(len(posts))
    while len(on):
        seen[on] = True
        on = ahead.take(on)
        after[which] = on
        steps[which] += 1
        (going,) = (~halts.take(on)).nonzero()
        which, on = which.take(going), on.take(going)
    (unseen,) = (~seen).nonzero()
    after = np.append(after, ahead[unseen])
    steps = np.append(steps, np.ones(len(unseen), np.int32))
    posts = np.append(posts, unseen).astype(np.int32)
    number = np.full(len(ahead) + 1, -1, np.int32)
    number[posts] = np.arange(len(posts))
    return posts, number[after], steps


def _rank(after: Numbers, steps: Numbers) -> tuple[Numbers, Numbers, Mask]:
    """Return each post's last one, how far it is to the end of its line, and which end loops.

    Loops are cut: their first post is their least.
    """
    here = np.arange(len(after), dtype=np.int32)
    last, far = after.copy(), steps.copy()
    ends = after < 0
    loops = np.zeros(len(after), bool)
    last[ends] = here[ends]
    far[ends] = 0  # for now: how far it is to the last post
    round_ = _jump(last, far, here[~ends[last]], ends)
    if len(round_):
        before = round_[_leads_to_first(after, round_)]
        last[round_], far[round_] = after[round_], steps[round_]
        last[before], far[before] = before, 0
        ends[before] = loops[before] = True
        _jump(last, far, round_[~ends[last[round_]]], ends)
    return last, far + steps[last], loops


def _jump(last: Numbers, far: Numbers, going: Numbers, ends: Mask) -> Numbers:
    """Look ahead twice as far until all arrive; return those that never do, as they are of loops.

    As long as a line is not followed to its end, some of it arrives in every round.
    """
    while len(going):
        through = last[going]
        far[going] += far[through]
        last[going] = beyond = last[through]
        left = going[~ends[beyond]]
        if len(left) == len(going):
            break
        going = left
    return going


def _leads_to_first(after: Numbers, of_loops: Numbers) -> Mask:
    """Return which posts lead to the least of their loop."""
    places: Numbers = of_loops.searchsorted(after[of_loops])
    least, ahead = np.arange(len(of_loops)), places
    while True:
        less = np.minimum(least, least[ahead])
        if np.array_equal(less, least):
            leads: Mask = places == least
            return leads
        least, ahead = less, ahead[ahead]


def look_ahead(graph: Graph, mate: Numbers, halves: Numbers, steps: int) -> Points:
    """Return the directions ``(n, 2)`` in which half-edges set out, measured over some steps.

    They have length 1, and are those of the ways from a node to the next ones of its line, added
    up; the first of n ways counts n times, the last once, so that all weigh about the same.
    """
    origin = graph.points(graph.tails[halves])
    way, total = np.zeros_like(origin), np.zeros_like(origin)
    on, which = halves, np.arange(len(halves))
    for _ in range(steps):
        way[which] += graph.points(graph.heads(on)) - origin[which]
        total[which] += way[which]
        on = mate[on ^ 1]
        which, on = which[on >= 0], on[on >= 0]
    total /= np.maximum(np.hypot(*total.T), np.finfo(float).tiny)[:, np.newaxis]
    return total


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
