"""The networks that are trained, as specs of ``networks``: what is trained is what is run.

An encoder sees the picture at full, half, quarter and eighth size. A decoder brings its features
back up, and adds the encoder's at each size. Kernels of 2×2 and stride 2 combine four pixels
without shifting the picture, and an odd side n that became ⌈n/2⌉ becomes n again on the way up. All
borders are replicated, so that the frame of a picture is no edge.

Weights are written in half precision. That halves the file, and changes a photo's edge map by less
than one grey level of 255.

>>> learned = architecture("learned")
>>> sum(layer.parameters for layer in learned.summary().layers)
98573
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edgecli.errors import NetworkError
from edgecli.networks import Network, Node, dump_network
from edgecli.networks.layers import (
    Add,
    Convolution,
    Dense,
    Flatten,
    Layer,
    MaxPool,
    Upsample,
)
from edgecli.networks.network import INPUT
from edgecli.networks.weights import Weights, check_weights, dump_weights
from edgecli.records import dataclass

INPUT_SHAPE = (3, 321, 481)  # of summaries: a photo in the Berkeley data set


@dataclass(frozen=True)
class Widths:
    """Numbers of channels, from full size down to an eighth.

    ``encoder`` has one for each size, ``decoder`` one for each but the last. ``eighth`` lists the
    dilations of the convolutions at an eighth.
    """

    encoder: tuple[int, int, int, int]
    decoder: tuple[int, int, int]
    eighth: tuple[int, ...]


NETWORKS = {
    "learned": Widths((12, 24, 36, 48), (8, 16, 24), (2, 4)),
    "learned-small": Widths((8, 12, 16, 24), (6, 8, 12), (3,)),
}
"""Every network that is trained, by its name in the package."""

SIZES = ("full", "half", "quarter", "eighth")

DIGITS = "digits"
"""What ``lenet5`` learns; the others are called like their networks."""

HEADER = """\
# Edges of a photo, learned without labels by people; learned.md says how, and how well.
# Written by `python -m edgecli.training {name}`.

"""

LENET_HEADER = """\
# LeNet-5 for colour pictures: five layers with weights, as in LeCun, Bottou, Bengio and Haffner,
# "Gradient-based learning applied to document recognition" (1998), with today's ReLU and maximum
# where the paper has a scaled tanh and trainable averages, and every filter over all channels.
# It reads digits, learned from drawn ones alone; lenet5.md says how, and how well.
# Written by `python -m edgecli.training digits`.

"""


def architecture(name: str) -> Network:
    """Return a network without weights; NetworkError if the name is unknown."""
    if name == DIGITS:
        return _lenet5()
    if name not in NETWORKS:
        close = difflib.get_close_matches(name, [*NETWORKS, DIGITS], 1) or list(NETWORKS)
        raise NetworkError(f"network {name!r} is not trained here; try {' or '.join(close)}")
    return Network(name, INPUT_SHAPE, tuple(_nodes(NETWORKS[name])), white=1.0)


def _lenet5() -> Network:
    layers: dict[str, Layer] = {
        "conv1": Convolution(6, (5, 5), activation="relu"),
        "pool1": MaxPool((2, 2)),
        "conv2": Convolution(16, (5, 5), activation="relu"),
        "pool2": MaxPool((2, 2)),
        "flatten": Flatten(),
        "fc3": Dense(120, activation="relu"),
        "fc4": Dense(84, activation="relu"),
        "digits": Dense(10, activation="softmax"),
    }
    nodes, before = [], INPUT
    for name, layer in layers.items():
        nodes.append(Node(name, layer, (before,)))
        before = name
    return Network("lenet5", (3, 32, 32), tuple(nodes), 1.0, classes=tuple("0123456789"))


def _nodes(widths: Widths) -> Iterator[Node]:
    before = INPUT
    for size, channels in zip(SIZES, widths.encoder, strict=True):
        yield from _encoder(size, channels, before, widths)
        before = size
    for size, channels in reversed(list(zip(SIZES[:3], widths.decoder, strict=True))):
        yield from _decoder(size, channels, before)
        before = f"{size}-out"
    yield Node("edges", _convolution(1, 1, activation="sigmoid"), (before,))


def _encoder(size: str, channels: int, before: str, widths: Widths) -> Iterator[Node]:
    """Yield the encoder at one size: one convolution, or a strided one and a residual sum."""
    if size == "full":
        yield Node(size, _convolution(channels, 3), (before,))
        return
    start = last = f"{size}-in"
    yield Node(start, _convolution(channels, 2, stride=2), (before,))
    for number, dilation in enumerate(widths.eighth if size == "eighth" else (1, 1), 1):
        name = f"{size}-conv{number}"
        yield Node(name, _convolution(channels, 3, dilation=dilation), (last,))
        last = name
    yield Node(size, Add(), (start, last))


def _decoder(size: str, channels: int, before: str) -> Iterator[Node]:
    """Yield the decoder at one size: the sum of the encoder's features and those from below."""
    yield Node(f"{size}-below", _convolution(channels, 1, activation="none"), (before,))
    yield Node(f"{size}-up", Upsample(2, "bilinear", size), (f"{size}-below",))
    yield Node(f"{size}-lateral", _convolution(channels, 1, activation="none"), (size,))
    yield Node(f"{size}-sum", Add(), (f"{size}-up", f"{size}-lateral"))
    yield Node(f"{size}-out", _convolution(channels, 3), (f"{size}-sum",))


def _convolution(
    filters: int, side: int, stride: int = 1, dilation: int = 1, activation: str = "relu"
) -> Layer:
    return Convolution(
        filters=filters,
        kernel_size=(side, side),
        stride=(stride, stride),
        padding="same",
        padding_mode="replicate",
        dilation=(dilation, dilation),
        activation=activation,
    )


def write_network(network: Network, weights: Weights, folder: Path) -> Path:
    """Write ``NAME.toml`` and ``NAME.npz`` into a folder, and return the first.

    NetworkError where the weights do not fit the network or are too large for half precision.
    """
    check_weights(weights, network.parameter_shapes(), f"network {network.name}")
    largest = max(float(np.abs(array).max()) for array in weights.values())
    if largest > float(np.finfo(np.float16).max):
        raise NetworkError(f"weights of up to {largest:g} are too large for half precision")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{network.name}.npz").write_bytes(dump_weights(weights, np.float16))
    path = folder / f"{network.name}.toml"
    text = dump_network(network, f"{network.name}.npz")
    header = LENET_HEADER if network.name == "lenet5" else HEADER.format(name=network.name)
    path.write_text(header + text, encoding="utf-8")
    return path
