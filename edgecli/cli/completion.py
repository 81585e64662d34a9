"""``edgecli completion``: a script for a shell, made of the same definitions as --help.

The script holds all that it offers, so that no key waits for Python to start.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import click

from edgecli.batch.inputs import EXTENSIONS
from edgecli.cli import main
from edgecli.cli.config import STYLES
from edgecli.cli.help import Choice, Command, examples
from edgecli.cli.shells import SHELLS, OptionPlace, Place, Words
from edgecli.filters import BUILTIN_FILTERS, RECIPES
from edgecli.images.colour import COLOURS
from edgecli.images.foreign import EXTRAS
from edgecli.networks.files import zoo_names

IMAGES = sorted({*EXTENSIONS, ".npz", ".txt"}.union(*(extra.extensions for extra in EXTRAS)))
ANY, FOLDERS = ["*"], ["/"]

FILES: Mapping[str, list[str]] = {
    "INPUT": IMAGES, "IMAGE": IMAGES, "TARGET": IMAGES, "SOURCE": FOLDERS, "DIR": FOLDERS,
    "FILE": ANY, "PATH": ANY, "FILE.svg": [".svg"], "FILE.npz": [".npz"],
}  # fmt: skip
"""What files can be what a pattern of values names."""


def all_words() -> Iterator[Words]:
    """Yield what can be written, for each command, groups before those in them."""
    yield from _walk(main, click.Context(main, info_name="edgecli"), ())


def _walk(command: click.Command, ctx: click.Context, path: tuple[str, ...]) -> Iterator[Words]:
    params = command.get_params(ctx)
    options = tuple(_option(one, ctx, path) for one in params if isinstance(one, click.Option))
    arguments = [one for one in params if isinstance(one, click.Argument)]
    names = tuple(command.list_commands(ctx)) if isinstance(command, click.Group) else ()
    yield Words(
        path,
        command.get_short_help_str(200),
        options,
        tuple(_place(one, ctx, path) for one in arguments),
        any(one.nargs < 0 for one in arguments),
        names,
    )
    for name in names:
        assert isinstance(command, click.Group)  # noqa: S101 (for mypy)
        found = command.get_command(ctx, name)
        if found is not None:
            inner = click.Context(found, parent=ctx, info_name=name)
            yield from _walk(found, inner, (*path, name))


def _option(option: click.Option, ctx: click.Context, path: tuple[str, ...]) -> OptionPlace:
    value = None if option.is_flag or option.count else _place(option, ctx, path)
    text = re.split(r"(?<=[^.])\. |  \[|[;:] ", option.help or "")[0].rstrip(".")
    return OptionPlace(tuple(option.opts), text, option.multiple, value)


def _place(one: click.Parameter, ctx: click.Context, path: tuple[str, ...]) -> Place:
    """Read off a pattern what can be written: its lower-case words, and what its names stand for.

    >>> context = click.Context(main)
    >>> _place(click.Option(["--x"], metavar="V|otsu|auto|FILE.svg"), context, ())
    Place(pattern='V|otsu|auto|FILE.svg', words=('otsu', 'auto'), files=('.svg',), styles=False)
    """
    if isinstance(one.type, click.Choice):
        return Place("|".join(one.type.choices), tuple(one.type.choices), ())
    pattern = one.make_metavar(ctx)
    words: list[str] = []
    files: list[str] = []
    for part in pattern.replace("...", "").strip("[]").split("|"):
        if re.fullmatch(r"[a-z][a-z0-9-]+", part):
            words.append(part)
        words += _named(part, path)
        files += FILES.get(part, ())
    return Place(pattern, tuple(words), tuple(files), pattern == "STYLE")


def _named(part: str, path: tuple[str, ...]) -> list[str]:
    """Return the names that a pattern's word stands for."""
    match part:
        case "NAME":
            return zoo_names() if path[:1] == ("network",) else [*BUILTIN_FILTERS, *RECIPES]
        case "STYLE":
            return [*STYLES]
        case "COLOUR":
            return [*COLOURS]
        case "COMMAND":
            return main.list_commands(click.Context(main))
    return []


@click.command(
    "completion",
    cls=Command,
    examples=examples(
        "source <(edgecli completion bash)  # a line for ~/.bashrc",
        "source <(edgecli completion zsh)  # for ~/.zshrc, after compinit",
        "edgecli completion fish | source  # for ~/.config/fish/config.fish",
    ),
    help="""Print what lets a shell complete edgecli.

    Options, filters, networks, styles, values and files are completed, without starting Python.
    """,
)
@click.argument("shell", type=Choice([*SHELLS]))
def command(shell: str) -> None:
    """Carry out ``edgecli completion``."""
    click.echo(SHELLS[shell](list(all_words())), nl=False)
