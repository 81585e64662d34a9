"""Lines of one pixel: non-maximum suppression, and zero crossings of second derivatives.

Both look one pixel around, a halo of 1. Only pixels over a floor are looked at, gathered by their
positions: the work follows the edges, not the image.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.scratch import Scratch

HALO = 1

TAN_22_5 = np.float32(np.sqrt(2) - 1)
"""Slope of the border between a direction of the compass and the next."""


def framed(
    strength: NDArray[Any], above: int, below: int, dtype: Any, scratch: Scratch
) -> NDArray[Any]:
    """Copy rows into a frame of zeros, one pixel wide, for what lies outside the map.

    ``above`` and ``below`` say how many rows of halo (0 or 1) the rows begin and end with.
    """
    rows, cols = strength.shape
    inner = rows - above - below
    out = scratch.take("framed", (inner + 2, cols + 2), dtype)
    out[:, 0] = out[:, -1] = 0
    if not above:
        out[0] = 0
    if not below:
        out[-1] = 0
    np.copyto(out[1 - above : 1 + inner + below, 1:-1], strength, casting="unsafe")
    return out


def suppress(
    frame: NDArray[Any],
    gx: NDArray[Any],
    gy: NDArray[Any],
    floor: float,
    out: NDArray[Any],
    *,
    sectors: bool = False,
) -> None:
    """Keep in ``out`` the strengths that no neighbour along the gradient exceeds, 0 elsewhere.

    ``frame (rows + 2, cols + 2)`` holds the strengths within one pixel of halo, ``gx`` and ``gy``
    ``(rows, cols)`` the gradient. A neighbour is interpolated between the two pixels that the
    gradient passes between, linearly (Canny 1986); with ``sectors`` it is the pixel in the nearest
    of the eight directions, as OpenCV's ``Canny`` takes it. Of equals the brighter pixel stays: a
    step gives one line whichever way it is turned. Strengths up to ``floor`` become 0.
    """
    inner = frame[1:-1, 1:-1]
    out.fill(0)
    found = np.flatnonzero(inner > floor)
    cols = inner.shape[1]
    pitch = cols + 2
    # Row r, column c of the map is position r·pitch + c of the frame, past its first row and pixel.
    place = found + (found // cols) * 2 + (pitch + 1)
    values = frame.reshape(-1)
    x = np.take(gx, found).astype(np.float32, copy=False)
    y = np.take(gy, found).astype(np.float32, copy=False)
    compare = _by_sector if sectors else _between
    strength = values[place]
    uphill, downhill = compare(values, place, x, y, pitch)
    peaks = (strength > uphill) & (strength >= downhill)
    np.put(out, found[peaks], strength[peaks])


def _by_sector(
    values: NDArray[Any], place: NDArray[Any], x: NDArray[Any], y: NDArray[Any], pitch: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the neighbours uphill and downhill, in the nearest of eight directions."""
    across, down = np.abs(x), np.abs(y)
    step = np.where(down < TAN_22_5 * across, 0, np.where(y < 0, -pitch, pitch))
    step += np.where(across < TAN_22_5 * down, 0, np.where(x < 0, -1, 1))
    return values[place + step], values[place - step]


def _between(
    values: NDArray[Any], place: NDArray[Any], x: NDArray[Any], y: NDArray[Any], pitch: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the neighbours uphill and downhill, interpolated where the gradient passes."""
    across, down = np.abs(x), np.abs(y)
    sideways, lengthways = np.where(x < 0, -1, 1), np.where(y < 0, -pitch, pitch)
    straight = np.where(down > across, lengthways, sideways)
    diagonal = sideways + lengthways
    share = np.minimum(across, down)
    share /= np.maximum(np.maximum(across, down), np.finfo(np.float32).tiny)
    found = []
    for sign in (1, -1):
        near, far = values[place + sign * straight], values[place + sign * diagonal]
        found.append(near + share * (far - near))  # exactly ``near`` where both are equal
    return found[0], found[1]


def zero_crossings(frame: NDArray[Any], floor: float, out: NDArray[Any]) -> None:
    """Keep in ``out`` the height of each crossing of zero at the pixel nearest to it, 0 elsewhere.

    ``frame (rows + 2, cols + 2)`` holds signed second derivatives within one pixel of halo. Where
    two neighbours in a row or column differ in sign, the crossing stands at the smaller one, of
    equals at the negative one, and its height is their difference; a 0 between two signs is a
    crossing itself. Heights up to ``floor`` become 0. D. Marr and E. Hildreth (1980).
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
        best = np.maximum(best, _height(here, before))
        best = np.maximum(best, _height(here, after))
        through = (here == 0) & (np.sign(before) * np.sign(after) < 0)
        best = np.maximum(best, np.where(through, np.abs(before - after), 0))
    np.put(out, found, np.where(best > floor, best, 0))


def _changes_sign(frame: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell the pixels with a neighbour, in the row or column, of another sign than theirs."""
    sign = np.sign(frame).astype(np.int8)
    here = sign[1:-1, 1:-1]
    changes = np.zeros(here.shape, bool)
    for neighbour in (sign[1:-1, 2:], sign[1:-1, :-2], sign[2:, 1:-1], sign[:-2, 1:-1]):
        changes |= neighbour != here
    return changes


def _height(here: NDArray[Any], neighbour: NDArray[Any]) -> NDArray[Any]:
    """Return |here| + |neighbour| where the crossing between them stands here, else 0."""
    near, far = np.abs(here), np.abs(neighbour)
    nearest = (near < far) | ((near == far) & (here < 0))
    crosses = (np.sign(here) * np.sign(neighbour) < 0) & nearest
    height: NDArray[Any] = np.where(crosses, near + far, 0)
    return height
