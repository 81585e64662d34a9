"""``edgecli trace``: the arithmetic of one output pixel, written out."""

from __future__ import annotations

from contextlib import closing

import click

from edgecli.cli.options import FILTER_OPTIONS, make_settings, with_options
from edgecli.detect.jobs import Limits, Target, plan_input
from edgecli.errors import UsageError
from edgecli.reports.formats import print_rows
from edgecli.reports.trace import trace_pixel


@click.command("trace")
@click.argument("input_path", metavar="INPUT")
@click.option("--at", required=True, metavar="ROW,COL", help="The output pixel, counted from 0.")
@with_options(*FILTER_OPTIONS)
def command(input_path: str, at: str, **values: object) -> None:
    """Write out the arithmetic of one output pixel.

    INPUT is an image or a grid of numbers, - for standard input.
    """
    try:
        row, col = (int(part) for part in at.split(","))
    except ValueError as error:
        raise UsageError(f"position {at!r} is not ROW,COL; write two whole numbers") from error
    settings = make_settings(values)
    target = Target(output="-", folder=True)  # nothing is written; any name will do
    with closing(plan_input(input_path, settings, target, Limits())) as images:
        result, source = next(images)
        rows = list(trace_pixel(result.detection, source, row, col))
    print_rows(rows)
