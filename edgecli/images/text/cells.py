"""The cells of a grid of numbers: where they stand, and the numbers that they hold."""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import ImageError
from edgecli.numerals import MINUSES, UnclearError, is_whole, with_points
from edgecli.records import dataclass, field
from edgecli.rows.base import NoData
from edgecli.rows.place import Place

Line = tuple[int, list[str]]
"""A line's number, from 1, and its cells."""

BLANK_INSIDE = re.compile(r"\d\S*\s+\S*\d")
"""Finds a blank between numbers of what was taken for one cell."""

_ABOUT_BLANKS = {
    ",": "commas and blanks both separate here; use one of them, and a point for decimals",
    ";": "semicolons separate here; give each row a line, and write no blanks in numbers",
    "\t": "tabs and blanks both separate here; use one of them",
    None: "write plain blanks between numbers, and none inside",
}
"""What to do about a blank inside a cell, by what separates the cells."""

MISSING = "NA"
_NO_DATA = {MISSING, "N/A", "#N/A"}  # of R and of spreadsheets
_FORTRAN = re.compile(r"([-+]?[\d.]+)[dD]([-+]?\d+)")


@dataclass
class Cells:
    """The numbers of a grid as text: the lines that they stand on, and how they were written.

    ``names`` counts the cells at the start of each line that were left out. ``shape`` is the grid's
    height and width where lines are no rows. ``no_data`` is the number that stands for none.
    ``place`` is where the grid lies on a map. ``notes`` say what people must know. ImageError for
    rows of different lengths.
    """

    path: str
    lines: list[Line]
    format: str
    separator: str | None = None
    names: int = 0
    shape: tuple[int, int] = (0, 0)
    no_data: NoData | None = None
    place: Place | None = None
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
                    if BLANK_INSIDE.search(cell):  # then they are not cells
                        raise self._error(place)
                raise ImageError(
                    f"image {self.path}, line {line} has {len(cells)} numbers where the first row "
                    f"has {width}; make the rows equally long"
                )

    def numbers(self) -> NDArray[Any]:
        """Return the grid ``(H, W)`` as int64 if all are written as whole numbers, else float64.

        Raises ImageError with the place of the first that is no number, or unclear.
        """
        texts, missing = self._with_points(), 0
        try:
            grid = _array(texts)
        except (ValueError, OverflowError):
            missing = sum(map(_is_no_data, texts))
            grid = self._normal_array(list(map(plain, texts)))
        grid = grid.reshape(self.shape)
        if missing:
            counted = "1 cell" if missing == 1 else f"{missing:,} cells"
            self.notes.append(f"has {counted} of no data, read as nan; see --nan")
        return grid

    def _with_points(self) -> list[str]:
        try:
            return with_points(list(chain.from_iterable(cells for _, cells in self.lines)))
        except UnclearError as error:
            raise self._error(*error.args) from error

    def _normal_array(self, texts: list[str]) -> NDArray[Any]:
        with suppress(ValueError, OverflowError):
            return _array(texts)
        kind, dtype = _kind(texts)
        for place, text in enumerate(texts):
            try:
                np.array(kind(text), dtype)
            except (ValueError, OverflowError) as error:
                raise self._error(place) from error
        raise AssertionError("each is a number, but not all")

    def _error(self, place: int, reason: str = "") -> ImageError:
        """Return an error about the cell of that place, counted from 0 through all lines.

        Without a reason it is that the cell is no number.
        """
        for line, cells in self.lines:
            if place < len(cells):
                reason = reason or _advice(cells[place], self.separator)
                return fault(self.path, reason, line, self.names + place + 1)
            place -= len(cells)
        raise IndexError(place)


def _array(texts: list[str]) -> NDArray[Any]:
    kind, dtype = _kind(texts)
    return np.fromiter(map(kind, texts), dtype, len(texts))


def _kind(texts: list[str]) -> tuple[type[int] | type[float], type[np.int64] | type[np.float64]]:
    return (int, np.int64) if is_whole("".join(texts)) else (float, np.float64)


def is_number(text: str) -> bool:
    """Return whether a cell holds a number, or stands for none."""
    try:
        float(plain(text.replace(",", ".")))
    except ValueError:
        return False
    return True


def fault(path: str, text: str, line: int, column: int | None = None) -> ImageError:
    """Return an error about a line, or a cell of it; both count from 1."""
    place = f"line {line}" if column is None else f"line {line}, column {column}"
    return ImageError(f"image {path}, {place}: {text}")


def _advice(cell: str, mark: str | None) -> str:
    """Return what is wrong with a cell that is no number, and what to do."""
    if not cell:
        return "the cell is empty; write a number, or nan"
    shown = repr(cell[:40])
    if re.fullmatch(r"[-+]?\d+", cell):
        return f"{shown} is beyond int64's {2**63 - 1:,}; write it with a decimal point"
    if BLANK_INSIDE.search(cell):
        return f"{shown} is not a number; {_ABOUT_BLANKS.get(mark, _ABOUT_BLANKS[None])}"
    if re.search(r"\d[.,'’]\d+[.,'’]\d", cell):
        return f"{shown} is not a number; write no marks for thousands, and a point for decimals"
    return f"{shown} is not a number; write digits alone, or nan for none"


def _is_no_data(cell: str) -> bool:
    """Return whether a cell stands for no number, as R and spreadsheets write it."""
    return cell.upper() in _NO_DATA


def plain(cell: str) -> str:
    """Return a number as Python writes it: other minus signs and exponents, and none as nan.

    >>> [plain(cell) for cell in ("−1", "1.5D+03", "NA")]
    ['-1', '1.5e+03', 'nan']
    """
    if _is_no_data(cell):
        return "nan"
    cell = cell.translate(MINUSES)
    match = _FORTRAN.fullmatch(cell)
    return f"{match[1]}e{match[2]}" if match else cell
