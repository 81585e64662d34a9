"""From a map to the image: a known edge is found where it is, however the map was made."""

from __future__ import annotations

from math import erf
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgecli import find_strokes
from edgecli.filters.files import load_filter
from edgecli.geometry import Window
from edgecli.strokes.placing import Placing, placing_of
from tests.detections import settings_of
from tests.located import located

EDGE = 40.25
SIDE = 80


def blurred_edge(at: float = EDGE) -> Any:
    """Return a picture that grows brighter about x, as a Gaussian of σ = 3 blurs a step."""
    ramp = [0.5 + 0.5 * erf((x + 0.5 - at) / (3 * 2**0.5)) for x in range(SIDE)]
    return np.tile(np.array(ramp, np.float32), (SIDE, 1))


WINDOWS: list[tuple[str, dict[str, Any]]] = [
    ("sobel", {}),
    ("sobel", {"padding": "valid"}),
    ("sobel", {"padding": (5, 1, 3, 7)}),
    ("sobel", {"padding": (0, 0, 9, 0), "stride": (1, 2)}),
    ("sobel", {"stride": 2}),
    ("sobel", {"stride": (3, 2), "padding": "valid"}),
    ("sobel", {"dilation": 2}),
    ("sobel", {"dilation": (1, 2), "padding": "valid"}),
    ("sobel", {"convolve": True}),
    ("roberts", {}),
    ("roberts", {"padding": "valid", "dilation": 2}),
    ("1 -1", {}),
    ("1 -1", {"convolve": True, "padding": "valid"}),
    ("1 -1 0 0", {"padding": "valid"}),
    ("0 0 0 1 -1", {"stride": 2}),
    ("1 0 -1", {"padding_mode": "zeros"}),
    ("gradient:2", {"padding": "valid"}),
    ("canny:1", {"stride": 2}),
    ("log:2", {}),
    ("log:2", {"padding": "valid", "stride": 2}),
    ("sobel", {"resize": "50%"}),
    ("sobel", {"resize": "60x60"}),
    ("sobel", {"resize": "50%", "stride": (2, 1), "padding": "valid"}),
]


@pytest.mark.parametrize(("name", "options"), WINDOWS)
def test_an_edge_is_found_where_it_is(name: str, options: dict[str, Any]) -> None:
    strokes = find_strokes(blurred_edge(), name, threshold="auto", simplify=0, border=4, **options)
    x, y = np.concatenate([stroke.points for stroke in strokes]).T
    own = np.abs(x - EDGE) < 5
    assert np.abs(x[own] - EDGE).max() < 0.08
    assert np.ptp(y[own]) > SIDE / 3
    assert np.all((y > 0) & (y < SIDE))


def test_a_filter_is_placed_by_itself_beside_a_larger_one() -> None:
    """A bank that slides as one pads the smaller kernels, each about its own middle."""
    edges, others = located(blurred_edge(), settings_of("roberts", "gradient:2"))
    for one in (edges, others):
        assert np.abs(np.median(one.points[:, 0]) - EDGE) < 0.05


def test_the_middle_of_the_weights_is_where_a_window_looks() -> None:
    geometry = Window((3, 3), (2, 3), (1, 2), (1, 0, 2, 5)).over(40, 50)
    placing = placing_of(geometry, load_filter("sobel").weight)
    assert placing == Placing(scale=(3.0, 2.0), shift=(0.5 - 2 + 2, 0.5 - 1 + 1))


def test_an_image_that_was_made_smaller_is_placed_in_itself() -> None:
    placing = Placing((2.0, 1.0), (0.5, 1.5)).enlarged((3.0, 4.0))
    assert placing == Placing((6.0, 4.0), (1.5, 6.0))


def test_angles_are_of_the_image() -> None:
    """A slope of 45° in a map whose rows are two pixels apart is steeper across the image."""
    placing = Placing(scale=(1.0, 2.0))
    quarter = np.array([np.pi / 4, 3 * np.pi / 4, np.pi / 2], np.float32)
    expected = [np.arctan(1 / 2), np.pi - np.arctan(1 / 2), np.pi / 2]
    np.testing.assert_allclose(placing.angles(quarter), expected, atol=1e-6)
    assert Placing().angles(quarter) is quarter


@pytest.mark.parametrize("orientation", range(1, 9))
def test_positions_are_those_of_the_upright_image(orientation: int, tmp_path: Any) -> None:
    upright = np.rint(200 * blurred_edge()[:50]).astype(np.uint8)
    turn = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1],
        5: upright.T, 6: np.rot90(upright), 7: np.rot90(upright, 2).T, 8: np.rot90(upright, -1),
    }  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "turned.png"
    Image.fromarray(np.ascontiguousarray(turn[orientation])).save(path, exif=exif)
    points = np.concatenate([stroke.points for stroke in find_strokes(path, "gradient:2")])
    assert np.abs(points[:, 0] - EDGE).max() < 0.05


@pytest.mark.parametrize(
    ("options", "pitch"),
    [
        ({"stride": 2}, (2, 2)), ({"stride": (1, 2)}, (2, 1)), ({"resize": "50%"}, (2, 2)),
        ({"padding": "valid"}, (1, 1)),
    ],
)  # fmt: skip
def test_junctions_are_placed_as_the_lines_that_meet_there(
    options: dict[str, Any], pitch: tuple[float, float]
) -> None:
    """Pixels that touch are √2 apart at most, and each point is within 0.75 of its pixel."""
    noise = np.random.default_rng(5).integers(0, 256, (60, 80), np.uint8)
    strokes = find_strokes(noise, "gradient:1.4", threshold=0, simplify=0, **options)
    steps = np.concatenate([np.diff(stroke.points, axis=0) for stroke in strokes]) / pitch
    assert len(steps) > 100
    assert np.hypot(*steps.T).max() < 2**0.5 + 2 * 0.75
