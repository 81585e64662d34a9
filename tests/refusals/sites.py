"""The places in the package that refuse, found in its code, and those that a run has met."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import edgecli
from edgecli import errors

PACKAGE = Path(edgecli.__file__).parent
APART = "training"  # a program of its own, which needs torch

_KINDS = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
_MAKERS = {"error", "cut_short"}  # methods that begin a message with the name of a file


@dataclass(frozen=True)
class Site:
    """A call that makes an error: its file in the package, its lines, and its words."""

    file: str
    first: int
    last: int
    words: str

    def __str__(self) -> str:
        return f"{self.file}: {self.words}"


@cache
def all_sites() -> tuple[Site, ...]:
    """Return every call in the package that makes an error of a text of its own."""
    paths = (path for path in sorted(PACKAGE.rglob("*.py")) if APART not in path.parts)
    return tuple(site for path in paths for site in _sites_of(path))


def _sites_of(path: Path) -> Iterator[Site]:
    name = path.relative_to(PACKAGE).as_posix()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _makes_an_error(node) and node.args:
            words = _words(node.args[0])
            if words:
                yield Site(name, node.lineno, node.end_lineno or node.lineno, words)


def _makes_an_error(call: ast.Call) -> bool:
    match call.func:
        case ast.Name(id=name):
            return name in _KINDS
        case ast.Attribute(attr=name):
            return name in _MAKERS
    return False


def _words(text: ast.expr) -> str:
    """Return what a text says, each value in it as ``…``; nothing where it is only passed on."""
    match text:
        case ast.Constant(value=str(value)):
            return value
        case ast.JoinedStr(values=parts):
            said = "".join(
                str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts
            )
            return said if any(word.isalpha() for word in said.split()) else ""
    return ""


@contextmanager
def met() -> Iterator[set[tuple[str, int]]]:
    """Collect the files and lines of the package that make errors, and those that called them."""
    places: set[tuple[str, int]] = set()
    make = errors.EdgeCliError.__init__

    def noted(self: errors.EdgeCliError, *args: Any, **options: Any) -> None:
        make(self, *args, **options)
        frame = sys._getframe(1)
        while frame is not None and (name := _in_package(frame.f_code.co_filename)):
            places.add((name, frame.f_lineno))
            frame = frame.f_back  # type: ignore[assignment]

    with patch.object(errors.EdgeCliError, "__init__", noted):
        yield places


def _in_package(file: str) -> str:
    path = Path(file)
    return path.relative_to(PACKAGE).as_posix() if PACKAGE in path.parents else ""


def unmet(places: set[tuple[str, int]]) -> list[Site]:
    """Return the sites at which no error was made."""
    return [
        site
        for site in all_sites()
        if not any((site.file, line) in places for line in range(site.first, site.last + 1))
    ]
