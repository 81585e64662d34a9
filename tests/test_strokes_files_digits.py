"""Digits by the million are those that Python writes one by one."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecli.strokes.files.digits import decimals_of, joined, text_of

NUMBERS = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=40)


def texts(values: list[float], decimals: int) -> list[str]:
    return joined([text_of(np.array(values), decimals), b"\n"]).decode().splitlines()


@given(NUMBERS, st.integers(0, 5))
def test_no_digit_is_lost_and_none_is_made_up(values: list[float], decimals: int) -> None:
    for value, text in zip(values, texts(values, decimals), strict=True):
        assert abs(Decimal(text) - Decimal(value)) <= Decimal("0.5001") * Decimal(10) ** -decimals
        assert text == bare(Decimal(text))
        assert len(text.partition(".")[2]) <= decimals


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1), st.integers(0, 5))
def test_what_has_few_digits_is_written_as_it_is(numbers: list[int], decimals: int) -> None:
    values = [number / 10**decimals for number in numbers]
    for number, text in zip(numbers, texts(values, decimals), strict=True):
        assert text == bare(Decimal(number).scaleb(-decimals))


def bare(number: Decimal) -> str:
    """Return a number without zeros at its end, and zero without a sign."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


@pytest.mark.parametrize("value", [0.0, 9.9994, 9.9995, 9999.0, 9999.9999, 10000.0, 1e8 - 0.001])
def test_groups_of_digits_meet(value: float) -> None:
    (text,) = texts([value], 3)
    rounded = Decimal(round(value * 1000)).scaleb(-3).quantize(Decimal("0.001"), ROUND_HALF_EVEN)
    assert text == bare(rounded)


def test_what_has_no_such_digits_is_written_as_python_does() -> None:
    assert texts([np.nan, np.inf, 1e30, 0.5], 3) == ["nan", "inf", "1e+30", "0.5"]


def test_decimals_follow_the_largest_number() -> None:
    assert decimals_of(np.array([0.00012, np.nan])) == 8
    assert decimals_of(np.array([123456.0])) == 0
