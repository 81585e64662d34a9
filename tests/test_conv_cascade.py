"""Cascades: what filters share is found, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgecli import convolve
from edgecli.conv.cascade import LINKS, Cascade, _quotient
from edgecli.conv.method import Spacing
from edgecli.conv.plan import plan_convolution
from edgecli.filters import FilterBank, load_filter
from edgecli.geometry import Window
from tests.reference import correlate
from tests.steps import dirty_memory

seeds = st.integers(0, 2**32 - 1)
links = st.lists(st.sampled_from([(1.0, 1.0), (1.0, -1.0)]), min_size=2, max_size=2)


def product(*factors: tuple[float, ...] | NDArray[np.float64]) -> NDArray[np.float64]:
    whole = np.ones(1)
    for factor in factors:
        whole = np.convolve(whole, factor)
    return whole


@given(seeds, st.tuples(st.integers(1, 20), st.integers(1, 20)), st.lists(links, min_size=4,
       max_size=4), st.tuples(st.integers(1, 9), st.integers(1, 40)))  # fmt: skip
def test_filters_that_share_a_smoothing(
    seed: int,
    sides: tuple[int, int],
    own: list[list[tuple[float, float]]],
    size: tuple[int, int],
) -> None:
    rng = np.random.default_rng(seed)
    down, along = rng.random(sides[0]) + 0.1, rng.random(sides[1]) + 0.1
    scale = rng.normal() + 3
    columns = [product(down, *own[0]), scale * product(down, *own[1])]
    rows = [product(along, *own[2]), product(along, *own[3])]
    weight = np.stack([np.outer(c, r) for c, r in zip(columns, rows, strict=True)])[:, np.newaxis]
    method = Cascade.prepare(columns, rows)
    assert method is not None
    _, _, kH, kW = weight.shape
    band = rng.standard_normal((1, size[0] + kH - 1, size[1] + kW - 1)).astype(np.float32)
    out = np.full((2, *size), np.nan, np.float32)
    method.apply(band, out, Spacing(), dirty_memory())
    bound = 3e-6 * float(np.abs(band).max()) * np.outer(down, along).sum() * 16 * abs(scale)
    np.testing.assert_allclose(out, correlate(band, weight), rtol=0, atol=bound)


@given(
    st.lists(st.integers(-9, 9).filter(bool) | st.floats(0.01, 9), min_size=2, max_size=30),
    st.sampled_from(LINKS),
)
def test_a_division_by_a_link_is_numpys(factor: list[float], link: tuple[float, float]) -> None:
    quotient, remainder = _quotient(np.array(factor, np.float64), link)
    expected, rest = np.polydiv(np.array(factor, np.float64), link)
    np.testing.assert_array_equal(quotient, expected)
    assert remainder == rest[-1]


def test_filters_of_different_smoothings_share_none() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.random((2, 9))
    assert Cascade.prepare([a, b], [a, a]) is None
    assert Cascade.prepare([a, a], [a, b]) is None
    assert Cascade.prepare([a, a[:-1]], [a, a]) is None


def test_filters_that_share_little_are_computed_alone() -> None:
    """Repeated means and repeated differences are made of links, but of different ones."""
    means, differences = (product(*[link] * 12) * 0.1 for link in ((1.0, 1.0), (1.0, -1.0)))
    assert Cascade.prepare([means, differences], [means, means]) is None


@pytest.mark.parametrize("sigma", [0.5, 1, 1.4, 2, 5, 20])
def test_canny_smooths_once(sigma: float) -> None:
    bank = load_filter(f"canny:{sigma}")
    plan = plan_convolution(bank, Window(bank.kernel_size), np.dtype(np.uint8))
    assert plan.method == "cascade"
    assert plan.uses_blas
    method = plan.parts[0].method
    assert isinstance(method, Cascade)
    assert [one.passes for one in method.filters] == [2, 2]  # differences of sums of neighbours


def test_gaussian_derivatives_share_no_smoothing() -> None:
    bank = load_filter("gradient:2")
    plan = plan_convolution(bank, Window(bank.kernel_size), np.dtype(np.uint8))
    assert plan.method == "separable products"


def test_windows_that_jump_are_computed_alone() -> None:
    bank = load_filter("canny:2")
    window = Window(bank.kernel_size, stride=(2, 2))
    assert plan_convolution(bank, window, np.dtype(np.uint8)).method == "separable products"


def test_infinities_stay_within_the_kernels() -> None:
    """Products and differences of sums would spread them."""
    image = np.zeros((40, 40), np.float32)
    image[20, 20] = np.inf
    bank = load_filter("canny:1")
    found = convolve(image, FilterBank(bank.weight), padding="same", padding_mode="zeros")
    assert np.isfinite(found[:, :14]).all()
    assert not np.isfinite(found[:, 18:23, 18:20]).all()


def test_whole_numbers_are_computed_alone() -> None:
    """What a cascade smooths may pass 2²⁴, to which float32 is exact, where no response does."""
    smooth = np.array([1.0, 2, 4, 7, 11, 7, 4, 2, 1])
    column, row = (product(smooth, link) for link in ((1.0, 1.0), (1.0, -1.0)))
    weight = np.stack([np.outer(column, row), np.outer(row, column)])[:, np.newaxis]
    bank = FilterBank(weight)
    assert bank.is_integer
    plan = plan_convolution(bank, Window(bank.kernel_size), np.dtype(np.uint8))
    assert (plan.method, plan.accumulator.name) == ("separable products", "int32")
