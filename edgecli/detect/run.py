"""One image: source → steps → edge maps → sinks, in strips on worker threads.

Everything that can be known before a pixel is read is in a ``Detection``, made of the settings
and the source's shape and type. Running it reads the source once, from top to bottom, computes
strips with a bounded number in flight, and writes them in order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from edgecli.detect.keeping import KeepingReader, PeakReader
from edgecli.detect.maps import MapPlan
from edgecli.detect.plan import Detection
from edgecli.detect.readers import Gathered, StrengthReader
from edgecli.images.sources import NanCounter
from edgecli.lines.thresholds import Levels
from edgecli.paint.rendering import Extremes
from edgecli.records import dataclass
from edgecli.rows.base import Sink, Source
from edgecli.rows.blas import blas_for
from edgecli.rows.graph import Reader, Strip
from edgecli.rows.running import Running
from edgecli.rows.workers import chosen_threads, map_in_order, start_in_order

SMALL_IMAGE = 2**18
"""Pixels that take less time than starting another thread."""

SHORT_FRAME = 2**23
"""Bytes up to which an image, such as a video's frame, is read while the last one is computed."""


@dataclass(frozen=True)
class Measured:
    """What only the pixels can tell: each map's extremes, and the time that convolution took."""

    extremes: tuple[Extremes, ...]
    seconds: float  # summed over threads
    threads: int
    levels: tuple[Levels | None, ...] = ()  # each map's thresholds
    nans: int | None = None  # NaN samples of a float image


def starts_early(detection: Detection, source: Source) -> bool:
    """Whether ``start_detection`` can take an image: a small one that needs no BLAS set up."""
    size = math.prod(source.shape) * source.dtype.itemsize
    early = size <= SHORT_FRAME and not detection.responses.uses_blas
    return early and _useful_threads(detection) > 1


def start_detection(
    detection: Detection, source: Source, sinks: Sequence[Sink], *, measured: bool = True
) -> Callable[[], Measured]:
    """Read the whole source and let workers start on it; what is returned writes the edge maps.

    So the next frame of a video is read while this one is computed, and no worker waits between
    them. Only within ``shared_workers``, and for what ``starts_early``.
    """
    return _Running(detection, source, sinks, start_in_order, measured=measured).write


def run_detection(
    detection: Detection, source: Source, sinks: Sequence[Sink], *, measured: bool = True
) -> Measured:
    """Read the source once, top to bottom, and write every edge map to its sink.

    Maps that need the whole image (``signed``, ``minmax``, thresholds chosen from it, hysteresis)
    are kept until the last band is in; all others pass through in bands. ``measured`` says whether
    anyone will ask for the extremes.
    """
    with blas_for(products=detection.responses.uses_blas):
        return _Running(detection, source, sinks, map_in_order, measured=measured).write()


class _Running:
    """An image whose strips are being computed, and that is still to be written."""

    def __init__(
        self,
        detection: Detection,
        source: Source,
        sinks: Sequence[Sink],
        in_order: Callable[..., Any],
        *,
        measured: bool,
    ) -> None:
        if detection.pixels.kind == "f":
            source = NanCounter(source, refuse=detection.settings.nan == "error")
        self._detection, self._source = detection, source
        self._threads = _useful_threads(detection)
        self._readers = [
            _reader_of(detection, plan, sink, measured=measured)
            for plan, sink in zip(detection.plans, sinks, strict=True)
        ]
        readers, strips = _strips(detection, self._readers, self._threads)
        self._run = Running(detection.graph, source, readers, strips, self._threads, in_order)

    def write(self) -> Measured:
        """Write every band in order, then what was kept for the whole image."""
        seconds = self._run.write()
        cuts, source = self._detection.cuts, self._source
        levels = [reader.finish(cuts, self._threads) for reader in self._readers]
        return Measured(
            extremes=tuple(reader.seen for reader in self._readers),
            seconds=sum(seconds[: self._detection.responses.tap.place]),
            threads=self._threads,
            levels=tuple(levels),
            nans=source.count if isinstance(source, NanCounter) else None,
        )


def _reader_of(
    detection: Detection, plan: MapPlan, sink: Sink, *, measured: bool
) -> StrengthReader:
    """Return what reads an edge map; its strengths are measured where anything depends on it."""
    given = plan, sink, detection.map_shape, detection.band_rows
    if plan.taps.thin is not None:
        return PeakReader(plan.taps.thin, *given)
    fitted = plan.whole and plan.levels is None  # thresholds or a scale are to be chosen
    measures = measured or fitted or detection.pixels.kind == "f"
    return (KeepingReader if plan.whole else StrengthReader)(*given, measures=measures)


def _strips(
    detection: Detection, readers: Sequence[StrengthReader], threads: int
) -> tuple[Sequence[Reader], list[Strip]]:
    """Plan a strip for every band; those of a network are taller, as they overlap."""
    network, graph = detection.settings.network, detection.graph
    if network is None:
        wanted = [[cut] * len(readers) for cut in detection.cuts]
        return readers, [graph.strip(readers, spans) for spans in wanted]
    from edgecli.networks.forward import share_rows
    from edgecli.networks.layout import cut_strips

    height = detection.map_shape[0]
    gathered = [Gathered(reader, height) for reader in readers]
    wanted = [[share] * len(gathered) for share in share_rows(network, height, threads)]
    return gathered, cut_strips(graph, gathered, wanted, network.name)


def _useful_threads(detection: Detection) -> int:
    """Return how many threads pay off: one more per SMALL_IMAGE pixels, up to those allowed."""
    height, width, _ = detection.output_shape
    allowed = chosen_threads(detection.settings.threads)
    if detection.settings.network is None:
        allowed = min(allowed, len(detection.cuts))
    return min(allowed, 1 + height * width // SMALL_IMAGE)
