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
from edgecli.errors import FilterError
from edgecli.filters import BUILTIN_FILTERS
from edgecli.operators.operators import (
    EdgeMap,
    Operator,
    combine_responses,
    combined_dtype,
    edge_maps,
    largest_response,
    load_operator,
    merge_banks,
)
from edgecli.rows.memory import Memory
from tests.conftest import noise

NORMS_AND_NONE = ("none", "magnitude", "max", "sum")

responses = npst.arrays(
    "int16", st.tuples(st.integers(1, 4), st.just(2), st.just(3)), elements=st.integers(-9000, 9000)
)


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
    assert load_operator(name) == Operator(name, load_filter(name), "none")


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


@given(responses)
def test_combinations_are_norms_of_the_responses(parts: NDArray[np.int16]) -> None:
    wide = parts.astype(np.float64)
    truths = {
        "magnitude": np.sqrt(np.square(wide).sum(axis=0)),
        "sum": np.abs(wide).sum(axis=0),
        "max": np.abs(wide).max(axis=0),
        "none": wide[0],
    }
    for how in NORMS_AND_NONE:
        if how != "none" or len(parts) == 1:
            combined = combine_responses(parts.copy(), how, Memory())
            truth = truths[how] if len(parts) > 1 else wide[0]  # one alone keeps its sign
            np.testing.assert_allclose(combined, truth, rtol=1e-6)


@given(responses, st.sampled_from(NORMS_AND_NONE))
def test_the_combined_type_is_known_before(parts: NDArray[np.int16], how: str) -> None:
    if how != "none" or len(parts) == 1:
        edge_map = EdgeMap("map", 0, len(parts), how)
        combined = combine_responses(parts.copy(), how, Memory())
        assert combined.dtype == combined_dtype(edge_map, parts.dtype)


def test_combining_the_most_negative_response() -> None:
    parts = np.array([[[-32767]], [[5]]], np.int16)
    assert combine_responses(parts.copy(), "max", Memory()).item() == 32767
    assert combine_responses(parts.copy(), "sum", Memory()).item() == 32772


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
    st.sampled_from(["max", "sum", "magnitude", "none"]),
    st.sampled_from([(0, 255), (-32768, 32767), (-255, 255), (0, 5000), (7, 9)]),
)
def test_no_response_is_larger_than_the_largest(
    weight: NDArray[Any], bias: NDArray[Any], how: str, ends: tuple[int, int]
) -> None:
    bank = FilterBank(weight, bias)
    stop = 1 if how == "none" else 3
    bound = largest_response(bank, EdgeMap("map", 0, stop, how), *ends)
    driving = np.where(np.concatenate([weight > 0, weight < 0])[:, 0], ends[1], ends[0])
    reached = []
    for image in driving:
        parts = convolve(image.astype(np.int32), bank, padding="valid")[:stop]
        reached.append(float(np.abs(combine_responses(parts, how, Memory())).max()))
    assert max(reached) <= bound * (1 + 1e-6)
    if how in ("none", "max"):
        assert max(reached) == bound
