"""From strengths straight to the peaks that hysteresis joins.

Where hysteresis alone follows, a band need not be thinned into rows: a list of its peaks, or of
their runs if the thresholds are known, saves five passes over every pixel.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from edgecli.conv.norms import square_sum
from edgecli.lines.gradients import gradient
from edgecli.lines.hysteresis import Runs, runs_of_peaks
from edgecli.lines.peaks import Floats, empty_frame, list_peaks
from edgecli.lines.positions import Positions
from edgecli.lines.thinning import Thin
from edgecli.lines.thresholds import Levels
from edgecli.records import dataclass
from edgecli.rows.base import Planes
from edgecli.rows.memory import Memory

LARGEST_ROOT = 2**11
"""Up to here float32 has different roots for different whole squares, which can be compared in
their place."""


@dataclass(frozen=True)
class Peaks:
    """The pixels of a band that are peaks: positions in its rows of ``width``, and strengths."""

    found: Positions
    strength: Floats
    width: int

    def runs(self, levels: Levels) -> Runs:
        """Return the runs of what exceeds the low threshold."""
        high = max(levels.high, levels.low)
        found, strength = self.found, self.strength
        weak = strength > levels.low
        if not weak.all():
            found, strength = found[weak], strength[weak]
        return runs_of_peaks(found, strength, high, self.width)


def find_peaks(
    thin: Thin, responses: Planes, start: int, stop: int, memory: Memory
) -> tuple[Peaks, float, float]:
    """Return the peaks of rows ``[start, stop)``, and the extremes of the strengths.

    ``responses (n, rows, W)`` hold a row more on each side, where the map has one. The strength is
    their magnitude. The smallest strength is that of peaks where every pixel is one, else 0; the
    largest is that of all pixels.
    """
    (low, high), _ = thin.needed(start, stop)
    shape = responses.shape[1:]
    frame, inside = empty_frame(shape, thin.dtype, start - low, high - stop, memory)
    with memory:
        square_sum(responses, inside, memory)
    largest = math.sqrt(inside.max())
    squared = thin.sectors and responses.dtype.kind == "i" and largest <= LARGEST_ROOT
    if not squared:
        np.sqrt(inside, out=inside)
    own = responses[:, start - low : responses.shape[1] - (high - stop)]
    slope = gradient(thin.slope, own, memory)
    floor = _square_below(thin.dtype.type(min(thin.floor, LARGEST_ROOT))) if squared else thin.floor
    found = list_peaks(frame, slope, floor, memory, sectors=thin.sectors)
    _, rows, width = own.shape
    # The frame's rows are two pixels longer; its first row and column come before the map's.
    strength = frame.take(found + (found // width) * 2 + (width + 3))
    if squared:
        np.sqrt(strength, out=strength)
    smallest = 0.0 if len(found) < rows * width else float(strength.min())
    return Peaks(found, strength, width), smallest, float(thin.dtype.type(largest))


def _square_below(root: Any) -> Any:
    """Return the largest float whose root is at most this one."""
    square = root * root
    while np.sqrt(square) > root:
        square = np.nextafter(square, square.dtype.type(0))
    while np.sqrt(above := np.nextafter(square, square.dtype.type(math.inf))) <= root:
        square = above
    return square
