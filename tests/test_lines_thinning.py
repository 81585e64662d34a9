"""Thinning: what the step adds to the suppression of what is no peak."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgecli.lines import peaks
from edgecli.lines.gradients import Slope
from edgecli.lines.thinning import Thin
from tests.steps import whole

FLOAT = np.dtype(np.float32)
ALONG_X = Slope(((1.0,), (0.0,)), both=False)


def thinned(row: list[float], responses: list[float], **options: Any) -> NDArray[Any]:
    """Thin one row of strengths, along a gradient given by the responses of one filter."""
    step = Thin((1, 1, len(row)), FLOAT, ALONG_X, 0, **options)
    found = whole(step, *(np.array([[values]], np.float32) for values in (row, responses)))
    return np.asarray(found[0, 0])


@pytest.mark.parametrize("sectors", [True, False])
def test_of_two_equal_strengths_that_of_the_brighter_pixel_stays(sectors: bool) -> None:
    for sign, kept in ((1, [0, 0, 5, 0]), (-1, [0, 5, 0, 0])):
        assert thinned([1, 5, 5, 1], [sign] * 4, sectors=sectors).tolist() == kept


def test_signed_strengths_are_compared_by_size_and_keep_their_sign() -> None:
    row = [1.0, -5, 2, 0, 3, -4]
    assert thinned(row, row, signed=True).tolist() == [0, -5, 0, 0, 0, -4]


def test_planes_are_thinned_by_their_own_responses() -> None:
    slope = Slope(((1.0, 0.0), (0.0, 1.0)), both=True)
    strength = np.tile(np.array([[1, 2, 1], [3, 4, 3], [1, 2, 1]], np.float32), (2, 1, 1))
    across, none = np.ones((3, 3), np.float32), np.zeros((3, 3), np.float32)
    responses = np.stack([across, none, none, across])  # along x in one plane, along y in the other
    first, second = whole(Thin((2, 3, 3), FLOAT, slope, 0), strength, responses) > 0
    assert first.tolist() == [[False, True, False]] * 3
    assert second.tolist() == [[False] * 3, [True] * 3, [False] * 3]


@pytest.mark.parametrize("sparse", [0.0, 1.0])
def test_nan_stays_and_is_no_neighbour_of_a_peak(
    sparse: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peaks, "SPARSE", sparse)
    row = [1, 5, 1, np.nan, 1, np.inf, np.inf, 0]
    found = thinned(row, [1] * 8, sectors=True, unknown=True)
    np.testing.assert_array_equal(found, [0, 5, 0, np.nan, 0, 0, np.inf, 0])
