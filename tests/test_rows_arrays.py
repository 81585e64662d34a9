"""Rows from streams: what is asked for is what lies there, whichever way the stream gives it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgecli.rows.arrays import RunReader
from edgecli.rows.base import Rows


@given(st.data())
def test_runs_that_begin_again_give_the_rows_that_are_there(data: st.DataObject) -> None:
    """And runs that hold nothing but rows left out are not made."""
    height, grain = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 9))
    run = data.draw(st.integers(1, 12))
    made = set[int]()

    def runs_from(top: int) -> Iterator[Rows]:
        assert top % grain == 0
        for start in range(top, height, run):
            made.update(range(start, min(start + run, height)))
            yield np.arange(start, min(start + run, height))

    reader, place, wanted = RunReader(runs_from, grain), 0, set[int]()
    while place < height:
        skipped = data.draw(st.integers(0, height - 1 - place))
        taken = data.draw(st.integers(1, height - place - skipped))
        rows = np.empty(taken, int)
        reader.skip(skipped)
        reader.read_into(rows)
        place += skipped + taken
        np.testing.assert_array_equal(rows, np.arange(place - taken, place))
        wanted.update(range(place - taken, place))
    apart = {row for row in made if all(abs(row - other) >= grain + run for other in wanted)}
    assert not apart
