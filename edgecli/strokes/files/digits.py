"""Numbers to text, a million at a time: digits are looked up in fours, and nothing is padded.

A column of text is an array of bytes ``(N, width)``, in which zeros stand for nothing. Columns laid
side by side are rows of text; what is long and repeats itself is a mark, one byte below 32, until
the rows are bytes and ``bytes.replace`` puts its text in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.uint8]
"""Text ``(N, width)``; zeros are nothing."""

GROUP = 4
"""The digits that are looked up at once: a table of them has 40 kB, and stays in cache."""

BASE = 10**GROUP

AT_ONCE = 2**15
"""Rows of text that are made at once: a megabyte."""

EXACT = 2.0**53
"""From here on floats are no longer exact integers, and digits would be made up."""


def text_of(values: NDArray[Any], decimals: int) -> Column:
    """Return numbers with so many decimals at most, without zeros at their end.

    What is not finite, or too large to have such digits, is written as Python does.

    >>> joined([text_of(np.array([0.5, -12.3456, 100, -0.0001, 123456.1]), 3), b";"])
    b'0.5;-12.346;100;0;123456.1;'
    """
    scaled = np.rint(np.abs(values, dtype=np.float64) * 10.0**decimals)
    odd = ~(scaled < EXACT)  # NaN, too
    if odd.any():
        return _with_odd(text_of(np.where(odd, 0, values), decimals), odd, values[odd])
    groups = -(-decimals // GROUP)
    number = scaled.astype(np.int64) * 10 ** (groups * GROUP - decimals)
    negative = (np.signbit(values) & (number > 0)).astype(np.uint8) * np.uint8(ord("-"))
    columns, clear = list[Column](), np.ones(len(number), bool)
    for _ in range(groups):  # from the last digits
        number, digits = _split(number)
        columns.append(_columns("last", digits) if clear.all() else _either(clear, digits, "last"))
        clear &= digits == 0
    if groups:
        columns.append(np.where(clear, 0, ord("."))[:, np.newaxis].astype(np.uint8))
    columns += _whole(number)
    return np.concatenate([negative[:, np.newaxis], *columns[::-1]], axis=1)


def _whole(number: NDArray[np.int64]) -> list[Column]:
    """Return the digits of whole numbers, the last four first."""
    columns = list[Column]()
    while True:
        rest, digits = _split(number)
        first = rest == 0
        if first.all():
            columns.append(_columns("first" if columns else "only", digits))
            return columns
        kind = "first" if columns else "only"
        columns.append(_either(first, digits, kind))
        number = rest


def _split(number: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return numbers without their last four digits, and those; % is several times slower."""
    rest = number // BASE
    return rest, number - rest * BASE


def _columns(kind: str, digits: NDArray[np.int64]) -> Column:
    return _table(kind).take(digits).view(np.uint8).reshape(len(digits), GROUP)


def _either(bare: NDArray[np.bool_], digits: NDArray[np.int64], kind: str) -> Column:
    """Return digits of which those that are ``bare`` have no zeros at one end."""
    return np.where(bare[:, np.newaxis], _columns(kind, digits), _columns("all", digits))


@cache
def _table(kind: str) -> NDArray[np.uint32]:
    """Return four digits for each number: ``all``, or without zeros before or after them.

    Those that are the ``only`` ones of a whole number have a zero at least.
    """
    digits = np.arange(BASE)[:, np.newaxis] // 10 ** np.arange(GROUP)[::-1] % 10
    shown = digits > 0
    match kind:
        case "all":
            shown[:] = True
        case "last":
            shown = np.logical_or.accumulate(shown[:, ::-1], axis=1)[:, ::-1]
        case _:
            shown[:, -1] |= kind == "only"
            shown = np.logical_or.accumulate(shown, axis=1)
    text = np.where(shown, digits + ord("0"), 0).astype(np.uint8)
    return text.view(np.uint32)[:, 0]


def _with_odd(text: Column, odd: NDArray[np.bool_], values: NDArray[Any]) -> Column:
    """Return text that Python writes in some rows."""
    texts = np.array([f"{value:.6g}" for value in values.tolist()], "S")
    own = texts.view(np.uint8).reshape(len(texts), -1)
    wide = np.zeros((len(text), max(text.shape[1], own.shape[1])), np.uint8)
    wide[:, : text.shape[1]] = text
    wide[odd] = 0
    wide[odd, : own.shape[1]] = own
    return wide


def decimals_of(values: NDArray[Any], digits: int = 5) -> int:
    """Return the decimals with which the largest of some numbers has so many digits.

    >>> [decimals_of(np.array(values)) for values in ([0.25, 0.9], [812.5], [])]
    [5, 2, 0]
    """
    finite = np.abs(values[np.isfinite(values)], dtype=np.float64)
    largest = finite.max() if finite.size else 0.0
    if largest == 0:
        return 0
    return int(np.clip(digits - 1 - np.floor(np.log10(largest)), 0, 15))


def joined(columns: Sequence[Column | bytes]) -> bytes:
    """Return rows of text as bytes; a column that is the same in all rows is given as bytes."""
    rows = max(len(column) for column in columns if not isinstance(column, bytes))
    widths = [len(column) if isinstance(column, bytes) else column.shape[1] for column in columns]
    table, place = np.empty((rows, sum(widths)), np.uint8), 0
    for column, width in zip(columns, widths, strict=True):
        same = isinstance(column, bytes)
        table[:, place : place + width] = np.frombuffer(column, np.uint8) if same else column
        place += width
    return table.tobytes().translate(None, b"\0")
