"""Filters as arrays: what programs and lessons write is understood, and every mistake placed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgecli.errors import FilterError
from edgecli.filters import load_filter
from edgecli.operators.operators import load_operators
from tests.filter_files import NUMBERS, load_text, refusal

PAIR = [[1, 0], [-2, 3]]


@pytest.mark.parametrize(
    "text",
    [
        "[[1,0],[-2,3]]",
        " [\n  [ 1, 0, ],\n  [-2, 3, ],\n]\n",
        "[[ 1  0]\n [-2  3]]",
        "[[1. 0.]\r\n [-2. 3.]]",
        "np.array([[1, 0], [-2, 3]], dtype=np.float32)",
        "array([[ 1,  0],\n       [-2,  3]])",
        "kernel = np.array([[1, 0],  # above\n [-2, 3]])  # below",
        "kernel = np.array([[2, 0], [-4, 6]]) / 2",
        "torch.tensor([[[[0.1, 0], [-0.2, .3]]]]) * 10",
        "[(1, 0), (-2, 3)]",
        "[1, 0],\n[-2, 3]",
        "[1 0]\n[−2 3]",
        "[1 0; -2 3]",
        "K = [1, 0; -2, 3];",
    ],
)
def test_arrays_are_read_as_they_are_pasted(tmp_path: Path, text: str) -> None:
    inline, file = load_filter(text), load_text(tmp_path, text)
    np.testing.assert_allclose(inline.weight, [[PAIR]], rtol=1e-15)
    np.testing.assert_array_equal(file.weight, inline.weight)
    assert (inline.names, file.names) == (("custom",), ("k",))


@given(arrays(np.float64, st.lists(st.integers(1, 3), min_size=2, max_size=4).map(tuple),
              elements=st.floats(-9, 9, width=32)))  # fmt: skip
def test_what_python_and_numpy_write_is_read(weight: np.ndarray) -> None:
    full = weight.reshape((1,) * (4 - weight.ndim) + weight.shape)
    with np.printoptions(floatmode="unique"):
        for text in (repr(weight.tolist()), repr(weight), str(weight)):
            np.testing.assert_array_equal(load_filter(text).weight, full)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[1, 2],\n [3]]", ", line 2, column 2: a list of 1 where the first of the list is a "
         "list of 2; make all of them alike"),
        ("[[1], 2]", ", line 1, column 7: a number where the first of the list is a list of 1"),
        ("[[1, x]]", f", line 1, column 6: 'x' is not a number; {NUMBERS}"),
        ("[[1 2]\n\n [3 1e999]]", ", line 3, column 5: '1e999' is over 1.8e308"),
        ("[[1,,2]]", ", line 1, column 5: a number is missing before the comma"),
        ("[[1, 2 3]]", ", line 1, column 8: commas and blanks both separate numbers here"),
        ("[[0,5, 1,0]]", ": commas without a blank may be decimal, where others have one"),
        ("[[1, 2]", ", line 1, column 1: this bracket is never closed; write its other half"),
        ("[", ", line 1, column 1: this bracket is never closed; write its other half"),
        ("[1, 2]]", ", line 1, column 7: ] closes nothing; write an opening bracket"),
        ("[(1, 2], [3]]", ", line 1, column 7: ] closes nothing; write an opening bracket"),
        ("[[], [1]]", ", line 1, column 2: the list is empty; write numbers into it"),
        ("[" * 100_000, ", line 1, column 5: lists in lists go 4 deep, no deeper"),
        ("[[1]] [", ", line 1, column 7: an array ends with its last bracket"),
        ("[[1]] / 0", ", line 1, column 9: 0 divides no weights; write another number"),
        ("[[1]] * y", ", line 1, column 9: 'y' is not a number"),
        ("[1 2; 3]", ", line 2: 1 number where line 1 has 2; make all rows"),
    ],
)  # fmt: skip
def test_a_mistake_in_an_array_is_named_with_its_place(
    tmp_path: Path, text: str, message: str
) -> None:
    assert refusal(tmp_path, text).startswith(f"filter file k.txt{message}")


def test_a_mistake_in_an_inline_array_is_placed_too() -> None:
    with pytest.raises(FilterError, match=r"inline filter, line 1, column 5: 'x' is not a number"):
        load_filter("[[1 x]]")


def test_inline_filters_and_files_of_one_name_are_numbered(tmp_path: Path) -> None:
    path = tmp_path / "custom.txt"
    path.write_text("name: custom\nbias: 3\n1 2\n")
    operators = load_operators(["1 0", "[[2, 0]]", "sobel", str(path)])
    assert [one.name for one in operators] == ["custom", "custom-2", "sobel", "custom-3"]
    assert [one.bank.names[0] for one in operators] == ["custom", "custom-2", "sobel-x", "custom-3"]
    assert operators[3].bank.bias.tolist() == [3]
