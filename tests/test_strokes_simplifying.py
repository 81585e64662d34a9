"""Simplified strokes: fewer points, none of the old further away than is allowed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecli.strokes.base import Strokes
from edgecli.strokes.simplifying import simplify
from tests.stroke_arrays import distances, many_strokes, path, strokes_of, wandering

tolerances = st.sampled_from([0.0, 0.1, 0.5, 1.0, 4.0])


def same(ours: Strokes, theirs: Strokes) -> bool:
    names = ("points", "strength", "angle", "starts", "closed")
    return all(np.array_equal(getattr(ours, name), getattr(theirs, name)) for name in names)


def assert_near(strokes: Strokes, eps: float) -> None:
    for old, new in zip(strokes, simplify(strokes, eps), strict=True):
        assert distances(old.points, path(new.points, new.closed)).max() <= eps + 2e-9


@given(many_strokes, tolerances)
def test_no_point_is_further_than_eps_from_its_stroke(strokes: Strokes, eps: float) -> None:
    assert_near(strokes, eps)


def test_nor_is_any_of_many() -> None:
    strokes = wandering(1, 40, 1500)  # of more than one batch
    assert len(simplify(strokes, 0.3).points) < len(strokes.points) / 3
    assert_near(strokes, 0.3)


@given(many_strokes, tolerances)
def test_simplifying_twice_is_simplifying_once(strokes: Strokes, eps: float) -> None:
    once = simplify(strokes, eps)
    assert same(simplify(once, eps), once)


@given(many_strokes, tolerances)
def test_points_that_stay_are_in_order_with_what_is_known_of_them(
    strokes: Strokes, eps: float
) -> None:
    simple = simplify(strokes, eps)
    stayed = (simple.strength - 0.5).astype(int)  # the strategy numbers its points thus
    assert (np.diff(stayed) > 0).all()
    assert np.array_equal(simple.points, strokes.points[stayed])
    assert np.array_equal(simple.angle, strokes.angle[stayed])
    assert np.array_equal(simple.closed, strokes.closed)


@given(many_strokes, tolerances)
def test_ends_stay(strokes: Strokes, eps: float) -> None:
    for old, new in zip(strokes, simplify(strokes, eps), strict=True):
        assert np.array_equal(old.points[0], new.points[0])
        if not old.closed:
            assert np.array_equal(old.points[-1], new.points[-1])


@pytest.mark.parametrize("slope", [(1, 0), (3, 7), (0.1, 0.3)])
def test_eps_0_drops_only_points_on_a_line(slope: tuple[float, float]) -> None:
    straight = [(3 + t * slope[0], 5 + t * slope[1]) for t in range(9)]
    bent = [*straight, (40, 1)]
    simple = simplify(strokes_of((straight, False), (bent, False)), 0)
    assert np.diff(simple.starts).tolist() == [2, 3]


def test_what_turns_back_on_its_line_keeps_where_it_turns() -> None:
    simple = simplify(strokes_of(([(0, 0), (5, 0), (9, 0), (4, 0), (1, 0)], False)), 0.1)
    assert simple.points.tolist() == [[0, 0], [9, 0], [1, 0]]


@pytest.mark.parametrize("eps", [0.1, 1, 1000])
def test_a_ring_encloses_something_whatever_eps_is(eps: float) -> None:
    turns = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    ring = list(zip(10 * np.cos(turns), 10 * np.sin(turns), strict=True))
    (simple,) = simplify(strokes_of((ring, True)), eps)
    assert simple.closed
    assert len(simple.points) >= 3
    x, y = simple.points.T
    assert abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) > 50  # twice the area


def test_a_square_is_its_corners() -> None:
    side = [(t, 0) for t in range(8)] + [(8, t) for t in range(8)]
    square = side + [(8 - x, 8 - y) for x, y in side]
    (simple,) = simplify(strokes_of((square, True)), 0.1)
    assert simple.points.tolist() == [[0, 0], [8, 0], [8, 8], [0, 8]]


def test_no_strokes_are_none() -> None:
    assert len(simplify(strokes_of(), 0.1)) == 0
