"""``edgecli trace``: the arithmetic of one output pixel, written out."""

from __future__ import annotations

from contextlib import closing

import click

from edgecli.cli import tell
from edgecli.cli.help import Command, Option, examples
from edgecli.cli.options import OF_FILTERS, REPORTING, Options, options_of
from edgecli.cli.reporting import reporting_apart
from edgecli.cli.request import make_request
from edgecli.detect.jobs import plan_input
from edgecli.detect.outputs import Target, name_job
from edgecli.errors import UsageError
from edgecli.reports.formats import write_report
from edgecli.reports.trace import trace_pixel, trace_report


@click.command(
    "trace",
    cls=Command,
    examples=examples(
        "edgecli trace photo.jpg --at 120,80  # sobel's two windows there",
        "edgecli trace grid.csv --at 0,0 -f vertical --padding valid  # as in a lesson",
        'edgecli trace photo.jpg --at 9,9 -f "1 0 -1; 2 0 -2; 1 0 -1"  # your own numbers',
    ),
    help="""Write out the arithmetic of one output pixel.

    INPUT is an image or a grid of numbers, - for standard input.
    """,
)
@click.argument("input_path", metavar="INPUT")
@click.option(
    "--at",
    cls=Option,
    group="Window",
    required=True,
    metavar="ROW,COL",
    help="The output pixel, counted from 0.",
)
@options_of("options", Options, (*OF_FILTERS, "max_pixels", *REPORTING))
def command(input_path: str, at: str, options: Options) -> None:
    """Carry out ``edgecli trace``."""
    try:
        row, col = (int(part) for part in at.split(","))
    except ValueError as error:
        raise UsageError(f"position {at!r} is not ROW,COL; write two whole numbers") from error
    request = make_request(options)
    reporting = reporting_apart(options, (input_path, *request.target.spared))
    target = Target(output="-", folder=True)  # nothing is written; any name will do
    job = name_job(input_path, request.settings, target)
    with closing(plan_input(job, request.settings, request.limits)) as images:
        result, source = next(images)
        rows = list(trace_pixel(result.detection, source, row, col))
    tell(result.info)
    write_report(trace_report(input_path, row, col, rows), reporting.format, reporting.file)
