"""Operators: which maps they make, and how feature maps combine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from edgecli import FilterBank, convolve, load_filter
from edgecli.conv.norms import norm
from edgecli.errors import FilterError
from edgecli.filters import BUILTIN_FILTERS
from edgecli.operators.operators import (
    EdgeMap,
    Operator,
    edge_maps,
    largest_strength,
    load_operator,
    merge_banks,
    response_bounds,
)
from edgecli.rows.memory import Memory
from tests.conftest import noise


def operators(*names: str) -> list[Operator]:
    return [load_operator(name) for name in names]


@pytest.mark.parametrize("name", ["sobel", "prewitt", "scharr", "roberts"])
def test_an_operator_is_the_magnitude_of_its_pair(name: str) -> None:
    operator = load_operator(name)
    assert (operator.name, operator.combine) == (name, "magnitude")
    suffixes = ("1", "2") if name == "roberts" else ("x", "y")
    assert operator.bank.names == tuple(f"{name}-{suffix}" for suffix in suffixes)


@pytest.mark.parametrize("name", [n for n in BUILTIN_FILTERS if len(load_filter(n)) == 1])
def test_any_filter_is_an_operator_that_combines_nothing(name: str) -> None:
    assert load_operator(name) == Operator(name, load_filter(name), "none", spec=name)


@pytest.mark.parametrize(
    ("combine", "expected"),
    [
        (None, [("vertical", 0, 1, "none"), ("sobel", 1, 3, "magnitude"), ("log", 3, 4, "none")]),
        (
            "none",
            [
                ("vertical", 0, 1, "none"),
                ("sobel-x", 1, 2, "none"),
                ("sobel-y", 2, 3, "none"),
                ("log", 3, 4, "none"),
            ],
        ),
        ("max", [("vertical-sobel-log", 0, 4, "max")]),
    ],
)
def test_edge_maps_are_runs_of_the_merged_bank(
    combine: str | None, expected: list[tuple[str, int, int, str]]
) -> None:
    maps = edge_maps(operators("vertical", "sobel", "log"), combine)
    assert list(maps) == [EdgeMap(*one) for one in expected]


ODD_SIZES = ["1 2 3; 4 5 6; 7 8 9", "1; 2; 3; 4; 5", "7"]
SIZES = [*ODD_SIZES, "1 2; 3 4", "1 2 3 4"]


@pytest.mark.parametrize(
    ("stride", "dilation", "rows"), [(1, 1, SIZES), (2, 1, ODD_SIZES), (1, 2, ODD_SIZES)]
)
def test_merged_banks_respond_as_each_filter_alone(
    stride: int, dilation: int, rows: list[str]
) -> None:
    """Kernels of any size are centred on the pixel that ``same`` padding centres them on."""
    banks = [load_filter(kernel) for kernel in rows]
    options: dict[str, Any] = {"padding": "same", "stride": stride, "dilation": dilation}
    image = noise(11, 13)
    merged = convolve(image, merge_banks(banks), **options)
    for response, bank in zip(merged, banks, strict=True):
        np.testing.assert_array_equal(response, convolve(image, bank, **options)[0])


def test_merging_keeps_bias_and_names() -> None:
    banks = [FilterBank([[[[1]]]], [5], ["one"]), load_filter("vertical")]
    merged = merge_banks(banks)
    assert (merged.names, merged.bias.tolist(), merged.has_bias) == (
        ("one", "vertical"),
        [5, 0],
        True,
    )


def test_filters_of_different_depths_do_not_merge() -> None:
    banks = [FilterBank(np.ones((1, depth, 1, 1))) for depth in (2, 3)]
    with pytest.raises(FilterError, match="depth"):
        merge_banks(banks)


@given(
    npst.arrays("float64", (3, 1, 2, 2), elements=st.integers(-9, 9)),
    npst.arrays("float64", 3, elements=st.integers(-99, 99)),
    st.sampled_from(["max", "sum", "magnitude"]),
    st.sampled_from([(0, 255), (-32768, 32767), (-255, 255), (0, 5000), (7, 9)]),
)
def test_no_response_is_larger_than_the_largest(
    weight: NDArray[Any], bias: NDArray[Any], how: str, ends: tuple[int, int]
) -> None:
    bank = FilterBank(weight, bias)
    bounds = response_bounds(bank, *ends)
    driving = np.where(np.concatenate([weight > 0, weight < 0])[:, 0], ends[1], ends[0])
    responses = [convolve(image.astype(np.int32), bank, padding="valid") for image in driving]
    assert [np.abs([r[n] for r in responses]).max() for n in range(3)] == list(bounds)
    largest = largest_strength(EdgeMap("map", 0, 3, how), bounds)
    strength = np.empty((1, 1), np.float32)
    for response in responses:
        norm(response, how, strength, Memory())
        assert strength.item() <= largest * (1 + 1e-6)


def test_a_sigmoid_may_come_near_one_and_nothing_else_enlarges() -> None:
    bank = FilterBank(np.array([0.25, 3]).reshape(2, 1, 1, 1))
    assert response_bounds(bank, 0, 1, "sigmoid") == (1.0, 3.0)
    assert response_bounds(bank, 0, 1, "tanh") == (0.25, 3.0)
