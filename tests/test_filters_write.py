"""Export and read again: the same bank, in every format."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgecli.errors import FilterError
from edgecli.filters import (
    BUILTIN_FILTERS,
    FILTER_FORMATS,
    FilterBank,
    dump_filter,
    filter_format,
    load_filter,
)
from tests.filter_files import from_kernel

FINITE = st.floats(allow_nan=False, allow_infinity=False)
NAMES = (
    st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), max_size=9)
    .map(lambda text: text.replace("/", "").replace("\\", "").strip())
    .filter(bool)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("filters")


@st.composite
def banks(draw: st.DrawFn, single: bool = False) -> FilterBank:
    """Draw banks of any finite float64, or of one kernel."""
    sizes = draw(st.tuples(*[st.integers(1, 3)] * 4))
    shape = (1, 1, *sizes[2:]) if single else sizes
    weight = draw(hnp.arrays(np.float64, shape, elements=FINITE | st.integers(-9, 9).map(float)))
    bias = draw(st.none() | hnp.arrays(np.float64, shape[0], elements=FINITE))
    return FilterBank(weight, bias, draw(st.lists(NAMES, min_size=shape[0], max_size=shape[0])))


def reread(bank: FilterBank, kind: str, folder: Path) -> FilterBank:
    path = folder / f"filter.{kind}"
    path.write_bytes(dump_filter(bank, kind))
    return load_filter(path)


@pytest.mark.parametrize("kind", ["txt", "csv", "json", "npz"])
@given(bank=banks())
@settings(max_examples=30)
def test_every_bank_survives_to_the_last_bit(kind: str, folder: Path, bank: FilterBank) -> None:
    assert reread(bank, kind, folder) == bank


@given(bank=banks(single=True))
def test_a_matrix_keeps_all_but_the_name(folder: Path, bank: FilterBank) -> None:
    bias = bank.bias if bank.bias.any() else None  # no bias and a bias of 0 are one to libvips
    written = FilterBank(bank.weight, bias, bank.names)
    assert reread(written, "mat", folder) == FilterBank(bank.weight, bias, ["filter"])


@given(bank=banks())
def test_npy_keeps_the_weights(folder: Path, bank: FilterBank) -> None:
    again = reread(FilterBank(bank.weight), "npy", folder)
    assert np.array_equal(again.weight, bank.weight)
    assert not again.has_bias


@pytest.mark.parametrize("kind", ["txt", "csv", "json", "npz"])
def test_every_built_in_filter_survives(kind: str, folder: Path) -> None:
    for name in BUILTIN_FILTERS:
        assert reread(load_filter(name), kind, folder) == load_filter(name)


@pytest.mark.parametrize("kind", FILTER_FORMATS)
def test_equal_banks_are_equal_files(kind: str) -> None:
    first, second = (dump_filter(load_filter("sobel-x"), kind) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", ["# not a comment", "bias: 3", "1 0 -1", "ключ", '"', "a,b"])
@pytest.mark.parametrize("kind", ["txt", "csv", "json", "npz"])
def test_no_name_is_mistaken_for_anything_else(kind: str, name: str, tmp_path: Path) -> None:
    assert reread(from_kernel([[1, 2]], name), kind, tmp_path).names == (name,)


# --- what is written ----------------------------------------------------------------------------


def test_a_grid_stands_in_columns() -> None:
    bank = FilterBank([[[[1.0, -20.0]], [[0.5, 4.0]]]], [0], ["pair"])
    assert dump_filter(bank, "txt").decode() == "name: pair\nbias: 0\n  1 -20\n\n0.5   4\n"


def test_csv_has_commas_alone() -> None:
    assert dump_filter(load_filter("vertical"), "csv").count(b"1,0,-1\n") == 3


def test_json_has_a_row_of_a_kernel_per_line() -> None:
    text = dump_filter(load_filter("sobel"), "json").decode()
    assert len(text.splitlines()) == 1 + 6
    assert json.loads(text)["names"] == ["sobel-x", "sobel-y"]


def test_a_matrix_begins_with_width_and_height() -> None:
    bank = from_kernel([[1, 2, 3], [4, 5, 6]], "a")
    assert dump_filter(bank, "mat") == b"3 2\n1 2 3\n4 5 6\n"
    assert dump_filter(bank.with_bias(0.5), "mat") == b"3 2 1 0.5\n1 2 3\n4 5 6\n"


@pytest.mark.parametrize(
    ("bank", "kind", "message"),
    [
        (load_filter("sobel"), "mat", "a .mat file holds one kernel, not 2 filters of depth 1"),
        (load_filter("vertical").over(3), "mat", "one kernel, not 1 filters of depth 3"),
        (load_filter("vertical").with_bias(0), "mat", "a .mat file cannot hold a bias of 0"),
        (load_filter("vertical").with_bias(0), "npy", "would lose the bias; write .npz"),
    ],
)
def test_a_format_that_cannot_hold_the_bank_is_refused(
    bank: FilterBank, kind: str, message: str
) -> None:
    with pytest.raises(FilterError, match=message):
        dump_filter(bank, kind)


# --- formats by extension -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", FILTER_FORMATS)
def test_an_extension_names_its_format(kind: str) -> None:
    assert filter_format(f"a.b/c.{kind.upper()}") == kind


@pytest.mark.parametrize("path", ["k", "k.png", "txt", ".txt"])
def test_any_other_extension_is_refused(path: str) -> None:
    with pytest.raises(FilterError, match=r"filter files end in \.txt, \.csv, .*; choose one"):
        filter_format(path)
