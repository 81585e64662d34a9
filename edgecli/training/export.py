"""A trained network as files of the package: TOML, with the weights beside it in NPZ.

Weights are written in half precision. That halves the file, and changes a photo's edge map by less
than one grey level of 255.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgecli.errors import NetworkError
from edgecli.networks import Network, dump_network
from edgecli.networks.weights import Weights, check_weights, dump_weights

LARGEST = float(np.finfo(np.float16).max)

HEADER = """\
# Edges of a photo, learned from drawn scenes alone; {name}.md says how, and how well.
# Written by `python -m edgecli.training {name}`.

"""


def write_network(network: Network, weights: Weights, folder: Path) -> Path:
    """Write ``NAME.toml`` and ``NAME.npz`` into a folder, and return the first.

    NetworkError where the weights do not fit the network or are too large for half precision.
    """
    check_weights(weights, network.parameter_shapes(), f"network {network.name}")
    largest = max(float(np.abs(array).max()) for array in weights.values())
    if largest > LARGEST:
        raise NetworkError(f"weights of up to {largest:g} are too large for half precision")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{network.name}.npz").write_bytes(dump_weights(weights, np.float16))
    path = folder / f"{network.name}.toml"
    text = dump_network(network, f"{network.name}.npz")
    path.write_text(HEADER.format(name=network.name) + text, encoding="utf-8")
    return path
