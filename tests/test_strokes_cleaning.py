"""Cleaned lines: gaps closed where ends point at each other, spurs and short lines gone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edgecli.records import replace
from edgecli.strokes.base import Strokes
from edgecli.strokes.graph import connect
from edgecli.strokes.joining import join
from edgecli.strokes.tracing import clean, smoothed, trace
from tests.strokes import Mask, line, located_in, mask_of, polylines, through
from tests.test_strokes_joining import MASKS, circle


def traced(drawing: str, **options: Any) -> Strokes:
    return trace(located_in(mask_of(drawing)), **options)


# --- short lines --------------------------------------------------------------------------------


def test_lines_shorter_than_asked_for_go() -> None:
    drawing = "###### ...... #####. ...... ####.. ...... #....."
    lines = [through(*line((row, 0), (row, 5 - row // 2))) for row in (0, 2, 4)]
    for shortest, count in ((0, 4), (0.5, 3), (3, 3), (3.01, 2), (4, 2), (5, 1), (5.01, 0)):
        strokes = traced(drawing, min_length=shortest)
        assert len(strokes) == count
        assert polylines(strokes) == sorted(lines[:count]) or shortest == 0


def test_a_closed_line_is_as_long_as_the_way_around_it() -> None:
    ring = "#### #..# #..# ####"
    assert len(traced(ring, min_length=12)) == 1
    assert len(traced(ring, min_length=12.01)) == 0


# --- spurs --------------------------------------------------------------------------------------


def test_a_spur_goes_and_its_line_stays_one() -> None:
    drawing = "....#.. ....#.. #######"
    (stroke,) = traced(drawing, min_length=3)
    assert polylines([stroke]) == [through(*line((2, 0), (2, 6)))]
    assert len(traced(drawing, min_length=2)) == 2


def test_a_line_that_forks_at_its_end_keeps_the_longer_prong() -> None:
    fork = "...........# ..........#. #########... .........#.. ..........#. ...........#"
    (stroke,) = traced(fork, min_length=6)
    assert (len(stroke.points), stroke.points[:, 1].max()) in ((12, 5.5), (11, 2.5))
    assert len(stroke.points) == 12


def test_a_lasso_at_the_end_of_a_line_is_a_spur() -> None:
    mask = np.zeros((5, 40), bool)
    mask[:, -6:] = mask_of(".###.. #...#. .....# #...#. .###..")
    mask[2, :-6] = True
    for shortest, ends in ((0, 39.5), (20, 33.5)):
        (stroke,) = trace(located_in(mask), min_length=shortest)
        assert (stroke.closed, stroke.points[:, 0].max()) == (False, ends)


def test_spurs_of_spurs_go() -> None:
    """A comb's teeth that have teeth of their own."""
    mask = np.zeros((12, 60), bool)
    mask[10] = True
    for column in (20, 40):
        mask[5:10, column] = True
        mask[6, column - 2 : column + 3] = True
    strokes = trace(located_in(mask), min_length=10)
    assert polylines(strokes) == [through(*line((10, 0), (10, 59)))]


def test_what_joins_two_junctions_is_no_spur() -> None:
    ladder = "######### ....#.... ....#.... #########"
    assert len(traced(ladder, min_length=4)) == 2  # as the rung is a short stroke
    assert len(traced(ladder, min_length=3)) == 3


# --- gaps ---------------------------------------------------------------------------------------


def test_ends_that_point_at_each_other_are_joined() -> None:
    gap = "######...######"
    assert len(traced(gap, close_gaps=3.9)) == 2
    (stroke,) = traced(gap, close_gaps=4)
    assert len(stroke.points) == 12
    assert polylines([stroke])[0][1][5:7] == ((5.5, 0.5), (9.5, 0.5))


@pytest.mark.parametrize(
    "drawing",
    [
        "######. ....... ######.",  # side by side
        "#####... ........ ........ ......#. ......#. ......#. ......#.",  # round a sharp corner
        "###### ...... .#....",  # a dot points nowhere
    ],
)
def test_ends_that_do_not_point_at_each_other_stay_apart(drawing: str) -> None:
    assert len(traced(drawing, close_gaps=4)) == 2


@pytest.mark.parametrize(("across", "down", "met"), [(2, 1, 2.24), (2, 2, 2.83), (4, 3, None)])
def test_sides_that_stop_shortly_before_a_corner_meet(
    across: int, down: int, met: float | None
) -> None:
    square = np.zeros((20, 20), bool)
    square[[0, -1], across:-across] = square[down:-down, [0, -1]] = True
    for gap in (0, 2, 2.5, 3, 9):
        closed = trace(located_in(square), close_gaps=gap).closed.tolist()
        assert closed == ([True] if met and gap >= met else [False] * 4)


def test_a_gap_in_a_circle_is_closed() -> None:
    mask = circle(20)
    mask[:20, 27:33] = False
    assert trace(located_in(mask)).closed.tolist() == [False]
    assert trace(located_in(mask), close_gaps=8).closed.tolist() == [True]


def test_each_end_is_joined_once_and_the_nearest_first() -> None:
    (first, second) = sorted(
        traced("#####..#####.......... ...................... ..........#####.......",
               close_gaps=9), key=lambda one: -len(one.points))  # fmt: skip
    assert polylines([first]) == [through(*line((0, 0), (0, 4)), *line((0, 7), (0, 11)))]
    assert len(second.points) == 5


def test_narrow_gaps_are_closed_before_wide_ones_though_those_be_straighter() -> None:
    drawing = ".......#####.. .............. .............. #####......###"
    joined, alone = sorted(traced(drawing, close_gaps=9), key=lambda one: -len(one.points))
    assert polylines([joined]) == [through(*line((3, 0), (3, 4)), *line((0, 7), (0, 11)))]
    assert polylines([alone]) == [through(*line((3, 11), (3, 13)))]


@pytest.mark.parametrize("widest", [1e-300, 0.5, 1e6, 1e300])
def test_gaps_may_be_as_wide_as_anything(widest: float) -> None:
    lines = traced("####..####", close_gaps=widest)
    assert len(lines) == (1 if widest > 3 else 2)
    assert len(traced("......... ....#....", close_gaps=widest)) == 1


def test_gaps_are_closed_before_lines_are_measured() -> None:
    dashes = "####..####..####..####"
    assert len(traced(dashes, min_length=20)) == 0
    (stroke,) = traced(dashes, min_length=20, close_gaps=3)
    assert len(stroke.points) == 16


def test_a_gap_is_closed_wherever_cells_of_the_search_end() -> None:
    for start in range(12):
        mask = np.zeros((3, 40), bool)
        mask[1, start : start + 8] = mask[1, start + 12 : start + 20] = True
        for turned in (mask, mask.T.copy()):
            assert len(trace(located_in(turned), close_gaps=5)) == 1


# --- laws ---------------------------------------------------------------------------------------


@given(MASKS, st.sampled_from([1.0, 4.0, 9.0]))
def test_what_stays_is_as_long_as_asked_for(mask: Mask, shortest: float) -> None:
    strokes = trace(located_in(mask, 0.1), min_length=shortest)
    for stroke in strokes:
        points = [*stroke.points, stroke.points[0]] if stroke.closed else stroke.points
        assert np.hypot(*np.diff(points, axis=0).T).sum() >= shortest - 1e-9


@given(MASKS)
def test_no_length_and_no_gap_change_nothing(mask: Mask) -> None:
    pixels = located_in(mask, 0.1)
    graph = connect(pixels)
    assert polylines(trace(pixels, 0, 0)) == polylines(join(graph).strokes(graph))


@given(st.integers(0, 10**6), st.sampled_from([0.0, 3.0, 6.0]), st.sampled_from([0.0, 3.0, 5.0]))
def test_pixels_stay_whose_strokes_stay(seed: int, shortest: float, gap: float) -> None:
    """What bitmaps keep is what strokes along the same points go through."""
    mask = np.random.default_rng(seed).random((12, 15)) < 0.25
    pixels = located_in(mask)
    graph = connect(pixels)
    assume(not len(graph.merged.gone))
    points = smoothed(graph).points(np.arange(len(pixels)))
    strokes = trace(replace(pixels, points=points), shortest, gap)
    visited = np.unique(strokes.strength).astype(int) - 1  # their strengths are their numbers
    changes = clean(pixels.place, mask.shape[1], shortest, gap)
    np.testing.assert_array_equal(
        pixels.place[visited], np.setdiff1d(pixels.place, changes.gone, assume_unique=True)
    )
    assert np.isin(changes.like, pixels.place[visited]).all()
    assert not np.isin(changes.drawn, pixels.place[visited]).any()


@pytest.mark.parametrize("drawing", ["...#.. ...#.. ##..#. ##..## #....."])
def test_a_spot_stays_or_goes_with_its_line(drawing: str) -> None:
    mask = mask_of(drawing)
    place = np.flatnonzero(mask)
    left = place[place % 6 < 2]
    assert clean(place, 6, 3, 0).gone.tolist() == left.tolist()
    assert clean(place, 6, 0, 3).gone.tolist() == []


def test_gaps_are_drawn_from_end_to_end() -> None:
    mask = mask_of("###....... .......... ......####")
    changes = clean(np.flatnonzero(mask), 10, 0, 5)
    assert changes.drawn.tolist() == [13, 14, 25]
    assert changes.like.tolist() == [2, 2, 26]


def test_the_stairs_of_a_slanted_line_are_as_long_as_the_line() -> None:
    mask = np.eye(41, dtype=bool) | np.eye(41, k=1, dtype=bool)
    place = np.flatnonzero(mask)
    assert len(clean(place, 41, 56, 0).gone) == 0
    assert len(clean(place, 41, 59, 0).gone) == mask.sum()
