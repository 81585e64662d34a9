"""Calls in a loop: what their options mean is worked out once, unless it may change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecli import detect_edges
from edgecli.detect import pictures
from edgecli.detect.plan import plan_detection
from edgecli.errors import UsageError
from tests.conftest import noise

PICTURE = noise(20, 30)


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Return the arguments of every plan that is made, none of which is remembered before."""
    made: list[tuple[Any, ...]] = []

    def counted(*given: Any, **named: Any) -> Any:
        made.append(given)
        return plan_detection(*given, **named)

    pictures._remembered.cache_clear()
    monkeypatch.setattr(pictures, "plan_detection", counted)
    return made


def test_equal_calls_share_one_plan(planned: list[tuple[Any, ...]]) -> None:
    first = detect_edges(PICTURE, "canny:1.4", hysteresis=(10, 20), threads=1)
    again = detect_edges(PICTURE[::-1], "canny:1.4", hysteresis=(10, 20), threads=1)
    assert len(planned) == 1
    assert first.any()
    assert not np.shares_memory(first, again)


def test_each_size_type_and_option_has_a_plan_of_its_own(planned: list[tuple[Any, ...]]) -> None:
    calls: list[tuple[Any, dict[str, Any]]] = [
        (PICTURE, {}),
        (PICTURE[1:], {}),
        (PICTURE * np.uint16(257), {}),
        (PICTURE, {"threshold": 30}),
        (PICTURE, {"invert": True}),
    ]
    for picture, options in calls:
        detect_edges(picture, "sobel", **options)
    assert len(planned) == len(calls)
    with pytest.raises(UsageError, match="8\\.0"):  # which is equal to 8, but no depth
        detect_edges(PICTURE, "sobel", depth=8.0)  # type: ignore[arg-type]


def test_files_are_read_again(tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    for rows in ("1 0 -1", "2 0 -2"):
        file.write_text(rows)
        for operator in (file, str(file), [str(file)]):
            edges = detect_edges(PICTURE, operator, map="abs")
            np.testing.assert_array_equal(edges, detect_edges(PICTURE, rows, map="abs"))
    mask = np.zeros(PICTURE.shape, np.uint8)
    assert not detect_edges(PICTURE, mask=mask).any()
    mask[...] = 255
    assert detect_edges(PICTURE, mask=mask).any()


def test_lists_mean_what_tuples_do() -> None:
    for pair in ([10, 20], (10, 20), np.array([10, 20])):
        edges = detect_edges(PICTURE, ["sobel"], hysteresis=pair)  # type: ignore[arg-type]
        np.testing.assert_array_equal(edges, detect_edges(PICTURE, "sobel", hysteresis="10,20"))
