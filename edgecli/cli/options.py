"""What can be written on a command line: the options that commands share, and their values.

Here click alone checks values; ``edgecli.cli.request`` says what they mean.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from edgecli.conv.activations import ACTIVATIONS
from edgecli.detect.jobs import Limits
from edgecli.detect.planning import Lines
from edgecli.detect.settings import Settings
from edgecli.geometry import PADDING_MODES
from edgecli.images.colour import CHANNELS
from edgecli.images.formats import FORMATS
from edgecli.images.nan import NAN_CHOICES
from edgecli.operators.operators import COMBINATIONS
from edgecli.paint.colormaps import COLORMAPS
from edgecli.paint.rendering import DEPTHS, MAPS
from edgecli.records import dataclass
from edgecli.reports.formats import REPORTS

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass(frozen=True)
class Options:
    """The options of detection as written; None is what was not.

    Defaults are those of the settings, in the words of the command line.
    """

    filters: tuple[str, ...] = ("sobel",)
    padding: str = str(Settings.padding)
    padding_mode: str = str(Settings.padding_mode)
    stride: str = str(Settings.stride[0])
    dilation: str = str(Settings.dilation[0])
    convolve: bool = Settings.convolve
    channels: str | None = Settings.channels
    bias: str | None = None
    activation: str = Settings.activation
    combine: str | None = Settings.combine
    map: str = Settings.map
    scales: str | None = None
    depth: str | None = Settings.depth
    nan: str = Settings.nan
    background: str = "white"
    thin: bool = Lines.thin
    threshold: str | None = None
    hysteresis: str | None = None
    mask: str | None = None
    border: int = Lines.border
    colormap: str | None = None
    invert: bool = False
    overlay: str | None = None
    alpha_out: bool = False
    output: str | None = None
    format: str | None = None
    no_clobber: bool = False
    all_frames: bool = Limits.all_frames
    no_auto_orient: bool = not Limits.auto_orient
    threads: int | None = Settings.threads
    max_pixels: int = Limits.max_pixels
    report: str | None = None
    report_file: str | None = None
    quiet: bool = False


def option(*names: str, **details: Any) -> Decorator:
    """Declare an option of ``Options``, whose field has its default."""
    field = next((name for name in names if name.isidentifier()), names[-1].lstrip("-"))
    default = getattr(Options, field.replace("-", "_"))
    shown = default is not None and default is not False
    return click.option(*names, default=default, show_default=shown, **details)


def options_of(*options: Decorator) -> Decorator:
    """Return a decorator that adds options, whose values a command receives as ``Options``."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def command(**values: Any) -> Any:
            own = {name: values.pop(name) for name in [*values] if hasattr(Options, name)}
            return function(options=Options(**own), **values)

        return with_options(*options)(command)

    return decorate


def with_options(*options: Decorator) -> Decorator:
    """Return a decorator that adds options in the order given."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for add in reversed(options):
            function = add(function)
        return function

    return decorate


FILTER_OPTIONS = (
    option("-f", "--filter", "filters", multiple=True, metavar="NAME|FILE|ROWS",
           help='A built-in name, a filter file, or inline rows such as "1 0 -1; 1 0 -1; 1 0 -1". '
           "May be given several times."),
    option("--padding", metavar="valid|same|N|H,W|T,B,L,R",
           help="Pixels to add around the image."),
    option("--padding-mode", help="What the added pixels are.",
           metavar="|".join(m + ":V" * (m == "constant") for m in PADDING_MODES)),
    option("--stride", metavar="N|H,W",
           help="Pixels from one position of the window to the next."),
    option("--dilation", metavar="N|H,W",
           help="Pixels from one weight of the kernel to the next."),
    option("--convolve", is_flag=True, help="Flip the kernel: convolution, not correlation."),
    option("--channels", type=click.Choice(CHANNELS),
           help="What the filters slide over.  [default: gray; rgb for filters of depth 3]"),
    option("--bias", metavar="B[,B…]", help="A number to add: one for all filters, or one each."),
    option("--activation", type=click.Choice(ACTIVATIONS), help="What is done to each response."),
)  # fmt: skip

MAP_OPTIONS = (
    option("--combine", type=click.Choice(COMBINATIONS),
           help="Make one edge map of all filters.  [default: as each operator says]"),
    option("--map", type=click.Choice(MAPS),
           help="How responses become pixels; gain never clips, if floats lie in 0 to 1."),
    option("--scales", metavar="S[,S…]",
           help="Scales at which a network looks at the image, averaged.  [default: 1]"),
    option("--depth", type=click.Choice(list(DEPTHS)),
           help="Bits of the pixels written.  [default: 8; 16 for deeper images]"),
    option("--nan", type=click.Choice(NAN_CHOICES),
           help="What NaN in a float image does to the responses that see it."),
    option("--background", metavar="COLOUR", help="The colour behind transparent images."),
)  # fmt: skip

LINE_OPTIONS = (
    option("--thin", is_flag=True,
           help="Keep lines of one pixel: non-maximum suppression, or zero crossings."),
    option("--threshold", metavar="V|N%|pNN|otsu|auto",
           help="Keep edges stronger than a number, a share of the largest possible "
           "response, a percentile, or what Otsu's method finds; auto is hysteresis."),
    option("--hysteresis", metavar="LOW,HIGH",
           help="Keep edges stronger than LOW that are connected to one over HIGH."),
    option("--mask", metavar="FILE", help="An image: edges count where it is bright."),
    option("--border", type=click.IntRange(0), metavar="N",
           help="Ignore edges within N pixels of the frame."),
)  # fmt: skip

STYLE_OPTIONS = (
    option("--colormap", type=click.Choice(COLORMAPS), help="Draw strengths in colours."),
    option("--invert", is_flag=True, help="Draw dark lines on white."),
    option("--overlay", metavar="COLOUR", help="Draw the edges on the image."),
    option("--alpha-out", is_flag=True, help="Make the edges opaque, the rest transparent."),
)  # fmt: skip

THREADS_OPTION = option(
    "--threads", type=click.IntRange(1, 1024), metavar="N",
    help="Threads that compute.  [default: all cores]",
)  # fmt: skip

MAX_PIXELS_OPTION = option(
    "--max-pixels", type=click.IntRange(1), metavar="N", help="Refuse larger images."
)

TO_ANYWHERE = option(
    "-o", "--output", metavar="PATH|DIR|-",
    help="Where to write.  [default: <stem>-<filter>.png beside the input]",
)  # fmt: skip

OUTPUT_OPTIONS = (
    option("--format", type=click.Choice(list(FORMATS)),
           help="What to write.  [default: by the output's extension, else png]"),
    option("--no-clobber", is_flag=True, help="Keep existing files as they are."),
    option("--all-frames", is_flag=True, help="Take every page or frame of a file."),
    option("--no-auto-orient", is_flag=True, help="Do not turn images as their EXIF says."),
    THREADS_OPTION,
    MAX_PIXELS_OPTION,
)  # fmt: skip

PLAIN_REPORT_OPTION = click.option(
    "--report", type=click.Choice(REPORTS), default="table", show_default=True,
    help="How to report.",
)  # fmt: skip

REPORT_OPTIONS = (
    option("--report", type=click.Choice(REPORTS),
           help="How to report.  [default: by the report file's extension, else table]"),
    option("--report-file", metavar="PATH", help="Write the report there."),
    option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
)  # fmt: skip


def image_options(output: Decorator = TO_ANYWHERE) -> Decorator:
    """Return a decorator that adds all options of detection, which a command receives together."""
    return options_of(
        *FILTER_OPTIONS,
        *MAP_OPTIONS,
        *LINE_OPTIONS,
        *STYLE_OPTIONS,
        output,
        *OUTPUT_OPTIONS,
        *REPORT_OPTIONS,
    )
