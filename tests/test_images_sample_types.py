"""The types that rows have: what holds every value of a stored type, or of these numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgecli.errors import ImageError
from edgecli.images.sample_types import as_rows, row_type, smallest
from tests.matrices import Pixels


@given(hnp.arrays(np.int64, (1, 4), elements=st.integers(-(2**63), 2**63 - 1)))
def test_smallest_holds_every_value_and_nothing_smaller_does(integers: Pixels) -> None:
    result = smallest(integers, "a.npy")
    assert (result == integers).all()
    order = ("uint8", "uint16", "int16", "int32", "int64")
    for dtype in order[: order.index(result.dtype.name)]:
        limits = np.iinfo(dtype)
        assert integers.min() < limits.min or integers.max() > limits.max


def test_whole_numbers_beyond_int64_are_refused() -> None:
    with pytest.raises(ImageError) as caught:
        smallest(np.array([[[0], [2**63]]], np.uint64), "a.npy")
    assert str(caught.value) == (
        "image a.npy has whole numbers up to 9,223,372,036,854,775,808, beyond int64's "
        "9,223,372,036,854,775,807; divide them, or save them as float64, which rounds them"
    )


@pytest.mark.parametrize("stored", ["uint32", "int64", "uint64"])
def test_wide_integers_have_no_type_before_they_are_seen(stored: str) -> None:
    assert row_type(np.dtype(stored)) is None


def test_booleans_are_black_and_white() -> None:
    assert as_rows(np.array([[[False], [True]]])).ravel().tolist() == [0, 255]
