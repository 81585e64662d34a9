"""Where edges point, whatever filters tell it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecli import FilterBank, convolve, load_filter
from edgecli.lines.gradients import direction, gradient, slope_of, smooths
from edgecli.rows.memory import Memory

OPERATORS = ["sobel", "prewitt", "scharr", "roberts", "farid", "gradient:2", "kirsch", "robinson"]
OPERATORS += ["gabor:6", "canny:1", "gabor:8,10,70"]

angles = st.floats(-3.1, 3.1)


@pytest.mark.parametrize("name", OPERATORS)
@given(angles)
@settings(max_examples=20)
def test_a_slope_in_any_direction_is_found(name: str, angle: float) -> None:
    rows, cols = np.mgrid[0:61, 0:61].astype(np.float32)
    picture = math.cos(angle) * cols + math.sin(angle) * rows
    bank = load_filter(name)
    slope = slope_of(bank.weight)
    assert slope is not None
    assert slope.both
    x, y = gradient(slope, convolve(picture, bank, padding="valid"), Memory())
    middle = x.shape[0] // 2, x.shape[1] // 2
    found = math.atan2(y[middle], x[middle])
    assert math.cos(found - angle) == pytest.approx(1, abs=1e-4)


def test_flipped_filters_tell_the_same() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (9, 9), np.uint8)
    told = []
    for bank in (load_filter("sobel"), load_filter("sobel").flipped()):
        slope = slope_of(bank.weight)
        assert slope is not None
        told.append(
            [g.copy() for g in gradient(slope, convolve(picture, bank, padding="valid"), Memory())]
        )
    np.testing.assert_array_equal(told[0], told[1])


def test_one_filter_tells_one_axis() -> None:
    slope = slope_of(load_filter("vertical").weight)
    assert slope is not None
    assert (slope.matrix, slope.both) == (((-1.0,), (0.0,)), False)


@pytest.mark.parametrize("name", ["laplacian", "log:2", "dog", "gaussian:2", "identity"])
def test_even_filters_tell_none(name: str) -> None:
    assert slope_of(load_filter(name).weight) is None


def test_a_stride_stretches_the_map() -> None:
    slope = slope_of(load_filter("sobel").weight, (1, 2))
    assert slope is not None
    assert slope.matrix == ((1.0, 0.0), (0.0, 0.5))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("gaussian:2", True), ("identity", True), ("log:2", False), ("sobel", False)],
)
def test_filters_that_smooth_are_told(name: str, expected: bool) -> None:
    assert smooths(load_filter(name)) == expected
    assert not smooths(FilterBank(np.zeros((1, 1, 3, 3))))


def test_directions_are_radians_and_flat_has_none() -> None:
    found = direction(np.array([1, 0, -1, 0, 3]), np.array([0, 2, 0, 0, -3]))
    np.testing.assert_allclose(found, [0, np.pi / 2, np.pi, np.nan, -np.pi / 4], rtol=1e-6)
