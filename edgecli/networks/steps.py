"""The step of each layer: any rows of its output, from the input rows that it needs.

An image is a volume ``(C, H, W)``, a batch of N images ``(C, H, W, N)``: then a row of all of them
is one long row, along which a convolution moves as if its taps were N times as far apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.activations import activate
from edgecli.images.colour import WHITE, Colour, to_volume
from edgecli.networks import layers
from edgecli.networks.convolving import Convolving
from edgecli.networks.layers import Shape
from edgecli.networks.resampling import Pooling, Upsampling
from edgecli.records import dataclass
from edgecli.rows.base import Planes, Rowwise, Span, Step
from edgecli.rows.memory import Memory
from edgecli.rows.samples import finite, full_scale

Floats = NDArray[np.float32]
VOLUMES = {1: "gray", 3: "rgb"}  # what an image becomes, by the network's input channels
FLOAT = np.dtype(np.float32)


def prepare(
    layer: layers.Layer,
    inputs: Sequence[Shape],
    shape: Shape,
    weight: Floats | None,
    bias: Floats | None,
    batch: int | None,
) -> Step:
    """Lay a layer, which gives ``shape``, over inputs of these shapes, or a batch of such."""
    whole = volume_shape(shape) if batch is None else (*volume_shape(shape), batch)
    match layer:
        case layers.Convolution():
            mode, geometry = layer.window.padding_mode, layer.window.over(*inputs[0][1:])
            more = layer.groups, layer.activation
            return Convolving(whole, np.asarray(weight), bias, geometry, mode, *more)
        case layers.MaxPool():
            return Pooling(whole, layer.window.over(*inputs[0][1:]), True)
        case layers.AveragePool():
            return Pooling(whole, layer.window.over(*inputs[0][1:]), False, layer.count_padding)
        case layers.Flatten():
            return Apply(whole, _flatten, rows=inputs[0][1])
        case layers.Dense():
            return Apply(whole, partial(_multiply, np.asarray(weight), bias, layer.activation))
        case layers.Activation():
            return Apply(whole, partial(_activate, layer.function))
        case layers.Upsample():
            return Upsampling(whole, layer.scale, layer.method == "bilinear", inputs[0][1])
        case layers.Add():
            return Apply(whole, _average if isinstance(layer, layers.Mean) else _add, len(inputs))
        case layers.Concatenate():
            return Apply(whole, lambda blocks, out: np.concatenate(blocks, out=out), len(inputs))


def volume_shape(shape: Shape) -> tuple[int, int, int]:
    """Return ``(C, H, W)``, or ``(n, 1, 1)`` for a vector."""
    C, H, W = shape if len(shape) == 3 else (*shape, 1, 1)
    return C, H, W


@dataclass(frozen=True)
class Input(Rowwise):
    """The step from an image's rows to a network's input: grey or RGB, scaled to ``white``."""

    shape: tuple[int, int, int]
    white: float | None  # what the brightest pixel becomes; None leaves pixels unchanged
    background: Colour = WHITE
    tames: bool = False  # whether NaN and what is nearly infinite give way to numbers

    dtype = FLOAT

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Convert and scale."""
        rows = blocks[0].transpose(1, 2, 0)
        if self.tames:
            rows = finite(rows)
        scale = 1.0 if self.white is None else self.white / full_scale(rows.dtype)
        volume = to_volume(rows, VOLUMES[self.shape[0]], self.background)
        np.multiply(volume, np.float32(scale), out=out, dtype=FLOAT)


@dataclass(frozen=True, eq=False)
class Apply:
    """The step whose rows a function fills from blocks of its inputs."""

    shape: Shape
    function: Callable[[Sequence[Planes], Planes], object]
    inputs: int = 1
    rows: int = 1  # of every input, from which one row is made

    dtype = FLOAT

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the rows of every input."""
        return ((start * self.rows, stop * self.rows),) * self.inputs

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Apply the function."""
        self.function(blocks, out)


def _activate(function: str, blocks: Sequence[Planes], out: Planes) -> None:
    np.copyto(out, blocks[0])
    activate(out, function)


def _add(blocks: Sequence[Planes], out: Planes) -> None:
    np.add(blocks[0], blocks[1], out=out)
    for block in blocks[2:]:
        np.add(out, block, out=out)


def _average(blocks: Sequence[Planes], out: Planes) -> None:
    _add(blocks, out)
    np.multiply(out, np.float32(1 / len(blocks)), out=out)


def _flatten(blocks: Sequence[Planes], out: Planes) -> None:
    """Fill a column with a volume's values, channel by channel and each row by row."""
    np.copyto(out, blocks[0].reshape(out.shape))


def _multiply(
    weight: Floats, bias: Floats | None, function: str, blocks: Sequence[Planes], out: Planes
) -> None:
    """Multiply weights ``(units, n)`` by a column for each image, add the bias, activate."""
    columns = blocks[0].reshape(len(blocks[0]), -1)
    result = np.matmul(weight, columns)
    if bias is not None:
        np.add(result, bias[:, np.newaxis], out=result)
    np.copyto(out, activate(result, function).reshape(out.shape))
