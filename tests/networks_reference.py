"""An independent reference: every layer as nested loops. And networks for the tests."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.geometry import bands
from edgecli.networks.layers import (
    Activation,
    Add,
    AveragePool,
    Concatenate,
    Convolution,
    Dense,
    Flatten,
    Layer,
    MaxPool,
    Mean,
    Upsample,
)
from edgecli.networks.layout import lay_out
from edgecli.networks.network import INPUT, Network, Node
from edgecli.networks.weights import random_weights
from edgecli.rows.graph import Graph, Tap
from edgecli.rows.memory import Memory
from edgecli.rows.running import Filling, fill_strip
from tests.reference import correlate, pad

Values = NDArray[Any]


def volume(seed: int, *shape: int, whole: bool = False) -> NDArray[np.float32]:
    """Return random numbers, or whole ones."""
    random = np.random.default_rng(seed)
    values = random.integers(-9, 10, shape) if whole else random.normal(size=shape)
    return values.astype(np.float32)


def chain(shape: tuple[int, int, int], *layers: Layer) -> Network:
    """Return layers one after another, called a, b, c, … ."""
    names = [INPUT, *"abcdefghijklmnop"]
    nodes = (Node(names[n + 1], layer, (names[n],)) for n, layer in enumerate(layers))
    return Network("chain", shape, tuple(nodes))


def with_weights(network: Network, seed: int = 0, *, whole: bool = False) -> Network:
    """Return a network with weights; sums of ``whole`` ones are exact in any order."""
    shapes = network.parameter_shapes()
    if not whole:
        return replace(network, weights=random_weights(shapes, seed))
    random = np.random.default_rng(seed)
    drawn = {name: random.integers(-2, 3, shape) for name, shape in shapes.items()}
    return replace(network, weights={k: v.astype(np.float32) for k, v in drawn.items()})


def encoder_decoder(activation: str = "relu") -> Network:
    """Return a small network with all that is hard in bands: strides, dilations, crops, sums."""
    conv = {"kernel_size": (3, 3), "padding": "same", "activation": activation}

    def convolution(filters: int, **more: Any) -> Convolution:
        return Convolution(**(conv | {"filters": filters} | more))

    nodes = (
        Node("full", convolution(3), (INPUT,)),
        Node("half", convolution(4, stride=(2, 2)), ("full",)),
        Node("quarter", convolution(5, stride=(2, 2)), ("half",)),
        Node("eighth", MaxPool((2, 2), padding="same"), ("quarter",)),
        Node("wide", convolution(5, dilation=(3, 2), padding="same"), ("eighth",)),
        Node("residual", Add(), ("eighth", "wide")),
        Node("up4", Upsample(2, "bilinear", "quarter"), ("residual",)),
        Node("sum4", Add(), ("up4", "quarter")),
        Node("lateral4", convolution(4, kernel_size=(1, 1)), ("sum4",)),
        Node("up2", Upsample(2, "nearest", "half"), ("lateral4",)),
        Node("sum2", Add(), ("up2", "half")),
        Node("up1", Upsample(2, "bilinear", "full"), ("sum2",)),
        Node("joined", Concatenate(), ("up1", "full", INPUT)),
        Node("out", convolution(1, kernel_size=(1, 1), activation="sigmoid"), ("joined",)),
    )
    return Network("encoder-decoder", (2, 21, 19), nodes)


def every_layer(
    network: Network, image: Values, rows: int | None = None, strips: int = 1
) -> dict[str, Values]:
    """Return every layer's values, computed in strips, each from so many rows at a time."""
    graph = Graph(image.shape)
    taps = lay_out(network, image.shape, graph, Tap(0))
    found = {}
    for node in network.nodes:
        array = np.full(graph.shape(taps[node.name].place), np.nan, np.float32)
        reader = Filling(taps[node.name], array)
        for share in bands(array.shape[1], -(-array.shape[1] // strips)):
            strip = graph.strip([reader], [share], rows)
            fill_strip(graph, reader, image, strip, Memory())
        found[node.name] = array.reshape(network.shapes(image.shape)[node.name])
    return found


def check(network: Network, image: Values) -> None:
    """Compare a whole run, and increments of one and of three rows, with the loops."""
    expected = naive_forward(network, image)
    for rows, strips in ((None, 1), (1, 1), (3, 2)):
        for name, values in every_layer(network, image, rows, strips).items():
            np.testing.assert_allclose(values, expected[name], rtol=2e-5, atol=2e-5)


def naive_forward(network: Network, image: Values) -> dict[str, Values]:
    """Compute every layer over a whole image ``(C, H, W)`` in loops, in double precision."""
    values: dict[str, Values] = {INPUT: image.astype(np.float64)}
    for node in network.nodes:
        inputs = [values[name] for name in node.inputs]
        if isinstance(node.layer, Upsample) and node.layer.to is not None:
            inputs.append(values[node.layer.to])
        values[node.name] = naive_layer(node.layer, inputs, parameters(network.weights, node.name))
    return values


def parameters(weights: Mapping[str, Values], name: str) -> tuple[Values | None, Values | None]:
    return weights.get(f"{name}.weight"), weights.get(f"{name}.bias")


def naive_layer(
    layer: Layer, inputs: Sequence[Values], learned: tuple[Values | None, Values | None]
) -> Values:
    weight, bias = learned
    first = inputs[0]
    match layer:
        case Convolution():
            return convolution(layer, first, weight, bias)
        case MaxPool() | AveragePool():
            return pool(layer, first)
        case Flatten():
            return np.array([first[place] for place in np.ndindex(first.shape)])
        case Dense():
            assert weight is not None
            sums = [math.fsum(w * x for w, x in zip(row, first, strict=True)) for row in weight]
            return activated(np.array(sums) + (0 if bias is None else bias), layer.activation)
        case Activation():
            return activated(first, layer.function)
        case Upsample():
            return upsample(layer, first, inputs[-1].shape if layer.to else None)
        case Add():
            total = np.zeros(first.shape)
            for one in inputs:
                total = total + one
            return total / len(inputs) if isinstance(layer, Mean) else total
        case Concatenate():
            return np.array(list(itertools.chain(*inputs)))


def convolution(
    layer: Convolution, image: Values, weight: Values | None, bias: Values | None
) -> Values:
    if layer.bank is not None:
        weight = layer.bank.over(image.shape[0]).weight
    assert weight is not None
    pads = layer.window.over(*image.shape[1:]).padding
    padded = pad(image, pads, layer.padding_mode)
    depth, filters = len(image) // layer.groups, len(weight) // layer.groups
    maps = [
        correlate(
            padded[g * depth : (g + 1) * depth],
            weight[g * filters : (g + 1) * filters],
            layer.stride,
            layer.dilation,
        )
        for g in range(layer.groups)
    ]
    out: Values = np.concatenate(maps)
    if bias is not None:
        out = out + bias[:, None, None]
    return activated(out, layer.activation)


def pool(layer: MaxPool | AveragePool, image: Values) -> Values:
    geometry = layer.window.over(*image.shape[1:])
    C, (kH, kW) = len(image), layer.kernel_size
    out = np.empty((C, *geometry.output_shape))
    for c, y, x in np.ndindex(*out.shape):
        top, left = geometry.rows.reach(y, y + 1)[0], geometry.cols.reach(x, x + 1)[0]
        seen = [
            float(image[c, i, j])
            for i in range(top, top + kH)
            for j in range(left, left + kW)
            if 0 <= i < image.shape[1] and 0 <= j < image.shape[2]
        ]
        if isinstance(layer, MaxPool):
            out[c, y, x] = max(seen)
        else:
            out[c, y, x] = sum(seen) / (kH * kW if layer.count_padding else len(seen))
    return out


def upsample(layer: Upsample, image: Values, to: tuple[int, ...] | None) -> Values:
    C, H, W = image.shape
    _, height, width = to or (C, H * layer.scale, W * layer.scale)
    out = np.empty((C, height, width))
    for y, x in np.ndindex(height, width):
        if layer.method == "nearest":
            out[:, y, x] = image[:, y // layer.scale, x // layer.scale]
            continue
        row, col = ((p + 0.5) / layer.scale - 0.5 for p in (y, x))
        total = np.zeros(C)
        for i, j in itertools.product((math.floor(row), math.floor(row) + 1), (0, 1)):
            c = math.floor(col) + j
            share = (1 - abs(row - i)) * (1 - abs(col - c))
            total += share * image[:, min(max(i, 0), H - 1), min(max(c, 0), W - 1)]
        out[:, y, x] = total
    return out


def activated(values: Values, activation: str) -> Values:
    match activation:
        case "relu":
            return np.where(values > 0, values, 0)
        case "leaky-relu":
            return np.where(values > 0, values, 0.01 * values)
        case "sigmoid":
            return np.asarray(1 / (1 + np.exp(-values)))
        case "tanh":
            return np.asarray(np.sinh(values) / np.cosh(values))
        case "softmax":
            powers = np.exp(values)
            return np.asarray(powers / powers.sum(axis=0))
        case _:
            return values
