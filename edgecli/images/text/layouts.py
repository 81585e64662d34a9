"""Grids of numbers as programs lay them out: tables with names, brackets, ESRI's grids.

Tables are written by spreadsheets, pandas and R, brackets by NumPy, MATLAB and JSON.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from itertools import compress

from edgecli.errors import ImageError
from edgecli.images.nodata import number_of
from edgecli.images.text.cells import BLANK_INSIDE, MISSING, Cells, Line, fault, is_number, plain
from edgecli.images.text.points import refuse_named
from edgecli.numerals import separator
from edgecli.rows.place import Place, is_sound

_COMMENT_LINE = re.compile(r"[ \t]*(%|//)")
_BLANKS = re.compile(r"[ \t]+")
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # for Excel
_QUOTED = re.compile(r'"[^"\n]*"')
_NUMBER_WORDS = re.compile(r"\b(nan|inf|infinity|n/?a)\b|(?<=[\d.,])[ed](?=[-+]?\d)", re.IGNORECASE)
_FRACTION = re.compile(r"[-+\d.,\N{MINUS SIGN}]*[.,][-+\d.,]*")
_NUMBER_AHEAD = re.compile(r"[-+.,\N{MINUS SIGN}]*\d")
_ESRI_AHEAD = re.compile(r"\s*(ncols|nrows)\s", re.IGNORECASE)
_ESRI_WORDS = {"ncols", "nrows", "cellsize", "dx", "dy", "nodata_value"}
_ESRI_WORDS |= {f"{axis}ll{place}" for axis in "xy" for place in ("corner", "center")}
_CALL = r"((np|numpy|torch)\.)?(array|matrix|tensor)\s*\(\s*"
_ARRAY = rf"\s*(\w+\s*=\s*)?({_CALL})?"  # what may stand ahead
_BRACKETS_AHEAD = re.compile(_ARRAY + r"\[")
_BRACKETS = re.compile(_ARRAY + r"(?P<array>\[.*\])\s*(,[^][]*)?\)?\s*;?\s*", re.DOTALL)
_ROW = re.compile(r"\[([^][]*)\]")


def lay_out(content: dict[int, str], path: str) -> Cells:
    """Return the cells of a grid in whatever layout, from its lines by number.

    Raises ImageError with line and column.
    """
    lines = {line: text for line, text in content.items() if not _COMMENT_LINE.match(text)}
    first = next(iter(lines.values()), "")
    if _ESRI_AHEAD.match(first):
        return _esri_grid(lines, path)
    if _BRACKETS_AHEAD.match(first):
        return _brackets(lines, path)
    return _table(lines, path)


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
    for _, given in heads:
        refuse_named(given, path)
    if not body:
        raise ImageError(f"image {path} holds no numbers; give a row of numbers per line")
    labels = [cells[0] for _, cells in body]
    may_be_names = '"' in written[body[0][0]] or not any(map(is_number, labels))
    are_names = may_be_names and not any(map(BLANK_INSIDE.search, labels))
    names = _leading_names(heads[0], len(body[0][1]), are_names, path) if heads else 0
    is_csv = mark in {",", ";"}
    empty = MISSING if is_csv else ""  # tabs may only align numbers
    numbers = [(line, [cell or empty for cell in cells[names:]]) for line, cells in body]
    grid = Cells(path, numbers, "CSV" if is_csv else "text", mark, names)
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
    if all(map(_is_name, given)):
        return True
    if '"' in written[0] and '"' not in written[1]:  # quotes also hold thousands: "1,234.5"
        return not any(map(_FRACTION.fullmatch, given))
    # pandas numbers columns that have no names, and leaves the corner empty
    return (
        not first[0] and _are_numbered(given) and _are_labels([cells[0] for _, cells in rows[1:]])
    )


def _is_name(cell: str) -> bool:
    return _has_letters(cell) and not _NUMBER_AHEAD.match(cell)


def _are_numbered(cells: list[str]) -> bool:
    return any(cells == list(map(str, range(first, len(cells) + first))) for first in (0, 1))


def _are_labels(cells: list[str]) -> bool:
    return _are_numbered(cells) or not any(map(is_number, cells))


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


def _leading_names(head: Line, width: int, are_names: bool, path: str) -> int:
    """Return how many columns at the left have names in them, 1 or 0.

    ``are_names`` says that the first cells below the head do not look like numbers.
    """
    line, given = head
    while not given[-1]:
        given.pop()
    if len(given) == width:
        return int(given[0] in {"", "Unnamed: 0"})  # as pandas writes the corner
    if len(given) == width - 1 and are_names:
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
        no_data = number_of(stated["nodata_value"]) if "nodata_value" in stated else None
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
    place = _esri_place(stated, shape[0])
    return Cells(path, body, "ESRI grid", shape=shape, no_data=no_data, place=place)


def _esri_place(stated: Mapping[str, str], height: int) -> Place | None:
    """Return where a grid of so many rows lies, if its lower left corner or cell is stated."""

    def corner(axis: str, size: float) -> float:
        if f"{axis}llcorner" in stated:
            return float(stated[f"{axis}llcorner"])
        return float(stated[f"{axis}llcenter"]) - size / 2

    try:
        across, down = (float(stated.get(side) or stated["cellsize"]) for side in ("dx", "dy"))
        left, bottom = corner("x", across), corner("y", down)
    except (KeyError, ValueError):
        return None
    affine = (across, 0.0, left, 0.0, -down, bottom + height * down)
    return Place(affine) if min(across, down) > 0 and is_sound(affine) else None
