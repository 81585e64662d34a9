"""A network that looks at a picture at several scales, built as one network with a branch for each.

At half size the picture is averaged in blocks of pixels, at double size it is interpolated; the
outputs are brought back to the picture's size in the opposite way, and averaged. So shapes, costs
and memory follow as for any network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import UsageError
from edgecli.networks.layers import AveragePool, Mean, Upsample
from edgecli.networks.network import INPUT, Network, Node
from edgecli.records import replace

SCALES = (0.5, 1.0, 2.0)
"""The available scales: two pixels per side become one, or one becomes two."""


HALVED = AveragePool((2, 2), padding="same", count_padding=False)
"""The mean of each block of pixels; where a side is odd, the last block is the part there is."""


def parse_scales(text: str) -> tuple[float, ...]:
    """Read scales separated by commas, each once; the largest comes first.

    >>> parse_scales("0.5,1")
    (1.0, 0.5)
    """
    known = {f"{scale:g}": scale for scale in SCALES}
    try:
        found = {float(part) for part in text.split(",")}
    except ValueError:
        found = set()
    if not found or found - set(SCALES):
        raise UsageError(f"scales {text!r} are not among {', '.join(known)}; write 1, or 0.5,1")
    return tuple(sorted(found, reverse=True))


def at_scales(network: Network, scales: Sequence[float]) -> Network:
    """Return a network that averages another's output at each scale.

    It shares the other's weights. Layers keep their names, prefixed with ``x0.5-``.

    >>> from edgecli.networks.files import load_network
    >>> at_scales(load_network("learned"), (1.0, 0.5)).nodes[-1].inputs
    ('x1-edges', 'x0.5-back')
    """
    if tuple(scales) == (1.0,):
        return network
    nodes: list[Node] = []
    outputs: list[str] = []
    weights: dict[str, NDArray[np.float32]] = {}
    for scale in scales:
        prefix = f"x{scale:g}-"
        nodes += _branch(network, scale, prefix)
        outputs.append(nodes[-1].name)
        weights |= {prefix + name: array for name, array in network.weights.items()}
    if len(outputs) > 1:
        nodes.append(Node("mean", Mean(), tuple(outputs)))
    return replace(network, nodes=tuple(nodes), weights=weights)


def _branch(network: Network, scale: float, prefix: str) -> Iterator[Node]:
    """Yield the layers of one scale."""
    names = {node.name: prefix + node.name for node in network.nodes} | {INPUT: INPUT}
    if scale != 1:
        names[INPUT] = f"{prefix}picture"
        yield Node(names[INPUT], HALVED if scale < 1 else Upsample(2), (INPUT,))
    for node in network.nodes:
        layer = node.layer
        if isinstance(layer, Upsample) and layer.to is not None:
            layer = replace(layer, to=names[layer.to])
        yield Node(names[node.name], layer, tuple(names[name] for name in node.inputs))
    if scale != 1:
        last = names[network.nodes[-1].name]
        yield Node(f"{prefix}back", Upsample(2, to=INPUT) if scale < 1 else HALVED, (last,))
