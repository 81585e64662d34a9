"""Readers of edge maps that need the whole image: they keep what is painted after the last band.

Thresholds chosen from the image, hysteresis and some maps need the whole image. Only such edge maps
are kept; where the thresholds are known, only the runs of pixels that exceed the low one are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgecli.detect.maps import SIZES
from edgecli.detect.readers import StrengthReader, absolute
from edgecli.lines.hysteresis import Runs, find_runs, keep_connected, paint
from edgecli.lines.linking import Peaks, find_peaks
from edgecli.lines.pen import Pen, pen_span
from edgecli.lines.positions import Positions, positions
from edgecli.lines.thinning import Thin
from edgecli.lines.thresholds import Levels, Threshold, find_levels
from edgecli.paint.painting import Shown
from edgecli.paint.rendering import Extremes, finite_extremes, scale_from_extremes
from edgecli.records import replace
from edgecli.rows.arrays import ArraySink
from edgecli.rows.base import Planes, Rows, Span
from edgecli.rows.memory import Memory, borrowed_memory
from edgecli.rows.workers import map_in_order

if TYPE_CHECKING:
    from edgecli.strokes.tracing import Changes

BandRuns = list[Runs]
"""The runs of each channel of a band, counted from the band's first row."""

Bands = Callable[[int], NDArray[Any]]
"""Returns the strengths ``(rows, cols, C)`` of band n."""

Lines = Callable[[int], NDArray[np.bool_]]
"""Returns the lines ``(rows, cols, C)`` of band n."""


class KeepingReader(StrengthReader):
    """The reader that keeps strengths or their runs, and whatever else is painted."""

    def __init__(self, *given: Any, measures: bool) -> None:
        super().__init__(*given, measures=measures)
        self._kept: dict[str, ArraySink] = {}
        self._runs: list[BandRuns] = []  # of every band, where the thresholds are known

    def take(self, shown: Shown, seen: Extremes, memory: Memory) -> tuple[Any, Any]:
        """Copy what is kept of a band, and find its runs if the thresholds are known."""
        levels = self.plan.levels
        runs = None
        if levels is not None:
            runs = _find_runs(absolute(self.plan, shown.strength, seen), levels, memory)
        arrays = {
            name: rows.copy()
            for name, rows in vars(shown).items()
            if rows is not None and not (name == "strength" and runs)
        }
        return arrays, runs

    def put(self, taken: tuple[dict[str, Rows], BandRuns | None]) -> None:
        """Keep the next band."""
        arrays, runs = taken
        if runs is not None:
            self._runs.append(runs)
        for name, rows in arrays.items():
            if name not in self._kept:
                self._kept[name] = ArraySink((*self.shape[:2], *rows.shape[2:]), rows.dtype)
            self._kept[name].write(rows)

    def finish(self, cuts: Sequence[Span], threads: int) -> Levels | None:
        """Choose thresholds and scale, then paint and write band by band."""
        plan, paint_, levels = self.plan, self.plan.paint, self.plan.levels
        if levels is None and plan.threshold is not None:
            levels = self.find_levels(plan.threshold)
        lines = self._lines(levels, cuts, threads) if levels is not None else None
        if plan.lines.cleans:
            lines = self._cleaned(lines, cuts)
        if plan.fits:
            finite = finite_extremes(self._strength, self.seen)
            scale = scale_from_extremes(plan.map, paint_.sample_type, finite)
            paint_ = replace(paint_, scale=scale)
        drawn = lines or self._strengths(cuts)
        if paint_.style.stroke > 1 and (lines or plan.lines.cleans):
            drawn = _by_pen(drawn, cuts, paint_.style.stroke, absolute=plan.map in SIZES)

        def encode(n: int, cut: Span) -> Any:
            kept = {name: one.array[slice(*cut)] for name, one in self._kept.items()}
            strength = drawn(n)
            shown = Shown(**(kept | {"strength": strength}))
            with borrowed_memory() as memory, memory, np.errstate(all="ignore"):
                edges = strength if lines else None
                return self.sink.encode(paint_(shown, self.seen, memory, edges))

        for encoded in map_in_order(encode, enumerate(cuts), threads):
            self.sink.write(encoded)
        self.sink.finish()
        return levels

    @property
    def _strength(self) -> Rows:
        """Return the strengths of the whole image."""
        return self._kept["strength"].array

    def _strengths(self, cuts: Sequence[Span]) -> Bands:
        """Return what gives the strengths of a band."""
        return lambda n: self._strength[slice(*cuts[n])]

    def _cleaned(self, lines: Lines | None, cuts: Sequence[Span]) -> Lines | None:
        """Return lines without the short ones and without gaps; without lines, clean strengths."""
        from edgecli.strokes.tracing import clean  # for those who ask for it

        strengths, wanted = self._strengths(cuts), self.plan.lines
        width, channels = self.shape[1:]
        found: list[list[Positions]] = [[] for _ in range(channels)]
        for n, (start, _) in enumerate(cuts):
            edges = lines(n) if lines else absolute(self.plan, strengths(n), self.seen) > 0
            for channel, places in enumerate(found):
                own = np.ascontiguousarray(edges[..., channel])
                places.append(positions(own) + start * width)
        changes = [
            clean(np.concatenate(places), width, wanted.min_length, wanted.close_gaps)
            for places in found
        ]
        for name, one in self._kept.items():
            if name == "missing":
                continue
            values = one.array.reshape(-1, one.array.shape[2])
            for channel, change in enumerate(changes):
                if name == "strength":
                    values[change.gone, channel] = 0
                if name != "picture":
                    values[change.drawn, channel] = values[change.like, channel]
        return _changed(lines, changes, cuts, width) if lines else None

    def find_levels(self, threshold: Threshold) -> Levels:
        """Return the thresholds that follow from the strengths of the whole image."""
        plan, seen = self.plan, self.seen
        strength = absolute(plan, self._strength, seen)
        found = strength[strength > 0] if plan.picks else strength[~np.isnan(strength)]
        if max(-seen.smallest, seen.largest) == math.inf:  # infinities exceed any threshold
            found = found[np.isfinite(found)]
        return find_levels(threshold, found, plan.largest, lines=plan.picks)

    def _lines(self, levels: Levels, cuts: Sequence[Span], threads: int) -> Lines:
        """Return what gives the lines of a band."""
        linked = self.plan.threshold is not None and self.plan.threshold.linked
        if linked or self._runs:
            runs = self._runs or map_in_order(
                self.runs_of, ((cut, levels) for cut in cuts), threads
            )
            return _joined(runs, cuts)
        strength = absolute(self.plan, self._strength, self.seen)
        return lambda n: strength[slice(*cuts[n])] > levels.low

    def runs_of(self, cut: Span, levels: Levels) -> BandRuns:
        """Return the runs of a band whose strengths were kept."""
        strength = absolute(self.plan, self._strength[slice(*cut)], self.seen)
        with borrowed_memory() as memory, memory:
            return _find_runs(strength, levels, memory)


class PeakReader(KeepingReader):
    """The reader of a magnitude whose lines are linked: it keeps the peaks of every band.

    Where the thresholds are known, it keeps their runs alone.
    """

    def __init__(self, thin: Thin, *given: Any) -> None:
        super().__init__(*given, measures=True)
        self._thin = thin
        self._peaks: dict[int, Peaks] = {}  # by the first row of their band

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the responses of a row more on each side."""
        return self._thin.needed(start, stop)[:1]

    def encode(self, blocks: Sequence[Planes], start: int, stop: int, memory: Memory) -> Any:
        """Find the peaks."""
        peaks, smallest, largest = find_peaks(self._thin, blocks[0], start, stop, memory)
        levels = self.plan.levels
        found = (start, peaks) if levels is None else ({}, [peaks.runs(levels)])
        return Extremes(smallest, largest), found

    def put(self, taken: Any) -> None:
        """Keep the next band's peaks, or its runs."""
        if self.plan.levels is not None:
            super().put(taken)
        else:
            start, self._peaks[start] = taken

    def find_levels(self, threshold: Threshold) -> Levels:
        """Return the thresholds that follow from the peaks of the whole image."""
        every = np.concatenate([peaks.strength for peaks in self._peaks.values()])
        return find_levels(threshold, every, self.plan.largest, lines=True)

    def runs_of(self, cut: Span, levels: Levels) -> BandRuns:
        """Return the runs of a band whose peaks were kept."""
        return [self._peaks[cut[0]].runs(levels)]


def _by_pen(lines: Bands, cuts: Sequence[Span], width: int, *, absolute: bool) -> Bands:
    """Return lines as a wide pen draws them, whose bands need those of the bands around them."""
    rows, height = cuts[0][1], cuts[-1][1]

    def drawn(n: int) -> NDArray[Any]:
        start, stop = cuts[n]
        low, high = pen_span(width, start, stop, height)
        first, last = low // rows, -(-high // rows)
        around = np.concatenate([lines(one) for one in range(first, last)])
        kind = around.dtype
        around = around.view(np.uint8) if kind == np.dtype(bool) else around
        pen = Pen((around.shape[2], height, around.shape[1]), around.dtype, width, absolute)
        seen = around[low - cuts[first][0] : high - cuts[first][0]].transpose(2, 0, 1)
        out = np.empty((seen.shape[0], stop - start, seen.shape[2]), around.dtype)
        with borrowed_memory() as memory:
            pen.compute([seen], start, stop, out, memory)
        return out.transpose(1, 2, 0).view(kind)

    return drawn


def _changed(lines: Lines, changes: Sequence[Changes], cuts: Sequence[Span], width: int) -> Lines:
    """Return lines without what goes, and with what is drawn: a plan of changes per channel."""

    def changed(n: int) -> NDArray[np.bool_]:
        out = lines(n).copy()
        span = cuts[n][0] * width, cuts[n][1] * width
        pixels = out.reshape(-1, out.shape[2])
        for channel, change in enumerate(changes):
            for places, value in ((change.gone, False), (change.drawn, True)):
                first, last = places.searchsorted(span)
                pixels[places[first:last] - span[0], channel] = value
        return out

    return changed


def _find_runs(strength: Rows, levels: Levels, memory: Memory) -> BandRuns:
    planes = np.moveaxis(strength, -1, 0)
    return [find_runs(plane, levels.low, levels.high, memory) for plane in planes]


def _joined(runs: Iterable[BandRuns], cuts: Sequence[Span]) -> Lines:
    """Join the runs of all bands; a band's runs are painted when it is asked for."""
    moved = [[one.moved(top) for one in band] for band, (top, _) in zip(runs, cuts, strict=True)]
    planes = list(zip(*moved, strict=True))
    kept = [keep_connected(found) for found in planes]

    def lines(n: int) -> NDArray[np.bool_]:
        painted = [paint(r[n], k[n], cuts[n]) for r, k in zip(planes, kept, strict=True)]
        return painted[0][..., np.newaxis] if len(painted) == 1 else np.stack(painted, axis=-1)

    return lines
