"""Zero crossings: against loops over pixels, and the laws of edges."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgecli import convolve
from edgecli.lines.crossings import Cross
from tests.steps import whole

Array = NDArray[Any]


def crossings(response: Array, floor: float = 0) -> Array:
    """Return the crossings of a whole map ``(H, W)``."""
    found: Array = whole(Cross((1, *response.shape), floor), response[np.newaxis])[0]
    return found


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


@given(st.integers(0, 2**32 - 1))
def test_zero_crossings_equal_the_loops(seed: int) -> None:
    response = np.random.default_rng(seed).integers(-3, 4, (6, 8)).astype(np.float32)
    np.testing.assert_array_equal(crossings(response), crossings_by_hand(response))


def test_crossings_below_the_floor_are_none() -> None:
    response = np.array([[1, -1, 0, 0, 4, -3]], np.float32)
    assert crossings(response, 2).tolist() == [[0, 0, 0, 0, 0, 7]]


def test_a_log_crosses_zero_once_at_a_step() -> None:
    picture = np.zeros((20, 20), np.uint8)
    picture[:, 11:] = 200
    (response,) = convolve(picture, "log:1.5", padding="same", padding_mode="replicate")
    out = crossings(response, 1)
    assert (np.count_nonzero(out, axis=1) == 1).all()
    assert set(np.nonzero(out)[1].tolist()) <= {10, 11}


def test_sizes_that_differ_by_rounding_are_equal() -> None:
    """A step between two pixels has its crossing at the negative one, whichever is smaller."""
    for response in ([[-1, 1.0001]], [[-1.0001, 1]]):
        step = Cross((1, 1, 2), 0, tie=0.01)
        assert whole(step, np.array([response], np.float32))[0, 0].nonzero()[0].tolist() == [0]
