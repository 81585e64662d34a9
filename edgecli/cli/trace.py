"""``edgecli trace``: the arithmetic of one output pixel, written out."""

from __future__ import annotations

from contextlib import closing

import click

from edgecli.cli import tell
from edgecli.cli.options import OF_FILTERS, Options, options_of
from edgecli.cli.request import make_request
from edgecli.detect.jobs import plan_input
from edgecli.detect.outputs import Target, name_job
from edgecli.errors import UsageError
from edgecli.reports.formats import print_rows
from edgecli.reports.trace import trace_pixel


@click.command(
    "trace",
    help="""Write out the arithmetic of one output pixel.

    INPUT is an image or a grid of numbers, - for standard input.
    """,
)
@click.argument("input_path", metavar="INPUT")
@click.option("--at", required=True, metavar="ROW,COL", help="The output pixel, counted from 0.")
@options_of("options", Options, (*OF_FILTERS, "max_pixels"))
def command(input_path: str, at: str, options: Options) -> None:
    """Carry out ``edgecli trace``."""
    try:
        row, col = (int(part) for part in at.split(","))
    except ValueError as error:
        raise UsageError(f"position {at!r} is not ROW,COL; write two whole numbers") from error
    request = make_request(options)
    target = Target(output="-", folder=True)  # nothing is written; any name will do
    job = name_job(input_path, request.settings, target)
    with closing(plan_input(job, request.settings, request.limits)) as images:
        result, source = next(images)
        rows = list(trace_pixel(result.detection, source, row, col))
    tell(result.info)
    print_rows(rows)
