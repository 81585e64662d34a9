"""Laws of filter banks: what they accept, what they count, and how they combine."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import ArrayLike, NDArray

from edgecli.errors import FilterError
from edgecli.filters import FilterBank, bank, concatenate
from edgecli.filters.bank import LARGEST_WEIGHTS
from edgecli.filters.builtin import builtin_filter
from tests.filter_files import from_kernel

SMALL_WHOLE = st.integers(-9, 9).map(float)


def banks(elements: st.SearchStrategy[float] = SMALL_WHOLE) -> st.SearchStrategy[FilterBank]:
    """Draw banks of up to three filters, three channels and 4 × 4 weights."""
    shapes = st.tuples(*[st.integers(1, 3)] * 2, *[st.integers(1, 4)] * 2)
    weights = shapes.flatmap(lambda shape: hnp.arrays(np.float64, shape, elements=elements))
    return weights.map(FilterBank)


def rank_by_fractions(kernel: NDArray[Any]) -> int:
    """Count the pivots of Gauss's elimination in exact fractions."""
    rows = [[Fraction(value) for value in row] for row in kernel.tolist()]
    rank = 0
    for column in range(kernel.shape[1]):
        pivot = next((i for i in range(rank, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        for i in range(rank + 1, len(rows)):
            factor = rows[i][column] / rows[rank][column]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[rank], strict=True)]
        rank += 1
    return rank


# --- what a bank is -----------------------------------------------------------------------------


def test_arrays_are_copied_and_read_only() -> None:
    given_weight = np.ones((1, 1, 2, 2))
    bank = FilterBank(given_weight, [3], ["box"])
    given_weight[:] = 7
    assert bank.weight.tolist() == [[[[1, 1], [1, 1]]]]
    for array in (bank.weight, bank.bias):
        assert array.dtype == np.float64
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_weights_are_in_c_order_whatever_was_given() -> None:
    assert FilterBank(np.ones((2, 3, 4, 5), order="F")).weight.flags.c_contiguous


@pytest.mark.parametrize(
    ("weight", "reason"),
    [
        ([[1, 2]], "four dimensions"),
        (np.ones((1, 0, 3, 3)), "none of them 0"),
        ([[[[1, np.nan]]]], "finite numbers, not nan"),
        ([[[[1, -np.inf]]]], "finite numbers, not -inf"),
        ([[[["1"]]]], "real numbers"),
        ([[[[1j]]]], "real numbers"),
        ([[[[1], [1, 2]]]], "regular array"),
        ([[[[None]]]], "real numbers"),
    ],
)
def test_weights_that_make_no_bank_are_refused(weight: ArrayLike, reason: str) -> None:
    with pytest.raises(FilterError, match=reason):
        FilterBank(weight)


@pytest.mark.parametrize("bias", [[1], [1, 2, 3], [[1, 2]], 1, []])
def test_there_is_one_bias_per_filter(bias: ArrayLike) -> None:
    with pytest.raises(FilterError, match="one bias per filter, 2 in all"):
        FilterBank(np.ones((2, 1, 1, 1)), bias)


def test_a_bias_is_finite() -> None:
    with pytest.raises(FilterError, match="biases are finite numbers, not inf"):
        FilterBank(np.ones((1, 1, 1, 1)), [np.inf])


def test_there_is_one_name_per_filter() -> None:
    with pytest.raises(FilterError, match="one name per filter, 2 in all; give as many, not 1"):
        FilterBank(np.ones((2, 1, 1, 1)), names=["a"])


@pytest.mark.parametrize("name", ["", " a", "a\n", "a\tb", "../a", "a\\b", "a\x00", "\ud800"])
def test_a_name_fits_a_line_and_a_file_name(name: str) -> None:
    with pytest.raises(FilterError, match="a filter's name is one line"):
        from_kernel([[1]], name)


def test_filters_without_names_are_numbered() -> None:
    assert FilterBank(np.ones((2, 1, 1, 1))).names == ("filter-1", "filter-2")


def test_the_limit_of_weights_is_one_gibibyte() -> None:
    assert LARGEST_WEIGHTS * np.dtype(np.float64).itemsize == 2**30
    bank.check_shape((LARGEST_WEIGHTS, 1, 1, 1))
    with pytest.raises(FilterError, match="exceed the limit of 1 GiB"):
        bank.check_shape((LARGEST_WEIGHTS + 1, 1, 1, 1))


def test_a_bank_taken_whole_is_not_copied() -> None:
    pair = builtin_filter("sobel")
    assert pair.select([0, 1]) is concatenate([pair]) is pair
    assert pair.select([1, 0]).names == ("sobel-y", "sobel-x")


# --- equality -----------------------------------------------------------------------------------


@given(banks())
def test_equal_content_is_an_equal_bank(bank: FilterBank) -> None:
    twin = FilterBank(bank.weight.copy(), names=bank.names)
    assert twin == bank
    assert hash(twin) == hash(bank)


def test_any_difference_is_a_different_bank() -> None:
    plain = from_kernel([[1, 2]], "a")
    others = [
        from_kernel([[1, 3]], "a"),
        from_kernel([[1], [2]], "a"),
        from_kernel([[1, 2]], "b"),
        plain.with_bias(0),
        "a",
    ]
    assert all(other != plain for other in others)


def test_negative_zero_is_zero() -> None:
    assert from_kernel([[-0.0]], "a") == from_kernel([[0.0]], "a")


# --- what is counted ----------------------------------------------------------------------------


def test_parameters_of_a_filter_without_bias_are_its_weights() -> None:
    assert from_kernel(np.ones((3, 3)), "a").parameters == (9, 0)


def test_ten_filters_3x3x3_with_bias_have_280_parameters() -> None:
    bank = FilterBank(np.ones((10, 3, 3, 3)), np.zeros(10))
    assert sum(bank.parameters) == 280


def test_sizes_are_named() -> None:
    bank = FilterBank(np.ones((2, 3, 4, 5)))
    assert (bank.shape, bank.depth, bank.kernel_size, len(bank)) == ((2, 3, 4, 5), 3, (4, 5), 2)


def test_whole_weights_and_biases_make_an_integer_bank() -> None:
    whole = from_kernel([[1, -2]], "a")
    assert whole.is_integer
    assert not from_kernel([[1, -2.5]], "a").is_integer
    assert not whole.with_bias(0.5).is_integer


def test_absolute_sums_are_of_each_filter() -> None:
    bank = FilterBank([[[[1.0, -2.0]], [[0.0, 3.0]]], [[[0.0, 0.0]], [[0.5, 0.0]]]])
    assert bank.absolute_sums.tolist() == [6, 0.5]


# --- ranks --------------------------------------------------------------------------------------


@given(banks())
def test_ranks_of_whole_numbers_are_exact(bank: FilterBank) -> None:
    expected = [max(rank_by_fractions(kernel) for kernel in f) for f in bank.weight]
    assert list(bank.ranks) == expected


def test_rank_is_exact_where_singular_values_drown_in_rounding() -> None:
    n = 10.0**8
    assert from_kernel([[n, n + 1], [n - 1, n]], "a").ranks == (2,)  # its determinant is 1


@given(hnp.arrays(np.float64, 5, elements=st.floats(0.125, 8)), st.integers(-300, 300))
def test_outer_products_of_floats_have_rank_1_at_any_scale(
    factor: NDArray[np.float64], exponent: int
) -> None:
    kernel = np.outer(factor, factor[::-1]) * 2.0**exponent
    assert from_kernel(kernel, "a").ranks == (1,)


def test_rank_of_floats_is_what_they_are() -> None:
    assert from_kernel(np.diag([0.1, 1e-6, 0.3]), "a").ranks == (3,)
    assert from_kernel(np.zeros((3, 3)), "a").ranks == (0,)


def test_large_whole_kernels_have_a_rank_too() -> None:
    assert from_kernel(np.outer(np.arange(64), np.arange(64)), "a").ranks == (1,)


@pytest.mark.parametrize(
    "spec", ["gaussian:30", "canny:15", "log:12", "dog:8,20", "gabor:10,0,20,45", "gabor:40,33"]
)
def test_large_kernels_have_the_rank_that_singular_values_say(spec: str) -> None:
    bank = builtin_filter(spec)
    values = np.linalg.svd(bank.weight[:, 0], compute_uv=False)
    rounding = 1e-14 * max(bank.kernel_size) * values[:, :1]
    assert bank.ranks == tuple((values > rounding).sum(axis=1))


def test_large_kernels_of_many_terms_have_a_rank() -> None:
    rng = np.random.default_rng(1)
    kernels = [rng.random((90, terms)) @ rng.random((terms, 70)) for terms in (0, 7, 64, 69, 70)]
    assert FilterBank(np.array(kernels)[:, np.newaxis]).ranks == (0, 7, 64, 69, 70)


def test_no_singular_values_are_taken_of_large_kernels_of_few_terms(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They cost the side cubed: canny:1000, of 8003 × 8003 pixels, took over ten minutes."""
    find_rank = np.linalg.matrix_rank

    def of_small(matrix: NDArray[Any], **options: Any) -> Any:
        assert matrix.size <= 64 * 64, f"singular values of {matrix.shape}"
        return find_rank(matrix, **options)

    monkeypatch.setattr(np.linalg, "matrix_rank", of_small)
    for spec in ("gaussian:60", "canny:30", "log:20", "dog:20", "gabor:40,33"):
        assert builtin_filter(spec).ranks


# --- what is made of a bank ---------------------------------------------------------------------


def test_flipping_turns_both_axes() -> None:
    assert from_kernel([[1, 2], [3, 4]], "a").flipped().weight.tolist() == [[[[4, 3], [2, 1]]]]


@given(banks())
def test_flipping_twice_changes_nothing(bank: FilterBank) -> None:
    assert bank.flipped().flipped() == bank


def test_depth_1_stands_in_every_channel() -> None:
    deep = from_kernel([[1, -1]], "a").with_bias(2).over(3)
    assert deep.weight.tolist() == [[[[1, -1]]] * 3]
    assert (deep.bias.tolist(), deep.names) == ([2], ("a",))


def test_a_bank_of_that_depth_is_itself() -> None:
    bank = FilterBank(np.ones((1, 3, 1, 1)))
    assert bank.over(3) is bank


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_any_other_depth_is_refused_with_both(channels: int) -> None:
    with pytest.raises(FilterError, match=f"depth 3 and the volume has depth {channels}"):
        FilterBank(np.ones((1, 3, 1, 1))).over(channels)


@pytest.mark.parametrize("channels", [0, -1, LARGEST_WEIGHTS + 1])
def test_impossible_depths_are_refused_before_memory_is_taken(channels: int) -> None:
    with pytest.raises(FilterError):
        from_kernel([[1]], "a").over(channels)


def test_one_bias_for_all_or_one_for_each() -> None:
    pair = FilterBank(np.ones((2, 1, 1, 1)))
    assert pair.with_bias(3).bias.tolist() == [3, 3]
    assert pair.with_bias([3, 4]).bias.tolist() == [3, 4]
    with pytest.raises(FilterError, match="one bias per filter, 2 in all"):
        pair.with_bias([1, 2, 3])


def test_a_bias_of_zero_is_a_bias() -> None:
    bank = from_kernel([[1, 2]], "a")
    assert not bank.has_bias
    zero = bank.with_bias(0)
    derived = [zero, zero.flipped(), zero.over(2), zero.select([0]), concatenate([bank, zero])]
    assert all(made.has_bias for made in derived)


@given(banks(), st.data())
def test_selected_filters_are_those_of_the_bank(bank: FilterBank, data: st.DataObject) -> None:
    indices = data.draw(st.lists(st.integers(0, len(bank) - 1), min_size=1))
    chosen = bank.select(indices)
    assert np.array_equal(chosen.weight, bank.weight[indices])
    assert chosen.names == tuple(bank.names[i] for i in indices)


@pytest.mark.parametrize("index", [-1, 2])
def test_selecting_beyond_the_bank_is_refused(index: int) -> None:
    with pytest.raises(FilterError, match=f"0 … 1 in a bank of 2, not {index}"):
        FilterBank(np.ones((2, 1, 1, 1))).select([index])


@given(banks())
def test_a_bank_is_the_concatenation_of_its_filters(bank: FilterBank) -> None:
    assert concatenate([bank.select([i]) for i in range(len(bank))]) == bank


def test_concatenation_brings_all_to_one_depth() -> None:
    flat = from_kernel([[1, -1]], "flat").with_bias(2)
    deep = FilterBank([[[[1, 2]], [[3, 4]]]], names=["deep"])
    both = concatenate([flat, deep])
    assert both.weight.tolist() == [[[[1, -1]], [[1, -1]]], [[[1, 2]], [[3, 4]]]]
    assert (both.bias.tolist(), both.names) == ([2, 0], ("flat", "deep"))


def test_concatenation_refuses_two_kernel_sizes_and_names_both() -> None:
    with pytest.raises(FilterError, match="'a' is 3 × 3 and 'b' is 2 × 5"):
        concatenate([from_kernel(np.ones((3, 3)), "a"), from_kernel(np.ones((2, 5)), "b")])


def test_concatenation_refuses_two_depths() -> None:
    with pytest.raises(FilterError, match="depth 2 and the volume has depth 3"):
        concatenate([FilterBank(np.ones((1, depth, 1, 1))) for depth in (2, 3)])


def test_concatenation_needs_a_filter() -> None:
    with pytest.raises(FilterError, match="at least one filter"):
        concatenate([])
