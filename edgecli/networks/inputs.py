"""From the rows of an image to a network's input."""

from __future__ import annotations

import numpy as np

from edgecli.images.colour import WHITE, Colour, to_volume
from edgecli.networks.blocks import Block
from edgecli.networks.network import Network
from edgecli.rows.base import Rows
from edgecli.rows.samples import full_scale

VOLUMES = {1: "gray", 3: "rgb"}
"""What an image becomes, by the number of a network's input channels."""


def network_input(network: Network, rows: Rows, background: Colour = WHITE) -> Block:
    """Return an image's rows as a network's input, float32 ``(C, rows, W, 1)``."""
    channels, white = VOLUMES[network.input_shape[0]], network.white
    scale = 1.0 if white is None else white / full_scale(rows.dtype)
    volume = to_volume(rows, channels, background)
    scaled: Block = np.multiply(volume, np.float32(scale), dtype=np.float32)
    return scaled[..., np.newaxis]
