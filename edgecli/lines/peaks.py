"""Non-maximum suppression: which strengths no neighbour along the gradient exceeds.

The neighbour uphill of a peak must be smaller, the one downhill may be equal: of two equal
strengths, that of the brighter pixel stays, so that a step gives one line whichever way it faces.
One rule serves whole bands and few pixels; they differ in how a neighbour's strength is fetched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.lines.positions import Positions, positions
from edgecli.rows.memory import Memory
from edgecli.rows.samples import float_type

Floats = NDArray[Any]
"""float32, or float64."""

Gradient = tuple[NDArray[Any], NDArray[Any]]
"""Along x and y, ``(rows, cols)`` each, of any length."""

Neighbour = Callable[[int, int], Floats]
"""Returns the strengths so many rows below and columns to the right of the pixels in question."""

TINY = np.finfo(np.float32).tiny

BITS: dict[np.dtype[Any], np.dtype[Any]] = {
    np.dtype(np.float32): np.dtype(np.int32),
    np.dtype(np.float64): np.dtype(np.int64),
}
"""The integers that hold the bits of floats."""

TAN_22_5 = np.float32(np.sqrt(2) - 1)
"""Slope of the border between one compass direction and the next."""

FORWARD = (0, 1), (1, 0), (1, 1), (1, -1)
"""Rows down and columns to the right of the next pixel: level, steep, falling and rising."""

UPHILL = np.array(
    [
        [down * (sector != 1), right * (sector != 2)]
        for down in (1, -1)
        for right in (1, -1)
        for sector in (0, 1, 2)  # diagonal, level, steep
    ]
).T
"""The same of the pixel uphill, rows then columns, by sector + 3 · (x < 0) + 6 · (y < 0)."""

SPARSE = 1 / 4
"""Share of a band's pixels up to which it is faster to fetch each by its position, as measured."""


def framed(strength: NDArray[Any], above: int, below: int, memory: Memory) -> Floats:
    """Return rows in a frame of zeros, one pixel wide, which stand for what is outside the map.

    ``above`` and ``below`` say how many rows of halo (0 or 1) the rows begin and end with.
    """
    kind = float_type(strength.dtype)
    frame, inside = empty_frame(strength.shape, kind, above, below, memory)
    np.copyto(inside, strength, casting="unsafe")
    return frame


def empty_frame(
    shape: tuple[int, ...], floats: np.dtype[Any], above: int, below: int, memory: Memory
) -> tuple[Floats, Floats]:
    """Return a frame for strengths of this shape, and the part of it that is theirs to fill."""
    rows, cols = shape
    inner = rows - above - below
    frame = memory.take((inner + 2, cols + 2), floats)
    frame[:, 0] = frame[:, -1] = 0
    if not above:
        frame[0] = 0
    if not below:
        frame[-1] = 0
    return frame, frame[1 - above : 1 + inner + below, 1:-1]


def suppress(
    strength: NDArray[Any],
    frame: Floats,
    gradient: Gradient,
    floor: float,
    out: NDArray[Any],
    memory: Memory,
    *,
    sectors: bool = False,
) -> None:
    """Copy to ``out`` the strengths that are peaks along the gradient; 0 elsewhere.

    ``strength`` is ``(rows, cols)``. ``frame (rows + 2, cols + 2)`` holds its absolute values with
    a halo of one pixel, of which those up to ``floor`` are no edges. A neighbour is interpolated
    linearly between the two pixels that the gradient passes between (Canny 1986); with ``sectors``
    it is the pixel in the nearest of the eight directions, as in OpenCV's ``Canny``.
    """
    found = _find_peaks(frame, gradient, floor, memory, sectors=sectors)
    if found.dtype == bool:
        np.multiply(strength, found, out=out)
    else:
        out.fill(0)
        out.put(found, strength.take(found))


def list_peaks(
    frame: Floats,
    gradient: Gradient,
    floor: float,
    memory: Memory,
    *,
    sectors: bool = False,
    squared: bool = False,
) -> tuple[Positions, Floats]:
    """Return the positions in ``(rows, cols)`` of what ``suppress`` would keep, and its strengths.

    The frame may hold the strengths ``squared``. The roots of most pixels are never needed, unless
    many are over the floor: then they take the place of the squares.
    """
    found = _find_peaks(frame, gradient, floor, memory, sectors=sectors, squared=squared)
    alone = found.dtype != bool
    if not alone:
        found = positions(found)
    strength = frame.take(_places(frame, found))
    return found, np.sqrt(strength, out=strength) if squared and alone else strength


def _find_peaks(
    frame: Floats,
    gradient: Gradient,
    floor: float,
    memory: Memory,
    *,
    sectors: bool,
    squared: bool = False,
) -> NDArray[Any]:
    """Return a mask ``(rows, cols)`` of the peaks or, if few pixels come into question, a list."""
    here = frame[1:-1, 1:-1]
    least = square_below(frame.dtype.type(floor)) if squared else floor
    over: NDArray[np.bool_] = np.greater(here, least, out=memory.take(here.shape, bool))
    few = np.count_nonzero(over) <= SPARSE * over.size
    if few or (sectors and np.isnan(frame.max())):
        found = positions(over)
        x, y = (g.take(found).astype(frame.dtype, copy=False) for g in gradient)
        listed = _Listed(frame, found, squared=squared)
        rule = _peaks_uphill(listed, x, y) if sectors else _peaks_between(listed, x, y, memory)
        return found[rule]
    if squared:
        np.sqrt(frame, out=frame)
    x, y = (_floats(g, frame.dtype, memory) for g in gradient)
    if sectors:
        np.logical_and(over, _peaks_in_sectors(frame, x, y, memory), out=over)
        return over
    height, width = here.shape

    def view(down: int, right: int) -> Floats:
        return frame[1 + down : 1 + down + height, 1 + right : 1 + right + width]

    np.logical_and(over, _peaks_between(view, x, y, memory), out=over)
    return over


def _places(frame: Floats, found: Positions) -> Positions:
    """Return where pixels, at positions in the rows within a frame, are in the frame."""
    pitch = frame.shape[1]
    places: Positions = found + (found // (pitch - 2)) * 2 + (pitch + 1)
    return places


def square_below(root: Any) -> Any:
    """Return the largest float whose root is at most this one.

    >>> float(square_below(np.float32(30)))
    900.0
    """
    square = root * root
    if not np.isfinite(square):
        return square  # no square is larger
    while np.sqrt(square) > root:
        square = np.nextafter(square, square.dtype.type(0))
    while np.sqrt(above := np.nextafter(square, square.dtype.type(np.inf))) <= root:
        square = above
    return square


class _Listed:
    """The strengths of pixels at positions in the rows within a frame, and of their neighbours."""

    def __init__(self, frame: Floats, found: Positions, *, squared: bool) -> None:
        self.pitch = frame.shape[1]
        self._values, self._place = frame.reshape(-1), _places(frame, found)
        self._squared = squared

    def __call__(self, down: int, right: int) -> Floats:
        """Return the strengths so many rows below and columns to the right."""
        return self.at(down * self.pitch + right)

    def at(self, step: int | Positions) -> Floats:
        """Return the strengths so many pixels on in the frame."""
        near = self._values.take(self._place + step)
        return np.sqrt(near, out=near) if self._squared else near


def _floats(gradient: NDArray[Any], floats: np.dtype[Any], memory: Memory) -> Floats:
    if gradient.dtype == floats:
        return gradient
    out = memory.take(gradient.shape, floats)
    np.copyto(out, gradient, casting="unsafe")
    return out


def _limits(here: Floats, slope: Floats, memory: Memory) -> tuple[Floats, Floats]:
    """Return what neighbours ahead and behind must not exceed: the strength, or just below it.

    ``slope`` is positive where ahead is uphill: there the neighbour ahead must be smaller, the one
    behind may be equal. The next smaller positive float has the next smaller bits.
    """
    bits = _bits(here)
    downhill, ahead = (memory.take(slope.shape, bits.dtype) for _ in range(2))
    _mark_negative(slope, downhill)
    np.subtract(bits, downhill, out=ahead)
    np.subtract(ahead, 1, out=ahead)
    behind = np.add(bits, downhill, out=downhill)
    return ahead.view(here.dtype), behind.view(here.dtype)


def _bits(values: Floats) -> NDArray[Any]:
    return values.view(BITS[values.dtype])


def _mark_negative(values: Floats | NDArray[Any], out: NDArray[Any]) -> None:
    """Write −1 where the sign bit is set, else 0."""
    np.right_shift(values.view(out.dtype), 8 * out.itemsize - 1, out=out)


def _peaks_uphill(listed: _Listed, x: Floats, y: Floats) -> NDArray[np.bool_]:
    """Compare pixels with those uphill and downhill, in the nearest of eight directions.

    ``x`` and ``y`` are the gradient there. No gradient is no peak.
    """
    across, down = np.abs(x), np.abs(y)
    code = (across * TAN_22_5 > down).view(np.uint8)
    np.maximum(code, (down * TAN_22_5 > across).view(np.uint8) * np.uint8(2), out=code)
    code += (x < 0).view(np.uint8) * np.uint8(3)
    code += (y < 0).view(np.uint8) * np.uint8(6)
    ahead = (UPHILL[0] * listed.pitch + UPHILL[1]).take(code)
    here = listed.at(0)
    peaks: NDArray[np.bool_] = here > listed.at(ahead)
    peaks &= here >= listed.at(-ahead)
    peaks &= (x != 0) | (y != 0)
    return peaks


def _peaks_in_sectors(frame: Floats, x: Floats, y: Floats, memory: Memory) -> NDArray[np.bool_]:
    """Return a mask of the peaks, as ``_peaks_uphill``, of a frame without NaN.

    Every pixel is compared with the one to its right, below, and so on: whatever is known of a
    pixel and the next is known of the next and this one.
    """
    sectors, downhill = _sectors(x, y, memory)
    strict, loose, both = (memory.take(x.shape, bool) for _ in range(3))
    strict.fill(False)
    loose.fill(False)
    above, least = (memory.take(frame.shape, bool) for _ in range(2))
    pitch, inner = frame.shape[1], slice(1, -1)
    line = frame.reshape(-1)
    for (down, right), sector in zip(FORWARD, sectors, strict=True):
        step = down * pitch + right
        behind = slice(1 - down, -1 - down), slice(1 - right, pitch - 1 - right)
        for compare, higher, peaks in (np.greater, above, strict), (np.greater_equal, least, loose):
            compare(line[:-step], line[step:], out=higher.reshape(-1)[:-step])
            np.greater(higher[inner, inner], higher[behind], out=both)
            np.logical_and(both, sector, out=both)
            np.logical_or(peaks, both, out=peaks)
    np.greater(strict, downhill, out=strict)
    np.logical_and(loose, downhill, out=loose)
    np.logical_or(strict, loose, out=strict)
    slopes = np.logical_or(np.not_equal(x, 0, out=both), np.not_equal(y, 0, out=loose), out=both)
    strict &= slopes
    return strict


def _sectors(
    x: Floats, y: Floats, memory: Memory
) -> tuple[tuple[NDArray[np.bool_], ...], NDArray[np.bool_]]:
    """Return which gradients are along each of ``FORWARD``, and which point the other way."""
    level, steep, falling, rising, downhill = (memory.take(x.shape, bool) for _ in range(5))
    with memory:
        across, down, term = (memory.take(x.shape, x.dtype) for _ in range(3))
        np.abs(x, out=across)
        np.abs(y, out=down)
        np.greater(np.multiply(across, TAN_22_5, out=term), down, out=level)
        np.greater(np.multiply(down, TAN_22_5, out=term), across, out=steep)
    np.less(x, 0, out=rising)
    np.less(y, 0, out=downhill)
    differ = np.logical_xor(rising, downhill, out=rising)
    # By x where the gradient is level, else by y: of falling ones both have the same sign.
    np.logical_xor(downhill, np.logical_and(differ, level, out=falling), out=downhill)
    np.logical_not(np.logical_or(level, steep, out=falling), out=falling)
    np.logical_and(falling, differ, out=rising)
    np.logical_xor(falling, rising, out=falling)
    return (level, steep, falling, rising), downhill


def _peaks_between(near: Neighbour, x: Floats, y: Floats, memory: Memory) -> NDArray[np.bool_]:
    """Compare with the strengths where the gradient passes between two neighbours.

    One of them is straight across or down, whichever is nearer to the gradient; the other is the
    diagonal on the gradient's side. No gradient is no peak.
    """
    share, steep, differ, main = (memory.take(x.shape, x.dtype) for _ in range(4))
    _shares(x, y, share, steep, memory)
    masks = _bits(steep), _bits(differ)
    _mark_negative(masks[0], masks[0])
    np.bitwise_xor(_bits(x), _bits(y), out=masks[1])
    _mark_negative(masks[1], masks[1])
    _choose(masks[0], y, x, main)
    ahead, behind = _limits(near(0, 0), main, memory)
    peaks: NDArray[np.bool_] = ahead >= _interpolated(masks, share, near, 1, memory)
    peaks &= behind >= _interpolated(masks, share, near, -1, memory)
    peaks &= (x != 0) | (y != 0)
    return peaks


def _shares(x: Floats, y: Floats, share: Floats, steep: Floats, memory: Memory) -> None:
    """Fill how far the gradient leans to the diagonal, 0 to 1, and |x| − |y|."""
    with memory:
        across, down = (memory.take(x.shape, x.dtype) for _ in range(2))
        np.abs(x, out=across)
        np.abs(y, out=down)
        np.subtract(across, down, out=steep)
        np.minimum(across, down, out=share)
        np.maximum(across, down, out=across)
        np.add(across, TINY, out=across)
        np.divide(share, across, out=share)


def _interpolated(
    masks: tuple[NDArray[Any], NDArray[Any]],
    share: Floats,
    near: Neighbour,
    side: int,
    memory: Memory,
) -> Floats:
    """Return the strength between a straight and a diagonal neighbour on one side.

    The masks are −1 where the gradient is steep, and where its parts differ in sign. ``side`` is 1
    for what lies below or to the right, −1 for what lies opposite.
    """
    steep, differ = masks
    straight, diagonal = (memory.take(share.shape, share.dtype) for _ in range(2))
    _choose(steep, near(side, -side), near(-side, side), straight)
    _choose(differ, straight, near(side, side), diagonal)
    _choose(steep, near(side, 0), near(0, side), straight)
    np.subtract(diagonal, straight, out=diagonal)
    np.multiply(diagonal, share, out=diagonal)
    np.add(diagonal, straight, out=diagonal)  # exactly ``straight`` where both are equal
    return diagonal


def _choose(mask: NDArray[Any], yes: Floats, no: Floats, out: Floats) -> None:
    """Write ``yes`` where the mask is −1 and ``no`` where it is 0, without a branch per pixel."""
    bits, rest = _bits(out), _bits(no)
    np.bitwise_xor(_bits(yes), rest, out=bits)
    np.bitwise_and(bits, mask, out=bits)
    np.bitwise_xor(bits, rest, out=bits)
