"""A network as an operator: it turns an image into one soft edge map of 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np

from edgecli.errors import NetworkError
from edgecli.filters import FilterBank
from edgecli.geometry import Window
from edgecli.images.colour import Colour
from edgecli.networks.convolving import Convolving
from edgecli.networks.files import load_network
from edgecli.networks.layers import Convolution, shape_text
from edgecli.networks.layout import lay_out
from edgecli.networks.network import INPUT, Network
from edgecli.networks.scales import at_scales
from edgecli.networks.steps import VOLUMES, Input
from edgecli.operators.responses import Account, Responses
from edgecli.rows.graph import IMAGE, Graph, Tap

IDENTITY = Window((1, 1))

BAND_PIXELS = 2**22 // 12
"""Pixels of a band of the map that stay in cache while it is painted."""

FEWEST_ROWS, MOST_ROWS = 16, 512

NETWORKS_KEPT = 4  # whose filters are

LEAN = 0.4
"""Pixels by which the maps of networks show edges too far up and left, as measured. They learn from
pixels whose neighbour to the right or below belongs to something else, as those of BSDS500 do: an
edge between two pixels is marked at the first, half a pixel before it."""


def load_edge_network(spec: str) -> Network:
    """Return a network that turns an image into one map; NetworkError for any other."""
    network = load_network(spec)
    C, H, W = network.input_shape
    output = network.shapes()[network.nodes[-1].name]
    if C not in VOLUMES or network.is_fixed or output != (1, H, W):
        raise NetworkError(
            f"network {network.name} makes {shape_text(output)} of {H}×{W}×{C}, which is no edge "
            "map; give one that makes a channel of an image of any size, or 'edgecli network run'"
        )
    last = network.nodes[-1].layer
    if "sigmoid" not in (getattr(last, "activation", None), getattr(last, "function", None)):
        raise NetworkError(
            f"network {network.name} does not end in a sigmoid, so that its map is not of 0 to 1; "
            "give its last layer that activation"
        )
    if not any(isinstance(node.layer, Convolution) for node in network.nodes):
        raise NetworkError(
            f"network {network.name} has no filters, so it finds no edges; "
            "give it a layer of type convolution"
        )
    if network.parameter_shapes() and not network.weights:
        raise NetworkError(
            f"network {network.name} has no weights, so it finds no edges; "
            "name a file of them beside it"
        )
    return network


@lru_cache(NETWORKS_KEPT)
def layer_banks(network: Network) -> tuple[FilterBank, ...]:
    """Return the filters of every layer that has any, named ``layer-1``, ``layer-2``, … .

    They are kept: their ranks, which reports tell of each image, take longer than the image.
    """
    shapes = network.shapes()
    found = []
    for node in network.nodes:
        if not isinstance(node.layer, Convolution):
            continue
        weight, bias = network.arrays_of(node, shapes[node.inputs[0]][0])
        names = [f"{node.name}-{n}" for n in range(1, node.layer.count + 1)]
        found.append(FilterBank(np.asarray(weight), bias, names))
    return tuple(found)


def soft_responses(
    graph: Graph,
    network: Network,
    scales: Sequence[float],
    background: Colour,
    image: Tap = IMAGE,
) -> Responses:
    """Let a network give the one feature map of an image; GeometryError where it does not fit."""
    _, H, W = graph.source_shape
    planes = network.input_shape[0]
    whole = at_scales(network, scales)
    first = graph.add(Input((planes, H, W), network.white, background, tames=True), image)
    tap = lay_out(whole, (planes, H, W), graph, first)[whole.nodes[-1].name]
    return Responses(
        tap=tap,
        channels="gray" if planes == 1 else "rgb",
        planes=1,
        volume=(H, W, planes),
        shape=(1, H, W),
        dtype=np.dtype(np.float32),
        bank=FilterBank([[[[1]]]]),
        slide=None,
        bounds=(1.0,),  # of a sigmoid
        white=1.0,
        uses_blas=True,
        band_rows=min(max(BAND_PIXELS // W, FEWEST_ROWS), MOST_ROWS),
        account=cache(lambda: _account(graph, network, whole)),
        lean=LEAN,
    )


def _account(graph: Graph, network: Network, whole: Network) -> Account:
    """Count the layers at all scales, which share weights; show the first filters' padding."""
    _, H, W = graph.source_shape
    banks = layer_banks(network)
    layers = whole.summary((H, W, network.input_shape[0])).layers
    layers_of_products = sum(isinstance(node.step, Convolving) for node in graph.nodes)
    window = _first_window(whole)
    return Account(
        banks,
        window.over(H, W),
        window.padding_mode,
        receptive_field=layers[-1].receptive_field,
        macs=sum(layer.macs for layer in layers),
        methods=("products",) * layers_of_products,
        biases=sum(bank.parameters[1] for bank in banks),
        accumulator=np.dtype(np.float32),
        reason="float32 pixels",
    )


def _first_window(network: Network) -> Window:
    """Return the window of the first filters that slide over the image itself."""
    first = [node.layer for node in network.nodes if node.inputs == (INPUT,)]
    return next((layer.window for layer in first if isinstance(layer, Convolution)), IDENTITY)
