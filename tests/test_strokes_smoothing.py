"""Calm lines: noise goes, shapes stay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecli import find_strokes
from edgecli.records import replace
from edgecli.strokes.base import Located, Points
from edgecli.strokes.graph import connect
from edgecli.strokes.joining import join
from edgecli.strokes.smoothing import FARTHEST, calmed
from edgecli.strokes.tracing import trace
from tests.located import disk
from tests.strokes import line, located_in, mask_of, polylines, through
from tests.test_strokes_joining import MASKS, circle


def on_circle(radius: int, noise: float) -> Located:
    """Return the pixels of a circle around (0, 0), located on it but for noise across."""
    pixels = located_in(circle(radius))
    off = pixels.points - (1.5 * radius + 0.5)
    wanted = radius + np.random.default_rng(1).normal(0, noise, len(off))
    return replace(pixels, points=off * (wanted / np.hypot(*off.T))[:, np.newaxis])


def radii(points: Points) -> Points:
    far: Points = np.hypot(*points.T)
    return far


@pytest.mark.parametrize("radius", [12, 20, 40])
def test_noise_goes_and_the_radius_stays(radius: int) -> None:
    pixels = on_circle(radius, 0.3)
    (calm,) = trace(pixels, calm=True)
    assert radii(calm.points).std() < radii(pixels.points).std() / 1.5
    (exact,) = trace(on_circle(radius, 0), calm=True)
    assert np.abs(radii(exact.points) - radius).max() < 0.04


def test_straight_lines_and_free_ends_stay() -> None:
    drawing = mask_of("######### ......... #........ .#....... ..#......")
    assert polylines(trace(located_in(drawing), calm=True)) == sorted(
        [through(*line((0, 0), (0, 8))), through(*line((2, 0), (4, 2)))]
    )


@given(MASKS, st.floats(0, 2))
def test_lines_still_meet_and_no_point_moves_far(mask: np.ndarray, noise: float) -> None:
    graph = connect(located_in(mask, noise))
    chains = join(graph)
    calm = calmed(graph, chains)
    nodes = np.arange(len(graph.alive))
    moved = np.hypot(*(calm.points(nodes) - graph.points(nodes)).T)
    assert moved.max(initial=0) <= FARTHEST + 1e-9
    assert np.array_equal(calm.tails, graph.tails)  # who is joined to whom does not change


def test_networks_draw_calm_lines_and_derivatives_exact_ones() -> None:
    """A disk with noise: along a line of ``learned-small`` the direction hardly trembles."""
    picture = disk(120, 60.2, 60.7, 40, 5)
    (stroke,) = find_strokes(picture, "learned-small", min_length=60, simplify=0)
    ways = np.diff(np.append(stroke.points, stroke.points[:2], axis=0), axis=0)
    angles = np.unwrap(np.arctan2(*ways.T[::-1]))
    assert np.abs(np.diff(angles)).sum() < 2 * 2 * np.pi
    located = find_strokes(picture, "gradient:1", min_length=60, simplify=0)[0]
    assert np.abs(np.hypot(*(located.points - (60.2, 60.7)).T) - 40).max() < 0.15
