"""Numbers in text, as people and programs write them: one rule for grids and for filters.

Numbers are separated by the first of these that a text has: semicolons, tabs, commas, blanks.
Blanks beside another separator do not count, nor do tabs beside a comma or at a line's ends. A
comma that does not separate, as between semicolons, tabs or quotes, is a decimal mark. Refused is
what can be read in two ways: commas and blanks that both separate, as in ``0,5 0``; commas with and
without blanks, as in ``0,5, 0,1``; commas that may all mark thousands, as in ``1,250;2,500``;
decimal points beside decimal commas.
"""

from __future__ import annotations

import codecs
import re

MINUSES = str.maketrans("\N{MINUS SIGN}\N{EN DASH}", "--")
"""Turns the minus signs of typeset pages into the one that Python knows."""

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""The marks that text in UTF-16 begins with."""

# Patterns are compiled when they are first used: most pictures call for none.
_CONTROL = r"[\x00-\x08\x0e-\x1f\x7f]"
_LOOSE_COMMA = r",[ \t]|[ \t],"
_TAB_BETWEEN = r"\S *\t[ \t]*\S"
_THOUSANDS = r"[-+\N{MINUS SIGN}\N{EN DASH}]?[1-9]\d{0,2}(,\d{3})+"


def shortest(number: float) -> str:
    """Return the shortest text that reads as a number.

    >>> shortest(20.0), shortest(0.1), shortest(1e-7)
    ('20', '0.1', '1e-07')
    """
    return repr(float(number)).removesuffix(".0")


class UnclearError(Exception):
    """A number can be read in two ways; the arguments are its place in the list, and why."""


def is_text(head: bytes) -> bool:
    """Return whether the first bytes of a file, which may cut a character, can be text.

    It has no control characters, and begins with one of ASCII where it is not Unicode.
    """
    try:
        text = decode(head) if _utf_16(head) else codecs.utf_8_decode(head)[0]
    except UnicodeDecodeError:
        text = head.decode("latin-1")
        if not text.lstrip()[:1].isascii():
            return False
    return bool(head) and binary_part(text) < 0


def binary_part(text: str) -> int:
    r"""Return where a text has its first control character, as no text has; −1 for none.

    >>> binary_part("1 2\n"), binary_part("SIZE 2\n\0\1")
    (-1, 7)
    """
    found = re.search(_CONTROL, text)
    return found.start() if found else -1


def decode(data: bytes) -> str:
    r"""Return text in UTF-8, in UTF-16 if its first bytes are so, or else in Latin-1.

    >>> decode("−1".encode("utf-16")), decode(b"5 \xb5m")
    ('−1', '5 µm')
    """
    if encoding := _utf_16(data):
        return data.decode(encoding, "replace").removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _utf_16(data: bytes) -> str | None:
    """Return which UTF-16 a text is in, by its mark or by the zeros beside ASCII, or None."""
    evens, odds = data[:64:2], data[1:64:2]
    if data.startswith(codecs.BOM_UTF16_LE) or (len(data) > 3 and any(evens) and not any(odds)):
        return "utf-16-le"
    if data.startswith(codecs.BOM_UTF16_BE) or (len(data) > 3 and any(odds) and not any(evens)):
        return "utf-16-be"
    return None


def separator(text: str) -> str | None:
    r"""Return what separates the numbers of a text; None stands for blanks.

    >>> [separator(text) for text in ("0,5;1", "0,5\t1", "1,\t2", "1, 2", "1 2")]
    [';', '\t', ',', ',', None]
    """
    if ";" in text:
        return ";"
    has_comma = "," in text
    if "\t" in text and re.search(_TAB_BETWEEN, text):
        return "," if has_comma and re.search(_LOOSE_COMMA, text) else "\t"
    return "," if has_comma else None


def commas_are_unclear(text: str) -> bool:
    r"""Return whether commas may separate where a blank follows, and be decimal where none does.

    Then the rows are equally long either way. Clear are numbers that blanks align, at the left too.

    >>> commas_are_unclear("0,5, 1,5\n2,5, 3,5"), commas_are_unclear(" 1, 2,30\n 2, 3,40")
    (True, False)
    """
    if ", " not in text or not re.search(r"\d,\d", text):
        return False
    rows = text.split("\n")
    widths = {len(field) for row in rows for field in row.split(",")}
    lengths = {(row.count(","), row.count(", ")) for row in rows}
    is_aligned = len(widths) == 1 and any(row.startswith(" ") for row in rows)
    return len(lengths) == 1 and not is_aligned


def is_whole(text: str) -> bool:
    """Return whether all numbers of a text are whole, and written so."""
    return not re.search(r"[.enif]", text, re.IGNORECASE)


def with_points(cells: list[str]) -> list[str]:
    """Return the numbers of a text with a decimal point where they have a decimal comma.

    Raises UnclearError. What is no number stays none.

    >>> with_points(["0,5", "-1,125", "2"])
    ['0.5', '-1.125', '2']
    """
    places = [place for place, cell in enumerate(cells) if "," in cell]
    if not places:
        return cells
    first = cells[places[0]]
    if all(re.fullmatch(_THOUSANDS, cells[place], re.ASCII) for place in places):
        whole, decimal = first[:40].replace(",", ""), first[:40].replace(",", ".")
        choice = whole if first.count(",") > 1 else f"{decimal} or {whole}"
        raise UnclearError(
            places[0], f"the comma of {first[:40]!r} may mark thousands; write {choice}"
        )
    for place, cell in enumerate(cells):
        if "." in cell:
            other = "and a comma" if "," in cell else f"where {first[:40]!r} has a comma"
            raise UnclearError(place, f"{cell[:40]!r} has a point {other}; write decimals alike")
    return [cell.replace(",", ".") for cell in cells]
