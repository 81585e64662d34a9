"""Norms: how responses combine, and which plane of an image is the strongest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from edgecli.conv.norms import NORMS, Norm, Select, Strongest, norm, norm_dtype
from tests.conftest import noise
from tests.steps import dirty_memory, whole

Array = NDArray[Any]
INT16 = np.dtype(np.int16)

responses = npst.arrays(
    "int16", st.tuples(st.integers(2, 4), st.just(2), st.just(3)), elements=st.integers(-9000, 9000)
)


def norm_of(parts: Array, how: str) -> Array:
    out = np.empty(parts.shape[1:], norm_dtype(how, len(parts), parts.dtype))
    norm(parts, how, out, dirty_memory())
    return out


@given(responses)
def test_norms_are_those_of_the_responses(parts: NDArray[np.int16]) -> None:
    wide = parts.astype(np.float64)
    truths = {
        "magnitude": np.sqrt(np.square(wide).sum(axis=0)),
        "sum": np.abs(wide).sum(axis=0),
        "max": np.abs(wide).max(axis=0),
    }
    assert set(truths) == set(NORMS)
    for how, truth in truths.items():
        np.testing.assert_allclose(norm_of(parts, how), truth, rtol=1e-6)


def test_the_most_negative_response() -> None:
    parts = np.array([[[-32767]], [[5]]], np.int16)
    assert norm_of(parts, "max").item() == 32767
    assert norm_of(parts, "sum").item() == 32772


def planes_of(*shape: int) -> Array:
    """Return responses ``(planes · n, H, W)`` of both signs, with ties."""
    return (noise(*shape) // 32).astype(np.int16) - 4


@pytest.mark.parametrize("how", NORMS)
def test_every_plane_has_a_norm_of_its_own(how: str) -> None:
    given_responses = planes_of(6, 4, 5)
    found = whole(Norm((3, 4, 5), INT16, how, 2), given_responses)
    for plane, own in zip(found, given_responses.reshape(3, 2, 4, 5), strict=True):
        np.testing.assert_array_equal(plane, norm_of(own, how))


def test_selecting_takes_the_same_filters_of_every_plane() -> None:
    given_responses = planes_of(12, 4, 5)  # three planes of four filters
    found = whole(Select((6, 4, 5), INT16, 1, 4), given_responses)
    np.testing.assert_array_equal(found, given_responses[[1, 2, 5, 6, 9, 10]])


@pytest.mark.parametrize(("how", "count"), [("none", 1), *((how, 2) for how in NORMS)])
def test_the_strongest_plane_is_taken_at_every_pixel(how: str, count: int) -> None:
    given_responses = planes_of(3 * count, 4, 5)
    found = whole(Strongest((count, 4, 5), INT16, how), given_responses)
    planes = given_responses.reshape(3, count, 4, 5)
    for r, c in np.ndindex(4, 5):
        own = planes[:, :, r, c]
        strength = [norm_of(o[:, None, None], how).item() if count > 1 else abs(o[0]) for o in own]
        np.testing.assert_array_equal(found[:, r, c], own[int(np.argmax(strength))])
