"""A network laid over images of one size: a graph of steps, and the strips that it runs in.

All of it is known before any pixel is read, in integers, from the same geometry that the reports
print, and so is the memory before any is allocated.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgecli.errors import GeometryError, NetworkError
from edgecli.networks.layers import Shape, shape_text, weight_shape
from edgecli.networks.network import INPUT, Network, Node
from edgecli.networks.steps import prepare
from edgecli.rows.base import Span, Step
from edgecli.rows.graph import Graph, Reader, Strip, Tap
from edgecli.rows.memory import LARGEST_KEPT

INCREMENTS = {512: LARGEST_KEPT, **dict.fromkeys((256, 128, 64), 2**26)}
INCREMENTS |= dict.fromkeys((32, 16, 8), 3 * 2**25)
"""Rows of the input, with the bytes that they may take for all layers' rows in a strip, of which
each thread has one at work. The first that fit are taken, else the last: few rows at a time take
more of Python, and many more than a cache holds. Those of a small photo come all at once."""

LARGEST_BYTES = 2**32  # for all layers' rows; a network that needs more is refused


def lay_out(
    network: Network, shape: Shape, graph: Graph, source: Tap, batch: int | None = None
) -> dict[str, Tap]:
    """Add a network's layers to a graph; return what gives the output of each, by name.

    ``source`` gives images ``(C, H, W)`` of this shape in float32, or a batch of them. NetworkError
    where the network has no weights, GeometryError where it does not take such images.
    """
    _check_shape(network, shape)
    try:
        shapes = network.shapes(shape)
    except NetworkError as error:
        raise GeometryError(f"network {network.name} over {shape_text(shape)}: {error}") from error
    taps = {INPUT: source}
    for node in network.nodes:
        step = _prepare(network, node, shapes, batch)
        inputs = (taps[name] for name in node.inputs)
        # So all that one row's product reads and writes lies together.
        taps[node.name] = graph.add(step, *inputs, by_rows=True)
    return taps


def cut_strips(
    graph: Graph, readers: Sequence[Reader], wanted: Sequence[Sequence[Span]], name: str
) -> list[Strip]:
    """Plan a strip for each choice of the rows that readers want.

    Its increments are as long as fit. GeometryError where even the shortest need more than 4 GiB;
    ``name`` says of what network.
    """
    for rows, most in INCREMENTS.items():
        strips = [graph.strip(readers, spans, rows) for spans in wanted]
        bytes_held = max(memory_of(graph, strip) for strip in strips)
        if bytes_held <= most:
            break
    if bytes_held > LARGEST_BYTES:
        raise GeometryError(
            f"network {name} over {shape_text(graph.source_shape)} needs {bytes_held:,} bytes for "
            f"the rows of its layers, more than {LARGEST_BYTES:,}; give a narrower image"
        )
    return strips


def memory_of(graph: Graph, strip: Strip) -> int:
    """Return the bytes of all steps' rows in a strip, without their working memory."""
    return sum(
        int(np.prod([channels, room, *rest])) * node.step.dtype.itemsize
        for node, room in zip(graph.nodes, strip.room[1:], strict=True)
        for channels, _, *rest in [node.step.shape]
    )


def _check_shape(network: Network, shape: Shape) -> None:
    expected = network.input_shape
    if shape[0] != expected[0] or (network.is_fixed and shape != expected):
        size = "images" if network.is_fixed else f"images of {expected[0]} channels, as"
        other = ", or --fit to bring this one there" if network.is_fixed else ""
        raise GeometryError(
            f"network {network.name} takes {size} {shape_text(expected)}, and this one is "
            f"{shape_text(shape)}; give one of that shape{other}"
        )


def _prepare(network: Network, node: Node, shapes: dict[str, Shape], batch: int | None) -> Step:
    inputs = [shapes[name] for name in node.inputs]
    weight, bias = network.arrays_of(node, inputs[0][0])
    if weight is None and weight_shape(node.layer, inputs) is not None:
        raise NetworkError(
            f"network {network.name} has no weights for layer {node.name!r}; "
            "name a file of them, or draw them with random_weights"
        )
    return prepare(node.layer, inputs, shapes[node.name], weight, bias, batch)
