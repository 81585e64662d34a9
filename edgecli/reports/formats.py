"""One writer for each format: JSON of facts; CSV, Markdown and aligned text of tables.

All give lines, which go to a file or to standard output.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from math import isfinite
from typing import Any, TextIO

from edgecli.images.files import whole_file
from edgecli.records import dataclass, replace
from edgecli.reports.facts import as_object
from edgecli.reports.tables import CONTROLS, Object, Table, entitled, image_table, times

REPORTS = ("table", "json", "csv", "markdown", "none")

TEXTS = ("json", "csv", "markdown")
"""The formats of REPORTS for machines."""


@dataclass(frozen=True)
class Report:
    """Facts for machines, and a table for people.

    ``titles`` are what CSV and Markdown call the columns of labels and texts that are a list; then
    CSV holds the table, too.
    """

    facts: Any
    table: Table
    titles: tuple[str, ...] = ()

    @property
    def titled(self) -> Table:
        """Return the table with the titles that its columns have beyond a terminal."""
        return entitled(self.table, self.titles) if self.titles else self.table


def write_lines(lines: Iterable[str], path: str | None, stream: TextIO | None = None) -> None:
    """Write a report's lines to a file, or to standard output; OutputError where that fails."""
    if path is None:
        (stream or sys.stdout).writelines(lines)
        return
    with whole_file(path) as file:
        file.writelines(line.encode(errors="backslashreplace") for line in lines)  # any names


def write_report(report: Report, format_: str, path: str | None, *, aside: bool = False) -> None:
    """Write a report in any of the formats; OutputError where its file cannot be written.

    Standard output is left ``aside`` where it carries a result.
    """
    stream = sys.stderr if aside else sys.stdout
    write_lines(report_lines([report], format_, None if path else stream), path, stream)


def report_lines(
    reports: Sequence[Report], format_: str, stream: TextIO | None = None, *, several: bool = False
) -> Iterable[str]:
    """Return the lines of reports in a format; nothing for ``none``.

    CSV holds the tables that have titles, and in place of labels and texts the facts.
    Of ``several``, JSON has a line for each. A table is fitted to ``stream`` if it is a terminal.
    """
    objects = [as_object(report.facts) for report in reports]
    match format_:
        case "none":
            return ()
        case "json":
            return json_lines(objects) if several or len(objects) > 1 else json_object(*objects)
        case "csv":
            tables = [report.titled for report in reports]
            titled = any(table.titles for table in tables)
            flat = tables if titled else [image_table(lambda: objects)]
            return chain.from_iterable(map(csv_lines, flat))
        case "markdown":
            return markdown_lines(entitled(report.titled) for report in reports)
    return chain.from_iterable(shown_lines(report.table, stream) for report in reports)


def shown_lines(table: Table, stream: TextIO | None) -> Iterable[str]:
    """Return a table's lines: fitted to a terminal, in colour if it has any, or plain."""
    if stream is None or not stream.isatty():
        return text_lines(table)
    if table.titles:
        from shutil import get_terminal_size

        return text_lines(table, get_terminal_size().columns)
    from edgecli.reports.display import as_table  # rich is slow to load, and knows terminals

    return [as_table(table, stream)]


def json_lines(objects: Iterable[Object]) -> Iterator[str]:
    """Yield one line per object."""
    import json  # loaded for this format alone, as csv is

    # ASCII escapes carry file names of any bytes through any terminal or pipe.
    return (json.dumps(facts) + "\n" for facts in objects)


def json_object(facts: Object) -> Iterator[str]:
    """Yield one object, with a line for each of its facts."""
    import json

    told = (f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in facts.items())
    yield "{\n" + ",\n".join(told) + "\n}\n"


class _Echo:
    """A file that returns what is written to it; a CSV writer hands that on."""

    def write(self, text: str) -> str:
        return text


def csv_lines(table: Table) -> Iterator[str]:
    """Return the titles and the rows of a table, without its title and note."""
    import csv

    rows = chain([table.titles], (map(_bare, row) for row in table.rows))
    return map(csv.writer(_Echo(), lineterminator="\n").writerow, rows)


def markdown_lines(tables: Iterable[Table]) -> Iterator[str]:
    """Yield tables with a blank line between them."""
    for number, table in enumerate(tables):
        yield "\n" * (number > 0)
        yield from _framed(table, _markdown(table))


def _markdown(table: Table) -> Iterator[str]:
    yield f"| {' | '.join(table.titles).rstrip()} |"
    yield f"|{'|'.join(column.rule for column in table.columns)}|"
    for row in _shown_rows(table):
        yield f"| {' | '.join(map(_escaped, row))} |"


def text_lines(table: Table, room: int | None = None) -> Iterator[str]:
    """Yield a table in columns that line up, on lines of ``room`` characters or, with None, any."""
    note = table.note if room is None else _folded(table.note, room)
    yield from _framed(replace(table, note=note), _aligned(table, room))


def _aligned(table: Table, room: int | None) -> Iterator[str]:
    rows = [tuple(table.titles)] if table.titles else []
    for row in _shown_rows(table):
        rows += zip_longest(*(cell.split("\n") for cell in row), fillvalue="")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    forms = [f"{column.align}{width}" for column, width in zip(table.columns, widths, strict=False)]
    for number, block in enumerate(_blocks(widths, room)):
        yield from [""] * (number > 0)
        yield from ("  ".join(f"{row[n]:{forms[n]}}" for n in block).rstrip() for row in rows)


def _blocks(widths: Sequence[int], room: int | None) -> Iterator[list[int]]:
    """Part columns among blocks that have room beside one another, each led by the first column.

    >>> list(_blocks([5, 4, 9, 3], None)), list(_blocks([5, 4, 9, 3], 21))
    ([[0, 1, 2, 3]], [[0, 1], [0, 2, 3]])
    """
    block = [0]
    for n in range(1, len(widths)):
        together = sum(widths[m] + 2 for m in (*block, n)) - 2
        if room is not None and together > room and len(block) > 1:
            yield block
            block = [0]
        block.append(n)
    yield block


def _framed(table: Table, lines: Iterable[str]) -> Iterator[str]:
    yield f"{table.title}\n\n" if table.title else ""
    yield from (f"{line}\n" for line in lines)
    yield f"\n{table.note}\n" if table.note else ""


def _folded(text: str, room: int) -> str:
    """Return a text on lines of so many characters."""
    from textwrap import fill

    return fill(text, room)


def _escaped(cell: str) -> str:
    """Return a text as a Markdown table holds it, its lines on one."""
    for mark in "\\|<":
        cell = cell.replace(mark, f"\\{mark}")
    return cell.replace("\n", "<br>")


def _shown_rows(table: Table) -> Iterator[list[str]]:
    units = [column.unit for column in table.columns]
    for row in table.rows:
        yield [
            _shown(cell, unit).translate(CONTROLS) for cell, unit in zip(row, units, strict=True)
        ]


def _shown(cell: object, unit: str) -> str:
    """Write a cell for people."""
    match cell:
        case int():
            return f"{cell:,}"
        case float() if isfinite(cell):
            many = ",.6g" if abs(cell) < 1e5 else ",.1f"
            return f"{cell:.2%}" if unit == "%" else f"{cell:{many}}"
    return _bare(cell)


def _bare(cell: object) -> str:
    """Write a cell for machines; what is no number is nothing."""
    match cell:
        case tuple():
            return times(cell)
        case float() if not isfinite(cell):
            return ""
    return "" if cell is None else str(cell)
