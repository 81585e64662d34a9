"""Which options fit what is written: others are refused where they are written, and else left out.

A style and the defaults are for many filters and formats; who writes an option means it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import click
from click.core import ParameterSource

from edgecli.cli.options import Options
from edgecli.detect.outputs import Target
from edgecli.detect.settings import OF_BANKS
from edgecli.errors import UsageError
from edgecli.images.formats import FORMATS, known_format
from edgecli.operators.operators import Operator
from edgecli.records import replace

PIXELS = "pixels"
LOOKS = ("line", "paper", "stroke", "invert", "alpha_out", "overlay")

PLACES: dict[str, tuple[str, ...]] = {
    "simplify": ("svg", "dxf", "geojson", "points"),
    "curves": ("svg",),
    "size": ("svg", "dxf"),
    **dict.fromkeys(LOOKS, ("svg", PIXELS)),
    **dict.fromkeys(("depth", "colormap"), (PIXELS,)),
}
"""The options that only some formats of strokes have a place for, or pixels."""


def fitted(
    options: Options, target: Target, operators: Sequence[Operator]
) -> tuple[Options, str | None]:
    """Return the options that fit, and the format in which strokes are written, None for pixels.

    UsageError for an option that was written and that a format has no place for; what else does not
    go together, settings refuse.
    """
    format_ = FORMATS.get(options.format or "") or known_format(target.file_of("") or "")
    name = format_.name if format_ is not None else "png"
    strokes = name if format_ is not None and format_.strokes else None
    places = strokes or PIXELS
    for option, others in PLACES.items():
        formats = [one for one in others if one != PIXELS]
        if places not in others and formats and is_written(option):
            word = option.replace("_", "-")
            raise UsageError(
                f"{name} has no place for --{word}; drop --{word}, or give --format "
                f"{' or '.join(formats)}"
            )
    left_out: dict[str, Any] = {
        option: getattr(Options(), option)
        for option in _unfit(options, places, operators)
        if not is_written(option)
    }
    return replace(options, **left_out), strokes


def _unfit(options: Options, places: str, operators: Sequence[Operator]) -> Iterator[str]:
    """Yield the options that change nothing in what is written, or are refused."""
    yield from (option for option, others in PLACES.items() if places not in others)
    if not all(operator.slides for operator in operators):
        yield from OF_BANKS
    if options.map == "raw":  # numbers have no colour
        yield from (*LOOKS, "colormap")
    if options.combine == "direction":  # hues are their own
        yield from ("colormap", "line")


def is_written(option: str) -> bool:
    """Whether an option stands on the command line itself, rather than in a style."""
    context = click.get_current_context(silent=True)
    return context is not None and (
        context.get_parameter_source(option) is ParameterSource.COMMANDLINE
    )
