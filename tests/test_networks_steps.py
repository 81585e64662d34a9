"""The step of each layer: always the loops' values, in whatever runs of rows it is computed."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecli.errors import NetworkError
from edgecli.networks import convolving
from edgecli.networks.forward import forward
from edgecli.networks.layers import (
    ACTIVATIONS,
    Activation,
    Add,
    AveragePool,
    Convolution,
    Dense,
    Flatten,
    Layer,
    MaxPool,
    Mean,
    Upsample,
)
from edgecli.networks.network import Network, Node
from tests.networks_reference import chain, check, volume, with_weights

seeds = st.integers(0, 2**32 - 1)
sides = st.integers(1, 9)
pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def windows(draw: st.DrawFn) -> dict[str, Any]:
    padding: Any = draw(st.sampled_from(["valid", "same", "sides"]))
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    if padding == "sides":
        padding = tuple(draw(st.integers(0, k - 1)) for k in (kernel[0],) * 2 + (kernel[1],) * 2)
    return {"kernel_size": kernel, "stride": draw(pairs), "padding": padding}


MODES = ["zeros", "replicate", "reflect", "symmetric", "circular", "constant:7"]


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[Convolution, int]:
    groups, per_group = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    layer = Convolution(
        groups * draw(st.integers(1, 3)),
        **draw(windows()),
        padding_mode=draw(st.sampled_from(MODES)),
        dilation=draw(pairs),
        groups=groups,
        bias=draw(st.booleans()),
        activation=draw(st.sampled_from(ACTIVATIONS)),
    )
    return layer, groups * per_group


def fits(layer: Layer, shape: tuple[int, int, int]) -> bool:
    try:
        layer.output_shape([shape])
    except NetworkError:
        return False
    return True


@given(convolutions(), sides, sides, seeds)
@settings(max_examples=40)
def test_convolutions(drawn: tuple[Convolution, int], height: int, width: int, seed: int) -> None:
    layer, channels = drawn
    shape = channels, height + 4, width + 4
    if fits(layer, shape):
        network = with_weights(chain(shape, layer), seed)
        check(network, volume(seed, *shape))


@pytest.mark.parametrize("width", [20, 333])
def test_kernels_so_large_that_columns_are_computed_in_turn(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convolving, "WINDOW_BYTES", 2**14)
    monkeypatch.setattr(convolving, "SMALL_PRODUCT", 2**14)
    layer = Convolution(2, (15, 15), padding="same", groups=2)
    network = with_weights(chain((2, 30, width), layer))
    check(network, volume(3, 2, 30, width))


KINDS = [MaxPool, AveragePool, partial(AveragePool, count_padding=False)]


@given(st.sampled_from(KINDS), windows(), st.integers(1, 2), sides, sides, seeds)
@settings(max_examples=50)
def test_pooling(
    kind: Any, window: dict[str, Any], channels: int, height: int, width: int, seed: int
) -> None:
    layer, shape = kind(**window), (channels, height + 3, width + 3)
    if fits(layer, shape):
        check(chain(shape, layer), volume(seed, *shape))


@given(
    st.sampled_from(["nearest", "bilinear"]), st.integers(1, 4), st.integers(1, 2), sides, sides,
    seeds,
)  # fmt: skip
@settings(max_examples=25)
def test_upsampling(
    method: str, scale: int, channels: int, height: int, width: int, seed: int
) -> None:
    shape = channels, height, width
    check(chain(shape, Upsample(scale, method)), volume(seed, *shape))


@pytest.mark.parametrize("kind", [Add, Mean])
def test_sums_and_means(kind: Any) -> None:
    nodes = (
        Node("a", MaxPool((3, 3), (1, 1), "same"), ("input",)),
        Node("b", Activation("tanh"), ("input",)),
        Node("c", kind(), ("a", "input", "b")),
    )
    check(Network("net", (2, 5, 6), nodes), volume(2, 2, 5, 6))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation: str) -> None:
    layers = (
        Activation(activation),
        Flatten(),
        Dense(5, activation=activation),
        Dense(2, bias=False),
    )
    network = with_weights(chain((3, 4, 5), *layers))
    check(network, volume(1, 3, 4, 5))


@pytest.mark.parametrize("mode", MODES)
def test_padding_of_several_times_the_volume(mode: str) -> None:
    high = Convolution(2, (3, 3), padding=(20, 15, 1, 1), padding_mode=mode)
    network = with_weights(
        chain((1, 8, 5), Convolution(1, (3, 3), padding="same"), high, Convolution(1, (2, 2)))
    )
    check(network, volume(3, 1, 8, 5))


def test_a_large_softmax_does_not_overflow() -> None:
    network = chain((2, 1, 1), Activation("softmax"))
    out = forward(network, np.array([1000.0, 999.0]).reshape(2, 1, 1))
    np.testing.assert_allclose(out.ravel(), [0.7310586, 0.2689414], rtol=1e-6)


BATCHED = [
    (Convolution(3, (3, 2), padding="same", dilation=(1, 2)), "folded into one wide image"),
    (Convolution(4, (2, 3), stride=(1, 2), groups=2), "strided along the rows"),
    (Convolution(2, (3, 3), padding="same", padding_mode="replicate"), "with a border of its own"),
    (MaxPool((2, 2), padding="same"), "pooled"),
    (Upsample(2), "mixed"),
    (Activation("softmax"), "by channel"),
]


@pytest.mark.parametrize(
    "layer", [layer for layer, _ in BATCHED], ids=[name for _, name in BATCHED]
)
@pytest.mark.parametrize("count", [1, 2, 67])
def test_a_batch_is_its_images_one_by_one(layer: Layer, count: int) -> None:
    network = with_weights(chain((2, 5, 6), layer, Flatten(), Dense(3)))
    images = volume(count, count, 2, 5, 6)
    out = forward(network, images, 2)
    assert out.shape == (count, 3)
    for image, values in zip(images, out, strict=True):
        np.testing.assert_allclose(values, forward(network, image), rtol=1e-5, atol=1e-5)
