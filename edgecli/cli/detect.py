"""``edgecli detect``: the edges of one or more images."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import click

from edgecli.cli import fail, refuse_terminal, tell
from edgecli.cli.bar import Bar
from edgecli.cli.help import Command, examples
from edgecli.cli.options import Options, options_of, written
from edgecli.cli.process import keep_memory
from edgecli.cli.reporting import Reporting, prepare_report, terminal_screen
from edgecli.cli.request import Request, make_request
from edgecli.cli.sharing import crew_at
from edgecli.code import LIBRARIES
from edgecli.detect.files import Watch
from edgecli.detect.inputs import Result, plan_input
from edgecli.detect.jobs import detect_input
from edgecli.detect.outputs import Job, Target, check_jobs, check_stdin, in_turn, name_job
from edgecli.detect.run import Crew
from edgecli.detect.sheet import Sheet, Tiles, detect_grid, name_grid, plan_grid
from edgecli.detect.templates import fields
from edgecli.errors import EdgeCliError, ImageError, UsageError
from edgecli.images.formats import known_format
from edgecli.images.zarr.store import as_named, is_store
from edgecli.records import dataclass, replace
from edgecli.reports.image import write_reports


# fmt: off
@dataclass(frozen=True)
class RunOptions:
    """Where edge maps are computed, and what is done instead of writing them."""

    scheduler: str | None = written(None, "tcp|tls://HOST:PORT",
        "Work on a Dask cluster that sees the same files under the same paths.",
        group="Output")
    code: str | None = written(None, LIBRARIES,
        "Print a script that computes the same by another library, and stop.",
        group="Report")
# fmt: on


@click.command(
    "detect",
    cls=Command,
    examples=examples(
        "edgecli detect photo.jpg  # photo-sobel.png",
        "edgecli detect photo.jpg -f canny --invert -o lines.png  # dark lines",
        "edgecli detect *.jpg -f learned -o 'edges/{stem}.png'  # several images",
    ),
    help="""Find the edges of one or more images.

    INPUT is an image, a grid of numbers (CSV, text or NPY), or - for standard input. Each edge map
    is written beside its input, or where -o says.
    """,
)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@options_of("options", Options)
@options_of("run", RunOptions)
def command(inputs: tuple[str, ...], options: Options, run: RunOptions) -> int:
    """Carry out ``edgecli detect``."""
    keep_memory()
    inputs = tuple(map(as_named, inputs))
    check_stdin((*inputs, options.mask))
    request = make_request(options)
    options = request.options
    explain, preview = options.explain, options.preview
    target, reporting = _target(inputs, options, request.target), request.reporting
    detect, jobs = _planned(inputs, request, target)
    if run.code is not None:
        return _print_code(jobs, request, run.code, options)
    check_jobs(jobs, target, reporting.file)
    aside = not explain and _to_stdout(jobs)
    prepare_report(reporting, target.place)
    if preview:
        detect = partial(_results, watch=terminal_screen(reporting, aside=aside).watch)
    hidden = explain or preview or reporting.quiet or (aside and sys.stdout.isatty())
    results: list[Result | Sheet] = []
    try:
        with (
            Bar(len(jobs), None if hidden else sys.stderr) as bar,
            crew_at(run.scheduler, inputs, options, request) as crew,
        ):
            detect = partial(detect, crew=crew) if crew else detect
            work = partial(detect, request=request, explain=explain, bar=bar)
            return _carry_out(jobs, work, results, bar)
    finally:
        write_reports(
            results,
            reporting.format,
            reporting.file,
            aside=aside,
            several=len(jobs) > 1,
            brief=reporting.brief,
        )


def _planned(
    inputs: tuple[str, ...], request: Request, target: Target
) -> tuple[Callable[..., Sequence[Result | Sheet]], list[Job]]:
    """Return what is done to each input, and the files that it is done to: maps, or a sheet."""
    if request.tiles:
        sheets = in_turn([name_grid(path, target) for path in inputs])
        return partial(_sheets, tiles=request.tiles), sheets
    jobs = in_turn([name_job(path, request.settings, target) for path in inputs])
    return partial(_results, watch=None), jobs


def _carry_out(
    jobs: Sequence[Job],
    detect: Callable[[Job], Sequence[Result | Sheet]],
    results: list[Result | Sheet],
    bar: Bar,
) -> int:
    """Do one job after another, whichever fail; add to the results, and return the exit code."""
    exit_code = 0
    for job in jobs:
        bar.next(job.path)
        try:
            _refuse_folder(job.path)
            done = detect(job)
            for info in dict.fromkeys(result.info for result in done if result.info.notes):
                bar.hide()
                tell(info)
            results += done
        except EdgeCliError as error:
            bar.hide()
            exit_code = fail(str(error), error.exit_code if len(jobs) == 1 else 1)
    return exit_code


def _target(inputs: tuple[str, ...], options: Options, asked: Target) -> Target:
    """Return where edge maps go: several to a folder, told apart if asked to, pictures if shown."""
    target = _many_to_folder(inputs, asked)
    stems = _stems(inputs, target) if options.suffix else {}
    return replace(target, stems=stems, numbers=target.numbers and not options.preview)


def _refuse_folder(path: str) -> None:
    """Raise ImageError that says how the images of a folder are asked for."""
    if os.path.isdir(path) and not is_store(path):
        import shlex

        whole = f"edgecli batch {shlex.quote(path)} -o edges"
        raise ImageError(f"{path} is a folder; for the images in it type: {whole}")


def _print_code(jobs: Sequence[Job], request: Request, library: str, options: Options) -> int:
    """Print the script that does to one image what was asked for."""
    from edgecli.code.script import script_of  # for those who ask for one

    if len(jobs) > 1:
        raise UsageError(f"a script is of one image, not of {len(jobs)}; give one of them")
    for name in ("grid", "all_frames"):
        if getattr(options, name):
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"a script makes one edge map; drop {option} or --code")
    result, source = next(plan_input(jobs[0], request.settings, request.limits))
    source.close()
    try:
        script = script_of(result, library)
    except UsageError as error:
        if options.style is None:
            raise
        raise UsageError(f"{error}, or drop --style {options.style}") from error
    click.echo(script, nl=False)
    return 0


def _to_stdout(jobs: Iterable[Job]) -> bool:
    """Whether an edge map goes to standard output; UsageError for binary to a terminal."""
    going = [job.format for job in jobs if "-" in job.outputs]
    for format_ in going:
        if not format_.text:
            refuse_terminal(format_.name)
    return bool(going)


def _results(
    job: Job,
    request: Request,
    *,
    explain: bool,
    watch: Watch | None,
    bar: Bar,
    crew: Callable[[Job], Crew] | None = None,
) -> Sequence[Result]:
    """Plan an input, or detect its edges; say which files were left as they are."""
    settings, limits, reporting = request.settings, request.limits, request.reporting
    if explain:
        return [result for result, _ in plan_input(job, settings, limits, unread=True)]
    measured = reporting.format != "none"
    progress = bar if bar.stream is not None else None
    results = detect_input(
        job,
        settings,
        limits,
        watch,
        measured=measured,
        progress=progress,
        crew=crew(job) if crew else None,
    )
    for kept in dict.fromkeys(result.kept for result in results):  # frames may share a file
        _say_kept(tuple(dict.fromkeys(kept)), reporting, bar)  # and maps
    return results


def _sheets(
    job: Job, request: Request, *, explain: bool, tiles: Tiles, bar: Bar
) -> Sequence[Sheet]:
    """Write a contact sheet, unless it is to be kept or only explained."""
    if explain:
        return [plan_grid(job, tiles, request.limits)]
    sheet = detect_grid(job, tiles, request.limits, bar if bar.stream is not None else None)
    _say_kept(sheet.kept, request.reporting, bar)
    return [sheet]


def _say_kept(paths: Sequence[str], reporting: Reporting, bar: Bar) -> None:
    if paths and not reporting.quiet:
        bar.hide()
        click.echo(f"edgecli: kept {', '.join(paths)}", err=True)


def _stems(inputs: Sequence[str], target: Target) -> dict[str, str]:
    """Return how each input's names begin, so that no two in a folder begin alike."""
    from edgecli.batch.inputs import Input, name_places

    places = inputs if target.output is None else [os.path.basename(path) for path in inputs]
    named = name_places(map(Input, inputs, places), suffix=True)
    return {path: stem for path, (_, stem) in zip(inputs, named, strict=True) if path != "-"}


def _many_to_folder(inputs: tuple[str, ...], target: Target) -> Target:
    """Several inputs go to a folder, whether or not its name ends in a slash."""
    output = target.output
    if output in (None, "-") or target.folder or len(inputs) == 1 or fields(str(output)):
        return target
    if os.path.exists(str(output).format()) or known_format(str(output)):
        raise UsageError(
            f"{len(inputs)} images do not fit in one output {output}; give a folder, or put "
            "{stem} in its name"
        )
    return replace(target, folder=True)
