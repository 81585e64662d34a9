"""The options that commands share: one decorator, and the settings they make."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from edgecli.conv.activations import ACTIVATIONS
from edgecli.detect.jobs import MAX_PIXELS, Limits, Target, check_stdin, make_folder
from edgecli.detect.planning import Lines
from edgecli.detect.settings import Settings, parse_scales
from edgecli.errors import UsageError
from edgecli.geometry import PADDING_MODES, parse_padding, parse_padding_mode
from edgecli.images.colour import CHANNELS, parse_colour
from edgecli.images.files import check_place
from edgecli.images.formats import FORMATS
from edgecli.images.nan import NAN_CHOICES
from edgecli.lines.thresholds import choose_threshold
from edgecli.operators.operators import COMBINATIONS, load_operator
from edgecli.paint.colormaps import COLORMAPS
from edgecli.paint.painting import Style
from edgecli.paint.rendering import DEPTHS, MAPS
from edgecli.records import dataclass, replace
from edgecli.reports.formats import REPORTS

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

FILTER_OPTIONS = (
    click.option(
        "-f", "--filter", "filters", multiple=True, metavar="NAME|FILE|ROWS", default=("sobel",),
        show_default=True,
        help='A built-in name, a filter file, or inline rows such as "1 0 -1; 1 0 -1; 1 0 -1". '
        "May be given several times.",
    ),
    click.option("--padding", default="same", show_default=True, metavar="valid|same|N|H,W|T,B,L,R",
                 help="Pixels to add around the image."),
    click.option("--padding-mode", default="replicate", show_default=True,
                 metavar="|".join(m + ":V" * (m == "constant") for m in PADDING_MODES),
                 help="What the added pixels are."),
    click.option("--stride", default="1", show_default=True, metavar="N|H,W",
                 help="Pixels from one position of the window to the next."),
    click.option("--dilation", default="1", show_default=True, metavar="N|H,W",
                 help="Pixels from one weight of the kernel to the next."),
    click.option("--convolve", is_flag=True, help="Flip the kernel: convolution, not correlation."),
    click.option("--channels", type=click.Choice(CHANNELS),
                 help="What the filters slide over.  [default: gray; rgb for filters of depth 3]"),
    click.option("--bias", metavar="B[,B…]",
                 help="A number to add: one for all filters, or one each."),
    click.option("--activation", type=click.Choice(ACTIVATIONS), default="none", show_default=True,
                 help="What is done to each response."),
)  # fmt: skip

MAP_OPTIONS = (
    click.option("--combine", type=click.Choice(COMBINATIONS),
                 help="Make one edge map of all filters.  [default: as each operator says]"),
    click.option("--map", "map_", type=click.Choice(MAPS), default="abs", show_default=True,
                 help="How responses become pixels; gain never clips, if floats lie in 0 to 1."),
    click.option("--scales", metavar="S[,S…]",
                 help="Scales at which a network looks at the image, averaged.  [default: 1]"),
    click.option("--depth", type=click.Choice(list(DEPTHS)),
                 help="Bits of the pixels written.  [default: 8; 16 for deeper images]"),
    click.option("--nan", type=click.Choice(NAN_CHOICES), default="propagate", show_default=True,
                 help="What NaN in a float image does to the responses that see it."),
    click.option("--background", default="white", show_default=True, metavar="COLOUR",
                 help="The colour behind transparent images."),
)  # fmt: skip

LINE_OPTIONS = (
    click.option("--thin", is_flag=True,
                 help="Keep lines of one pixel: non-maximum suppression, or zero crossings."),
    click.option("--threshold", metavar="V|N%|pNN|otsu|auto",
                 help="Keep edges stronger than a number, a share of the largest possible "
                 "response, a percentile, or what Otsu's method finds; auto is hysteresis."),
    click.option("--hysteresis", metavar="LOW,HIGH",
                 help="Keep edges stronger than LOW that are connected to one over HIGH."),
    click.option("--mask", metavar="FILE", help="An image: edges count where it is bright."),
    click.option("--border", type=click.IntRange(0), default=0, show_default=True,
                 metavar="N", help="Ignore edges within N pixels of the frame."),
)  # fmt: skip

STYLE_OPTIONS = (
    click.option("--colormap", type=click.Choice(COLORMAPS), help="Draw strengths in colours."),
    click.option("--invert", is_flag=True, help="Draw dark lines on white."),
    click.option("--overlay", metavar="COLOUR", help="Draw the edges on the image."),
    click.option("--alpha-out", is_flag=True, help="Make the edges opaque, the rest transparent."),
)  # fmt: skip

THREADS_OPTION = click.option(
    "--threads", type=click.IntRange(1, 1024), metavar="N",
    help="Threads that compute.  [default: all cores]",
)  # fmt: skip

MAX_PIXELS_OPTION = click.option(
    "--max-pixels", type=click.IntRange(1), default=MAX_PIXELS, show_default=True, metavar="N",
    help="Refuse larger images.",
)  # fmt: skip

TO_ANYWHERE = click.option(
    "-o", "--output", metavar="PATH|DIR|-",
    help="Where to write.  [default: <stem>-<filter>.png beside the input]",
)  # fmt: skip

OUTPUT_OPTIONS = (
    click.option("--format", "format_", type=click.Choice(list(FORMATS)),
                 help="What to write.  [default: by the output's extension, else png]"),
    click.option("--no-clobber", is_flag=True, help="Keep existing files as they are."),
    click.option("--all-frames", is_flag=True, help="Take every page or frame of a file."),
    click.option("--no-auto-orient", is_flag=True, help="Do not turn images as their EXIF says."),
    THREADS_OPTION,
    MAX_PIXELS_OPTION,
)  # fmt: skip

PLAIN_REPORT_OPTION = click.option(
    "--report", type=click.Choice(REPORTS), default="table", show_default=True,
    help="How to report.",
)  # fmt: skip

REPORT_OPTIONS = (
    click.option("--report", type=click.Choice(REPORTS),
                 help="How to report.  [default: by the report file's extension, else table]"),
    click.option("--report-file", metavar="PATH", help="Write the report there."),
    click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
)  # fmt: skip


@dataclass(frozen=True)
class Reporting:
    """How to report: in which format, where to, or not at all; ``quiet`` leaves out all else."""

    format: str
    file: str | None
    quiet: bool = False


def image_options(
    function: Callable[..., Any], output: Decorator = TO_ANYWHERE
) -> Callable[..., Any]:
    """Give a command the options of detection; it receives settings, target, limits, reporting."""

    @functools.wraps(function)
    def command(**values: Any) -> Any:
        check_stdin((*values.get("inputs", ()), values.get("source"), values["mask"]))
        spared = files_of_settings(values)
        made = {
            "settings": make_settings(values),
            "target": replace(make_target(values), spared=spared),
            "limits": Limits(
                values.pop("max_pixels"), values.pop("all_frames"), not values.pop("no_auto_orient")
            ),
            "reporting": make_reporting(values),
        }
        return function(**values, **made)

    return with_options(
        *FILTER_OPTIONS,
        *MAP_OPTIONS,
        *LINE_OPTIONS,
        *STYLE_OPTIONS,
        output,
        *OUTPUT_OPTIONS,
        *REPORT_OPTIONS,
    )(command)


def with_options(*options: Decorator) -> Decorator:
    """Return a decorator that adds options in the order given."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def files_of_settings(values: dict[str, Any]) -> tuple[str, ...]:
    """Return the files that filters and the mask are read from."""
    named = (*values["filters"], values["mask"])
    return tuple(path for path in named if path and os.path.isfile(path))


def make_settings(values: dict[str, Any]) -> Settings:
    """Make settings of the options' values, taking those out of ``values``."""
    return Settings(
        operators=tuple(load_operator(spec) for spec in values.pop("filters")),
        padding=parse_padding(values.pop("padding")),
        padding_mode=parse_padding_mode(values.pop("padding_mode")),
        stride=parse_pair("stride", values.pop("stride")),
        dilation=parse_pair("dilation", values.pop("dilation")),
        convolve=values.pop("convolve"),
        channels=values.pop("channels"),
        bias=parse_bias(values.pop("bias")),
        activation=values.pop("activation"),
        combine=values.pop("combine", None),
        map=values.pop("map_", "abs"),
        depth=values.pop("depth", None),
        lines=make_lines(values),
        style=make_style(values),
        scales=parse_scales(values.pop("scales", None)),
        nan=values.pop("nan", "propagate"),
        background=parse_colour(values.pop("background", "white")),
        threads=values.pop("threads", None),
        apart=bool(values.get("grid")),
    )


def make_lines(values: dict[str, Any]) -> Lines:
    """Choose which edges count; reads the mask, if there is one."""
    chosen = choose_threshold(values.pop("threshold", None), values.pop("hysteresis", None))
    mask = make_mask(values.pop("mask", None))
    return Lines(values.pop("thin", False), chosen, values.pop("border", 0), mask)


def make_mask(path: str | None) -> NDArray[np.bool_] | None:
    """Read the image that says where edges count, if there is one."""
    if path is None:
        return None
    from edgecli.images.masks import read_mask

    return read_mask(path, max_pixels=MAX_PIXELS)


def make_style(values: dict[str, Any]) -> Style:
    """Choose how edges look beyond grey."""
    overlay = values.pop("overlay", None)
    return Style(
        values.pop("colormap", None),
        values.pop("invert", False),
        parse_colour(overlay) if overlay is not None else None,
        values.pop("alpha_out", False),
    )


def make_target(values: dict[str, Any]) -> Target:
    """Make a target of the options' values; a path that ends in a slash is a folder."""
    output = values.pop("output")
    if output == "":
        raise UsageError("output '' is empty; give a file, a folder or -")
    folder = output not in (None, "-") and (os.path.isdir(output) or output.endswith(("/", os.sep)))
    return Target(output, values.pop("format_"), folder, values.pop("no_clobber"))


def make_reporting(values: dict[str, Any]) -> Reporting:
    """Choose the report's format: as asked, by the report file's extension, else a table."""
    format_, file, quiet = (values.pop(name) for name in ("report", "report_file", "quiet"))
    if file == "":
        raise UsageError("report file '' is empty; give a file, or - for standard output")
    if file in (None, "-"):
        return Reporting(format_ or ("none" if quiet else "table"), None, quiet)
    if format_ is None:
        extensions = {".json": "json", ".jsonl": "json", ".csv": "csv", ".md": "markdown"}
        format_ = extensions.get(os.path.splitext(file)[1].lower(), "table")
    return Reporting(format_, file, quiet)


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


def parse_pair(name: str, text: str) -> tuple[int, int]:
    """Read ``N`` or ``H,W``, each 1 or more.

    >>> parse_pair("stride", "2"), parse_pair("stride", "2,3")
    ((2, 2), (2, 3))
    """
    parts = text.split(",")
    try:
        numbers = [int(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2) or min(numbers) < 1:
        raise UsageError(f"{name} {text!r} is not N or H,W with numbers from 1 up")
    return numbers[0], numbers[-1]


def parse_bias(text: str | None) -> tuple[float, ...]:
    """Read numbers separated by commas.

    >>> parse_bias("1,-0.5")
    (1.0, -0.5)
    """
    if text is None:
        return ()
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(
            f"bias {text!r} is not a number, or numbers separated by commas"
        ) from error
