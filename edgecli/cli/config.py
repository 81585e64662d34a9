"""Options that have a name: the built-in styles, and people's own, with their defaults, in a file.

``edgecli.toml`` has a table ``[defaults]``, and a table ``[styles.NAME]`` for each style, whose
keys are options as written, without their dashes. What is written on the command line goes before a
style, which goes before defaults. Every command heeds the defaults of those of the shared options
that it has.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import click
from click.core import ParameterSource

from edgecli.errors import UsageError, hint, meant
from edgecli.records import dataclass, field

Bundle = Mapping[str, Any]
"""Options without their dashes, and their values: texts, numbers, true, false, lists of texts."""

STYLES: dict[str, Bundle] = {
    "pencil": {"filter": "gradient", "paper": "white"},
    "coloring": {
        "filter": "learned", "scales": "0.5,1", "thin": True, "hysteresis": "0.35,0.6",
        "min-length": 10, "close-gaps": 4, "stroke": 3, "paper": "white",
    },
    "plotter": {
        "filter": "learned", "thin": True, "hysteresis": "0.25,0.5", "border": 3,
        "min-length": 10, "close-gaps": 4, "paper": "white",
    },
    "blueprint": {"filter": "learned", "thin": True, "stroke": 2, "paper": "#1f4e8c"},
    "mask": {"filter": "learned", "hysteresis": "0.4,0.65"},
}  # fmt: skip
"""The built-in styles, chosen by what they make of twenty photos."""

ALTERNATIVES = (
    {"filter", "scales"},
    {"threshold", "hysteresis"},
    {"paper", "invert", "alpha-out", "overlay"},
    {"line", "colormap", "overlay"},
)
"""Options of which one that is written takes the place of the others."""


@dataclass(frozen=True)
class Config:
    """What a configuration file says; ``path`` is None where there is none."""

    path: str | None = None
    defaults: Bundle = field(default_factory=dict)
    styles: dict[str, Bundle] = field(default_factory=dict)


def config_path() -> str | None:
    """Return the configuration file, if there is one; $EDGECLI_CONFIG names another, or none."""
    if "EDGECLI_CONFIG" in os.environ:
        return os.environ["EDGECLI_CONFIG"] or None
    home = os.path.expanduser("~/.config")
    path = os.path.join(os.environ.get("XDG_CONFIG_HOME") or home, "edgecli", "edgecli.toml")
    return path if os.path.isfile(path) else None


def read_config() -> Config:
    """Read the configuration file; UsageError where it is not one."""
    path = config_path()
    if path is None:
        return Config()
    import tomllib  # for those who have a file

    try:
        with open(path, "rb") as file:
            tables = tomllib.load(file)
    except OSError as error:
        advice = "check it, or the EDGECLI_CONFIG that names it"
        raise UsageError(
            f"configuration {path} cannot be read: {error.strerror}; {advice}"
        ) from error
    except ValueError as error:
        reason = "it is no UTF-8 text" if isinstance(error, UnicodeError) else error
        raise UsageError(f"configuration {path} cannot be read: {reason}; mend it there") from error
    for key in tables:
        if key not in ("defaults", "styles"):
            raise UsageError(
                f"configuration {path} has {key!r}, which is neither defaults nor styles; "
                "name the table [defaults] or [styles.NAME]"
            )
    defaults, styles = tables.get("defaults", {}), tables.get("styles", {})
    bundles = [defaults, *styles.values()] if isinstance(styles, dict) else [styles]
    for bundle in bundles:
        if not isinstance(bundle, dict):
            raise UsageError(
                f"configuration {path} has {bundle!r} where a table is to be; "
                "name the table [defaults] or [styles.NAME]"
            )
    return Config(path, defaults, styles)


def as_written(bundle: Bundle) -> str:
    """Return a bundle as it is written on a command line.

    >>> as_written({"filter": "sobel", "thin": True, "stroke": 3})
    '--filter sobel --thin --stroke 3'
    """
    return " ".join(_words(bundle))


def _words(bundle: Bundle) -> Iterator[str]:
    import shlex

    for name, value in bundle.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not False:
                yield f"--{name}" if one is True else f"--{name} {shlex.quote(str(one))}"


def word_of(names: Sequence[str]) -> str:
    """Return an option's longest name, without its dashes."""
    return max((name for name in names if name.startswith("-")), key=len).removeprefix("--")


def with_bundles(
    context: click.Context, values: dict[str, Any], known: set[str], words: Collection[str]
) -> dict[str, Any]:
    """Return the values of options, those that were not written from a style and the defaults.

    ``known`` are the parameters that a bundle may set. Defaults may be any of the ``words``: those
    of other commands are theirs. UsageError for anything else in a bundle.
    """
    config = read_config()
    options = _options(context, known)
    written = {
        name for name, option in options.items()
        if context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
    }  # fmt: skip
    styled = "style" in known
    name = values["style"] or config.defaults.get("style") if styled else None
    layers: list[tuple[str, Bundle]] = []
    if name is not None:
        place = (
            f"configuration {config.path}, style {name}"
            if name in config.styles
            else f"style {name}"
        )
        layers.append((place, _style(name, config)))
    layers.append((f"configuration {config.path}, defaults", config.defaults))
    changed = dict(values)
    for place, bundle in layers:
        taken = written.union(*(group for group in ALTERNATIVES if group & written))
        for key, value in bundle.items():
            if key not in options:
                if key in words and not styled:
                    continue
                raise UsageError(f"{place}: {key!r} is no option of a style; {_hint(key, words)}")
            if key not in taken:
                changed[str(options[key].name)] = _value(context, options[key], value, place)
        if values.get("explain") and bundle:
            click.echo(f"edgecli: {place}: {as_written(bundle)}", err=True)
        written |= set(bundle)
    return changed


def _options(context: click.Context, known: set[str]) -> dict[str, click.Option]:
    """Return a command's options by the word that follows their dashes."""
    return {
        word_of(param.opts): param
        for param in context.command.params
        if isinstance(param, click.Option) and param.name in known
    }


def _style(name: str, config: Config) -> Bundle:
    styles = STYLES | config.styles
    if name not in styles:
        raise UsageError(f"style {name!r} is unknown; {hint(name, styles)}")
    return styles[name]


def _hint(key: str, words: Collection[str]) -> str:
    near = meant(key.replace("_", "-").lstrip("-"), words)
    return near or "name one that 'edgecli detect --help' lists"


def _value(context: click.Context, option: click.Option, value: Any, place: str) -> Any:
    """Return an option's value as if it had been written."""
    name = max(option.opts, key=len)
    if option.is_flag != isinstance(value, bool) or isinstance(value, dict):
        wanted = "true or false" if option.is_flag else "a text or a number"
        raise UsageError(f"{place}: {name} is {wanted}, not {value!r}; write it so")
    if option.multiple:
        value = [str(one) for one in value] if isinstance(value, list) else [str(value)]
    elif not option.is_flag:
        value = str(value)
    try:
        return option.type_cast_value(context, value)
    except click.BadParameter as error:
        advice = "" if ";" in error.message else "; choose another"
        raise UsageError(f"{place}: {name}: {error.message.rstrip('.')}{advice}") from error
