"""Thinning: against loops over pixels, and the laws of edges."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgecli import convolve
from edgecli.detect.stages import Layers, Thin
from edgecli.lines import thinning
from edgecli.lines.thinning import framed, suppress, zero_crossings
from edgecli.rows.memory import Memory

Array = NDArray[Any]

TAN = math.sqrt(2) - 1

seeds = st.integers(0, 2**32 - 1)


def peaks_by_hand(strength: Array, gx: Array, gy: Array, *, sectors: bool) -> Array:
    """Look at every pixel on its own, in the words of the docstring."""
    padded = np.pad(strength.astype(np.float32), 1)
    peaks = np.zeros(strength.shape, bool)
    for (r, c), value in np.ndenumerate(strength):
        x, y = float(gx[r, c]), float(gy[r, c])
        right, down = (-1 if np.signbit(v) else 1 for v in (x, y))
        sides = []
        for sign in (1, -1):

            def at(dr: int, dc: int, s: int = sign) -> Any:
                return padded[r + 1 + s * dr, c + 1 + s * dc]  # noqa: B023

            if sectors:
                level, steep = TAN * abs(x) > abs(y), TAN * abs(y) > abs(x)
                sides.append(at(0 if level else down, 0 if steep else right))
            else:
                near = at(down, 0) if abs(y) > abs(x) else at(0, right)
                low, high = sorted(np.array([abs(x), abs(y)], np.float32))
                share = np.float32(low / high if high else 0)
                sides.append((at(down, right) - near) * share + near)
        points = x != 0 or y != 0
        peaks[r, c] = points and value > 0 and value > sides[0] and value >= sides[1]
    return peaks


def thinned(strength: Array, gx: Array, gy: Array, floor: float, *, sectors: bool = False) -> Array:
    out = np.full_like(strength, np.nan)
    frame = framed(np.abs(strength), 0, 0, Memory())
    suppress(strength, frame, (gx, gy), floor, out, Memory(), sectors=sectors)
    return out


@pytest.mark.parametrize("sectors", [True, False])
@pytest.mark.parametrize("sparse", [0.0, 1.0])
@given(seeds)
def test_suppression_equals_the_loops(sectors: bool, sparse: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    gx, gy = random.integers(-3, 4, (2, 7, 9)).astype(np.int16)
    strength = random.integers(0, 5, (7, 9)).astype(np.float32)
    expected = peaks_by_hand(strength, gx, gy, sectors=sectors)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thinning, "SPARSE", sparse)
        found = thinned(strength, gx, gy, 0, sectors=sectors)
    np.testing.assert_array_equal(found, strength * expected)


@pytest.mark.parametrize("sectors", [True, False])
@given(seeds)
def test_both_ways_agree_on_floats(sectors: bool, seed: int) -> None:
    """What a band has of edges must not decide which pixels are edges."""
    random = np.random.default_rng(seed)
    gx, gy, strength = random.normal(size=(3, 12, 11)).astype(np.float32)
    found = []
    for sparse in (0.0, 1.0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(thinning, "SPARSE", sparse)
            found.append(thinned(strength, gx, gy, 0.3, sectors=sectors))
    np.testing.assert_array_equal(found[0], found[1])


def test_halos_stand_for_what_a_frame_of_zeros_stands_for_otherwise() -> None:
    rows = np.arange(1.0, 13).reshape(4, 3)
    frame = framed(rows, 1, 0, Memory())
    assert frame.shape == (5, 5)
    np.testing.assert_array_equal(frame[:-1, 1:-1], rows)
    assert not frame[-1].any()
    assert not frame[:, [0, -1]].any()


@pytest.mark.parametrize("sparse", [0.0, 1.0])
def test_nan_stays_and_is_no_neighbour_of_a_peak(
    sparse: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thinning, "SPARSE", sparse)
    strength = np.array([[1, 5, 1, np.nan, 1, np.inf, np.inf, 0]], np.float32)
    gx = np.ones((1, 8), np.float32)
    layers = Layers((0, 1), strength[np.newaxis], gx[np.newaxis], 0 * gx[np.newaxis])
    with np.errstate(all="ignore"):  # as for every band
        found = Thin(0, sectors=True, unknown=True).apply(layers, (0, 1), Memory()).strength
    np.testing.assert_array_equal(found, [[[0, 5, 0, np.nan, 0, 0, np.inf, 0]]])


def crossings_by_hand(response: Array) -> Array:
    padded = np.pad(response.astype(float), 1)
    heights = np.zeros(response.shape)
    for r, c in np.ndindex(*response.shape):
        here = padded[r + 1, c + 1]
        for dr, dc in ((0, 1), (1, 0)):
            ends = [padded[r + 1 + s * dr, c + 1 + s * dc] for s in (1, -1)]
            found = [
                abs(here) + abs(end)
                for end in ends
                if here * end < 0 and (abs(here), here) < (abs(end), end)
            ]
            if here == 0 and ends[0] * ends[1] < 0:
                found.append(abs(ends[0]) + abs(ends[1]))
            heights[r, c] = max([heights[r, c], *found])
    return heights


@given(seeds)
def test_zero_crossings_equal_the_loops(seed: int) -> None:
    response = np.random.default_rng(seed).integers(-3, 4, (6, 8)).astype(np.float32)
    out = np.empty_like(response)
    zero_crossings(framed(response, 0, 0, Memory()), 0, out)
    np.testing.assert_array_equal(out, crossings_by_hand(response))


def test_crossings_below_the_floor_are_none() -> None:
    response = np.array([[1, -1, 0, 0, 4, -3]], np.float32)
    out = np.empty_like(response)
    zero_crossings(framed(response, 0, 0, Memory()), 2, out)
    assert out.tolist() == [[0, 0, 0, 0, 0, 7]]


def test_a_log_crosses_zero_once_at_a_step() -> None:
    picture = np.zeros((20, 20), np.uint8)
    picture[:, 11:] = 200
    (response,) = convolve(picture, "log:1.5", padding="same", padding_mode="replicate")
    out = np.empty_like(response)
    zero_crossings(framed(response, 0, 0, Memory()), 1, out)
    assert (np.count_nonzero(out, axis=1) == 1).all()
    assert set(np.nonzero(out)[1].tolist()) <= {10, 11}
