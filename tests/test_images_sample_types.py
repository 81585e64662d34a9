"""The types that rows have: what holds every value of a stored type, or of these numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgecli.errors import ImageError
from edgecli.images.sample_types import as_rows, row_type, smallest
from tests.matrices import ROW_TYPES, Pixels


@given(hnp.arrays(np.int64, (1, 4), elements=st.integers(-(2**31), 2**31 - 1)))
def test_smallest_holds_every_value_and_nothing_smaller_does(integers: Pixels) -> None:
    result = smallest(integers, "a.npy")
    assert (result == integers).all()
    for dtype in ROW_TYPES[: ROW_TYPES.index(result.dtype.name)]:
        limits = np.iinfo(dtype)
        assert integers.min() < limits.min or integers.max() > limits.max


@pytest.mark.parametrize(
    ("stored", "number"),
    [("uint32", 2**31), ("uint32", 2**32 - 1), ("uint64", 2**63), ("int64", -(2**31) - 1)],
)
def test_whole_numbers_beyond_int32_are_refused(stored: str, number: int) -> None:
    with pytest.raises(ImageError) as caught:
        smallest(np.array([[[0], [number]]], stored), "a.npy")
    assert str(caught.value) == (
        "image a.npy has whole numbers beyond int32's −2,147,483,648 to 2,147,483,647, from "
        f"{min(number, 0):,} to {max(number, 0):,}; divide them, or save them as floats with white "
        "at 1.0"
    )


@pytest.mark.parametrize("stored", ["uint32", "int64", "uint64"])
def test_wide_integers_have_no_type_before_they_are_seen(stored: str) -> None:
    assert row_type(np.dtype(stored)) is None


def test_booleans_are_black_and_white() -> None:
    assert as_rows(np.array([[[False], [True]]]), "a.npy").ravel().tolist() == [0, 255]
