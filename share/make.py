"""Write the manual pages and the completions anew: ``python -m share.make``.

They are made of the definitions that --help shows, and kept in the repository so that a wheel needs
only files; a test holds them to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from edgecli import __version__
from edgecli.cli import main
from edgecli.cli.completion import all_words
from edgecli.cli.help import Command, grouped, option_head, option_text
from edgecli.cli.shells import SHELLS

FOLDER = Path(__file__).parent

COMPLETIONS = {
    "bash": "bash-completion/completions/edgecli",
    "zsh": "zsh/site-functions/_edgecli",
    "fish": "fish/vendor_completions.d/edgecli.fish",
}
"""Where shells look for completions, below a ``share``."""

EXIT = """
.SH EXIT STATUS
0: all done. 1: something failed, the others are done. 2: wrong usage. 130: interrupted.
"""


def contents() -> Mapping[str, str]:
    """Return each file, by its path here, with its text."""
    words = list(all_words())
    files = {COMPLETIONS[shell]: script(words) for shell, script in SHELLS.items()}
    names = ["-".join(("edgecli", *one.path)) for one in words]
    for one in words:
        context = click.Context(main, info_name="edgecli")
        command: click.Command = main
        for word in one.path:
            assert isinstance(command, click.Group)  # noqa: S101 (for mypy)
            found = command.get_command(context, word)
            assert found is not None  # noqa: S101
            command = found
            context = click.Context(command, parent=context, info_name=word)
        name = "-".join(("edgecli", *one.path))
        files[f"man/man1/{name}.1"] = manual_page(name, command, context, names)
    return files


def manual_page(name: str, command: click.Command, context: click.Context, all_: list[str]) -> str:
    """Return a command's manual page in roff."""
    lines = [f'.TH {_text(name.upper())} 1 "" "edgecli {__version__}" "edgecli"', ".SH NAME"]
    lines += [f"{_text(name)} \\- {_text(command.get_short_help_str(200).rstrip('.'))}"]
    usage = " ".join(command.collect_usage_pieces(context))
    lines += [".SH SYNOPSIS", f".B {_text(context.command_path)}", _text(usage)]
    lines += [".SH DESCRIPTION", *_paragraphs(command.help or "")]
    if isinstance(command, Command) and command.examples:
        lines.append(".SH EXAMPLES")
        for line, text in command.examples:
            lines += [".TP", f".B {_text(line)}", _text(text)]
    if isinstance(command, click.Group):
        lines.append(".SH COMMANDS")
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            told = found.get_short_help_str(200) if found else ""
            lines += [".TP", f".B {_text(inner)}", _text(told)]
    lines += _options(command, context)
    near = [f".BR {_text(other)} (1)" for other in _near(name, all_)]
    return "\n".join([*lines, EXIT.strip(), ".SH SEE ALSO", *near]) + "\n"


def _near(name: str, all_: list[str]) -> list[str]:
    """Return the pages above and below, or else beside."""
    return [one for one in all_ if one != name and (one.count("-") < 2 or one.startswith(name))]


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for title, options in grouped(command, context):
        yield f".SH {title.upper()}"
        for option in options:
            yield ".TP"
            yield f".B {_text(option_head(option, context))}"
            yield _text(option_text(option, context))


def _paragraphs(text: str) -> Iterator[str]:
    for number, part in enumerate(re.split(r"\n\s*\n", text.strip())):
        if number:
            yield ".PP"
        yield _text(" ".join(part.split()))


def _text(text: str) -> str:
    r"""Escape what roff would obey, and name the signs that it may lack.

    >>> print(_text("--thin's \\ …"))
    \-\-thin\(aqs \e ...
    """
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq")
    text = text.replace('"', r"\(dq")
    text = (
        text.replace("…", "...").replace("·", r"\(pc").replace("Σ", r"\(*S").replace("²", r"\(S2")
    )
    return rf"\&{text}" if text.startswith(".") else text


if __name__ == "__main__":
    for path, content in contents().items():
        place = FOLDER / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content, encoding="utf-8")
