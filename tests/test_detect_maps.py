"""What is drawn white, by the map that was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgecli import convolve, detect_edges, load_filter
from edgecli.lines.crossings import crossing_share
from tests.conftest import SAMPLES
from tests.detections import detected, settings_of

STILL_LIFE = np.asarray(Image.open(SAMPLES / "still-life.png").convert("L"))


def clipped(name: str) -> float:
    _, measured = detected(STILL_LIFE, settings_of(name))
    return measured.extremes[0].clipped / STILL_LIFE.size


@pytest.mark.parametrize(
    "name",
    ["sobel", "scharr", "prewitt", "roberts", "farid", "kirsch", "vertical", "gradient:1",
     "gradient:2", "gradient:4"],
)  # fmt: skip
def test_few_pixels_saturate_whatever_the_filter(name: str) -> None:
    assert clipped(name) < 0.03
    assert detect_edges(STILL_LIFE, name).max() > 200


@pytest.mark.parametrize(
    ("name", "largest"),
    [("vertical", 3 * 255), ("scharr-x", 16 * 255), ("sobel", 4 * 255 * 2**0.5)],
)
@pytest.mark.parametrize("white", [255, 65535, 1.0])
def test_a_third_of_the_largest_possible_response_is_white(
    name: str, largest: float, white: float
) -> None:
    pixels: Any = np.float32 if white == 1 else np.min_scalar_type(int(white))
    step = np.zeros((5, 8), pixels)
    step[:, 4:] = white / 5  # the operators' responses to a step of height h are in their table
    response = np.sqrt(np.square(convolve(step, load_filter(name)).astype(float)).sum(axis=0))
    expected = np.floor(255 * np.minimum(response * 3 / (largest * white / 255), 1) + 0.5)
    np.testing.assert_array_equal(detect_edges(step, name), expected)


@pytest.mark.parametrize("name", ["log:1", "log:2", "log:4", "dog:1", "dog:2", "laplacian"])
def test_zero_crossings_are_as_bright_as_other_lines(name: str) -> None:
    """White is a third of their largest possible height, which wide kernels keep low."""
    lines = detect_edges(STILL_LIFE, name, thin=True)
    found = lines[lines > 0]
    assert np.mean(found == 255) < 0.03
    assert lines.max() > 150
    assert found.mean() > 15


def test_no_crossing_is_higher_than_neighbours_can_be_apart() -> None:
    bank = load_filter("log:2")
    apart = bank.weight[0, 0] - np.roll(bank.weight[0, 0], 1, 1)
    side = len(apart)
    steepest = np.full((side, side + 2), 255, np.uint8)
    steepest[:, 1:-1] = np.where(apart > 0, 255, 0)
    left, right = convolve(steepest, bank, padding="valid")[0, 0, 1:]
    possible = crossing_share(bank.weight[0]) * 255 * np.abs(bank.weight).sum() / 2
    assert left * right < 0
    assert abs(right - left) == pytest.approx(possible, rel=0.01)


def test_vertical_edges_of_8_bits_keep_their_own_units() -> None:
    own = detect_edges(STILL_LIFE, "vertical", map="abs")
    np.testing.assert_array_equal(detect_edges(STILL_LIFE, "vertical"), own)


@pytest.mark.parametrize("scale", [1, 1 / 7, 40])
def test_the_scale_of_the_weights_does_not_matter(scale: float) -> None:
    rows = "; ".join(f"{scale} 0 {-scale}" for _ in range(3))
    found = detect_edges(STILL_LIFE, rows).astype(int)
    assert np.abs(found - detect_edges(STILL_LIFE, "vertical")).max() <= 1


@pytest.mark.parametrize("rows", ["1", "3", "1 1 1; 1 1 1; 1 1 1", "0 -1 0; -1 5 -1; 0 -1 0"])
def test_what_shows_a_picture_keeps_white_white(rows: str) -> None:
    for level in (0, 100, 255):
        flat = np.full((5, 5), level, np.uint8)
        assert (detect_edges(flat, rows) == level).all()


def test_a_rounding_error_in_the_weights_makes_no_picture_of_edges() -> None:
    found = detect_edges(STILL_LIFE, "1 0 -1.001; 1 0 -1; 1 0 -1").astype(int)
    assert np.abs(found - detect_edges(STILL_LIFE, "vertical")).max() <= 1


@pytest.mark.parametrize("name", ["contours", "learned-small"])
def test_what_is_of_0_to_1_stays_as_it_is(name: str) -> None:
    colours = np.asarray(Image.open(SAMPLES / "shapes.png").convert("RGB"))[:64, :64]
    own = detect_edges(colours, name, map="abs")
    np.testing.assert_array_equal(detect_edges(colours, name), own)
