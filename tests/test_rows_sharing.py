"""Steps shared by threads: every row once, no row read before it is there, errors passed on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecli.errors import UsageError
from edgecli.rows import sharing
from edgecli.rows.base import Planes
from edgecli.rows.graph import Graph, Tap
from edgecli.rows.memory import Memory
from edgecli.rows.running import Filling, fill
from edgecli.rows.sharing import turns
from tests.conftest import noise
from tests.graphs import WHOLE, WIDTH, Around, Drawn, Plus, Repeat, graphs


@pytest.fixture(autouse=True)
def _everything_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "SHARED_VALUES", 1)


@given(graphs(), st.integers(2, 4), st.integers(1, 9))
@settings(max_examples=20)
def test_threads_that_share_a_strip_fill_an_array_with_what_a_place_gives(
    drawn: Drawn, threads: int, rows: int
) -> None:
    tap = Tap(drawn.graph.places - 1)
    reader = Filling(tap, np.full(drawn.graph.shape(tap.place), -1, WHOLE))
    strip = drawn.graph.strip([reader], [(0, reader.out.shape[1])], rows)
    fill(drawn.graph, reader, drawn.places[0], [strip], threads)
    np.testing.assert_array_equal(reader.out, drawn.places[tap.place])


@given(graphs(), st.integers(1, 4))
@settings(max_examples=20)
def test_a_turn_s_parts_are_its_rows_and_of_whole_grains(drawn: Drawn, threads: int) -> None:
    nodes = drawn.graph.nodes
    gained = [(0, node.step.shape[1]) for node in nodes]
    for turn, node, (start, stop) in zip(turns(nodes, gained, threads), nodes, gained, strict=True):
        assert len(turn.parts) == threads
        assert [row for part in turn.parts for row in range(*part)] == list(range(start, stop))
        assert all(low % node.grain == 0 for low, high in turn.parts if low < high)


def test_threads_wait_only_for_rows_that_another_has_just_computed() -> None:
    graph = Graph((1, 40, WIDTH))
    first = graph.add(Around((1, 40, WIDTH), 40, 1, 1, 1), Tap(0))
    wide = graph.add(Around((1, 40, WIDTH), 40, 1, 1, 1), first)
    half = graph.add(Around((1, 20, WIDTH), 40, 0, 1, 2), wide)
    both = graph.add(Plus((1, 40, WIDTH)), first, graph.add(Repeat((1, 40, WIDTH), 2), half))
    graph.add(Around((1, 40, WIDTH), 40, 0, 1, 1), both)
    gained = [(0, node.step.shape[1]) for node in graph.nodes]
    waits = [turn.waits for turn in turns(graph.nodes, gained, 2)]
    assert waits == [False, True, False, False, False, True]


class Failing(Around):
    """Fails at a row, and with it the thread that computes it."""

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        if start <= self.height // 2 < stop:
            raise UsageError(f"rows {start} to {stop}")
        super().compute(blocks, start, stop, out, memory)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_what_goes_wrong_on_one_thread_lets_none_wait(threads: int) -> None:
    graph = Graph((1, 40, WIDTH))
    failing = graph.add(Failing((1, 40, WIDTH), 40, 1, 1, 1), Tap(0))
    reader = Filling(graph.add(Around((1, 40, WIDTH), 40, 1, 1, 1), failing), np.empty(0))
    strip = graph.strip([reader], [(0, 40)])
    with pytest.raises(UsageError, match="rows"):
        fill(graph, reader, noise(1, 40, WIDTH).astype(WHOLE), [strip], threads)
