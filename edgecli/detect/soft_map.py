"""A network as a responder: it turns an image into one soft edge map of 0 to 1.

The image runs through the network once, from top to bottom, a few rows at a time, and comes out as
the rows of a picture with one channel. That picture is a source like any other, and all later
steps read it in bands: thinning, thresholds, painting.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.engine import Convolution, plan_over
from edgecli.errors import NetworkError
from edgecli.filters import FilterBank
from edgecli.geometry import Window
from edgecli.images.colour import Colour
from edgecli.networks.blocks import Block
from edgecli.networks.files import load_network
from edgecli.networks.forward import stream
from edgecli.networks.inputs import VOLUMES, network_input
from edgecli.networks.layers import Convolution as Layer
from edgecli.networks.layers import shape_text
from edgecli.networks.layout import Laid, lay_out
from edgecli.networks.network import INPUT, Network
from edgecli.networks.operations import Sliding
from edgecli.networks.scales import at_scales
from edgecli.operators.lab import finite
from edgecli.operators.operators import EdgeMap
from edgecli.operators.responders import Account, Cut, Stopwatch
from edgecli.paint.painting import as_picture
from edgecli.records import dataclass
from edgecli.rows.arrays import overlapping_blocks, row_reader
from edgecli.rows.base import ImageInfo, Rows, Source
from edgecli.rows.scratch import Scratch
from edgecli.rows.workers import one_ahead

IDENTITY = Window((1, 1))

FEW_STEPS = 8
"""Steps of an image so small that it is read before another thread would have started."""


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
    if not any(isinstance(node.layer, Layer) for node in network.nodes):
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


def layer_banks(network: Network) -> tuple[FilterBank, ...]:
    """Return the filters of every layer that has any, named ``layer-1``, ``layer-2``, … ."""
    shapes = network.shapes()
    found = []
    for node in network.nodes:
        if not isinstance(node.layer, Layer):
            continue
        weight, bias = (network.weights.get(f"{node.name}.{part}") for part in ("weight", "bias"))
        if node.layer.bank is not None:
            channels = shapes[node.inputs[0]][0] // node.layer.groups
            weight = node.layer.bank.over(channels).weight.astype(np.float32)
        names = [f"{node.name}-{n}" for n in range(1, node.layer.count + 1)]
        found.append(FilterBank(np.asarray(weight), bias, names))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class SoftMap:
    """A network laid over an image; ``bank`` leaves its map unchanged.

    ``pictured`` adds the image's own rows to those of the map, as floats of 0 to 1.
    """

    network: Network  # at one scale
    laid: Laid  # at all of them
    bank: FilterBank
    convolution: Convolution
    background: Colour
    pictured: bool

    dtype = np.dtype(np.float32)
    white = 1.0  # an edge beyond doubt
    uses_blas = False  # after the map is read, no matrices are multiplied

    @property
    def planes(self) -> int:
        """Return the channels that the network takes."""
        return self.laid.shapes[0][0]

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Return the image's size and 1."""
        return *self.convolution.geometry.output_shape, 1

    @property
    def band_rows(self) -> int:
        """Return the rows of the map that stay in cache."""
        return self.convolution.band_rows

    @cached_property
    def account(self) -> Account:
        """Count the layers at all scales, which share weights; show the first filters' padding."""
        _, H, W = self.laid.shapes[0]
        banks, first = layer_banks(self.network), self._first
        layers = self.laid.network.summary((H, W, self.planes)).layers
        sliding = (op for op in self.laid.operations if isinstance(op, Sliding))
        return Account(
            banks,
            first.over(H, W),
            first.padding_mode,
            receptive_field=layers[-1].receptive_field,
            macs=sum(layer.macs for layer in layers),
            methods=tuple(engine.plan.method for op in sliding for engine in op.engines),
            biases=sum(bank.parameters[1] for bank in banks),
        )

    @property
    def _first(self) -> Window:
        """Return the window of the first filters that slide over the image itself."""
        first = [node.layer for node in self.laid.network.nodes if node.inputs == (INPUT,)]
        return next((layer.window for layer in first if isinstance(layer, Layer)), IDENTITY)

    def largest(self, edge_map: EdgeMap) -> float:  # noqa: ARG002
        """Return 1, the upper bound of a sigmoid."""
        return 1.0

    def read(self, source: Source, threads: int, watch: Stopwatch) -> Source:
        """Return the map as a source that runs the network when read."""
        return _SoftRows(self, source, threads, watch)

    def needed(self, start: int, stop: int) -> Cut:
        """Return the same rows: each pixel of the map is its own response."""
        return start, stop

    def prepare(self, block: Rows) -> NDArray[Any]:
        """Return rows of the map ``(1, rows, W)``."""
        return block[np.newaxis, ..., 0]

    def respond(self, pixels: NDArray[Any], cut: Cut, scratch: Scratch) -> NDArray[Any]:
        """Return the map unchanged."""
        del cut, scratch
        return pixels[np.newaxis]


def plan_soft_map(
    network: Network,
    scales: Sequence[float],
    shape: tuple[int, int, int],
    background: Colour,
    *,
    pictured: bool,
) -> SoftMap:
    """Lay a network over an image ``(H, W, C)``; GeometryError where it does not fit."""
    H, W, _ = shape
    laid = lay_out(at_scales(network, scales), (network.input_shape[0], H, W))
    bank = FilterBank([[[[1]]]])
    convolution = plan_over(bank, IDENTITY, (1, H, W), np.float32)
    return SoftMap(network, laid, bank, convolution, background, pictured)


class _SoftRows:
    """The map as a source of floats ``(H, W, 1)``, with more channels where pictured."""

    def __init__(self, made: SoftMap, source: Source, threads: int, watch: Stopwatch) -> None:
        self._made, self._source, self._threads, self._watch = made, source, threads, watch
        self._pictures: deque[Rows] = deque()

    @property
    def info(self) -> ImageInfo:
        """What the file's header says."""
        return self._source.info

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        H, W, C = self._source.shape
        return H, W, 1 + self._made.pictured * (C - 1 + C % 2)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return float32."""
        return np.dtype(np.float32)

    def blocks(self, ranges: Iterable[Cut]) -> Iterator[Rows]:
        """Yield rows of the map, with those of the image beside them where pictured."""
        with closing(self._maps()) as maps:
            softly = row_reader(maps)
            beside = row_reader(self._taken_pictures())

            def read_into(rows: Rows) -> None:
                softly(rows[..., :1])
                if self._made.pictured:
                    beside(rows[..., 1:])

            yield from overlapping_blocks(read_into, self.shape[1:], self.dtype, ranges)

    def _maps(self) -> Generator[Rows, None, None]:
        """Run the network; yield the rows of the map that each step gives."""
        laid, inputs = self._made.laid, self._inputs()
        if len(laid.steps) > FEW_STEPS:
            inputs = one_ahead(inputs)
        started = time.perf_counter()
        for gained in stream(laid, self._timed(inputs), self._threads):
            self._watch.seconds += time.perf_counter() - started
            yield gained[-1][0]
            started = time.perf_counter()

    def _timed(self, inputs: Iterator[Block]) -> Iterator[Block]:
        """Yield the inputs; waiting for them does not count as the network's time."""
        started = time.perf_counter()
        for block in inputs:
            self._watch.seconds -= time.perf_counter() - started
            yield block
            started = time.perf_counter()

    def _inputs(self) -> Iterator[Block]:
        made = self._made
        for rows in self._source.blocks(made.laid.input_rows):
            if made.pictured:
                self._pictures.append(as_picture(rows, made.background))
            yield network_input(made.network, finite(rows), made.background)

    def _taken_pictures(self) -> Iterator[Rows]:
        """Yield the image's rows, which the network always reads before it gives their map."""
        while self._pictures:
            yield self._pictures.popleft()

    def close(self) -> None:
        """Close the file."""
        self._source.close()
