"""The plan: accumulators in which every response is exact, and the methods of named filters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecli import FilterBank, convolve, load_filter, plan_convolution
from edgecli.conv.sums import Separable, Taps
from edgecli.errors import FilterError
from edgecli.filters import concatenate
from edgecli.geometry import Window, parse_padding_mode

DERIVATIVES = [
    "vertical", "horizontal", "prewitt-x", "prewitt-y", "sobel-x", "sobel-y", "scharr-x",
    "scharr-y", "sobel", "prewitt", "scharr", "identity",
]  # fmt: skip
OTHERS = ["roberts-1", "roberts-2", "laplacian", "laplacian-8", "roberts"]


def plan_of(bank: FilterBank, dtype: str, mode: str = "zeros") -> Any:
    return plan_convolution(
        bank, Window(bank.kernel_size, padding_mode=parse_padding_mode(mode)), dtype
    )


@pytest.mark.parametrize("name", DERIVATIVES)
def test_the_derivatives_of_8_bit_pictures_are_separable_in_16_bits(name: str) -> None:
    plan = plan_of(load_filter(name), "uint8")
    assert (plan.method, plan.accumulator.name) == ("separable", "int16")
    assert all(isinstance(part.method, Separable) for part in plan.parts)


@pytest.mark.parametrize("name", OTHERS)
def test_kernels_of_rank_2_are_summed_tap_by_tap(name: str) -> None:
    plan = plan_of(load_filter(name), "uint8")
    assert (plan.method, plan.accumulator.name) == ("taps", "int16")
    assert all(isinstance(part.method, Taps) for part in plan.parts)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize(
    ("weights", "bias"), [([1e308, 1e308], 0), ([2e38, -2e38], 0), ([1], 4e38)]
)
def test_responses_beyond_float32_are_refused(
    weights: list[float], bias: float, dtype: str
) -> None:
    bank = FilterBank([[[weights]]], [bias], ["huge"])
    with pytest.raises(FilterError, match="responses of filter 'huge' may pass float32's"):
        plan_of(bank, dtype)


def test_methods_are_chosen_for_each_filter_and_cover_the_bank() -> None:
    bank = concatenate([load_filter("sobel-x"), load_filter("laplacian"), load_filter("sobel-y")])
    plan = plan_of(bank, "uint8")
    assert plan.method == "separable + taps"
    assert [(part.start, part.stop) for part in plan.parts] == [(0, 1), (1, 2), (2, 3)]


@pytest.mark.parametrize(
    ("dtype", "total", "accumulator"),
    [
        ("bool", 32767, "int16"),
        ("uint8", 128, "int16"),
        ("uint8", 129, "int32"),
        ("int8", 255, "int16"),
        ("int8", 256, "int32"),
        ("uint16", 1, "int32"),
        ("uint16", 32768, "int32"),
        ("uint16", 32769, "int64"),
        ("int16", 1, "int32"),
        ("int32", 1, "int64"),
        ("int32", 2**32 - 1, "int64"),
        ("int32", 2**32, "float64"),
        ("uint32", 2**31, "int64"),
        ("uint32", 2**31 + 1, "float64"),
        ("uint8", 8421504, "int32"),
        ("uint8", 8421505, "int64"),
        ("int64", 1, "int64"),
        ("uint64", 2**52, "int64"),
        ("float16", 1, "float32"),
        ("float32", 1, "float32"),
        ("float64", 1, "float64"),
    ],
)
def test_the_accumulator_is_the_smallest_that_is_exact(
    dtype: str, total: int, accumulator: str
) -> None:
    plan = plan_of(FilterBank([[[[total - 1, -1]]]]), dtype)
    assert plan.accumulator.name == accumulator
    assert ("exact" in plan.reason) == (accumulator.startswith("int"))


@pytest.mark.parametrize(
    ("mode", "accumulator"),
    [
        ("constant:255", "int16"),
        ("constant:-255", "int16"),
        ("constant:256", "int32"),
        ("constant:-256", "int32"),
        ("constant:0.5", "float32"),
    ],
)
@pytest.mark.parametrize("dtype", ["uint8", "bool"])
def test_the_padding_counts_as_a_pixel(mode: str, accumulator: str, dtype: str) -> None:
    bank = FilterBank([[[[64, 64]]]])
    assert plan_of(bank, dtype, mode).accumulator.name == accumulator


def test_the_bias_counts_as_a_response() -> None:
    weight = [[[[128]]]]
    assert plan_of(FilterBank(weight, [127]), "uint8").accumulator.name == "int16"
    assert plan_of(FilterBank(weight, [128]), "uint8").accumulator.name == "int32"
    assert plan_of(FilterBank(weight, [-128]), "uint8").accumulator.name == "int32"
    assert plan_of(FilterBank(weight, [0.5]), "uint8").accumulator.name == "float32"


def test_the_reason_shows_the_bound() -> None:
    assert plan_of(load_filter("sobel-x"), "uint8").reason == (
        "exact: Σ|w|·255 = 2,040 fits 16 bits"
    )
    assert plan_of(load_filter("gaussian"), "uint8").reason == "weights are not whole numbers"
    assert plan_of(load_filter("sobel-x"), "float32").reason == "float32 pixels"


@pytest.mark.parametrize(
    ("dtype", "floats"),
    [("bool", "float32"), ("int8", "float32"), ("uint16", "float32"), ("int32", "float64"),
     ("uint32", "float64"), ("uint64", "float64"), ("float16", "float32"), ("float64", "float64")],
)  # fmt: skip
def test_fractional_weights_take_the_floats_that_hold_the_pixels(dtype: str, floats: str) -> None:
    assert plan_of(load_filter("gaussian"), dtype).accumulator.name == floats


def test_64_bit_pixels_have_a_limit_that_bands_are_compared_with() -> None:
    plan = plan_of(FilterBank(np.ones((1, 1, 9, 9)).cumsum().reshape(1, 1, 9, 9), [5]), "int64")
    total = 81 * 82 // 2
    assert (plan.holds, plan.multiplies) == ((2**63 - 6) // total, (2**53 - 5) // total)
    assert plan.method == "products"
    assert plan.reason == f"exact: Σ|w|·{plan.holds:,} fits 64 bits"
    sums = plan_of(load_filter("vertical"), "uint64")
    assert (sums.holds, sums.multiplies) == ((2**63 - 1) // 6, None)
    assert plan_of(load_filter("vertical"), "int32").holds is None


def test_a_large_constant_leaves_no_room_for_products_or_whole_numbers() -> None:
    bank = FilterBank(np.arange(81.0).reshape(1, 1, 9, 9))
    assert plan_of(bank, "int64", f"constant:{2**45}").method == "taps"
    assert plan_of(bank, "int64", f"constant:{2**60}").accumulator == np.float64


def test_responses_beyond_float64_are_refused() -> None:
    with pytest.raises(FilterError, match=r"may pass float64's ±1\.8e308; use smaller weights"):
        plan_of(FilterBank([[[[1e308, 1e308]]]]), "float64")
    assert plan_of(FilterBank([[[[2e38, -2e38]]]]), "float64").accumulator == np.float64


@given(
    st.lists(st.integers(-70000, 70000), min_size=1, max_size=4),
    st.sampled_from(["uint8", "int8", "uint16", "int16", "bool"]),
    st.integers(-70000, 70000),
)
def test_the_largest_responses_are_exact(weights: list[int], dtype: str, bias: int) -> None:
    """Each pixel is the extreme that drives the response furthest up, then down."""
    low, high = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    bank = FilterBank([[[weights]]], [bias])
    for up in (True, False):
        pixels = [int(high if (w > 0) == up else low) for w in weights]
        response = convolve(np.array([pixels], dtype), bank, padding="valid")
        truth = sum(w * p for w, p in zip(weights, pixels, strict=True)) + bias
        if response.dtype.kind == "i":
            assert response.item() == truth
        else:
            assert response.item() == pytest.approx(truth, rel=1e-5, abs=1e-6 * 2**32)
