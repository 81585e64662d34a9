"""Worker threads: results in order, a bounded number of jobs in flight, failures passed on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from edgecli.errors import ImageError
from edgecli.rows.memory import Memory
from edgecli.rows.workers import map_in_order, team


def test_results_come_in_order_and_a_bounded_number_is_drawn_ahead() -> None:
    drawn = 0

    def jobs() -> Iterator[tuple[int]]:
        nonlocal drawn
        for number in range(50):
            drawn += 1
            yield (number,)

    for expected, result in enumerate(map_in_order(lambda number: number * 2, jobs(), 2)):
        assert result == expected * 2
        assert drawn <= expected + 6


@pytest.mark.parametrize("threads", [1, 2])
def test_a_failing_band_fails_the_run(threads: int) -> None:
    def fail(number: int) -> int:
        if number == 3:
            raise ImageError("three")
        return number

    with pytest.raises(ImageError, match="three"):
        list(map_in_order(fail, [(n,) for n in range(9)], threads))


@pytest.mark.parametrize("threads", [0, 1, 2, 5])
def test_a_team_works_on_every_part_and_is_done_when_it_returns(threads: int) -> None:
    found: list[tuple[int, int]] = []

    def work(part: int, memory: Memory) -> None:
        found.append((part, len(memory.take((part,), np.uint8))))

    with team(threads) as together, Memory() as memory:
        for count in range(1, 6):
            together(work, range(count), memory)
            assert sorted(found) == [(part, part) for part in range(count)]
            found.clear()


def test_a_team_hands_on_what_goes_wrong_on_another_thread() -> None:
    def work(part: int, memory: Memory) -> None:
        memory.take((part,), np.uint8)
        if part:
            raise ValueError(part)

    with team(2) as together, Memory() as memory, pytest.raises(ValueError, match="1"):
        together(work, range(2), memory)
