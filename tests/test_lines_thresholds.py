"""Thresholds: what is written, what is meant, and what is found in the image."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgecli import detect_edges
from edgecli.errors import UsageError
from edgecli.lines.thresholds import (
    AUTO,
    Level,
    Levels,
    Threshold,
    find_levels,
    fixed_levels,
    otsu,
    parse_hysteresis,
    parse_level,
    parse_threshold,
)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("100", Level("value", 100)),
        (".5", Level("value", 0.5)),
        ("1e3", Level("value", 1000)),
        ("20%", Level("percent", 20)),
        ("p95", Level("percentile", 95)),
        (" p2.5 ", Level("percentile", 2.5)),
        ("otsu", Level("otsu")),
    ],
)
def test_levels_are_read_and_written(text: str, level: Level) -> None:
    assert parse_level(text) == level
    assert parse_level(str(level)) == level


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "inf", "101%", "p101", "p5%", "1 2", "5p"])
def test_levels_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="is not a number from 0 up"):
        parse_level(text)


def test_what_else_a_threshold_may_be_is_listed() -> None:
    with pytest.raises(UsageError, match=r"pNN \(a percentile, 0 to 100\), otsu or auto$"):
        parse_threshold("bad")
    with pytest.raises(UsageError, match=r"pNN \(a percentile, 0 to 100\) or otsu$"):
        parse_hysteresis("bad,9")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5", "is not LOW,HIGH"),
        ("1,2,3", "is not LOW,HIGH"),
        ("9,3", "low threshold over the high one"),
        ("1,x", "is not a number"),
    ],
)
def test_hysteresis_that_is_none(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_hysteresis(text)


def test_what_links_and_what_needs_the_image() -> None:
    told = {
        text: (threshold.linked, threshold.whole, str(threshold))
        for text, threshold in {
            "9": parse_threshold("9"),
            "otsu": parse_threshold("otsu"),
            "auto": parse_threshold("auto"),
            "3,9": parse_hysteresis("3,9"),
            "4,4": parse_hysteresis("4,4"),
            "3,p90": parse_hysteresis("3,p90"),
        }.items()
    }
    assert told == {
        "9": (False, False, "9"),
        "otsu": (False, True, "otsu"),
        "auto": (True, True, "auto"),
        "3,9": (True, False, "3,9"),
        "4,4": (False, False, "4"),
        "3,p90": (True, True, "3,p90"),
    }
    assert parse_hysteresis("auto") == AUTO


def test_levels_without_the_image() -> None:
    assert fixed_levels(parse_hysteresis("10,20%"), 400) == Levels(10, 80)
    assert fixed_levels(parse_threshold("p50"), 400) is None
    assert fixed_levels(AUTO, 400) is None


def test_levels_of_an_image() -> None:
    strengths = np.array([1, 2, 3, 4, 90, 91], np.float32)
    assert find_levels(parse_threshold("p50"), strengths, 400) == Levels(3.5, 3.5)
    assert find_levels(parse_hysteresis("1%,p100"), strengths, 400) == Levels(4, 91)
    assert find_levels(parse_hysteresis("50,p0"), strengths, 400) == Levels(1, 1)
    found = find_levels(AUTO, strengths, 400)
    assert found.low == pytest.approx(0.4 * found.high)
    assert 3 < found.high < 90
    assert find_levels(AUTO, strengths[:0], 400) == Levels(math.inf, math.inf)


def between_by_hand(values: NDArray[Any]) -> float:
    """Try every threshold there is, and return the first that parts the classes the most."""
    wide = values.astype(float)
    chosen = {}
    for t in range(int(wide.min()), int(wide.max())):
        below, above = wide[wide <= t], wide[wide > t]
        chosen[t] = len(below) * len(above) * (below.mean() - above.mean()) ** 2
    return max(chosen, key=lambda t: (round(chosen[t], 3), -t)) if chosen else float(wide[0])


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40))
def test_otsu_parts_whole_numbers_where_the_definition_does(numbers: list[int]) -> None:
    values = np.array(numbers, np.int16)
    assert otsu(values) == between_by_hand(values)


@given(st.integers(0, 2**32 - 1))
def test_otsu_of_bytes_is_opencv_s(seed: int) -> None:
    random = np.random.default_rng(seed)
    two = [random.normal(centre, 18, 400) for centre in (60, 180)]
    values = np.clip(np.concatenate(two), 0, 255).astype(np.uint8)
    theirs, _ = cv2.threshold(values, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    assert otsu(values) == pytest.approx(theirs, abs=1)


def test_otsu_of_floats_is_the_centre_of_a_bin() -> None:
    values = np.array([0, 0, 1, 1, 255, 256, 256], np.float32)
    assert otsu(values) == 1.5
    assert otsu(np.array([7, 7], np.float32)) == 7


@pytest.mark.parametrize(
    ("low", "high"), [(0.5, np.nextafter(np.float32(0.5), np.float32(1))), (0, 1e-45), (1, 3e38)]
)
def test_otsu_parts_floats_however_near_or_far(low: float, high: float) -> None:
    values = np.array([low, high, high], np.float32)
    assert low <= otsu(values) < high


def test_a_plain_threshold_is_both_levels() -> None:
    level = Level("value", 5)
    assert parse_threshold("5") == Threshold(level, level)


@pytest.mark.parametrize("noise", [0, 3e-7])
@pytest.mark.parametrize("text", ["otsu", "auto", "10,otsu"])
def test_lines_of_one_strength_all_count(text: str, noise: float) -> None:
    strengths = np.array([404.6, 404.6 * (1 + noise), 404.6], np.float32)
    parse = parse_hysteresis if "," in text else parse_threshold
    levels = find_levels(parse(text), strengths, 1020, lines=True)
    assert levels.low <= levels.high < strengths.min()
    assert levels.high == pytest.approx(404.6, rel=1e-3)


def test_a_flat_map_has_no_edges_by_otsu() -> None:
    assert find_levels(parse_threshold("otsu"), np.zeros(9, np.float32), 1020).high == 0


@pytest.mark.parametrize("options", [
    {"operator": "canny"}, {"operator": "canny:0"}, {"operator": "canny:1.4"},
    {"operator": "sobel", "thin": True, "threshold": "otsu"},
    {"operator": "scharr", "thin": True, "threshold": "auto"},
    {"operator": "log:2", "thin": True, "threshold": "otsu"},
])  # fmt: skip
@pytest.mark.parametrize("turn", [lambda a: a, np.fliplr, np.transpose, np.flipud])
def test_a_step_is_one_line_by_thresholds_from_the_image(
    options: dict[str, Any], turn: Callable[[Any], Any]
) -> None:
    picture = np.zeros((30, 30), np.uint8)
    picture[:, 15:] = 200
    found = detect_edges(np.ascontiguousarray(turn(picture)), **options)
    assert (found > 0).sum() == 30
