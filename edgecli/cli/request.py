"""What options mean: the settings, the target and the limits that they ask for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from edgecli.cli import tell
from edgecli.cli.fitting import fitted
from edgecli.cli.options import Options
from edgecli.cli.reporting import Reporting, make_reporting
from edgecli.cli.strokes import make_finish, make_size, stroke_colours
from edgecli.detect.inputs import Limits
from edgecli.detect.maps import Lines
from edgecli.detect.outputs import Target
from edgecli.detect.settings import Settings, parse_scales
from edgecli.detect.templates import check_template, fields
from edgecli.errors import UsageError
from edgecli.geometry import parse_padding, parse_padding_mode
from edgecli.images.colour import parse_colour
from edgecli.images.nodata import parse_no_data
from edgecli.images.zarr.store import as_named, is_store
from edgecli.lines.thresholds import Threshold, choose_threshold, choose_thresholds
from edgecli.operators.operators import Operator, load_operators
from edgecli.paint.looks import choose_style
from edgecli.paint.painting import Style
from edgecli.records import dataclass

if TYPE_CHECKING:
    from edgecli.images.resizing import Resize


@dataclass(frozen=True)
class Request:
    """What a command is asked to do to every image.

    Where each of ``operators`` and ``thresholds`` is to run alone, ``settings`` have none: they
    are what all share.
    """

    operators: tuple[Operator, ...]
    thresholds: tuple[Threshold, ...]
    settings: Settings
    target: Target
    limits: Limits
    reporting: Reporting


def make_request(options: Options, *, apart: bool = False) -> Request:
    """Understand options, and read filters and the mask; FilterError, UsageError and others."""
    operators = load_operators(options.filters)
    thresholds: tuple[Threshold, ...] = ()
    if apart:
        thresholds = choose_thresholds(options.threshold, options.hysteresis)
        settings = make_settings(options, ())
    else:
        low, pair = _only("threshold", options.threshold), _only("hysteresis", options.hysteresis)
        settings = make_settings(options, operators, choose_threshold(low, pair))
    _ = settings.network  # what is wrong with its file is told once, and of no image
    return Request(
        operators,
        thresholds,
        settings,
        _make_target(options),
        Limits(options.max_pixels, options.all_frames, options.page),
        make_reporting(options),
    )


def _only(name: str, given: tuple[str, ...]) -> str | None:
    """Return what an option was given, if anything; UsageError for more than once."""
    if len(given) > 1:
        raise UsageError(
            f"{name} is given {len(given)} times; give it once, or --grid for a tile of each"
        )
    return given[0] if given else None


def make_settings(
    options: Options, operators: tuple[Operator, ...], threshold: Threshold | None = None
) -> Settings:
    """Return what is done to an image; reads the mask, if there is one."""
    options, strokes = fitted(options, _make_target(options), operators)
    return Settings(
        operators,
        padding=parse_padding(options.padding),
        padding_mode=parse_padding_mode(options.padding_mode),
        stride=parse_pair("stride", options.stride),
        dilation=parse_pair("dilation", options.dilation),
        convolve=options.convolve,
        channels=options.channels,
        bias=parse_bias(options.bias),
        activation=options.activation,
        combine=options.combine,
        map=options.map or Settings.map,
        depth=options.depth,
        lines=_make_lines(options, threshold),
        style=_make_style(options, strokes=strokes is not None),
        scales=parse_scales(options.scales),
        nan=options.nan,
        nodata=parse_no_data(options.nodata),
        white=options.white,
        background=parse_colour(options.background),
        resize=_make_resize(options),
        finish=make_finish(options) if strokes else None,
        size=make_size(options),
        auto_orient=not options.no_auto_orient,
        threads=options.threads,
    )


def _make_resize(options: Options) -> Resize | None:
    if options.resize is None:
        return None
    from edgecli.images.resizing import parse_resize  # for those who ask for it

    return parse_resize(options.resize)


def _make_style(options: Options, *, strokes: bool) -> Style:
    line, paper = options.line, options.paper
    if strokes:
        line, paper = stroke_colours(options)
    return choose_style(
        colormap=options.colormap,
        invert=options.invert,
        line=line,
        paper=paper,
        overlay=options.overlay,
        alpha_out=options.alpha_out,
        stroke=options.stroke,
    )


def _make_lines(options: Options, threshold: Threshold | None) -> Lines:
    mask = mask_name = None
    if options.mask is not None:
        from edgecli.images.files import read_mask

        mask, info = read_mask(
            options.mask, max_pixels=options.max_pixels, auto_orient=not options.no_auto_orient
        )
        tell(info)
        mask_name = os.path.basename(options.mask)
    gaps = options.close_gaps
    return Lines(options.thin, threshold, options.border, mask, options.min_length, gaps, mask_name)


def _make_target(options: Options) -> Target:
    """Return where edge maps go; one that ends in a slash is a folder."""
    output = options.output
    if output == "":
        raise UsageError("output '' is empty; give a file, a folder or -")
    folder = False
    if output is not None and output != "-":
        check_template(output)
        output = as_named(output) if not fields(output) else output
        existing = not fields(output) and os.path.isdir(output.format())
        folder = (existing and not is_store(output.format())) or output.endswith(("/", os.sep))
    read = (*options.filters, options.mask)
    spared = tuple(path for path in read if path and os.path.isfile(path))
    numbers = options.map is None and options.depth is None
    world = options.world_file
    return Target(output, options.format, folder, options.no_clobber, spared, numbers, world)


def check_sheet(options: Options) -> None:
    """Raise UsageError for what a contact sheet has no place for."""
    if options.preview:
        raise UsageError("a contact sheet is too large for a terminal; drop --preview or --grid")
    if options.all_frames:
        raise UsageError("a contact sheet is of the first frame alone; drop --all-frames or --grid")
    if options.world_file:
        raise UsageError("a contact sheet lies on no map; drop --world-file or --grid")


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
