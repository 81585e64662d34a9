"""Numbers in text: told from other bytes, decoded, and separated by one rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecli.numerals import (
    UnclearError,
    commas_are_unclear,
    decode,
    is_text,
    separator,
    with_points,
)


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), min_size=1))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_text_wherever_its_head_is_cut(encoding: str, text: str) -> None:
    data = text.encode(encoding)
    assert decode(data) == text.removeprefix("\ufeff")
    assert all(is_text(data[:end]) for end in range(4, len(data) + 1))


@pytest.mark.parametrize(
    "head",
    [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a\x01\x00", b"1 2\x003", b"\xff" * 64],
)
def test_other_bytes_are_no_text(head: bytes) -> None:
    assert not is_text(head)


def test_any_bytes_after_ascii_may_be_latin_1() -> None:
    assert is_text(b"H\xf6he;Breite")
    assert decode(b"H\xf6he") == "Höhe"


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("1", None),
        ("1 2\t", None),
        ("\t1 2\n\t3 4", None),
        ("1 \t 2", "\t"),
        ("0,5\t1", "\t"),
        ("1 ,\t2", ","),
        ("0,5 1", ","),
        ("0,5\t1;2", ";"),
    ],
)
def test_the_first_of_four_marks_separates(text: str, mark: str | None) -> None:
    assert separator(text) == mark


@pytest.mark.parametrize(
    ("cells", "place"),
    [
        (["1", "1,250", "12,500"], 1),
        (["−1,250"], 0),
        (["1,000,000", "1,5", "2.5"], 2),
        (["0,5", "1.250,5"], 1),
    ],
)
def test_commas_that_may_be_something_else_are_not_read(cells: list[str], place: int) -> None:
    with pytest.raises(UnclearError) as caught:
        with_points(cells)
    assert caught.value.args[0] == place


@pytest.mark.parametrize("cells", [["0,125", "1,250"], ["1,25", "1,250"], ["1250,125", "1,250"]])
def test_one_comma_that_marks_no_thousands_makes_all_decimal(cells: list[str]) -> None:
    assert with_points(cells) == [cell.replace(",", ".") for cell in cells]


def test_without_commas_nothing_changes() -> None:
    assert with_points(["1.250", "x"]) == ["1.250", "x"]


@pytest.mark.parametrize(
    ("text", "is_unclear"),
    [
        ("0,5, 1,5", True),
        ("0,125, 1,250", True),
        ("0,5, 1, -0,5\n1,5, 2, -1,5", True),
        ("0, -0,125", True),
        ("-0,25, 0", True),
        ("  1, 20,100\n  2, 30,200", False),
        ("  1,  2\n 30,400", False),
        ("1, 2, 3", False),
        ("1,2,3", False),
        ("1, 2,3\n4,5,6", False),
        ("1, -2,-3", False),
    ],
)
def test_commas_with_and_without_blanks_are_clear_where_numbers_are_aligned(
    text: str, is_unclear: bool
) -> None:
    assert commas_are_unclear(text) == is_unclear
