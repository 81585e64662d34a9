"""Receptive fields through layers, upsampling and branches that join, exact for every output.

Without upsampling all outputs have the same field (Araujo, Norris and Sim, "Computing receptive
fields of convolutional neural networks", 2019). After upsampling the fields vary periodically: one
of two neighbouring outputs may see more than the other. So a field lists the spans of one whole
period, which is called a turn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from edgecli.errors import NetworkError
from edgecli.geometry import Axis
from edgecli.networks.layers import Add, Concatenate, Flatten, Layer, Shape, Upsample, Windowed
from edgecli.records import dataclass

LONGEST_TURN = 4096  # outputs at most: the product of all scales over what strides undo


@dataclass(frozen=True)
class Field:
    """What the outputs see along one axis of the network's input.

    Output y of the first turn sees samples ``[start, stop) = spans[y]``, of which negative ones are
    padding. Each turn sees what the turn before it saw, ``advance`` samples further on.
    """

    spans: tuple[tuple[int, int], ...] = ((0, 1),)
    advance: int = 1

    @property
    def size(self) -> int:
        """Return the most samples that one output sees."""
        return max(stop - start for start, stop in self.spans)

    @property
    def jump(self) -> float:
        """Return the mean distance in samples from one output's field to the next."""
        return self.advance / len(self.spans)

    def seen(self, first: int, last: int) -> tuple[int, int]:
        """Return the samples ``[start, stop)`` that outputs ``first`` to ``last`` see in all."""
        turns, place = divmod(first, len(self.spans))
        start = self.spans[place][0] + turns * self.advance
        turns, place = divmod(last, len(self.spans))
        return start, self.spans[place][1] + turns * self.advance

    def through(self, axis: Axis) -> Field:
        """Return the field of the outputs of a window that slides over these.

        >>> Field().through(Axis(32, 5)).through(Axis(28, 2, stride=2))
        Field(spans=((0, 6),), advance=2)
        """
        shared = math.gcd(len(self.spans), axis.stride)
        reaches = (axis.reach(y, y + 1) for y in range(len(self.spans) // shared))
        spans = tuple(self.seen(start, stop - 1) for start, stop in reaches)
        return Field(spans, self.advance * axis.stride // shared)

    def upsampled(self, scale: int, bilinear: bool) -> Field:
        """Return the field of upsampled values, each of which mixes two if ``bilinear``.

        >>> Field().upsampled(2, bilinear=True)
        Field(spans=((-1, 1), (0, 2)), advance=1)
        """
        turn = len(self.spans) * scale
        if turn > LONGEST_TURN:
            raise NetworkError(f"upsampling comes to {turn} in all, over {LONGEST_TURN}; use less")
        spans = []
        for y in range(turn):
            near = (2 * y + 1 - scale) // (2 * scale) if bilinear else y // scale
            spans.append(self.seen(near, near + bilinear))
        return Field(tuple(spans), self.advance)

    def whole(self, size: int) -> Field:
        """Return the field of values that see all these outputs, ``size`` in number."""
        return Field((self.seen(0, size - 1),) * len(self.spans), self.advance)

    def joined(self, other: Field) -> Field:
        """Return the field of values that see what the outputs of both branches see."""
        turn = math.lcm(len(self.spans), len(other.spans))
        pairs = ((self.seen(y, y), other.seen(y, y)) for y in range(turn))
        spans = tuple((min(a, c), max(b, d)) for (a, b), (c, d) in pairs)
        return Field(spans, self.advance * turn // len(self.spans))


def fields_after(
    layer: Layer, inputs: Sequence[tuple[Field, Field]], shape: Shape
) -> tuple[Field, Field]:
    """Return a layer's fields along rows and along columns, from those of its inputs.

    ``shape`` is the first input's. NetworkError where the turn would become too long.
    """
    (rows, cols), *others = inputs
    if isinstance(layer, Windowed):
        geometry = layer.window.over(*shape[1:])
        return rows.through(geometry.rows), cols.through(geometry.cols)
    match layer:
        case Flatten():
            return rows.whole(shape[1]), cols.whole(shape[2])
        case Upsample():
            bilinear = layer.method == "bilinear"
            return rows.upsampled(layer.scale, bilinear), cols.upsampled(layer.scale, bilinear)
        case Add() | Concatenate():
            for other_rows, other_cols in others:
                rows, cols = rows.joined(other_rows), cols.joined(other_cols)
    return rows, cols
