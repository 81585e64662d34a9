"""Lines one pixel wide: non-maximum suppression, and zero crossings of second derivatives.

Both look at the pixels next to each, a halo of 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.lines.peaks import peaks_among, peaks_in_band
from edgecli.lines.positions import Positions, positions
from edgecli.rows.scratch import Scratch

Floats = NDArray[np.float32]

SPARSE = 1 / 4
"""Share of a band's pixels up to which treating each by its position is faster, as measured."""


def framed(strength: NDArray[Any], above: int, below: int, scratch: Scratch) -> Floats:
    """Copy rows into a frame of zeros, one pixel wide, which stand for what is outside the map.

    ``above`` and ``below`` say how many rows of halo (0 or 1) the rows begin and end with.
    """
    frame, inside = empty_frame(strength.shape, above, below, scratch)
    np.copyto(inside, strength, casting="unsafe")
    return frame


def empty_frame(
    shape: tuple[int, ...], above: int, below: int, scratch: Scratch
) -> tuple[Floats, Floats]:
    """Return a frame for strengths of this shape, and the part of it that is theirs to fill."""
    rows, cols = shape
    inner = rows - above - below
    frame = scratch.take("padded f", (inner + 2, cols + 2), np.float32)
    frame[:, 0] = frame[:, -1] = 0
    if not above:
        frame[0] = 0
    if not below:
        frame[-1] = 0
    return frame, frame[1 - above : 1 + inner + below, 1:-1]


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
    peaks = _find_peaks(frame, gradient, floor, scratch, sectors=sectors)
    if peaks.dtype == bool:
        np.multiply(strength, peaks, out=out)
    else:
        out.fill(0)
        out.put(peaks, strength.take(peaks))


def list_peaks(
    frame: Floats,
    gradient: tuple[NDArray[Any], NDArray[Any]],
    floor: float,
    scratch: Scratch,
    *,
    sectors: bool = False,
) -> Positions:
    """Return the positions in ``(rows, cols)`` of what ``suppress`` would keep."""
    peaks = _find_peaks(frame, gradient, floor, scratch, sectors=sectors)
    return positions(peaks) if peaks.dtype == bool else peaks


def _find_peaks(
    frame: Floats,
    gradient: tuple[NDArray[Any], NDArray[Any]],
    floor: float,
    scratch: Scratch,
    *,
    sectors: bool,
) -> NDArray[Any]:
    """Return a mask ``(rows, cols)`` of the peaks or, if few pixels come into question, a list."""
    over = frame[1:-1, 1:-1] > floor
    if np.count_nonzero(over) > SPARSE * over.size:
        x, y = (_floats(g, name, scratch) for g, name in zip(gradient, "xy", strict=True))
        over &= peaks_in_band(frame, x, y, scratch, sectors=sectors)
        return over
    found = positions(over)
    x, y = (g.take(found).astype(np.float32, copy=False) for g in gradient)
    return found[peaks_among(frame, found, x, y, sectors=sectors)]


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
