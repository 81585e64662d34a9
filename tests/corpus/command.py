"""A line of the corpus: one command, or several that follow one another in one folder."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

FILES = Path(__file__).with_name("commands")


@dataclass(frozen=True)
class Step:
    """The arguments of one command, and the file on its standard input, if there is one.

    A file that is ``piped`` can be read once, from its beginning to its end.
    """

    args: tuple[str, ...]
    stdin: str | None = None
    piped: bool = False


@dataclass(frozen=True)
class Command:
    """A line as a shell would take it, without ``edgecli``: ``detect - -o - < a.pgm``.

    ``cat FILE |`` is no other command, but gives a pipe; ``&&`` stands between commands.
    """

    line: str

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return the commands of the line, in order."""
        return tuple(_step(part) for part in self.line.split(" && "))

    def asking(self, more: str) -> Command:
        """Return the same commands with more at the end of each, ``{}`` its number."""
        parts = (re.fullmatch(r"(.*?)( < .*)?", part) for part in self.line.split(" && "))
        asked = (f"{m[1]} {more.format(n)}{m[2] or ''}" for n, m in enumerate(parts) if m)
        return Command(" && ".join(asked))

    @property
    def words(self) -> frozenset[str]:
        """Return what may be names of inputs: every argument, and its beginning as a path."""
        found: set[str] = set()
        for step in self.steps:
            for word in (*step.args, step.stdin or ""):
                found |= {word, *re.split(r"[/*]", word)}
        return frozenset(found)


def _step(text: str) -> Step:
    match shlex.split(text):
        case ["cat", name, "|", *args]:
            return Step(tuple(args), name, piped=True)
        case [*args, "<", name]:
            return Step(tuple(args), name)
        case args:
            return Step(tuple(args))


def read_commands() -> list[Command]:
    """Return the corpus; ``#`` begins a comment's line."""
    lines = [
        line
        for path in sorted(FILES.glob("*.txt"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    return [Command(line) for line in dict.fromkeys(lines)]


def representative(commands: Iterable[Command]) -> Iterator[Command]:
    """Yield commands of which each says what none before it does: an option, a value, a file."""
    said: set[tuple[object, ...]] = set()
    for command in commands:
        news = {new for step in command.steps for new in _said(step)}
        if news - said:
            said |= news
            yield command


def _said(step: Step) -> Iterator[tuple[object, ...]]:
    """Yield a command's words: options with the command's name and with their values."""
    yield "stdin", step.stdin, step.piped
    for word, following in zip(step.args, [*step.args[1:], ""], strict=True):
        yield (word, step.args[0]) if word.startswith("-") else (word,)
        if word.startswith("-"):
            yield word, following
