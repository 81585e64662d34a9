"""Networks over images: their maps are the forward pass's, however rows are asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgecli.detect import soft_map
from edgecli.operators.soft import layer_banks, load_edge_network, plan_soft_map
from edgecli.errors import NetworkError
from edgecli.geometry import bands
from edgecli.images.colour import WHITE
from edgecli.networks.files import load_network
from edgecli.networks.layers import Activation, Convolution, Dense, Flatten
from edgecli.networks.network import Network, Node
from edgecli.operators.responders import Stopwatch
from edgecli.rows.arrays import ArraySource
from tests.conftest import noise
from tests.networks_reference import chain, with_weights
from tests.soft_networks import expected_map, save_network, soft_network

NETWORK = soft_network()


def read(
    picture: NDArray[Any],
    rows: int = 7,
    threads: int = 1,
    *,
    network: Network = NETWORK,
    halo: int = 0,
    pictured: bool = False,
) -> list[NDArray[Any]]:
    """Return the blocks of a map, in bands of so many rows with a halo."""
    source = ArraySource.of(picture)
    made = plan_soft_map(network, (1.0,), source.shape, WHITE, pictured=pictured)
    height = source.shape[0]
    ranges = [(max(low - halo, 0), min(high + halo, height)) for low, high in bands(height, rows)]
    return list(made.read(source, threads, Stopwatch()).blocks(ranges))


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 9), st.integers(1, 3))
@settings(max_examples=25)
def test_a_map_is_the_forward_pass_for_any_size_and_bands(
    height: int, width: int, rows: int, threads: int
) -> None:
    picture = noise(height, width, 3, seed=height)
    found = np.concatenate(read(picture, rows, threads))
    assert found.shape == (height, width, 1)
    np.testing.assert_allclose(found[..., 0], expected_map(NETWORK, picture), atol=1e-6)


@pytest.mark.parametrize("name", ["learned", "learned-small"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 2), (33, 47)])
def test_the_networks_of_the_package_take_any_size(name: str, shape: tuple[int, int]) -> None:
    picture, network = noise(*shape, 3), load_edge_network(name)
    found = np.concatenate(read(picture, network=network))[..., 0]
    np.testing.assert_allclose(found, expected_map(network, picture), atol=1e-5)


def test_bands_may_overlap() -> None:
    picture = noise(30, 12, 3)
    whole = expected_map(NETWORK, picture)
    blocks = read(picture, rows=4, halo=3)
    assert [len(block) for block in blocks[:3]] == [7, 10, 10]
    np.testing.assert_allclose(blocks[1][..., 0], whole[1:11], atol=1e-6)


@pytest.mark.parametrize("rows", [1, 3, 64])
def test_every_number_of_threads_and_rows_gives_the_same_bits(rows: int) -> None:
    picture = noise(150, 70, 3)
    first, *others = (np.concatenate(read(picture, rows, threads)) for threads in (1, 2, 3, 5))
    for other in others:
        np.testing.assert_array_equal(other, first)


def test_long_images_are_read_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = noise(90, 8, 3)
    monkeypatch.setattr(soft_map, "FEW_STEPS", 0)
    found = np.concatenate(read(picture))[..., 0]
    np.testing.assert_allclose(found, expected_map(NETWORK, picture), atol=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_grey_and_transparent_images(channels: int) -> None:
    picture = noise(9, 11, channels)
    found = np.concatenate(read(picture))[..., 0]
    np.testing.assert_allclose(found, expected_map(NETWORK, picture), atol=1e-6)


def test_white_is_white_at_every_depth() -> None:
    picture = noise(9, 11, 3)
    expected = np.concatenate(read(picture))
    deep = picture.astype(np.uint16) * 257
    np.testing.assert_allclose(np.concatenate(read(deep)), expected, atol=1e-6)
    floats = picture / np.float32(255)
    np.testing.assert_allclose(np.concatenate(read(floats)), expected, atol=1e-6)


def test_a_network_of_grey_takes_the_luma() -> None:
    network = soft_network(1)
    grey = noise(9, 11)
    rgb = np.repeat(grey[..., np.newaxis], 3, axis=2)
    found = [np.concatenate(read(picture, network=network)) for picture in (grey, rgb)]
    np.testing.assert_array_equal(found[0], found[1])


def test_what_is_not_finite_stays_where_it_is() -> None:
    picture = noise(20, 20, 3) / np.float32(255)
    clean = picture.copy()
    picture[5, 5] = np.nan
    clean[5, 5] = 0
    np.testing.assert_array_equal(np.concatenate(read(picture)), np.concatenate(read(clean)))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_image_comes_beside_its_map_where_asked(channels: int) -> None:
    picture = noise(50, 9, channels)
    picture[..., -1] = 255 if channels == 4 else picture[..., -1]
    found = np.concatenate(read(picture, pictured=True))
    colours = picture[..., : min(channels, 3)]
    np.testing.assert_allclose(found[..., 1:], colours / 255, atol=1e-7)
    np.testing.assert_array_equal(found[..., :1], np.concatenate(read(picture)))


def test_what_is_told_of_it() -> None:
    made = plan_soft_map(NETWORK, (1.0,), (20, 28, 3), WHITE, pictured=False)
    summary = NETWORK.summary((20, 28, 3))
    account = made.account
    assert account.macs == sum(layer.macs for layer in summary.layers)
    total = sum(layer.parameters for layer in summary.layers)
    assert account.weights + account.biases == total
    assert account.receptive_field == summary.layers[-1].receptive_field == (14, 14)
    assert account.geometry.padding == (1, 1, 1, 1)
    assert str(account.padding_mode) == "replicate"
    assert made.output_shape == (20, 28, 1)
    assert made.planes == 3


def test_two_scales_share_their_parameters() -> None:
    one, two = (
        plan_soft_map(NETWORK, scales, (20, 28, 3), WHITE, pictured=False).account
        for scales in ((1.0,), (1.0, 0.5))
    )
    assert (two.weights, two.biases) == (one.weights, one.biases)
    assert two.macs == one.macs * 5 // 4
    assert two.receptive_field == (32, 32)
    assert two.geometry == one.geometry


def test_reading_takes_time_of_the_network_alone() -> None:
    source, watch = ArraySource.of(noise(20, 20, 3)), Stopwatch()
    made = plan_soft_map(NETWORK, (1.0,), source.shape, WHITE, pictured=False)
    list(made.read(source, 1, watch).blocks([(0, 20)]))
    assert watch.seconds > 0


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
    monkeypatch.setattr(soft_map, "load_network", lambda _: network)
    with pytest.raises(NetworkError, match=said):
        load_edge_network("made")


def test_a_sigmoid_may_be_a_layer_of_its_own(tmp_path: Any) -> None:
    plain = Node("plain", replace(ONE, activation="none"), ("input",))
    network = edge_network(plain, Node("last", Activation("sigmoid"), ("plain",)))
    assert load_edge_network(str(save_network(network, tmp_path))).nodes == network.nodes
