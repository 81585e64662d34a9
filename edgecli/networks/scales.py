"""A network over a picture at several scales: one network with a branch for each scale.

A branch halves the picture by averaging blocks of pixels, or doubles it by interpolation, and
brings its output back in the opposite way. The result is the mean of the branches. So shapes, costs
and memory follow as for any network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgecli.errors import UsageError
from edgecli.networks.layers import AveragePool, Mean, Upsample
from edgecli.networks.network import INPUT, Network, Node
from edgecli.records import replace

SCALES = (0.5, 1.0, 2.0)  # two pixels of a side become one, or stay, or one becomes two
HALVED = AveragePool((2, 2), padding="same", count_padding=False)
"""The mean of each block of pixels. Where a side is odd, the last block is smaller."""


def parse_scales(text: str) -> tuple[float, ...]:
    """Return the scales in a text, separated by commas, each once and the largest first.

    UsageError where one is not among SCALES.

    >>> parse_scales("0.5,1")
    (1.0, 0.5)
    """
    try:
        found = {float(part) for part in text.split(",")}
    except ValueError:
        found = set()
    if not found or found - set(SCALES):
        known = ", ".join(f"{scale:g}" for scale in SCALES)
        raise UsageError(f"scales {text!r} are not among {known}; write 1, or 0.5,1")
    return tuple(sorted(found, reverse=True))


def at_scales(network: Network, scales: Sequence[float]) -> Network:
    """Return a network whose output is the mean of another's at each scale.

    It shares the other's weights. The layers of a branch are called as before, after ``x0.5-``.

    >>> from edgecli.networks.files import load_network
    >>> at_scales(load_network("learned"), (1.0, 0.5)).nodes[-1].inputs
    ('x1-edges', 'x0.5-back')
    """
    if tuple(scales) == (1.0,):
        return network
    prefixes = [f"x{scale:g}-" for scale in scales]
    branches = [list(_branch(network, *pair)) for pair in zip(scales, prefixes, strict=True)]
    nodes = [node for branch in branches for node in branch]
    if len(branches) > 1:
        nodes.append(Node("mean", Mean(), tuple(branch[-1].name for branch in branches)))
    weights = {p + name: array for p in prefixes for name, array in network.weights.items()}
    return replace(network, nodes=tuple(nodes), weights=weights)


def _branch(network: Network, scale: float, prefix: str) -> Iterator[Node]:
    """Yield the layers of one scale, each name after the prefix."""
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
