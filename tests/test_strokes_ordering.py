"""The order of drawing: the same strokes, with little travel between them."""

from __future__ import annotations

from itertools import pairwise, permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgecli.strokes.base import Points, Strokes
from edgecli.strokes.chains import shorten
from edgecli.strokes.ordering import _ends, _link, _near, _walk, order
from tests.stroke_arrays import many_strokes, path, strokes_of, wandering


def travel(strokes: Strokes) -> float:
    """Return how far the pen goes between strokes, one stroke after another."""
    lines = [path(s.points, s.closed) for s in strokes]
    return sum(float(np.hypot(*(b[0] - a[-1]))) for a, b in pairwise(lines))


def drawn(strokes: Strokes) -> list[tuple[bool, list[list[float]]]]:
    """Return what strokes draw, whatever their order, their directions and where rings start."""
    found = []
    for stroke in strokes:
        told = np.column_stack([stroke.points, stroke.strength]).tolist()
        if stroke.closed:
            start = told.index(min(told))
            told = told[start:] + told[:start]
            told = min(told, [told[0], *told[:0:-1]])
        found.append((stroke.closed, min(told, told[::-1])))
    return sorted(found)


@given(many_strokes)
def test_the_pen_draws_the_same_strokes_and_travels_as_is_told(strokes: Strokes) -> None:
    ordered, pen_up = order(strokes)
    assert drawn(ordered) == drawn(strokes)
    assert pen_up == pytest.approx(travel(ordered))


@given(many_strokes)
def test_order_is_always_the_same(strokes: Strokes) -> None:
    (ours, way), (theirs, again) = order(strokes), order(strokes)
    assert way == again
    assert np.array_equal(ours.points, theirs.points)
    assert np.array_equal(ours.strength, theirs.strength)


def test_angles_and_strengths_follow_their_points() -> None:
    strokes = wandering(1, 50, 9)
    ordered, _ = order(strokes)
    number = (ordered.strength - 0.5).astype(int)
    assert np.array_equal(ordered.points, strokes.points[number])
    assert np.array_equal(ordered.angle, strokes.angle[number])


def shortest(ends: list[Points]) -> float:
    """Return the least travel of all orders and directions."""
    ways = []
    for sequence in permutations(ends):
        for turns in product((1, -1), repeat=len(ends)):
            turned = [line[::turn] for line, turn in zip(sequence, turns, strict=True)]
            gaps = [b[0] - a[-1] for a, b in pairwise(turned)]
            ways.append(sum(float(np.hypot(*gap)) for gap in gaps))
    return min(ways)


def test_few_strokes_are_nearly_as_short_as_can_be() -> None:
    random = np.random.default_rng(5)
    ratios = []
    for _ in range(20):
        lines = random.uniform(0, 50, (4, 2, 2))
        _, pen_up = order(strokes_of(*((line.tolist(), False) for line in lines)))
        ratios.append(pen_up / shortest(list(lines)))
    assert np.mean(ratios) < 1.1


@given(many_strokes, st.integers(0, 99))
def test_chains_only_move_to_better_places(strokes: Strokes, seed: int) -> None:
    more = wandering(seed, 30, 3)
    both = strokes_of(*((s.points.tolist(), s.closed) for s in (*strokes, *more)))
    ends = _ends(both)
    link = _link(ends)
    shorter = shorten(link, ends, _near(ends, 50.0)[:2])
    assert length(shorter, ends) <= length(link, ends) + 1e-6
    assert sorted(_walk(shorter)[0]) == list(range(len(both)))  # still one path


def length(link: NDArray[np.int64], ends: NDArray[np.complex128]) -> float:
    linked = (link >= 0).nonzero()[0]
    assert np.array_equal(link[link[linked]], linked)
    return float(np.abs(ends[linked] - ends[link[linked]]).sum() / 2)


def test_a_chain_that_greedy_left_behind_is_drawn_on_the_way() -> None:
    """Greedy goes along 40 dots, and only then back to the three beside them."""
    row = [([(4.0 * n, 0)], False) for n in range(40)]
    beside = [([(80.0 + 4.1 * n, 5.0)], False) for n in range(3)]
    _, pen_up = order(strokes_of(*row, *beside))
    assert pen_up < 39 * 4 + 2 * 4.1 + 2 * 5 + 1


def test_a_row_is_drawn_along() -> None:
    row = [([(10 * n, 0), (10 * n + 7, 0)][:: (-1) ** n], False) for n in (3, 0, 4, 1, 2)]
    _, pen_up = order(strokes_of(*row))
    assert pen_up == pytest.approx(12)


def test_a_ring_starts_where_the_pen_is_nearest() -> None:
    ring = [(9, 9), (9, 5), (9, 1), (5, 1), (1, 1), (1, 5), (1, 9), (5, 9)]
    ordered, pen_up = order(strokes_of((ring, True), ([(-3, 5), (-1, 5)], False)))
    assert pen_up == 2
    assert drawn(ordered) == drawn(strokes_of((ring, True), ([(-3, 5), (-1, 5)], False)))


def test_a_regular_pattern_takes_no_longer_than_others() -> None:
    """Where all links are as long, each would wait for the one before it."""
    count = 100
    dots = [([(3.0 * x, 3.0 * y)], False) for y in range(count) for x in range(count)]
    _, pen_up = order(strokes_of(*dots))
    assert pen_up < 3 * count * count * 1.2


def test_pen_travel_grows_as_the_root_of_how_many_strokes_there_are() -> None:
    """Random points on a square of side s: the shortest way is 0.7124 s √n."""
    random = np.random.default_rng(6)
    dots = random.uniform(0, 1000, (20_000, 1, 2)).tolist()
    _, pen_up = order(strokes_of(*((dot, False) for dot in dots)))
    assert pen_up < 0.7124 * 1000 * np.sqrt(len(dots)) * 1.2


def test_none_and_one_need_no_travel() -> None:
    assert order(strokes_of())[1] == 0
    assert order(strokes_of(([(1, 2), (3, 4)], False)))[1] == 0
