"""The executor: on any number of threads readers get all rows, in order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecli.errors import UsageError
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import ImageInfo, Planes, Span
from edgecli.rows.graph import Graph, Tap
from edgecli.rows.memory import Memory
from edgecli.rows.running import Filling, Running, fill
from edgecli.rows.workers import for_each, map_in_order, shared_workers, start_in_order
from tests.conftest import noise
from tests.graphs import WHOLE, WIDTH, Around, Drawn, Telling, graphs


def source_of(planes: Planes) -> ArraySource:
    """Return planes as an image, of a type that no file has."""
    C, H, W = planes.shape
    info = ImageInfo("array", "array", (H, W, C), str(planes.dtype))
    return ArraySource(planes.transpose(1, 2, 0), info)


@given(graphs(), st.integers(1, 4), st.sampled_from([1, 3]), st.booleans())
@settings(max_examples=20)
def test_readers_get_all_rows_in_order(drawn: Drawn, count: int, threads: int, early: bool) -> None:
    strips = [drawn.graph.strip(drawn.readers, wanted, 4) for wanted in drawn.shares(count)]
    in_order = start_in_order if early else map_in_order
    with shared_workers():
        running = Running(
            drawn.graph, source_of(drawn.places[0]), drawn.readers, strips, threads, in_order
        )
        seconds = running.write()
    assert len(seconds) == len(drawn.graph.nodes)
    assert min(seconds) >= 0
    for reader in drawn.readers:
        reader.check(drawn.places)


@given(graphs(), st.integers(1, 4), st.sampled_from([1, 3]))
@settings(max_examples=20)
def test_an_array_is_filled_with_what_a_place_gives(drawn: Drawn, count: int, threads: int) -> None:
    tap = Tap(drawn.graph.places - 1)
    height = drawn.graph.shape(tap.place)[1]
    reader = Filling(tap, np.full(drawn.graph.shape(tap.place), -1, WHOLE))
    cuts = [(height * n // count, height * (n + 1) // count) for n in range(count)]
    strips = [drawn.graph.strip([reader], [cut]) for cut in cuts]
    fill(drawn.graph, reader, drawn.places[0], strips, threads)
    np.testing.assert_array_equal(reader.out, drawn.places[tap.place])


class Failing(Around):
    """Fails from row 20 on."""

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        if stop > 20:
            raise UsageError(f"rows {start} to {stop}")
        super().compute(blocks, start, stop, out, memory)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_of_a_step_is_the_caller_s_after_what_came_before_is_written(threads: int) -> None:
    graph = Graph((1, 40, WIDTH))
    tap = graph.add(Failing((1, 40, WIDTH), 40, 1, 1, 1), Tap(0))
    reader = Telling(graph, tap, tap, 5, 0)
    strips = [graph.strip([reader], [(top, top + 10)]) for top in range(0, 40, 10)]
    planes = noise(1, 40, WIDTH).astype(WHOLE)
    with pytest.raises(UsageError, match="rows 20 to 30"):
        Running(graph, source_of(planes), [reader], strips, threads).write()
    assert [one[:2] for one in reader.told] == [(0, 5), (5, 10), (10, 15), (15, 20)]


class Dividing(Around):
    """Divides by zero, as steps may do where pixels are not finite."""

    dtype = np.dtype(np.float64)  # type: ignore[assignment]

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        del start, stop, memory
        np.divide(blocks[0], 0, out=out)


def test_numbers_that_are_not_finite_pass_without_a_warning() -> None:
    graph = Graph((1, 3, WIDTH))
    tap = graph.add(Dividing((1, 3, WIDTH), 3, 0, 0, 1), Tap(0))
    reader = Filling(tap, np.empty((1, 3, WIDTH)))
    strips = [graph.strip([reader], [(0, 3)])]
    planes = np.array([[[-1, 0], [1, 1], [0, 2]]], np.float64)
    fill(graph, reader, planes, strips, 1)
    expected = [[[-np.inf, np.nan], [np.inf, np.inf], [np.nan, np.inf]]]
    np.testing.assert_array_equal(reader.out, expected)
    reader.out.fill(0)
    Running(graph, source_of(planes), [reader], strips, 1).write()
    np.testing.assert_array_equal(reader.out, expected)


@pytest.mark.parametrize("threads", [1, 2, 9])
def test_every_item_is_worked_on_once(threads: int) -> None:
    done: list[Span] = []

    def work(item: Span, memory: Memory) -> None:
        memory.take((8,), np.uint8).fill(item[0])
        done.append(item)

    items = [(n, n + 1) for n in range(20)]
    for_each(items, work, threads)
    for_each([], work, threads)
    assert sorted(done) == items
