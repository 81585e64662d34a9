"""How a command reports: what the options that say so mean, the same for all commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from edgecli.cli.options import Options
from edgecli.detect.outputs import check_apart, make_folder
from edgecli.errors import UsageError
from edgecli.images.files import check_place
from edgecli.records import dataclass
from edgecli.reports.formats import TEXTS

if TYPE_CHECKING:
    from edgecli.reports.display import TerminalScreen

REPORT_EXTENSIONS = {".json": "json", ".jsonl": "json", ".csv": "csv", ".md": "markdown"}


@dataclass(frozen=True)
class Reporting:
    """How to report: in which format, where to, or not at all; ``quiet`` leaves out all else.

    Of several images ``brief`` says that nobody asked for more than a line on each, ``verbose``
    that a table of totals is not enough.
    """

    format: str
    file: str | None
    quiet: bool = False
    brief: bool = False
    verbose: bool = False


def make_reporting(options: Options) -> Reporting:
    """Choose the report's format: as asked, by the report file's extension, else a table."""
    format_, file, quiet = options.report, options.report_file, options.quiet
    if file == "":
        raise UsageError("report file '' is empty; give a file, or - for standard output")
    if file in (None, "-"):
        brief = not (format_ or quiet or options.verbose or options.explain)
        format_ = format_ or ("none" if quiet else "table")
        return Reporting(format_, None, quiet, brief, options.verbose)
    extension = os.path.splitext(file)[1].lower()
    format_ = format_ or REPORT_EXTENSIONS.get(extension, "table")
    return Reporting(format_, file, quiet, verbose=options.verbose)


def reporting_apart(
    options: Options,
    read: Iterable[str] = (),
    written: Iterable[str] = (),
    folder: str | None = None,
) -> Reporting:
    """Return how to report, with a file that is none of those that a run reads and writes.

    UsageError and OutputError where that is not so, before any work. ``folder`` is where outputs
    go, if they go to one.
    """
    reporting = make_reporting(options)
    if reporting.file is not None:
        check_apart(reporting.file, read, "report file")
        check_apart(reporting.file, written, "report file", "output")
        prepare_report(reporting, folder)
    return reporting


def prepare_report(reporting: Reporting, folder: str | None) -> None:
    """Raise OutputError, before any work, where the report file cannot be written.

    ``folder`` is where outputs go, if they go to one: it is made for a report in it.
    """
    if reporting.file is None or reporting.format == "none":
        return
    beside = os.path.realpath(os.path.dirname(reporting.file))
    if folder is not None and beside == os.path.realpath(folder):
        make_folder(folder)
    check_place(reporting.file)


def terminal_screen(reporting: Reporting, *, aside: bool) -> TerminalScreen:
    """Draw on standard output, unless it carries an edge map or a report for machines."""
    from edgecli.reports.display import TerminalScreen  # rich is slow to load

    for_machines = reporting.file is None and reporting.format in TEXTS
    return TerminalScreen(sys.stderr if aside or for_machines else sys.stdout)
