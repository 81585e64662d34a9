"""Networks run in bands, whole and in batches: always the loops' values."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgecli.errors import GeometryError, NetworkError
from edgecli.networks.forward import forward, stream
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
from edgecli.networks.layout import LARGEST_BYTES, lay_out
from edgecli.networks.network import Network, Node
from edgecli.rows.blas import _blas_threads
from tests.networks_reference import chain, encoder_decoder, naive_forward, with_weights

seeds = st.integers(0, 2**32 - 1)
sides = st.integers(1, 9)
pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


def volume(seed: int, *shape: int, whole: bool = False) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    values = random.integers(-9, 10, shape) if whole else random.normal(size=shape)
    return values.astype(np.float32)


def in_bands(
    network: Network, image: NDArray[Any], rows: int, threads: int = 1
) -> dict[str, NDArray[Any]]:
    """Return every layer's values, computed in steps of so many rows."""
    laid = lay_out(network, image.shape, rows=rows)
    found = [np.full(shape, np.nan, np.float32) for shape in laid.shapes]
    blocks = (image[:, low:high, :, np.newaxis] for low, high in laid.input_rows)
    for step, gained in zip(laid.steps, stream(laid, blocks, threads), strict=True):
        for array, span, part in zip(found, step.rows, gained, strict=True):
            array[:, slice(*span)] = part[..., 0]
    shapes = network.shapes(image.shape)
    named = zip(shapes.items(), found, strict=True)
    return {name: array.reshape(shape) for (name, shape), array in named}


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


def check(network: Network, image: NDArray[Any]) -> None:
    """Compare a whole run, and bands of one and of three rows, with the loops."""
    expected = naive_forward(network, image)
    for rows, threads in ((len(image[0]), 1), (1, 1), (3, 2)):
        for name, values in in_bands(network, image, rows, threads).items():
            np.testing.assert_allclose(values, expected[name], rtol=2e-5, atol=2e-5)


@given(convolutions(), sides, sides, seeds)
@settings(max_examples=40)
def test_convolutions(drawn: tuple[Convolution, int], height: int, width: int, seed: int) -> None:
    layer, channels = drawn
    shape = channels, height + 4, width + 4
    if fits(layer, shape):
        network = with_weights(chain(shape, layer), seed)
        check(network, volume(seed, *shape))


def test_groups_whose_methods_take_different_bands() -> None:
    layer = Convolution(2, (15, 15), padding="same", groups=2)
    network = with_weights(chain((2, 90, 20), layer))
    network.weights["a.weight"][0] = 0.5  # an outer product, which takes bands of any height
    check(network, volume(3, 2, 90, 20))


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


def test_a_large_softmax_does_not_overflow() -> None:
    network = chain((2, 1, 1), Activation("softmax"))
    out = forward(network, np.array([1000.0, 999.0]).reshape(2, 1, 1))
    np.testing.assert_allclose(out.ravel(), [0.7310586, 0.2689414], rtol=1e-6)


@given(st.integers(1, 13), st.integers(1, 13), seeds)
@settings(max_examples=8)
def test_an_encoder_decoder_of_any_size(height: int, width: int, seed: int) -> None:
    check(with_weights(encoder_decoder(), seed), volume(seed, 2, height, width))


@given(st.integers(1, 40), st.integers(1, 3), st.integers(1, 50))
@settings(max_examples=25)
def test_bands_equal_the_whole_to_the_bit(height: int, threads: int, rows: int) -> None:
    network = with_weights(encoder_decoder("none"), whole=True)
    image = volume(5, 2, height, 17, whole=True)
    whole, cut = in_bands(network, image, height), in_bands(network, image, rows, threads)
    for name in whole:
        np.testing.assert_array_equal(cut[name], whole[name])


def test_forward_returns_the_last_layer() -> None:
    network, image = with_weights(encoder_decoder()), volume(3, 2, 70, 33)
    whole = in_bands(network, image, 70)["out"]
    for threads in (1, 2, None):
        np.testing.assert_allclose(forward(network, image, threads), whole, rtol=1e-5, atol=1e-6)


def test_integers_are_taken_as_they_are() -> None:
    network = chain((1, 2, 3), MaxPool((2, 3)))
    assert forward(network, np.arange(6, dtype=np.uint8).reshape(1, 2, 3)).tolist() == [[[5.0]]]


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


def test_a_batch_of_maps() -> None:
    network, images = with_weights(encoder_decoder()), volume(4, 3, 2, 9, 8)
    out = forward(network, images)
    assert out.shape == (3, 1, 9, 8)
    np.testing.assert_allclose(out[2], forward(network, images[2]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("stopped", [False, True])
def test_blas_has_its_threads_back_afterwards(stopped: bool) -> None:
    setting = _blas_threads()
    assert setting is not None, "NumPy's wheels bundle OpenBLAS"
    read, _ = setting
    before = read()
    laid = lay_out(chain((1, 8, 8), MaxPool((2, 2))), (1, 8, 8), rows=2)
    steps = stream(laid, (volume(1, 1, 2, 8, 1) for _ in laid.steps), 2)
    next(steps)
    assert read() == 1
    steps.close() if stopped else list(steps)  # type: ignore[attr-defined]
    assert read() == before


def test_memory_follows_the_width_not_the_height() -> None:
    network = with_weights(encoder_decoder())
    low, high = (lay_out(network, (2, height, 300), rows=16) for height in (400, 4000))
    assert low.memory == high.memory
    widths = sum(4 * C * W for C, _, W in low.shapes)
    assert low.memory < 60 * widths


def test_a_layer_keeps_no_row_longer_than_it_is_read() -> None:
    laid = lay_out(chain((1, 50, 4), MaxPool((3, 3), (1, 1))), (1, 50, 4), rows=5)
    assert [step.kept[0] for step in laid.steps[:3]] == [3, 8, 13]  # two rows of halo
    assert [step.rows[1] for step in laid.steps[:3]] == [(0, 3), (3, 8), (8, 13)]
    assert laid.capacity[0] == 7 + 3  # and half as many more


@pytest.mark.parametrize("mode", MODES)
def test_padding_of_several_times_the_volume(mode: str) -> None:
    high = Convolution(2, (3, 3), padding=(20, 15, 1, 1), padding_mode=mode)
    network = with_weights(
        chain((1, 8, 5), Convolution(1, (3, 3), padding="same"), high, Convolution(1, (2, 2)))
    )
    check(network, volume(3, 1, 8, 5))


def test_a_circular_border_waits_for_the_last_row() -> None:
    layer = Convolution(1, (3, 3), padding="same", padding_mode="circular")
    network = with_weights(chain((1, 9, 5), layer))
    laid = lay_out(network, (1, 9, 5), rows=3)
    assert [step.rows[1] for step in laid.steps] == [(0, 0), (0, 0), (0, 3), (3, 6), (6, 9)]
    assert laid.input_rows == [(0, 3), (3, 6), (6, 9), (9, 9), (9, 9)]
    check(network, volume(2, 1, 9, 5))


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
        lay_out(network, shape)


def test_images_that_do_not_fit() -> None:
    network = with_weights(chain((2, 9, 9), Convolution(2, (5, 5))))
    with pytest.raises(GeometryError, match=r"4×9×2: layer 'a' .*5×5 is larger than .* 4×9"):
        lay_out(network, (2, 4, 9))
    with pytest.raises(GeometryError, match="of 2 channels, as 9×9×2, and this one is 9×9×3"):
        lay_out(network, (3, 9, 9))
    with pytest.raises(GeometryError, match=r"shape \(9,\)"):
        forward(network, np.zeros(9))


def test_a_network_without_weights_is_named() -> None:
    nodes = (Node("first", Convolution(2, (3, 3)), ("input",)),)
    with pytest.raises(NetworkError, match=r"net has no weights for layer 'first'.*random_weights"):
        lay_out(Network("net", (1, 9, 9), nodes), (1, 9, 9))


def test_rows_beyond_all_memory_are_refused_before_they_are_taken() -> None:
    network = with_weights(chain((1, 9, 9), Convolution(2**12, (1, 1)), Flatten()))
    with pytest.raises(GeometryError, match=f"more than {LARGEST_BYTES:,}"):
        lay_out(network, (1, 4000, 6000))


def test_no_step_gives_more_than_its_share() -> None:
    network = with_weights(encoder_decoder())
    laid = lay_out(network, (2, 400, 30), rows=16)
    most = [max(stop - start for start, stop in spans) for spans in zip(
        *(step.rows for step in laid.steps), strict=True
    )]  # fmt: skip
    assert most == [-(-16 * height // 400) for _, height, _ in laid.shapes]
