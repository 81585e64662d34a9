"""Non-maximum suppression: against loops over pixels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgecli.lines import peaks
from edgecli.lines.peaks import framed, list_peaks, suppress
from edgecli.rows.memory import Memory
from tests.steps import dirty_memory

Array = NDArray[Any]

TAN = math.sqrt(2) - 1

seeds = st.integers(0, 2**32 - 1)


def peaks_by_hand(strength: Array, gx: Array, gy: Array, *, sectors: bool) -> Array:
    """Look at every pixel on its own, in the words of the docstring."""
    padded = np.pad(strength.astype(np.float32), 1)
    found = np.zeros(strength.shape, bool)
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
        found[r, c] = points and value > 0 and value > sides[0] and value >= sides[1]
    return found


def thinned(strength: Array, gx: Array, gy: Array, floor: float, *, sectors: bool = False) -> Array:
    out, memory = np.full_like(strength, np.nan), dirty_memory()
    with memory:
        frame = framed(np.abs(strength), 0, 0, memory)
        suppress(strength, frame, (gx, gy), floor, out, memory, sectors=sectors)
        found, listed = list_peaks(frame, (gx, gy), floor, memory, sectors=sectors)
        np.square(frame, out=frame)
        again = list_peaks(frame, (gx, gy), floor, memory, sectors=sectors, squared=True)
    np.testing.assert_array_equal(found, np.flatnonzero(out))
    np.testing.assert_array_equal(listed, np.abs(out.flat[found]))
    np.testing.assert_array_equal(again, (found, listed))
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
        patch.setattr(peaks, "SPARSE", sparse)
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
            patch.setattr(peaks, "SPARSE", sparse)
            found.append(thinned(strength, gx, gy, 0.3, sectors=sectors))
    np.testing.assert_array_equal(found[0], found[1])


def test_halos_stand_for_what_a_frame_of_zeros_stands_for_otherwise() -> None:
    rows = np.arange(1.0, 13).reshape(4, 3)
    frame = framed(rows, 1, 0, Memory())
    assert frame.shape == (5, 5)
    np.testing.assert_array_equal(frame[:-1, 1:-1], rows)
    assert not frame[-1].any()
    assert not frame[:, [0, -1]].any()
