"""One image: source → steps → edge maps → sinks, in strips on worker threads.

Everything that can be known before a pixel is read is in a ``Detection``, made of the settings
and the source's shape and type. Running it reads the source once, from top to bottom, computes
strips with a bounded number in flight, and writes them in order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol, cast

from edgecli.detect.maps import MapPlan
from edgecli.detect.plan import Detection
from edgecli.detect.readers import EdgeReader, Gathered, StrengthReader
from edgecli.images.nodata import counted, note_gaps
from edgecli.images.sources import FloatCheck, WholeCheck
from edgecli.lines.thresholds import Levels
from edgecli.paint.rendering import Extremes
from edgecli.records import dataclass
from edgecli.rows.base import Sink, Source
from edgecli.rows.blas import blas_for
from edgecli.rows.graph import Reader, Strip
from edgecli.rows.running import Outcome, Running, Told, write_outcomes
from edgecli.rows.samples import type_name
from edgecli.rows.workers import chosen_threads, map_in_order, start_in_order

if TYPE_CHECKING:
    from edgecli.strokes.base import Canvas
    from edgecli.strokes.placing import Pair

SMALL_IMAGE, SMALL_FOR_NETWORKS = 2**18, 2**14
"""Pixels that take less time than starting another thread."""

PICTURES = ("uint8", "uint16")
"""Pixels that can be drawn unmeasured: those of other types may all be too weak to be seen."""

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
    missing: int | None = None  # pixels of no data, where the image may have any


class Crew(Protocol):
    """Computes an image's strips elsewhere."""

    @property
    def threads(self) -> int:
        """How many strips it computes at a time."""
        ...

    def outcomes(
        self,
        detection: Detection,
        source: Source,
        sinks: Sequence[Sink | Canvas],
        strips: Sequence[Strip],
        told: Told | None,
    ) -> Iterator[Outcome]:
        """Yield what comes of each strip, in order; the source is told what was seen of it."""
        ...


def starts_early(detection: Detection, source: Source) -> bool:
    """Whether an image may be read before it is its turn: a small one that needs no BLAS set up."""
    size = math.prod(source.shape) * source.dtype.itemsize
    early = size <= SHORT_FRAME and not detection.responses.uses_blas
    return early and _useful_threads(detection) > 1


def run_detection(
    detection: Detection,
    source: Source,
    sinks: Sequence[Sink | Canvas],
    *,
    measured: bool = True,
    told: Told | None = None,
) -> Measured:
    """Read the source once, top to bottom, and write every edge map to its sink.

    Maps that need the whole image (``signed``, ``minmax``, thresholds chosen from it, hysteresis)
    are kept until the last band is in; all others pass through in bands. ``measured`` says whether
    anyone will ask for the extremes. ``told``, if given, is called with rows that are computed.
    """
    return start_detection(detection, source, sinks, measured=measured, told=told)()


def start_detection(
    detection: Detection,
    source: Source,
    sinks: Sequence[Sink | Canvas],
    *,
    measured: bool,
    early: bool = False,
    told: Told | None = None,
    crew: Crew | None = None,
) -> Callable[[], Measured]:
    """Return what does the work of ``run_detection``, or lets a ``crew`` do it.

    Where ``early``, the source is read now, and workers start on it: only within
    ``shared_workers``, and for what ``starts_early``.
    """
    source = counted(source)
    are_floats = detection.pixels.kind == "f"
    if are_floats:
        source = FloatCheck(source, refuse=detection.settings.nan == "error")
    threads = _useful_threads(detection)
    readers = readers_of(detection, sinks, source.info.scale, measured=measured)
    of_strips, strips = cut_strips(detection, readers, crew.threads if crew else threads)
    if crew is not None:
        outcomes = crew.outcomes(detection, source, sinks, strips, told)
    else:
        in_order = start_in_order if early else partial(map_in_order, ahead=_ahead(detection))
        work = detection.graph, source, of_strips, strips, threads, in_order, told
        outcomes = Running(*work, repeats=_repeats(detection, of_strips)).outcomes

    def write() -> Measured:
        with blas_for(products=detection.responses.uses_blas):
            seconds = write_outcomes(of_strips, outcomes)
            levels = tuple(reader.finish(detection.cuts, threads) for reader in readers)
        _leave_notes(detection, source, readers)
        _note_nothing(source, readers, levels)
        return Measured(
            extremes=tuple(reader.seen for reader in readers),
            seconds=sum(seconds[: detection.responses.tap.place]),
            threads=crew.threads if crew else threads,
            levels=levels,
            nans=source.nans if isinstance(source, FloatCheck) and are_floats else None,
            missing=source.info.gaps.pixels if source.info.gaps is not None else None,
        )

    return write


def _leave_notes(detection: Detection, source: Source, readers: Sequence[EdgeReader]) -> None:
    """Say of an image that was read what makes its edges too bright, too dark, or unseen."""
    note_gaps(source)
    bare = isinstance(source, WholeCheck) and detection.keeps_small
    if isinstance(source, FloatCheck) and detection.needs_white and not bare:
        source.note_white(detection.settings.white)
    if any(reader.is_invisible for reader in readers):
        source.info.notes.append(
            "has edges that are all too weak to be seen; give --map minmax, or with --white "
            "the number that is white"
        )


def _note_nothing(
    source: Source, readers: Sequence[EdgeReader], levels: Sequence[Levels | None]
) -> None:
    """Say which map has edges of which a threshold chosen from the image leaves none."""
    for reader, chosen in zip(readers, levels, strict=True):
        if reader.leaves_nothing(chosen):
            source.info.notes.append(
                f"has {reader.plan.edge_map.name} edges, none of which is over "
                f"{reader.plan.threshold}; give a lower threshold"
            )


def readers_of(
    detection: Detection, sinks: Sequence[Sink | Canvas], scale: Pair, *, measured: bool
) -> list[EdgeReader]:
    """Return what reads each edge map, of an image whose ``scale`` is as ``ImageInfo`` says."""
    return [
        _reader_of(detection, plan, sink, scale, measured=measured)
        for plan, sink in zip(detection.plans, sinks, strict=True)
    ]


def _reader_of(
    detection: Detection, plan: MapPlan, sink: Sink | Canvas, scale: Pair, *, measured: bool
) -> EdgeReader:
    """Return what reads an edge map; its strengths are measured where anything depends on it."""
    if detection.settings.finish is not None:
        from edgecli.detect.tracing import TraceReader  # for those who ask for strokes

        return TraceReader(detection, plan, cast("Canvas", sink), scale)
    given = plan, cast("Sink", sink), detection.map_shape, detection.band_rows
    unknown = detection.responses.spoiled
    measures = measured or unknown or type_name(detection.pixels) not in PICTURES
    if not plan.whole:
        return StrengthReader(*given, measures=measures)
    from edgecli.detect.keeping import KeepingReader, PeakReader  # few maps are kept

    if plan.taps.thin is not None:
        return PeakReader(plan.taps.thin, *given)
    fitted = plan.levels is None  # thresholds or a scale are to be chosen
    return KeepingReader(*given, measures=measures or fitted)


def _repeats(detection: Detection, readers: Sequence[Reader]) -> bool:
    """Return whether rows make the same wherever they are: banks do, without mask or border."""
    settings = detection.settings
    bound = settings.recipe is not None or settings.lines.border or settings.lines.mask is not None
    return not bound and all(type(reader) is StrengthReader for reader in readers)


def cut_strips(
    detection: Detection, readers: Sequence[EdgeReader], threads: int
) -> tuple[Sequence[Reader], Sequence[Strip]]:
    """Plan a strip for every band; those of a network are taller, as they overlap."""
    network = detection.settings.network
    if network is None:
        return readers, detection.strips(readers)
    from edgecli.networks import layout
    from edgecli.networks.forward import share_rows

    height = detection.map_shape[0]
    gathered = [Gathered(reader, height) for reader in readers]
    wanted = [[share] * len(gathered) for share in share_rows(network, height, threads)]
    return gathered, layout.cut_strips(detection.graph, gathered, wanted, network.name)


def _ahead(detection: Detection) -> int:
    """Return how many strips are read or kept beside those at work: of a network's, tall, one."""
    return 2 if detection.settings.network is None else 1


def _useful_threads(detection: Detection) -> int:
    """Return how many threads pay off: one more per small image, up to those allowed."""
    height, width, _ = detection.output_shape
    allowed = chosen_threads(detection.settings.threads)
    if detection.settings.network is not None:
        return min(allowed, 1 + height * width // SMALL_FOR_NETWORKS)
    return min(allowed, len(detection.cuts), 1 + height * width // SMALL_IMAGE)
