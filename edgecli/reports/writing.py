"""Where reports go: a file, standard output, or standard error where that carries an image."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TextIO

from edgecli.detect.jobs import Result
from edgecli.detect.sheet import Sheet
from edgecli.images.files import whole_file
from edgecli.reports.facts import Facts, image_facts, sheet_facts
from edgecli.reports.formats import TEXTS, as_json_lines
from edgecli.reports.table import CONTROLS, as_text, sheet_rows, table_rows


def write_reports(
    results: Sequence[Result | Sheet],
    format_: str,
    path: str | None,
    *,
    aside: bool,
    several: bool,
) -> None:
    """Write a report on every image or sheet; ``aside`` where standard output carries an edge map.

    ``several`` images were asked for, however many there are to report on: JSON then has a line
    for each. Raises OutputError if the file cannot be written.
    """
    if format_ == "none" or not results:
        return
    stream = sys.stderr if aside else sys.stdout
    text = _text(results, format_, None if path else stream, several=several)
    if path is not None:
        with whole_file(path) as file:
            file.write(text.encode(errors="backslashreplace"))  # names of any bytes
    else:
        stream.write(text)


def _text(
    results: Sequence[Result | Sheet], format_: str, stream: TextIO | None, *, several: bool
) -> str:
    if format_ in TEXTS:
        write = as_json_lines if several and format_ == "json" else TEXTS[format_]
        return write([_facts(result) for result in results])
    return "".join(_laid_out(_rows(result), stream) for result in results)


def _facts(result: Result | Sheet) -> Facts:
    return sheet_facts(result) if isinstance(result, Sheet) else image_facts(result)


def _rows(result: Result | Sheet) -> list[tuple[str, str]]:
    return sheet_rows(result) if isinstance(result, Sheet) else table_rows(result)


def print_rows(rows: Sequence[tuple[str, str]], stream: TextIO) -> None:
    """Print labels and texts in two columns, with colour on a terminal that has it."""
    stream.write(_laid_out(rows, stream))


def _laid_out(rows: Sequence[tuple[str, str]], stream: TextIO | None) -> str:
    rows = [(label, text.translate(CONTROLS)) for label, text in rows]
    if stream is None or not stream.isatty():
        return as_text(rows)
    from edgecli.reports.display import as_table  # rich is slow to load, and knows terminals

    return as_table(rows, stream)
