"""``edgecli detect``: the edges of one or more images."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from functools import partial

import click

from edgecli.cli import fail, refuse_terminal
from edgecli.cli.options import QuickCommand, Reporting, image_options, prepare_report
from edgecli.cli.process import keep_memory
from edgecli.detect.jobs import (
    Limits,
    Outputs,
    Result,
    Screen,
    Target,
    check_outputs,
    detect_input,
    name_outputs,
    plan_input,
)
from edgecli.detect.settings import Settings
from edgecli.detect.sheet import Sheet, detect_grid, grid_settings, name_grid, plan_grid
from edgecli.errors import EdgeCliError, UsageError
from edgecli.images.formats import known_format
from edgecli.records import replace
from edgecli.reports.formats import TEXTS
from edgecli.reports.image import write_reports


@click.command("detect", cls=QuickCommand)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@image_options
@click.option("--explain", is_flag=True, help="Print what would be done, and stop.")
@click.option("--preview", is_flag=True, help="Draw the edge map in the terminal.")
@click.option("--grid", is_flag=True, help="Write a contact sheet of several filters.")
def command(
    inputs: tuple[str, ...],
    settings: Settings,
    target: Target,
    limits: Limits,
    reporting: Reporting,
    explain: bool,
    preview: bool,
    grid: bool,
) -> int:
    """Find the edges of one or more images.

    INPUT is an image, a grid of numbers (CSV, text or NPY), or - for standard input. Each edge map
    is written beside its input, or where -o says.
    """
    keep_memory()
    target = _many_to_folder(inputs, target)
    settings = replace(settings, measured=reporting.format != "none")
    if grid:
        _check_sheet(limits, preview=preview)
        settings = grid_settings(settings)
    outputs = [
        name_grid(path, target) if grid else name_outputs(path, settings, target) for path in inputs
    ]
    check_outputs((*inputs, *target.spared), outputs, reporting.file)
    aside = not explain and _to_stdout(outputs)
    prepare_report(reporting, target.output if target.folder else None)
    screen = _screen(reporting, aside=aside) if preview else None
    way = _sheet if grid else partial(_results, screen=screen)
    detect = partial(way, explain=explain, quiet=reporting.quiet)
    results: list[Result | Sheet] = []
    exit_code = 0
    try:
        for path in inputs:
            try:
                results += detect(path, settings, target, limits)
            except EdgeCliError as error:
                exit_code = fail(str(error), error.exit_code if len(inputs) == 1 else 1)
    finally:
        several = len(inputs) > 1
        write_reports(results, reporting.format, reporting.file, aside=aside, several=several)
    return exit_code


def _to_stdout(outputs: Iterable[Outputs]) -> bool:
    """Whether an edge map goes to standard output; UsageError for binary to a terminal."""
    going = [named for named in outputs if "-" in named.paths]
    for named in going:
        if not named.format.text:
            refuse_terminal(named.format.name)
    return bool(going)


def _screen(reporting: Reporting, *, aside: bool) -> Screen:
    """Draw on standard output, unless it carries an edge map or a report for machines."""
    from edgecli.reports.display import TerminalScreen  # rich is slow to load

    for_machines = reporting.file is None and reporting.format in TEXTS
    return TerminalScreen(sys.stderr if aside or for_machines else sys.stdout)


def _results(
    path: str,
    settings: Settings,
    target: Target,
    limits: Limits,
    *,
    explain: bool,
    quiet: bool,
    screen: Screen | None,
) -> list[Result]:
    """Plan an input, or detect its edges; say which files were left as they are."""
    if explain:
        return [result for result, _ in plan_input(path, settings, target, limits)]
    results = detect_input(path, settings, target, limits, screen)
    for kept in dict.fromkeys(result.kept for result in results):  # frames may share a file
        if kept and not quiet:
            click.echo(f"edgecli: kept {', '.join(kept)}", err=True)
    return results


def _sheet(
    path: str, settings: Settings, target: Target, limits: Limits, *, explain: bool, quiet: bool
) -> list[Sheet]:
    """Write a contact sheet, unless it is to be kept or only explained."""
    if explain:
        return [plan_grid(path, settings, target, limits)]
    (output,) = name_grid(path, target).paths
    if target.no_clobber and os.path.exists(output):
        if not quiet:
            click.echo(f"edgecli: kept {output}", err=True)
        return []
    return [detect_grid(path, settings, target, limits)]


def _check_sheet(limits: Limits, *, preview: bool) -> None:
    """Raise UsageError for what a contact sheet has no place for."""
    if preview:
        raise UsageError("a contact sheet is too large for a terminal; drop --preview or --grid")
    if limits.all_frames:
        raise UsageError("a contact sheet is of the first frame alone; drop --all-frames or --grid")


def _many_to_folder(inputs: tuple[str, ...], target: Target) -> Target:
    """Several inputs go to a folder, whether or not its name ends in a slash."""
    if target.output in (None, "-") or target.folder or len(inputs) == 1:
        return target
    if os.path.exists(str(target.output)) or known_format(str(target.output)):
        raise UsageError(
            f"{len(inputs)} images do not fit in one output {target.output}; give a folder"
        )
    return replace(target, folder=True)
