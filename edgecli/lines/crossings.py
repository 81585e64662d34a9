"""Zero crossings of second derivatives: where a smoothed image is steepest.

D. Marr and E. Hildreth, "Theory of edge detection", Proceedings of the Royal Society B 207 (1980).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.lines.peaks import Floats, framed
from edgecli.records import dataclass
from edgecli.rows.base import Planes, Span
from edgecli.rows.memory import Memory


@dataclass(frozen=True)
class Cross:
    """The step that keeps lines one pixel wide: the zero crossings of a second derivative.

    Heights up to ``floor`` are no edges; sizes that differ by at most ``tie`` count as equal. What
    may be ``unknown``, NaN, is no line and stays NaN.
    """

    shape: tuple[int, int, int]
    floor: float
    tie: float = 0.0
    dtype: np.dtype[Any] = np.dtype(np.float32)
    unknown: bool = False

    name = "zero crossings"
    halo = 1

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return a row more on each side, where the map has one."""
        return ((max(start - 1, 0), min(stop + 1, self.shape[1])),)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Find the crossings of every plane."""
        ((low, high),) = self.needed(start, stop)
        for plane, crossings in zip(blocks[0], out, strict=True):
            with memory:
                frame = framed(plane, start - low, high - stop, memory)
                zero_crossings(frame, self.floor, crossings, self.tie)
                if self.unknown:
                    np.copyto(crossings, np.nan, where=np.isnan(frame[1:-1, 1:-1]))


def zero_crossings(frame: Floats, floor: float, out: Floats, tie: float = 0.0) -> None:
    """Write to ``out`` the height of each zero crossing at the pixel nearest to it, 0 elsewhere.

    ``frame (rows + 2, cols + 2)`` holds signed second derivatives with a halo of one pixel. Where
    two neighbours in a row or column differ in sign, the crossing is put at the smaller one, or if
    equal at the negative one, and its height is their difference; a 0 between two signs is itself a
    crossing. Heights up to ``floor`` become 0. Sizes within ``tie`` are equal: rounding must not
    choose between the two sides of an edge.
    """
    cols = frame.shape[1] - 2
    pitch = cols + 2
    out.fill(0)
    found = np.flatnonzero(_changes_sign(frame))
    place = found + (found // cols) * 2 + (pitch + 1)
    values = frame.reshape(-1)
    here = values[place]
    best = np.zeros(len(found), frame.dtype)
    for step in (1, pitch):
        before, after = values[place - step], values[place + step]
        best = np.maximum(best, _height(here, before, tie))
        best = np.maximum(best, _height(here, after, tie))
        through = (here == 0) & (np.sign(before) * np.sign(after) < 0)
        best = np.maximum(best, np.where(through, np.abs(before - after), 0))
    np.put(out, found, np.where(best > floor, best, 0))


def crossing_share(
    weight: NDArray[Any], stride: tuple[int, int] = (1, 1), dilation: tuple[int, int] = (1, 1)
) -> float:
    """Return how far two neighbouring responses can be apart, over the largest response.

    ``weight (C_in, kH, kW)`` sums to zero. It is 2 where no pixel is seen by both, and small where
    a kernel is wide, for its windows overlap.

    >>> from edgecli.filters import load_filter
    >>> [round(crossing_share(load_filter(f"log:{s}").weight[0]), 2) for s in (1, 2, 4)]
    [1.23, 0.59, 0.3]
    """
    most = 0.0
    for axis in (1, 2):
        taps, between = divmod(stride[axis - 1], dilation[axis - 1])
        if between:  # the taps of one window lie between those of the other
            return 2.0
        here = np.insert(weight, [0] * taps, 0, axis)
        most = max(most, float(np.abs(here - np.roll(here, -taps, axis)).sum()))
    return most / float(np.abs(weight).sum())


def _changes_sign(frame: NDArray[Any]) -> NDArray[np.bool_]:
    """Mark the pixels with a neighbour of a different sign in their row or column."""
    sign = np.sign(frame).astype(np.int8)
    here = sign[1:-1, 1:-1]
    changes = np.zeros(here.shape, bool)
    for neighbour in (sign[1:-1, 2:], sign[1:-1, :-2], sign[2:, 1:-1], sign[:-2, 1:-1]):
        changes |= neighbour != here
    return changes


def _height(here: NDArray[Any], neighbour: NDArray[Any], tie: float) -> NDArray[Any]:
    """Return |here| + |neighbour| where the crossing between them is put here, else 0."""
    near, far = np.abs(here), np.abs(neighbour)
    nearest = (near < far - tie) | ((np.abs(near - far) <= tie) & (here < 0))
    crosses = (np.sign(here) * np.sign(neighbour) < 0) & nearest
    height: NDArray[Any] = np.where(crosses, near + far, 0)
    return height
