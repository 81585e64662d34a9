"""What reads the graph for an edge map: strengths are measured, then painted or kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from edgecli.detect.maps import MapPlan
from edgecli.lines.thresholds import Levels
from edgecli.paint.painting import Shown
from edgecli.paint.rendering import Extremes, all_invisible, measure
from edgecli.records import replace
from edgecli.rows.base import Planes, Rows, Sink, Span
from edgecli.rows.memory import Memory, borrowed_memory

if TYPE_CHECKING:
    from edgecli.detect.tracing import TraceReader


class StrengthReader:
    """The reader of one edge map of ``shape``, height × width × channels, band by band.

    ``measures`` says that extremes are wanted; otherwise only what is certain is known.
    """

    def __init__(
        self,
        plan: MapPlan,
        sink: Sink,
        shape: tuple[int, int, int],
        grain: int,
        *,
        measures: bool,
    ) -> None:
        given = {name: getattr(plan.taps, name) for name in ("strength", "angles", "picture")}
        self._names = [name for name, tap in given.items() if tap is not None]
        self._before = plan.taps.before if measures else None
        taps = [tap for tap in (*given.values(), self._before) if tap is not None]
        self.taps, self.grain, self.seen = tuple(taps), grain, Extremes()
        self.plan, self.sink, self.shape, self._measures = plan, sink, shape, measures

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the same rows of everything."""
        return ((start, stop),) * len(self.taps)

    def encode(self, blocks: Sequence[Planes], start: int, stop: int, memory: Memory) -> Any:
        """Measure the strengths, and take what is to be written of them."""
        shown = Shown(**dict(zip(self._names, map(_as_rows, blocks), strict=False)))
        if self.plan.paint.gaps in ("alpha", "nan"):
            shown = replace(shown, missing=np.logical_or.reduce(np.isnan(shown.strength), axis=-1))
        seen = self._look(shown.strength)
        if self._before is not None:
            # The largest response of all is a line's, so that extremes are of all lines.
            everything = measure(_as_rows(blocks[-1]), None)
            seen |= Extremes(everything.smallest, everything.largest)
        return seen, self.take(shown, seen, memory)

    def _look(self, strength: Rows) -> Extremes:
        """Measure strengths; where nobody asks, say what is certain: norms are 0 or more."""
        if self._measures:
            return measure(strength, self.plan.clips)
        norm = self.plan.edge_map.count > 1
        return Extremes(0.0 if norm else -math.inf, math.inf)

    def write(self, encoded: Any) -> None:
        """Add to the extremes, and put away what was taken."""
        seen, taken = encoded
        self.seen |= seen
        self.put(taken)

    def take(self, shown: Shown, seen: Extremes, memory: Memory) -> Any:
        """Paint a band as it arrives, and encode it."""
        plan = self.plan
        edges = None
        if plan.levels is not None:
            edges = absolute(plan, shown.strength, seen) > plan.levels.low
        return self.sink.encode(plan.paint(shown, seen, memory, edges))

    def put(self, taken: Any) -> None:
        """Write to the sink."""
        self.sink.write(taken)

    @property
    def is_invisible(self) -> bool:
        """Whether there are edges, of which none is seen in the map."""
        plan = self.plan
        if plan.clips is None or plan.edge_map.soft or plan.edge_map.thin:
            return False  # the certainty of networks and contours is of an absolute scale
        return all_invisible(plan.clips, self.seen, plan.rounding)

    def leaves_nothing(self, levels: Levels | None) -> bool:
        """Whether there are edges, of which none is over thresholds chosen from the image."""
        if levels is None or self.plan.levels is not None:
            return False
        strongest = max(self.seen.largest, -self.seen.smallest)
        return self.plan.rounding < strongest <= levels.high < math.inf

    def finish(self, cuts: Sequence[Span], threads: int) -> Levels | None:
        """Write what follows the last band; return the thresholds that were used."""
        self.sink.finish()
        return self.plan.levels


def absolute(plan: MapPlan, strength: Rows, seen: Extremes) -> Rows:
    """Return what thresholds compare: |v|, or v where the map drops negative values."""
    positive = plan.map == "clip" or seen.smallest >= 0
    size: Rows = strength if positive else np.abs(strength)
    return size


EdgeReader: TypeAlias = "StrengthReader | TraceReader"
"""What reads one edge map, to be written as pixels or as strokes."""


class Gathered:
    """The reader that gathers the rows of strips, and lets another read them in its own grains.

    So strips can be cut as threads need them, and what is written stays the same.
    """

    grain = 1

    def __init__(self, reader: EdgeReader, height: int) -> None:
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
