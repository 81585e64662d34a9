"""The reader of edge pixels: it keeps where they are, and draws the strokes that they make."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.detect.maps import MapPlan
from edgecli.detect.plan import Detection
from edgecli.lines.hysteresis import Runs, keep_connected, runs_of_peaks
from edgecli.lines.positions import Positions, positions
from edgecli.lines.thresholds import Levels, find_levels
from edgecli.paint.rendering import Extremes
from edgecli.records import dataclass
from edgecli.rows.base import Planes, Span
from edgecli.rows.memory import Memory
from edgecli.rows.samples import float_type
from edgecli.rows.workers import map_in_order
from edgecli.strokes.base import Canvas, Finish, Located
from edgecli.strokes.placing import Pair


@dataclass(frozen=True, eq=False)
class Spots:
    """Edge pixels of a band in order, counted from its first: strengths, and where the edge is."""

    found: Positions
    strength: NDArray[Any]
    beside: NDArray[np.float32]  # pixels of the map, in the direction of the angle
    angle: NDArray[np.float32]

    def select(self, chosen: NDArray[np.bool_]) -> Spots:
        """Return some of them."""
        (numbers,) = chosen.nonzero()  # four times as fast as by the mask itself
        return Spots(*(array.take(numbers) for array in vars(self).values()))


class TraceReader:
    """The reader of one edge map that becomes strokes: of a band it keeps the edge pixels alone.

    Its tap are the three planes of ``strokes/locating.py``. Where the low threshold is known, what
    is not over it is dropped at once. ``scale`` is how much larger the image is than the one read.
    """

    is_invisible = False

    def __init__(self, detection: Detection, plan: MapPlan, canvas: Canvas, scale: Pair) -> None:
        assert plan.placing is not None  # noqa: S101 (the plan of strokes says where they are)
        self.taps, self.grain, self.seen = (plan.taps.strength,), detection.band_rows, Extremes()
        self.plan, self._settings, self._canvas = plan, detection.settings, canvas
        self._width, self._placing = detection.map_shape[1], plan.placing.enlarged(scale)
        self._bands: list[Spots] = []
        self._tops: list[int] = []  # the first row of each band

    def leaves_nothing(self, levels: Levels | None) -> bool:
        """Return False: drawings without a stroke are told of by their file."""
        return False

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the same rows."""
        return ((start, stop),)

    def encode(
        self, blocks: Sequence[Planes], start: int, stop: int, memory: Memory
    ) -> tuple[int, Spots]:
        """Take the edge pixels out of the planes."""
        strength, beside, angle = blocks[0]
        levels = self.plan.levels
        over = memory.take(strength.shape, bool)
        found = positions(np.greater(strength, levels.low if levels else 0, out=over))
        return start, Spots(
            found,
            strength.take(found),
            beside.take(found).astype(np.float32, copy=False),
            angle.take(found).astype(np.float32, copy=False),
        )

    def write(self, encoded: tuple[int, Spots]) -> None:
        """Keep the next band's."""
        start, spots = encoded
        self._tops.append(start)
        self._bands.append(spots)
        largest = float(spots.strength.max(initial=0))
        self.seen |= Extremes(0.0, largest)

    def finish(self, cuts: Sequence[Span], threads: int) -> Levels | None:
        """Choose the thresholds, and draw what is over them; return them."""
        from edgecli.strokes.drawing import draw

        levels = self.plan.levels or self._find_levels()
        lines, finish = self._settings.lines, self._settings.finish or Finish()
        edge_map = self.plan.edge_map
        drawing = draw(
            self._placed(self._linked(levels, threads), threads),
            finish,
            edge_map.name,
            min_length=lines.min_length,
            close_gaps=lines.close_gaps,
            threads=threads,
            calm=edge_map.soft or edge_map.thin,
        )
        self._canvas.draw(drawing)
        self._canvas.finish()
        return levels

    def _find_levels(self) -> Levels:
        """Return the thresholds that follow from all edge pixels, as those of the map's pixels."""
        assert self.plan.threshold is not None  # noqa: S101 (strokes have one)
        every = np.concatenate([spots.strength for spots in self._bands])
        if self.seen.largest == math.inf:  # infinities exceed any threshold
            every = every[np.isfinite(every)]
        if self.plan.strength_type.kind != "f":
            every = every.astype(self.plan.strength_type)  # whole numbers have bins of their own
        return find_levels(self.plan.threshold, every, self.plan.largest, lines=True)

    def _linked(self, levels: Levels, threads: int) -> list[Spots]:
        """Return the edge pixels of every band that are over the thresholds; others are let go."""
        bands, self._bands = self._bands, []
        high = max(levels.high, levels.low)

        def find(spots: Spots, top: int) -> tuple[Spots, Runs]:
            weak = spots.select(spots.strength > levels.low)
            return weak, runs_of_peaks(weak.found, weak.strength, high, self._width).moved(top)

        found = [*map_in_order(find, zip(bands, self._tops, strict=True), threads)]
        if not (self.plan.threshold and self.plan.threshold.linked):
            return [weak for weak, _ in found]
        kept = keep_connected([runs for _, runs in found])
        return [
            weak.select(own.repeat(runs.stops - runs.starts))
            for (weak, runs), own in zip(found, kept, strict=True)
        ]

    def _placed(self, bands: Sequence[Spots], threads: int) -> Located:
        """Return where in the image the edge pixels of all bands are."""
        placing, width = self._placing, self._width

        def place(spots: Spots, top: int) -> tuple[NDArray[Any], ...]:
            pixels = spots.found + top * width
            points = placing.points(pixels, width, spots.beside, spots.angle)
            strength = spots.strength.astype(float_type(spots.strength.dtype), copy=False)
            return pixels, points, strength, placing.angles(spots.angle)

        parts = map_in_order(place, zip(bands, self._tops, strict=True), threads)
        arrays = (np.concatenate(part) for part in zip(*parts, strict=True))
        pixels, points, strength, angle = arrays
        return Located(width, pixels, points, strength, angle, placing)
