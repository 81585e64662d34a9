"""Grids of numbers as programs lay them out: tables with names, brackets, ESRI's grids.

Tables are written by spreadsheets, pandas and R, brackets by NumPy, MATLAB and JSON.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import chain, compress

from edgecli.errors import ImageError
from edgecli.numerals import MINUSES, UnclearError, separator, with_points
from edgecli.records import dataclass, field

Line = tuple[int, list[str]]
"""A line's number, from 1, and its cells."""

# What spreadsheets write where a formula fails begins like a comment.
_COMMENT = re.compile(r"#(?!N/A|DIV/0!|NAME\?|NULL!|NUM!|REF!|VALUE!).*")
_COMMENT_LINE = re.compile(r"[ \t]*(%|//)")
_LINE_END = re.compile(r"\r\n|\r|\n")
_BLANKS = re.compile(r"[ \t]+")
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # for Excel
_QUOTED = re.compile(r'"[^"\n]*"')
_NUMBER_WORDS = re.compile(r"\b(nan|inf|infinity|n/?a)\b|(?<=[\d.,])[ed](?=[-+]?\d)", re.IGNORECASE)
_NUMBER_AHEAD = re.compile(r"[-+.,\N{MINUS SIGN}]*\d")
_ESRI_AHEAD = re.compile(r"\s*(ncols|nrows)\s", re.IGNORECASE)
_ESRI_WORDS = {"ncols", "nrows", "cellsize", "dx", "dy", "nodata_value"}
_ESRI_WORDS |= {f"{axis}ll{place}" for axis in "xy" for place in ("corner", "center")}
_ARRAY = r"\s*(\w+\s*=\s*)?(((np|numpy)\.)?(array|matrix)\s*\(\s*)?"  # what may stand ahead
_BRACKETS_AHEAD = re.compile(_ARRAY + r"\[")
_BRACKETS = re.compile(_ARRAY + r"(?P<array>\[.*\])\s*(,[^][]*)?\)?\s*;?\s*", re.DOTALL)
_ROW = re.compile(r"\[([^][]*)\]")
_BLANK_INSIDE = re.compile(r"\d\S*\s+\S*\d")
_ABOUT_BLANKS = {
    ",": "commas and blanks both separate here; use one of them, and a point for decimals",
    ";": "semicolons separate here; give each row a line, and write no blanks in numbers",
    "\t": "tabs and blanks both separate here; use one of them",
    None: "write plain blanks between numbers, and none inside",
}
"""What to do about a blank inside a cell, by what separates the cells."""
_NO_DATA = {"NA", "N/A", "#N/A"}
_FORTRAN = re.compile(r"([-+]?[\d.]+)[dD]([-+]?\d+)")


@dataclass
class Cells:
    """The numbers of a grid as text: the lines that they stand on, and how they were written.

    ``names`` counts the cells at the start of each line that were left out. ``shape`` is the grid's
    height and width where lines are no rows. ``no_data`` is the number that stands for none.
    ``notes`` say what people must know. ImageError for rows of different lengths.
    """

    path: str
    lines: list[Line]
    format: str
    separator: str | None = None
    names: int = 0
    shape: tuple[int, int] = (0, 0)
    no_data: float | None = None
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.shape == (0, 0):
            self.shape = len(self.lines), len(self.lines[0][1])
            self._check_lengths()

    def _check_lengths(self) -> None:
        width = self.shape[1]
        for line, cells in self.lines:
            if len(cells) != width:
                for place, cell in enumerate(chain.from_iterable(row for _, row in self.lines)):
                    if _BLANK_INSIDE.search(cell):  # then they are not cells
                        raise self.error(place)
                raise ImageError(
                    f"image {self.path}, line {line} has {len(cells)} numbers where the first row "
                    f"has {width}; make the rows equally long"
                )

    def texts(self) -> list[str]:
        """Return the numbers with decimal points; ImageError where one is unclear."""
        try:
            return with_points(list(chain.from_iterable(cells for _, cells in self.lines)))
        except UnclearError as error:
            raise self.error(*error.args) from error

    def error(self, place: int, reason: str = "") -> ImageError:
        """Return an error about the cell of that place, counted from 0 through all lines.

        Without a reason it is that the cell is no number.
        """
        for line, cells in self.lines:
            if place < len(cells):
                reason = reason or _advice(cells[place], self.separator)
                return fault(self.path, reason, line, self.names + place + 1)
            place -= len(cells)
        raise IndexError(place)


def _advice(cell: str, mark: str | None) -> str:
    """Return what is wrong with a cell that is no number, and what to do."""
    if not cell:
        return "the cell is empty; write a number, or nan"
    shown = repr(cell[:40])
    if re.fullmatch(r"[-+]?\d+", cell):
        return f"{shown} is beyond int64's {2**63 - 1:,}; write it with a decimal point"
    if _BLANK_INSIDE.search(cell):
        return f"{shown} is not a number; {_ABOUT_BLANKS.get(mark, _ABOUT_BLANKS[None])}"
    if re.search(r"\d[.,'’]\d+[.,'’]\d", cell):
        return f"{shown} is not a number; write no marks for thousands, and a point for decimals"
    return f"{shown} is not a number; write digits alone, or nan for none"


def fault(path: str, text: str, line: int, column: int | None = None) -> ImageError:
    """Return an error about a line, or a cell of it; both count from 1."""
    place = f"line {line}" if column is None else f"line {line}, column {column}"
    return ImageError(f"image {path}, {place}: {text}")


def content(text: str) -> dict[int, str]:
    """Return the lines that are neither blank nor comments, by number from 1.

    Blanks at their ends are cut off, but tabs stay: they may stand beside empty cells.
    """
    if "#" in text:
        text = _COMMENT.sub("", text)
    lines = ((number, line.strip(" ")) for number, line in enumerate(_LINE_END.split(text), 1))
    return {number: line for number, line in lines if line}


def lay_out(text: str, path: str) -> Cells:
    """Return the cells of a grid in whatever layout; ImageError with line and column."""
    lines = {n: line for n, line in content(text).items() if not _COMMENT_LINE.match(line)}
    first = next(iter(lines.values()), "")
    if _ESRI_AHEAD.match(first):
        return _esri_grid(lines, path)
    if _BRACKETS_AHEAD.match(first):
        return _brackets(lines, path)
    return _table(lines, path)


def is_no_data(cell: str) -> bool:
    """Return whether a cell stands for no number, as R and spreadsheets write it."""
    return cell.upper() in _NO_DATA


def plain(cell: str) -> str:
    """Return a number as Python writes it: other minus signs and exponents, and none as nan.

    >>> [plain(cell) for cell in ("−1", "1.5D+03", "NA")]
    ['-1', '1.5e+03', 'nan']
    """
    if is_no_data(cell):
        return "nan"
    cell = cell.translate(MINUSES)
    match = _FORTRAN.fullmatch(cell)
    return f"{match[1]}e{match[2]}" if match else cell


# --- tables ---------------------------------------------------------------------------------------


def _table(lines: dict[int, str], path: str) -> Cells:
    """Lay out a line per row, with names in its first line or column if it has any."""
    mark, written = _separated(lines)
    rows = [(line, _cells(text, mark)) for line, text in written.items()]
    rows = [(line, cells) for line, cells in rows if cells]
    while rows and not any(rows[-1][1]):  # spreadsheets leave such lines below the numbers
        rows.pop()
    is_headed = len(rows) > 1 and _has_head(list(written.values()), rows)
    rows = _without_empty_columns(rows, is_headed, anywhere=mark == "\t")
    heads, body = rows[:is_headed], rows[is_headed:]
    if not body:
        raise ImageError(f"image {path} holds no numbers; give a row of numbers per line")
    are_labels = '"' in written[body[0][0]] or not any(_is_number(row[0]) for _, row in body)
    names = _leading_names(heads[0], len(body[0][1]), are_labels, path) if heads else 0
    grid = Cells(path, [(line, cells[names:]) for line, cells in body], "text", mark, names)
    if mark in {",", ";"}:
        grid.format = "CSV"
    if heads:
        grid.notes.append(_what_is_left_out(heads[0][1], names))
    return grid


def _separated(lines: dict[int, str]) -> tuple[str | None, dict[int, str]]:
    """Return the separator, and the lines without the one that may state it."""
    numbers = list(lines)
    if numbers and (stated := _SEPARATOR_LINE.fullmatch(lines[numbers[0]])):
        return stated[1].strip(" ") or None, {line: lines[line] for line in numbers[1:]}
    # Names may have any character in them, and so may quotes.
    has_names = bool(numbers) and _has_letters(lines[numbers[0]])
    text = "\n".join(lines[line] for line in numbers[has_names and len(numbers) > 1 :])
    return separator(_QUOTED.sub('""', text) if '"' in text else text), lines


def _has_letters(text: str) -> bool:
    return any(map(str.isalpha, _NUMBER_WORDS.sub("", text)))


def _cells(row: str, mark: str | None) -> list[str]:
    """Return the cells of a line without the quotes and blanks around them."""
    if mark is None:
        row = _BLANKS.sub(" ", row.strip(" \t"))
    if '"' not in row:
        return [cell.strip() for cell in row.split(mark or " ")] if row else []
    try:
        cells = next(csv.reader([row], delimiter=mark or " ", skipinitialspace=True))
    except csv.Error:  # a quote without end before half a book
        return [row]
    return [cell.strip() for cell in cells]


def _has_head(written: list[str], rows: list[Line]) -> bool:
    """Return whether the first line has names: words, or what alone is quoted, or a numbering."""
    first = rows[0][1]
    given = [cell for cell in first if cell]
    if not given:
        return False
    if all(map(_is_name, given)) or ('"' in written[0] and '"' not in written[1]):
        return True
    # pandas numbers columns that have no names, and leaves the corner empty
    return (
        not first[0] and _are_numbered(given) and _are_labels([cells[0] for _, cells in rows[1:]])
    )


def _is_name(cell: str) -> bool:
    return _has_letters(cell) and not _NUMBER_AHEAD.match(cell)


def _are_numbered(cells: list[str]) -> bool:
    return any(cells == list(map(str, range(first, len(cells) + first))) for first in (0, 1))


def _are_labels(cells: list[str]) -> bool:
    return _are_numbered(cells) or not any(map(_is_number, cells))


def _is_number(cell: str) -> bool:
    try:
        float(plain(cell.replace(",", ".")))
    except ValueError:
        return False
    return True


def _without_empty_columns(rows: list[Line], is_headed: bool, *, anywhere: bool) -> list[Line]:
    """Leave out the last column, or all columns, that have no cell with anything in it.

    A separator may end each line, and tabs may only align numbers.
    """
    if not any("" in cells for _, cells in rows):
        return rows
    width = len(rows[-1][1])
    if is_headed:  # a head of few names stands for the first columns here
        line, head = rows[0]
        rows = [(line, head + [""] * (width - len(head))), *rows[1:]]
    if any(len(cells) != width for _, cells in rows):
        return rows
    filled = [any(column) for column in zip(*(cells for _, cells in rows), strict=True)]
    kept = filled if anywhere else [True] * (width - 1) + filled[-1:]
    return [(line, list(compress(cells, kept))) for line, cells in rows]


def _leading_names(head: Line, width: int, are_labels: bool, path: str) -> int:
    """Return how many columns at the left have names in them, 1 or 0.

    ``are_labels`` says that the first cells below the head do not look like numbers.
    """
    line, given = head
    while not given[-1]:
        given.pop()
    if len(given) == width:
        return int(not given[0])  # pandas leaves the corner empty
    if len(given) == width - 1 and are_labels:
        return 1  # R leaves it out
    raise fault(path, f"{given[0][:40]!r} is not a number; begin lines of text with #", line, 1)


def _what_is_left_out(names: list[str], columns: int) -> str:
    named = ", ".join(repr(name[:20]) for name in names[:3]) + (", …" if len(names) > 3 else "")
    place = "a line and a column" if columns else "a line"
    return f"begins with {place} of names ({named}), which is left out"


# --- brackets, and ESRI's grids -------------------------------------------------------------------


def _brackets(lines: dict[int, str], path: str) -> Cells:
    """Lay out what NumPy and JSON write, brackets around each row, or MATLAB, ``;`` after each."""
    text, numbers = "\n".join(lines.values()), list(lines)
    if "..." in text:
        line = numbers[text.count("\n", 0, text.index("..."))]
        raise fault(path, "numbers are left out at '...'; save all, with numpy.savetxt", line)
    rows = list(_bracketed_rows(text))
    if not rows:
        example = "write [[1, 2], [3, 4]], or [1 2; 3 4]"
        raise fault(path, f"{text[:40]!r} is no array of rows in brackets; {example}", numbers[0])
    cells = [(numbers[text.count("\n", 0, place)], _list(row)) for place, row in rows]
    return Cells(path, cells, "text")


def _bracketed_rows(text: str) -> Iterator[tuple[int, str]]:
    """Yield the place and the text of each row; none where brackets hold anything else."""
    match = _BRACKETS.fullmatch(text)
    array, start = (match["array"], match.start("array")) if match else ("", 0)
    around = re.sub(r"[\s,]", "", _ROW.sub("", array))
    if around == "[]":
        for row in _ROW.finditer(array):
            yield start + row.start(1), row[1]
    elif array and not around and ("\n" not in array or ";" in array):
        for row in re.finditer(r"[^;\n]*[^;\s][^;\n]*", array[1:-1]):
            yield start + 1 + row.start(), row[0]


def _list(row: str) -> list[str]:
    if "," not in row:
        return row.split()
    return [cell.strip() for cell in row.strip().removesuffix(",").split(",")]


def _esri_grid(lines: dict[int, str], path: str) -> Cells:
    """Lay out an ASCII grid of ESRI: words with a number each, then all numbers."""
    words, stated = [(line, text.split()) for line, text in lines.items()], {}
    for _, word in words:
        if word[0].lower() not in _ESRI_WORDS or len(word) != 2:
            break
        stated[word[0].lower()] = plain(word[1])
    body = words[len(stated) :]
    try:
        shape = int(stated["nrows"]), int(stated["ncols"])
        no_data = float(stated["nodata_value"]) if "nodata_value" in stated else None
    except (KeyError, ValueError) as error:
        raise ImageError(
            f"image {path} begins like an ESRI grid, but ncols, nrows or nodata_value is no "
            "number; write lines such as ncols 3"
        ) from error
    count = sum(len(cells) for _, cells in body)
    if count != shape[0] * shape[1] or min(shape) < 1:
        raise ImageError(
            f"image {path} promises {shape[0]} × {shape[1]} numbers and holds {count:,}; "
            "get the file whole again"
        )
    return Cells(path, body, "ESRI grid", shape=shape, no_data=no_data)
