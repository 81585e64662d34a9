"""Crests of soft maps: lines of one pixel, wherever ridges run."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from edgecli.lines.ridges import REACH, Crest, across
from tests.steps import dirty_memory, in_bands, whole

Floats = NDArray[np.float32]


def thin(soft: NDArray[Any], floor: float = 0.0) -> Floats:
    """Thin a whole map."""
    return np.asarray(whole(Crest((1, *soft.shape), floor), soft.astype(np.float32)[np.newaxis])[0])


def ridge(degrees: float, size: int = 41, width: float = 2.0) -> Floats:
    """Return a soft straight line through the middle, at an angle from the row."""
    angle, middle = math.radians(degrees), size // 2
    y, x = np.mgrid[:size, :size] - middle
    far = x * math.sin(angle) - y * math.cos(angle)
    return np.asarray(np.exp(-np.square(far / width) / 2), np.float32)


@pytest.mark.parametrize("degrees", range(0, 180, 15))
def test_a_ridge_becomes_a_line_of_one_pixel(degrees: int) -> None:
    soft = ridge(degrees)
    lines = thin(soft, 0.2)[5:-5, 5:-5] > 0
    steep = 45 < degrees < 135
    counts = lines.sum(axis=1 if steep else 0)
    assert counts.max() <= 2
    assert counts.min() >= 1
    assert ndimage.label(lines, np.ones((3, 3)))[1] == 1
    # The middle of the line, to a pixel.
    assert soft[5:-5, 5:-5][lines].min() > math.exp(-((0.8 / 2) ** 2) / 2)


def test_what_is_kept_has_its_strength() -> None:
    soft = ridge(30)
    lines = thin(soft)
    np.testing.assert_array_equal(lines[lines > 0], soft[lines > 0])


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_constant_has_no_crest(value: float) -> None:
    assert not thin(np.full((20, 20), value)).any()


def test_rounding_errors_are_no_crests_and_a_faint_ridge_is_one() -> None:
    random = np.random.default_rng(8)
    for value in (0.03, 0.3, 0.9):
        assert not thin(value + random.uniform(-3e-7, 3e-7, (30, 40))).any()
    assert (thin(0.03 + 1e-4 * ridge(30))[5:-5, 5:-5] > 0).any(axis=0).all()


def test_a_slope_has_no_crest() -> None:
    soft = np.tile(np.linspace(0, 1, 30), (20, 1))
    assert not thin(soft).any()


def test_two_ridges_stay_two() -> None:
    soft = np.zeros((20, 30))
    soft[:, 10] = soft[:, 16] = 0.9
    assert np.flatnonzero(thin(soft)[9]).tolist() == [10, 16]


@pytest.mark.parametrize("wide", [2, 3, 5])
def test_of_equal_pixels_across_a_ridge_one_is_kept(wide: int) -> None:
    soft = np.zeros((20, 20))
    soft[:, 9 : 9 + wide] = 0.7
    assert (thin(soft)[2:-2] > 0).sum(axis=1).tolist() == [1] * 16


def test_ridges_at_the_frame_are_kept() -> None:
    soft = np.zeros((20, 20))
    soft[:, 1] = 0.8
    assert np.flatnonzero(thin(soft)[9]).tolist() == [1]


def test_what_is_weak_is_no_edge() -> None:
    soft = 0.3 * ridge(0)
    assert thin(soft, 0.2).any()
    assert not thin(soft, 0.31).any()


@given(st.integers(1, 40), st.integers(1, 30), st.integers(1, 12), st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_bands_equal_the_whole_to_the_bit(height: int, width: int, rows: int, seed: int) -> None:
    soft = np.random.default_rng(seed).random((height, width), np.float32)
    found = in_bands(Crest((1, height, width), 0.0), [soft[np.newaxis]], rows, dirty_memory())
    np.testing.assert_array_equal(found[0], thin(soft))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_the_direction_is_the_eigenvector_of_the_least_curvature(seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 9, (9, 8)).astype(np.float32)
    x, y = (array.copy() for array in across(values, dirty_memory()))
    for (r, c), along in np.ndenumerate(x):
        near = values[r : r + 3, c : c + 3].astype(np.float64)
        xx, yy = (side[0] - 2 * near[1, 1] + side[2] for side in (near[1], near[:, 1]))
        xy = (near[2, 2] - near[2, 0] - near[0, 2] + near[0, 0]) / 4
        powers, vectors = np.linalg.eigh([[xx, xy], [xy, yy]])
        if powers[1] - powers[0] > 1e-6:
            ours = np.array([along, y[r, c]]) / math.hypot(along, y[r, c])
            assert abs(ours @ vectors[:, 0]) == pytest.approx(1, abs=1e-5)
        else:
            assert along > 0
            assert y[r, c] == 0


def test_the_reach_is_all_that_decides() -> None:
    soft = np.random.default_rng(4).random((41, 41), np.float32)
    changed = soft.copy()
    changed[: 20 - REACH] = changed[21 + REACH :] = 0
    changed[:, : 20 - REACH] = changed[:, 21 + REACH :] = 0
    assert thin(soft)[20, 20] == thin(changed)[20, 20]
