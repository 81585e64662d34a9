"""Grids of numbers as images: text in, CSV out."""

from __future__ import annotations

import re
from typing import BinaryIO

import numpy as np

from edgecli.errors import ImageError
from edgecli.images.sample_types import smallest
from edgecli.images.streams import ForwardReader, StreamSink
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import ImageInfo, Rows

Kind = type[int] | type[float]


def read_text(file: BinaryIO, path: str, *, max_pixels: int) -> ArraySource:
    r"""Read a grid of numbers, a line per row, as a grey image.

    Cells are separated by semicolons if there is one, else by commas if there is one, else by
    blanks. ``#`` starts a comment; empty lines do not count. Whole numbers take the smallest
    integer type; a decimal point, an exponent, nan or inf makes all float64. Raises ImageError with
    line and column of the first cell that is no number.

    >>> import io
    >>> source = read_text(io.BytesIO(b"10 0  # bright, dark\n-1 0"), "grid.txt", max_pixels=4)
    >>> source.array[:, :, 0]
    array([[10,  0],
           [-1,  0]], dtype=int16)
    """
    reader = ForwardReader(file, path)
    try:
        lines = _content(reader.read().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise reader.error(
            f"is neither a known format nor UTF-8 text (byte {error.start:,}); "
            "convert it to PNG, or save the numbers as UTF-8"
        ) from error
    if not lines:
        raise reader.error("holds no numbers; give a row of numbers per line")
    text = "\n".join(lines.values())  # searching it once is quicker than line by line
    separator = next((mark for mark in ";," if mark in text), None)
    width = len(next(iter(lines.values())).split(separator))
    shape = (len(lines), width, 1)
    reader.check_pixels(shape, max_pixels)
    kind: Kind = float if re.search(r"[.enif]", text, re.IGNORECASE) else int
    grid = np.empty(shape[:2], np.int64 if kind is int else np.float64)
    for row, (number, line) in zip(grid, lines.items(), strict=True):
        place = f"image {path}, line {number}"
        try:
            row[:] = _parse_row(line.split(separator), width, kind, place)
        except OverflowError as error:
            raise ImageError(
                f"{place} has a whole number beyond int64's {np.iinfo(np.int64).max:,}; "
                "divide it, or write it with a decimal point"
            ) from error
    values = smallest(grid, path) if kind is int else grid
    info = ImageInfo(path, "CSV" if separator else "text", shape, values.dtype.name)
    return ArraySource(values[:, :, np.newaxis], info)


def _content(text: str) -> dict[int, str]:
    """Return the lines with numbers on them, by line number from 1, without comments."""
    lines = re.split(r"\r\n|\r|\n", text)
    stripped = ((number, line.partition("#")[0].strip()) for number, line in enumerate(lines, 1))
    return {number: line for number, line in stripped if line}


def _parse_row(cells: list[str], width: int, kind: Kind, place: str) -> list[float]:
    try:
        numbers: list[float] = list(map(kind, cells))
    except ValueError as error:
        raise ImageError(_bad_cell(cells, kind, place)) from error
    if len(numbers) != width:
        raise ImageError(
            f"{place} has {len(numbers)} numbers where the first row has {width}; "
            "make the rows equally long"
        )
    return numbers


def _is_number(cell: str, kind: Kind) -> bool:
    try:
        kind(cell)
    except ValueError:
        return False
    return True


def _bad_cell(cells: list[str], kind: Kind, place: str) -> str:
    """Return the error's text about the first cell that is not a number."""
    column, cell = next(
        (at, cell) for at, cell in enumerate(cells, 1) if not _is_number(cell, kind)
    )
    if not cell.strip():
        return f"{place}, column {column}: the cell is empty; write a number, or nan"
    return f"{place}, column {column}: {cell.strip()[:40]!r} is not a number"


class CsvSink(StreamSink):
    """A grey image as comma-separated numbers, a line per row.

    Floats are written as the shortest decimals that read back as the same number of their type,
    whole ones with ``.0``, so that they read back as floats.
    """

    def encode(self, rows: Rows) -> bytes:
        """Return the rows as text."""
        plane = rows[:, :, 0]
        # float32's own str is the shortest that reads back; tolist() would make it float64's.
        cells = plane if plane.dtype.kind == "f" else plane.tolist()
        return "".join(",".join(map(str, row)) + "\n" for row in cells).encode()
