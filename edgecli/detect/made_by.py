"""The command line that settings stand for: edge maps and reports say by it how they were made."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from edgecli.detect.settings import Settings
from edgecli.images.colour import colour_text
from edgecli.images.made_by import MadeBy
from edgecli.images.nodata import no_data_text
from edgecli.lines.thresholds import AUTO, Threshold
from edgecli.numerals import shortest
from edgecli.paint.colormaps import BLACK, WHITE
from edgecli.paint.painting import Style

WORDS = ("channels", "activation", "combine", "map", "depth", "nan")
"""The settings that are written as they are."""


def made_by(settings: Settings) -> MadeBy:
    """Return who makes the edge maps of these settings.

    >>> from edgecli.operators.operators import load_operator
    >>> made_by(Settings((load_operator("canny:1.4"),), stride=(2, 2))).command
    'edgecli detect -f canny:1.4 --stride 2'
    """
    return _made_by([], [operator.spec for operator in settings.operators], [settings])


def sheet_made_by(tiles: Sequence[Settings]) -> MadeBy:
    """Return who makes a contact sheet for which these tiles were asked."""
    specs = [operator.spec for one in tiles for operator in one.operators]
    return _made_by(["--grid"], [*dict.fromkeys(specs)], tiles)


def _made_by(first: list[str], specs: list[str], tiles: Sequence[Settings]) -> MadeBy:
    """Return the command line of settings that differ in their filters and thresholds alone."""
    filters = [] if specs == ["sobel"] else [word for spec in specs for word in ("-f", spec)]
    thresholds = [*dict.fromkeys(one.lines.threshold for one in tiles)]
    options = [*_options(tiles[0]), *map(_threshold_option, thresholds)]
    defaults, written = dict(_options(_plain(tiles[0]))), list[str]()
    for name, value in options:
        if value and value != defaults.get(name):
            written += [f"--{name}"] if value is True else [f"--{name}", value]
    command = shlex.join(["edgecli", "detect", *first, *filters, *written])
    return MadeBy("".join(char if char.isprintable() else "?" for char in command))


def _plain(settings: Settings) -> Settings:
    """Return what is done without options: to pixels, or to strokes, which are black on nothing."""
    if settings.finish is None:
        return Settings(())
    style = Style(line=BLACK, paper=None)
    return Settings((), style=style, finish=type(settings.finish)())


def _options(settings: Settings) -> Iterator[tuple[str, str | bool | None]]:
    """Yield the options that settings come from, but for filters and thresholds, as written."""
    yield from _style_options(settings.style)
    lines, padding = settings.lines, settings.padding
    yield "padding", padding if isinstance(padding, str) else _listed(padding)
    yield "padding-mode", str(settings.padding_mode)
    yield "stride", _listed(settings.stride)
    yield "dilation", _listed(settings.dilation)
    yield "convolve", settings.convolve
    for name in WORDS:
        yield name, getattr(settings, name)
    yield "bias", ",".join(map(shortest, settings.bias))
    yield "scales", ",".join(map(shortest, settings.scales))
    yield "nodata", None if settings.nodata is None else no_data_text(settings.nodata)
    yield "white", None if settings.white is None else shortest(settings.white)
    yield "resize", str(settings.resize or "")
    yield "background", colour_text(settings.background)
    yield "no-auto-orient", not settings.auto_orient
    yield "thin", lines.thin
    yield "border", str(lines.border)
    yield "mask", lines.mask_name
    yield "min-length", shortest(lines.min_length)
    yield "close-gaps", shortest(lines.close_gaps)
    yield from _stroke_options(settings)


def _stroke_options(settings: Settings) -> Iterator[tuple[str, str | bool | None]]:
    finish, size = settings.finish, settings.size
    yield "simplify", None if finish is None else shortest(finish.simplify)
    yield "curves", finish is not None and finish.curves
    yield "size", None if size is None else str(size)


def _style_options(style: Style) -> Iterator[tuple[str, str | bool | None]]:
    yield "colormap", style.colormap
    yield "overlay", None if style.overlay is None else colour_text(style.overlay)
    yield "line", None if style.line is None else colour_text(style.line)
    if style.paper == WHITE:
        yield "invert", True
    else:
        yield "paper", "none" if style.paper is None else colour_text(style.paper)
    yield "stroke", str(style.stroke)


def _threshold_option(threshold: Threshold | None) -> tuple[str, str | bool | None]:
    pair = threshold is not None and threshold != AUTO and threshold.linked
    return "hysteresis" if pair else "threshold", str(threshold or "")


def _listed(numbers: tuple[int, ...]) -> str:
    """Return numbers as an option has them: one for all that are equal."""
    return ",".join(map(str, numbers if len({*numbers}) > 1 else numbers[:1]))
