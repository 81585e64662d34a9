"""Grids as programs write them: one grid comes out, or a line that names the place."""

from __future__ import annotations

import codecs
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecli.errors import ImageError
from edgecli.images.text.grid import read_text
from edgecli.rows.arrays import ArraySource

LIMIT = 10**6


def text(grid: str | bytes) -> ArraySource:
    data = grid if isinstance(grid, bytes) else grid.encode()
    return read_text(io.BytesIO(data), "a.csv", max_pixels=LIMIT)


def refusal(grid: str | bytes) -> str:
    with pytest.raises(ImageError) as caught:
        text(grid)
    message = str(caught.value)
    assert message.isprintable()
    return message.removeprefix("image a.csv")


# --- whole numbers --------------------------------------------------------------------------------

ESRI = "ncols 2\nNROWS 2\nxllcorner 0\nyllcorner 0\ncellsize 1\nNODATA_value -9999\n"
OCTAVE = (
    "# Created by Octave\n# name: A\n# type: matrix\n# rows: 2\n# columns: 2\n 10 20\n 30 40\n\n"
)


@pytest.mark.parametrize(
    "grid",
    [
        '"10","20"\n"30","40"\n',
        "10,20,\n30,40,\n",
        "10;20;\r\n30;40;\r\n",
        "10\t20\t\n30\t40\t\n",
        "\t10\t20\n\t30\t40\n",
        "\t10 20\n\t30 40\n",
        "10\t\t20\n30\t\t40\n",
        "10,20\n30,40\n,\n,\n",
        "sep=;\n10;20\n30;40\n",
        '"sep=,"\r\n10,20\r\n30,40\r\n',
        "10,\xa020\n30,\xa040\n",
        "10,20\n30,40".encode("utf-16"),
        "10,20\n30,40".encode("utf-16-le"),
        "10,20\n30,40".encode("utf-16-be"),
        " 10, 20\n 30, 40",
        codecs.BOM_UTF16_BE + "10\t20\r\n30\t40\r\n".encode("utf-16-be"),
        b"# 5 \xb5m\n10 20\n30 40\n",
        "% a title, with commas\n10 20\n30 40\n",
        "// made by hand\n10 20\n30 40\n",
        OCTAVE,
        "[[10 20]\n [30 40]]\n",
        "[[10, 20], [30, 40]]",
        "array([[10, 20],\n       [30, 40]], dtype=uint8)\n",
        "np.array([[10, 20,], [30, 40,]])",
        "tensor([[10, 20],\n        [30, 40]], device='cuda:0')",
        "torch.tensor([[10, 20], [30, 40]])",
        "[[10\n  20]\n [30\n  40]]",
        "[10 20; 30 40]",
        "[10, 20; 30, 40]",
        "A = [10 20;\n     30 40];\n",
        ESRI + "10 20\n30 40\n",
        "ncols 2\nnrows 2\n10 20 30\n40\n",
    ],
)
def test_a_grid_is_read_from_what_programs_write(grid: str | bytes) -> None:
    source = text(grid)
    assert source.array[:, :, 0].tolist() == [[10, 20], [30, 40]]
    assert (source.info.dtype, source.info.notes) == ("uint8", [])


@pytest.mark.parametrize(
    ("grid", "left_out"),
    [
        ("a,b\n10,20\n30,40\n", "a line of names ('a', 'b')"),
        ("a,b\n10,20,\n30,40,\n", "a line of names ('a', 'b')"),
        ('"x, m";"y [%]"\n10;20\n30;40\n', "a line of names ('x, m', 'y [%]')"),
        ('"2020","2021"\n10,20\n30,40\n', "a line of names ('2020', '2021')"),
        (",a,b\n0,10,20\n1,30,40\n", "a line and a column of names ('', 'a', 'b')"),
        (
            "Unnamed: 0,a,b\n0,10,20\n1,30,40\n",
            "a line and a column of names ('Unnamed: 0', 'a', 'b')",
        ),
        (",0,1\n0,10,20\n1,30,40\n", "a line and a column of names ('', '0', '1')"),
        ("\t0\t1\nx 1\t10\t20\nx 2\t30\t40\n", "a line and a column of names ('', '0', '1')"),
        (
            ",a,b\n2020-01-01,10,20\n2020-01-02,30,40\n",
            "a line and a column of names ('', 'a', 'b')",
        ),
        ('"","V1","V2"\n"1",10,20\n"2",30,40\n', "a line and a column of names ('', 'V1', 'V2')"),
        ('"V1" "V2"\n"1" 10 20\n"2" 30 40\n', "a line and a column of names ('V1', 'V2')"),
        ("V1 V2\nr1 10 20\nr2 30 40\n", "a line and a column of names ('V1', 'V2')"),
    ],
)
def test_names_are_left_out_and_told_of(grid: str, left_out: str) -> None:
    source = text(grid)
    assert source.array[:, :, 0].tolist() == [[10, 20], [30, 40]]
    assert source.info.notes == [f"begins with {left_out}, which is left out"]


def test_many_names_are_told_of_shortly() -> None:
    heads = ",".join(f"c{number:030}" for number in range(99))
    (note,) = text(f"{heads}\n{'1,' * 98}1\n").info.notes
    assert len(note) < 150


# --- fractions, and cells of no data --------------------------------------------------------------


@pytest.mark.parametrize(
    "grid",
    [
        "0,5;1\n-2;3,25\n",
        "0,5\t1\r\n-2\t3,25\r\n",
        "0,5\t1\r\n-2\t3,25\r\n".encode("utf-16"),
        '"0,5","1"\n"-2","3,25"\n',
        "0,5;1\n−2;3,25\n",
        "0.5 1\n–2 3.25\n",
        "5.0D-01 1.0D+00\n-2.0d+0 3.25D0\n",
        "[[ 0.5   1.  ]\n [-2.    3.25]]\n",
    ],
)
def test_fractions_are_read_with_points_and_with_commas(grid: str | bytes) -> None:
    source = text(grid)
    assert source.array[:, :, 0].tolist() == [[0.5, 1], [-2, 3.25]]
    assert source.array.dtype.kind == "f"


@pytest.mark.parametrize(
    ("grid", "count"),
    [
        ("10,NA\n30,40", "1 cell"),
        ("10,#N/A\nn/a,40", "2 cells"),
        ("10,\n30,40", "1 cell"),
        ("10,,20\n,,", "1 cell"),  # a line without a number below all others is a spreadsheet's
        ("10;;\n;;\n1,5;2;3", "5 cells"),
        ('10,,NA\n"",5,6', "3 cells"),
    ],
)
def test_cells_of_no_data_are_nan_and_counted(grid: str, count: str) -> None:
    source = text(grid)
    values = source.array[:, :, 0]
    assert values[0, 0] == 10
    assert np.isnan(values[0, 1])
    assert source.info.notes == [f"has {count} of no data, read as nan; see --nan"]


def test_cells_that_tables_leave_empty_are_nan() -> None:
    source = text(",a,b\nrow,1,\nnext,,4\n")
    np.testing.assert_array_equal(source.array[:, :, 0], [[1, np.nan], [np.nan, 4]])
    assert source.info.notes[-1] == "has 2 cells of no data, read as nan; see --nan"


@pytest.mark.parametrize(("cell", "dtype"), [("-9999", "int16"), ("-9999.0", "float64")])
def test_an_esri_grid_says_what_is_no_data(cell: str, dtype: str) -> None:
    source = text(f"{ESRI}10 {cell}\n30 40\n")
    assert source.array[:, :, 0].tolist() == [[10, -9999], [30, 40]]
    assert (source.info.dtype, source.info.no_data) == (dtype, -9999)
    assert source.info.notes == []


# --- what can be read in two ways, and what not at all --------------------------------------------

BLANKS = "commas and blanks both separate here; use one of them, and a point for decimals"


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ("0,5 1\n2 3", f", line 1, column 2: '5 1' is not a number; {BLANKS}"),
        ("1,2\n3 4", f", line 2, column 1: '3 4' is not a number; {BLANKS}"),
        ("1 234,5\n6,7", f", line 1, column 1: '1 234' is not a number; {BLANKS}"),
        ("1 234\t5\n6\t7", ", line 1, column 1: '1 234' is not a number; tabs and blanks both"),
        ("1 234;5\n6;7", ", line 1, column 1: '1 234' is not a number; semicolons separate here"),
        ("1 2; 3 4", ", line 1, column 1: '1 2' is not a number; semicolons separate here; give"),
        ("1\u202f234 5\n6 7", ", line 1, column 1: '1\\u202f234' is not a number; write plain bl"),
        ("1\xa0234 5".encode("latin-1"), ", line 1, column 1: '1\\xa0234' is not a number; write"),
        ("n0 n1\n0 0,125", ", line 1, column 1: 'n0 n1' is not a number; begin lines of text "),
        ('"V1"\n"1" 0,5', ", line 1, column 1: 'V1' is not a number"),
        ("0,5, 1,5\n2,5, 3,5", ", line 1: commas without a blank may be decimal, where others h"),
        ("1.#INF 2\n3 4", ", line 1, column 1: '1.#INF' is not a number"),
        ("1,250;2,500", ", line 1, column 1: the comma of '1,250' may mark thousands; write 1."),
        ('"1,250","2,500"', ", line 1, column 1: the comma of '1,250' may mark thousands; write"),
        ("3\t1,000,000", ", line 1, column 2: the comma of '1,000,000' may mark thousands; writ"),
        ('"1,234.5",2\n3,4', ", line 1, column 1: '1,234.5' has a point and a comma; write decima"),
        ("1.250,5;2", ", line 1, column 1: '1.250,5' has a point and a comma; write decima"),
        ("0,5;1.5", ", line 1, column 2: '1.5' has a point where '0,5' has a comma; write decim"),
        ("1,2,3;4", ", line 1, column 1: '1,2,3' is not a number; write no marks for thousands"),
        ("1'234 5", ", line 1, column 1: \"1'234\" is not a number"),
        ("1\t\t3\n4\t5\t", ", line 1, column 2: the cell is empty; write a number, or nan"),
        (",a,b\n0,1,2\n1,3,x", ", line 3, column 3: 'x' is not a number"),
        ("a,b\nmm,mm\n1,2", ", line 2, column 1: 'mm' is not a number"),
        ("row,0,1\n0,10,20", ", line 1, column 1: 'row' is not a number"),
        ("r1,10\nr2,20", ", line 1, column 1: 'r1' is not a number"),
        ("heights of hills\n1 2\n3 4", ", line 1, column 1: 'heights' is not a number; begin lin"),
        ("x\n1 2\n2 5", ", line 1, column 1: 'x' is not a number; begin lines of text with #"),
        ("10%,20%\n30%,40%", ", line 1, column 1: '10%' is not a number"),
        ("1,#DIV/0!\n2,3", ", line 1, column 2: '#DIV/0!' is not a number"),
        ("1;2\n3", ", line 2 has 1 numbers where the first row has 2; make the rows equally long"),
        (b"BEGIN\nSIZE 4\n\0", " is in no format that can be read here, but binary from line 3 on"),
        ("a,b\n,", " is in no format that can be read here, but text without numbers; give an im"),
        ("a1,b1\n,", ", line 1, column 1: 'a1' is not a number"),
        (f'1"{"a" * 140_000}', " is not a number"),
        ("[[1 2 ... 8 9]\n [1 2 ... 8 9]]", ", line 1: numbers are left out at '...'; save all,"),
        ("[[1 2]\n ...\n [8 9]]", ", line 2: numbers are left out at '...'; save all, with numpy."),
        ("[1 2 3\n 4 5 6]", ", line 1: '[1 2 3\\n 4 5 6]' is no array of rows in brackets; write"),
        ("[[[1 2]\n  [3 4]]]", ", line 1: '[[[1 2]\\n  [3 4]]]' is no array of rows in brackets"),
        ("[[1 2]\n [3 4]", ", line 1: '[[1 2]\\n [3 4]' is no array of rows in brackets"),
        ("[[1 2]\n [3]]", ", line 2 has 1 numbers where the first row has 2"),
        ("[[1 2]\n [3 x]]", ", line 2, column 2: 'x' is not a number"),
        ("[[0,5 1]\n [2 3]]", ", line 1, column 2: '5 1' is not a number"),
        (ESRI + "10 20\n30", " promises 2 × 2 numbers and holds 3; get the file whole again"),
        (ESRI + "10 20\n30 x", ", line 8, column 2: 'x' is not a number"),
        ("ncols 2\nnrows x\n1 2", " begins like an ESRI grid, but ncols, nrows or nodata_value is"),
        ("ncols 0\nnrows 0\n", " promises 0 × 0 numbers and holds 0"),
    ],
)  # fmt: skip
def test_what_is_no_grid_is_one_line_with_its_place(grid: str | bytes, message: str) -> None:
    assert message in refusal(grid)


def test_a_large_esri_grid_is_refused_by_its_limit() -> None:
    with pytest.raises(ImageError, match="has 4 pixels, more than the limit 3; raise it with"):
        read_text(io.BytesIO(f"{ESRI}1 2\n3 4".encode()), "a.asc", max_pixels=3)


# --- laws -----------------------------------------------------------------------------------------

EIGHTHS = st.integers(-(10**5), 10**5).map(lambda eighths: eighths / 8)
SEPARATORS = (",", ";", "\t", " ", ", ")
NUMBERS = st.integers(-300, 300).map(float) | EIGHTHS


@st.composite
def dialects(draw: st.DrawFn) -> tuple[list[list[float]], bytes, bool]:
    """Return a grid, the grid as some program writes it, and whether that is clear."""
    separator, decimal = draw(st.sampled_from([(a, b) for a in SEPARATORS for b in ".,"]))
    width = draw(st.integers(2, 4))
    grid = draw(st.lists(st.lists(NUMBERS, min_size=width, max_size=width), min_size=1, max_size=4))
    is_quoted = (separator, decimal) == (",", ",") or draw(st.booleans())
    mark = '"' if is_quoted else ""
    rows = [[f"{mark}{number:.10g}{mark}".replace(".", decimal) for number in row] for row in grid]
    head = draw(st.sampled_from(["none", "names", "pandas"]))
    if head == "pandas" and separator != " ":
        rows = [[str(place), *row] for place, row in enumerate(rows)]
        rows.insert(0, ["", *map(str, range(width))])
    elif head == "names":
        rows.insert(0, [f"{mark}n{place}{mark}" for place in range(width)])
    end = separator.strip(" ") if draw(st.booleans()) else ""
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    written = newline.join(separator.join(row) + end for row in rows) + newline
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]))
    minus = "-" if encoding == "latin-1" else draw(st.sampled_from("-−"))
    is_clear = decimal == "." or (separator in {";", "\t"} and not all_may_mark_thousands(rows))
    return grid, written.replace("-", minus).encode(encoding), is_clear


def all_may_mark_thousands(rows: list[list[str]]) -> bool:
    found = [cell.strip('"-').split(",") for row in rows for cell in row if "," in cell]
    return all(len(rest) == 3 and len(whole) < 4 and whole[0] != "0" for whole, rest in found)


@given(dialects())
def test_whoever_writes_a_grid_it_comes_out_or_is_refused(
    dialect: tuple[list[list[float]], bytes, bool],
) -> None:
    grid, written, is_clear = dialect
    found: object
    try:
        found = text(written).array[:, :, 0].tolist()
    except ImageError as error:
        found = None if not is_clear and str(error).isprintable() else error
    assert found in (grid, None)
