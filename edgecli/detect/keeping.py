"""Where the bands of an edge map go: straight to its sink, or kept until the last one is in.

Thresholds chosen from the image, hysteresis and some maps need the whole image. Only such edge maps
are kept; where the thresholds are known, only the runs of pixels that exceed the low one are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgecli.detect.maps import MapPlan
from edgecli.lines.hysteresis import Runs, find_runs, hysteresis, keep_connected, paint
from edgecli.lines.linking import Peaks
from edgecli.lines.thresholds import Levels, find_levels
from edgecli.paint.painting import Shown
from edgecli.paint.rendering import Extremes, finite_extremes, scale_from_extremes
from edgecli.records import dataclass, field, replace
from edgecli.rows.arrays import ArraySink
from edgecli.rows.base import Rows, Sink
from edgecli.rows.memory import Memory
from edgecli.rows.workers import map_in_order

Cut = tuple[int, int]


class Keeper(Protocol):
    """Takes the bands of one edge map."""

    def encode(self, shown: Shown, seen: Extremes, memory: Memory) -> Any:
        """Return what is to be written of a band; pure, safe on any thread."""
        ...

    def write(self, encoded: Any) -> None:
        """Take what ``encode`` returned; called in order, on one thread."""
        ...

    def finish(self, seen: Extremes, cuts: Sequence[Cut], threads: int) -> Levels | None:
        """Write what was kept, in the given bands, and return the thresholds that were used."""
        ...


def keeper_of(plan: MapPlan, sink: Sink, shape: tuple[int, int, int]) -> Keeper:
    """Return a keeper for a map of responses of ``shape``, height × width × channels."""
    return Keeping(plan, sink, shape) if plan.whole else Passing(plan, sink)


def absolute(plan: MapPlan, strength: Rows, seen: Extremes) -> Rows:
    """Return what thresholds compare: |v|, or v where the map drops negative values."""
    positive = plan.map == "clip" or seen.smallest >= 0
    size: Rows = strength if positive else np.abs(strength)
    return size


class Passing:
    """Paints every band as it arrives."""

    def __init__(self, plan: MapPlan, sink: Sink) -> None:
        self._plan, self._sink = plan, sink

    def encode(self, shown: Shown, seen: Extremes, memory: Memory) -> Any:
        """Paint and encode."""
        plan = self._plan
        edges = None
        if plan.levels is not None:
            edges = absolute(plan, shown.strength, seen) > plan.levels.low
        return self._sink.encode(plan.paint(shown, seen, memory, edges))

    def write(self, encoded: Any) -> None:
        """Write to the sink."""
        self._sink.write(encoded)

    def finish(self, seen: Extremes, cuts: Sequence[Cut], threads: int) -> Levels | None:
        """Finish the sink."""
        self._sink.finish()
        return self._plan.levels


@dataclass(frozen=True)
class Kept:
    """What is kept of a band: each channel's runs, or peaks, or arrays ``(rows, cols, C)``."""

    rows: int
    runs: list[Runs] = field(default_factory=list)
    arrays: dict[str, Rows] = field(default_factory=dict)
    peaks: Peaks | None = None

    @classmethod
    def of(cls, peaks: Peaks, rows: int, levels: Levels | None) -> Kept:
        """Keep the peaks until the thresholds are known, then only their runs."""
        return cls(rows, peaks=peaks) if levels is None else cls(rows, [peaks.runs(levels)])


class Keeping:
    """Keeps strengths or their runs, and whatever else is painted, for the whole map."""

    def __init__(self, plan: MapPlan, sink: Sink, shape: tuple[int, int, int]) -> None:
        self._plan, self._sink, self._shape = plan, sink, shape
        self._kept: dict[str, ArraySink] = {}
        self._runs: list[list[Runs]] = []  # of each band, of each channel
        self._peaks: list[Peaks] = []  # of each band
        self._row = 0

    def encode(self, shown: Shown, seen: Extremes, memory: Memory) -> Any:
        """Copy what is kept of a band, or find its runs."""
        plan = self._plan
        runs: list[Runs] = []
        if plan.levels is not None:
            strength = absolute(plan, shown.strength, seen)
            low, high = plan.levels.low, plan.levels.high
            runs = [find_runs(plane, low, high, memory) for plane in np.moveaxis(strength, -1, 0)]
        kept = {
            name: rows.copy()
            for name, rows in vars(shown).items()
            if rows is not None and not (name == "strength" and runs)
        }
        return Kept(len(shown.strength), runs, kept)

    def write(self, encoded: Any) -> None:
        """Take the next band."""
        if encoded.peaks is not None:
            self._peaks.append(encoded.peaks)
        if encoded.runs:
            self._runs.append([found.moved(self._row) for found in encoded.runs])
        for name, array in encoded.arrays.items():
            if name not in self._kept:
                self._kept[name] = ArraySink((*self._shape[:2], array.shape[2]), array.dtype)
            self._kept[name].write(array)
        self._row += encoded.rows

    def finish(self, seen: Extremes, cuts: Sequence[Cut], threads: int) -> Levels | None:
        """Choose thresholds and scale, then paint and write band by band."""
        plan = self._plan
        levels = plan.levels or self._find_levels(seen)
        paint_ = plan.paint
        if levels is None:
            finite = finite_extremes(self._kept["strength"].array, seen)
            scale = scale_from_extremes(plan.map, paint_.samples, finite)
            paint_ = replace(paint_, scale=scale)
        edges = self._lines(levels, seen, cuts, threads)

        def encode(n: int, cut: Cut) -> Any:
            chosen = edges(n) if edges is not None else None
            shown = self._shown(cut, chosen)
            with np.errstate(all="ignore"):  # infinities pass through
                return self._sink.encode(paint_(shown, seen, Memory(), chosen))

        for encoded in map_in_order(encode, enumerate(cuts), threads):
            self._sink.write(encoded)
        self._sink.finish()
        return levels

    def _shown(self, cut: Cut, edges: NDArray[np.bool_] | None) -> Shown:
        """Return what was kept of a band; the lines replace strengths that were not kept."""
        rows: dict[str, Any] = {name: k.array[slice(*cut)] for name, k in self._kept.items()}
        return Shown(**({"strength": edges} | rows))

    def _find_levels(self, seen: Extremes) -> Levels | None:
        plan = self._plan
        if plan.threshold is None:
            return None
        if self._peaks:
            every = np.concatenate([peaks.strength for peaks in self._peaks])
            return find_levels(plan.threshold, every, plan.largest, lines=True)
        strength = absolute(plan, self._kept["strength"].array, seen)
        found = strength[strength > 0] if plan.picks else strength[~np.isnan(strength)]
        if max(-seen.smallest, seen.largest) == math.inf:  # infinities exceed any threshold
            found = found[np.isfinite(found)]
        return find_levels(plan.threshold, found, plan.largest, lines=plan.picks)

    def _lines(
        self, levels: Levels | None, seen: Extremes, cuts: Sequence[Cut], threads: int
    ) -> Callable[[int], NDArray[np.bool_]] | None:
        """Return a function giving band n's lines ``(rows, cols, C)``; None for bare strengths."""
        if levels is None or self._plan.threshold is None:
            return None
        if self._peaks:
            found = map_in_order(Peaks.runs, ((p, levels) for p in self._peaks), threads)
            self._runs = [[r.moved(top)] for r, (top, _) in zip(found, cuts, strict=True)]
        if self._runs:
            return self._join(cuts)
        strength = absolute(self._plan, self._kept["strength"].array, seen)
        if not self._plan.threshold.linked:
            return lambda n: strength[slice(*cuts[n])] > levels.low
        planes = np.moveaxis(strength, -1, 0)
        linked = [hysteresis(p, levels.low, levels.high, threads=threads) for p in planes]
        whole = np.stack(linked, axis=-1)
        return lambda n: whole[slice(*cuts[n])]

    def _join(self, cuts: Sequence[Cut]) -> Callable[[int], NDArray[np.bool_]]:
        """Join the runs of all bands; a band's runs are painted when it is requested."""
        planes = list(zip(*self._runs, strict=True))
        kept = [keep_connected(runs) for runs in planes]

        def lines(n: int) -> NDArray[np.bool_]:
            painted = [paint(r[n], k[n], cuts[n]) for r, k in zip(planes, kept, strict=True)]
            return painted[0][..., np.newaxis] if len(painted) == 1 else np.stack(painted, axis=-1)

        return lines
