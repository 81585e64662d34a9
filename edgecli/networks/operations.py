"""How each layer is computed: any band of its output rows, from the input rows that it needs.

Values are float32 in blocks ``(C, rows, W, N)``. The N images of a batch lie beside one another
in the last axis: a row of them is one long row, along which a convolution moves as if its taps
were N times as far apart. A vector is a volume of one row and one column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.activations import activate
from edgecli.conv.engine import Convolution as Engine
from edgecli.conv.engine import plan_over
from edgecli.conv.scratch import Scratch
from edgecli.filters import FilterBank
from edgecli.geometry import Border, Geometry, Window
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
    Shape,
    Upsample,
)

Block = NDArray[np.float32]
"""Rows of N volumes, ``(C, rows, W, N)``."""

Span = tuple[int, int]
"""Rows ``[start, stop)``."""

CACHED_BYTES = 2**20
"""Output of a band that the next pass over it still finds in cache."""


class Operation(Protocol):
    """A layer laid over inputs of one size, with its weights."""

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the rows of each input that output rows ``[start, stop)`` are computed from."""
        ...

    def band(
        self, blocks: Sequence[Block], start: int, stop: int, out: Block, scratch: Scratch
    ) -> None:
        """Compute output rows ``[start, stop)`` from blocks that hold the rows needed."""
        ...


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
            return Pooling(layer.window.over(H, W), isinstance(layer, MaxPool))
        case Flatten():
            return Flattening(inputs[0][1])
        case Dense():
            return Product(np.asarray(weight), bias, layer.activation)
        case Activation():
            return Pointwise(layer.function)
        case Upsample():
            return Upsampling(layer.scale, layer.method == "bilinear", inputs[0][1])
        case Add():
            return Sum(len(inputs))
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

    ``folded`` where the images of a batch are one wide image to the engine; else one at a time.
    """

    engines: tuple[Engine, ...]
    folded: bool
    activation: str

    @property
    def band_rows(self) -> int:
        """Return how many output rows make a band that stays in cache."""
        return self.engines[0].band_rows

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the window's rows, padding left out."""
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
    """Slide over the images of a batch in turn; the engine wants its output rows in one piece."""
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
    constant = window.border.mode in ("zeros", "constant") or not (left or right)
    folded = batch == 1 or (window.stride[1] == 1 and constant)
    if folded:
        down, along = window.dilation
        window = Window(
            window.kernel_size,
            window.stride,
            (down, along * batch),
            (top, bottom, left * batch, right * batch),
            window.border,
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


# --- pooling ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pooling:
    """The maximum or mean under a window: down the columns first, then along the rows."""

    geometry: Geometry
    largest: bool

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the window's rows, padding left out."""
        return (self.geometry.rows.needed(start, stop, Border()),)

    def band(
        self, blocks: Sequence[Block], start: int, stop: int, out: Block, scratch: Scratch
    ) -> None:
        """Reduce shifted views of the band."""
        rows, cols = self.geometry.rows, self.geometry.cols
        padded = self._pad(blocks[0], start, stop, scratch)
        shape = (len(out), stop - start, *padded.shape[2:])
        tall = scratch.take("tall", shape, np.float32)
        reach = (stop - start - 1) * rows.stride + 1
        self._reduce([padded[:, i : i + reach : rows.stride] for i in range(rows.kernel)], tall)
        reach = (cols.output - 1) * cols.stride + 1
        self._reduce([tall[:, :, j : j + reach : cols.stride] for j in range(cols.kernel)], out)
        if not self.largest:
            np.multiply(out, np.float32(1 / (rows.kernel * cols.kernel)), out=out)

    def _reduce(self, views: Sequence[Block], out: Block) -> None:
        combine = np.maximum if self.largest else np.add
        first = views[0]
        for view in views[1:]:
            first = combine(first, view, out=out)
        if first is views[0]:
            np.copyto(out, first)

    def _pad(self, block: Block, start: int, stop: int, scratch: Scratch) -> Block:
        """Return the rows that the windows read, with what is never chosen or adds nothing."""
        rows, cols = self.geometry.rows, self.geometry.cols
        if not any(self.geometry.padding):
            return block
        low, high = rows.reach(start, stop)
        padded = scratch.take(
            "pooled", (len(block), high - low, cols.padded, block.shape[3]), np.float32
        )
        padded.fill(-np.inf if self.largest else 0)
        top = max(-low, 0)
        padded[:, top : top + block.shape[1], cols.before : cols.before + cols.size] = block
        return padded


# --- upsampling ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Upsampling:
    """Every side ``scale`` times as long; rows and columns beyond the output are not computed.

    Output p of every run of ``scale`` samples the input at (p + ½)/scale − ½ from the run's pixel:
    the same two neighbours with the same two weights for all runs.
    """

    scale: int
    bilinear: bool
    height: int  # of the input

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the runs' rows, and a neighbour on each side where they are mixed."""
        low, high = start // self.scale, (stop - 1) // self.scale + 1
        if self.bilinear:
            low, high = max(low - 1, 0), min(high + 1, self.height)
        return ((low, high),)

    def band(
        self, blocks: Sequence[Block], start: int, stop: int, out: Block, scratch: Scratch
    ) -> None:
        """Mix rows, then columns."""
        block = blocks[0]
        C, _, W, N = block.shape
        ((low, _),) = self.needed(start, stop)
        first, last = start // self.scale - 1, (stop - 1) // self.scale + 1
        rows = np.clip(np.arange(first, last + 1), 0, self.height - 1) - low
        wide = scratch.take("wide", (C, stop - start, W + 2, N), np.float32)
        self._stretch(block[:, rows], wide[:, :, 1:-1], start % self.scale, 1, scratch)
        wide[:, :, 0], wide[:, :, -1] = wide[:, :, 1], wide[:, :, -2]
        self._stretch(wide, out, 0, 2, scratch)

    def _stretch(self, source: Block, out: Block, offset: int, axis: int, scratch: Scratch) -> None:
        """Fill ``out`` along an axis, beginning within a run; ``source`` has a neighbour more."""
        source, out = np.swapaxes(source, axis, 0), np.swapaxes(out, axis, 0)
        for phase in range(self.scale):
            begin = (phase - offset) % self.scale
            target = out[begin :: self.scale]
            if not len(target):
                continue
            at = 1 + (offset + begin) // self.scale
            if self.bilinear:
                self._mix(source, at, phase, target, scratch)
            else:
                np.copyto(target, source[at : at + len(target)])

    def _mix(self, source: Block, at: int, phase: int, target: Block, scratch: Scratch) -> None:
        place = (phase + 0.5) / self.scale - 0.5
        share = place % 1  # of the second neighbour
        at += -1 if place < 0 else 0
        near, far = (source[i : i + len(target)] for i in (at, at + 1))
        product = scratch.take("near", target.shape, np.float32)
        near = np.multiply(near, np.float32(1 - share), out=product)
        product = scratch.take("far", target.shape, np.float32)
        far = np.multiply(far, np.float32(share), out=product)
        np.add(near, far, out=target)


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
    """The inputs, added in order."""

    inputs: int

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
        """Copy in another shape."""
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
        """Multiply, add, apply."""
        del start, stop, scratch
        result = out[:, 0, 0]
        np.matmul(self.weight, blocks[0][:, 0, 0], out=result)
        if self.bias is not None:
            np.add(result, self.bias[:, np.newaxis], out=result)
        apply_activation(result, self.activation)


def pieces(operation: Operation, rows: Span, row_bytes: int, threads: int) -> Iterator[Span]:
    """Cut the rows of a band so that every thread has some, and each piece stays in cache."""
    start, stop = rows
    fitting = max(CACHED_BYTES // max(row_bytes, 1), 1)
    if isinstance(operation, Sliding):
        fitting = operation.band_rows
    size = min(fitting, -(-(stop - start) // threads))
    for first in range(start, stop, size):
        yield first, min(first + size, stop)
