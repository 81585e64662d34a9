"""The layers of networks as frozen specs, which compute shapes in integers only.

A spec makes its output's shape from those of its inputs; NetworkError where they do not fit.
``steps.py`` computes the values.

>>> layer = Convolution(filters=6, kernel_size=(5, 5))
>>> layer.output_shape([(3, 32, 32)]), weight_shape(layer, [(3, 32, 32)])
((6, 28, 28), (6, 3, 5, 5))
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, get_args

from edgecli.conv.activations import ACTIVATIONS as POINTWISE
from edgecli.errors import FilterError, GeometryError, NetworkError
from edgecli.filters import FilterBank, concatenate, load_filter
from edgecli.filters.builtin import is_builtin, suggestion
from edgecli.geometry import LARGEST_SIDE, Padding, Window, parse_padding_mode
from edgecli.records import dataclass

Shape = tuple[int, ...]  # (C, H, W) of a volume, (n,) of a vector
Shapes = Sequence[Shape]
Pair = tuple[int, int]

ACTIVATIONS = (*POINTWISE, "softmax")  # softmax is over a volume's channels, or over a vector
UPSAMPLINGS = ("nearest", "bilinear")


def people_shape(shape: Shape) -> tuple[int, ...]:
    """Return a shape in the order that people use, height × width × channels.

    >>> people_shape((6, 28, 28)), people_shape((400,))
    ((28, 28, 6), (400,))
    """
    return (*shape[1:], shape[0])


def shape_text(shape: Shape) -> str:
    """Write a shape for people to read.

    >>> shape_text((6, 28, 28))
    '28×28×6'
    """
    return "×".join(map(str, people_shape(shape)))


@dataclass(frozen=True)
class Convolution:
    """A bank slid over a volume: torch's ``Conv2d``, with an activation.

    ``filters`` is the number of filters to learn, or the names of built-in filters (or inline rows)
    that serve as weights; a named filter of depth 1 is repeated in every channel. ``groups`` splits
    channels and filters into that many groups, each of which sees its own channels alone.
    """

    kind: ClassVar[str] = "convolution"
    filters: int | tuple[str, ...]
    kernel_size: Pair
    stride: Pair = (1, 1)
    padding: Padding = "valid"
    padding_mode: str = "zeros"
    dilation: Pair = (1, 1)
    groups: int = 1
    bias: bool = True
    activation: str = "none"

    def __post_init__(self) -> None:
        _check_choice("activation", self.activation, ACTIVATIONS)
        _check_count("groups", self.groups)
        _check_count("filters", self.count)
        if self.bank and (self.bank.kernel_size != self.kernel_size or self.bias):
            raise NetworkError(
                f"the named filters are {'×'.join(map(str, self.bank.kernel_size))} and have no "
                "bias; leave kernel_size and bias out"
            )
        self._check_groups(self.count, "filters")
        _ = self.window  # which raises if it makes no sense

    @cached_property
    def bank(self) -> FilterBank | None:
        """Return the named filters, or None where the weights are learned."""
        return None if isinstance(self.filters, int) else named_filters(self.filters)

    @property
    def count(self) -> int:
        """Return the number of filters."""
        return self.filters if isinstance(self.filters, int) else len(self.bank or ())

    @property
    def window(self) -> Window:
        """Return how the kernels move over the volume."""
        padding_mode = parse_padding_mode(self.padding_mode)
        return Window(self.kernel_size, self.stride, self.dilation, self.padding, padding_mode)

    def output_shape(self, inputs: Shapes) -> Shape:
        """Return ``(filters, H', W')``."""
        C, H, W = _one_volume(inputs)
        self._check_groups(C, "channels")
        return self.count, *_slide(self.window, H, W)

    def _check_groups(self, count: int, what: str) -> None:
        if count % self.groups:
            raise NetworkError(
                f"{count} {what} do not divide into {self.groups} groups; make them a multiple"
            )


@dataclass(frozen=True)
class _Pooling:
    """A window slid over each channel by itself; ``stride`` is the window's size if left out."""

    kernel_size: Pair
    stride: Pair | None = None
    padding: Padding = "valid"

    def __post_init__(self) -> None:
        padding, (height, width) = self.window.padding, self.kernel_size
        if isinstance(padding, tuple) and (max(padding[:2]) >= height or max(padding[2:]) >= width):
            raise NetworkError(
                f"padding {padding} leaves whole {height}×{width} windows outside the volume; "
                "pad by less than the window's size"
            )

    @property
    def window(self) -> Window:
        """Return how the window moves over the volume."""
        return Window(self.kernel_size, self.stride or self.kernel_size, padding=self.padding)

    def output_shape(self, inputs: Shapes) -> Shape:
        """Return ``(C, H', W')``."""
        C, H, W = _one_volume(inputs)
        return C, *_slide(self.window, H, W)


@dataclass(frozen=True)
class MaxPool(_Pooling):
    """The largest value under the window. Padding never counts."""

    kind: ClassVar[str] = "max-pool"


@dataclass(frozen=True)
class AveragePool(_Pooling):
    """The mean under the window.

    Padding counts as zeros, as in torch by default. Without ``count_padding`` the mean is that of
    the values inside the volume.
    """

    kind: ClassVar[str] = "average-pool"
    count_padding: bool = True


@dataclass(frozen=True)
class Flatten:
    """A volume as one vector, channel by channel and row by row, as in torch."""

    kind: ClassVar[str] = "flatten"

    def output_shape(self, inputs: Shapes) -> Shape:
        """Return ``(C · H · W,)``."""
        return (math.prod(_one_volume(inputs)),)


@dataclass(frozen=True)
class Dense:
    """A fully connected layer over a vector: torch's ``Linear``, with an activation."""

    kind: ClassVar[str] = "dense"
    units: int
    bias: bool = True
    activation: str = "none"

    def __post_init__(self) -> None:
        _check_choice("activation", self.activation, ACTIVATIONS)
        _check_count("units", self.units)

    def output_shape(self, inputs: Shapes) -> Shape:
        """Return ``(units,)``. The input must be a vector."""
        shape = _only(inputs)
        if len(shape) != 1:
            raise NetworkError(
                f"a dense layer takes a vector, not {shape_text(shape)}; "
                "put a flatten layer before it"
            )
        return (self.units,)


@dataclass(frozen=True)
class Activation:
    """A function applied to each value, or softmax over the channels."""

    kind: ClassVar[str] = "activation"
    function: str

    def __post_init__(self) -> None:
        _check_choice("function", self.function, ACTIVATIONS)

    def output_shape(self, inputs: Shapes) -> Shape:
        """Return the input's shape."""
        return _only(inputs)


@dataclass(frozen=True)
class Upsample:
    """Every side ``scale`` times as long, by ``nearest`` or ``bilinear`` interpolation.

    Pixels are areas, as in torch's ``Upsample`` with ``align_corners=False``. ``to`` names an
    earlier layer; the result is cropped to its height and width at the bottom and right. So a side
    of n pixels that a stride halved to ⌈n/2⌉ becomes n again, and not n + 1.
    """

    kind: ClassVar[str] = "upsample"
    scale: int = 2
    method: str = "bilinear"
    to: str | None = None

    def __post_init__(self) -> None:
        _check_choice("method", self.method, UPSAMPLINGS)
        _check_count("scale", self.scale)

    def output_shape(self, inputs: Shapes) -> Shape:
        """Return ``(C, scale · H, scale · W)``, cropped to the second shape if ``to`` is set."""
        C, H, W = _one_volume(inputs[:1])
        height, width = H * self.scale, W * self.scale
        if max(height, width) > LARGEST_SIDE:
            raise NetworkError(f"{height}×{width} has a side over {LARGEST_SIDE}; scale by less")
        if self.to is None:
            return C, height, width
        _, rows, cols = _one_volume(inputs[1:])
        if not (0 <= height - rows < self.scale and 0 <= width - cols < self.scale):
            raise NetworkError(
                f"{shape_text(inputs[0])} becomes {height}×{width}, from which no crop of less "
                f"than {self.scale} pixels makes {rows}×{cols}, the size of {self.to!r}; "
                "upsample by another scale, or to another layer"
            )
        return C, rows, cols


@dataclass(frozen=True)
class Add:
    """The sum of several inputs of the same shape, value by value."""

    kind: ClassVar[str] = "add"

    def output_shape(self, inputs: Shapes) -> Shape:
        """Return the shape that all inputs have."""
        _check_alike(inputs, 0, "add layers of one shape")
        return inputs[0]


@dataclass(frozen=True)
class Mean(Add):
    """The mean of several inputs of the same shape, value by value."""

    kind: ClassVar[str] = "mean"


@dataclass(frozen=True)
class Concatenate:
    """The channels of several volumes one after another, or several vectors end to end."""

    kind: ClassVar[str] = "concatenate"

    def output_shape(self, inputs: Shapes) -> Shape:
        """Return the common height and width with the sum of the channels."""
        _check_alike(inputs, 1, "concatenate layers of one height and width")
        return sum(shape[0] for shape in inputs), *inputs[0][1:]


Windowed = Convolution | MaxPool | AveragePool
Layer = Windowed | Flatten | Dense | Activation | Upsample | Add | Mean | Concatenate

LAYERS: dict[str, type[Layer]] = {layer.kind: layer for layer in get_args(Layer)}
"""Every kind of layer, by its name in network files."""


def weight_shape(layer: Layer, inputs: Shapes) -> Shape | None:
    """Return the shape of a layer's weights, or None where it has none.

    ``(filters, C_in / groups, kH, kW)`` for a convolution, ``(units, n)`` for a dense layer.
    """
    match layer:
        case Convolution():
            return layer.count, inputs[0][0] // layer.groups, *layer.kernel_size
        case Dense():
            return layer.units, inputs[0][0]
    return None


def connections(layer: Layer, inputs: Shapes) -> int:
    """Count the input values that one output value is computed from."""
    match layer:
        case Convolution() | Dense():
            return math.prod((weight_shape(layer, inputs) or ())[1:])
        case MaxPool() | AveragePool():
            return math.prod(layer.kernel_size)
        case Activation(function="softmax"):
            return inputs[0][0]
        case Upsample(method="bilinear"):
            return 4
        case Add():
            return len(inputs)
    return 1


def named_filters(names: Sequence[str]) -> FilterBank:
    """Return built-in filters and inline rows as one bank; NetworkError for anything else.

    Filter files are refused, so that a network depends on no file but its own and its weights.
    """
    for name in names:
        if not is_builtin(name) and ";" not in name:
            raise NetworkError(f"filter {name[:40]!r} is not built in; {suggestion(name)}")
    try:
        return concatenate([load_filter(name) for name in names])
    except FilterError as error:
        raise NetworkError(str(error)) from error


def _slide(window: Window, height: int, width: int) -> Pair:
    try:
        return window.over(height, width).output_shape
    except GeometryError as error:
        rule, _, _ = str(error).partition(";")
        raise NetworkError(f"{rule}; pad more, or give a larger input") from error


def _only(inputs: Shapes) -> Shape:
    if len(inputs) != 1:
        raise NetworkError(f"it takes one input, not {len(inputs)}; name one layer")
    return inputs[0]


def _one_volume(inputs: Shapes) -> tuple[int, int, int]:
    shape = _only(inputs)
    if len(shape) != 3:
        raise NetworkError(
            f"it takes a volume, height × width × channels, not a vector of {shape[0]}; "
            "put it before the flatten layer"
        )
    C, H, W = shape
    return C, H, W


def _check_alike(inputs: Shapes, axis: int, advice: str) -> None:
    """Check that there are several inputs, and that their shapes agree from an axis on."""
    if len(inputs) < 2:
        raise NetworkError('it takes two inputs or more; name them: inputs = ["a", "b"]')
    for shape in inputs:
        if shape[axis:] != inputs[0][axis:]:
            shapes = f"{shape_text(inputs[0])} and {shape_text(shape)}"
            raise NetworkError(f"its inputs are {shapes}; {advice}")


def _check_choice(what: str, given: str, choices: Sequence[str]) -> None:
    if given not in choices:
        raise NetworkError(f"{what} {given[:40]!r} is unknown; choose from {', '.join(choices)}")


def _check_count(what: str, given: int) -> None:
    if not 1 <= given <= LARGEST_SIDE:
        raise NetworkError(f"{what} is {given}; write a number from 1 to {LARGEST_SIDE}")
