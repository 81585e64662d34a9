"""How numbers are written in a lesson: with true minus signs, and negative factors in brackets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from edgecli.reports.texts import number_text

DIGITS = 10
"""So many digits of a number that is not whole; of whole ones all."""


def value(number: Any) -> str:
    """Write a number with a true minus sign, whole numbers without a point.

    >>> value(-5), value(0.25), value(-0.0)
    ('−5', '0.25', '0')
    """
    return number_text(number + 0, DIGITS).replace("-", "−")


def factor(number: Any) -> str:
    """Write a number as a factor or a summand: negative ones in brackets.

    >>> factor(-1), factor(2)
    ('(−1)', '2')
    """
    return f"({value(number)})" if number < 0 else value(number)


def added(numbers: Iterable[Any]) -> str:
    """Write a sum's left side.

    >>> added([2, -7, 0])
    '2 + (−7) + 0'
    """
    return " + ".join(factor(number) for number in numbers)


def combination(how: str, parts: Sequence[Any]) -> str:
    """Write how responses combine.

    >>> combination("magnitude", [3, -4]), combination("max", [3, -4])
    ('√(3² + (−4)²)', 'max(|3|, |−4|)')
    """
    sizes = [f"|{value(part)}|" for part in parts]
    match how:
        case "magnitude":
            return "√(" + " + ".join(f"{factor(part)}²" for part in parts) + ")"
        case "max":
            return f"max({', '.join(sizes)})"
    return " + ".join(sizes)
