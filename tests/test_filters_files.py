"""Names, files and inline rows: how they are told apart, and what no file may do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edgecli.errors import FilterError
from edgecli.filters import FilterBank, files, load_filter
from tests.filter_files import NUMBERS

# --- inline rows --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spec",
    ["1 0 -1; 1 0 -1; 1 0 -1", "1,0,-1;1,0,-1;1,0,-1;", " 1 0 -1\n2/2 0 −1 ; 1 0 -1"],
)
def test_inline_rows_make_one_kernel(spec: str) -> None:
    bank = load_filter(spec)
    assert bank.weight.tolist() == [[[[1, 0, -1]] * 3]]
    assert bank.names == ("custom",)


def test_one_row_is_a_kernel() -> None:
    assert load_filter("1 0 -1").kernel_size == (1, 3)
    assert load_filter("1/9").weight.item() == 1 / 9


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("1 0 -1; 1 0 x", f", row 2, column 5: 'x' is not a number; {NUMBERS}"),
        ("x; 1", f", row 1, column 1: 'x' is not a number; {NUMBERS}"),
        ("nan 1", ", row 1, column 1: 'nan' is not finite; write a finite number"),
        (
            "1 0 -1; 1 0",
            ", row 2: 2 numbers where row 1 has 3; make all rows of a kernel equally long",
        ),
        ("1;;2", ", row 2: the row is empty; write numbers between semicolons"),
        (";", ", row 1: the row is empty; write numbers between semicolons"),
    ],
)
def test_a_mistake_in_inline_rows_is_named(spec: str, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        load_filter(spec)
    assert str(caught.value) == f"inline filter{message}"


# --- which is which -----------------------------------------------------------------------------


def test_a_built_in_name_wins_over_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sobel").write_text("1 2\n")
    Path("edges").write_text("3 4\n")
    Path("1 2").write_text("5 6\n")
    assert load_filter("sobel").kernel_size == (3, 3)
    assert load_filter("./sobel").weight.ravel().tolist() == [1, 2]
    assert load_filter(Path("sobel")).weight.ravel().tolist() == [1, 2]
    assert load_filter("edges").weight.ravel().tolist() == [3, 4]
    assert load_filter("1 2").weight.ravel().tolist() == [5, 6]


@pytest.mark.parametrize("spec", ["k.txt", "folder/k", "k.NPZ", "sobel.json", "1 2.csv"])
def test_what_looks_like_a_path_is_a_missing_file(spec: str) -> None:
    with pytest.raises(FilterError) as caught:
        load_filter(spec)
    assert str(caught.value) == f"filter file {spec} does not exist; check the name"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("sobl", "filter 'sobl' is unknown; did you mean 'sobel'?"),
        ("", "filter '' is unknown; 'edgecli filters list' shows the built-in ones"),
        ("z\nz", "filter 'z\\nz' is unknown; 'edgecli filters list' shows the built-in ones"),
        ("a\0/b", "filter file 'a\\x00/b' cannot be read: embedded null byte"),
    ],
)
def test_anything_else_is_unknown(spec: str, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        load_filter(spec)
    assert str(caught.value) == message


def test_a_folder_is_no_filter(tmp_path: Path) -> None:
    with pytest.raises(FilterError, match="is a folder; give a file in it"):
        load_filter(str(tmp_path))


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "k").write_text("1")
    with pytest.raises(FilterError, match="cannot be read: Not a directory"):
        load_filter(tmp_path / "k" / "k.txt")


def test_a_filter_may_come_through_a_pipe() -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, b"1 0 -1\n")
    os.close(write_end)
    try:
        assert load_filter(f"/dev/fd/{read_end}").kernel_size == (1, 3)
    finally:
        os.close(read_end)


def test_a_text_over_the_limit_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "k.txt"
    path.touch()
    os.truncate(path, files.LARGEST_TEXT + 1)
    with pytest.raises(FilterError, match="larger than the limit of 4,194,304 bytes; save it as"):
        load_filter(path)


def test_an_endless_file_is_refused_at_the_limit() -> None:
    with pytest.raises(FilterError, match="larger than the limit of 4,194,304 bytes"):
        load_filter("/dev/zero")


def test_a_filter_that_memory_cannot_hold_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhaust(spec: str) -> FilterBank:
        raise MemoryError(spec)

    monkeypatch.setattr(files, "builtin_filter", exhaust)
    with pytest.raises(FilterError, match="filter 'sobel' does not fit into memory"):
        load_filter("sobel")


@pytest.mark.parametrize("head", ["3:", "3x2:", " 3x2+1+0 :\n"])
def test_a_kernel_of_imagemagick_is_answered_with_its_rows(tmp_path: Path, head: str) -> None:
    text = f"{head} 1,0,-1  2,0,-2"
    (tmp_path / "k.txt").write_text(text)
    for spec in (text, tmp_path / "k.txt"):
        with pytest.raises(FilterError, match="a kernel of ImageMagick, whose") as caught:
            load_filter(spec)
        assert 'write -f "1 0 -1; 2 0 -2", for Convolve with --convolve' in str(caught.value)
