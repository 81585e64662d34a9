"""A network on a real image: the feature maps of every layer, and the facts to report."""

from __future__ import annotations

import math
import os
import shlex
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import numpy as np

from edgecli.errors import GeometryError
from edgecli.images.files import open_images
from edgecli.images.fitting import fitted
from edgecli.images.made_by import MadeBy
from edgecli.images.nodata import counted
from edgecli.images.ranges import is_beyond_white, is_read_again, range_of, told_range
from edgecli.images.sources import FloatCheck
from edgecli.images.white import check_white, whitened
from edgecli.networks.collectors import Collector, collectors_for
from edgecli.networks.forward import share_rows
from edgecli.networks.layers import Shape, people_shape
from edgecli.networks.layout import cut_strips, lay_out
from edgecli.networks.network import Network, Node
from edgecli.networks.steps import VOLUMES, Input
from edgecli.numerals import shortest
from edgecli.records import dataclass
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import ImageInfo, Planes, Rowwise, Source, Span
from edgecli.rows.blas import one_blas_thread
from edgecli.rows.graph import Graph, Tap
from edgecli.rows.memory import Memory
from edgecli.rows.running import Filling, Running
from edgecli.rows.workers import chosen_threads

MOST_CLASSES = 3
"""Classes that are told of, the likeliest."""


@dataclass(frozen=True)
class LayerMaps:
    """What a layer computed, and where it was written."""

    name: str
    kind: str
    output_shape: tuple[int, ...]  # height × width × channels, or a vector's length
    smallest: float
    largest: float
    path: str | None
    values: tuple[float, ...] = ()  # of a vector


@dataclass(frozen=True)
class Likelihood:
    """A class, and how likely a network holds it to be."""

    name: str
    probability: float


@dataclass(frozen=True)
class Run:
    """A network run on an image."""

    network: str
    info: ImageInfo
    random_weights: bool
    layers: tuple[LayerMaps, ...]
    seconds: float
    threads: int
    classes: tuple[Likelihood, ...] = ()  # the likeliest, in order


def run_on_image(
    network: Network,
    source: Source,
    output: str | None,
    threads: int | None = None,
    white: float | None = None,
    *,
    fit: bool = False,
    same_contrast: bool = False,
) -> tuple[LayerMaps, ...]:
    """Write the maps of every layer over an image, in bands of bounded memory.

    ``output`` is an ``.npz`` file, which receives an array ``(C, H, W)`` or ``(n,)`` for each
    layer, or a folder, which receives a picture for each, or None; with ``same_contrast`` the maps
    of one picture share the strongest value that is white. ``fit`` brings the sign in the image to
    the network's size. Raises GeometryError where the image does not fit the network, ImageError,
    OutputError, and UsageError for a ``white`` that is none.
    """
    check_white(white)
    made_by = _made_by(network, white, fit=fit, same_contrast=same_contrast)
    source, white, black = _brought(network, source, white, fit=fit)
    H, W, _ = source.shape
    channels = network.input_shape[0]
    graph = Graph((source.shape[2], H, W))
    given = graph.add(Input((channels, H, W), network.white), whitened(graph, white, black=black))
    taps = lay_out(network, (channels, H, W), graph, given)
    shapes = list(network.shapes((channels, H, W)).values())[1:]
    threads, named = chosen_threads(threads), output_paths(network, output)
    read = [taps[name] for name, _ in named]
    heights = [graph.shape(tap.place)[1] for tap in read]
    planned = [Filling(tap, np.empty(0)) for tap in read]  # no folder is made for what cannot run
    strips = cut_strips(graph, planned, _shares(network, H, heights, threads), network.name)
    with collectors_for(shapes, named, made_by, same_contrast=same_contrast) as collectors:
        readers = [LayerReader(*pair) for pair in zip(read, collectors, strict=True)]
        with one_blas_thread():
            Running(graph, source, readers, strips, threads).write()
        if isinstance(source, FloatCheck):
            source.note_white(white)
        for collector in collectors:
            collector.finish()
    told = zip(readers, network.nodes, shapes, named, strict=True)
    return tuple(reader.told(node, shape, path) for reader, node, shape, (_, path) in told)


def _brought(
    network: Network, source: Source, white: float | None, *, fit: bool
) -> tuple[Source, float | None, float]:
    """Return an image as a network takes it, and how much more than what is white in it."""
    channels = network.input_shape[0]
    if channels not in VOLUMES:
        raise GeometryError(
            f"network {network.name} takes {channels} channels, and an image gives 1 or 3; "
            "run it from Python"
        )
    black = 0.0
    if white is None and network.white is not None and source.dtype.kind == "f":
        source, white, black = _by_range(source)
    if fit:
        source, white, black = fitted(source, network.input_shape, white, black), None, 0.0
    if network.white is not None:
        source = FloatCheck(source) if source.dtype.kind == "f" else counted(source)
    return source, white, black


def _by_range(source: Source) -> tuple[Source, float | None, float]:
    """Return an image of floats, and how much more than black is white where no picture has them.

    A file is looked through before it is read; what comes through a pipe is held.
    """
    if is_read_again(source.info.path) and not isinstance(source, ArraySource):
        images = open_images(source.info.path, max_pixels=2**62)  # holds the file open
        with closing(next(images)) as before:
            seen = range_of(before)
    else:
        (rows,) = source.blocks([(0, source.shape[0])])
        source = ArraySource(rows, source.info)
        seen = range_of(source)
    if not is_beyond_white(seen):
        return source, None, 0.0
    source.info.notes.append(told_range(seen))
    return source, seen[1] - seen[0], seen[0]


def _made_by(network: Network, white: float | None, *, fit: bool, same_contrast: bool) -> MadeBy:
    words = [] if white is None else ["--white", shortest(white)]
    words += ["--fit"] * fit + ["--same-contrast"] * same_contrast
    return MadeBy(shlex.join(["edgecli", "network", "run", network.name, *words]))


class LayerReader(Rowwise):
    """The reader that hands a layer's maps to a collector, and looks at their extremes."""

    grain = 1

    def __init__(self, tap: Tap, collector: Collector) -> None:
        self.taps = (tap,)
        self.smallest, self.largest = math.inf, -math.inf
        self.values: tuple[float, ...] = ()
        self._collector = collector

    def told(self, node: Node, shape: Shape, path: str) -> LayerMaps:
        """Return what was seen of a layer that gave this shape, and where it is, if anywhere."""
        extremes, people = (self.smallest, self.largest), people_shape(shape)
        return LayerMaps(node.name, node.layer.kind, people, *extremes, path or None, self.values)

    def encode(self, blocks: Sequence[Planes], start: int, stop: int, memory: Memory) -> Any:
        """Measure rows, and let the collector reduce or store them."""
        (rows,) = blocks
        vector = tuple(rows.ravel().tolist()) if rows.shape[1:] == (1, 1) else ()
        return float(rows.min()), float(rows.max()), vector, self._collector.encode(start, rows)

    def write(self, encoded: Any) -> None:
        """Hand on what the collector made of the rows."""
        low, high, self.values, kept = encoded
        self.smallest = float(np.minimum(self.smallest, low))  # NaN stays NaN
        self.largest = float(np.maximum(self.largest, high))
        self._collector.write(kept)


def _shares(
    network: Network, height: int, heights: Sequence[int], threads: int
) -> list[list[Span]]:
    """Return the rows of every layer that each strip gives; all at once where a layer is dense."""
    count = 1 if network.is_fixed else len(share_rows(network, height, threads))
    return [[(h * n // count, h * (n + 1) // count) for h in heights] for n in range(count)]


def output_paths(network: Network, output: str | None) -> list[tuple[str, str]]:
    """Return each layer's name and output file, which is empty where nothing is written.

    >>> from edgecli.networks.files import load_network
    >>> output_paths(load_network("edges-rgb"), "maps")
    [('edges', 'maps/01-edges.png')]
    """
    names = [node.name for node in network.nodes]
    if not output or output.endswith(".npz"):
        return [(name, output or "") for name in names]
    digits = max(len(str(len(names))), 2)
    files = (f"{number:0{digits}}-{name}.png" for number, name in enumerate(names, 1))
    return [(name, os.path.join(output, file)) for name, file in zip(names, files, strict=True)]


def likeliest(network: Network, probabilities: Sequence[float]) -> tuple[Likelihood, ...]:
    """Return the three likeliest classes of a network that ends in some, and else nothing.

    Classes without a name are called by their number, from 0.
    """
    if not network.ends_in_classes:
        return ()
    names = network.classes or tuple(map(str, range(len(probabilities))))
    found = [Likelihood(*pair) for pair in zip(names, probabilities, strict=True)]
    return tuple(sorted(found, key=lambda one: -one.probability)[:MOST_CLASSES])


def describe_run(
    network: Network,
    source: Source,
    output: str | None,
    *,
    random_weights: bool,
    threads: int | None,
    white: float | None = None,
    fit: bool = False,
    same_contrast: bool = False,
) -> Run:
    """Run a network on an image, and report what it made and how long it took."""
    started = time.perf_counter()
    layers = run_on_image(
        network, source, output, threads, white, fit=fit, same_contrast=same_contrast
    )
    seconds = time.perf_counter() - started
    return Run(
        network.name,
        source.info,
        random_weights,
        layers,
        seconds,
        chosen_threads(threads),
        likeliest(network, layers[-1].values),
    )
