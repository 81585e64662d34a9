"""Lines are followed as a walker would, however long they are, and loops all the way around."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgecli.strokes import following
from edgecli.strokes.following import follow, greedy_pairs

Mates = NDArray[np.int32]


def mates(steps: int, pairs: int, seed: int) -> Mates:
    """Return half-edges of which some are paired at random."""
    mate = np.full(2 * steps, -1, np.int32)
    chosen = np.random.default_rng(seed).permutation(2 * steps)[: 2 * pairs].reshape(-1, 2)
    mate[chosen] = chosen[:, ::-1]
    return mate


def walked(mate: Mates) -> list[tuple[bool, list[int]]]:
    """Return every line by the half-edges that a walker comes along, in both directions."""
    lines, ahead = [], {half: int(mate[half ^ 1]) for half in range(len(mate))}
    for start in [*np.flatnonzero(mate < 0).tolist(), *range(len(mate))]:
        line = []
        half = start
        while half in ahead:
            line.append(half)
            half = ahead.pop(half)
        if line:
            lines.append((half >= 0, line))
    return lines


def one_way(line: tuple[bool, list[int]]) -> tuple[bool, tuple[int, ...]]:
    """Return a line such that it is the same whichever way, and from wherever in a loop."""
    closed, there = line
    ways = [there, [half ^ 1 for half in there[::-1]]]
    if closed:
        ways = [way[n:] + way[:n] for way in ways for n in range(len(way))]
    return closed, tuple(min(ways))


@pytest.mark.parametrize("posts", [0, 8])
@given(steps=st.integers(0, 40), share=st.floats(0, 1), seed=st.integers(0, 10**6))
def test_lines_are_what_a_walker_finds(posts: int, steps: int, share: float, seed: int) -> None:
    mate = mates(steps, int(share * steps), seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(following, "POSTS", np.uint32(posts and 2**32 // posts))
        paths = follow(mate)
    parts = np.split(paths.halves, paths.starts[1:-1]) if len(paths.loops) else []
    found = [one_way((bool(c), p.tolist())) for c, p in zip(paths.loops, parts, strict=True)]
    assert len(found) == len({*found})
    assert {*found} == {one_way(line) for line in walked(mate)}


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 1000, 100_001])
def test_one_long_line(steps: int, closed: bool) -> None:
    order = np.random.default_rng(steps).permutation(steps)  # the steps of the line as it comes
    mate = np.full(2 * steps, -1, np.int32)
    after = np.roll(order, -1) if closed else order[1:]
    before = order if closed else order[:-1]
    mate[2 * before + 1], mate[2 * after] = 2 * after, 2 * before + 1
    paths = follow(mate)
    assert paths.loops.tolist() == [closed]
    walk = paths.halves >> 1
    assert len(walk) == steps
    turned = walk[::-1] if paths.halves[0] & 1 else walk
    start = int(np.flatnonzero(order == turned[0])[0])
    np.testing.assert_array_equal(turned, np.roll(order, -start))


def greedily(pairs: list[tuple[int, int, float]]) -> set[tuple[int, int]]:
    used, taken = set[int](), set[tuple[int, int]]()
    for a, b, _ in sorted(pairs, key=lambda pair: pair[2]):
        if not {a, b} & used:
            used |= {a, b}
            taken.add((a, b))
    return taken


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(10, 19), st.integers(0, 5)), max_size=40))
def test_pairs_are_taken_as_one_after_another_would_be(pairs: list[tuple[int, int, int]]) -> None:
    a, b, cost = np.array(pairs, np.int64).reshape(-1, 3).T
    taken = [[*zip(x.tolist(), y.tolist(), strict=True)] for x, y in greedy_pairs(a, b, cost, 20)]
    assert {pair for one in taken for pair in one} == greedily([(*p[:2], p[2]) for p in pairs])
