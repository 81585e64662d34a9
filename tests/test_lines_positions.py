"""Positions: as NumPy lists them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from edgecli.lines.positions import positions

masks = npst.arrays("bool", st.tuples(st.integers(0, 9), st.integers(0, 40)))


@given(masks)
def test_positions_are_those_of_numpy(mask: NDArray[np.bool_]) -> None:
    np.testing.assert_array_equal(positions(mask), np.flatnonzero(mask))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 1.0])
@pytest.mark.parametrize("offset", range(8))
def test_however_many_and_wherever_they_begin(share: float, offset: int) -> None:
    mask = np.random.default_rng(5).random(1003) < share
    np.testing.assert_array_equal(positions(mask[offset:]), np.flatnonzero(mask[offset:]))
