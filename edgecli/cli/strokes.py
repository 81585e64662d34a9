"""What the options of strokes mean, and which of them a format has a place for."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from edgecli.cli.options import Options
from edgecli.detect.outputs import Target
from edgecli.errors import UsageError
from edgecli.images.formats import FORMATS, known_format

if TYPE_CHECKING:
    from edgecli.strokes.base import Finish
    from edgecli.strokes.files.sheet import Size

PLACES = {
    "simplify": ("svg", "dxf", "geojson", "points"),
    "curves": ("svg",),
    "size": ("svg", "dxf"),
    "overlay": ("svg",),
}
"""The options that only some formats of strokes have a place for."""

LOOKS = ("line", "paper", "stroke", "invert", "alpha_out")
"""Options of pixels and of SVG. A style may have them for any format; who writes one means it."""


def strokes_format(options: Options, target: Target) -> str | None:
    """Return the format in which strokes are to be written, None for pixels.

    UsageError for options that a format has no place for.
    """
    format_ = FORMATS.get(options.format or "") or known_format(target.file_of("") or "")
    strokes = format_ is not None and format_.strokes
    name = format_.name if format_ is not None else "png"
    for option, places in PLACES.items():
        given = getattr(options, option) not in (None, False)
        if given and name not in places and (strokes or option != "overlay"):
            raise UsageError(
                f"{name} has no place for --{option}; drop --{option}, or give --format "
                f"{' or '.join(places)}"
            )
    for option in filter(is_written, LOOKS if strokes and name != "svg" else ()):
        word = option.replace("_", "-")
        raise UsageError(f"{name} has no place for --{word}; drop --{word}, or give --format svg")
    return name if strokes else None


def is_written(option: str) -> bool:
    """Whether an option stands on the command line itself, rather than in a style."""
    context = click.get_current_context(silent=True)
    return context is not None and (
        context.get_parameter_source(option) is ParameterSource.COMMANDLINE
    )


def make_finish(options: Options) -> Finish:
    """Return how strokes are simplified; the points of a table only where that is asked for."""
    from edgecli.strokes.base import Finish  # for those who ask for strokes

    simplify = options.simplify
    if simplify is None:
        simplify = 0.0 if options.format == "points" else Finish.simplify
    if not simplify < inf:
        raise UsageError(f"simplify must be at least 0 pixels, not {simplify:g}")
    return Finish(simplify=simplify, curves=options.curves)


def make_size(options: Options) -> Size | None:
    """Return how large a drawing is to be, if that is asked for."""
    if options.size is None:
        return None
    from edgecli.strokes.files.sheet import parse_size

    return parse_size(options.size)


def stroke_colours(options: Options) -> tuple[str | None, str | None]:
    """Return the colours of strokes and of their paper: black on none, but for what was asked for.

    >>> stroke_colours(Options()), stroke_colours(Options(paper="navy"))
    (('black', 'none'), (None, 'navy'))
    """
    line, paper = options.line, options.paper
    if options.overlay is not None or options.invert or options.colormap is not None:
        return line, paper
    bare = options.alpha_out or paper in (None, "none")
    return line or ("black" if bare else None), "none" if bare else paper
