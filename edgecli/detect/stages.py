"""Stages: from the responses of a band of rows to the edges that remain.

Each stage says how many rows it needs around those that it gives, its ``halo``; a band of responses
begins and ends with the sum of all halos, so that every band can be computed alone and equals the
same rows of the whole. For what needs the whole image see ``keeping.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgecli.lines.gradients import Slope, direction, gradient
from edgecli.lines.thinning import framed, suppress, zero_crossings
from edgecli.operators.operators import EdgeMap, combine_responses
from edgecli.records import dataclass, replace
from edgecli.rows.scratch import Scratch

Array = NDArray[Any]
Cut = tuple[int, int]
"""Rows ``[start, stop)`` of the map."""


@dataclass(frozen=True)
class Layers:
    """What is known of an edge map in rows ``cut``, each an array ``(C, rows, cols)``.

    ``strength`` is the response, signed if it is that of a single filter. ``gx`` and ``gy`` are
    its gradient, of any length, where a stage needs it.
    """

    cut: Cut
    strength: Array
    gx: Array | None = None
    gy: Array | None = None

    def crop(self, cut: Cut) -> Layers:
        """Return a subset of the rows."""
        rows = slice(cut[0] - self.cut[0], cut[1] - self.cut[0])
        gx, gy = (None if g is None else g[:, rows] for g in (self.gx, self.gy))
        return Layers(cut, self.strength[:, rows], gx, gy)


class Stage(Protocol):
    """One step from responses to edges."""

    @property
    def halo(self) -> int:
        """Rows needed above and below those that the stage gives."""
        ...

    def apply(self, layers: Layers, cut: Cut, scratch: Scratch) -> Layers:
        """Return rows ``cut`` of the next layers; rows that the halo lacks are outside the map."""
        ...


def widen(cut: Cut, halo: int, height: int) -> Cut:
    """Return the rows within the map that ``cut`` needs.

    >>> widen((0, 4), 1, 9), widen((4, 9), 1, 9)
    ((0, 5), (3, 9))
    """
    return max(cut[0] - halo, 0), min(cut[1] + halo, height)


def run_stages(
    stages: Sequence[Stage], layers: Layers, cut: Cut, height: int, scratch: Scratch
) -> Layers:
    """Apply stages in order, each to the rows that the later ones need; return rows ``cut``."""
    rest = sum(stage.halo for stage in stages)
    for stage in stages:
        rest -= stage.halo
        layers = stage.apply(layers, widen(cut, rest, height), scratch)
    return layers.crop(cut)


def combine(
    edge_map: EdgeMap,
    slope: Slope | None,
    responses: Array,
    cut: Cut,
    merge: bool,
    scratch: Scratch,
) -> Layers:
    """Combine the responses ``(planes, C_out, rows, cols)`` of rows ``cut`` into one map.

    Each colour plane is combined alone; ``merge`` keeps the strongest plane at each pixel, with
    its own gradient. ``slope`` is given where the gradient is needed.
    """
    own = responses[:, edge_map.start : edge_map.stop]
    if len(own) == 1:
        arrays = _combine_plane(edge_map, slope, own[0], scratch)
        return Layers(cut, *(array[np.newaxis] for array in arrays))
    planes = [
        [array.copy() for array in _combine_plane(edge_map, slope, parts, scratch)] for parts in own
    ]
    arrays = [np.stack(kind) for kind in zip(*planes, strict=True)]
    if not merge:
        return Layers(cut, *arrays)
    winner = np.abs(arrays[0]).argmax(axis=0)[np.newaxis]
    return Layers(cut, *(np.take_along_axis(array, winner, axis=0) for array in arrays))


def _combine_plane(
    edge_map: EdgeMap, slope: Slope | None, parts: Array, scratch: Scratch
) -> list[Array]:
    """Return the strength of one plane ``(rows, cols)``, and its gradient if needed."""
    strength = combine_responses(parts, edge_map.combine, scratch)
    return [strength, *(gradient(slope, parts, scratch) if slope else ())]


@dataclass(frozen=True)
class Thin:
    """Keep lines one pixel wide: local maxima along the gradient.

    Strengths up to ``floor`` are no edges. ``sectors`` takes the nearest of eight neighbours.
    ``signed`` strengths, those of a single filter, are compared by absolute value. Strengths that
    may be ``unknown``, NaN, are no lines and stay NaN.
    """

    floor: float
    sectors: bool = False
    signed: bool = False
    unknown: bool = False
    halo: int = 1

    @property
    def name(self) -> str:
        """Return what reports call it."""
        return "non-maximum suppression, " + ("eight sectors" if self.sectors else "interpolated")

    def apply(self, layers: Layers, cut: Cut, scratch: Scratch) -> Layers:
        """Thin every plane."""
        inner = layers.crop(cut)
        above, below = cut[0] - layers.cut[0], layers.cut[1] - cut[1]
        thinned = np.empty(inner.strength.shape, inner.strength.dtype)
        for plane, before, out, slope in zip(
            layers.strength, inner.strength, thinned, _gradients(inner), strict=True
        ):
            frame = framed(plane, above, below, scratch)
            if self.signed:
                np.abs(frame, out=frame)
            suppress(before, frame, slope, self.floor, out, scratch, sectors=self.sectors)
            if self.unknown:
                np.copyto(out, 0, where=np.isnan(out))  # 0 · ∞ among them
                np.copyto(out, np.nan, where=np.isnan(before))
        return replace(inner, strength=thinned)


def _gradients(layers: Layers) -> Iterator[tuple[Array, Array]]:
    """Yield gx and gy ``(rows, cols)`` of every plane."""
    if layers.gx is None or layers.gy is None:
        raise ValueError("this stage needs a gradient; combine with a slope")
    return zip(layers.gx, layers.gy, strict=True)


@dataclass(frozen=True)
class Cross:
    """Keep lines one pixel wide: the zero crossings of a second derivative.

    Heights up to ``floor`` are no edges; sizes that differ by at most ``tie`` count as equal.
    """

    floor: float
    tie: float = 0.0
    halo: int = 1

    @property
    def name(self) -> str:
        """Return what reports call it."""
        return "zero crossings"

    def apply(self, layers: Layers, cut: Cut, scratch: Scratch) -> Layers:
        """Find the crossings of every plane; their heights are float32."""
        above, below = cut[0] - layers.cut[0], layers.cut[1] - cut[1]
        crossings = np.empty(layers.crop(cut).strength.shape, np.float32)
        for plane, out in zip(layers.strength, crossings, strict=True):
            zero_crossings(framed(plane, above, below, scratch), self.floor, out, self.tie)
        return Layers(cut, crossings)


@dataclass(frozen=True, eq=False)
class Exclude:
    """Drop edges near the frame of the map ``(height, cols)`` or outside a mask."""

    border: int  # pixels
    height: int
    counted: NDArray[np.bool_] | None = None  # (height, cols)
    halo: int = 0

    def apply(self, layers: Layers, cut: Cut, scratch: Scratch) -> Layers:  # noqa: ARG002
        """Set what does not count to 0."""
        strength = layers.crop(cut).strength.copy()
        if self.counted is not None:
            strength[:, ~self.counted[slice(*cut)]] = 0
        if self.border:
            strength[:, :, : self.border] = 0
            strength[:, :, -self.border :] = 0
            strength[:, : max(self.border - cut[0], 0)] = 0
            first = max(self.height - self.border - cut[0], 0)
            strength[:, first:] = 0
        return replace(layers.crop(cut), strength=strength)


def angles(layers: Layers) -> NDArray[np.float32]:
    """Return the directions ``(rows, cols)`` of the edges left in one plane; NaN elsewhere."""
    ((gx, gy),) = _gradients(layers)
    found = direction(gx, gy)
    found[layers.strength[0] == 0] = np.nan
    return found
