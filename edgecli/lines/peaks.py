"""Which pixels are peaks along the gradient: in whole bands, or among a few pixels by position.

Both ways do the same arithmetic, so their results are equal bit for bit; the second is faster for
few pixels. The neighbour uphill of a peak must be smaller, the one downhill may be equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from edgecli.rows.scratch import Scratch

Floats = NDArray[np.float32]

TINY = np.finfo(np.float32).tiny

TAN_22_5 = np.float32(np.sqrt(2) - 1)
"""Slope of the border between one compass direction and the next."""


def peaks_in_band(
    frame: Floats, x: Floats, y: Floats, scratch: Scratch, *, sectors: bool
) -> NDArray[np.bool_]:
    """Mark the peaks ``(rows, cols)`` of a frame ``(rows + 2, cols + 2)`` of strengths from 0 up.

    ``x`` and ``y`` are the gradient; ``sectors`` takes the nearest of eight neighbours. A pixel
    without a gradient is no peak.
    """
    peaks = (_peaks_in_sectors if sectors else _peaks_between)(frame, x, y, scratch)
    peaks &= (x != 0) | (y != 0)
    return peaks


def peaks_among(
    frame: Floats, found: NDArray[np.intp], x: Floats, y: Floats, *, sectors: bool
) -> NDArray[np.bool_]:
    """Mark the peaks among positions ``found`` in the rows within the frame, laid end to end.

    ``x`` and ``y`` are the gradient at those positions.
    """
    pitch = frame.shape[1]
    # Row r, column c within the frame is the frame's position (r + 1) · pitch + c + 1.
    place = found + (found // (pitch - 2)) * 2 + (pitch + 1)
    values = frame.reshape(-1)
    uphill, downhill = (_nearest if sectors else _between)(values, place, x, y, pitch)
    here = values.take(place)
    peaks: NDArray[np.bool_] = (here > uphill) & (here >= downhill) & ((x != 0) | (y != 0))
    return peaks


def _nearest(
    values: Floats, place: NDArray[np.intp], x: Floats, y: Floats, pitch: int
) -> tuple[Floats, Floats]:
    """Return the neighbours uphill and downhill in the nearest of eight directions."""
    across, down = np.abs(x), np.abs(y)
    flags = TAN_22_5 * across > down, TAN_22_5 * down > across, np.signbit(x), np.signbit(y)
    steps = [
        (not level) * (-pitch if up else pitch) + (not steep) * (-1 if left else 1)
        for level, steep, left, up in product((False, True), repeat=4)
    ]
    step = np.take(steps, _numbered(flags))
    return values.take(place + step), values.take(place - step)


def _numbered(flags: Sequence[NDArray[np.bool_]]) -> NDArray[np.uint8]:
    """Read flags as the digits of a binary number, the first the highest.

    To look up what follows from them takes a third of the time of nested ``where``, which branches
    at every pixel.
    """
    number = np.zeros(flags[0].shape, np.uint8)
    for flag in flags:
        number <<= 1
        number |= flag.view(np.uint8)
    return number


def _between(
    values: Floats, place: NDArray[np.intp], x: Floats, y: Floats, pitch: int
) -> tuple[Floats, Floats]:
    """Return the strengths uphill and downhill where the gradient passes between neighbours."""
    across, down = np.abs(x), np.abs(y)
    flags = across < down, np.signbit(x), np.signbit(y)
    ways = [
        ((-pitch if up else pitch) if steep else (-1 if left else 1),
         (-pitch if up else pitch) + (-1 if left else 1))
        for steep, left, up in product((False, True), repeat=3)
    ]  # fmt: skip
    straight, diagonal = (np.take(steps, _numbered(flags)) for steps in zip(*ways, strict=True))
    share = np.minimum(across, down) / (np.maximum(across, down) + TINY)
    found = []
    for move in (np.add, np.subtract):
        near = values.take(move(place, straight))
        far = values.take(move(place, diagonal))
        found.append((far - near) * share + near)
    return found[0], found[1]


def _uphill(frame: Floats, slope: Floats, name: str, scratch: Scratch) -> tuple[Floats, Floats]:
    """Return what neighbours ahead and behind must not exceed: the strength, or just below it.

    ``slope`` is positive where ahead is uphill: there the neighbour ahead must be smaller, the one
    behind may be equal. The next smaller positive float has the next smaller bits.
    """
    bits = frame.view(np.int32)[1:-1, 1:-1]
    downhill = scratch.take(f"{name} downhill", slope.shape, np.int32)
    ahead = scratch.take(f"{name} ahead", slope.shape, np.int32)
    np.right_shift(slope.view(np.int32), 31, out=downhill)  # −1 where slope is negative, else 0
    np.subtract(bits, downhill, out=ahead)
    np.subtract(ahead, 1, out=ahead)
    behind = np.add(bits, downhill, out=downhill)
    return ahead.view(np.float32), behind.view(np.float32)


def _peaks_in_sectors(frame: Floats, x: Floats, y: Floats, scratch: Scratch) -> NDArray[np.bool_]:
    """Compare with the pixels in the nearest of eight directions."""
    across, down = (scratch.take(name, x.shape, np.float32) for name in ("across", "down"))
    term = scratch.take("term", x.shape, np.float32)
    np.abs(x, out=across)
    np.abs(y, out=down)
    level: NDArray[np.bool_] = np.multiply(across, TAN_22_5, out=term) > down
    steep = np.multiply(down, TAN_22_5, out=term) > across
    falling = (np.signbit(x) == np.signbit(y)) & ~(level | steep)
    rising = ~(falling | level | steep)
    ahead, behind = _uphill(frame, x, "x", scratch)
    level &= (ahead >= frame[1:-1, 2:]) & (behind >= frame[1:-1, :-2])
    falling &= (ahead >= frame[2:, 2:]) & (behind >= frame[:-2, :-2])
    rising &= (ahead >= frame[:-2, 2:]) & (behind >= frame[2:, :-2])
    ahead, behind = _uphill(frame, y, "y", scratch)
    steep &= (ahead >= frame[2:, 1:-1]) & (behind >= frame[:-2, 1:-1])
    level |= steep
    level |= falling
    level |= rising
    return level


def _peaks_between(frame: Floats, x: Floats, y: Floats, scratch: Scratch) -> NDArray[np.bool_]:
    """Compare with the strengths where the gradient passes between two neighbours.

    One of them is straight across or down, whichever is nearer to the gradient; the other is the
    diagonal on the gradient's side.
    """
    share, steep, differ, main = (
        scratch.take(name, x.shape, np.float32) for name in ("share", "steep", "differ", "main")
    )
    _shares(x, y, share, steep, scratch)
    masks = steep.view(np.int32), differ.view(np.int32)
    np.right_shift(masks[0], 31, out=masks[0])
    np.bitwise_xor(x.view(np.int32), y.view(np.int32), out=masks[1])
    np.right_shift(masks[1], 31, out=masks[1])
    _choose(masks[0], y, x, main)
    ahead, behind = _uphill(frame, main, "between", scratch)
    up, here, low = frame[:-2], frame[1:-1], frame[2:]
    right, left, middle = slice(2, None), slice(None, -2), slice(1, -1)
    sides = (
        (ahead, low[:, middle], here[:, right], low[:, right], low[:, left], up[:, right]),
        (behind, up[:, middle], here[:, left], up[:, left], up[:, right], low[:, left]),
    )
    found = [
        limit >= _interpolated(masks, share, neighbours, scratch) for limit, *neighbours in sides
    ]
    return np.logical_and(found[0], found[1], out=found[0])


def _shares(x: Floats, y: Floats, share: Floats, steep: Floats, scratch: Scratch) -> None:
    """Fill how far the gradient leans to the diagonal, 0 to 1, and |x| − |y|."""
    across, down = (scratch.take(name, x.shape, np.float32) for name in ("across", "down"))
    np.abs(x, out=across)
    np.abs(y, out=down)
    np.subtract(across, down, out=steep)
    np.minimum(across, down, out=share)
    np.maximum(across, down, out=across)
    np.add(across, TINY, out=across)
    np.divide(share, across, out=share)


def _interpolated(
    masks: tuple[NDArray[np.int32], NDArray[np.int32]],
    share: Floats,
    neighbours: list[Floats],
    scratch: Scratch,
) -> Floats:
    """Return the strength between a straight and a diagonal neighbour, chosen by the masks."""
    lengthways, sideways, diagonal, steep_diagonal, level_diagonal = neighbours
    steep, differ = masks
    near, far = (scratch.take(name, share.shape, np.float32) for name in ("near", "far"))
    _choose(steep, steep_diagonal, level_diagonal, near)
    _choose(differ, near, diagonal, far)
    _choose(steep, lengthways, sideways, near)
    np.subtract(far, near, out=far)
    np.multiply(far, share, out=far)
    np.add(far, near, out=far)  # exactly ``near`` where both are equal
    return far


def _choose(mask: NDArray[np.int32], yes: Floats, no: Floats, out: Floats) -> None:
    """Write ``yes`` where the mask is −1 and ``no`` where it is 0, without a branch per pixel."""
    bits, rest = out.view(np.int32), no.view(np.int32)
    np.bitwise_xor(yes.view(np.int32), rest, out=bits)
    np.bitwise_and(bits, mask, out=bits)
    np.bitwise_xor(bits, rest, out=bits)
