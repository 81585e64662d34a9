"""Names of files with fields in braces for what tells edge maps apart: ``{stem}-{filter}.png``.

Braces are written twice to stand for themselves, as in Python's format strings.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from string import Formatter

from edgecli.errors import UsageError

FIELDS = ("stem", "filter", "frame")
FRAME = "04"
"""How the number of a frame is written, unless a template says."""

Part = tuple[str, str, str]
"""A text, the field that follows, if any, and how that is written."""


def check_template(text: str) -> None:
    """Raise UsageError for braces that name no field, and for numbers as in ffmpeg's names."""
    if number := re.search(r"%(0?\d*)d(?![a-zA-Z])", text, re.ASCII):
        field = f"{{frame:{number[1]}}}" if number[1] else "{frame}"
        raise UsageError(
            f"output {text!r} has {number[0]}, which nothing fills in; write {field} in its place"
        )
    try:
        parts = [*_parts(text)]
    except ValueError:
        parts = [("", "brace alone", "")]
    for _, name, how in parts:
        fits = re.fullmatch(r"0?\d{0,2}", how, re.ASCII) if name == "frame" else not how
        if name and not (name in FIELDS and fits):
            raise UsageError(
                f"output {text!r} has braces that name no field; use {{stem}}, {{filter}} or "
                "{frame}, or {frame:06}, and {{ for a brace"
            )


def fields(text: str) -> set[str]:
    """Return the fields of a template.

    >>> sorted(fields("{{a}}/{stem}-{frame:06}.png"))
    ['frame', 'stem']
    """
    return {name for _, name, _ in _parts(text) if name}


def fill(text: str, **values: str) -> str:
    """Return a template with some of its fields filled in; the others stay.

    >>> fill("{{a}}/{filter}/{frame}.png", filter="{b}")
    '{{a}}/{{b}}/{frame:04}.png'
    """
    filled = {name: literal(value) for name, value in values.items()}
    return "".join(
        literal(plain) + (filled[name] if name in filled else _field(name, how))
        for plain, name, how in _parts(text)
    )


def literal(text: str) -> str:
    """Return the template that gives a text as it is."""
    return text.replace("{", "{{").replace("}", "}}")


def split(text: str) -> tuple[str, str]:
    """Return the folder that all files of a template are below, and the rest of the template.

    >>> split("a{{b/c/{stem}/{filter}.png"), split("{stem}.png")
    (('a{b/c/', '{stem}/{filter}.png'), ('', '{stem}.png'))
    """
    before = ""
    for plain, name, _ in _parts(text):
        before += plain
        if name:
            break
    folder = before[: _folder_end(before)]
    return folder, text[len(literal(folder)) :]


def with_tree(text: str) -> str:
    """Return a template with one more field: a ``tree`` of folders, to stand before the stem.

    >>> with_tree("{filter}/x-{stem}.png"), with_tree("{stem}/{filter}.png")
    ('{filter}/{tree}x-{stem}.png', '{tree}{stem}/{filter}.png')
    """
    before = ""
    for plain, name, how in _parts(text):
        before += literal(plain)
        if name == "stem":
            break
        before += _field(name, how)
    cut = _folder_end(before)
    return f"{before[:cut]}{{tree}}{fill(text)[cut:]}"


def _folder_end(path: str) -> int:
    return max(path.rfind("/"), path.rfind(os.sep)) + 1


def _field(name: str, how: str) -> str:
    """Return a field as it is written, or nothing where there is none."""
    how = how or FRAME * (name == "frame")
    return f"{{{name}:{how}}}" if how else f"{{{name}}}" * bool(name)


def _parts(text: str) -> Iterator[Part]:
    """Yield the parts of a template; ValueError where it has a brace alone."""
    for plain, name, how, conversion in Formatter().parse(text):
        unknown = name == "" or conversion is not None
        yield plain, "?" if unknown else name or "", how or ""
