"""Where an edge is, to a fraction of a pixel.

A pixel is an edge where a strength is largest across it; between the pixels it is largest a little
beside that pixel's centre. A parabola through three strengths of a row or column says where:

      strength        ○   the pixel that thinning kept
                   .--+--.
                  ○   |   ○   its neighbours along the axis nearer to the gradient
                      ├─┤     the crest

F. Devernay, "A non-maxima suppression method for edge detection with sub-pixel accuracy", INRIA
2724 (1995). Along the row or column, as corrected by R. Grompone von Gioi and G. Randall, "A
sub-pixel edge detector: an implementation of the Canny/Devernay algorithm", IPOL 7 (2017), and not
along the gradient, whose strengths would have to be interpolated: there the error is three times as
large. The pixel that thinning kept is the largest along the gradient, and on a slanted edge its
neighbour may be the largest in its row; then the parabola is laid there. What is told is the point
of the crest that is nearest to the pixel: so two pixels of a row are never told the same point.

Steps give what they find as three planes: the strength, 0 where no edge is, and where one is how
far ``beside`` the pixel's centre it lies, and the ``angle`` of that direction, in which brightness
grows. It is at most ``FARTHEST`` away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.norms import norm
from edgecli.lines.crossings import Cross, zero_crossings
from edgecli.lines.gradients import gradient
from edgecli.lines.peaks import Floats, Gradient, list_peaks
from edgecli.lines.positions import Positions, positions
from edgecli.lines.ridges import REACH, Crest, crests
from edgecli.lines.thinning import Thin
from edgecli.records import dataclass
from edgecli.rows.base import Planes, Span
from edgecli.rows.memory import Memory
from edgecli.rows.samples import float_type

Numbers = NDArray[np.float64]
"""One for each edge pixel."""

FARTHEST = 0.65
"""Pixels: with what simplifying takes, a stroke passes within 0.75 of every edge pixel's centre.

On straight and round edges next to none is further. At corners and in textures one in twenty would
be, up to 1.5: more than one edge is near there, and a parabola tells neither.
"""

EVEN = 1e-5
"""Share within which a gradient's parts are equal: rounding must not choose between the axes."""

PLANES = 3

NEAR = 2
"""Pixels on each side whose strengths may be looked at."""


@dataclass(frozen=True)
class SlopePoints:
    """The step that locates the peaks that ``thin`` keeps, of a norm of responses ``(n, H, W)``."""

    thin: Thin
    norm: str  # a single response has its absolute value

    halo = NEAR

    @property
    def name(self) -> str:
        """Return what reports call the step."""
        return self.thin.name

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return the three planes."""
        return (PLANES, *self.thin.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the floats that strengths are computed in."""
        return float_type(self.thin.dtype)

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return two rows more on each side, where the map has them."""
        return (_around(NEAR, start, stop, self.shape[1]),)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Find the peaks, then their crests."""
        (responses,), ((low, high),) = blocks, self.needed(start, stop)
        above, below = start - low, high - stop
        frame = memory.take((stop - start + 2 * NEAR, responses.shape[2] + 2), self.dtype)
        inside = frame[NEAR - above : len(frame) - (NEAR - below), 1:-1]
        _surround(frame, above, below, 0)  # as thinning does
        self._fill(inside, responses, memory)
        own = responses[:, above : above + stop - start]
        slope = gradient(self.thin.slope, own, memory)
        thin = self.thin
        found, strength = list_peaks(frame[1:-1], slope, thin.floor, memory, sectors=thin.sectors)
        _surround(frame, above, below, np.nan)
        _put(out, found, strength, frame, slope)

    def _fill(self, inside: Floats, responses: Planes, memory: Memory) -> None:
        if len(responses) == 1:
            np.copyto(inside, responses[0], casting="unsafe")
            np.abs(inside, out=inside)
        elif self.thin.dtype == inside.dtype:
            norm(responses, self.norm, inside, memory)
        else:
            with memory:
                whole = memory.take(inside.shape, self.thin.dtype)
                norm(responses, self.norm, whole, memory)
                np.copyto(inside, whole, casting="unsafe")


@dataclass(frozen=True)
class CrestPoints:
    """The step that locates the crests of a soft map ``(1, H, W)`` that ``crest`` keeps.

    The second derivatives of the smoothed map say where across is (C. Steger, "An unbiased detector
    of curvilinear structures", IEEE TPAMI 20, 1998); the parabola is laid through the map itself,
    as smoothing draws lines together that are close.
    """

    crest: Crest

    halo = REACH
    dtype = np.dtype(np.float32)

    @property
    def name(self) -> str:
        """Return what reports call the step."""
        return self.crest.name

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return the three planes."""
        return (PLANES, *self.crest.shape[1:])

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return what smoothing needs."""
        return self.crest.needed(start, stop)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Thin as ``crest`` does, and lay the parabolas."""
        ((low, high),) = self.needed(start, stop)
        above, below = start - low, high - stop
        lacking = (REACH - above, REACH - below), (REACH, REACH)
        wide = np.pad(blocks[0][0], lacking, mode="edge")
        thinned = memory.take(out.shape[1:], self.dtype)
        slope = crests(wide, self.crest.floor, thinned, memory)
        near = np.ascontiguousarray(wide[REACH - NEAR : NEAR - REACH, REACH - 1 : 1 - REACH])
        _surround(near, min(above, NEAR), min(below, NEAR), np.nan)
        found = positions(thinned != 0)
        _put(out, found, thinned.take(found), near, slope)


@dataclass(frozen=True)
class LinePoints:
    """The step that locates lines that are thin already, and may have been weighed since.

    It reads the lines ``(1, H, W)``, the strengths that they were thinned from, and the gradient
    ``(2, H, W)`` along which they were.
    """

    shape: tuple[int, int, int]

    halo = NEAR
    dtype = np.dtype(np.float32)

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the strengths of two rows more on each side."""
        return (start, stop), _around(NEAR, start, stop, self.shape[1]), (start, stop)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Lay the parabolas through the strengths."""
        (lines,), (strength,), (gx, gy) = blocks
        _, (low, high), _ = self.needed(start, stop)
        above, below = start - low, high - stop
        frame = np.pad(strength, ((NEAR - above, NEAR - below), (1, 1)))
        _surround(frame, above, below, np.nan)
        found = positions(np.ascontiguousarray(lines != 0))
        _put(out, found, lines.take(found), frame, (gx, gy))


@dataclass(frozen=True)
class CrossingPoints:
    """The step that locates the zero crossings that ``cross`` keeps of responses ``(1, H, W)``.

    Between two pixels of different sign the second derivative is taken to be straight. ``grows``
    is 1 where the response grows with brightness, −1 where it falls, as a Laplacian does.
    """

    cross: Cross
    grows: float

    halo = 1

    @property
    def name(self) -> str:
        """Return what reports call the step."""
        return self.cross.name

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return the three planes."""
        return (PLANES, *self.cross.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the floats that crossings are computed in."""
        return self.cross.dtype

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return a row more on each side, where the map has one."""
        return self.cross.needed(start, stop)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Find the crossings, then where they are between the pixels."""
        ((low, high),) = self.needed(start, stop)
        lacking = (low == start, high == stop), (1, 1)
        frame = np.pad(blocks[0][0].astype(self.dtype), lacking, mode="edge")
        heights = memory.take(out.shape[1:], self.dtype)
        zero_crossings(frame, self.cross.floor, heights, self.cross.tie)
        found = positions(heights != 0)
        beside, angle = crossings_beside(frame, found, self.grows)
        _write(out, found, heights.take(found), beside, angle)


def crests_beside(frame: Floats, found: Positions, x: Floats, y: Floats) -> Floats:
    """Return how far from each pixel's centre the crest is, along the gradient ``(x, y)``.

    ``frame (rows + 4, cols + 2)`` holds strengths: NaN outside the map, where nothing tells how
    they go on. On the diagonal rows and columns count alike: so a picture that is turned by a right
    angle has the same crests.
    """
    pitch, place = _places(frame, found, NEAR)
    values, wide, high = frame.reshape(-1), np.abs(x), np.abs(y)
    level = wide >= high
    step, main = np.where(level, 1, pitch), np.where(level, x, y)
    beside = _crest(values, place, step) * main
    (even,) = (np.abs(wide - high) <= EVEN * wide).nonzero()
    other = np.where(level, pitch, 1)[even], np.where(level, y, x)[even]
    beside[even] += _crest(values, place[even], other[0]) * other[1]
    beside[even] /= 2
    beside /= np.sqrt(x * x + y * y)
    np.copyto(beside, 0, where=np.isnan(beside))  # where no direction is known
    return beside.clip(-FARTHEST, FARTHEST, out=beside)


def _crest(values: Floats, place: Positions, step: Positions) -> Floats:
    """Return how many steps ahead of each pixel the crest is: at most 1.5, or at its centre."""
    behind, here, ahead = (values.take(at) for at in (place - step, place, place + step))
    (moved,) = ((ahead > here) | (behind > here)).nonzero()  # few
    forth, back, own = ahead[moved], behind[moved], here[moved]
    shift = ((forth > own) & ~(back >= forth)).astype(np.int8)
    shift -= (back > own) & ~(forth >= back)
    at, step = place[moved] + shift * step[moved], step[moved]
    behind[moved], here[moved], ahead[moved] = (values.take(n) for n in (at - step, at, at + step))
    bend: Floats = (behind - ahead) / (2 * (behind - here + (ahead - here)))
    np.copyto(bend, 0, where=np.isnan(bend))  # on a plateau, or at the end of the map
    grows = (behind[moved] > here[moved]) | (ahead[moved] > here[moved])
    bend[moved] = np.where(grows, 0, bend[moved] + shift)  # if it grows on, no crest is near
    return bend


def crossings_beside(frame: Floats, found: Positions, grows: float) -> tuple[Numbers, Numbers]:
    """Return how far each pixel's centre is from the zero crossing, and the direction.

    ``frame (rows + 2, cols + 2)`` holds signed responses. The steepest of the crossings
    with its four neighbours, the mean of several, is a point of the line that crosses the slope.
    """
    pitch, place = _places(frame, found, 1)
    values = frame.reshape(-1)
    here = values.take(place).astype(np.float64)
    left, right, up, down = (
        values.take(place + step).astype(np.float64) for step in (-1, 1, -pitch, pitch)
    )
    x, y = grows * (right - left), grows * (down - up)
    beside, steepest, equal = (np.zeros(len(found)) for _ in range(3))
    for other, along in ((left, -x), (right, x), (up, -y), (down, y)):
        height = np.where(np.sign(here) * np.sign(other) < 0, np.abs(here - other), 0)
        beside[height > steepest] = equal[height > steepest] = 0
        np.maximum(steepest, height, out=steepest)
        chosen = height == steepest
        beside[chosen] += (here / (here - other) * along)[chosen]
        equal[chosen] += 1
    beside /= equal * np.hypot(x, y)
    return np.nan_to_num(beside, copy=False, nan=0.0), np.arctan2(y, x)


def _put(out: Planes, found: Positions, strength: Floats, frame: Floats, slope: Gradient) -> None:
    """Fill the planes with strengths, and the crests of those in a frame."""
    x, y = (part.take(found).astype(frame.dtype, copy=False) for part in slope)
    _write(out, found, strength, crests_beside(frame, found, x, y), np.arctan2(y, x))


def _write(
    out: Planes, found: Positions, strength: NDArray[Any], beside: Floats, angle: Floats
) -> None:
    """Fill the planes; a pixel beside infinities, of no slope, stays where it is."""
    out[0].fill(0)
    out[0].put(found, strength)
    for plane, values in zip(out[1:], (beside, angle), strict=True):
        np.copyto(values, 0, where=~np.isfinite(values))  # nan_to_num takes ten times as long
        plane.put(found, values)


def _places(frame: Floats, found: Positions, margin: int) -> tuple[int, Positions]:
    """Return a frame's row length, and where in it pixels of the rows within are.

    There are ``margin`` rows around, and one column on each side: a step of two to the side may end
    in that of the next row.
    """
    pitch = frame.shape[1]
    return pitch, found + (found // (pitch - 2)) * 2 + (margin * pitch + 1)


def _surround(frame: Floats, above: int, below: int, value: float) -> None:
    """Fill what of a frame is outside the map, of which it has rows ``above`` and ``below``."""
    frame[:, 0] = frame[:, -1] = value
    frame[: NEAR - above] = value
    frame[len(frame) - (NEAR - below) :] = value


def _around(halo: int, start: int, stop: int, height: int) -> Span:
    return max(start - halo, 0), min(stop + halo, height)
