"""What options mean: the settings, the target and the limits that they ask for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from edgecli.cli import tell
from edgecli.cli.fitting import check_places, fitted, is_written
from edgecli.cli.options import Options
from edgecli.cli.reporting import Reporting, make_reporting
from edgecli.cli.strokes import make_finish, make_size, stroke_colours
from edgecli.detect.inputs import Limits
from edgecli.detect.maps import Lines
from edgecli.detect.outputs import Target, check_format, check_world
from edgecli.detect.settings import Settings, parse_scales
from edgecli.detect.templates import check_template, fields
from edgecli.errors import UsageError
from edgecli.geometry import parse_padding, parse_padding_mode
from edgecli.images.colour import parse_colour
from edgecli.images.formats import FORMATS, Format, known_format
from edgecli.images.nodata import parse_no_data
from edgecli.images.zarr.store import as_named, is_store
from edgecli.lines.thresholds import choose_threshold, choose_thresholds
from edgecli.operators.operators import Operator, load_operators
from edgecli.paint.looks import choose_style
from edgecli.paint.painting import Style
from edgecli.records import dataclass, replace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edgecli.detect.sheet import Tiles
    from edgecli.images.resizing import Resize

    Mask = tuple[NDArray[np.bool_], str]


@dataclass(frozen=True)
class Request:
    """What a command is asked to do to every image.

    ``options`` are those that go together. Of a contact sheet ``settings`` are what all ``tiles``
    share, and have no operators.
    """

    options: Options
    settings: Settings
    tiles: Tiles | None
    target: Target
    limits: Limits
    reporting: Reporting


def make_request(options: Options) -> Request:
    """Understand options, and read filters and the mask; FilterError, UsageError and others.

    What styles and defaults say, and what is written has no place for, is left out.
    """
    operators, mask = load_operators(options.filters), _read_mask(options)

    def make(options: Options) -> Request:
        target = _make_target(options)
        format_ = _check_format(options, target)
        shared = _make_settings(options, mask, strokes=format_ is not None and format_.strokes)
        tiles = _make_tiles(options, shared, operators) if options.grid else None
        settings = shared if tiles else _with_operators(options, shared, operators)
        if format_ is not None and tiles is None:
            check_format(format_, settings)
        limits = Limits(options.max_pixels, options.all_frames, options.page)
        return Request(options, settings, tiles, target, limits, make_reporting(options))

    return fitted(options, make)


def _check_format(options: Options, target: Target) -> Format | None:
    """Return the format of all outputs, if one is named; UsageError for what does not fit it."""
    file = target.file_of("")
    format_ = FORMATS.get(options.format or "") or known_format(file or "")
    check_places(options, format_)
    if target.world_file and format_ is not None:
        check_world(format_, file)
    return format_


def _make_tiles(options: Options, shared: Settings, operators: tuple[Operator, ...]) -> Tiles:
    """Return the tiles of a contact sheet; UsageError for what it has no place for."""
    words = {"preview": "is too large for a terminal", "all_frames": "is of the first frame alone",
             "world_file": "lies on no map"}  # fmt: skip
    for name, reason in words.items():
        if getattr(options, name):
            word = name.replace("_", "-")
            raise UsageError(
                f"a contact sheet {reason}; drop --{word} or --grid", options=(name, "grid")
            )
    from edgecli.detect.sheet import choose_tiles  # for those who ask for it

    thresholds = choose_thresholds(options.threshold, options.hysteresis)
    return choose_tiles(shared, operators, thresholds)


def _with_operators(
    options: Options, shared: Settings, operators: tuple[Operator, ...]
) -> Settings:
    """Return the settings of edge maps by one threshold."""
    low, pair = _only("threshold", options.threshold), _only("hysteresis", options.hysteresis)
    lines = replace(shared.lines, threshold=choose_threshold(low, pair))
    settings = replace(shared, operators=operators, lines=lines)
    _ = settings.network  # what is wrong with its file is told once, and of no image
    return settings


def _only(name: str, given: tuple[str, ...]) -> str | None:
    """Return what an option was given, if anything; UsageError for more than once."""
    if len(given) > 1:
        raise UsageError(
            f"{name} is given {len(given)} times; give it once, or --grid for a tile of each"
        )
    return given[0] if given else None


def _make_settings(options: Options, mask: Mask | None, *, strokes: bool) -> Settings:
    """Return what is done to an image by whatever operators."""
    return Settings(
        (),
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
        lines=_make_lines(options, mask),
        style=_make_style(options, strokes=strokes),
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


def _read_mask(options: Options) -> Mask | None:
    """Return where edges count, and the name of the file that says so."""
    if options.mask is None:
        return None
    from edgecli.images.files import read_mask

    mask, info = read_mask(
        options.mask, max_pixels=options.max_pixels, auto_orient=not options.no_auto_orient
    )
    tell(info)
    return mask, os.path.basename(options.mask)


def _make_lines(options: Options, mask: Mask | None) -> Lines:
    pixels, name = mask or (None, None)
    return Lines(
        options.thin, None, options.border, pixels, options.min_length, options.close_gaps, name
    )


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
    by_default = options.world_file and not is_written("world_file")
    asked = options.world_file and not by_default
    return Target(
        output, options.format, folder, options.no_clobber, spared, numbers, asked, by_default
    )


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
