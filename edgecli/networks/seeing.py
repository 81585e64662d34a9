"""What one output of a network sees of a picture: the receptive fields on the way to it.

From the output back to the input each layer is asked for the pixel in the middle of what the next
one reads, so that the fields lie in one another.

>>> from edgecli.networks.files import load_network
>>> [(s.name, s.output, s.rows) for s in look(load_network("lenet5"), (3, 32, 32), (2, 2))[:4]]
[('conv1', (12, 12), (12, 17)), ('pool1', (6, 6), (12, 18)), ('conv2', (4, 4), (8, 22)), \
('pool2', (2, 2), (8, 24))]
"""

from __future__ import annotations

from collections.abc import Mapping

from edgecli.errors import UsageError
from edgecli.networks.fields import Field, fields_after
from edgecli.networks.layers import Layer, Shape, Upsample, Windowed
from edgecli.networks.network import INPUT, Network
from edgecli.records import dataclass
from edgecli.rows.base import Span

Position = tuple[int, int]


@dataclass(frozen=True)
class Sight:
    """What one output of a layer sees of the input: rows and columns ``[start, stop)``.

    Those outside the input are padding. A layer of vectors has no position: ``output`` is None.
    """

    name: str
    output: Position | None
    rows: Span
    cols: Span


def look(network: Network, shape: Shape, position: Position) -> list[Sight]:
    """Return what the output at row and column of the last volume sees, layer by layer.

    ``shape (C, H, W)`` is the input's. Layers that the output does not depend on are left out;
    those of vectors see what the last volume does. UsageError for a position outside,
    NetworkError where the shape does not fit.
    """
    shapes = network.shapes(shape)
    last = [name for name, one in shapes.items() if len(one) == 3][-1]
    _, H, W = shapes[last]
    row, col = position
    if not (0 <= row < H and 0 <= col < W):
        raise UsageError(
            f"output {row},{col} is outside {last}, which is {H}×{W}; "
            f"give a row and column from 0,0 to {H - 1},{W - 1}"
        )
    fields, positions = _fields(network, shapes), _positions(network, shapes, last, position)
    sights = []
    for node in network.nodes:
        rows, cols = fields[node.name]
        if node.name in positions:
            y, x = positions[node.name]
            sights.append(Sight(node.name, (y, x), rows.seen(y, y), cols.seen(x, x)))
        elif len(shapes[node.name]) == 1:
            rows, cols = fields[last]
            sights.append(Sight(node.name, None, rows.seen(0, H - 1), cols.seen(0, W - 1)))
    return sights


def _fields(network: Network, shapes: Mapping[str, Shape]) -> dict[str, tuple[Field, Field]]:
    """Return the fields of all layers along rows and columns."""
    fields = {INPUT: (Field(), Field())}
    for node in network.nodes:
        inputs = [fields[name] for name in node.inputs]
        fields[node.name] = fields_after(node.layer, inputs, shapes[node.inputs[0]])
    return fields


def _positions(
    network: Network, shapes: Mapping[str, Shape], last: str, position: Position
) -> dict[str, Position]:
    """Return for every layer before the last the output that is in the middle of what is read."""
    positions = {last: position}
    for node in reversed(network.nodes):
        if node.name not in positions:
            continue
        for name in node.inputs:
            central = _central(node.layer, shapes[name], positions[node.name])
            positions.setdefault(name, central)
    return positions


def _central(layer: Layer, shape: Shape, position: Position) -> Position:
    """Return the position in the middle of what a layer's output reads of a volume."""
    if isinstance(layer, Windowed):
        geometry = layer.window.over(*shape[1:])
        axes = zip((geometry.rows, geometry.cols), position, strict=True)
        places = [sum(axis.reach(y, y + 1)) - 1 for axis, y in axes]
        position = places[0] // 2, places[1] // 2
    elif isinstance(layer, Upsample):
        position = position[0] // layer.scale, position[1] // layer.scale
    row, col = (min(max(y, 0), side - 1) for y, side in zip(position, shape[1:], strict=True))
    return row, col
