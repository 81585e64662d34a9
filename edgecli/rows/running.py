"""The executor: strips of a graph on worker threads, and what readers make of them, in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import zip_longest
from threading import Barrier
from typing import Any

import numpy as np

from edgecli.records import dataclass, replace
from edgecli.rows.arrays import blocks_in_any_order, is_even
from edgecli.rows.base import Planes, Rows, Source, Span
from edgecli.rows.blas import one_blas_thread
from edgecli.rows.graph import Graph, Node, Reader, Strip, Tap
from edgecli.rows.memory import Memory, borrowed_memory, bytes_taken
from edgecli.rows.sharing import Breaking, Turn, turns
from edgecli.rows.workers import chosen_threads, for_each, map_in_order, team

Told = Callable[[int], None]
"""Is called with rows that are computed, on any thread."""


@dataclass(frozen=True)
class Outcome:
    """What came of a strip: each reader's parts in order, and the seconds of each step."""

    encoded: list[list[Any]]
    seconds: list[float]


class Running:
    """A graph whose strips are being computed, and whose readers are still to write.

    ``in_order`` is ``map_in_order``, or ``start_in_order`` for an image so small that the next one
    is to be read meanwhile. ``told``, if given, is called with the rows that the last reader has
    gained, on any thread. ``repeats`` says that rows make the same wherever they are: then strips
    that repeat one pixel are computed once.
    """

    def __init__(
        self,
        graph: Graph,
        source: Source,
        readers: Sequence[Reader],
        strips: Sequence[Strip],
        threads: int,
        in_order: Callable[..., Iterator[Outcome]] = map_in_order,
        told: Told | None = None,
        *,
        repeats: bool = False,
    ) -> None:
        self._readers = readers
        blocks = blocks_in_any_order(source, [strip.spans[0] for strip in strips])
        each = max(threads // max(len(strips), 1), 1)
        work: Callable[..., Outcome] = partial(_compute_rows, graph, readers, told, each)
        if repeats:
            work = Repeating(work, source.shape[0], told)
        self.outcomes = in_order(work, zip(strips, blocks, strict=True), threads)

    def write(self) -> list[float]:
        """Write everything, and return the seconds that each step took, summed over threads."""
        return write_outcomes(self._readers, self.outcomes)


def write_outcomes(readers: Sequence[Reader], outcomes: Iterable[Outcome]) -> list[float]:
    """Write what came of an image's strips, in order; return the seconds that each step took."""
    seconds: list[float] = []
    for outcome in outcomes:
        for reader, parts in zip(readers, outcome.encoded, strict=True):
            for part in parts:
                reader.write(part)
        seconds = [sum(both) for both in zip_longest(seconds, outcome.seconds, fillvalue=0.0)]
    return seconds


def _compute_rows(
    graph: Graph,
    readers: Sequence[Reader],
    told: Told | None,
    threads: int,
    strip: Strip,
    block: Rows,
) -> Outcome:
    """Compute a strip from a source's rows, in memory of this thread."""
    # NaN and infinities pass through.
    with borrowed_memory() as memory, np.errstate(all="ignore"):
        planes = block.transpose(2, 0, 1)
        return compute_strip(graph, readers, strip, planes, memory, told, threads)


class Repeating:
    """Computes strips, and gives what came of the last that repeated one pixel for others like it.

    Those have the same pixel, as many rows of every place, and neither the first nor the last row
    of the image, of whose ``height`` they are, so that they see no padding above or below.
    """

    def __init__(
        self, compute: Callable[[Strip, Rows], Outcome], height: int, told: Told | None
    ) -> None:
        self._compute, self._height, self._told = compute, height, told
        self._last: tuple[Any, Outcome] | None = None

    def __call__(self, strip: Strip, block: Rows) -> Outcome:
        """Return what comes of a strip, on any thread."""
        (top, bottom), *_ = strip.spans
        if top == 0 or bottom == self._height or not is_even(block):
            return self._compute(strip, block)
        like = block[0, 0].tobytes(), [stop - start for start, stop in strip.spans]
        last = self._last
        if last is None or last[0] != like:
            outcome = self._compute(strip, block)
            self._last = like, replace(outcome, seconds=[0.0] * len(outcome.seconds))
            return outcome
        if self._told is not None:
            self._told(like[1][-1])
        return last[1]


def compute_strip(
    graph: Graph,
    readers: Sequence[Reader],
    strip: Strip,
    block: Planes,
    memory: Memory,
    told: Told | None = None,
    threads: int = 1,
) -> Outcome:
    """Compute a strip from the source's planes ``(C, rows, W)`` that it needs.

    Several threads compute a part of each step's rows.
    """
    encoded: list[list[Any]] = [[] for _ in readers]
    seconds = [[0.0] * len(graph.nodes) for _ in range(threads)]
    barrier = Barrier(threads)
    with memory, team(threads) as together:
        places = [_Held(block, strip.spans[0][0]), *_empty(graph, strip, memory)]
        for increment in strip.increments:
            gained, spans = increment.gained[1 : graph.places], increment.gained[graph.places :]
            for held, (start, stop) in zip(places[1:], gained, strict=True):
                held.extend(start, stop)
            shared = list(turns(graph.nodes, gained, threads))
            work = partial(_compute_turns, graph, places, shared, barrier, seconds)
            with Breaking(barrier):
                together(work, range(threads), memory)
            for reader, found, (start, stop) in zip(readers, encoded, spans, strict=True):
                for low, high in _grains(reader, start, stop):
                    with memory:
                        blocks = _blocks(places, reader, low, high)
                        found.append(reader.encode(blocks, low, high, memory))
            if told is not None:
                told(stop - start)
            for held, row in zip(places, increment.kept, strict=False):
                held.kept = row
    return Outcome(encoded, [sum(all_threads) for all_threads in zip(*seconds, strict=True)])


def _compute_turns(
    graph: Graph,
    places: Sequence[_Held],
    shared: Sequence[Turn],
    barrier: Barrier,
    seconds: Sequence[list[float]],
    thread: int,
    memory: Memory,
) -> None:
    """Compute one thread's part of every step, for whose rows there is room in ``places``."""
    with Breaking(barrier):
        for turn in shared:
            if turn.waits:
                barrier.wait()
            start, stop = turn.parts[thread]
            if start < stop:
                began = time.perf_counter()
                node, held = graph.nodes[turn.number], places[turn.number + 1]
                with memory:
                    blocks = _blocks(places, node, start, stop)
                    node.step.compute(blocks, start, stop, held.rows(start, stop), memory)
                seconds[thread][turn.number] += time.perf_counter() - began


class _Held:
    """The rows of one place that are still needed; ``array`` has room for them and those gained."""

    def __init__(self, array: Planes, first: int) -> None:
        self._array = array
        self._first = self.kept = first  # the row at index 0, and the first that will be read

    def extend(self, start: int, stop: int) -> None:
        """Make room for new rows by dropping those no longer kept."""
        if stop - self._first > self._array.shape[1]:
            dropped = self.kept - self._first
            # As many rows at a time as lie apart: NumPy would copy all of those that overlap.
            for row in range(self.kept, start, dropped):
                rows = self.rows(row, min(row + dropped, start))
                self._array[:, row - self.kept :][:, : rows.shape[1]] = rows
            self._first = self.kept

    def rows(self, start: int, stop: int) -> Planes:
        """Return a view of rows that are held."""
        return self._array[:, start - self._first : stop - self._first]


def _empty(graph: Graph, strip: Strip, memory: Memory) -> Iterator[_Held]:
    """Yield room for the rows of every step, side by side in memory."""
    shapes = []
    for node, room in zip(graph.nodes, strip.room[1:], strict=False):
        channels, _, *rest = node.step.shape
        shapes.append((room, channels, *rest) if node.by_rows else (channels, room, *rest))
    taken = list(zip(graph.nodes, shapes, strip.spans[1:], strict=False))
    memory.reserve(sum(bytes_taken(shape, node.step.dtype) for node, shape, _ in taken))
    for node, shape, (first, _) in taken:
        array = memory.take(shape, node.step.dtype)
        yield _Held(array.swapaxes(0, 1) if node.by_rows else array, first)


def _blocks(places: Sequence[_Held], user: Node | Reader, start: int, stop: int) -> list[Planes]:
    """Return what a step or a reader needs of every place that it taps."""
    spans = user.needed(start, stop)
    return [
        places[tap.place].rows(*span)[tap.channels]
        for tap, span in zip(user.taps, spans, strict=True)
    ]


def _grains(reader: Reader, start: int, stop: int) -> Iterator[Span]:
    """Cut the rows that a reader gained into whole grains; of one row all are read at once."""
    if reader.grain == 1 and start < stop:
        yield start, stop
        return
    while start < stop:
        end = min(start - start % reader.grain + reader.grain, stop)
        yield start, end
        start = end


class Filling:
    """The reader that fills an array ``(C, H, W)`` with what a place gives."""

    grain = 1

    def __init__(self, tap: Tap, out: Planes) -> None:
        self.taps = (tap,)
        self.out = out

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the same rows."""
        return ((start, stop),)

    def encode(self, blocks: Sequence[Planes], start: int, stop: int, memory: Memory) -> None:
        """Copy rows to their place, to which no other strip writes."""
        self.out[:, start:stop] = blocks[0]

    def write(self, encoded: None) -> None:
        """Do nothing: the rows are in their place."""


def fill(
    graph: Graph, reader: Filling, volume: Planes, strips: Sequence[Strip], threads: int | None
) -> None:
    """Fill an array from planes ``(C, H, W)`` in memory, a strip on each thread, or on several."""
    each = max(chosen_threads(threads) // len(strips), 1)
    with one_blas_thread():
        for_each(strips, partial(fill_strip, graph, reader, volume, threads=each), threads)


def fill_strip(
    graph: Graph, reader: Filling, volume: Planes, strip: Strip, memory: Memory, threads: int = 1
) -> None:
    """Fill the rows of one strip; NaN and infinities pass through."""
    planes = volume[:, slice(*strip.spans[0])]
    with np.errstate(all="ignore"):
        compute_strip(graph, [reader], strip, planes, memory, threads=threads)
