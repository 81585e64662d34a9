"""Text grids: every way to write numbers, there and back, and every way to get them wrong."""

from __future__ import annotations

import io
from typing import BinaryIO, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgecli.errors import ImageError
from edgecli.images.text.grid import read_text
from edgecli.rows.arrays import ArraySource
from tests.matrices import LIMIT, ROW_TYPES, Pixels, whole, written


def text(grid: str | bytes) -> ArraySource:
    data = grid if isinstance(grid, bytes) else grid.encode()
    return read_text(io.BytesIO(data), "grid.csv", max_pixels=LIMIT)


@pytest.mark.parametrize(
    "grid",
    ["1 2\n3 4", "1,2\n3,4\n", "1;2\r\n3;4\r\n", "1\t2\r3\t4", " 1,\t2 \n\n\n3 , 4  ",
     "\ufeff1 2\n3 4", "# title, with a comma\n1 2 # first\n#\n3 4"],
)  # fmt: skip
def test_a_grid_may_be_written_in_many_ways(grid: str) -> None:
    source = text(grid)
    assert source.array[:, :, 0].tolist() == [[1, 2], [3, 4]]
    assert (source.info.shape, source.info.dtype) == ((2, 2, 1), "uint8")


def test_the_separator_names_the_format() -> None:
    assert [text(grid).info.format for grid in ("1,2", "1;2", "1 2")] == ["CSV", "CSV", "text"]


@pytest.mark.parametrize(
    ("grid", "dtype"),
    [
        ("0 255", "uint8"),
        ("0 256", "uint16"),
        ("-1 65535", "int32"),
        ("-32768 32767", "int16"),
        ("65536", "int32"),
        ("-2147483648 2147483647", "int32"),
        ("2147483648", "int64"),
        ("9007199254740993", "int64"),
        ("-9223372036854775808 9223372036854775807", "int64"),
        ("2147483648.", "float64"),
        ("1.", "float64"),
        ("1e39", "float64"),
        ("nan", "float64"),
        ("3 -Inf", "float64"),
    ],
)
def test_numbers_take_the_smallest_type_that_holds_them(grid: str, dtype: str) -> None:
    source = text(grid)
    assert source.dtype == dtype
    np.testing.assert_array_equal(source.array.ravel(), np.array(grid.split(), dtype))


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ("", "holds no numbers; give a row of numbers per line"),
        ("# 1 2\n\n", "holds no numbers; give a row of numbers per line"),
        ("1,2\n\n3,x # y", "line 3, column 2: 'x' is not a number"),
        ("a,1\n1,2", "line 1, column 1: 'a' is not a number; write digits alone, or nan for none"),
        ("1,,2,x", "line 1, column 4: 'x' is not a number"),
        ("1;2\n3,4", "line 2 has 1 numbers where the first row has 2"),
        ("1 2\n3", "line 2 has 1 numbers where the first row has 2; make the rows equally long"),
        ("1\n\n2 3", "line 3 has 2 numbers where the first row has 1; make the rows equally long"),
        ("1\n9223372036854775808", "line 2, column 1: '9223372036854775808' is beyond int64's 9,2"),
        ("9" * 5000, "9999' is beyond int64's 9,223,372,036,854,775,807; write it with a decimal "),
        (b"1 \xff", "line 1, column 2: 'ÿ' is not a number"),
    ],
)
def test_a_wrong_grid_is_named_with_line_and_column(grid: str | bytes, message: str) -> None:
    with pytest.raises(ImageError) as caught:
        text(grid)
    assert str(caught.value).startswith("image grid.csv")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("<svg/>", "is an SVG drawing; rasterise it first: rsvg-convert grid.csv -o drawing.png"),
        ("<?xml version='1.0'?>\n<!-- a -->\n<svg>", "is an SVG drawing"),
        ("<?xml version='1.0'?><a/>", "is XML, not an image; give an image, or numbers as CSV"),
        ("<!doctype html><p>", "is a web page, not an image; get the image itself"),
        ('{"a": [1]}', "is JSON, not an image; give its numbers as [[1, 2], [3, 4]], or as CSV"),
        (b"%PDF-1.7\n%\xe2\xe3\n", "is a PDF document; rasterise it first: pdftoppm -png -r 150"),
        ("%!PS-Adobe-3.0\n", "is PostScript; rasterise it first: gs -sDEVICE=png16m -r150 -o pag"),
        ("version https://git-lfs.github.com/spec/v1\n", "get that: git lfs pull"),
    ],
)
def test_documents_are_named_with_a_way_to_an_image(document: str | bytes, message: str) -> None:
    with pytest.raises(ImageError) as caught:
        text(document)
    assert f"image grid.csv {message}" in str(caught.value) or message in str(caught.value)


def test_a_row_that_may_number_columns_is_told_of() -> None:
    for first, last in ((0, 2), (1, 3)):
        count = list(range(first, last + 1))
        note = f"begins with a row of {first} to {last}, taken for pixels; delete it if it numbers"
        assert text(_csv([count, [10, 20, 35]])).info.notes == [f"{note} columns"]
    for plain in (
        "0,1\n5,6",
        "0,1,2\n3,4,5",
        "0,1,2\n0,1,2",
        "0,1,2",
        "2,3,4\n9,9,8",
        "1,2,3\n2,3,4",
    ):
        assert text(plain).info.notes == []


@pytest.mark.parametrize("head", ["", "row,a,b\n", "# x y z\n"])
@pytest.mark.parametrize("first", [0, 1])
def test_a_column_that_may_number_rows_is_told_of(head: str, first: int) -> None:
    rows = [[first + number, value, 7] for number, value in enumerate((5, 9, 5))]
    *_, note = text(head + _csv(rows)).info.notes
    said = f"begins with a column of {first} to {first + 2}, taken for pixels"
    assert note == f"{said}; delete it if it numbers rows"
    for plain in ([[0, 0], [1, 1], [2, 2]], [[0, 5], [2, 9]], [[0], [1], [2]]):
        assert text(_csv(plain)).info.notes == []


@pytest.mark.parametrize("between", ["\n", "\n\n", "# New slice\n"])
def test_blocks_of_rows_are_told_of(between: str) -> None:
    block = "7 8 9\n5 5 6\n"
    told = (
        "has 3 blocks of 2 rows, taken for one grid of 6; save one by itself, or all as NPY of the "
        "shape (N, H, W)"
    )
    assert text(between.join([block] * 3)).info.notes == [told]
    for plain in (block, f"# head\n{block}\n", f"{block}\n7 7 7\n", "7 8\n\n9 9\n\n5 4\n"):
        assert text(plain).info.notes == []


def test_a_grid_of_esri_has_no_row_that_numbers_columns() -> None:
    head = "ncols 3\nnrows 2\nxllcorner 0\nyllcorner 0\ncellsize 1\n"
    assert text(head + "1 2 3\n4 9 6\n").info.notes == []


def _csv(rows: list[list[int]]) -> str:
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


def test_a_grid_over_the_limit_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(ImageError, match=r"has 6 pixels, more than the limit 5; raise it with --m"):
        read_text(io.BytesIO(b"1 2 3\n4 5 x"), "grid.txt", max_pixels=5)


def test_a_stream_that_fails_is_one_clear_line() -> None:
    class Failing(io.RawIOBase):
        def read(self, _: int = -1) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(ImageError, match=r"image - cannot be read: Input/output error"):
        read_text(cast(BinaryIO, Failing()), "-", max_pixels=LIMIT)


@given(st.binary(max_size=60) | st.text("0123456789.,;-+einfa# \t\n\r", max_size=60))
def test_whatever_the_text_a_grid_or_one_clear_line_comes_out(data: str | bytes) -> None:
    result: str | tuple[int, ...]
    try:
        result = whole(text(data)).shape
    except ImageError as error:
        result = str(error)
    assert "\n" not in result
    assert 0 not in result if isinstance(result, tuple) else result.startswith("image grid.csv")


@given(
    st.sampled_from(ROW_TYPES).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6))
    )
)
def test_csv_there_and_back_loses_nothing(grid: Pixels) -> None:
    rows = grid[:, :, np.newaxis]
    source = text(written("csv", rows))
    back = whole(source)
    np.testing.assert_array_equal(back.astype(rows.dtype), rows)
    if rows.dtype.kind == "f":
        assert back.dtype == np.float64


def test_csv_is_what_a_person_would_write() -> None:
    integers = np.array([[-5, 0], [7, 30]], np.int16)[:, :, np.newaxis]
    assert written("csv", integers) == b"-5,0\n7,30\n"
    floats = np.array([[0.1, 2], [np.nan, -np.inf]], np.float32)[:, :, np.newaxis]
    assert written("csv", floats) == b"0.1,2.0\nnan,-inf\n"


@pytest.mark.parametrize(("text", "told"), [("1e999 1\n2 3", True), ("inf 1\n2 3", False)])
def test_digits_beyond_float64_are_told_of(text: str, told: bool) -> None:
    source = read_text(io.BytesIO(text.encode()), "a.txt", max_pixels=9)
    assert np.isinf(source.array).sum() == 1
    assert any("beyond float64" in note for note in source.info.notes) == told
