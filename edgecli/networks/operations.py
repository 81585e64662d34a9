"""How each layer is computed: any band of its output rows, from the input rows that it needs.

The N images of a batch lie along a block's last axis: a row of all of them is one long row, along
which a convolution moves as if its taps were N times as far apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from edgecli.conv.activations import activate
from edgecli.conv.engine import Convolution as Engine
from edgecli.conv.engine import plan_over
from edgecli.filters import FilterBank
from edgecli.geometry import Window
from edgecli.networks.blocks import Block, Operation, Span
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
from edgecli.rows.scratch import Scratch

CACHED_BYTES = 2**20
"""Output of a band that is still in cache when the next pass reads it."""

ROWS_TOGETHER = 4
"""Rows that products of few filters take at once: with fewer rows, sums round differently."""


def prepare(
    layer: Layer, inputs: Sequence[Shape], weight: Block | None, bias: Block | None, batch: int
) -> Operation:
    """Lay a layer over ``batch`` inputs of these shapes."""
    match layer:
        case Convolution():
            C, H, W = inputs[0]
            return _sliding(layer, (C, H, W), np.asarray(weight), bias, batch)
        case MaxPool() | AveragePool():
            _, H, W = inputs[0]
            counts = isinstance(layer, AveragePool) and layer.count_padding
            return Pooling(layer.window.over(H, W), isinstance(layer, MaxPool), counts)
        case Flatten():
            return Flattening(inputs[0][1])
        case Dense():
            return Product(np.asarray(weight), bias, layer.activation)
        case Activation():
            return Pointwise(layer.function)
        case Upsample():
            return Upsampling(layer.scale, layer.method == "bilinear", inputs[0][1])
        case Add():
            return Sum(len(inputs), 1 / len(inputs) if isinstance(layer, Mean) else 1.0)
        case Concatenate():
            return Joint(tuple(shape[0] for shape in inputs))


def apply_activation(values: Block, activation: str) -> None:
    """Apply an activation in place; softmax over the channels, the first axis."""
    if activation == "softmax":
        np.subtract(values, values.max(axis=0), out=values)
        np.exp(values, out=values)
        np.divide(values, values.sum(axis=0), out=values)
    else:
        activate(values, activation)


# --- convolution --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Sliding:
    """A convolution by the engine, for each group of channels.

    With ``folded`` the engine sees the images of a batch as one wide image; else one at a time.
    """

    engines: tuple[Engine, ...]
    folded: bool
    activation: str

    @property
    def band_rows(self) -> int:
        """Return how many output rows make a band that stays in cache and suits all groups."""
        return min(engine.band_rows for engine in self.engines)

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the window's rows, without padding."""
        return (self.engines[0].needed(start, stop),)

    def band(
        self, blocks: Sequence[Block], start: int, stop: int, out: Block, scratch: Scratch
    ) -> None:
        """Slide every group's filters over its channels."""
        channels, filters = self.engines[0].depth, self.engines[0].filters
        for n, engine in enumerate(self.engines):
            block = blocks[0][n * channels : (n + 1) * channels]
            target = out[n * filters : (n + 1) * filters]
            if self.folded:
                wide, result = (a.reshape(*a.shape[:2], -1) for a in (block, target))
                engine.band(wide, start, stop, result, scratch)
            else:
                _one_by_one(engine, block, (start, stop), target, scratch)
        apply_activation(out, self.activation)


def _one_by_one(engine: Engine, block: Block, rows: Span, out: Block, scratch: Scratch) -> None:
    """Slide over the images of a batch in turn; the engine needs contiguous output rows."""
    result = scratch.take("one image", out.shape[:3], np.float32)
    for n in range(out.shape[3]):
        engine.band(block[..., n], *rows, result, scratch)
        np.copyto(out[..., n], result)


def _sliding(
    layer: Convolution,
    shape: tuple[int, int, int],
    weight: Block,
    bias: Block | None,
    batch: int,
) -> Sliding:
    C, H, W = shape
    window = layer.window
    top, bottom, left, right = window.over(H, W).padding
    constant = window.padding_mode.mode in ("zeros", "constant") or not (left or right)
    folded = batch == 1 or (window.stride[1] == 1 and constant)
    if folded:
        down, along = window.dilation
        window = Window(
            window.kernel_size,
            window.stride,
            (down, along * batch),
            (top, bottom, left * batch, right * batch),
            window.padding_mode,
        )
        W = W * batch
    size = len(weight) // layer.groups
    banks = (
        FilterBank(weight[n : n + size], None if bias is None else bias[n : n + size])
        for n in range(0, len(weight), size)
    )
    volume = C // layer.groups, H, W
    engines = tuple(plan_over(bank, window, volume, np.float32) for bank in banks)
    return Sliding(engines, folded, layer.activation)


# --- the rest -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pointwise:
    """An activation alone."""

    function: str

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the same rows."""
        return ((start, stop),)

    def band(
        self, blocks: Sequence[Block], start: int, stop: int, out: Block, scratch: Scratch
    ) -> None:
        """Copy, then apply in place."""
        del start, stop, scratch
        np.copyto(out, blocks[0])
        apply_activation(out, self.function)


@dataclass(frozen=True)
class Sum:
    """The inputs, added in order, times ``factor``."""

    inputs: int
    factor: float = 1.0

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the same rows of every input."""
        return ((start, stop),) * self.inputs

    def band(
        self, blocks: Sequence[Block], start: int, stop: int, out: Block, scratch: Scratch
    ) -> None:
        """Add up."""
        del start, stop, scratch
        np.add(blocks[0], blocks[1], out=out)
        for block in blocks[2:]:
            np.add(out, block, out=out)
        if self.factor != 1:
            np.multiply(out, np.float32(self.factor), out=out)


@dataclass(frozen=True)
class Joint:
    """The inputs' channels, one input after another."""

    channels: tuple[int, ...]

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the same rows of every input."""
        return ((start, stop),) * len(self.channels)

    def band(
        self, blocks: Sequence[Block], start: int, stop: int, out: Block, scratch: Scratch
    ) -> None:
        """Copy each to its channels."""
        del start, stop, scratch
        np.concatenate(blocks, out=out)


@dataclass(frozen=True)
class Flattening:
    """A volume as one column: its values channel by channel, each row by row."""

    height: int

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return all rows."""
        del start, stop
        return ((0, self.height),)

    def band(
        self, blocks: Sequence[Block], start: int, stop: int, out: Block, scratch: Scratch
    ) -> None:
        """Copy to the new shape."""
        del start, stop, scratch
        np.copyto(out, blocks[0].reshape(out.shape))


@dataclass(frozen=True, eq=False)
class Product:
    """A dense layer: weights ``(units, n)`` times columns, one for each image of a batch."""

    weight: Block
    bias: Block | None
    activation: str

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the only row."""
        del start, stop
        return ((0, 1),)

    def band(
        self, blocks: Sequence[Block], start: int, stop: int, out: Block, scratch: Scratch
    ) -> None:
        """Multiply by the weights, add the bias, activate."""
        del start, stop, scratch
        result = out[:, 0, 0]
        np.matmul(self.weight, blocks[0][:, 0, 0], out=result)
        if self.bias is not None:
            np.add(result, self.bias[:, np.newaxis], out=result)
        apply_activation(result, self.activation)


def pieces(operation: Operation, rows: Span, row_bytes: int, threads: int) -> Iterator[Span]:
    """Cut the rows of a band so that every thread gets some and each piece stays in cache."""
    start, stop = rows
    fitting = max(CACHED_BYTES // max(row_bytes, 1), 1)
    if isinstance(operation, Sliding):
        fitting = operation.band_rows
    share = -(-(stop - start) // threads)
    size = max(min(fitting, -(-share // ROWS_TOGETHER) * ROWS_TOGETHER), 1)
    for first in range(start, stop, size):
        yield first, min(first + size, stop)
