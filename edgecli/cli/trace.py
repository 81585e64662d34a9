"""``edgecli trace``: the arithmetic of output pixels, written out or drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import click

from edgecli.cli import tell
from edgecli.cli.help import Command, examples
from edgecli.cli.options import OF_FILTERS, REPORTING, Options, flag, options_of, written
from edgecli.cli.reporting import reporting_apart
from edgecli.cli.request import make_request
from edgecli.detect.inputs import Result, plan_input
from edgecli.detect.outputs import Target, check_apart, name_job
from edgecli.detect.plan import Detection
from edgecli.errors import GeometryError, UsageError
from edgecli.lessons.facts import Lesson, check_position, check_traceable, open_lesson
from edgecli.lessons.text import lesson_report
from edgecli.records import dataclass, replace
from edgecli.reports.formats import write_report
from edgecli.rows.base import Source

MOST_POSITIONS = 2**16
"""As many positions are written out one after another; a figure has fewer."""

Place = tuple[int, int]


@dataclass(frozen=True)
class TraceOptions:
    """Which output pixels are shown, and how."""

    at: str | None = written(None, "ROW,COL", "The output pixel, counted from 0.", group="Window")
    all: bool = flag("Every output pixel, one after another.", group="Window")
    output: str | None = written(None, "FILE|DIR|-",
        "Draw it: .svg, or .gif; with --all animated, or a folder of slides. Or .html: a page "
        "whose numbers students change.",
        names=("-o", "--output"), group="Output")  # fmt: skip
    blank: bool = flag("Leave the outputs empty: an exercise.", group="Output")
    answers: str | None = written(None, "FILE|DIR",
        "Leave them empty, and write a figure that has them there.", group="Output")  # fmt: skip


@click.command(
    "trace",
    cls=Command,
    examples=examples(
        "edgecli trace photo.jpg --at 120,80  # sobel's two windows there",
        "edgecli trace grid.csv --all -f vertical -o slides.svg  # the window slides",
        "edgecli trace grid.csv -f vertical -o lesson.html  # students change the numbers",
    ),
    help="""Write out the arithmetic of an output pixel, or draw it.

    INPUT is an image or a grid of numbers, - for standard input.
    """,
)
@click.argument("input_path", metavar="INPUT")
@options_of("trace", TraceOptions)
@options_of("options", Options, (*OF_FILTERS, "resize", "max_pixels", *REPORTING))
def command(input_path: str, trace: TraceOptions, options: Options) -> None:
    """Carry out ``edgecli trace``."""
    at = _asked_position(trace)
    figures = _figures(trace, (input_path, *options.filters))
    reporting = reporting_apart(options, (input_path, *options.filters), figures)
    with _opened(input_path, options, is_page(trace.output)) as (result, source):
        check_traceable(result.detection)
        if at is not None:
            fitted = is_page(trace.output) and options.resize is None
            at = _checked_position(result.detection, source.info.scale if fitted else (1, 1), at)
        lesson = _show(result.detection, source, at, trace)
    tell(result.info)
    if figures and options.report is None and options.report_file is None:
        return
    slides = (lesson.slide(*place) for place in (_places(lesson) if at is None else [at]))
    report = lesson_report(lesson, slides, result.info, reporting.format)
    write_report(report, reporting.format, reporting.file, aside="-" in figures)


def is_page(output: str | None) -> bool:
    """Return whether an output is a page in which students change the numbers."""
    return output is not None and output.lower().endswith((".html", ".htm"))


def _show(detection: Detection, source: Source, at: Place | None, trace: TraceOptions) -> Lesson:
    """Write the figures or the page that are asked for, if any; return what there is to tell."""
    blank = trace.blank or trace.answers is not None
    if trace.output is None:
        return open_lesson(detection, source, at and (at[0], at[0] + 1))
    if is_page(trace.output):
        from edgecli.pages.lesson import write_lesson  # for those who ask for one

        return write_lesson(detection, source, trace.output, at or (0, 0), predict=blank)
    from edgecli.lessons.figures import write_figures

    return write_figures(detection, source, at, trace.output, blank=blank, answers=trace.answers)


def _asked_position(trace: TraceOptions) -> Place | None:
    """Return the position that is asked for, None for all; UsageError for neither or both."""
    if trace.at is not None and trace.all:
        raise UsageError("one position is asked for, and every one; drop --at or --all")
    if trace.at is None and not trace.all:
        if is_page(trace.output):
            return 0, 0  # where the window starts
        raise UsageError("which output pixel is meant is not said; give --at ROW,COL, or --all")
    return None if trace.at is None else parse_position(trace.at)


def _checked_position(detection: Detection, scale: tuple[float, float], at: Place) -> Place:
    """Return where an output pixel is in what is shown; GeometryError where there is none.

    A page shows a large picture smaller, though nobody asked for that: ``scale`` says how many of
    its columns and rows each one there stands for.
    """
    _, height, width = detection.responses.shape
    whole = round(height * scale[1]), round(width * scale[0])
    check_position(whole, *at)
    return at[0] * height // whole[0], at[1] * width // whole[1]


def parse_position(text: str) -> Place:
    """Read ``ROW,COL``.

    >>> parse_position("12,80")
    (12, 80)
    """
    try:
        row, col = (int(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"position {text!r} is not ROW,COL; write two whole numbers") from error
    return row, col


def _figures(trace: TraceOptions, inputs: Sequence[str]) -> list[str]:
    """Return where figures go; UsageError where that is nowhere, or would overwrite something."""
    if trace.output is None and (trace.blank or trace.answers is not None):
        raise UsageError("an exercise is a figure; say where it goes with -o slide.svg")
    figures = [path for path in (trace.output, trace.answers) if path is not None]
    if figures:
        from edgecli.lessons.writing import check_named

        if is_page(figures[0]) and trace.answers is not None:
            raise UsageError("a page checks answers itself; drop --answers")
        for path in figures:
            if not is_page(figures[0]):
                check_named(path)
            check_apart(path, inputs)
        check_apart(figures[-1], figures[:-1], "answers", "output")
    return figures


@contextmanager
def _opened(input_path: str, options: Options, for_page: bool) -> Iterator[tuple[Result, Source]]:
    """Plan the first image of an input; the plan, and what to read it from."""
    request = make_request(options)
    if for_page and request.settings.resize is None:
        from edgecli.pages.lesson import LARGEST

        request = replace(request, settings=replace(request.settings, resize=LARGEST))
    target = Target(output="-", folder=True)  # no edge map is written; any name will do
    job = name_job(input_path, request.settings, target)
    with closing(plan_input(job, request.settings, request.limits)) as images:
        yield next(images)


def _places(lesson: Lesson) -> Iterator[Place]:
    """Return every position; GeometryError for more than anyone would read."""
    height, width = lesson.geometry.output_shape
    if height * width > MOST_POSITIONS:
        raise GeometryError(
            f"the {height}×{width} output has {height * width:,} positions, more than "
            f"{MOST_POSITIONS:,}; show one with --at 0,0, or make the image smaller with "
            "--resize max:16"
        )
    return lesson.positions()
