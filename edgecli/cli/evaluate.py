"""``edgecli evaluate``: how well edge maps agree with what people drew."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import islice
from typing import Any

import click
import numpy as np

from edgecli.batch.planning import Totals
from edgecli.batch.processes import ProcessExecutor
from edgecli.cli import fail
from edgecli.cli.help import Choice, Command, Option, examples
from edgecli.cli.options import REPORTING, Decorator, Options, options_of, with_options
from edgecli.cli.progress import watched
from edgecli.cli.reporting import reporting_apart
from edgecli.errors import UsageError
from edgecli.evaluate.measuring import DIAGONAL, Measure, parse_tolerance
from edgecli.evaluate.running import Outcome, measure_pairs
from edgecli.evaluate.scores import score, thresholds
from edgecli.evaluate.truths import INSTALL, MATLAB, Paired, pair_files
from edgecli.images.files import check_place, whole_file
from edgecli.reports.evaluation import Evaluation, merit_report, scores_report
from edgecli.reports.formats import Report, write_report
from edgecli.rows.machine import cores


def _option(group: str, *names: str, **details: Any) -> Decorator:
    return click.option(*names, cls=Option, group=group, **details)


OPTIONS = (
    _option("Score", "--thresholds", "count", type=click.IntRange(1, 999), default=99,
            show_default=True, metavar="N", help="How many, evenly spread over 0 to 1."),
    _option("Score", "--tolerance", default=f"{DIAGONAL:g}", show_default=True,
            metavar="SHARE|Npx",
            help="How far apart pixels may be: a share of the diagonal, or pixels."),
    _option("Score", "--no-thin", is_flag=True, help="Take the maps' lines as wide as they are."),
    _option("Score", "--measure", type=Choice(["boundaries", "pratt"]), default="boundaries",
            show_default=True, help="ODS, OIS and AP, or Pratt's figure of merit."),
    _option("Score", "--limit", type=click.IntRange(1), metavar="N",
            help="The first N maps alone."),
    _option("Output", "-o", "--output", metavar="FILE.svg", help="Draw precision over recall."),
    _option("Run", "--jobs", type=click.IntRange(1, 1024), metavar="N",
            help="Images at a time.  [default: all cores]"),
    options_of("options", Options, ("max_pixels", *REPORTING, "quiet", "verbose")),
)  # fmt: skip


@click.command(
    "evaluate",
    cls=Command,
    examples=examples(
        "edgecli evaluate edges truth  # ODS, OIS and AP",
        "edgecli evaluate edges truth -o curve.svg  # and the curve",
        "edgecli evaluate edges truth --measure pratt  # a figure of merit",
    ),
    help="""Score edge maps against what people drew, as the Berkeley benchmark does.

    MAPS is a folder of edge maps, TRUTH one of .mat files or bitmaps of the same stems: bird.mat,
    bird.png, bird-1.png and bird-2.png of two people, or a subfolder for each.
    """,
)
@click.argument("maps", metavar="MAPS")
@click.argument("truth", metavar="TRUTH")
@with_options(*OPTIONS)
def command(
    maps: str,
    truth: str,
    count: int,
    tolerance: str,
    no_thin: bool,
    measure: str,
    limit: int | None,
    jobs: int | None,
    output: str | None,
    options: Options,
) -> int:
    """Carry out ``edgecli evaluate``."""
    asked = Measure(
        tuple(thresholds(count).tolist()),
        parse_tolerance(tolerance),
        not no_thin,
        measure == "pratt",
        options.max_pixels,
    )
    _check(asked, output)
    reporting = reporting_apart(options, written=[output] if output else [])
    paired = _limited(pair_files(maps, truth), limit)
    outcomes = [*_measured(paired, asked, jobs or cores(), quiet=options.quiet)]
    found = _evaluation(maps, asked, outcomes)
    every = options.verbose or reporting.format in {"csv", "markdown"}
    if found is not None:
        berkeley = any(path.endswith(MATLAB) for pair in paired.pairs for path in pair.truths)
        written = _report(found, output, every=every, published=berkeley)
        write_report(written, reporting.format, reporting.file)
    for note in sorted(note for outcome in outcomes for note in outcome.notes):
        fail(note)
    troubles = [*paired.alone, *(outcome.error for outcome in outcomes if outcome.error)]
    for line in troubles:
        fail(line)
    return int(bool(troubles))


def _check(asked: Measure, output: str | None) -> None:
    """Refuse before any work what would fail after it."""
    if find_spec("scipy") is None:
        raise UsageError(INSTALL)
    if output is not None and not output.lower().endswith(".svg"):
        raise UsageError(f"output {output!r} is not named .svg, which the drawing is; call it so")
    if output is not None and asked.pratt:
        raise UsageError("Pratt's merit has no curve of precision and recall; drop --output")
    if output is not None:
        check_place(output)


def _limited(paired: Paired, limit: int | None) -> Paired:
    """Take the first maps alone; of the others nothing is said."""
    return paired if limit is None else Paired(tuple(islice(paired.pairs, limit)))


def _measured(paired: Paired, asked: Measure, jobs: int, *, quiet: bool) -> Iterator[Outcome]:
    """Yield what becomes of every pair, and show how far it is."""
    totals, started = Totals(len(paired.pairs)), time.monotonic()
    latest: list[Outcome] = []

    def progress() -> Iterator[Totals]:
        workers = min(jobs, len(paired.pairs))
        executor = ProcessExecutor(workers)
        try:
            for outcome in measure_pairs(paired.pairs, asked, executor, 2 * workers):
                latest.append(outcome)
                totals.failed += bool(outcome.error)
                totals.done += not outcome.error
                totals.seconds = time.monotonic() - started
                yield totals
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    for _ in progress() if quiet else watched(progress()):
        yield latest.pop()


def _evaluation(maps: str, asked: Measure, outcomes: list[Outcome]) -> Evaluation | None:
    """Put together what was measured, in the order of the stems; None where nothing was."""
    done = sorted((one.pair.stem, one.measured) for one in outcomes if one.measured is not None)
    if not done:
        return None
    names, measured = zip(*done, strict=True)
    return Evaluation(maps, names, asked, np.stack(measured))


def _report(found: Evaluation, output: str | None, *, every: bool, published: bool) -> Report:
    """Return the report, and draw the curve where that is asked for."""
    if found.measure.pratt:
        return merit_report(found, every=every)
    scores = score(found.measured, np.array(found.measure.levels))
    if output is not None:
        from edgecli.pages.curve import draw_curve

        with whole_file(output) as file:
            name = os.path.basename(os.path.abspath(found.maps))
            file.write(draw_curve(name, scores, published=published).encode())
    return scores_report(found, scores, every=every)
