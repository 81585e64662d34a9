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
from edgecli.images.text_grid import read_text
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
        ("a,b\n1,2", "line 1, column 1: 'a' is not a number"),
        ("1,,2", "line 1, column 2: the cell is empty; write a number, or nan"),
        ("1,2,", "line 1, column 3: the cell is empty; write a number, or nan"),
        ("1;2\n3,4", "line 2, column 1: '3,4' is not a number"),
        ("1 2\n3", "line 2 has 1 numbers where the first row has 2; make the rows equally long"),
        ("1\n\n2 3", "line 3 has 2 numbers where the first row has 1; make the rows equally long"),
        (
            "1\n9223372036854775808",
            "line 2 has a whole number beyond int64's 9,223,372,036,854,775",
        ),
        (
            "9" * 400,
            "beyond int64's 9,223,372,036,854,775,807; divide it, or write it with a decim",
        ),
        ("1 2\n3 " + "9" * 5000, f"line 2, column 2: '{'9' * 40}' is not a number"),
        (b"1 \xff", "is neither a known format nor UTF-8 text (byte 2)"),
    ],
)
def test_a_wrong_grid_is_named_with_line_and_column(grid: str | bytes, message: str) -> None:
    with pytest.raises(ImageError) as caught:
        text(grid)
    assert str(caught.value).startswith("image grid.csv")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


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
