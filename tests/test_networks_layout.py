"""Networks laid over images: which rows are computed and kept when, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from edgecli.errors import GeometryError, NetworkError
from edgecli.networks import layout
from edgecli.networks.forward import forward
from edgecli.networks.layers import Add, Convolution, Dense, Flatten, MaxPool, Shape
from edgecli.networks.layout import LARGEST_BYTES, cut_strips, lay_out, memory_of
from edgecli.networks.network import INPUT, Network, Node
from edgecli.rows.graph import Graph, Strip, Tap
from edgecli.rows.memory import Memory
from edgecli.rows.running import Filling, fill_strip
from tests.networks_reference import chain, encoder_decoder, volume, with_weights


def laid(network: Network, shape: Shape) -> tuple[Graph, Filling]:
    """Return the graph of a network over an image, and a reader of its last layer."""
    graph = Graph(shape)
    tap = lay_out(network, shape, graph, Tap(0))[network.nodes[-1].name]
    return graph, Filling(tap, np.empty(graph.shape(tap.place), np.float32))


def whole_strip(network: Network, shape: Shape, rows: int) -> Strip:
    """Return the strip of a whole image, from so many rows at a time."""
    graph, reader = laid(network, shape)
    return graph.strip([reader], [(0, reader.out.shape[1])], rows)


# --- rows and memory ----------------------------------------------------------------------------


def test_memory_follows_the_width_not_the_height() -> None:
    network, held = with_weights(encoder_decoder()), []
    for height in (400, 4000):
        graph, reader = laid(network, (2, height, 300))
        strip = graph.strip([reader], [(0, height)], 16)
        held.append(memory_of(graph, strip))
    assert held[0] == held[1] < 60 * sum(4 * np.prod([c, w]) for c, _, w in shapes(graph))


def shapes(graph: Graph) -> Sequence[tuple[int, ...]]:
    return [node.step.shape for node in graph.nodes]


class Watched(Memory):
    """Memory that notes the bytes of the arrays that a strip holds from its start to its end."""

    held = 0

    def take(self, shape: tuple[int, ...], dtype: object) -> np.ndarray:
        array = super().take(shape, dtype)  # type: ignore[arg-type]
        self.held += array.nbytes * (len(self._marks) == 1)
        return array


@pytest.mark.parametrize("rows", [1, 16, None])
def test_a_strip_holds_what_was_planned(rows: int | None) -> None:
    network, memory = with_weights(encoder_decoder()), Watched()
    graph, reader = laid(network, (2, 90, 40))
    strip = graph.strip([reader], [(20, 70)], rows)
    fill_strip(graph, reader, volume(1, 2, 90, 40)[:, slice(*strip.spans[0])], strip, memory)
    assert memory.held == memory_of(graph, strip)


def test_a_layer_keeps_no_row_longer_than_it_is_read() -> None:
    pool = MaxPool((3, 3), (1, 1))
    strip = whole_strip(chain((1, 50, 9), pool, pool), (1, 50, 9), 5)
    assert [one.gained[1] for one in strip.increments[:3]] == [(0, 3), (3, 8), (8, 13)]
    assert [one.kept[:2] for one in strip.increments[:3]] == [(3, 1), (8, 6), (13, 11)]
    assert strip.room[1] == 2 + 5


def test_a_layer_that_keeps_many_rows_has_room_for_those_and_the_new_ones() -> None:
    """As beside a path that sees far."""
    pool = MaxPool((21, 1), (1, 1), "same")
    nodes = Node("near", MaxPool((1, 1)), (INPUT,)), Node("far", pool, (INPUT,))
    both = Node("both", Add(), ("near", "far"))
    strip = whole_strip(Network("net", (1, 90, 9), (*nodes, both)), (1, 90, 9), 5)
    assert strip.room[1] == 10 + 5


def test_a_circular_border_waits_for_the_last_row() -> None:
    layer = Convolution(1, (3, 3), padding="same", padding_mode="circular")
    strip = whole_strip(with_weights(chain((1, 12, 5), layer)), (1, 12, 5), 4)
    gained = [one.gained[:2] for one in strip.increments]
    assert [rows for _, rows in gained] == [(0, 0), (0, 0), (0, 4), (4, 8), (8, 12)]
    assert [rows for rows, _ in gained] == [(0, 4), (4, 8), (8, 12), (12, 12), (12, 12)]


def test_no_increment_gives_more_than_its_share() -> None:
    network, shape = with_weights(encoder_decoder()), (2, 400, 30)
    graph, _ = laid(network, shape)
    spans = zip(*(one.gained for one in whole_strip(network, shape, 16).increments), strict=True)
    most = [max(stop - start for start, stop in span) for span in spans]
    assert most[1:-1] == [-(-16 * height // 400) for _, height, _ in shapes(graph)]


def test_increments_are_shorter_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, reader = laid(with_weights(encoder_decoder()), (2, 400, 30))
    (long,) = cut_strips(graph, [reader], [[(0, 400)]], "net")
    monkeypatch.setitem(layout.INCREMENTS, 512, memory_of(graph, long) - 1)
    (short,) = cut_strips(graph, [reader], [[(0, 400)]], "net")
    assert [one.increments[0].gained[0] for one in (long, short)] == [(0, 400), (0, 256)]
    assert memory_of(graph, short) < memory_of(graph, long)


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((1, 32, 32), "takes images 32×32×3, and this one is 32×32×1"),
        ((3, 33, 32), "takes images 32×32×3, and this one is 33×32×3"),
    ],
)
def test_dense_networks_take_images_of_their_shape(shape: tuple[int, int, int], said: str) -> None:
    network = with_weights(chain((3, 32, 32), Flatten(), Dense(2)))
    with pytest.raises(GeometryError, match=said):
        laid(network, shape)


def test_images_that_do_not_fit() -> None:
    network = with_weights(chain((2, 9, 9), Convolution(2, (5, 5))))
    with pytest.raises(GeometryError, match=r"4×9×2: layer 'a' .*5×5 is larger than .* 4×9"):
        laid(network, (2, 4, 9))
    with pytest.raises(GeometryError, match="of 2 channels, as 9×9×2, and this one is 9×9×3"):
        laid(network, (3, 9, 9))


def test_a_network_without_weights_is_named() -> None:
    nodes = (Node("first", Convolution(2, (3, 3)), ("input",)),)
    with pytest.raises(NetworkError, match=r"net has no weights for layer 'first'.*random_weights"):
        laid(Network("net", (1, 9, 9), nodes), (1, 9, 9))


def test_rows_beyond_all_memory_are_refused_before_they_are_taken() -> None:
    network = with_weights(chain((1, 9, 9), Convolution(2**12, (1, 1)), Flatten()))
    image = np.broadcast_to(np.float32(0), (1, 4000, 6000))
    said = rf"^network chain over 4000×6000×1 needs .* more than {LARGEST_BYTES:,}; give a narrower"
    with pytest.raises(GeometryError, match=said):
        forward(network, image)
