"""A network on a real image: the feature maps of every layer, and the facts to report."""

from __future__ import annotations

import os
import time

import numpy as np

from edgecli.errors import GeometryError
from edgecli.networks.collectors import collectors_for
from edgecli.networks.forward import stream
from edgecli.networks.inputs import VOLUMES, network_input
from edgecli.networks.layers import people_shape
from edgecli.networks.layout import lay_out
from edgecli.networks.network import Network
from edgecli.records import dataclass
from edgecli.rows.base import ImageInfo, Source
from edgecli.rows.workers import chosen_threads


@dataclass(frozen=True)
class LayerMaps:
    """What a layer computed, and where it was written."""

    name: str
    kind: str
    output_shape: tuple[int, ...]  # height × width × channels, or a vector's length
    smallest: float
    largest: float
    path: str


@dataclass(frozen=True)
class Run:
    """A network run on an image."""

    network: str
    info: ImageInfo
    random_weights: bool
    layers: tuple[LayerMaps, ...]
    seconds: float
    threads: int


def run_on_image(
    network: Network, source: Source, output: str, threads: int | None = None
) -> tuple[LayerMaps, ...]:
    """Write the maps of every layer over an image, in bands of bounded memory.

    ``output`` is an ``.npz`` file, which receives an array ``(C, H, W)`` or ``(n,)`` for each
    layer, or a folder, which receives a picture for each. Raises GeometryError where the image does
    not fit the network, ImageError and OutputError.
    """
    H, W, _ = source.shape
    channels = network.input_shape[0]
    if channels not in VOLUMES:
        raise GeometryError(
            f"network {network.name} takes {channels} channels, and an image gives 1 or 3; "
            "run it from Python"
        )
    laid = lay_out(network, (channels, H, W))
    shapes = list(network.shapes((channels, H, W)).values())[1:]
    outputs = collectors_for(shapes, output_paths(network, output))
    with outputs as collectors, np.errstate(all="ignore"):  # NaN and infinities pass through
        extremes = [(np.inf, -np.inf) for _ in collectors]
        blocks = (network_input(network, rows) for rows in source.blocks(laid.input_rows))
        gains = stream(laid, blocks, threads)
        for step, gained in zip(laid.steps, gains, strict=True):
            for n, collector in enumerate(collectors):
                rows = gained[n + 1][..., 0]
                if rows.size:
                    low, high = extremes[n]
                    extremes[n] = np.minimum(low, rows.min()), np.maximum(high, rows.max())
                    collector.add(step.rows[n + 1][0], rows)
        for collector in collectors:
            collector.finish()
    told = zip(network.nodes, shapes, extremes, output_paths(network, output), strict=True)
    return tuple(
        LayerMaps(node.name, node.layer.kind, people_shape(shape), float(low), float(high), path)
        for node, shape, (low, high), (_, path) in told
    )


def output_paths(network: Network, output: str) -> list[tuple[str, str]]:
    """Return each layer's name and output file.

    >>> from edgecli.networks.files import load_network
    >>> output_paths(load_network("edges-rgb"), "maps")
    [('edges', 'maps/1-edges.png')]
    """
    names = [node.name for node in network.nodes]
    if output.endswith(".npz"):
        return [(name, output) for name in names]
    digits = len(str(len(names)))
    return [
        (name, os.path.join(output, f"{number:0{digits}}-{name}.png"))
        for number, name in enumerate(names, 1)
    ]


def describe_run(
    network: Network,
    source: Source,
    output: str,
    *,
    random_weights: bool,
    threads: int | None,
) -> Run:
    """Run a network on an image, and report what it made and how long it took."""
    started = time.perf_counter()
    layers = run_on_image(network, source, output, threads)
    seconds = time.perf_counter() - started
    return Run(network.name, source.info, random_weights, layers, seconds, chosen_threads(threads))
