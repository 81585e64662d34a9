"""Worker threads: results in order, a bounded number of jobs in flight, failures passed on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edgecli.errors import ImageError
from edgecli.rows.workers import map_in_order


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
