"""Help: examples first, then options in groups; what is mistyped is answered with what is meant.

Loaded with the command line itself, so nothing here may be slow to import.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import wrap
from typing import Any

import click

from edgecli.errors import hint, meant

GROUPS = ("Folder", "Filter", "Window", "Lines", "Look", "Score", "Output", "Run", "Report")
"""The groups of options in the order of the help, of which each command has some."""

FEW = 10
"""So many options need no groups."""

COLUMN = 26
"""Where the help of an option begins, unless the option is longer: then on a line below."""

Example = tuple[str, str]
"""A command, and what it does."""


class Option(click.Option):
    """An option that says in which group of the help it is shown."""

    def __init__(self, *args: Any, group: str = "", **details: Any) -> None:
        super().__init__(*args, **details)
        self.group = group


class Choice(click.Choice[str]):
    """A choice that asks back whether a word nearby was meant."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Say which words there are, or the one that was meant."""
        del ctx
        said = hint(str(value), map(str, self.choices))
        return f"{value!r} is unknown; {said}"


class Command(click.Command):
    """A command whose help has examples, and options in groups."""

    def __init__(self, *args: Any, examples: Sequence[Example] = (), **details: Any) -> None:
        super().__init__(*args, **details)
        self.examples = examples

    def get_help_option_names(self, ctx: click.Context) -> list[str]:
        """Return -h and --help, whatever the context: click keeps what the first one had."""
        del ctx
        return ["-h", "--help"]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, and let each refusal know of which command it is."""
        with _of_command(ctx, tuple(args)):
            return super().parse_args(ctx, args)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does, and the examples."""
        super().format_help_text(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                for line in example_lines(self.examples, formatter.width - 2):
                    formatter.write(f"  {line}\n")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, each group below its name."""
        for title, options in grouped(self, ctx):
            with formatter.section(title):
                for option in options:
                    formatter.write("".join(_option_lines(option, ctx, formatter.width)))


class Group(Command, click.Group):
    """A group of such commands, which knows what a mistyped one was to be."""

    command_class = Command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands before the options."""
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which one meets them."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, each with all of its first sentence."""
        lines = [(name, self.commands[name].get_short_help_str(200)) for name in self.commands]
        with formatter.section("Commands"):
            formatter.write_dl(lines)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command by its name; UsageError that names one nearby."""
        if not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            known = hint(args[0], self.list_commands(ctx))
            if os.path.isfile(args[0]):
                known = f"for its edges type: edgecli detect {shlex.join(args)}"
            raise Advised(f"command {args[0]!r} is unknown; {known}", ctx)
        return super().resolve_command(ctx, args)


class Advised(click.UsageError):
    """A refusal that says itself what to do next."""


@contextmanager
def _of_command(ctx: click.Context, args: Sequence[str]) -> Iterator[None]:
    """Let errors of the parser, which does not know it, know the command.

    A pattern of the shell may have given a file whose name begins with a dash.
    """
    try:
        yield
    except click.NoSuchOption as error:
        near = meant(error.option_name, _names(ctx), 0.75) or f"see '{ctx.command_path} --help'"
        if file := next((arg for arg in args if arg.startswith("-") and os.path.isfile(arg)), None):
            near = f"for the file of that name write {shlex.quote('./' + file)}"
        raise Advised(f"option {error.option_name!r} is unknown; {near}", ctx) from error
    except click.UsageError as error:
        error.ctx = error.ctx or ctx
        raise


def _names(ctx: click.Context) -> list[str]:
    return [name for option in ctx.command.get_params(ctx) for name in option.opts]


def grouped(command: click.Command, ctx: click.Context) -> Iterator[tuple[str, list[click.Option]]]:
    """Yield each group of a command's options with its name; the last has --help."""
    options = [one for one in command.get_params(ctx) if isinstance(one, click.Option)]
    if len(options) <= FEW:
        yield "Options", options
        return
    for title in (*GROUPS, ""):
        own = [one for one in options if group_of(one) == title]
        if own:
            yield title or "Options", own


def group_of(option: click.Option) -> str:
    """Return the name of an option's group; --help is click's own."""
    return "Report" if "--help" in option.opts else getattr(option, "group", "")


def example_lines(examples: Sequence[Example], width: int) -> Iterator[str]:
    """Yield commands with what they do beside them, or below where the terminal is narrow."""
    longest = max(len(line) for line, _ in examples)
    for line, text in examples:
        if max(longest + 4 + len(other) for _, other in examples) <= width:
            yield f"{line:<{longest}}  # {text}"
        else:
            yield from (f"# {text}", line)


def option_head(option: click.Option, ctx: click.Context) -> str:
    """Return how an option is written, with the value that it takes.

    >>> thin = Option(["-t", "--thin"], is_flag=True)
    >>> option_head(thin, click.Context(click.Command("x")))
    '-t, --thin'
    """
    names = ", ".join(option.opts)
    return names if option.is_flag or option.count else f"{names} {values_of(option, ctx)}"


def values_of(option: click.Option, ctx: click.Context) -> str:
    """Return what can be written for an option, ``|`` between the choices."""
    pattern = option.make_metavar(ctx)
    return "|".join(option.type.choices) if isinstance(option.type, click.Choice) else pattern


def option_text(option: click.Option, ctx: click.Context) -> str:
    """Return what an option does, with its default."""
    extra = option.get_help_extra(ctx)
    default = extra.get("default")
    return f"{option.help or ''}  [default: {default}]" if default else option.help or ""


def _option_lines(option: click.Option, ctx: click.Context, width: int) -> Iterator[str]:
    """Yield the lines of an option: as written, broken between choices, and what it does."""
    head = _break(option_head(option, ctx), width - 2)
    text = _wrap(option_text(option, ctx), width - 2 - COLUMN)
    if len(head) == 1 and len(head[0]) <= COLUMN - 2:
        head = [f"{head[0]:<{COLUMN}}{text[0]}" if text else head[0]]
        text = text[1:]
    yield from (f"  {line}\n" for line in head)
    yield from (f"  {'':<{COLUMN}}{line}\n" for line in text)


def _wrap(text: str, width: int) -> list[str]:
    """Wrap a text; what is short in brackets stays on one line, if it has room there.

    >>> _wrap("Pixels to the next.  [default: 1]", 30)
    ['Pixels to the next.', '[default: 1]']
    """
    kept = text
    if (match := re.search(r"\[[^\[\]]{,30}\]$", text)) and len(match[0]) <= width:
        kept = text[: match.start()] + match[0].replace(" ", "\0")
    return [line.replace("\0", " ") for line in wrap(kept, width, break_on_hyphens=False)]


def _break(head: str, width: int) -> list[str]:
    """Break what is written between the choices, below the first of them.

    >>> _break("--map abs|clip|signed", 16)
    ['--map abs|clip|', '      signed']
    """
    start = head.rfind(" ") + 1
    lines = [head[:start]]
    for part in head[start:].replace("|", "|\n").split("\n"):
        if len(lines[-1]) + len(part) > width:
            lines.append(" " * start)
        lines[-1] += part
    return lines


def examples(*lines: str) -> tuple[Example, ...]:
    """Read examples as they are written in a shell, each ``command  # what it does``.

    >>> examples("edgecli filters list  # all")
    (('edgecli filters list', 'all'),)
    """
    return tuple((a.strip(), b.strip()) for a, b in (line.split("  # ") for line in lines))


@click.command("help", cls=Command, help="Show the help of a command.")
@click.argument("words", nargs=-1, metavar="[COMMAND]...")
@click.pass_context
def command(context: click.Context, words: tuple[str, ...]) -> None:
    """Carry out ``edgecli help``."""
    here = context.parent or context
    for word in words:
        if not isinstance(here.command, click.Group):
            break
        _, found, _ = here.command.resolve_command(here, [word])
        here = click.Context(found or here.command, parent=here, info_name=word)
    click.echo(here.get_help())
