"""Filters computed from one another: equal to each alone, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from edgecli import FilterBank, convolve, load_filter
from edgecli.conv.increments import Increments
from edgecli.conv.method import Spacing
from edgecli.conv.plan import plan_convolution
from edgecli.geometry import Window
from tests.conftest import noise
from tests.reference import correlate
from tests.steps import dirty_memory

Array = NDArray[Any]

weights = npst.arrays(
    "float64", st.tuples(st.integers(2, 5), st.integers(1, 2), st.just(3), st.just(2)),
    elements=st.integers(-3, 3),
)  # fmt: skip


def alike(weight: Array) -> Array:
    """Return filters of which some are copies of others, turned in sign or not."""
    return np.concatenate([weight, -weight[:1], weight[-1:], weight])


@given(weights)
def test_increments_equal_the_nested_loops(weight: Array) -> None:
    weight = alike(weight)
    image = noise(weight.shape[1], 6, 7).astype(np.int32)
    out = np.empty((len(weight), 4, 6), np.int32)
    Increments.prepare(weight).apply(image, out, Spacing(), dirty_memory())
    np.testing.assert_array_equal(out, correlate(image, weight))


@given(weights, st.tuples(st.integers(1, 2), st.integers(1, 3)))
def test_increments_keep_to_stride_and_dilation(weight: Array, stride: tuple[int, int]) -> None:
    image = noise(weight.shape[1], 12, 12).astype(np.int32)
    expected = correlate(image, alike(weight), stride, (2, 3))
    out = np.empty(expected.shape, np.int32)
    Increments.prepare(alike(weight)).apply(image, out, Spacing(stride, (2, 3)), dirty_memory())
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize(("name", "passes"), [("kirsch", 24), ("robinson", 22)])
def test_the_compass_operators_are_planned_so(name: str, passes: int) -> None:
    plan = plan_convolution(load_filter(name), Window((3, 3)), "uint8")
    (part,) = plan.parts
    assert (plan.method, plan.accumulator.name) == ("increments", "int16")
    assert isinstance(part.method, Increments)
    assert part.method.passes == passes


def test_a_bias_is_added_to_each() -> None:
    bank = load_filter("kirsch")
    biased = FilterBank(bank.weight, np.arange(8), bank.names)
    image = noise(9, 9)
    expected = convolve(image, bank, padding="valid") + np.arange(8)[:, np.newaxis, np.newaxis]
    np.testing.assert_array_equal(convolve(image, biased, padding="valid"), expected)
