"""Networks as a whole: names, sizes, and facts that can be found in another way."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecli.errors import NetworkError
from edgecli.geometry import Axis
from edgecli.networks.fields import Field
from edgecli.networks.files import load_network
from edgecli.networks.forward import forward
from edgecli.networks.layers import (
    UPSAMPLINGS,
    Activation,
    Add,
    Convolution,
    Dense,
    Layer,
    MaxPool,
    Upsample,
)
from edgecli.networks.network import INPUT, LARGEST_PARAMETERS, Network, Node
from tests.networks_reference import chain, encoder_decoder, with_weights

POOL = MaxPool((2, 2))


def network(*nodes: Node) -> Network:
    return Network("net", (1, 9, 9), nodes)


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ([], "1 to 1000 layers, not 0"),
        ([Node(f"n{n}", POOL, (INPUT,)) for n in range(1001)], "1 to 1000 layers, not 1001"),
        ([Node("a", POOL, (INPUT,)), Node("a", POOL, (INPUT,))], "two layers are called 'a'"),
        ([Node(INPUT, POOL, (INPUT,))], "two layers are called 'input'"),
        ([Node("../a", POOL, (INPUT,))], r"layer name '\.\./a' is not one word"),
        ([Node("", POOL, (INPUT,))], "layer name '' is not one word"),
        ([Node("a", POOL, ("a",))], "'a' reads itself; a network has no cycles"),
        (
            [Node("a", POOL, ("b",)), Node("b", POOL, ("a",))],
            "'a' reads 'b', which comes after it; a network has no cycles",
        ),
        (
            [Node("conv1", POOL, (INPUT,)), Node("b", POOL, ("conv2",))],
            "'b' reads 'conv2', which is unknown; did you mean 'conv1'",
        ),
        ([Node("a", Upsample(2, to="b"), (INPUT,))], "'a' reads 'b', which is unknown"),
        (
            [Node("a", POOL, (INPUT,)), Node("sum", Add(), ("a", INPUT))],
            r"layer 'sum' \(add\) over 4×4×1, 9×9×1: its inputs are 4×4×1 and 9×9×1",
        ),
        (
            [Node("a", POOL, (INPUT,)), Node("b", Convolution(1, (5, 5)), ("a",))],
            r"layer 'b' \(convolution\) over 4×4×1: kernel 5×5 is larger",
        ),
    ],
)
def test_networks_that_do_not_fit_together(nodes: list[Node], said: str) -> None:
    with pytest.raises(NetworkError, match=said):
        network(*nodes)


@pytest.mark.parametrize("shape", [(0, 9, 9), (1, 9, 2**31), (1, 9), (-1, 9, 9)])
def test_inputs_that_are_no_volumes(shape: tuple[int, ...]) -> None:
    with pytest.raises(NetworkError, match="give height × width × channels"):
        Network("net", shape, (Node("a", POOL, (INPUT,)),))


@pytest.mark.parametrize("layer", [Convolution(2**31 - 1, (3, 3)), Convolution(1, (2**14, 2**14))])
def test_too_many_parameters_are_refused_by_arithmetic(layer: Layer) -> None:
    with pytest.raises(NetworkError, match=f"'a'.*more than the limit of {LARGEST_PARAMETERS:,}"):
        Network("net", (1, 2**15, 2**15), (Node("a", layer, (INPUT,)),))


def test_weights_are_checked_against_their_layers() -> None:
    bare = chain((1, 9, 9), Convolution(2, (3, 3)))
    good: dict[str, Any] = {
        "a.weight": np.ones((2, 1, 3, 3), np.float32),
        "a.bias": np.zeros(2, np.float32),
    }
    kept = replace(bare, weights=good).weights
    assert list(kept) == list(good)
    assert all(np.shares_memory(kept[name], array) for name, array in good.items())
    wrong: list[tuple[str, Any, str]] = [
        ("a.weight", np.ones((2, 1, 3, 2), np.float32), r"a.weight has shape \(2, 1, 3, 2\).*3, 3"),
        ("a.bias", np.zeros(2), "a.bias holds other than finite float32"),
        ("a.bias", np.full(2, np.nan, np.float32), "a.bias holds other than finite float32"),
        ("b.bias", np.zeros(2, np.float32), "'b.bias' belongs to no layer"),
    ]
    for name, array, said in wrong:
        with pytest.raises(NetworkError, match=said):
            replace(bare, weights={**good, name: array})
    with pytest.raises(NetworkError, match=r"a\.bias is missing"):
        replace(bare, weights={"a.weight": good["a.weight"]})


def test_lenet5_is_that_of_the_course() -> None:
    layers = load_network("lenet5").summary().layers
    assert [layer.output_shape for layer in layers] == [
        (28, 28, 6), (14, 14, 6), (10, 10, 16), (5, 5, 16), (400,), (120,), (84,), (10,),
    ]  # fmt: skip
    with_parameters = [layer.parameters for layer in layers if layer.kind != "flatten"]
    assert with_parameters == [456, 0, 2416, 0, 48120, 10164, 850]
    assert sum(layer.parameters for layer in layers) == 62006
    assert [layer.receptive_field[0] for layer in layers] == [5, 6, 14, 16, 16, 32, 32, 32]
    assert layers[0].fully_connected_parameters == 3072 * 4704 == 14450688
    assert layers[0].connection_share == 75 / 3072
    assert layers[0].macs == 28 * 28 * 6 * 75


def test_the_convnet_of_the_course() -> None:
    layers = load_network("example-convnet").summary().layers
    shapes = [(37, 37, 10), (17, 17, 20), (7, 7, 40), (1960,), (1,)]
    assert [layer.output_shape for layer in layers] == shapes


def test_two_edge_filters_over_a_colour_volume() -> None:
    network = load_network("edges-rgb")
    (layer,) = network.summary().layers
    assert (layer.output_shape, layer.weights, layer.biases) == ((4, 4, 2), 54, 0)
    image = np.zeros((3, 6, 6))
    image[:, :, :3] = 10
    vertical, horizontal = forward(network, image)
    assert vertical.tolist() == [[0, 90, 90, 0]] * 4
    assert not horizontal.any()


def test_another_input_changes_the_shapes_alone() -> None:
    network = load_network("lenet5")
    layers = network.summary((48, 32, 1)).layers
    assert layers[0].output_shape == (44, 28, 6)
    assert layers[0].weights == 150
    with pytest.raises(NetworkError, match=r"'conv2' \(convolution\) over 2×14×6: kernel 5×5"):
        network.summary((8, 32, 3))
    with pytest.raises(NetworkError, match="shape is 32×32×0"):
        network.summary((32, 32, 0))


def test_macs_are_the_products_that_loops_count() -> None:
    layer = Convolution(4, (3, 2), (2, 1), "same", groups=2)
    (facts,) = chain((6, 7, 5), layer).summary().layers
    positions = math.prod(layer.output_shape([(6, 7, 5)]))
    assert facts.macs == positions * (3 * 2 * 6 // 2)
    assert facts.memory == 4 * (positions + 4 * 3 * 2 * 3 + 4)


windows = st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(1, 2))


@given(st.lists(windows, min_size=1, max_size=3), st.sampled_from([None, *UPSAMPLINGS]), windows)
@settings(max_examples=30)
def test_receptive_fields_are_what_an_output_reacts_to(
    drawn: list[tuple[int, int, int]], method: str | None, last: tuple[int, int, int]
) -> None:
    """Ones as weights, an input of ones at one row, and the outputs that are not zero."""
    drawn = drawn + [last] * (method is not None)
    layers: list[Layer] = [
        Convolution(1, (k, 1), (s, 1), dilation=(d, 1), bias=False) for k, s, d in drawn
    ]
    if method is not None:
        layers.insert(-1, Upsample(2, method))
    network = chain((1, 96, 1), *layers)
    ones = {name: np.ones(shape, np.float32) for name, shape in network.parameter_shapes().items()}
    network = replace(network, weights=ones)
    facts = network.summary().layers[-1]
    impulses = np.eye(96)[:, np.newaxis, :, np.newaxis]
    seen = forward(network, impulses)[:, 0, :, 0] != 0  # (input row, output row)
    away = seen.shape[1] // 4  # from the border
    inner = [np.flatnonzero(column) for column in seen.T[away : seen.shape[1] - away]]
    sizes = [rows[-1] - rows[0] + 1 for rows in inner]
    assert max(sizes) == facts.receptive_field[0]
    scale = 1 if method is None else 2
    assert facts.jump[0] == math.prod(s for _, s, _ in drawn) / scale


@given(st.lists(st.tuples(*[st.integers(1, 4)] * 3, st.integers(0, 2)), max_size=4))
def test_without_upsampling_a_field_is_what_one_output_reaches(
    drawn: list[tuple[int, int, int, int]],
) -> None:
    field = Field()
    for kernel, stride, dilation, before in drawn:
        field = field.through(Axis(999, kernel, stride, dilation, before))
    low, high = 0, 0  # positions of output 0, traced back through the windows
    for kernel, stride, dilation, before in reversed(drawn):
        low = low * stride - before
        high = high * stride - before + (kernel - 1) * dilation
    assert (field.spans[0], field.size) == ((low, high + 1), high - low + 1)
    assert field.jump == math.prod(stride for _, stride, _, _ in drawn)


def test_fields_of_branches_that_join() -> None:
    facts = {layer.name: layer for layer in encoder_decoder().summary().layers}
    assert facts["full"].receptive_field == (3, 3)
    assert facts["half"].receptive_field == (5, 5)
    assert facts["eighth"].jump == (8.0, 8.0)
    assert facts["residual"].receptive_field == facts["wide"].receptive_field
    assert facts["out"].jump == (1.0, 1.0)
    assert facts["out"].receptive_field > facts["residual"].receptive_field


def test_upsampling_beyond_the_input_has_jumps_of_less_than_a_pixel() -> None:
    layers = Upsample(2, "nearest"), Convolution(1, (3, 3)), Upsample(2, "bilinear")
    facts = chain((1, 9, 9), *layers).summary().layers
    assert [layer.jump[0] for layer in facts] == [0.5, 0.5, 0.25]
    assert [layer.receptive_field[0] for layer in facts] == [1, 2, 3]


def test_upsampling_beyond_reason_is_refused() -> None:
    network = chain((1, 1, 1), Upsample(64), Upsample(65))
    with pytest.raises(NetworkError, match=r"'b' \(upsample\): upsampling comes to 4160 in all"):
        network.summary()


def test_summaries_are_values() -> None:
    network = with_weights(chain((1, 9, 9), Activation("relu")))
    assert network.summary() == network.summary((9, 9, 1))


def test_a_dense_layer_fixes_the_input() -> None:
    assert load_network("lenet5").is_fixed
    assert not load_network("edges-rgb").is_fixed
    assert isinstance(load_network("lenet5").nodes[-1].layer, Dense)
