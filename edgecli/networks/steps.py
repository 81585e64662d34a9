"""The step of each layer: any rows of its output, from the input rows that it needs.

An image is a volume ``(C, H, W)``, a batch of N images ``(C, H, W, N)``: then a row of all of them
is one long row, along which a convolution moves as if its taps were N times as far apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgecli.conv import Layer as Slides
from edgecli.conv import slide_over
from edgecli.conv.activations import activate
from edgecli.filters import FilterBank
from edgecli.geometry import Window
from edgecli.images.colour import WHITE, Colour, to_volume
from edgecli.networks.layers import (
    Activation,
    Add,
    AveragePool,
    Concatenate,
    Convolution,
    Dense,
    Flatten,
    Layer,
    MaxPool,
    Mean,
    Shape,
    Upsample,
)
from edgecli.networks.resampling import Pooling, Upsampling
from edgecli.records import dataclass
from edgecli.rows.base import Planes, Rowwise, Span, Step
from edgecli.rows.memory import Memory
from edgecli.rows.samples import finite, full_scale

Floats = NDArray[np.float32]

VOLUMES = {1: "gray", 3: "rgb"}
"""What an image becomes, by the number of a network's input channels."""

FLOAT = np.dtype(np.float32)


def prepare(
    layer: Layer,
    inputs: Sequence[Shape],
    shape: Shape,
    weight: Floats | None,
    bias: Floats | None,
    batch: int | None,
) -> Step:
    """Lay a layer, which gives ``shape``, over inputs of these shapes, or a batch of such."""
    whole = volume_shape(shape) if batch is None else (*volume_shape(shape), batch)
    match layer:
        case Convolution():
            return _sliding(layer, inputs[0], np.asarray(weight), bias, batch)
        case MaxPool() | AveragePool():
            _, H, W = inputs[0]
            counts = isinstance(layer, AveragePool) and layer.count_padding
            return Pooling(whole, layer.window.over(H, W), isinstance(layer, MaxPool), counts)
        case Flatten():
            return Flattening(whole, inputs[0][1])
        case Dense():
            return Product(whole, np.asarray(weight), bias, layer.activation)
        case Activation():
            return Pointwise(whole, layer.function)
        case Upsample():
            return Upsampling(whole, layer.scale, layer.method == "bilinear", inputs[0][1])
        case Add():
            return Sum(whole, len(inputs), 1 / len(inputs) if isinstance(layer, Mean) else 1.0)
        case Concatenate():
            return Joint(whole, len(inputs))


def volume_shape(shape: Shape) -> tuple[int, int, int]:
    """Return ``(C, H, W)``, or ``(n, 1, 1)`` for a vector."""
    C, H, W = shape if len(shape) == 3 else (*shape, 1, 1)
    return C, H, W


# --- the input ----------------------------------------------------------------------------------


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


# --- convolution --------------------------------------------------------------------------------


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
    layer: Convolution, shape: Shape, weight: Floats, bias: Floats | None, batch: int | None
) -> Step:
    C, H, W = shape
    window, images = layer.window, batch or 1
    height, width = window.over(H, W).output_shape
    top, bottom, left, right = window.over(H, W).padding
    constant = window.padding_mode.mode in ("zeros", "constant") or not (left or right)
    folded = images == 1 or (window.stride[1] == 1 and constant)
    if folded:
        down, along = window.dilation
        window = Window(
            window.kernel_size,
            window.stride,
            (down, along * images),
            (top, bottom, left * images, right * images),
            window.padding_mode,
        )
        W = W * images
    size = len(weight) // layer.groups
    banks = (
        FilterBank(weight[n : n + size], None if bias is None else bias[n : n + size])
        for n in range(0, len(weight), size)
    )
    volume = C // layer.groups, H, W
    slides = Slides(
        tuple(slide_over(bank, window, volume, FLOAT) for bank in banks), layer.activation
    )
    if batch is None:
        return slides
    return Batched((layer.count, height, width, batch), slides, folded)


# --- the rest -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pointwise(Rowwise):
    """The step of an activation alone."""

    shape: Shape
    function: str

    dtype = FLOAT

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Copy, then apply in place."""
        np.copyto(out, blocks[0])
        activate(out, self.function)


@dataclass(frozen=True)
class Sum(Rowwise):
    """The step that adds its inputs in order, times ``factor``."""

    shape: Shape
    inputs: int
    factor: float = 1.0

    dtype = FLOAT

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Add up."""
        np.add(blocks[0], blocks[1], out=out)
        for block in blocks[2:]:
            np.add(out, block, out=out)
        if self.factor != 1:
            np.multiply(out, np.float32(self.factor), out=out)


@dataclass(frozen=True)
class Joint(Rowwise):
    """The step that puts its inputs' channels one after another."""

    shape: Shape
    inputs: int

    dtype = FLOAT

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Copy each to its channels."""
        np.concatenate(blocks, out=out)


@dataclass(frozen=True)
class Flattening:
    """The step from a volume to one column: its values channel by channel, each row by row."""

    shape: Shape
    height: int  # of the volume

    dtype = FLOAT

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return all rows."""
        return ((0, self.height),)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Copy to the new shape."""
        np.copyto(out, blocks[0].reshape(out.shape))


@dataclass(frozen=True, eq=False)
class Product:
    """The step of a dense layer: weights ``(units, n)`` times a column for each image."""

    shape: Shape
    weight: Floats
    bias: Floats | None
    activation: str

    dtype = FLOAT

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the only row."""
        return ((0, 1),)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Multiply by the weights, add the bias, activate."""
        columns = blocks[0].reshape(len(blocks[0]), -1)
        result = np.matmul(self.weight, columns)
        if self.bias is not None:
            np.add(result, self.bias[:, np.newaxis], out=result)
        np.copyto(out, activate(result, self.activation).reshape(out.shape))
