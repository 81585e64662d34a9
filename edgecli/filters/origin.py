"""The parts that all readers of filters share: numbers in text, and errors with their place."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecli.errors import FilterError
from edgecli.filters.bank import FilterBank
from edgecli.numerals import MINUSES
from edgecli.records import dataclass

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)


@dataclass(frozen=True)
class Origin:
    """The place that a filter is read from: its name in errors, and that of unnamed filters."""

    label: str  # "filter file k.txt"
    stem: str
    suffix: str = ""  # lower case, with its dot
    row_word: str = "line"

    def error(
        self, message: str, line: int | None = None, column: int | None = None
    ) -> FilterError:
        """Return an error that begins with file, line and column, both counted from 1."""
        place = self.label
        place += f", {self.row_word} {line}" if line is not None else ""
        place += f", column {column}" if column is not None else ""
        return FilterError(f"{place}: {message}")


def build_bank(
    origin: Origin,
    weight: NDArray[Any],
    bias: ArrayLike | None = None,
    names: Sequence[str | None] | None = None,
) -> FilterBank:
    """Return a bank of weights of 2 dimensions (a kernel), 3 (a filter) or 4 (a bank).

    A single number is the bias of every filter. Filters without names are called after their file:
    ``edges``, or ``edges-1``, ``edges-2``, ….
    """
    if weight.ndim not in (2, 3, 4):
        raise origin.error(
            f"weights of {weight.ndim} dimensions; write 2 (a kernel), 3 (channels of a filter) "
            "or 4 (filters)"
        )
    full = weight.reshape((1,) * (4 - weight.ndim) + weight.shape)
    count = len(full)
    own = [origin.stem] if count == 1 else [f"{origin.stem}-{n}" for n in range(1, count + 1)]
    if names is not None and len(names) != count:
        raise origin.error(f"{counted(len(names), 'name')} for {counted(count, 'filter')}")
    if bias is not None and np.ndim(bias) == 0:
        bias = np.full(count, bias)
    given = zip(names or [None] * count, own, strict=True)
    chosen = [default if name is None else name for name, default in given]
    try:
        return FilterBank(full, bias, chosen)
    except FilterError as error:
        raise origin.error(str(error)) from error


def is_number(text: str) -> bool:
    """Return whether a word was meant as a number, even one that no weight can have."""
    plain = text.translate(MINUSES)
    return bool(_NOT_FINITE.fullmatch(plain)) or all(map(_DECIMAL.fullmatch, plain.split("/", 1)))


def parse_number(text: str, advice: str = "write numbers separated by spaces or commas") -> float:
    """Return the value of a decimal number or a fraction; FilterError on anything else.

    ``advice`` ends the message about a word that is no number.

    >>> parse_number("-2.5e1"), parse_number("1/8")
    (-25.0, 0.125)
    """
    plain = text.translate(MINUSES)
    numerator, slash, denominator = plain.partition("/")
    if not all(map(_DECIMAL.fullmatch, [numerator, denominator] if slash else [numerator])):
        if _NOT_FINITE.fullmatch(plain):
            raise FilterError(f"{quoted(text)} is not finite; write a finite number")
        raise FilterError(f"{quoted(text)} is not a number; {advice}")
    divisor = float(denominator) if slash else 1.0
    if divisor == 0:
        raise FilterError(f"{quoted(text)} divides by zero; write a finite number")
    value = float(numerator) / divisor
    if not math.isfinite(value):
        raise FilterError(f"{quoted(text)} is over 1.8e308; write a smaller number")
    return value


def quoted(text: str) -> str:
    """Return a text in quotes, cut to a length that leaves a message readable."""
    return repr(text if len(text) <= 60 else text[:59] + "…")


def shown(path: str) -> str:
    """Return a path as it is, or quoted where it has characters that no line can show."""
    return path if path.isprintable() else repr(path)


def counted(number: int, noun: str) -> str:
    """Return ``1 row``, ``2 rows``."""
    return f"{number} {noun}" + "s" * (number != 1)
