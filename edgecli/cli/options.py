"""What can be written on a command line: the options that commands share, and their values.

A command takes those that mean something there, by their names: each is declared once. Here click
alone checks values; ``edgecli.cli.request`` says what they mean.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from dataclasses import fields
from typing import Any

import click

from edgecli.cli.config import with_bundles, word_of
from edgecli.cli.help import Choice, Option
from edgecli.conv.activations import ACTIVATIONS
from edgecli.detect.inputs import Limits
from edgecli.detect.maps import Lines
from edgecli.detect.settings import Settings
from edgecli.geometry import PADDING_MODES
from edgecli.images.colour import CHANNELS
from edgecli.images.formats import FORMATS
from edgecli.images.sources import NAN_CHOICES
from edgecli.operators.operators import COMBINATIONS
from edgecli.paint.colormaps import COLORMAPS
from edgecli.paint.painting import WIDEST, Style
from edgecli.paint.rendering import DEPTHS, MAPS
from edgecli.records import dataclass, field
from edgecli.reports.formats import REPORTS

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

MODES = "|".join(mode + ":V" * (mode == "constant") for mode in PADDING_MODES)


def written(default: Any, values: str | Collection[str], text: str, **details: Any) -> Any:
    """Declare an option: its default, what can be written, as a pattern or a choice, and help.

    ``group`` is one of ``edgecli.cli.help.GROUPS``: where the help shows it.
    """
    known = {"metavar": values} if isinstance(values, str) else {"type": Choice([*values])}
    return field(default=default, metadata={"help": text, **known, **details})


def flag(text: str, **details: Any) -> Any:
    """Declare an option that is given or not."""
    return field(default=False, metadata={"help": text, "is_flag": True, **details})


# fmt: off
@dataclass(frozen=True)
class Options:
    """The options of detection as written; None is what was not.

    Defaults are those of the settings, in the words of the command line.
    """

    filters: tuple[str, ...] = written(
        ("sobel",), "NAME|FILE|ROWS",
        'A built-in name, a filter file, or inline rows such as "1 0 -1; 1 0 -1; 1 0 -1". '
        "May be given several times.", names=("-f", "--filter", "filters"), multiple=True,
        group="Filter")
    padding: str = written(str(Settings.padding), "valid|same|N|H,W|T,B,L,R",
        "Pixels to add around the image.", group="Window")
    padding_mode: str = written(str(Settings.padding_mode), MODES, "What the added pixels are.",
        group="Window")
    stride: str = written(str(Settings.stride[0]), "N|H,W",
        "Pixels from one position of the window to the next.", group="Window")
    dilation: str = written(str(Settings.dilation[0]), "N|H,W",
        "Pixels from one weight of the kernel to the next.", group="Window")
    convolve: bool = flag("Flip the kernel: convolution, not correlation.", group="Filter")
    channels: str | None = written(None, CHANNELS,
        "What the filters slide over.  [default: gray; rgb for filters of depth 3]", group="Filter")
    bias: str | None = written(None, "B[,B…]",
        "A number to add: one for all filters, or one each.", group="Filter")
    activation: str = written(Settings.activation, ACTIVATIONS, "What is done to each response.",
        group="Filter")

    combine: str | None = written(None, COMBINATIONS,
        "Make one edge map of all filters.  [default: as each operator says]", group="Filter")
    map: str | None = written(None, MAPS,
        "How responses become pixels: auto draws a third of the largest possible response white; "
        "gain never clips, if floats lie in 0 to 1.  "
        f"[default: {Settings.map}; raw for numbers that are no picture]", group="Look")
    scales: str | None = written(None, "S[,S…]",
        "Scales at which a network looks at the image, averaged.  [default: 1]", group="Filter")
    depth: str | None = written(None, DEPTHS,
        "Bits of the pixels written.  [default: 8; 16 for deeper images]", group="Look")
    nan: str = written(Settings.nan, NAN_CHOICES,
        "What NaN, or other no data, does to the responses that see it.", group="Look")
    nodata: str | None = written(None, "V|none|alpha",
        "What is no data: a number, nothing, or what is transparent; what sees it is no edge.  "
        "[default: as the file says]", group="Look")
    white: float | None = written(None, "V",
        "The number that is white.  [default: the largest of the image's bits; 1 in floats, "
        "or their range where they go beyond 2]",
        type=float, group="Look")
    resize: str | None = written(None, "N%|WxH|max:N",
        "Make the image smaller first: to a share, to fit a box, or no longer than N.",
        group="Filter")
    background: str = written("white", "COLOUR", "The colour behind transparent images.",
        group="Look")

    thin: bool = flag("Keep lines of one pixel: non-maximum suppression, or zero crossings.",
        group="Lines")
    threshold: tuple[str, ...] = written((), "V|N%|pNN|otsu|auto",
        "Keep edges stronger than a number, a share of the largest possible response, "
        "a percentile of all strengths (of lines' alone with --thin), or what Otsu's method finds; "
        "auto is hysteresis. "
        "Several are tiles of --grid.", multiple=True, group="Lines")
    hysteresis: tuple[str, ...] = written((), "LOW,HIGH",
        "Keep edges stronger than LOW that are connected to one over HIGH.", multiple=True,
        group="Lines")
    mask: str | None = written(None, "FILE", "An image: edges count where it is bright.",
        group="Lines")
    border: int = written(Lines.border, "N", "Ignore edges within N pixels of the frame.",
        type=click.IntRange(0), group="Lines")
    min_length: float = written(Lines.min_length, "N",
        "Drop lines, and spurs of lines, shorter than N pixels.", type=click.FloatRange(0),
        group="Lines")
    close_gaps: float = written(Lines.close_gaps, "N",
        "Join the ends of lines that are within N pixels and point at each other.",
        type=click.FloatRange(0), group="Lines")

    simplify: float | None = written(None, "EPS",
        "Strokes: leave out points that lie within EPS pixels of the line without them.  "
        "[default: 0.1; 0, none, for points]", type=click.FloatRange(0), group="Lines")
    curves: bool = flag("Strokes: draw cubic Bezier curves (SVG).", group="Lines")

    style: str | None = written(None, "STYLE",
        "A named bundle of options; 'edgecli styles' lists them. Those that are written go first.",
        group="Look")
    colormap: str | None = written(None, COLORMAPS, "Draw strengths in colours.", group="Look")
    line: str | None = written(None, "COLOUR",
        "The colour of the lines.  [default: white; black on light paper, and in strokes]",
        group="Look")
    paper: str | None = written(None, "COLOUR|none",
        "The colour behind the lines; none is transparent.  [default: black; none in strokes]",
        group="Look")
    invert: bool = flag("Draw black lines, or a colour map, on white paper.", group="Look")
    stroke: int = written(Style.stroke, "N",
        "Draw lines by a round pen N pixels wide.", type=click.IntRange(1, WIDEST), group="Look")
    overlay: str | None = written(None, "COLOUR", "Draw the edges on the image.", group="Look")
    alpha_out: bool = flag("As --paper none: lines on transparency.", group="Look")

    output: str | None = written(None, "PATH|DIR|TEMPLATE|-",
        "Where to write; {stem}, {filter} and {frame} in a name are filled in.  "
        "[default: <stem>-<filter>.png beside the input]",
        names=("-o", "--output"), group="Output")
    format: str | None = written(None, FORMATS,
        "What to write: pixels, or strokes (svg, dxf, geojson, and points as CSV).  [default: by "
        "the output's extension, else png; csv for a grid]", group="Output")
    size: str | None = written(None, "WxHmm|Wmm",
        "Strokes: how large SVG and DXF are, their shape kept, in mm, cm, in, pt or px.  "
        "[default: by the image's resolution; DXF by its place on a map]", group="Output")
    world_file: bool = flag("Beside PNG, TIFF, JPEG and WebP, write a world file and .aux.xml of "
        "their place on a map.", group="Output")
    no_clobber: bool = flag("Keep existing files as they are.", group="Output")
    all_frames: bool = flag("Take every page or frame of a file.", group="Output")
    page: int | None = written(None, "N",
        "Take page or frame N of a file.  [default: the first]", type=click.IntRange(1),
        group="Output")
    no_auto_orient: bool = flag("Do not turn images as their EXIF says.", group="Output")
    threads: int | None = written(None, "N", "Threads that compute.  [default: all cores]",
        type=click.IntRange(1, 1024), group="Output")
    max_pixels: int = written(Limits.max_pixels, "N", "Refuse larger images.",
        type=click.IntRange(1), group="Output")

    report: str | None = written(None, REPORTS,
        "How to report.  [default: by the report file's extension, else table]", group="Report")
    report_file: str | None = written(None, "PATH", "Write the report there.", group="Report")
    quiet: bool = flag("Say nothing but errors.", names=("-q", "--quiet"), group="Report")
    verbose: bool = flag("Report more: of several images, on each, not a line.",
        names=("-v", "--verbose"), group="Report")
    explain: bool = flag("Print what would be done, and stop.", group="Report",
        names=("-n", "--dry-run", "--explain", "explain"))

    suffix: bool = flag("Tell inputs of the same name apart: by extension, then by number.",
        group="Output")
    preview: bool = flag("Draw the edge map in the terminal.", group="Output")
    grid: bool = flag("Write a contact sheet of several filters.", group="Output")
# fmt: on


NAMES = tuple(one.name for one in fields(Options))

OF_FILTERS = NAMES[: NAMES.index("activation") + 1]
"""The options that say what slides, and how."""

WORDS = tuple(
    word_of(one.metadata.get("names") or [f"--{one.name.replace('_', '-')}"])
    for one in fields(Options)
)
"""The options as they are written, without their dashes."""

REPORTING = ("report", "report_file")
"""The options of whatever tells its result."""


def option(name: str, record: Any = Options, **changes: Any) -> Decorator:
    """Return the option that a record declares by a name, or one like it."""
    declared = record.__dataclass_fields__[name]
    details = {"default": declared.default, **declared.metadata, **changes}
    names = details.pop("names", (f"--{name.replace('_', '-')}",))
    shown = details["default"] not in (None, (), "") and not details.get("is_flag")
    if details.get("required"):
        del details["default"]  # which click takes for an answer
    return click.option(*names, cls=Option, show_default=shown, **details)


def options_of(
    parameter: str, record: Any, names: Sequence[str] = (), **changed: Decorator
) -> Decorator:
    """Return a decorator that adds a record's options, or some; a command receives the record."""
    taken = tuple(names) or tuple(one.name for one in fields(record))

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def command(**values: Any) -> Any:
            if record is Options:
                values = with_bundles(click.get_current_context(), values, {*taken}, WORDS)
            values[parameter] = record(**{name: values.pop(name) for name in taken})
            return function(**values)

        return with_options(*(changed.get(name) or option(name, record) for name in taken))(command)

    return decorate


def with_options(*options: Decorator) -> Decorator:
    """Return a decorator that adds options in the order given."""
    return lambda command: functools.reduce(lambda made, add: add(made), options[::-1], command)
