"""Where reports go: a file, standard output, or standard error where that carries an image."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

from edgecli.detect.jobs import Result
from edgecli.detect.sheet import Sheet
from edgecli.images.files import whole_file
from edgecli.reports.formats import Report, report_lines, shown_lines
from edgecli.reports.image import report_on
from edgecli.reports.tables import Row, labelled


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
    if format_ != "none" and results:
        stream = sys.stderr if aside else sys.stdout
        reports = [report_on(result) for result in results]
        lines = report_lines(reports, format_, None if path else stream, several=several)
        write_lines(lines, path, stream)


def write_lines(lines: Iterable[str], path: str | None, stream: TextIO | None = None) -> None:
    """Write a report's lines to a file, or to standard output; OutputError where that fails."""
    if path is None:
        (stream or sys.stdout).writelines(lines)
        return
    with whole_file(path) as file:
        file.writelines(line.encode(errors="backslashreplace") for line in lines)  # any names


def print_report(report: Report, format_: str) -> None:
    """Print a report on standard output, in any of the formats."""
    sys.stdout.writelines(report_lines([report], format_, sys.stdout))


def print_rows(rows: Iterable[Row], stream: TextIO) -> None:
    """Print labels and texts in two columns, with colour on a terminal that has it."""
    stream.writelines(shown_lines(labelled(rows), stream))
