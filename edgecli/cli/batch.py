"""``edgecli batch``: the edges of a folder of images, overnight and unattended."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import click

from edgecli import __version__
from edgecli.batch.inputs import JOURNAL, Found, find_inputs, listed_inputs, passed_text
from edgecli.batch.journal import Journal, settings_hash
from edgecli.batch.planning import Batch, Totals, name_items, plan_batch
from edgecli.batch.processes import ProcessExecutor
from edgecli.batch.running import remove_temporaries, run_batch
from edgecli.batch.work import Item, Work
from edgecli.cli import fail
from edgecli.cli.help import Command, examples
from edgecli.cli.options import Options, flag, option, options_of, written
from edgecli.cli.process import keep_memory
from edgecli.cli.progress import watched
from edgecli.cli.reporting import Reporting, prepare_report, terminal_screen
from edgecli.cli.request import Request, make_request
from edgecli.detect.inputs import Result, plan_input
from edgecli.detect.outputs import Target, check_jobs, check_stdin, make_folder
from edgecli.detect.sheet import Sheet, plan_grid
from edgecli.detect.templates import fields
from edgecli.errors import EdgeCliError, UsageError
from edgecli.images.formats import known_format
from edgecli.images.zarr.store import is_store
from edgecli.records import dataclass, replace
from edgecli.reports.batch import write_batch
from edgecli.reports.image import image_record, write_reports
from edgecli.rows.machine import cores, memory

if TYPE_CHECKING:
    from edgecli.reports.display import TerminalScreen

BYTES_PER_JOB = 250 * 10**6
"""What a process wants: for a photo of 12 MP sobel takes 60 MB, canny:2 140, learned 240."""

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


# fmt: off
@dataclass(frozen=True)
class FolderOptions:
    """Which images a batch covers, as written."""

    recursive: bool = flag("Take subfolders too; keep their tree.", group="Folder")
    zero: bool = flag("Names on standard input end in NUL.", names=("-0", "--null", "zero"),
        group="Folder")


@dataclass(frozen=True)
class RunOptions:
    """How a batch is run, as written; None is what was not."""

    jobs: int | None = written(None, "N",
        "Images at a time, each in a process.  [default: all cores, a process for each 250 MB of "
        "--memory]", type=click.IntRange(1, 1024), group="Run")
    memory: str | None = written(None, "BYTES",
        "Memory for all images at work, such as 4G; an image too large for its share comes last, "
        "alone.  [default: half of what the machine, or its container, has]",
        group="Run")
    time_limit: float = written(600.0, "SECONDS", "Give up on an image after so long.",
        type=click.FloatRange(0, min_open=True), group="Run")
    fail_fast: bool = flag("Stop at the first failure.", group="Run")
    scheduler: str | None = written(None, "tcp|tls://HOST:PORT",
        "Work on a Dask cluster that sees the same files under the same paths.", group="Run")
    restart: bool = flag("Start over.", group="Run")
    gallery: bool = flag("Write index.html to DIR too: every image beside its edges.",
        group="Output")
# fmt: on


TO_A_FOLDER = option(
    "output",
    metavar="DIR|TEMPLATE",
    help="The folder to write to, as <stem>-<filter>.png, or names below it with {stem}, {filter} "
    "and {frame}.  [required]",
)


@dataclass(frozen=True)
class Running:
    """How a batch is run: how many images at a time, with how much memory and time."""

    jobs: int
    memory: int  # bytes
    seconds: float
    cluster: Executor | None = None


@click.command(
    "batch",
    cls=Command,
    examples=examples(
        "edgecli batch photos -o edges  # a folder, on all cores",
        "edgecli batch photos -o edges --recursive  # and its subfolders",
        "edgecli batch 'scans/page-*.tif' -o edges -f canny  # a glob, in quotes",
    ),
    help="""Find the edges of a folder of images, resuming where it was stopped.

    SOURCE is a folder, a glob in quotes, or - for a list of files on standard input. Edge maps go
    to the folder that -o names; run again, the same command does only what is missing, changed or
    failed.
    """,
)
@click.argument("source")
@options_of("folder", FolderOptions)
@options_of("options", Options, output=TO_A_FOLDER)
@options_of("run", RunOptions)
def command(source: str, folder: FolderOptions, options: Options, run: RunOptions) -> int:
    """Carry out ``edgecli batch``."""
    keep_memory()  # of processes that begin as forks, too
    check_stdin((source, options.mask))
    request = make_request(options)
    request, options = replace(request, target=_to_folder(request.target)), request.options
    output, reporting = str(request.target.place), request.reporting
    paths = (JOURNAL, "index.html") if run.gallery else (JOURNAL,)
    _check_report(reporting.file, request.target, [os.path.join(output, path) for path in paths])
    found = _find(source, output, folder).without(reporting.file)
    prepare_report(reporting, output)
    with ExitStack() as stack:
        running = _on_processes(run)
        if run.scheduler is not None:
            # processes in other folders and on other machines are to find the files
            inputs = [entry._replace(path=os.path.abspath(entry.path)) for entry in found.inputs]
            found, output = replace(found, inputs=inputs), os.path.abspath(output)
            running = stack.enter_context(_on_cluster(run.scheduler, run.memory))
        screen = terminal_screen(reporting, aside=False) if options.preview else None
        work = _make_work(request, output, running, screen)
        if options.explain:
            return _explain(name_items(found, work, suffix=options.suffix), work, reporting)
        make_folder(output)
        if run.gallery:
            from edgecli.pages.gallery import check_gallery  # it loads Pillow

            check_gallery(output)
        journal = stack.enter_context(closing(Journal(output, restart=run.restart)))
        if not journal.is_new:
            remove_temporaries(output)  # of a batch that was killed
        batch = plan_batch(found, work, journal, suffix=options.suffix)
        del found  # which may be a hundred thousand names
        try:
            _run(batch, work, running, _watch(batch, reporting, screen), fail_fast=run.fail_fast)
        except KeyboardInterrupt:
            return _interrupted(batch.totals)
        return _close(batch, output, reporting, gallery=run.gallery)


def _interrupted(totals: Totals) -> int:
    """Say how far a batch came before Ctrl-C, and how it goes on."""
    click.echo(err=True)  # the terminal's ^C has a line of its own
    done = totals.done + totals.skipped
    return fail(f"interrupted: {done:,} of {totals.inputs:,} done; run again to continue", 130)


def _close(batch: Batch, output: str, reporting: Reporting, *, gallery: bool) -> int:
    """Write the report of a batch that has run, its page, and what failed; return the exit code."""
    if reporting.format != "none":
        each = reporting.verbose  # of the images, too
        write_batch(
            batch.records, batch.totals, output, reporting.format, reporting.file, each=each
        )
    if gallery:
        from edgecli.pages.gallery import write_gallery

        write_gallery(output, batch.records())
    totals = batch.totals
    if totals.passed:
        fail(f"passed over {passed_text(totals.passed)}")
    for line in (*batch.noted, *batch.failed):
        fail(line)
    if not batch.failed:
        return 0
    rest = f"; {totals.left:,} not begun, run again to continue" if totals.left else ""
    return fail(f"{totals.failed:,} of {totals.inputs:,} inputs failed{rest}")


def _explain(items: Sequence[Item], work: Work, reporting: Reporting) -> int:
    """Report the plan of every image, done already or not; nothing is written."""
    results: list[Result | Sheet] = []
    exit_code = 0
    for item in items:
        try:
            if work.tiles is not None:
                results.append(plan_grid(work.job(item), work.tiles, work.limits))
                continue
            planned = plan_input(work.job(item), work.settings, work.limits, unread=True)
            results += [result for result, _ in planned]
        except EdgeCliError as error:
            exit_code = fail(str(error))
    write_reports(results, reporting.format, reporting.file, aside=False, several=True)
    return exit_code


def _to_folder(target: Target) -> Target:
    """Return where edge maps go: to a folder, or to names with fields below one."""
    if target.output in (None, "-"):
        raise UsageError("a batch needs a folder to write to; give it with -o DIR")
    if not fields(str(target.output)):
        target = replace(target, folder=True)
    place = str(target.place)
    if os.path.exists(place) and (not os.path.isdir(place) or is_store(place)):
        kind = "a Zarr store" if is_store(place) else "a file"
        raise UsageError(f"output {place} is {kind}; give a folder")
    return target


def _check_report(path: str | None, target: Target, own: Sequence[str]) -> None:
    """Raise UsageError where the report would overwrite a file that is read, or the batch's own."""
    check_jobs([], target, path)
    for name in own if path is not None else ():
        if os.path.realpath(str(path)) == os.path.realpath(name):
            base = os.path.basename(name)
            raise UsageError(f"report file {path} is the batch's own {base}; give another")
    format_ = known_format(path or "")
    if format_ is not None and not format_.text:
        raise UsageError(f"report file {path} is named like an image; call it .json, .csv or .md")


def _find(source: str, output: str, folder: FolderOptions) -> Found:
    if source == "-":
        return listed_inputs(sys.stdin.buffer.read(), zero=folder.zero, recursive=folder.recursive)
    return find_inputs(source, output, recursive=folder.recursive)


def _make_work(
    request: Request, output: str, running: Running, screen: TerminalScreen | None
) -> Work:
    settings, limits, tiles = request.settings, request.limits, request.tiles
    # Numbers are not what a picture in a terminal, or of several filters, shows.
    numbers = request.target.numbers and screen is None and tiles is None
    target = replace(request.target, numbers=numbers)
    all_ = settings.threads or cores()
    threads = min(max(2 * all_ // running.jobs, 1), all_)
    plain = tiles.on(None) if tiles else replace(settings, threads=None)
    return Work(
        settings=replace(settings, threads=threads),
        target=target,
        output=output,
        limits=limits,
        describe=image_record,
        identity=settings_hash(
            __version__,
            plain,
            target.format,
            limits,
            numbers,
            target.world_file or target.world_by_default,
        ),
        share=running.memory // running.jobs,
        threads=all_,
        tiles=tiles.on(threads) if tiles else None,
        shrinking=screen.shrinking if screen else None,
    )


def _run(
    batch: Batch,
    work: Work,
    running: Running,
    watch: Callable[[Iterable[Totals]], Iterable[Totals]],
    *,
    fail_fast: bool,
) -> None:
    left = batch.lines.count(-1)
    if not left:
        return
    workers = min(running.jobs, left)
    with _executor(running, workers, work.output) as executor:
        in_flight = 2 * workers  # so that none waits for its next image
        for _ in watch(run_batch(batch, executor, work, in_flight=in_flight, fail_fast=fail_fast)):
            pass


def _watch(
    batch: Batch, reporting: Reporting, screen: TerminalScreen | None
) -> Callable[[Iterable[Totals]], Iterable[Totals]]:
    """Return what shows how far a batch is: its pictures, which a bar would run through, or one."""
    if screen is not None:
        return partial(_with_pictures, batch, screen)
    return iter if reporting.quiet or reporting.format == "none" else watched


def _with_pictures(
    batch: Batch, screen: TerminalScreen, progress: Iterable[Totals]
) -> Iterator[Totals]:
    for totals in progress:
        path, pictures = batch.latest
        if pictures:
            screen.say(path)
        for picture in pictures:
            screen.draw(picture)
        yield totals


def _on_processes(run: RunOptions) -> Running:
    """Return how a batch is run here: with as many jobs as there is memory for."""
    available = _parse_memory(run.memory)
    jobs = run.jobs or max(min(cores(), available // BYTES_PER_JOB), 1)
    return Running(jobs, available, run.time_limit)


@contextmanager
def _executor(running: Running, workers: int, output: str) -> Iterator[Executor]:
    """Lend the executor; then remove what any processes that were ended had been writing."""
    if running.cluster is not None:
        yield running.cluster
        return
    processes = ProcessExecutor(workers, running.seconds)
    if len(processes) < workers:
        short = f"{len(processes)} of {workers} jobs are at work"
        fail(f"{short}: {processes.shortage}")
    try:
        yield processes
    finally:
        processes.shutdown(wait=False, cancel_futures=True)
        if processes.lost:
            remove_temporaries(output)


@contextmanager
def _on_cluster(scheduler: str, memory: str | None) -> Iterator[Running]:
    from edgecli.batch.cluster import cluster_at

    with cluster_at(scheduler) as (executor, threads, most):
        available = most if memory is None else None
        yield Running(threads, available or _parse_memory(memory), 0, executor)


def _parse_memory(text: str | None) -> int:
    """Read a number of bytes; half of what there is by default.

    >>> _parse_memory("1.5G"), _parse_memory("100 MB")
    (1500000000, 100000000)
    """
    if text is None:
        return memory() // 2
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*([kmgt]?)(?:i?b)?", text.strip().lower())
    if match is None or not float(match[1]):
        raise UsageError(f"memory {text[:40]!r} is not a number of bytes; write it as 500M or 4G")
    return int(float(match[1]) * UNITS[match[2]])
