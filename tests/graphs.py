"""Toy steps on whole numbers, graphs of them, and a reader that tells what it was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from edgecli.rows.base import Planes, Span
from edgecli.rows.graph import Graph, Tap
from edgecli.rows.memory import Memory
from tests.conftest import noise
from tests.steps import whole

WHOLE = np.dtype(np.int64)
WIDTH = 2


@dataclass(frozen=True)
class Around:
    """Adds the rows above and below each row, every ``stride`` rows; beyond the ends are none."""

    shape: tuple[int, int, int]
    height: int  # of the input
    above: int
    below: int
    stride: int

    dtype = WHOLE

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        low, high = start * self.stride - self.above, (stop - 1) * self.stride + self.below + 1
        return ((max(low, 0), min(high, self.height)),)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        ((low, high),) = self.needed(start, stop)
        assert blocks[0].shape[1] == high - low
        assert out.shape == (self.shape[0], stop - start, WIDTH)
        padded = memory.take((len(out), self.above + high - low + self.below, WIDTH), WHOLE)
        padded.fill(0)
        padded[:, self.above : self.above + high - low] = blocks[0]
        for row, n in enumerate(range(start, stop)):
            first = n * self.stride - low
            out[:, row] = padded[:, max(first, 0) : first + self.above + 1 + self.below].sum(axis=1)


@dataclass(frozen=True)
class Repeat:
    """Repeats every row ``scale`` times; what is beyond the output is not computed."""

    shape: tuple[int, int, int]
    scale: int

    dtype = WHOLE

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        return ((start // self.scale, (stop - 1) // self.scale + 1),)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        del memory
        rows = np.arange(start, stop) // self.scale - start // self.scale
        out[...] = blocks[0][:, rows]


@dataclass(frozen=True)
class Plus:
    """Adds its two inputs, of which the second counts three times."""

    shape: tuple[int, int, int]

    dtype = WHOLE

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        return ((start, stop),) * 2

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        del memory
        assert [block.shape[1] for block in blocks] == [stop - start] * 2
        np.add(blocks[0], 3 * blocks[1], out=out)


class Telling:
    """The reader that tells which rows of two places it was given, and in which order."""

    def __init__(self, graph: Graph, first: Tap, second: Tap, grain: int, reach: int) -> None:
        self.taps, self.grain = (first, second), grain
        self.height, self._reach = graph.shape(first.place)[1], reach
        self.told: list[tuple[int, int, list[Planes]]] = []

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        return (max(start - self._reach, 0), min(stop + self._reach, self.height)), (start, stop)

    def encode(self, blocks: Sequence[Planes], start: int, stop: int, memory: Memory) -> Any:
        memory.take((1000,), np.uint8).fill(1)  # nobody else's
        return start, stop, [block.copy() for block in blocks]

    def write(self, encoded: Any) -> None:
        self.told.append(encoded)

    def check(self, places: Sequence[Planes]) -> None:
        """Check that all rows were given, each once, in order, and in whole grains."""
        starts, stops = [one[0] for one in self.told], [one[1] for one in self.told]
        assert [*starts, self.height] == [0, *stops]
        if self.grain > 1:
            assert starts == list(range(0, self.height, self.grain))
        for start, stop, blocks in self.told:
            spans = self.needed(start, stop)
            for block, tap, (low, high) in zip(blocks, self.taps, spans, strict=True):
                expected = places[tap.place][tap.channels, low:high]
                np.testing.assert_array_equal(block, expected)


@dataclass(frozen=True)
class Drawn:
    """A graph, its readers, and what every place of it gives, computed at once."""

    graph: Graph
    readers: list[Telling]
    places: list[Planes]

    def shares(self, count: int) -> list[list[Span]]:
        """Cut the rows of every reader into so many runs, some of them empty, in whole grains."""

        def cut(reader: Telling, n: int) -> int:
            row = reader.height * n // count
            return row if n == count else row - row % reader.grain

        return [[(cut(r, n), cut(r, n + 1)) for r in self.readers] for n in range(count)]


def run_whole(graph: Graph, source: Planes) -> list[Planes]:
    """Compute every place of a graph at once."""
    places = [source]
    for node in graph.nodes:
        places.append(whole(node.step, *(places[tap.place][tap.channels] for tap in node.taps)))
    return places


def _add_step(draw: st.DrawFn, graph: Graph) -> None:
    place = draw(st.integers(max(graph.places - 2, 0), graph.places - 1))
    channels, height, width = graph.shape(place)
    grain, sides = draw(st.sampled_from([1, 1, 5])), st.integers(0, 3)
    match draw(st.sampled_from(["around", "repeat", "plus"])):
        case "around":
            stride, alone = draw(st.integers(1, 3)), draw(st.booleans())
            tap = Tap(place, channels - 1, channels) if alone else Tap(place)
            shape = 1 if alone else channels, -(-height // stride), width
            graph.add(Around(shape, height, draw(sides), draw(sides), stride), tap, grain=grain)
        case "repeat":
            scale = draw(st.integers(1, 3))
            shape = channels, height * scale - draw(st.integers(0, scale - 1)), width
            graph.add(Repeat(shape, scale), Tap(place), grain=grain)
        case "plus":
            other = draw(st.sampled_from(_alike(graph, place)))
            graph.add(Plus((channels, height, width)), Tap(place), Tap(other), grain=grain)


def _alike(graph: Graph, place: int) -> list[int]:
    return [n for n in range(graph.places) if graph.shape(n) == graph.shape(place)]


@st.composite
def graphs(draw: st.DrawFn) -> Drawn:
    """Draw a graph of a few steps, with halos, strides, upsampling and branches."""
    graph = Graph((2, draw(st.integers(1, 25) | st.integers(50, 80)), WIDTH))
    for _ in range(draw(st.integers(1, 6))):
        _add_step(draw, graph)
    readers = []
    for place in {graph.places - 1, draw(st.integers(0, graph.places - 1))}:
        other = Tap(draw(st.sampled_from(_alike(graph, place))), draw(st.integers(0, 1)))
        grain, reach = draw(st.sampled_from([1, 3, 8])), draw(st.integers(0, 2))
        readers.append(Telling(graph, Tap(place), other, grain, reach))
    source = noise(*graph.source_shape).astype(WHOLE) + 1
    return Drawn(graph, readers, run_whole(graph, source))
