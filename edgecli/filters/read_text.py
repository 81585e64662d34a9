"""Filters as text: plain grids, CSV, libvips' matrices and inline rows.

A grid has a row of numbers per line, separated by the rule of ``edgecli.numerals``: semicolons and
tabs allow decimal commas. Fractions such as 1/9 are numbers. ``#`` begins a comment. Blank lines
separate the channels of a filter. Lines with one of three words may stand anywhere in a filter:

    name: box       the rest of the line; begins another filter after a name or a row
    bias: 0.5       added to each response
    scale: 9        divides the weights, not the bias, as libvips' scale does

libvips' matrix begins with ``width height [scale [offset]]``: weights are divided by scale, the
offset is the bias. Every file called ``.mat`` has this header. Elsewhere a first line of 2 to 4
numbers is a header if exactly ``height`` rows of ``width`` numbers follow and the lines would
make no grid, being of two lengths; so no grid is ever taken for a matrix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import FilterError
from edgecli.filters.bank import FilterBank, check_name, times
from edgecli.filters.origin import Origin, build_bank, counted, parse_number, quoted, shown
from edgecli.numerals import UnclearError, commas_are_unclear, separator, with_points
from edgecli.records import dataclass

_TIGHT_COMMA = re.compile(r"[^\s,],[^\s,]")
_WORD_LINE = re.compile(r"\s*([A-Za-z]\w*)\s*:\s*(.*)")
_WORDS = ("name", "bias", "scale")
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab"}
UNCLEAR = (
    "commas without a blank may be decimal, where others have one; write 0.5, or all commas alike"
)
_ROW_ENDS = {"line": "give each row a line", "row": "end each row with a semicolon"}


class Cell(NamedTuple):
    """A number as text, and where it stands, counted from 1."""

    line: int
    column: int
    text: str


@dataclass(frozen=True)
class Line:
    """A line of a filter: a row of numbers, a word with its text, or a blank line."""

    number: int  # from 1
    numbers: tuple[float, ...] = ()
    word: str = ""
    text: str = ""
    column: int = 1  # of the text


def read_text(text: str, origin: Origin) -> FilterBank:
    """Read a grid, CSV or libvips matrix; FilterError with line and column where it is none."""
    lines = list(_lines(text, origin))
    rows = [line for line in lines if line.numbers]
    if not rows:
        raise origin.error("no numbers in it; write rows of numbers, such as 1 0 -1")
    if origin.suffix == ".mat" or _has_matrix_header(lines, rows):
        return _read_matrix(lines, rows, origin)
    return _read_grids(lines, origin)


def read_inline(spec: str, origin: Origin) -> FilterBank:
    """Read one kernel from rows separated by ``;`` or line ends.

    >>> read_inline("1 0 -1; 1 0 -1", Origin("inline filter", "custom")).weight.tolist()
    [[[[1.0, 0.0, -1.0], [1.0, 0.0, -1.0]]]]
    """
    texts = re.split(r"[;\n]", spec.strip().rstrip(";"))
    contents = {number: text.strip() for number, text in enumerate(texts, start=1)}
    for number, content in contents.items():
        if not content:
            raise origin.error("the row is empty; write numbers between semicolons", number)
    return build_bank(origin, _kernel(_rows(contents, origin), origin))


def _lines(text: str, origin: Origin) -> Iterator[Line]:
    """Yield rows, words and blank lines; skip lines that hold a comment alone."""
    lines = dict(enumerate(re.split(r"\r\n|\r|\n", text), start=1))
    words = {number: _WORD_LINE.fullmatch(line) for number, line in lines.items()}
    contents = {n: line.partition("#")[0] for n, line in lines.items() if not words[n]}
    rows = _rows({n: text for n, text in contents.items() if text.strip(" \t,;")}, origin)
    read = {row.number: row for row in rows}
    for number, line in lines.items():
        if match := words[number]:
            yield _word_line(match, number, origin)
        elif number in read:
            yield read[number]
        elif contents[number] == line:
            yield Line(number)


def _word_line(match: re.Match[str], number: int, origin: Origin) -> Line:
    """Read a word; a name is all that follows the colon, so that it may contain ``#``."""
    word, text = match[1].lower(), match[2]
    if word not in _WORDS:
        raise origin.error(
            f"{quoted(match[1] + ':')} is not known; write name:, bias: or scale:",
            number,
            match.start(1) + 1,
        )
    value = text if word == "name" else text.partition("#")[0]
    return Line(number, word=word, text=value.strip(), column=match.start(2) + 1)


def _rows(contents: Mapping[int, str], origin: Origin) -> list[Line]:
    """Return lines by number as rows of numbers, all of them separated alike."""
    text = "\n".join(contents.values())
    mark = separator(text)
    if mark == "," and commas_are_unclear(text):
        raise origin.error(UNCLEAR, next(iter(contents)))
    if mark == "\t":
        contents = _without_outer_tabs(contents)
    # where a comma may be a decimal one, it is clear only if it separates everywhere
    blanks_separate = mark is None or (mark == "," and not _TIGHT_COMMA.search(text))
    cells = [
        cell
        for number, content in contents.items()
        for cell in _cells(content, number, mark, blanks_separate, origin)
    ]
    try:
        texts = with_points([cell.text for cell in cells])
    except UnclearError as error:
        place, reason = error.args
        raise origin.error(reason, cells[place].line, cells[place].column) from error
    rows: dict[int, list[float]] = {number: [] for number in contents}
    for cell, text in zip(cells, texts, strict=True):
        try:
            rows[cell.line].append(parse_number(text))
        except FilterError:  # tell of the number as it is written
            rows[cell.line].append(_number(cell.text, cell.line, cell.column, origin))
    return [Line(number, tuple(numbers)) for number, numbers in rows.items()]


def _without_outer_tabs(contents: Mapping[int, str]) -> dict[int, str]:
    """Leave out tabs that begin or end every row: they indent a block, or frame it."""
    rows = contents.values()
    before = min(len(row) - len(row.lstrip("\t")) for row in rows)
    after = min(len(row) - len(row.rstrip("\t")) for row in rows)
    return {line: " " * before + row[before : len(row) - after] for line, row in contents.items()}


def _cells(
    content: str, line: int, mark: str | None, blanks_separate: bool, origin: Origin
) -> Iterator[Cell]:
    """Yield the numbers of a row as text; a separator must stand between two of them."""
    name = _NAMES.get(mark or "")
    follows_number = False
    for match in re.finditer(rf"[^\s{mark}]+|{mark}" if mark else r"\S+", content):
        column = match.start() + 1
        if match[0] == mark:
            if not follows_number:
                raise origin.error(f"a number is missing before the {name}", line, column)
        elif follows_number and not (blanks_separate and (mark is None or mark not in content)):
            advice = f"write decimals as 0.5, and {_ROW_ENDS[origin.row_word]}"
            raise origin.error(f"{name}s and blanks both separate here; {advice}", line, column)
        else:
            yield Cell(line, column, match[0])
        follows_number = match[0] != mark
    if not follows_number:
        raise origin.error(f"a number is missing after the {name}", line, len(content.rstrip()))


def _number(text: str, line: int, column: int, origin: Origin) -> float:
    try:
        return parse_number(text)
    except FilterError as error:
        raise origin.error(str(error), line, column) from error


# --- grids --------------------------------------------------------------------------------------


def _read_grids(lines: Sequence[Line], origin: Origin) -> FilterBank:
    filters = [_filter(section, origin) for section in _sections(lines)]
    first_lines, weights, names, biases = zip(*filters, strict=True)
    for line, weight in zip(first_lines, weights, strict=True):
        if weight.shape != weights[0].shape:
            raise origin.error(
                f"a filter of {times(weight.shape)} (channels × height × width) after one "
                f"of {times(weights[0].shape)}; the filters of a file have one shape",
                line,
            )
    is_biased = any(bias is not None for bias in biases)
    bias = [bias or 0.0 for bias in biases] if is_biased else None
    return build_bank(origin, np.stack(weights), bias, names)


def _sections(lines: Sequence[Line]) -> list[list[Line]]:
    """Return the lines of each filter: a ``name:`` after a name or a row begins another one."""
    sections: list[list[Line]] = [[]]
    for line in lines:
        begun = any(earlier.numbers or earlier.word == "name" for earlier in sections[-1])
        if line.word == "name" and begun:
            sections.append([])
        sections[-1].append(line)
    return sections


def _filter(
    section: Sequence[Line], origin: Origin
) -> tuple[int, NDArray[np.float64], str | None, float | None]:
    """Return a filter's first line, weights ``(C_in, kH, kW)``, name and bias, if it has them."""
    words: dict[str, Line] = {}
    for line in section:
        if line.word in words:
            raise origin.error(f"a second {line.word}: for one filter; keep one", line.number)
        if line.word:
            words[line.word] = line
    rows = [line for line in section if line.numbers]
    if not rows:
        named = words["name"]
        raise origin.error(
            f"no rows follow name: {shown(named.text[:60])}; write them", named.number
        )
    weight = _volume(section, origin)
    if "scale" in words:
        weight = _divided(weight, _scale(words["scale"], origin))
    name = _name(words["name"], origin) if "name" in words else None
    bias = _value(words["bias"], origin) if "bias" in words else None
    return rows[0].number, weight, name, bias


def _volume(section: Sequence[Line], origin: Origin) -> NDArray[np.float64]:
    """Stack the channels ``(C_in, kH, kW)`` that blank lines separate."""
    kept = [line for line in section if not line.word]
    groups = groupby(kept, key=lambda line: bool(line.numbers))
    channels = [list(group) for is_rows, group in groups if is_rows]
    kernels = [_kernel(rows, origin) for rows in channels]
    for rows, kernel in zip(channels, kernels, strict=True):
        if kernel.shape != kernels[0].shape:
            raise origin.error(
                f"a channel of {times(kernel.shape)} (height × width) after one of "
                f"{times(kernels[0].shape)}; the channels of a filter have one size",
                rows[0].number,
            )
    return np.stack(kernels)


def _kernel(rows: Sequence[Line], origin: Origin) -> NDArray[np.float64]:
    """Return the rows as ``(kH, kW)``; FilterError where they differ in length."""
    first = rows[0]
    for row in rows:
        if len(row.numbers) != len(first.numbers):
            raise origin.error(
                f"{counted(len(row.numbers), 'number')} where {origin.row_word} {first.number} "
                f"has {len(first.numbers)}; make all rows of a kernel equally long",
                row.number,
            )
    return np.array([row.numbers for row in rows])


def _name(line: Line, origin: Origin) -> str:
    try:
        return check_name(line.text)
    except FilterError as error:
        raise origin.error(str(error), line.number, line.column) from error


def _value(line: Line, origin: Origin) -> float:
    return _number(line.text, line.number, line.column, origin)


def _scale(line: Line, origin: Origin) -> float:
    scale = _value(line, origin)
    if scale == 0:
        raise origin.error("the scale divides the weights; 0 cannot", line.number, line.column)
    return scale


def _divided(weight: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):  # infinite weights are refused with the bank
        return weight / scale


# --- libvips' matrices --------------------------------------------------------------------------


def _has_matrix_header(lines: Sequence[Line], rows: Sequence[Line]) -> bool:
    """Return whether lines are a matrix by the rule at the top of this file."""
    header, *body = rows
    width, height = (*header.numbers, 0.0)[:2]
    fits = 0 < len(body) == height and all(len(row.numbers) == width for row in body)
    unlike_a_row = len(header.numbers) in (2, 3, 4) and len(header.numbers) != width
    return fits and unlike_a_row and not any(line.word for line in lines)


def _read_matrix(lines: Sequence[Line], rows: Sequence[Line], origin: Origin) -> FilterBank:
    for line in lines:
        if line.word:
            raise origin.error(
                f"a .mat file is libvips' matrix and knows no {line.word}:; name the file .txt",
                line.number,
            )
    header, *body = rows
    width, height, scale, offset = _matrix_header(header, origin)
    if len(body) != height:
        raise origin.error(
            f"{counted(len(body), 'row')} where the header, width and height, promises {height}",
            header.number,
        )
    for row in body:
        if len(row.numbers) != width:
            raise origin.error(
                f"{counted(len(row.numbers), 'number')} where the header, width and height, "
                f"promises {width}",
                row.number,
            )
    # libvips writes no offset, or 0, where there is no bias
    return build_bank(origin, _divided(_kernel(body, origin), scale), [offset] if offset else None)


def _matrix_header(header: Line, origin: Origin) -> tuple[int, int, float, float]:
    """Return width, height, scale and offset; the last two may be left out."""
    given = header.numbers
    whole = all(value == int(value) and value >= 1 for value in given[:2])
    if len(given) not in (2, 3, 4) or not whole:
        raise origin.error(
            "a .mat file is libvips' matrix and begins with: width height [scale [offset]]; "
            "name a file without that line .txt",
            header.number,
        )
    scale, offset = (*given[2:], *(1.0, 0.0)[len(given) - 2 :])
    if scale == 0:
        raise origin.error("the scale divides the weights; 0 cannot", header.number)
    return int(given[0]), int(given[1]), scale, offset
