"""Grids of numbers as images: text in, CSV out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import ImageError
from edgecli.images.sample_types import smallest
from edgecli.images.streams import ForwardReader, StreamSink
from edgecli.images.text.points import refuse_points, suspicion
from edgecli.numerals import binary_part, commas_are_unclear, decode, is_whole, separator
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import ImageInfo, Rows

Numbers = NDArray[Any]
"""A grid's numbers ``(H, W)``: int64 if all are written as whole numbers, else float64."""

# What spreadsheets write where a formula fails begins like a comment, and Windows' 1.#INF has one.
_COMMENT = re.compile(r"(?<!\d\.)#(?!N/A|DIV/0!|NAME\?|NULL!|NUM!|REF!|VALUE!).*")
_LINE_END = re.compile(r"\r\n|\r|\n")

_COPIES, _CELL = 3, 80
"""Copies of a text that are held with its numbers, and bytes of a cell that is laid out alone."""

# Documents that are text, and what to do with them.
_DOCUMENTS = (
    (r"\s*(<\?xml.{,400})?(<!--.{,400}-->\s*)?(<!DOCTYPE svg.{,400})?<svg\b",
     "is an SVG drawing; rasterise it first: rsvg-convert {path} -o drawing.png"),
    (r"%PDF-", "is a PDF document; rasterise it first: pdftoppm -png -r 150 {path} page"),
    (r"%!PS", "is PostScript; rasterise it first: "
     "gs -sDEVICE=png16m -r150 -o page.png {path}"),
    (r"\s*(<!DOCTYPE html|<html\b)", "is a web page, not an image; get the image itself"),
    (r"\s*<", "is XML, not an image; give an image, or numbers as CSV"),
    (r"\s*\{", "is JSON, not an image; give its numbers as [[1, 2], [3, 4]], or as CSV"),
    (r"version https://git-lfs", "is a pointer to a file of Git LFS; get that: git lfs pull"),
)  # fmt: skip


def read_text(file: BinaryIO, path: str, *, max_pixels: int) -> ArraySource:
    r"""Read a grid of numbers as a grey image, however a program wrote it.

    Mostly that is a line per row; ``edgecli.numerals`` has the rule of what separates numbers, and
    ``layouts`` what else is known. ``#`` starts a comment; empty lines do not count. Whole
    numbers take the smallest integer type; a decimal mark, an exponent, nan or inf makes all
    float64. Raises ImageError with line and column of the first cell that is no number.

    >>> import io
    >>> source = read_text(io.BytesIO(b"10 0  # bright, dark\n-1 0"), "grid.txt", max_pixels=4)
    >>> source.array[:, :, 0]
    array([[10,  0],
           [-1,  0]], dtype=int16)
    """
    reader = ForwardReader(file, path)
    text = decode(reader.read())
    _refuse_documents(text, reader)
    lines = _content(text)
    rows = "\n".join(lines.values())  # searching it once is quicker than line by line
    mark = separator(rows)
    if mark == "," and commas_are_unclear(rows):
        raise _unclear_commas(lines, path)
    grid = _read_plainly(rows, mark, reader, max_pixels)
    texts = _COPIES * len(text)
    if grid is not None:
        format_, place, notes, no_data = "CSV" if mark in {",", ";"} else "text", None, [], None
    else:
        from edgecli.images.text.layouts import lay_out

        _refuse_others(text, rows, reader)
        cells = lay_out(lines, path)
        reader.check_pixels((*cells.shape, 1), max_pixels)
        grid, format_, place = cells.numbers(), cells.format, cells.place
        notes, no_data = cells.notes, cells.no_data
        texts += _CELL * grid.size
    refuse_points(grid, path)
    values = smallest(grid, path) if grid.dtype.kind == "i" else grid
    shape, dtype = (*grid.shape, 1), values.dtype.name
    held = grid.nbytes + texts
    info = ImageInfo(path, format_, shape, dtype, no_data=no_data, place=place, held=held)
    if format_ != "ESRI grid":  # whose head is known
        info.notes.extend([*notes, *_blocks(list(lines)), *_numberings(grid), *suspicion(grid)])
    info.notes.extend(_overflows(grid, rows))
    return ArraySource(values[:, :, np.newaxis], info)


def _overflows(grid: Numbers, text: str) -> Iterator[str]:
    """Yield a note where digits, and not the word, have given infinity."""
    if grid.dtype.kind == "f" and np.isinf(grid).any() and not re.search("inf", text, re.I):
        yield "has numbers beyond float64's ±1.8e308, which count as infinite"


def _content(text: str) -> dict[int, str]:
    """Return the lines that are neither blank nor comments, by number from 1.

    Blanks at their right are cut off, but tabs stay: they may stand beside empty cells.
    """
    if "#" in text:
        text = _COMMENT.sub("", text)
    lines = ((number, line.rstrip(" ")) for number, line in enumerate(_LINE_END.split(text), 1))
    return {number: line for number, line in lines if line}


def _refuse_documents(text: str, reader: ForwardReader) -> None:
    for begins, reason in _DOCUMENTS:
        if re.match(begins, text, re.DOTALL | re.IGNORECASE):
            import shlex  # for documents alone

            raise reader.error(reason.format(path=shlex.quote(reader.path)))


def _refuse_others(text: str, rows: str, reader: ForwardReader) -> None:
    """Raise ImageError for what only begins as text, and for rows without a digit."""
    known = "is in no format that can be read here, but"
    if (binary := binary_part(text)) >= 0:
        line = len(_LINE_END.split(text[:binary]))
        raise reader.error(f"{known} binary from line {line} on; convert it to PNG, JPEG or TIFF")
    if rows.strip() and not re.search(r"\d", rows):
        raise reader.error(f"{known} text without numbers; give an image, or numbers as CSV")


def _unclear_commas(lines: dict[int, str], path: str) -> ImageError:
    line = next(number for number, row in lines.items() if re.search(r"\d,\d", row))
    return ImageError(
        f"image {path}, line {line}: commas without a blank may be decimal, where others have one; "
        "write 0.5, or all commas alike"
    )


def _read_plainly(
    text: str, mark: str | None, reader: ForwardReader, max_pixels: int
) -> Numbers | None:
    """Return the numbers of plain rows; None for text that calls for a closer look.

    Every number must be one to Python, and every row equally long.
    """
    if not text.strip() or (mark is None and not text.isascii()):  # other blanks mark thousands
        return None
    kind, dtype = (int, np.int64) if is_whole(text) else (float, np.float64)
    lines = text.split("\n")
    try:
        width = len(list(map(kind, lines[0].split(mark))))
        reader.check_pixels((len(lines), width, 1), max_pixels)
        grid = np.empty((len(lines), width), dtype)
        for row, line in zip(grid, lines, strict=True):
            numbers = list(map(kind, line.split(mark)))
            if len(numbers) != width:  # one alone would fill the row
                return None
            row[:] = numbers
    except (ValueError, OverflowError):
        return None
    return grid


def _blocks(numbers: Sequence[int]) -> Iterator[str]:
    """Yield a note on lines, by their numbers, in blocks alike: several grids in one text.

    So are several edge maps written as CSV, and slices of a volume as NumPy's manual has them.
    """
    ends = np.flatnonzero(np.diff([*numbers, 1 << 62]) > 1)
    heights = np.diff(ends, prepend=-1)
    if len(heights) > 1 and heights[0] > 1 and (heights == heights[0]).all():
        yield (
            f"has {len(heights)} blocks of {heights[0]} rows, taken for one grid of "
            f"{len(numbers)}; save one by itself, or all as NPY of the shape (N, H, W)"
        )


def _numberings(grid: Numbers) -> list[str]:
    """Return a note on a first row or column that counts 0, 1, 2, … or 1, 2, 3, …, as a heading.

    One that goes on alike, as in a ramp, is a picture's.
    """
    notes = []
    for lines, kind, numbered in ((grid, "row", "columns"), (grid.T, "column", "rows")):
        first = lines[0]
        if len(lines) < 2 or len(first) < 3 or first[0] not in {0, 1}:
            continue
        if not np.array_equal(first, np.arange(len(first)) + first[0]):
            continue
        steps = lines[1] - first  # which is finite
        if (steps != steps[0]).any():
            notes.append(
                f"begins with a {kind} of {first[0]:g} to {first[-1]:g}, taken for pixels; "
                f"delete it if it numbers {numbered}"
            )
    return notes


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
