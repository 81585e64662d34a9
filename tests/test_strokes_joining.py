"""Edge pixels become strokes: each pixel once, straight through junctions, however they lie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from edgecli.lines.positions import Positions
from edgecli.records import replace
from edgecli.strokes.base import Located, Points
from edgecli.strokes.graph import connect
from edgecli.strokes.joining import join
from edgecli.strokes.measures import points_along
from edgecli.strokes.tracing import trace
from tests.strokes import (
    Mask,
    Polyline,
    line,
    located_in,
    mask_of,
    polyline,
    polylines,
    through,
)

MASKS = npst.arrays(bool, npst.array_shapes(min_dims=2, max_dims=2, max_side=14))

SPIRAL = "####### ......# #####.# #...#.# #.###.# #.....# #######"
FIGURE_OF_8 = ".###. #...# #...# .#.#. ..#.. .#.#. #...# #...# .###."


def traced(mask: Mask) -> list[Polyline]:
    return polylines(trace(located_in(mask)))


# --- drawings -----------------------------------------------------------------------------------

DRAWINGS = {
    "a dot": ("... .#. ...", [through((1, 1))]),
    "two pixels that touch at a corner": ("#. .#", [through((0, 0), (1, 1))]),
    "two dots at the ends of two rows": ("..# ... #..", [through((0, 2)), through((2, 0))]),
    "the ends of rows do not touch": ("..# #..", [through((0, 2)), through((1, 0))]),
    "a stair": ("#.. ##. .##", [through((0, 0), (1, 0), (1, 1), (2, 1), (2, 2))]),
    "a ring": (
        ".#. #.# .#.",
        [through((0, 1), (1, 2), (2, 1), (1, 0), closed=True)],
    ),
    "a plus": (
        "..#.. ..#.. ##### ..#.. ..#..",
        [through(*line((2, 0), (2, 4))), through(*line((0, 2), (4, 2)))],
    ),
    "a cross": (
        "#...# .#.#. ..#.. .#.#. #...#",
        [through(*line((0, 0), (4, 4))), through(*line((0, 4), (4, 0)))],
    ),
    "a T": (
        "##### ..#.. ..#..",
        [through(*line((0, 0), (0, 4))), through(*line((0, 2), (2, 2)))],
    ),
    "a comb": (
        "#.#.# #.#.# #####",
        [through((0, 0), (1, 0), *line((2, 0), (2, 4)), (1, 4), (0, 4)),
         through((0, 2), (1, 2), (2, 2))],
    ),
    "a spiral": (
        SPIRAL,
        [through(*line((0, 0), (0, 6)), *line((1, 6), (6, 6)), *line((6, 5), (6, 0)),
                 *line((5, 0), (2, 0)), *line((2, 1), (2, 4)), (3, 4), (4, 4), (4, 3), (4, 2))],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("drawing", "lines"), DRAWINGS.values(), ids=DRAWINGS)
def test_drawings_become_the_lines_that_people_see(drawing: str, lines: list[Polyline]) -> None:
    assert traced(mask_of(drawing)) == sorted(lines)


def test_a_figure_of_8_is_one_loop_that_crosses_itself() -> None:
    mask = mask_of(FIGURE_OF_8)
    (stroke,) = trace(located_in(mask))
    assert stroke.closed
    assert len(stroke.points) == mask.sum() + 1
    assert (stroke.points == (2.5, 4.5)).all(axis=1).sum() == 2


def test_lines_that_cross_at_four_pixels_cross_in_their_middle() -> None:
    lines = traced(mask_of("#....# .#..#. ..##.. ..##.. .#..#. #....#"))
    middle = (3.0, 3.0)
    assert lines == sorted([
        polyline([(0.5, 0.5), (1.5, 1.5), middle, (4.5, 4.5), (5.5, 5.5)], closed=False),
        polyline([(0.5, 5.5), (1.5, 4.5), middle, (4.5, 1.5), (5.5, 0.5)], closed=False),
    ])  # fmt: skip


def test_a_square_of_four_pixels_is_a_dot() -> None:
    assert traced(mask_of("## ##")) == [polyline([(1, 1)], closed=False)]


def test_a_thick_spot_is_a_point_of_the_line() -> None:
    (stroke,) = trace(located_in(mask_of("..##.. ######")))
    middle = [3, 1]
    assert sorted(stroke.points.tolist()) == [
        [0.5, 1.5],
        [1.5, 1.5],
        middle,
        [4.5, 1.5],
        [5.5, 1.5],
    ]


@pytest.mark.parametrize("count", [3, 4, 9, 60])
def test_what_is_filled_is_rows_and_columns(count: int) -> None:
    strokes = trace(located_in(np.ones((count, count), bool)))
    assert len(strokes) == 2 * (count - 2) + 1  # the frame is one
    assert strokes.closed.sum() == 1


def test_no_pixels_are_no_strokes() -> None:
    strokes = trace(located_in(np.zeros((4, 5), bool)), 3, 3)
    assert (len(strokes), len(strokes.points), strokes.starts.tolist()) == (0, 0, [0])


def circle(radius: int) -> Mask:
    y, x = np.indices((4 * radius, 3 * radius)) - 1.5 * radius
    return np.asarray(np.abs(np.hypot(x, y) - radius) < 0.5)


@pytest.mark.parametrize("radius", [2, 5, 200])
def test_a_circle_is_one_closed_stroke(radius: int) -> None:
    mask = circle(radius)
    strokes = trace(located_in(mask))
    assert strokes.closed.tolist() == [True]
    assert len(strokes.points) == mask.sum()


def test_a_circle_on_a_stick_is_a_closed_stroke_and_one_that_ends_on_it() -> None:
    mask = circle(20)
    mask[51:, 30] = True
    strokes = trace(located_in(mask))
    assert sorted(strokes.closed) == [False, True]
    stick, ring = sorted(strokes, key=lambda one: one.closed)
    assert len(stick.points) == 80 - 51 + 1
    assert {tuple(stick.points[0]), tuple(stick.points[-1])} & {tuple(p) for p in ring.points}


def test_half_a_million_pixels_in_one_spiral_are_one_stroke() -> None:
    turns = 354
    mask = np.zeros((4 * turns, 4 * turns), bool)
    for turn in range(turns):
        first, last = 2 * turn, 4 * turns - 2 * turn - 2
        mask[first, max(first - 2, 0) : last + 1] = mask[first : last + 1, last] = True
        mask[last, first : last + 1] = mask[first + 2 : last + 1, first] = True
    (stroke,) = trace(located_in(mask))
    assert len(stroke.points) == mask.sum() > 490_000


# --- laws ---------------------------------------------------------------------------------------


@given(MASKS)
def test_joining_loses_no_pixel(mask: Mask) -> None:
    """Each is visited once but for junctions; those of a spot are near its middle."""
    pixels = located_in(mask)
    graph = connect(pixels)
    visits = np.bincount(join(graph).order, minlength=len(pixels))
    degrees = graph.degrees()
    assert (visits[graph.alive & (degrees < 3)] == 1).all()
    assert (visits[graph.alive] >= 1).all()
    assert (visits <= np.maximum(degrees, 1)).all()
    merged = graph.merged
    assert visits[merged.gone].sum() == 0
    off = pixels.points[merged.gone] - graph.points(merged.into)
    assert (np.hypot(*off.T) <= 0.75).all()


@given(MASKS)
def test_a_stroke_is_near_the_centre_of_every_pixel(mask: Mask) -> None:
    pixels = located_in(mask)
    off = np.random.default_rng(mask.sum()).uniform(-0.45, 0.45, pixels.points.shape)
    along = points_along(trace(replace(pixels, points=pixels.points + off)), 0.02)
    for centre in pixels.points:
        assert np.hypot(*(along - centre).T).min() <= 0.75


@given(MASKS)
def test_strokes_meet_in_the_same_point_bit_for_bit(mask: Mask) -> None:
    """Where strokes end at a junction, others go through just that point."""
    pixels = located_in(mask, 0.1)
    graph = connect(pixels)
    chains = join(graph)
    junctions = {tuple(point) for point in graph.points(np.flatnonzero(graph.degrees() > 2))}
    strokes = list(chains.strokes(graph))
    inner = {tuple(p) for one in strokes for p in (one.points if one.closed else one.points[1:-1])}
    assert junctions <= inner


@given(MASKS)
def test_strength_and_angle_go_along(mask: Mask) -> None:
    pixels = located_in(mask, 0.1)
    strokes = trace(pixels)
    own = {tuple(p): s for p, s in zip(pixels.points, pixels.strength, strict=True)}
    for point, strength in zip(strokes.points, strokes.strength, strict=True):
        assert own.get(tuple(point), strength) == strength


def turned(pixels: Located, shape: tuple[int, int]) -> Located:
    """Return pixels of a map turned by 90° against the clock."""
    height, width = shape
    row, column = np.divmod(pixels.place, width)
    place = (width - 1 - column) * height + row
    x, y = pixels.points.T
    return reordered(pixels, height, place, np.stack([y, width - x], axis=1))


def mirrored(pixels: Located, shape: tuple[int, int]) -> Located:
    """Return pixels of a map whose columns are in the opposite order."""
    row, column = np.divmod(pixels.place, shape[1])
    x, y = pixels.points.T
    place = row * shape[1] + shape[1] - 1 - column
    return reordered(pixels, shape[1], place, np.stack([shape[1] - x, y], axis=1))


def reordered(pixels: Located, width: int, place: Positions, points: Points) -> Located:
    order = place.argsort()
    return Located(width, place[order], points[order], pixels.strength[order], pixels.angle[order])


SMALL_LOOP = mask_of("..##. .#..# ..##. ..#.. ..#..")  # both ways around lead over the same points


@example(SMALL_LOOP, 0, 0)
@given(MASKS, st.sampled_from([0, 3.0, 6.0]), st.sampled_from([0, 2.5, 5.0]))
def test_turned_and_mirrored_pixels_become_the_same_strokes(
    mask: Mask, shortest: float, gap: float
) -> None:
    pixels = located_in(mask, 0.05)
    strokes = polylines(trace(pixels, shortest, gap))
    width = mask.shape[1]
    again = polylines(trace(turned(pixels, mask.shape), shortest, gap))
    assert (
        sorted(
            polyline([(width - y, x) for x, y in points], closed=closed) for closed, points in again
        )
        == strokes
    )
    again = polylines(trace(mirrored(pixels, mask.shape), shortest, gap))
    assert (
        sorted(
            polyline([(width - x, y) for x, y in points], closed=closed) for closed, points in again
        )
        == strokes
    )


@pytest.mark.parametrize("angle", range(2, 90, 7))
def test_a_stair_of_located_points_goes_one_way(angle: int) -> None:
    """Both pixels of a corner may lie on the line in the opposite order to that of the walk."""
    way = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    y, x = np.indices((80, 80)) + 0.5
    across = (x - 3.2) * way[1] - (y - 3.1) * way[0]
    mask = np.abs(across) < 0.5 * np.abs(way).max() + 0.08
    mask &= (x > 2) & (y > 2) & (x < 75) & (y < 75)
    pixels = located_in(mask)
    along = (pixels.points - (3.2, 3.1)) @ way
    pixels.points[:] = (3.2, 3.1) + along[:, np.newaxis] * way
    for stroke in trace(pixels):
        steps = np.diff(stroke.points @ way)
        assert (steps >= -1e-9).all() or (steps <= 1e-9).all()
