"""Networks over images: their maps are the forward pass's, however rows are asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgecli.errors import NetworkError
from edgecli.geometry import bands
from edgecli.images.colour import WHITE
from edgecli.networks.files import load_network
from edgecli.networks.layers import Activation, Convolution, Dense, Flatten
from edgecli.networks.network import Network, Node
from edgecli.operators import soft
from edgecli.operators.responses import Account
from edgecli.operators.soft import layer_banks, load_edge_network, soft_responses
from edgecli.rows.arrays import ArraySource
from edgecli.rows.graph import Graph
from edgecli.rows.running import Filling, fill
from tests.conftest import noise
from tests.networks_reference import chain, with_weights
from tests.soft_networks import expected_map, save_network, soft_network

NETWORK = soft_network()


def respond(
    picture: NDArray[Any],
    network: Network = NETWORK,
    *,
    strip: int | None = None,
    rows: int | None = None,
    threads: int = 1,
) -> NDArray[np.float32]:
    """Return the map ``(H, W)`` of a picture, in strips of a height, from so many rows at once."""
    image = ArraySource.of(picture).array.transpose(2, 0, 1)
    _, H, W = image.shape
    graph = Graph(image.shape)
    found = soft_responses(graph, network, (1.0,), WHITE)
    assert (found.volume, found.shape) == ((H, W, network.input_shape[0]), (1, H, W))
    reader = Filling(found.tap, np.full(found.shape, np.nan, np.float32))
    strips = [graph.strip([reader], [cut], rows) for cut in bands(H, strip or H)]
    fill(graph, reader, image, strips, threads)
    return np.asarray(reader.out[0])


@given(*[st.integers(1, 40)] * 3, st.integers(1, 9), st.integers(1, 3))
@settings(max_examples=25)
def test_a_map_is_the_forward_pass_for_any_size_and_cut(
    height: int, width: int, strip: int, rows: int, threads: int
) -> None:
    picture = noise(height, width, 3, seed=height)
    found = respond(picture, strip=strip, rows=rows, threads=threads)
    np.testing.assert_allclose(found, expected_map(NETWORK, picture), atol=1e-6)


@pytest.mark.parametrize("name", ["learned", "learned-small"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 2), (33, 47)])
def test_the_networks_of_the_package_take_any_size(name: str, shape: tuple[int, int]) -> None:
    picture, network = noise(*shape, 3), load_edge_network(name)
    expected = expected_map(network, picture)
    np.testing.assert_allclose(respond(picture, network), expected, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_grey_and_transparent_images(channels: int) -> None:
    picture = noise(9, 11, channels)
    np.testing.assert_allclose(respond(picture), expected_map(NETWORK, picture), atol=1e-6)


def test_white_is_white_at_every_depth() -> None:
    picture = noise(9, 11, 3)
    expected = respond(picture)
    for other in (picture.astype(np.uint16) * 257, picture / np.float32(255)):
        np.testing.assert_allclose(respond(other), expected, atol=1e-6)


def test_a_network_of_grey_takes_the_luma() -> None:
    network, grey = soft_network(1), noise(9, 11)
    rgb = np.repeat(grey[..., np.newaxis], 3, axis=2)
    np.testing.assert_array_equal(respond(grey, network), respond(rgb, network))


def test_what_is_not_finite_stays_where_it_is() -> None:
    picture = noise(20, 20, 3) / np.float32(255)
    clean = picture.copy()
    picture[5, 5], clean[5, 5] = np.nan, 0
    np.testing.assert_array_equal(respond(picture), respond(clean))


# --- what is told of it -------------------------------------------------------------------------


def account(scales: tuple[float, ...]) -> Account:
    return soft_responses(Graph((3, 20, 28)), NETWORK, scales, WHITE).account()


def test_the_account_is_of_all_layers() -> None:
    layers = NETWORK.summary((20, 28, 3)).layers
    told = account((1.0,))
    assert told.macs == sum(layer.macs for layer in layers)
    assert told.weights + told.biases == sum(layer.parameters for layer in layers)
    assert told.receptive_field == layers[-1].receptive_field == (14, 14)
    assert told.geometry.padding == (1, 1, 1, 1)
    assert str(told.padding_mode) == "replicate"


def test_two_scales_share_their_parameters() -> None:
    one, two = account((1.0,)), account((1.0, 0.5))
    assert (two.weights, two.biases) == (one.weights, one.biases)
    assert two.macs == one.macs * 5 // 4
    assert two.receptive_field == (32, 32)
    assert two.geometry == one.geometry


def test_the_filters_of_each_layer_have_its_name() -> None:
    banks = layer_banks(NETWORK)
    assert [bank.names[0] for bank in banks] == ["full-1", "half-1", "wide-1", "out-1"]
    assert [bank.shape for bank in banks] == [
        (4, 3, 3, 3),
        (6, 4, 2, 2),
        (4, 6, 3, 3),
        (1, 4, 1, 1),
    ]
    (named,) = layer_banks(load_network("edges-rgb"))
    assert named.names[0] == "edges-1"


# --- what is refused ----------------------------------------------------------------------------


def edge_network(*nodes: Node) -> Network:
    return with_weights(Network("made", (3, 8, 8), nodes))


ONE = Convolution(1, (3, 3), padding="same", activation="sigmoid")
UNFIT = {
    "two maps": (edge_network(Node("a", replace(ONE, filters=2), ("input",))), "8×8×2 of 8×8×3"),
    "smaller": (edge_network(Node("a", replace(ONE, padding="valid"), ("input",))), "6×6×1"),
    "fixed": (with_weights(chain((3, 8, 8), Flatten(), Dense(2))), "makes 2 of"),
    "five channels": (with_weights(chain((5, 8, 8), ONE)), "of 8×8×5"),
    "no sigmoid": (edge_network(Node("a", replace(ONE, activation="relu"), ("input",))), "sigmoid"),
    "no filters": (chain((1, 8, 8), Activation("sigmoid")), "has no filters, so it finds no edges"),
    "no weights": (Network("made", (3, 8, 8), (Node("a", ONE, ("input",)),)), "no weights"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_networks_that_make_no_edge_map(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network, said = UNFIT[name]
    monkeypatch.setattr(soft, "load_network", lambda _: network)
    with pytest.raises(NetworkError, match=said):
        load_edge_network("made")


def test_a_sigmoid_may_be_a_layer_of_its_own(tmp_path: Any) -> None:
    plain = Node("plain", replace(ONE, activation="none"), ("input",))
    network = edge_network(plain, Node("last", Activation("sigmoid"), ("plain",)))
    assert load_edge_network(str(save_network(network, tmp_path))).nodes == network.nodes
