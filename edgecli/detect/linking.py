"""From responses straight to the lines that hysteresis joins.

Most edge maps pass through stages as whole bands, as anything may follow. Where hysteresis alone
follows, each band is left as a list of its peaks, or of their runs if the thresholds are known:
five passes over every pixel fewer, and the same lines to the bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.detect.stages import Cut, Thin
from edgecli.lines.gradients import Slope, gradient
from edgecli.lines.hysteresis import Runs, runs_of_peaks
from edgecli.lines.positions import Positions
from edgecli.lines.thinning import empty_frame, list_peaks
from edgecli.lines.thresholds import Levels
from edgecli.operators.operators import combine_responses
from edgecli.paint.rendering import Extremes
from edgecli.records import dataclass
from edgecli.rows.scratch import Scratch


@dataclass(frozen=True)
class Peaks:
    """The pixels of a band that are peaks: positions in its rows of ``width``, and strengths."""

    found: Positions
    strength: NDArray[np.float32]
    width: int

    def runs(self, levels: Levels) -> Runs:
        """Return the runs of what exceeds the low threshold."""
        high = max(levels.high, levels.low)
        weak = self.strength > levels.low
        return runs_of_peaks(self.found[weak], self.strength[weak], high, self.width)


@dataclass(frozen=True)
class Linking:
    """How the magnitude of several filters becomes the peaks of a band."""

    slope: Slope
    thin: Thin

    def peaks(
        self, responses: NDArray[Any], wide: Cut, cut: Cut, scratch: Scratch
    ) -> tuple[Peaks, Extremes]:
        """Return the peaks of rows ``cut``, and the extremes of the strengths.

        ``responses (n, rows, cols)`` are those of rows ``wide``, which are all that thinning needs.
        """
        first, last = max(cut[0] - self.thin.halo, wide[0]), min(cut[1] + self.thin.halo, wide[1])
        near = responses[:, first - wide[0] : last - wide[0]]
        inner = responses[:, cut[0] - wide[0] : cut[1] - wide[0]]
        frame, inside = empty_frame(near.shape[1:], cut[0] - first, last - cut[1], scratch)
        combine_responses(near, "magnitude", scratch, out=inside)
        slope = gradient(self.slope, inner, scratch)
        found = list_peaks(frame, slope, self.thin.floor, scratch, sectors=self.thin.sectors)
        _, rows, width = inner.shape
        # The frame's rows are two pixels longer; its first row and column come before the map's.
        strength = frame.take(found + (found // width) * 2 + (width + 3))
        smallest = 0.0 if len(found) < rows * width else float(strength.min())
        seen = Extremes(smallest, float(inside.max()))  # of all, as reports tell of the response
        return Peaks(found, strength, width), seen
