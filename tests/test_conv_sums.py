"""Sums of shifted views: grouping, adding up, and finding outer products."""

from __future__ import annotations

from functools import reduce
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from edgecli.conv import sums
from edgecli.conv.method import Spacing
from edgecli.conv.sums import (
    Chain,
    Separable,
    Taps,
    group_weights,
    outer_factors,
    passes,
    tap_passes,
    tap_slice,
    weighted_sum,
)
from tests.reference import correlate
from tests.steps import dirty_memory

whole = st.integers(-9, 9)
weight_lists = st.lists(whole | st.floats(-4, 4, width=16), max_size=9)


def vectors(size: int) -> st.SearchStrategy[list[int]]:
    return st.lists(whole, min_size=1, max_size=size).filter(any)


@st.composite
def outer_products(draw: st.DrawFn) -> NDArray[np.float64]:
    """Draw whole numbers ``(C, kH, kW)`` of rank 1."""
    factors = [draw(vectors(size)) for size in (3, 5, 5)]
    product: NDArray[np.float64] = np.einsum("c,i,j->cij", *factors).astype(float)
    return product


@given(weight_lists)
def test_groups_hold_every_weight_once(weights: list[float]) -> None:
    seen: dict[int, float] = {}
    for group in group_weights(weights):
        assert group.plus
        seen |= dict.fromkeys(group.plus, group.weight) | dict.fromkeys(group.minus, -group.weight)
    assert seen == {i: w for i, w in enumerate(weights) if w}


@given(weight_lists)
def test_each_size_is_multiplied_once_and_one_never(weights: list[float]) -> None:
    groups = group_weights(weights)
    sizes = [abs(group.weight) for group in groups]
    assert len(set(sizes)) == len(sizes)
    assert all(group.weight != 1 for group in groups[1:])
    assert [group.weight > 0 for group in groups] == sorted(
        (group.weight > 0 for group in groups), reverse=True
    )


@given(weight_lists, st.sampled_from(["int16", "int32", "float32"]))
def test_a_weighted_sum_is_the_sum_of_the_weighted_views(weights: list[float], name: str) -> None:
    if name != "float32":
        weights = [round(weight) for weight in weights]
    views = list(np.random.default_rng(0).integers(-99, 99, (len(weights), 2, 3)).astype(name))
    out, rest = np.full((2, 3), 77, name), np.full((2, 3), 55, name)
    before = [view.copy() for view in views]
    weighted_sum(group_weights(weights), views, out, rest)
    truth = sum((w * view.astype(float) for w, view in zip(weights, views, strict=True)), 0.0)
    np.testing.assert_allclose(out, np.broadcast_to(truth, (2, 3)), rtol=0, atol=1e-2)
    np.testing.assert_array_equal(views, before)


@pytest.mark.parametrize(
    ("weights", "count"), [([1], 0), ([1, 0, -1], 1), ([1, 2, 1], 3), ([3, 3], 2), ([3, -5], 3)]
)
def test_passes_count_additions_and_multiplications(weights: list[float], count: int) -> None:
    assert passes(group_weights(weights)) == count


@given(outer_products())
def test_outer_products_of_whole_numbers_are_found_exactly(weight: NDArray[np.float64]) -> None:
    factors = outer_factors(weight)
    assert factors is not None
    assert all(isinstance(value, int) for factor in factors for value in factor)
    np.testing.assert_array_equal(np.einsum("c,i,j->cij", *factors), weight)
    for factor in factors[:2]:
        assert np.gcd.reduce(factor) == 1


@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(1, 5), st.integers(1, 5))
def test_outer_products_of_fractions_are_found(seed: int, C: int, kH: int, kW: int) -> None:
    rng = np.random.default_rng(seed)
    weight = np.einsum("c,i,j->cij", *(rng.normal(size=size) for size in (C, kH, kW)))
    factors = outer_factors(weight)
    assert factors is not None
    product = np.einsum("c,i,j->cij", *factors)
    np.testing.assert_allclose(product, weight, rtol=0, atol=2e-14 * float(np.abs(weight).max()))


@given(
    npst.arrays("float64", npst.array_shapes(min_dims=3, max_dims=3, max_side=4), elements=whole)
)
def test_only_outer_products_are_taken_for_one(weight: NDArray[np.float64]) -> None:
    unfoldings = [np.moveaxis(weight, axis, 0).reshape(weight.shape[axis], -1) for axis in range(3)]
    is_outer = all(np.linalg.matrix_rank(unfolding) == 1 for unfolding in unfoldings)
    assert (outer_factors(weight) is not None) == is_outer


@pytest.mark.parametrize(
    "kernel",
    [
        [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
        [[1, 0], [0, -1]],
        [[1, 1], [1, 1.000001]],
        [[0, 0], [0, 0]],
    ],
)
def test_no_factors_where_there_are_none(kernel: list[list[float]]) -> None:
    assert outer_factors(np.array([kernel], float)) is None
    assert Separable.prepare(np.array([kernel], float)) is None


@given(st.integers(1, 9), st.integers(1, 3), st.integers(1, 3), st.integers(0, 4))
def test_a_tap_sees_one_sample_for_each_output(
    outputs: int, stride: int, dilation: int, tap: int
) -> None:
    line = list(range(100))
    assert line[tap_slice(tap, outputs, stride, dilation)] == [
        y * stride + tap * dilation for y in range(outputs)
    ]


@given(
    outer_products(),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 2), st.integers(1, 2)),
)
def test_both_methods_compute_the_same_as_nested_loops(
    weight: NDArray[Any], stride: tuple[int, int], dilation: tuple[int, int]
) -> None:
    C, kH, kW = weight.shape
    size = [dilation[a] * (k - 1) + 1 + 2 * stride[a] for a, k in enumerate((kH, kW))]
    padded = np.random.default_rng(1).integers(0, 256, (C, *size)).astype(np.int32)
    truth = correlate(padded, weight[np.newaxis], stride, dilation)
    methods = Separable.prepare(weight), Taps.prepare(weight)
    for method, loop_bytes in product(methods, (0, 10**6)):  # row by row, and in one line
        assert method is not None
        out = np.empty(truth.shape, np.int32)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sums, "LOOP_BYTES", loop_bytes)
            method.apply(padded, out, Spacing(stride, dilation), dirty_memory())
        np.testing.assert_array_equal(out, truth)


@given(st.lists(whole, min_size=1, max_size=7))
def test_the_links_of_a_chain_multiply_to_its_weights(weights: list[int]) -> None:
    chain = Chain.of(weights)
    product = reduce(np.convolve, chain.links, np.array([1]))
    np.testing.assert_array_equal(product, weights)
    assert chain.passes <= passes(group_weights(weights))


@pytest.mark.parametrize(
    ("weights", "links"),
    [
        ([1, 2, 1], ((1, 1), (1, 1))),
        ([1, 4, 6, 4, 1], ((1, 1), (1, 1), (1, 1), (1, 1))),
        ([1, 0, -1], ((1, 0, -1),)),
        ([3, 10, 3], ((3, 10, 3),)),
        ([0.5, 1.0, 0.5], ((0.5, 1.0, 0.5),)),
    ],
)
def test_binomial_weights_become_sums_of_two(
    weights: list[float], links: tuple[tuple[float, ...], ...]
) -> None:
    assert Chain.of(weights).links == links


@given(
    npst.arrays("int32", st.tuples(st.integers(9, 12), st.integers(9, 12)), elements=whole),
    st.integers(0, 1),
    st.integers(1, 3),
    st.integers(1, 2),
    st.booleans(),
)
def test_a_chain_slides_as_its_weights_do(
    plane: NDArray[np.int32], axis: int, stride: int, dilation: int, given_memory: bool
) -> None:
    weights = [1, 3, 3, 1]
    steps = Spacing((stride, stride), (dilation, dilation))
    kernel = np.array(weights, float).reshape((1, -1) if axis else (-1, 1))
    moved = (1, stride) if axis else (stride, 1)
    truth = correlate(plane[np.newaxis], kernel[np.newaxis, np.newaxis], moved, (dilation,) * 2)[0]
    out = np.empty(truth.shape, np.int32) if given_memory else None
    result = Chain.of(weights).apply(plane, out, axis, steps, dirty_memory())
    assert result is out or not given_memory
    np.testing.assert_array_equal(result, truth)


@given(weight_lists)
def test_passes_are_counted_before_anything_is_prepared(weights: list[float]) -> None:
    expected = passes(group_weights(weights)) if any(weights) else 0
    assert tap_passes(np.array(weights)) == expected
