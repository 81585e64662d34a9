"""The step of each layer: any rows of its output, from the input rows that it needs.

An image is a volume ``(C, H, W)``, a batch of N images ``(C, H, W, N)``: then a row of all of them
is one long row, along which a convolution moves as if its taps were N times as far apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from edgecli.conv import Slides, slide_over
from edgecli.conv.activations import activate
from edgecli.filters import FilterBank
from edgecli.images.colour import WHITE, Colour, to_volume
from edgecli.networks import layers
from edgecli.networks.layers import Shape
from edgecli.networks.resampling import Pooling, Upsampling
from edgecli.records import dataclass, replace
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
            return _sliding(layer, inputs[0], np.asarray(weight), bias, batch)
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
class Batched:
    """The step of a convolution over a batch of images.

    With ``folded`` the engine sees the batch as one wide image; else one image at a time.
    """

    shape: tuple[int, int, int, int]
    slides: Slides
    folded: bool

    dtype = FLOAT

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the window's rows, without padding."""
        return self.slides.needed(start, stop)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Slide over the wide image, or over the images in turn."""
        (block,) = blocks
        if self.folded:
            wide, result = (a.reshape(*a.shape[:2], -1) for a in (block, out))
            self.slides.compute([wide], start, stop, result, memory)
            return
        # The engine needs contiguous output rows.
        result = memory.take(out.shape[:3], FLOAT)
        for n in range(out.shape[3]):
            with memory:
                self.slides.compute([block[..., n]], start, stop, result, memory)
            np.copyto(out[..., n], result)


def _sliding(
    layer: layers.Convolution, shape: Shape, weight: Floats, bias: Floats | None, batch: int | None
) -> Step:
    C, H, W = shape
    window, images = layer.window, batch or 1
    height, width = window.over(H, W).output_shape
    top, bottom, left, right = window.over(H, W).padding
    constant = window.padding_mode.mode in ("zeros", "constant") or not (left or right)
    folded = images == 1 or (window.stride[1] == 1 and constant)
    if folded:
        down, along = window.dilation
        padding = (top, bottom, left * images, right * images)
        window = replace(window, dilation=(down, along * images), padding=padding)
        W = W * images
    biases = [None] * layer.groups if bias is None else np.split(bias, layer.groups)
    banks = map(FilterBank, np.split(weight, layer.groups), biases)
    volume = C // layer.groups, H, W
    slides = tuple(slide_over(bank, window, volume, FLOAT) for bank in banks)
    step = Slides(slides, layer.activation)
    return step if batch is None else Batched((layer.count, height, width, batch), step, folded)


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
