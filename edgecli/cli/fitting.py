"""Which options go together with what is written: others of styles and defaults are left out.

A style and the defaults are for many filters and formats; who writes an option means it. What does
not go together is refused, by an error that names the options: those of them that are not written
are left out, and only where all are is the refusal told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from edgecli.cli.config import as_written
from edgecli.cli.options import WORDS, Options
from edgecli.detect.settings import LOOKS
from edgecli.errors import EdgeCliError, UsageError
from edgecli.images.formats import FORMATS, Format, known_format
from edgecli.records import replace

Made = TypeVar("Made")

PLACES: dict[str, tuple[str, ...]] = {
    "simplify": ("svg", "dxf", "geojson", "points"),
    "curves": ("svg",),
    "size": ("svg", "dxf"),
}
"""The options that only some formats of strokes have a place for."""

_OPTIONS: dict[str, tuple[str, Any]] = {
    one.name: (word, one.default) for one, word in zip(fields(Options), WORDS, strict=True)
}


def fitted(options: Options, make: Callable[[Options], Made]) -> Made:
    """Return what is made of options, but for those that were left out; an EdgeCliError of others.

    With ``--explain`` these are told.
    """
    options = _named(options)
    while True:
        try:
            return make(options)
        except EdgeCliError as error:
            loose = next((name for name in error.options if _is_loose(name, options)), None)
            if loose is None:
                raise
            word, default = _OPTIONS[loose]
            if options.explain:
                left_out = as_written({word: getattr(options, loose)})
                click.echo(f"edgecli: left out here: {left_out}", err=True)
            options = replace(options, **{loose: default})


def _is_loose(name: str, options: Options) -> bool:
    return getattr(options, name) != _OPTIONS[name][1] and not is_written(name)


def _named(options: Options) -> Options:
    """Return options whose output has the format of its name, unless another is written."""
    named = known_format(options.output or "")
    if options.format is None or named is None or is_written("format"):
        return options
    extensions = FORMATS[options.format].extensions
    return replace(options, format=None) if named.extensions[0] not in extensions else options


def check_places(options: Options, format_: Format | None) -> None:
    """Raise UsageError for an option that a format, None for PNG, or numbers have no place for."""
    if options.map == "raw" and options.depth is not None:
        raise UsageError(
            "map 'raw' writes numbers as they are, whatever the bits of pixels; drop --depth",
            options=("depth", "map"),
        )
    format_ = format_ or FORMATS["png"]
    for option, formats in PLACES.items():
        if format_.name not in formats:
            _refuse_place(option, options, format_, formats)
    if format_.strokes and format_.name != "svg":
        for option in LOOKS:  # which pixels have, whatever the format
            _refuse_place(option, options, format_, ("svg",))


def _refuse_place(option: str, options: Options, format_: Format, formats: tuple[str, ...]) -> None:
    word, default = _OPTIONS[option]
    if getattr(options, option) != default:
        raise UsageError(
            f"{format_.name} has no place for --{word}; drop --{word}, or give --format "
            f"{' or '.join(formats)}",
            options=(option,),
        )


def is_written(option: str) -> bool:
    """Whether an option stands on the command line itself, rather than in a style."""
    context = click.get_current_context(silent=True)
    return context is None or (context.get_parameter_source(option) is ParameterSource.COMMANDLINE)
