"""The types that rows have: what holds every value of a stored type, or of these numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgecli.images.sample_types import as_rows, row_type, smallest
from tests.matrices import ROW_TYPES, Pixels


@given(hnp.arrays(np.int64, (1, 4), elements=st.integers(-(2**31), 2**31 - 1)))
def test_smallest_holds_every_value_and_nothing_smaller_does(integers: Pixels) -> None:
    result = smallest(integers)
    assert (result == integers).all()
    for dtype in ROW_TYPES[: ROW_TYPES.index(result.dtype.name)]:
        limits = np.iinfo(dtype)
        assert integers.min() < limits.min or integers.max() > limits.max


@pytest.mark.parametrize("stored", ["uint32", "int64", "uint64"])
def test_wide_integers_have_no_type_before_they_are_seen(stored: str) -> None:
    assert row_type(np.dtype(stored)) is None


def test_booleans_are_black_and_white() -> None:
    assert as_rows(np.array([[[False], [True]]]), "a.npy").ravel().tolist() == [0, 255]
