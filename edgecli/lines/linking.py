"""From strengths straight to the peaks that hysteresis joins.

Where hysteresis alone follows, a band need not be thinned into rows: a list of its peaks, or of
their runs if the thresholds are known, saves five passes over every pixel.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.norms import square_sum
from edgecli.lines.gradients import gradient
from edgecli.lines.hysteresis import Runs, runs_of_peaks
from edgecli.lines.peaks import Floats, empty_frame, list_peaks
from edgecli.lines.thinning import Thin
from edgecli.lines.thresholds import Levels
from edgecli.records import dataclass
from edgecli.rows.base import Planes
from edgecli.rows.memory import Memory


@dataclass(frozen=True)
class Peaks:
    """The pixels of a band that are peaks: positions in its rows of ``width``, and strengths.

    There may be one for every fourth pixel of an image, until its thresholds are known: they are
    kept, and sent through a cluster, in 32 bits each.
    """

    found: NDArray[np.int32 | np.int64]
    strength: Floats
    width: int

    def runs(self, levels: Levels) -> Runs:
        """Return the runs of what exceeds the low threshold."""
        high = max(levels.high, levels.low)
        found, strength = self.found, self.strength
        weak = strength > levels.low
        if not weak.all():
            found, strength = found[weak], strength[weak]
        return runs_of_peaks(found.astype(np.int64, copy=False), strength, high, self.width)


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
    largest = float(np.sqrt(frame.max()))  # in one run, as the frame is
    own = responses[:, start - low : responses.shape[1] - (high - stop)]
    slope = gradient(thin.slope, own, memory)
    found, strength = list_peaks(
        frame, slope, thin.floor, memory, sectors=thin.sectors, squared=True
    )
    _, rows, width = own.shape
    smallest = 0.0 if len(found) < rows * width else float(strength.min())
    narrow = np.int32 if rows * width < 2**31 else np.int64
    return Peaks(found.astype(narrow, copy=False), strength, width), smallest, largest
