"""Receptive fields through layers, in both directions and through branches that join."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from edgecli.geometry import ReceptiveField
from edgecli.networks.layers import (
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


class _HasLayer(Protocol):
    @property
    def layer(self) -> Layer: ...


@dataclass(frozen=True)
class Field:
    """A receptive field along both axes, in units of 1/``unit`` of an input pixel.

    Upsampling divides the jump. With the product of all scales as the unit it stays whole.
    """

    axes: tuple[ReceptiveField, ReceptiveField]
    unit: int

    @classmethod
    def of_input(cls, nodes: Iterable[_HasLayer]) -> Field:
        """Return the field of an input pixel: itself."""
        scales = (node.layer.scale for node in nodes if isinstance(node.layer, Upsample))
        unit = math.prod(scales)
        return cls((ReceptiveField(unit, unit), ReceptiveField(unit, unit)), unit)

    @property
    def size(self) -> tuple[int, int]:
        """Return rows and columns of input pixels, begun ones included."""
        height, width = (-(-axis.size // self.unit) for axis in self.axes)
        return height, width

    @property
    def jump(self) -> tuple[float, float]:
        """Return the input pixels from one output's field to the next one's."""
        height, width = (axis.jump / self.unit for axis in self.axes)
        return height, width


def field_after(layer: Layer, fields: Sequence[Field], shapes: Sequence[Shape]) -> Field:
    """Return the field of a layer's outputs, from those of its inputs ``shapes``."""
    rows, cols = (
        _through(layer, [field.axes[axis] for field in fields], shapes[0], axis) for axis in (0, 1)
    )
    return Field((rows, cols), fields[0].unit)


def _through(
    layer: Layer, fields: Sequence[ReceptiveField], shape: Shape, axis: int
) -> ReceptiveField:
    """Return the field along one axis: 0 the rows, 1 the columns."""
    first = fields[0]
    match layer:
        case Convolution() | MaxPool() | AveragePool():
            _, height, width = shape
            geometry = layer.window.over(height, width)
            taps = (geometry.rows, geometry.cols)[axis]
            return first.through(taps.kernel, taps.stride, taps.dilation, taps.before)
        case Flatten():
            return first.through(shape[1 + axis])
        case Dense():
            return first  # of a vector: each value has the same field
        case Upsample():
            reach = first.jump if layer.method == "bilinear" else 0
            return ReceptiveField(
                first.size + reach, first.jump // layer.scale, first.start - reach
            )
        case Add() | Concatenate():
            return _union(fields)
    return first


def _union(fields: Sequence[ReceptiveField]) -> ReceptiveField:
    start = min(field.start for field in fields)
    stop = max(field.start + field.size for field in fields)
    return ReceptiveField(stop - start, max(field.jump for field in fields), start)
