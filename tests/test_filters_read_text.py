"""Grids, CSV and libvips' matrices: what is understood, and how every mistake is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgecli.errors import FilterError
from edgecli.filters import load_filter
from edgecli.filters.origin import parse_number
from tests.filter_files import NUMBERS, load_text, refusal

VERTICAL = [[1.0, 0.0, -1.0]] * 3

# --- plain grids and CSV ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "1 0 -1\n1 0 -1\n1 0 -1\n",
        "1,0,-1\n1,0,-1\n1,0,-1",
        "1\t0\t-1\n1\t0\t-1\n1\t0\t-1\n",
        "\t1\t0\t-1\n\t1\t0\t-1\n\t1\t0\t-1\n",
        "\t1 0 -1\n\t1 0 -1\n\t1 0 -1\n",
        "1;0;-1\n1;0;-1\r\n1 ; 0; -1\n",
        "1,0;0;-1,0\n1;0;-1\n1;,0;–1\n",
        "1,0\t0\t-1,0\n1\t0\t-1\n1\t0\t−1\n",
        "1,0\t0\t-1,0\r\n1\t0\t-1\r\n1\t0\t−1\r\n".encode("utf-16"),
        "1 , 0,  -1\r\n1.0 0e5 -1\r\n+1 .0 −1\r\n",
        "\n\n# a comment\n1 0 -1 # more\n# between\n1 0 -1\n1 0 -1\n\n\n",
        b"\xef\xbb\xbf1 0 -1\n1 0 -1\n1 0 -1\n",
        "1 0 -1\r1 0 -1\r1 0 -1\r",
        "scale: 2\n2 0 -2\n2 0 -2\n2 0 -2\n",
        "scale: 1/2  # divides\n1/2 0 -1/2\n1/2 0 -1/2\n1/2 0 -.5\n",
    ],
)
def test_a_grid_is_read_however_it_is_written(tmp_path: Path, text: str | bytes) -> None:
    bank = load_text(tmp_path, text)
    assert bank.weight.tolist() == [[VERTICAL]]
    assert (bank.names, bank.has_bias) == (("k",), False)


def test_fractions_are_divided_once(tmp_path: Path) -> None:
    assert load_text(tmp_path, "1/9 -1/3").weight.tolist() == [[[[1 / 9, -1 / 3]]]]


def test_blank_lines_separate_channels(tmp_path: Path) -> None:
    bank = load_text(tmp_path, "1 2\n3 4\n\n# red above, green below\n\n5 6\n7 8\n")
    assert bank.weight.tolist() == [[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]]


def test_lines_of_commas_are_blank_as_spreadsheets_write_them(tmp_path: Path) -> None:
    assert load_text(tmp_path, "1,2\n,\n3,4\n", "k.csv").weight.tolist() == [[[[1, 2]], [[3, 4]]]]


MIXED = "commas and blanks both separate here; write decimals as 0.5, and"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0,5 0 -0,5\n1,5 0 -1,5\n", f"line 1, column 5: {MIXED} give each row a line"),
        ("1 0\n0,5\n", f"line 1, column 3: {MIXED} give each row a line"),
        ("-1 0 1, -2 0 2, -1 0 1\n", f"line 1, column 4: {MIXED} give each row a line"),
        ("1 2; 3 4\n", "line 1, column 3: semicolons and blanks both separate here"),
        ("1 250\t2\n", "line 1, column 3: tabs and blanks both separate here"),
        ("# a\n0,5, 1\n1,5, 2\n", "line 2: commas without a blank may be decimal, where others h"),
        ("1,250;2,500\n", "line 1, column 1: the comma of '1,250' may mark thousands; write 1.25"),
        ("1\n\n2;3,5\n1.5;4\n", "line 4, column 1: '1.5' has a point where '3,5' has a comma"),
        ("0,5;1,2,3\n", "line 1, column 5: '1,2,3' is not a number"),
    ],
)
def test_numbers_that_can_be_read_in_two_ways_are_not_read(
    tmp_path: Path, text: str, message: str
) -> None:
    assert f"filter file k.txt, {message}" in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("spec", "weights"),
    [
        ("1, 0, -1; 2, 0, -2", [[1, 0, -1], [2, 0, -2]]),
        ("1,0,-1; 2,0,-2", [[1, 0, -1], [2, 0, -2]]),
        ("1 0 -1; 2, 0, -2", [[1, 0, -1], [2, 0, -2]]),
        ("0,5\t0; 1,5\t-1", [[0.5, 0], [1.5, -1]]),
        ("1 0 -1\n2 0 -2", [[1, 0, -1], [2, 0, -2]]),
    ],
)
def test_rows_on_the_command_line_are_separated_alike(
    spec: str, weights: list[list[float]]
) -> None:
    assert load_filter(spec).weight.tolist() == [[weights]]


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ("0,5 0 -0,5; 1,5 0 -1,5", "row 1, column 5"),
        ("-1 0 1, -2 0 2, -1 0 1", "row 1, column 4"),
        ("0,5; 1 0", "row 2, column 3"),
    ],
)
def test_rows_on_the_command_line_are_never_split_by_commas_and_blanks(
    spec: str, place: str
) -> None:
    with pytest.raises(FilterError) as caught:
        load_filter(spec)
    assert str(caught.value) == f"inline filter, {place}: {MIXED} end each row with a semicolon"


def test_a_name_begins_a_filter(tmp_path: Path) -> None:
    bank = load_text(tmp_path, "Name: a # b\nbias: 1/2\n1 2\n\nname: c\n3 4\n")
    assert bank.names == ("a # b", "c")
    assert bank.weight.tolist() == [[[[1, 2]]], [[[3, 4]]]]
    assert (bank.bias.tolist(), bank.parameters) == ([0.5, 0], (4, 2))


def test_words_before_the_name_belong_to_its_filter(tmp_path: Path) -> None:
    bank = load_text(tmp_path, "bias: 3\nscale: 2\nname: a\n4\nname: b\n4\n")
    assert bank.weight.ravel().tolist() == [2, 4]
    assert bank.bias.tolist() == [3, 0]


def test_scale_divides_the_weights_and_not_the_bias(tmp_path: Path) -> None:
    bank = load_text(tmp_path, "1 1 1\nscale: 3\nbias: 3\n")
    assert (bank.weight.ravel().tolist(), bank.bias.tolist()) == ([1 / 3] * 3, [3])


def test_a_bias_of_zero_is_a_bias(tmp_path: Path) -> None:
    assert load_text(tmp_path, "bias: 0\n1\n").parameters == (1, 1)


def test_unnamed_filters_are_called_after_the_file(tmp_path: Path) -> None:
    assert load_text(tmp_path, "1\nname: b\n2\n", "edges.txt").names == ("edges-1", "b")


@pytest.mark.parametrize(("file", "name"), [("a\\b\n.txt", "a_b_"), (" .txt", "custom")])
def test_a_file_name_that_is_no_filter_name_is_made_one(
    tmp_path: Path, file: str, name: str
) -> None:
    assert load_text(tmp_path, "1", file).names == (name,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 0 -1\n1 0 -1\n1 0 x\n", f", line 3, column 5: 'x' is not a number; {NUMBERS}"),
        ("1 0x10\n", f", line 1, column 3: '0x10' is not a number; {NUMBERS}"),
        ("1 1_0\n", f", line 1, column 3: '1_0' is not a number; {NUMBERS}"),
        ("1 ١\n", f", line 1, column 3: '١' is not a number; {NUMBERS}"),
        ("1 1/2/3\n", f", line 1, column 3: '1/2/3' is not a number; {NUMBERS}"),
        ("1 2\n3 nan\n", ", line 2, column 3: 'nan' is not finite; write a finite number"),
        ("-Infinity\n", ", line 1, column 1: '-Infinity' is not finite; write a finite number"),
        ("1e309\n", ", line 1, column 1: '1e309' is over 1.8e308; write a smaller number"),
        ("1/0\n", ", line 1, column 1: '1/0' divides by zero; write a finite number"),
        ("1,,2\n", ", line 1, column 3: a number is missing before the comma"),
        (",1\n", ", line 1, column 1: a number is missing before the comma"),
        ("1,2\n3,4, # c\n", ", line 2, column 4: a number is missing after the comma"),
        ("1;2\n3; # c\n", ", line 2, column 2: a number is missing after the semicolon"),
        ("1\t\t2\n", ", line 1, column 3: a number is missing before the tab"),
        (
            "1 2 3\n\r\n# c\n1 2 3\n4 5\n",
            ", line 5: 2 numbers where line 4 has 3; make all rows of a kernel equally long",
        ),
        (
            "1 2\n\n3 4\n5 6\n",
            ", line 3: a channel of 2 × 2 (height × width) after one of 1 × 2; "
            "the channels of a filter have one size",
        ),
        (
            "name: a\n1 2\nname: b\n1 2\n\n3 4\n",
            ", line 4: a filter of 2 × 1 × 2 (channels × height × width) after one of "
            "1 × 1 × 2; the filters of a file have one shape",
        ),
        ("1\nname: b\n", ", line 2: no rows follow name: b; write them"),
        ("bias: 1\nbias: 2\n1\n", ", line 2: a second bias: for one filter; keep one"),
        ("1\nbias: x\n", f", line 2, column 7: 'x' is not a number; {NUMBERS}"),
        ("1\nscale:\n", f", line 2, column 7: '' is not a number; {NUMBERS}"),
        ("scale: 0\n1\n", ", line 1, column 8: the scale divides the weights; 0 cannot"),
        (
            "offset: 1\n1\n",
            ", line 1, column 1: 'offset:' is not known; write name:, bias: or scale:",
        ),
        (
            "name: a/b\n1\n",
            ", line 1, column 7: a filter's name is one line of printable characters without "
            "slashes or spaces around it, not 'a/b'",
        ),
        (
            "1e300\nscale: 1e-300\n",
            ": weights are finite numbers, not inf; replace it by a number",
        ),
        ("# nothing\n", ": no numbers in it; write rows of numbers, such as 1 0 -1"),
        ("", ": the file is empty; write rows of numbers, such as 1 0 -1"),
    ],
)
def test_a_mistake_in_a_grid_is_named_with_its_place(
    tmp_path: Path, text: str, message: str
) -> None:
    assert refusal(tmp_path, text) == f"filter file k.txt{message}"


@pytest.mark.parametrize("text", [b"1 2\n3 \xff", b"1\n\x00\x01", b"\n\x89PNG\r\n\x1a\n"])
def test_binary_garbage_is_no_filter(tmp_path: Path, text: bytes) -> None:
    expected = "filter file k.txt, line 2: not a filter file: neither UTF-8 text, NPY nor NPZ"
    assert refusal(tmp_path, text) == expected


def test_a_long_word_is_quoted_short(tmp_path: Path) -> None:
    assert len(refusal(tmp_path, "x" * 10_000)) < 200


def test_the_smallest_and_largest_numbers_are_read() -> None:
    assert parse_number("5e-324") == 5e-324
    assert parse_number("-1.7976931348623157e308") == -1.7976931348623157e308


# --- libvips' matrices --------------------------------------------------------------------------


def test_a_matrix_divides_by_scale_and_adds_offset(tmp_path: Path) -> None:
    bank = load_text(tmp_path, "3 2 8 128\n1 2 3\n4 5 6\n", "k.mat")
    assert bank.weight.tolist() == [[[[1 / 8, 2 / 8, 3 / 8], [4 / 8, 5 / 8, 6 / 8]]]]
    assert (bank.bias.tolist(), bank.has_bias) == ([128], True)


@pytest.mark.parametrize("header", ["3 1", "3 1 1", "3 1 1 0", "3, 1,\t1,  0"])
def test_scale_and_offset_may_be_left_out(tmp_path: Path, header: str) -> None:
    bank = load_text(tmp_path, f"{header}\n1 2 3\n", "k.mat")
    assert (bank.weight.ravel().tolist(), bank.has_bias) == ([1, 2, 3], False)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("3 3 9 0\n1 1 1\n1 1 1\n1 1 1\n", (3, 3)),  # ragged as a grid
        ("3 1\n1 2 3\n", (1, 3)),
        ("2 2 1\n1 2\n3 4\n", (2, 2)),
        ("2 2\n1 2\n3 4\n", (3, 2)),  # a grid: its lines are equally long
        ("3 3 1\n1 1 1\n1 1 1\n1 1 1\n", (4, 3)),
        ("3 0\n", (1, 2)),
    ],
)
def test_elsewhere_a_header_is_taken_only_where_there_is_no_grid(
    tmp_path: Path, text: str, shape: tuple[int, int]
) -> None:
    assert load_text(tmp_path, text).kernel_size == shape


def test_a_mat_file_always_has_a_header(tmp_path: Path) -> None:
    assert load_text(tmp_path, "2 2\n1 2\n3 4\n", "k.MAT").kernel_size == (2, 2)


HEADER = "a .mat file is libvips' matrix and begins with: width height [scale [offset]]; "
HEADER += "name a file without that line .txt"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 0 -1\n1 0 -1\n", f"line 1: {HEADER}"),
        ("2.5 1\n1 2\n", f"line 1: {HEADER}"),
        ("3\n1 2 3\n", f"line 1: {HEADER}"),
        ("2 1 1 0 5\n1 2\n", f"line 1: {HEADER}"),
        ("2 1 0 0\n1 2\n", "line 1: the scale divides the weights; 0 cannot"),
        ("2 3\n1 2\n", "line 1: 1 row where the header, width and height, promises 3"),
        ("2 1\n1 2 3\n", "line 2: 3 numbers where the header, width and height, promises 2"),
        (
            "2 1\nbias: 3\n1 2\n",
            "line 2: a .mat file is libvips' matrix and knows no bias:; name the file .txt",
        ),
    ],
)
def test_a_mistake_in_a_matrix_is_named(tmp_path: Path, text: str, message: str) -> None:
    assert refusal(tmp_path, text, "k.mat") == f"filter file k.mat, {message}"


def test_names_without_rows_are_shown_on_one_line(tmp_path: Path) -> None:
    assert refusal(tmp_path, "name: a\n1 2\nname: b\tc\n").endswith(
        r"no rows follow name: 'b\tc'; write them"
    )
