"""Filters as arrays, as programs and lessons write them: ``[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]``.

Lists within lists have 1 dimension (a row), 2 (a kernel), 3 (channels of a filter) or 4 (filters).
Commas or blanks separate numbers, as Python and JSON write them or as NumPy prints them; a comma
may follow the last. Rows in brackets, one below the other, need none around them all. What stands
around an array in a program may stay: ``kernel = np.array([[1, 1], [1, 1]], dtype=float) / 4``.
MATLAB's ``[1 0 -1; 1 0 -1]`` is understood as rows.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import FilterError
from edgecli.filters.bank import FilterBank, times
from edgecli.filters.origin import Origin, build_bank, parse_number
from edgecli.filters.read_text import UNCLEAR, read_inline
from edgecli.numerals import commas_are_unclear
from edgecli.records import dataclass

_DEEPEST = 4  # dimensions of weights
_HEAD = re.compile(r"\s*([A-Za-z_]\w*\s*=\s*)?([A-Za-z_][\w.]*\s*\(\s*)?(?=\(?\[)")
_TAIL = re.compile(
    r"\s*(,\s*dtype\s*=\s*[\w.\"']+)?\s*,?\s*\)?\s*(?:(?P<sign>[*/])\s*(?P<number>[^\s;)]+))?\s*;?\s*"
)
_MATLAB = re.compile(r"\s*(?:\w+\s*=\s*)?\[([^][]*;[^][]*)\]\s*;?\s*")
_TOKEN = re.compile(r"[][(),]|[^][(),\s]+")
_CLOSING = {"[": "]", "(": ")"}


def read_array(text: str, origin: Origin) -> FilterBank:
    """Read a bank from an array; FilterError with line and column where it is none.

    >>> read_array("[[1, 0, -1], [1, 0, -1]] / 2", Origin("x", "k")).weight.tolist()
    [[[[0.5, 0.0, -0.5], [0.5, 0.0, -0.5]]]]
    """
    plain = re.sub(r"#[^\n]*", lambda comment: " " * len(comment[0]), text)
    if rows := _MATLAB.fullmatch(plain):
        return read_inline(re.sub(r"\s*;\s*", ";", rows[1]), origin)
    if commas_are_unclear(re.sub(r"[])]\s*,?\s*[\[(]|[][()]", "\n", plain).strip()):
        raise origin.error(UNCLEAR)
    return build_bank(origin, _Array(plain, origin).weights())


Item = tuple[int, NDArray[np.float64]]
"""Where a number or a list begins in the text, and its values."""


@dataclass(frozen=True)
class _Array:
    """The text of an array, and the origin that errors name."""

    text: str
    origin: Origin

    def error(self, message: str, place: int) -> FilterError:
        """Return an error at a place in the text."""
        before = self.text[:place]
        column = place - (before.rfind("\n") + 1) + 1
        return self.origin.error(message, before.count("\n") + 1, column)

    def weights(self) -> NDArray[np.float64]:
        """Return the weights, of 2 dimensions or more."""
        head = _HEAD.match(self.text)
        start = head.end() if head else 0
        stop = self.text.rfind("]") + 1 or len(self.text)
        items = self._items(start, stop)
        values = items[0][1] if len(items) == 1 else self._joined(items)
        tail = _TAIL.fullmatch(self.text, stop)
        if tail is None:
            place = stop + len(self.text[stop:]) - len(self.text[stop:].lstrip())
            raise self.error("an array ends with its last bracket; leave out what follows", place)
        if tail["sign"]:
            factor = self._number(tail["number"], tail.start("number"))
            if tail["sign"] == "/" and not factor:
                raise self.error("0 divides no weights; write another number", tail.start("number"))
            values = values / factor if tail["sign"] == "/" else values * factor
        return np.atleast_2d(values)

    def _items(self, start: int, stop: int) -> list[Item]:
        """Return the lists that stand between two places, nothing around them."""
        opened: list[tuple[int, list[Item]]] = [(start, [])]
        previous, separators = "[", set[str]()
        for token in _TOKEN.finditer(self.text, start, stop):
            word, place = token[0], token.start()
            if word in _CLOSING:
                opened.append((place, []))
                if len(opened) - 1 > _DEEPEST:
                    raise self.error(f"lists in lists go {_DEEPEST} deep, no deeper", place)
            elif word in _CLOSING.values():
                begun, items = opened.pop()
                if not opened or _CLOSING[self.text[begun]] != word:
                    raise self.error(f"{word} closes nothing; write an opening bracket", place)
                opened[-1][1].append((begun, self._joined(items, begun)))
            elif word == ",":
                if previous in (",", *_CLOSING):
                    raise self.error("a number is missing before the comma", place)
            else:
                opened[-1][1].append((place, np.array(self._number(word, place))))
                separators |= {previous} if previous in ("0", ",") else set()
                if {"0", ","} <= separators:
                    raise self.error("commas and blanks both separate numbers here; use one", place)
            previous = word if word in "[]()," else "0"
        if len(opened) > 1:
            raise self.error("this bracket is never closed; write its other half", opened[-1][0])
        return opened[0][1]

    def _joined(self, items: list[Item], begun: int = 0) -> NDArray[np.float64]:
        """Return the values of a list; FilterError where they are not alike, or there are none."""
        if not items:
            raise self.error("the list is empty; write numbers into it", begun)
        shape = items[0][1].shape
        for place, value in items:
            if value.shape != shape:
                raise self.error(
                    f"{_described(value)} where the first of the list is "
                    f"{_described(items[0][1])}; make all of them alike",
                    place,
                )
        return np.stack([value for _, value in items])

    def _number(self, word: str, place: int) -> float:
        try:
            return parse_number(word)
        except FilterError as error:
            raise self.error(str(error), place) from error


def _described(value: NDArray[Any]) -> str:
    return f"a list of {times(value.shape)}" if value.ndim else "a number"
