"""A network of named layers whose shapes fit together, and what it costs.

>>> from edgecli.networks.layers import Convolution, MaxPool
>>> network = Network(
...     "small",
...     (3, 32, 32),
...     (
...         Node("conv", Convolution(6, (5, 5)), ("input",)),
...         Node("pool", MaxPool((2, 2)), ("conv",)),
...     ),
... )
>>> [(layer.output_shape, layer.parameters) for layer in network.summary().layers]
[((28, 28, 6), 456), ((14, 14, 6), 0)]
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import EdgeCliError, NetworkError, hint
from edgecli.geometry import LARGEST_SIDE
from edgecli.networks.fields import Field, fields_after
from edgecli.networks.layers import (
    Convolution,
    Dense,
    Flatten,
    Layer,
    Shape,
    Upsample,
    Windowed,
    connections,
    people_shape,
    shape_text,
    weight_shape,
)
from edgecli.networks.weights import Weights, check_weights, fixed
from edgecli.records import dataclass, field

INPUT = "input"  # the name of the volume that a network is given
LARGEST_PARAMETERS = 2**27  # 512 MiB of float32; AlexNet has 61 million
MOST_LAYERS = 1000
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}")


@dataclass(frozen=True)
class Node:
    """A layer with its name and the names of the layers that it reads."""

    name: str
    layer: Layer
    inputs: tuple[str, ...]

    @property
    def shape_sources(self) -> tuple[str, ...]:
        """Return the names of the layers whose shapes determine its own."""
        to = self.layer.to if isinstance(self.layer, Upsample) else None
        return self.inputs if to is None else (*self.inputs, to)

    def __str__(self) -> str:
        return f"layer {self.name!r} ({self.layer.kind})"


@dataclass(frozen=True)
class Slide:
    """How a layer's window moves: rows and columns; the padding is in pixels."""

    kernel_size: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    padding: tuple[int, int, int, int]  # top, bottom, left, right


def padding_words(slide: Slide) -> str:
    """Write the padding as ``--padding`` takes it: one number, H,W, or T,B,L,R.

    >>> [padding_words(Slide((3, 3), (1, 1), (1, 1), p)) for p in ((1, 1, 1, 1), (0, 1, 0, 1))]
    ['1', '0,1,0,1']
    """
    top, bottom, left, right = slide.padding
    if top == bottom and left == right:
        return f"{top}" if top == left else f"{top},{left}"
    return ",".join(map(str, slide.padding))


@dataclass(frozen=True)
class LayerFacts:
    """Facts about one layer. Shapes are height × width × channels, or a vector's length."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    output_shape: tuple[int, ...]
    weights: int
    biases: int
    macs: int  # multiply-adds of the weights, without biases, pooling and activations
    receptive_field: tuple[int, int]  # rows and columns of the input that one output value sees
    jump: tuple[float, float]  # input pixels between the fields of neighbouring outputs
    connections: int  # input values that one output value is computed from
    inputs_size: int  # values in all inputs
    slide: Slide | None = None  # how a window moves over the input, if the layer has one

    @property
    def activation_size(self) -> int:
        """Count the output's values."""
        return math.prod(self.output_shape)

    @property
    def parameters(self) -> int:
        """Count the weights and biases."""
        return self.weights + self.biases

    @property
    def memory(self) -> int:
        """Return the bytes of output and parameters in float32."""
        return 4 * (self.activation_size + self.parameters)

    @property
    def connection_share(self) -> float:
        """Return the connections over those of a fully connected layer, 0 … 1."""
        return self.connections / self.inputs_size

    @property
    def fully_connected_parameters(self) -> int:
        """Return the weights of a dense layer between the same values, n_in × n_out."""
        return self.inputs_size * self.activation_size


@dataclass(frozen=True)
class Summary:
    """Facts about a network over one input, height × width × channels, layer by layer."""

    name: str
    input_shape: tuple[int, ...]
    layers: tuple[LayerFacts, ...]


@dataclass(frozen=True, eq=False)
class Network:
    """Named layers in the order in which they are computed; the last one is the output.

    ``input_shape (C, H, W)`` is the default. ``white`` is the value that the brightest pixel
    becomes, whatever the image's depth; None leaves pixels unchanged. ``weights`` holds float32
    arrays by name, as in ``weights.py``, that cannot be written to; ``files`` are the files that it
    was read from. ``classes`` names the values of a last layer that is a softmax over a vector.

    NetworkError names the layer where a name is unknown or repeated, or where shapes or weights do
    not fit. All of this is checked before anything is allocated.
    """

    name: str
    input_shape: Shape
    nodes: tuple[Node, ...]
    white: float | None = None
    weights: Weights = field(default_factory=dict)
    files: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_input(self.input_shape)
        _check_names(self.nodes)
        _check_size(self, self.shapes())
        _check_classes(self)
        if self.weights:
            check_weights(self.weights, self.parameter_shapes(), f"network {self.name}")
            object.__setattr__(self, "weights", fixed(self.weights))

    @property
    def ends_in_classes(self) -> bool:
        """Whether the output is the probability of each of several classes: a softmax's vector."""
        layer = self.nodes[-1].layer
        softmax = "softmax" in {getattr(layer, key, None) for key in ("activation", "function")}
        return softmax and len(self.shapes()[self.nodes[-1].name]) == 1

    @property
    def is_fixed(self) -> bool:
        """Whether a dense layer fixes the input's height and width."""
        return any(isinstance(node.layer, Dense) for node in self.nodes)

    @cached_property
    def receptive_field(self) -> tuple[int, int]:
        """Return the rows and columns of the input that one value of the output sees."""
        return self.summary().layers[-1].receptive_field

    def shapes(self, input_shape: Shape | None = None) -> dict[str, Shape]:
        """Return every layer's output shape, by name and in order, beginning with the input's.

        NetworkError names the first layer that does not fit.
        """
        shapes = {INPUT: input_shape or self.input_shape}
        for node in self.nodes:
            inputs = [shapes[name] for name in node.shape_sources]
            try:
                shapes[node.name] = node.layer.output_shape(inputs)
            except EdgeCliError as error:
                given = ", ".join(map(shape_text, inputs))
                raise NetworkError(f"{node} over {given}: {error}") from error
        return shapes

    def parameter_shapes(self) -> dict[str, Shape]:
        """Return the shapes of all learned arrays, by their names in weight files."""
        shapes = self.shapes()
        found: dict[str, Shape] = {}
        for node in self.nodes:
            if not (isinstance(node.layer, Convolution) and node.layer.bank):
                parts = _parameters(node.layer, [shapes[name] for name in node.inputs])
                found |= {f"{node.name}.{part}": shape for part, shape in parts.items()}
        return found

    def arrays_of(self, node: Node, channels: int) -> tuple[NDArray[Any] | None, ...]:
        """Return the weight and bias of a layer over this many channels; None where it has none."""
        weight, bias = (self.weights.get(f"{node.name}.{part}") for part in ("weight", "bias"))
        if isinstance(node.layer, Convolution) and node.layer.bank is not None:
            bank = node.layer.bank.over(channels // node.layer.groups)
            weight = bank.weight.astype(np.float32)
        return weight, bias

    def summary(self, input_shape: tuple[int, int, int] | None = None) -> Summary:
        """Count everything for height × width × channels; NetworkError if they do not fit.

        Only shapes matter: there may be no weights, or weights of another depth.
        """
        H, W, C = input_shape or people_shape(self.input_shape)
        _check_input((C, H, W))
        shapes = self.shapes((C, H, W))
        _check_size(self, shapes)
        return Summary(self.name, (H, W, C), tuple(_facts(self, shapes)))


def _facts(network: Network, shapes: Mapping[str, Shape]) -> Iterator[LayerFacts]:
    fields = {INPUT: (Field(), Field())}
    for node in network.nodes:
        inputs = [shapes[name] for name in node.inputs]
        output = shapes[node.name]
        seen = [fields[name] for name in node.inputs]
        try:
            rows, cols = fields[node.name] = fields_after(node.layer, seen, inputs[0])
        except NetworkError as error:
            raise NetworkError(f"{node}: {error}") from error
        if isinstance(node.layer, Flatten):  # each value sees one place; later layers see them all
            rows, cols = fields[node.inputs[0]]
        parts = _parameters(node.layer, inputs)
        weights, biases = (math.prod(parts.get(part, (0,))) for part in ("weight", "bias"))
        yield LayerFacts(
            name=node.name,
            kind=node.layer.kind,
            inputs=node.inputs,
            output_shape=people_shape(output),
            weights=weights,
            biases=biases,
            macs=weights * math.prod(output[1:]),
            receptive_field=(rows.size, cols.size),
            jump=(rows.jump, cols.jump),
            connections=connections(node.layer, inputs),
            inputs_size=sum(map(math.prod, inputs)),
            slide=_slide(node.layer, inputs[0]),
        )


def _slide(layer: Layer, shape: Shape) -> Slide | None:
    """Return how a layer's window moves over a volume ``(C, H, W)``; None where it has none."""
    if not isinstance(layer, Windowed):
        return None
    window = layer.window
    padding = window.over(*shape[1:]).padding
    return Slide(window.kernel_size, window.stride, window.dilation, padding)


def _parameters(layer: Layer, inputs: Sequence[Shape]) -> dict[str, Shape]:
    """Return the shapes of a layer's weights and biases, by what weight files call them."""
    weight = weight_shape(layer, inputs)
    if weight is None:
        return {}
    biased = isinstance(layer, Convolution | Dense) and layer.bias
    return {"weight": weight} | ({"bias": weight[:1]} if biased else {})


def _check_input(shape: Shape) -> None:
    if len(shape) != 3 or not all(1 <= side <= LARGEST_SIDE for side in shape):
        raise NetworkError(
            f"the input's shape is {shape_text(shape)}; give height × width × channels, "
            f"each from 1 to {LARGEST_SIDE}"
        )


def _check_size(network: Network, shapes: Mapping[str, Shape]) -> None:
    total = 0
    for node in network.nodes:
        parts = _parameters(node.layer, [shapes[name] for name in node.inputs])
        total += sum(map(math.prod, parts.values()))
        if total > LARGEST_PARAMETERS:
            raise NetworkError(
                f"{node} brings the parameters to {total:,}, more than the limit of "
                f"{LARGEST_PARAMETERS:,}; use fewer or smaller filters"
            )


def _check_classes(network: Network) -> None:
    if not network.classes:
        return
    if not network.ends_in_classes:
        raise NetworkError(
            "classes are named, and the last layer is no softmax over a vector; "
            "name none, or end in one"
        )
    (count,) = network.shapes()[network.nodes[-1].name]
    if len(network.classes) != count:
        raise NetworkError(
            f"{len(network.classes)} classes are named, and the last layer has {count} values; "
            "name one for each"
        )
    for name in network.classes:
        if not (name.strip() and name.isprintable() and len(name) <= 70):
            raise NetworkError(f"class {name[:70]!r} is no name; write 1 to 70 letters on one line")


def _check_names(nodes: Sequence[Node]) -> None:
    """Check that names are unique and that every layer reads only earlier ones: no cycles."""
    if not 1 <= len(nodes) <= MOST_LAYERS:
        raise NetworkError(f"a network has 1 to {MOST_LAYERS} layers, not {len(nodes)}")
    known = [INPUT]
    for node in nodes:
        if not _NAME.fullmatch(node.name):
            raise NetworkError(
                f"layer name {node.name[:70]!r} is not one word; "
                "use up to 64 letters, digits and _ . + -"
            )
        if node.name in known:
            raise NetworkError(f"two layers are called {node.name!r}; give each its own name")
        for name in node.shape_sources:
            if name not in known:
                wrong = _misread(name, node, nodes, known)
                raise NetworkError(f"layer {node.name!r} reads {wrong}")
        known.append(node.name)


def _misread(name: str, node: Node, nodes: Sequence[Node], known: Sequence[str]) -> str:
    """Say why a layer cannot read a name that no earlier layer has."""
    if name == node.name:
        return "itself; a network has no cycles, name an earlier layer"
    if any(other.name == name for other in nodes):
        return f"{name!r}, which comes after it; a network has no cycles, name an earlier layer"
    return f"{name[:70]!r}, which is unknown; {hint(name, known, most=8)}"
