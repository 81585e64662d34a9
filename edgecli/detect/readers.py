"""What reads the graph for an edge map: strengths are measured, then painted or kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from edgecli.detect.keeping import Keeper, Kept
from edgecli.detect.maps import MapPlan
from edgecli.lines.linking import find_peaks
from edgecli.lines.thinning import Thin
from edgecli.lines.thresholds import Levels
from edgecli.paint.painting import Shown
from edgecli.paint.rendering import Extremes, measure
from edgecli.rows.base import Planes, Rows, Span
from edgecli.rows.memory import Memory, borrowed_memory


class StrengthReader:
    """The reader of one edge map, band by band.

    ``measures`` says that extremes are wanted; otherwise only what is certain is known.
    """

    def __init__(self, plan: MapPlan, keeper: Keeper, grain: int, *, measures: bool) -> None:
        given = {name: getattr(plan.taps, name) for name in ("strength", "angles", "picture")}
        self._names = [name for name, tap in given.items() if tap is not None]
        self._before = plan.taps.before if measures else None
        taps = [tap for tap in (*given.values(), self._before) if tap is not None]
        self.taps, self.grain, self.seen = tuple(taps), grain, Extremes()
        self._plan, self._keeper, self._measures = plan, keeper, measures

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the same rows of everything."""
        return ((start, stop),) * len(self.taps)

    def encode(self, blocks: Sequence[Planes], start: int, stop: int, memory: Memory) -> Any:
        """Measure the strengths, and let the keeper encode them."""
        shown = Shown(**dict(zip(self._names, map(_as_rows, blocks), strict=False)))
        seen = self._look(shown.strength)
        if self._before is not None:
            # The largest response of all is a line's, so that extremes are of all lines.
            everything = measure(_as_rows(blocks[-1]), None)
            seen |= Extremes(everything.smallest, everything.largest)
        return seen, self._keeper.encode(shown, seen, memory)

    def _look(self, strength: Rows) -> Extremes:
        """Measure strengths; where nobody asks, say what is certain: norms are 0 or more."""
        if self._measures:
            return measure(strength, self._plan.clips)
        norm = self._plan.edge_map.stop - self._plan.edge_map.start > 1
        return Extremes(0.0 if norm else -math.inf, math.inf)

    def write(self, encoded: Any) -> None:
        """Hand on what was encoded."""
        seen, kept = encoded
        self.seen |= seen
        self._keeper.write(kept)

    def finish(self, cuts: Sequence[Span], threads: int) -> Levels | None:
        """Write what was kept for the whole image; return the thresholds that were used."""
        return self._keeper.finish(self.seen, cuts, threads)


class PeakReader(StrengthReader):
    """The reader of an edge map whose lines are linked: it keeps the peaks of every band."""

    def __init__(self, plan: MapPlan, thin: Thin, keeper: Keeper, grain: int) -> None:
        super().__init__(plan, keeper, grain, measures=True)
        self._thin = thin

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the responses of a row more on each side."""
        return self._thin.needed(start, stop)[:1]

    def encode(self, blocks: Sequence[Planes], start: int, stop: int, memory: Memory) -> Any:
        """Find the peaks."""
        peaks, smallest, largest = find_peaks(self._thin, blocks[0], start, stop, memory)
        return Extremes(smallest, largest), Kept.of(peaks, stop - start, self._plan.levels)


class Gathered:
    """The reader that gathers the rows of strips, and lets another read them in its own grains.

    So strips can be cut as threads need them, and what is written stays the same.
    """

    grain = 1

    def __init__(self, reader: StrengthReader, height: int) -> None:
        self.taps = reader.taps
        self._reader, self._height, self._start = reader, height, 0
        self._parts: list[list[Planes]] = []

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return what the other reader needs."""
        return self._reader.needed(start, stop)

    def encode(
        self, blocks: Sequence[Planes], start: int, stop: int, memory: Memory
    ) -> list[Planes]:
        """Copy the rows."""
        return [block.copy() for block in blocks]

    def write(self, encoded: list[Planes]) -> None:
        """Let whole grains be read, and the rest when the last row is in."""
        self._parts.append(encoded)
        gathered = [np.concatenate(parts, axis=1) for parts in zip(*self._parts, strict=True)]
        while rows := self._readable(gathered[0].shape[1]):
            start, stop = self._start, self._start + rows
            with borrowed_memory() as memory, memory, np.errstate(all="ignore"):
                read = [block[:, :rows] for block in gathered]
                self._reader.write(self._reader.encode(read, start, stop, memory))
            gathered = [block[:, rows:] for block in gathered]
            self._start = stop
        self._parts = [gathered]

    def _readable(self, rows: int) -> int:
        """Return how many of the gathered rows make a grain, or 0."""
        grain = self._reader.grain
        return grain if rows >= grain else rows * (self._start + rows == self._height)


def _as_rows(planes: Planes) -> Rows:
    """Return planes as rows ``(rows, W, C)``; a single plane needs no copy."""
    return planes[0][..., np.newaxis] if len(planes) == 1 else np.stack([*planes], axis=-1)
