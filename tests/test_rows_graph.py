"""Graphs: any strips and any increments give what all rows at once give."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgecli.rows.base import Planes
from edgecli.rows.graph import Graph, Strip, Tap
from edgecli.rows.running import compute_strip
from tests.conftest import noise
from tests.graphs import WHOLE, WIDTH, Around, Drawn, Plus, Repeat, Telling, graphs, run_whole
from tests.steps import dirty_memory

increments = st.none() | st.integers(1, 9)
counts = st.integers(1, 4)


def compute(
    graph: Graph, readers: Sequence[Telling], strips: Sequence[Strip], source: Planes
) -> None:
    """Compute strips, each from a copy of the rows that it needs, in memory full of garbage."""
    for strip in strips:
        block = source[:, slice(*strip.spans[0])].copy()
        block.flags.writeable = False
        outcome = compute_strip(graph, readers, strip, block, dirty_memory())
        for reader, parts in zip(readers, outcome.encoded, strict=True):
            for part in parts:
                reader.write(part)


@given(graphs(), counts, increments)
def test_strips_in_increments_give_what_all_rows_at_once_give(
    drawn: Drawn, count: int, rows: int | None
) -> None:
    strips = [drawn.graph.strip(drawn.readers, wanted, rows) for wanted in drawn.shares(count)]
    compute(drawn.graph, drawn.readers, strips, drawn.places[0])
    for reader in drawn.readers:
        reader.check(drawn.places)


@given(graphs(), counts, increments)
def test_nothing_is_computed_twice_and_room_suffices(
    drawn: Drawn, count: int, rows: int | None
) -> None:
    for wanted in drawn.shares(count):
        strip = drawn.graph.strip(drawn.readers, wanted, rows)
        gained = [one.gained for one in strip.increments]
        for place, (start, stop) in enumerate(strip.spans):
            ends = [start, *(spans[place][1] for spans in gained)]
            assert [spans[place] for spans in gained] == list(pairwise(ends))
            assert ends[-1] == (stop if gained else start)
        kept = tuple(start for start, _ in strip.spans)
        for one in strip.increments:
            for room, low, (_, high) in zip(strip.room, kept, one.gained, strict=False):
                assert high - low <= room
            kept = one.kept
        for room, (start, stop) in zip(strip.room, strip.spans, strict=False):
            assert room <= stop - start


@given(graphs(), st.integers(1, 3), st.data())
def test_spans_are_exactly_what_is_needed(drawn: Drawn, count: int, data: st.DataObject) -> None:
    """Every toy step grows with every row it reads, so the outermost rows of a span tell."""
    wanted = data.draw(st.sampled_from(drawn.shares(count)))
    strip = drawn.graph.strip(drawn.readers, wanted)
    low, high = strip.spans[0]
    read = [(r, span) for r, span in zip(drawn.readers, wanted, strict=True) if span[0] < span[1]]
    assert (low < high) == bool(read)
    for row in {low, high - 1} if read else ():
        source = drawn.places[0].copy()
        source[:, row] += 1
        changed = run_whole(drawn.graph, source)
        assert any(
            (changed[tap.place] != drawn.places[tap.place])[tap.channels, slice(*span)].any()
            for reader, wants in read
            for tap, span in zip(reader.taps, reader.needed(*wants), strict=True)
        )


def test_memory_follows_the_rows_kept_and_they_move_in_it() -> None:
    height = 600
    graph, tap = Graph((1, height, WIDTH)), Tap(0)
    for _ in range(5):
        tap = graph.add(Around((1, height, WIDTH), height, 2, 2, 1), tap)
    reader = Telling(graph, tap, tap, 10, 0)
    strip = graph.strip([reader], [(0, height)], 20)
    assert max(strip.room[1:]) < 60
    source = noise(1, height, WIDTH).astype(WHOLE)
    compute(graph, [reader], [strip], source)
    reader.check(run_whole(graph, source))
    assert len(strip.increments) <= height // 20 + 5


def test_upsampled_rows_are_spread_over_increments() -> None:
    """All are possible at once; only a share of them is computed at a time."""
    graph = Graph((1, 64, WIDTH))
    small = graph.add(Around((1, 8, WIDTH), 64, 0, 7, 8), Tap(0))
    large = graph.add(Repeat((1, 64, WIDTH), 8), small)
    both = graph.add(Plus((1, 64, WIDTH)), Tap(0), large)
    strip = graph.strip([Telling(graph, both, both, 1, 0)], [(0, 64)], 8)
    assert max(stop - start for one in strip.increments for start, stop in one.gained[1:4]) == 8


def test_a_grain_may_be_taller_than_an_increment() -> None:
    graph = Graph((1, 200, WIDTH))
    tap = graph.add(Around((1, 200, WIDTH), 200, 5, 5, 1), Tap(0), grain=64)
    reader = Telling(graph, tap, tap, 1, 0)
    for first, rows in ((0, 32), (37, 7)):
        strip = graph.strip([reader], [(first, 200)], rows)
        stops = {one.gained[1][1] for one in strip.increments}
        assert stops - {first} == {64, 128, 192, 200}


def test_a_strip_of_which_nobody_wants_a_row_is_nothing() -> None:
    graph = Graph((1, 9, WIDTH))
    tap = graph.add(Around((1, 9, WIDTH), 9, 1, 1, 1), Tap(0))
    reader = Telling(graph, tap, tap, 1, 0)
    strip = graph.strip([reader], [(4, 4)], 3)
    assert (strip.spans[:2], strip.increments) == (((0, 0), (0, 0)), ())
    compute(graph, [reader], [strip], np.zeros((1, 9, WIDTH), np.int64))
    assert reader.told == []
