"""Béziers through strokes: near to every located point, smooth but for corners."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecli.strokes.base import Curves, Points, Strokes
from edgecli.strokes.curves import fit_curves
from tests.stroke_arrays import distances, many_strokes, path, strokes_of, wandering

tolerances = st.sampled_from([0.0, 0.1, 0.5, 2.0])


def each(curves: Curves) -> Iterator[Points]:
    for start, stop in zip(curves.starts, curves.starts[1:], strict=False):
        yield curves.points[start:stop]


def sampled(curve: Points, count: int = 256) -> Points:
    """Return points of every piece, by Bernstein's polynomials."""
    t = np.linspace(0, 1, count)[:, None]
    weights = np.stack([(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3])
    pieces = [curve[k : k + 4, None] for k in range(0, len(curve) - 1, 3)]
    return np.concatenate([(weights * piece).sum(axis=0) for piece in pieces])


def assert_near(strokes: Strokes, eps: float, sag: float) -> None:
    """The samples are joined by lines, which cut the curve's bends by a little."""
    curves = fit_curves(strokes, eps)
    for stroke, curve in zip(strokes, each(curves), strict=True):
        assert distances(stroke.points, sampled(curve)).max() <= eps + sag


@given(many_strokes, tolerances)
def test_no_point_is_further_than_eps_from_its_curve(strokes: Strokes, eps: float) -> None:
    assert_near(strokes, eps, 1e-3)


def test_nor_is_any_of_many() -> None:
    strokes = wandering(2, 40, 1000)  # of more than one batch
    pieces = len(fit_curves(strokes, 0.2).points) // 3
    assert pieces < len(strokes.points) / 6
    assert_near(wandering(3, 5, 300), 0.2, 1e-6)


@given(many_strokes, tolerances)
def test_curves_have_the_ends_of_their_strokes(strokes: Strokes, eps: float) -> None:
    curves = fit_curves(strokes, eps)
    assert np.isfinite(curves.points).all()
    assert np.array_equal(curves.closed, strokes.closed)
    for stroke, curve in zip(strokes, each(curves), strict=True):
        assert len(curve) % 3 == 1
        assert len(curve) > 1
        ends = path(stroke.points, stroke.closed)[[0, -1]]
        assert np.array_equal(curve[[0, -1]], ends)


def test_one_point_is_a_curve_of_no_length() -> None:
    curves = fit_curves(strokes_of(([(3, 4)], False), ([(5, 6)], True)), 0.1)
    assert curves.points.tolist() == [[3, 4]] * 4 + [[5, 6]] * 4
    assert curves.starts.tolist() == [0, 4, 8]


def test_two_points_are_a_line_cut_in_three() -> None:
    curves = fit_curves(strokes_of(([(0, 0), (3, 6)], False)), 0.1)
    assert curves.points == pytest.approx(np.array([[0, 0], [1, 2], [2, 4], [3, 6]]))


def ring(radius: float) -> list[tuple[float, float]]:
    turns = np.arange(0, 2 * np.pi, 1 / radius)
    return list(zip(radius * np.cos(turns), radius * np.sin(turns), strict=True))


def turns(curve: Points) -> Points:
    """Return by what angle the curve turns where its pieces meet, in degrees."""
    handles = np.diff(curve, axis=0)
    coming, going = (h @ [1, 1j] for h in (handles[2:-1:3], handles[3::3]))
    return np.degrees(np.abs(np.angle(going / coming)))


@pytest.mark.parametrize("radius", [4, 6, 15, 60, 500])
def test_a_circle_is_few_pieces_with_no_corner_even_where_it_starts(radius: float) -> None:
    curves = fit_curves(strokes_of((ring(radius), True)), 0.1)
    around = np.concatenate([curves.points, curves.points[1:4]])
    assert turns(around).max() < 1e-6
    assert 2 <= len(curves.points) // 3 <= 16
    assert np.abs(np.hypot(*sampled(curves.points).T) - radius).max() < 0.15


def test_a_line_is_one_piece() -> None:
    line = [(0.3 * t, 0.7 * t) for t in range(500)]
    assert len(fit_curves(strokes_of((line, False)), 0.1).points) == 4


def test_a_square_keeps_its_corners_and_has_one_piece_a_side_from_its_start_on() -> None:
    side = [(t, 0.0) for t in range(20)] + [(20.0, t) for t in range(20)]
    square = side + [(20 - x, 20 - y) for x, y in side]
    square = square[10:] + square[:10]
    curves = fit_curves(strokes_of((square, True)), 0.1)
    ends = curves.points[::3].round(9).tolist()
    assert ends == [[10, 0], [20, 0], [20, 20], [0, 20], [0, 0], [10, 0]]
    assert turns(curves.points) == pytest.approx(np.full(4, 90))


def test_a_turn_of_the_picture_turns_the_curves() -> None:
    strokes = wandering(4, 6, 120)
    turned = strokes_of(*(([(-y, x) for x, y in s.points], False) for s in strokes))
    ours, theirs = fit_curves(strokes, 0.2), fit_curves(turned, 0.2)
    assert np.array_equal(ours.starts, theirs.starts)
    assert ours.points @ [[0, 1], [-1, 0]] == pytest.approx(theirs.points, abs=1e-6)


def test_no_strokes_are_no_curves() -> None:
    curves = fit_curves(strokes_of(), 0.1)
    assert curves.points.shape == (0, 2)
    assert curves.starts.tolist() == [0]
