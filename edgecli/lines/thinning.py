"""Lines one pixel wide: the step of non-maximum suppression along the gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgecli.lines.gradients import Slope, gradient
from edgecli.lines.peaks import framed, suppress
from edgecli.records import dataclass
from edgecli.rows.base import Planes, Span
from edgecli.rows.memory import Memory

SUPPRESSION = "non-maximum suppression"


@dataclass(frozen=True)
class Thin:
    """The step that keeps local maxima along the gradient, of strengths ``(planes, H, W)``.

    Its second input are the responses ``(planes · n, H, W)`` that ``slope`` turns into gradients.
    Strengths up to ``floor`` are no edges. ``sectors`` takes the nearest of eight neighbours.
    ``signed`` strengths, those of a single filter, are compared by absolute value. Strengths that
    may be ``unknown``, NaN, are no lines and stay NaN.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    slope: Slope
    floor: float
    sectors: bool = False
    signed: bool = False
    unknown: bool = False

    halo = 1

    @property
    def name(self) -> str:
        """Return what reports call the step."""
        return f"{SUPPRESSION}, " + ("eight sectors" if self.sectors else "interpolated")

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the strengths of a row more on each side, and the responses of the same rows."""
        return (max(start - 1, 0), min(stop + 1, self.shape[1])), (start, stop)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Thin every plane."""
        strength, responses = blocks
        (low, high), _ = self.needed(start, stop)
        above, below = start - low, high - stop
        for plane, own, thinned in zip(
            strength, responses.reshape(len(out), -1, *out.shape[1:]), out, strict=True
        ):
            with memory:
                before = plane[above : above + stop - start]
                frame = framed(plane, above, below, memory)
                if self.signed:
                    np.abs(frame, out=frame)
                slope = gradient(self.slope, own, memory)
                suppress(before, frame, slope, self.floor, thinned, memory, sectors=self.sectors)
                if self.unknown:
                    np.copyto(thinned, 0, where=np.isnan(thinned))  # 0 · ∞ among them
                    np.copyto(thinned, np.nan, where=np.isnan(before))
