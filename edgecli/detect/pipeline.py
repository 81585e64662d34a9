"""One image: source → volume → responses → edge maps → sinks, a band of rows at a time.

Everything that can be known before a pixel is read is in a ``Detection``, made of the settings
and the source's shape and type. Running it reads the source once, from top to bottom, computes
bands on worker threads with a bounded number in flight, and writes them in order.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecli.conv.engine import as_pair
from edgecli.detect.detection import Detection, plan_detection
from edgecli.detect.keeping import Keeper, Kept, keeper_of
from edgecli.detect.planning import Lines, MapPlan
from edgecli.detect.settings import Settings, parse_scales
from edgecli.detect.stages import Layers, angles, combine, run_stages, widen
from edgecli.errors import UsageError
from edgecli.geometry import bands, parse_padding, parse_padding_mode
from edgecli.images.nan import NanCounter
from edgecli.lines.thresholds import Levels, choose_threshold
from edgecli.operators.operators import load_operator
from edgecli.operators.responders import Stopwatch
from edgecli.paint.painting import Shown, as_picture
from edgecli.paint.rendering import Extremes, measure
from edgecli.records import dataclass, replace
from edgecli.rows.arrays import ArraySink, ArraySource, blocks_in_any_order
from edgecli.rows.base import Rows, Sink, Source
from edgecli.rows.blas import blas_for
from edgecli.rows.scratch import Scratch, borrowed_scratch
from edgecli.rows.workers import chosen_threads, map_in_order, start_in_order

SMALL_IMAGE = 2**18
"""Pixels that take less time than starting another thread."""


@dataclass(frozen=True)
class Measured:
    """What only the pixels can tell: each map's extremes, and the time that convolution took."""

    extremes: tuple[Extremes, ...]
    seconds: float  # summed over threads; of a network, as the clock went
    threads: int
    levels: tuple[Levels | None, ...] = ()  # each map's thresholds
    nans: int | None = None  # NaN samples of a float image


SHORT_FRAME = 2**23
"""Bytes up to which an image, such as a video's frame, is read while the last one is computed."""


def starts_early(detection: Detection, source: Source) -> bool:
    """Whether ``start_detection`` can take an image: a small one that needs no BLAS set up."""
    threads = _useful_threads(detection, len(_cuts(detection)))
    size = math.prod(source.shape) * source.dtype.itemsize
    return threads > 1 and size <= SHORT_FRAME and not detection.responder.uses_blas


def start_detection(
    detection: Detection, source: Source, sinks: Sequence[Sink], *, measured: bool = True
) -> Callable[[], Measured]:
    """Read the whole source and let workers start on it; what is returned writes the edge maps.

    So the next frame of a video is read while this one is computed, and no worker waits between
    them. Only within ``shared_workers``, and for what ``starts_early``.
    """
    counted = _counted(detection, source)
    running = _Running(detection, counted, sinks, start_in_order, measured=measured)
    return partial(_measured, running, counted)


def run_detection(
    detection: Detection, source: Source, sinks: Sequence[Sink], *, measured: bool = True
) -> Measured:
    """Read the source once, top to bottom, and write every edge map to its sink.

    Maps that need the whole image (``signed``, ``minmax``, thresholds chosen from it, hysteresis)
    are kept until the last band is in; all others pass through in bands. ``measured`` says whether
    anyone will ask for the responses' extremes.
    """
    counted = _counted(detection, source)
    with blas_for(products=detection.responder.uses_blas):
        running = _Running(detection, counted, sinks, map_in_order, measured=measured)
        return _measured(running, counted)


def _counted(detection: Detection, source: Source) -> Source:
    """Let the NaN of a float image be counted while it is read."""
    if detection.pixels.kind != "f":
        return source
    return NanCounter(source, refuse=detection.settings.nan == "error")


def _measured(running: _Running, source: Source) -> Measured:
    measured = running.write()
    return replace(measured, nans=source.count) if isinstance(source, NanCounter) else measured


class _Running:
    """An image whose bands are being computed, and that is still to be written."""

    def __init__(
        self,
        detection: Detection,
        source: Source,
        sinks: Sequence[Sink],
        in_order: Callable[..., Iterator[_Band]],
        *,
        measured: bool,
    ) -> None:
        self._keepers = [
            keeper_of(plan, sink, detection.map_shape)
            for plan, sink in zip(detection.plans, sinks, strict=True)
        ]
        self._cuts = _cuts(detection)
        self._threads = _useful_threads(detection, len(self._cuts))
        height, responder = detection.output_shape[0], detection.responder
        wide = [widen(cut, detection.halo, height) for cut in self._cuts]
        self._watch = Stopwatch()
        rows = responder.read(source, self._threads, self._watch)
        blocks = blocks_in_any_order(rows, [responder.needed(*cut) for cut in wide])
        work = partial(_band, detection, self._keepers, measured)
        self._bands = in_order(work, zip(self._cuts, wide, blocks, strict=True), self._threads)

    def write(self) -> Measured:
        """Write every band in order, then what was kept for the whole image."""
        extremes, seconds = tuple(Extremes() for _ in self._keepers), 0.0
        for band in self._bands:
            extremes = tuple(a | b for a, b in zip(extremes, band.extremes, strict=True))
            seconds += band.seconds
            for keeper, encoded in zip(self._keepers, band.encoded, strict=True):
                keeper.write(encoded)
        levels = [
            keeper.finish(seen, self._cuts, self._threads)
            for keeper, seen in zip(self._keepers, extremes, strict=True)
        ]
        seconds += self._watch.seconds
        return Measured(extremes, seconds, self._threads, tuple(levels))


def _cuts(detection: Detection) -> list[tuple[int, int]]:
    """Return the rows of every band."""
    return list(bands(detection.output_shape[0], detection.band_rows))


def _useful_threads(detection: Detection, cuts: int) -> int:
    """Return how many threads pay off: one more per SMALL_IMAGE pixels, up to those allowed."""
    height, width, _ = detection.output_shape
    allowed = chosen_threads(detection.settings.threads)
    return min(allowed, cuts, 1 + height * width // SMALL_IMAGE)


@dataclass(frozen=True)
class _Band:
    """A band of every edge map, as its keeper encoded it."""

    encoded: list[Any]
    extremes: list[Extremes]
    seconds: float


def _band(
    detection: Detection,
    keepers: Sequence[Keeper],
    measured: bool,
    cut: tuple[int, int],
    wide: tuple[int, int],
    block: Rows,
) -> _Band:
    """Compute rows ``cut`` of everything, from the image rows that responses ``wide`` need."""
    responder = detection.responder
    pixels = responder.prepare(block)
    picture = _picture(detection, block, cut, wide)
    merge, height = detection.channels == "max", detection.output_shape[0]
    with borrowed_scratch() as scratch, np.errstate(all="ignore"):  # infinities pass through
        started = time.perf_counter()
        responses = responder.respond(pixels, wide, scratch)
        band = _Band([], [], time.perf_counter() - started)
        for plan, keeper in zip(detection.plans, keepers, strict=True):
            if plan.linking is not None:
                own = responses[0, plan.edge_map.start : plan.edge_map.stop]
                peaks, seen = plan.linking.peaks(own, wide, cut, scratch)
                encoded = Kept.of(peaks, cut[1] - cut[0], plan.levels)
            else:
                layers = combine(plan.edge_map, plan.slope, responses, wide, merge, scratch)
                all_seen = Extremes()
                if plan.drops and measured:
                    all_seen = _look_before(plan, layers, cut, height, scratch)
                layers = run_stages(plan.stages, layers, cut, height, scratch)
                shown = _show(plan, layers, picture)
                seen = _look(detection, plan, shown, measured=measured) | all_seen
                encoded = keeper.encode(shown, seen, scratch)
            band.extremes.append(seen)
            band.encoded.append(encoded)
    return band


def _look(detection: Detection, plan: MapPlan, shown: Shown, *, measured: bool) -> Extremes:
    """Measure responses; where nobody asks, only say what is certain: norms are 0 or more."""
    fitted = plan.whole and plan.levels is None  # thresholds or a scale are to be chosen
    if measured or fitted or detection.pixels.kind == "f":
        return measure(shown.strength, plan.clips)
    norm = plan.edge_map.stop - plan.edge_map.start > 1
    return Extremes(0.0 if norm else -math.inf, math.inf)


def _look_before(
    plan: MapPlan, layers: Layers, cut: tuple[int, int], height: int, scratch: Scratch
) -> Extremes:
    """Measure what thinning does not drop for being a neighbour but for being under a threshold.

    The largest response of all is a line's; so extremes are those that thinning alone would leave.
    """
    others = [stage for stage in plan.stages if stage.halo == 0]
    seen = measure(run_stages(others, layers, cut, height, scratch).strength, None)
    return Extremes(seen.smallest, seen.largest)


def _show(plan: MapPlan, layers: Layers, picture: Rows | None) -> Shown:
    """Turn layers into rows; a single plane needs no copy."""
    strength = layers.strength
    rows = strength[0][..., np.newaxis] if len(strength) == 1 else np.stack([*strength], axis=-1)
    hues = angles(layers)[..., np.newaxis] if plan.edge_map.direction else None
    return Shown(rows, hues, picture)


def _picture(
    detection: Detection, block: Rows, cut: tuple[int, int], wide: tuple[int, int]
) -> Rows | None:
    """Return the image's own rows as 0 … 1 where edges are laid on them."""
    settings = detection.settings
    if settings.style.overlay is None:
        return None
    first = detection.responder.needed(*wide)[0]
    rows = block[cut[0] - first : cut[1] - first]
    if settings.network is not None:
        return rows[..., 1:]  # they came with the map
    return as_picture(rows, settings.background)


def detect_edges(
    picture: ArrayLike,
    operator: str = "sobel",
    *,
    channels: str | None = None,
    map: str = "abs",  # noqa: A002 (the word of the command line)
    stride: int | tuple[int, int] = 1,
    padding: str | int | tuple[int, ...] = "same",
    padding_mode: str = "replicate",
    dilation: int | tuple[int, int] = 1,
    thin: bool = False,
    threshold: str | None = None,
    hysteresis: str | None = None,
    scales: str | None = None,
    threads: int | None = None,
) -> NDArray[np.uint8]:
    """Return the edge map of a picture as 8-bit samples, as ``edgecli detect`` writes it.

    ``picture`` is ``(H, W)`` or ``(H, W, C)``, as Pillow, OpenCV and scikit-image hold it (RGB
    order; alpha is composited on white); the result is ``(H', W')``, or ``(H', W', 3)`` for
    ``channels="each"``. ``operator`` names an operator, a filter, a file or inline rows that make
    one edge map. ``threshold`` and ``hysteresis`` are written as on the command line, and leave
    0 and 255; so are ``scales``, which networks such as ``learned`` take. Raises FilterError,
    GeometryError, NetworkError and UsageError.

    >>> picture = np.zeros((4, 6), np.uint8)
    >>> picture[:, 3:] = 50
    >>> detect_edges(picture, "sobel")[0].tolist()
    [0, 0, 200, 200, 0, 0]
    """
    source = ArraySource.of(picture)
    settings = Settings(
        (load_operator(operator),),
        padding=parse_padding(padding),
        padding_mode=parse_padding_mode(padding_mode),
        stride=as_pair(stride),
        dilation=as_pair(dilation),
        channels=channels,
        map=map,
        depth="8",
        lines=Lines(thin, choose_threshold(threshold, hysteresis)),
        scales=parse_scales(scales),
        threads=threads,
    )
    detection = plan_detection(settings, source.shape, source.dtype)
    if len(detection.maps) > 1 or map == "raw":
        raise UsageError(
            f"detect_edges returns one 8-bit edge map, but {operator!r} with map {map!r} gives "
            f"{len(detection.maps)} of {detection.samples[0].name}; use edgecli.convolve"
        )
    sink = ArraySink(detection.written_shape, detection.samples[0])
    run_detection(detection, source, [sink], measured=False)
    return sink.array[..., 0] if sink.array.shape[2] == 1 else sink.array
