"""Lines one pixel wide: non-maximum suppression, and zero crossings of second derivatives.

Both look at the pixels next to each, a halo of 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.scratch import Scratch
from edgecli.edges.peaks import peaks_among, peaks_in_band
from edgecli.edges.positions import positions

Floats = NDArray[np.float32]

SPARSE = 1 / 4
"""Share of a band's pixels up to which treating each by its position is faster, as measured."""


def framed(strength: NDArray[Any], above: int, below: int, scratch: Scratch) -> Floats:
    """Copy rows into a frame of zeros, one pixel wide, which stand for what is outside the map.

    ``above`` and ``below`` say how many rows of halo (0 or 1) the rows begin and end with.
    """
    rows, cols = strength.shape
    inner = rows - above - below
    out = scratch.take("framed", (inner + 2, cols + 2), np.float32)
    out[:, 0] = out[:, -1] = 0
    if not above:
        out[0] = 0
    if not below:
        out[-1] = 0
    np.copyto(out[1 - above : 1 + inner + below, 1:-1], strength, casting="unsafe")
    return out


def suppress(
    strength: NDArray[Any],
    frame: Floats,
    gradient: tuple[NDArray[Any], NDArray[Any]],
    floor: float,
    out: NDArray[Any],
    scratch: Scratch,
    *,
    sectors: bool = False,
) -> None:
    """Copy to ``out`` the strengths that no neighbour along the gradient exceeds; 0 elsewhere.

    ``strength`` is ``(rows, cols)``, and so are the two parts of its ``gradient``. ``frame (rows +
    2, cols + 2)`` holds its absolute values with a halo of one pixel, of which those up to
    ``floor`` are no edges. A neighbour is interpolated linearly between the two pixels that the
    gradient passes between (Canny 1986); with ``sectors`` it is the pixel in the nearest of the
    eight directions, as in OpenCV's ``Canny``. Of two equal strengths, that of the brighter pixel
    stays: a step gives one line whichever way it faces.
    """
    over = frame[1:-1, 1:-1] > floor
    if np.count_nonzero(over) > SPARSE * over.size:
        x, y = (_floats(g, name, scratch) for g, name in zip(gradient, "xy", strict=True))
        over &= peaks_in_band(frame, x, y, scratch, sectors=sectors)
        np.multiply(strength, over, out=out)
        return
    found = positions(over)
    x, y = (g.take(found).astype(np.float32, copy=False) for g in gradient)
    found = found[peaks_among(frame, found, x, y, sectors=sectors)]
    out.fill(0)
    out.put(found, strength.take(found))


def _floats(gradient: NDArray[Any], name: str, scratch: Scratch) -> Floats:
    if gradient.dtype == np.float32:
        return gradient
    out = scratch.take(f"thin {name}", gradient.shape, np.float32)
    np.copyto(out, gradient, casting="unsafe")
    return out


def zero_crossings(frame: Floats, floor: float, out: Floats, tie: float = 0.0) -> None:
    """Write to ``out`` the height of each zero crossing at the pixel nearest to it, 0 elsewhere.

    ``frame (rows + 2, cols + 2)`` holds signed second derivatives with a halo of one pixel. Where
    two neighbours in a row or column differ in sign, the crossing is put at the smaller one, or if
    equal at the negative one, and its height is their difference; a 0 between two signs is itself a
    crossing. Heights up to ``floor`` become 0. Sizes within ``tie`` are equal: rounding must not
    choose between the two sides of an edge. D. Marr and E. Hildreth (1980).
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
