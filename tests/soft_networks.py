"""Small networks that make a soft map of an image, whose numbers depend on no training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.images.colour import composite
from edgecli.networks.files import dump_network
from edgecli.networks.forward import forward
from edgecli.networks.layers import Add, Convolution, Upsample
from edgecli.networks.network import INPUT, Network, Node
from edgecli.networks.weights import dump_weights
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import Rows
from tests.networks_reference import with_weights


def soft_network(channels: int = 3) -> Network:
    """Return a network of two sizes, whose map has many values between 0 and 1."""

    def convolution(filters: int, side: int, stride: int = 1, **more: Any) -> Convolution:
        window = (side, side), (stride, stride)
        return Convolution(filters, *window, padding="same", padding_mode="replicate", **more)

    nodes = (
        Node("full", convolution(4, 3, activation="relu"), (INPUT,)),
        Node("half", convolution(6, 2, 2, activation="relu"), ("full",)),
        Node("wide", convolution(4, 3, dilation=(2, 2)), ("half",)),
        Node("up", Upsample(2, "bilinear", "full"), ("wide",)),
        Node("sum", Add(), ("up", "full")),
        Node("out", convolution(1, 1, activation="sigmoid"), ("sum",)),
    )
    return with_weights(Network("soft", (channels, 8, 8), nodes, 1.0), 3)


def save_network(network: Network, folder: Path) -> Path:
    """Write a network and its weights; return the network's file."""
    (folder / "soft.npz").write_bytes(dump_weights(network.weights))
    path = folder / "soft.toml"
    path.write_text(dump_network(network, "soft.npz"), encoding="utf-8")
    return path


def expected_map(network: Network, picture: NDArray[Any]) -> NDArray[np.float32]:
    """Return what a network over RGB of 0 to 1 makes of a picture ``(H, W[, C])`` as a whole."""
    rows: Rows = ArraySource.of(picture).array
    if rows.shape[2] in (2, 4):
        rows = composite(rows)
    white = 1.0 if rows.dtype.kind == "f" else float(np.iinfo(rows.dtype).max)
    colours = np.broadcast_to(rows, (*rows.shape[:2], 3)).astype(np.float32) * np.float32(1 / white)
    return np.asarray(forward(network, colours.transpose(2, 0, 1), 1)[0])
