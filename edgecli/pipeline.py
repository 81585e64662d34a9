"""One image: source → volume → responses → edge maps → sinks, a band of rows at a time.

Everything that can be known before a pixel is read is in a ``Detection``, made of the settings
and the source's shape and type. Running it reads the source once, from top to bottom, computes
bands on worker threads with a bounded number in flight, and writes them in order.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecli.conv.activations import ACTIVATIONS, activate, activated_dtype
from edgecli.conv.blas import one_blas_thread
from edgecli.conv.engine import Convolution, as_pair, cores, plan_over
from edgecli.conv.scratch import Scratch
from edgecli.edges.operators import (
    COMBINATIONS,
    EdgeMap,
    Operator,
    combine_responses,
    combined_dtype,
    edge_maps,
    largest_response,
    load_operator,
    merge_banks,
    strongest,
)
from edgecli.edges.rendering import (
    DEPTHS,
    MAPS,
    WHOLE_IMAGE_MAPS,
    Extremes,
    Scale,
    choose_scale,
    full_scale,
    measure,
    render,
    rendered_dtype,
    scale_from_extremes,
)
from edgecli.errors import UsageError
from edgecli.filters import FilterBank
from edgecli.geometry import Border, Padding, Window, bands, parse_border, parse_padding
from edgecli.images.base import ArraySink, ArraySource, Rows, Sink, Source
from edgecli.images.colour import CHANNELS, to_volume, volume_channels

T = TypeVar("T")

SMALL_IMAGE = 2**18
"""Pixels that are done before another thread has started."""

REPLICATE = Border("replicate")
"""What detection pads with by default: zeros would draw a false frame."""

SEPARATE_PLANES = ("each", "max")
"""Choices of channels that filter every colour plane alone."""

CHOICES = {
    "channels": CHANNELS,
    "activation": ACTIVATIONS,
    "combine": COMBINATIONS,
    "map": MAPS,
    "depth": tuple(DEPTHS),
}
"""The settings that are words, and what they can be."""


@dataclass(frozen=True)
class Settings:
    """What to do to an image, whichever it is: the options of ``detect``.

    UsageError for a choice that does not exist, FilterError where filters and biases do not fit
    together: both before any image is touched.
    """

    operators: tuple[Operator, ...]
    padding: Padding = "same"
    border: Border = REPLICATE
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    convolve: bool = False
    channels: str | None = None
    bias: tuple[float, ...] = ()  # one for all filters, or one each; () keeps the filters' own
    activation: str = "none"
    combine: str | None = None
    map: str = "abs"
    depth: str | None = None
    background: tuple[int, int, int] = (255, 255, 255)
    threads: int | None = None

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            value = getattr(self, name)
            if value is not None and value not in choices:
                raise UsageError(f"{name} {value!r} is unknown; choose from {', '.join(choices)}")
        _ = self.bank

    @cached_property
    def bank(self) -> FilterBank:
        """Return the filters of every operator as one bank, flipped where asked."""
        bank = merge_banks([operator.bank for operator in self.operators])
        if self.bias:
            bank = bank.with_bias(self.bias)
        return bank.flipped() if self.convolve else bank

    @property
    def maps(self) -> tuple[EdgeMap, ...]:
        """Return the edge maps that the settings ask for."""
        return edge_maps(self.operators, self.combine)


@dataclass(frozen=True)
class Detection:
    """Settings laid over one image: every shape and type, before any pixel is read."""

    settings: Settings
    bank: FilterBank
    maps: tuple[EdgeMap, ...]
    channels: str
    planes: int  # colour planes that are filtered alone; 1 where the filter covers them all
    pixels: np.dtype[Any]
    convolution: Convolution

    @property
    def volume_shape(self) -> tuple[int, int, int]:
        """Return height, width and channels of what the filters slide over."""
        geometry = self.convolution.geometry
        return geometry.rows.size, geometry.cols.size, self.planes * self.convolution.depth

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Return height, width and number of feature maps, before they combine."""
        maps, height, width = self.convolution.output_shape
        return height, width, self.planes * maps

    @property
    def map_shape(self) -> tuple[int, int, int]:
        """Return height, width and channels of each edge map."""
        height, width, _ = self.output_shape
        return height, width, self.planes if self.channels == "each" else 1

    @property
    def responses(self) -> tuple[np.dtype[Any], ...]:
        """Return the type of each edge map before it is rendered."""
        plan = self.convolution.plan
        response = activated_dtype(self.settings.activation, plan.accumulator)
        return tuple(combined_dtype(edge_map, response) for edge_map in self.maps)

    @property
    def samples(self) -> tuple[np.dtype[Any], ...]:
        """Return the type of each edge map's samples as written."""
        settings = self.settings
        return tuple(
            rendered_dtype(settings.map, settings.depth, self.pixels, response)
            for response in self.responses
        )

    @property
    def scales(self) -> tuple[Scale | None, ...]:
        """Return how each map is rendered; None for the numbers themselves."""
        white = full_scale(self.pixels)
        return tuple(
            choose_scale(self.settings.map, white, samples, largest_response(self.bank, m, white))
            for m, samples in zip(self.maps, self.samples, strict=True)
        )


def plan_detection(
    settings: Settings, shape: tuple[int, int, int], dtype: np.dtype[Any]
) -> Detection:
    """Lay settings over an image ``(H, W, C)``; GeometryError where they do not fit."""
    bank = settings.bank
    channels = settings.channels or ("gray" if bank.depth == 1 else "rgb")
    depth = volume_channels(channels, shape[2])
    planes = depth if channels in SEPARATE_PLANES else 1
    bank = bank.over(depth // planes)
    window = Window(
        bank.kernel_size, settings.stride, settings.dilation, settings.padding, settings.border
    )
    convolution = plan_over(bank, window, (depth // planes, shape[0], shape[1]), dtype)
    return Detection(settings, bank, settings.maps, channels, planes, dtype, convolution)


@dataclass(frozen=True)
class Measured:
    """What only the pixels can tell: each map's extremes, and the time that convolution took."""

    extremes: tuple[Extremes, ...]
    seconds: float  # summed over threads
    threads: int


def run_detection(detection: Detection, source: Source, sinks: Sequence[Sink]) -> Measured:
    """Read the source once, top to bottom, and write every edge map to its sink.

    Maps that need the whole image (``signed``, ``minmax``) are held as responses until the last
    band is in; all others pass through in bands.
    """
    if detection.settings.map in WHOLE_IMAGE_MAPS:
        as_numbers = replace(detection, settings=replace(detection.settings, map="raw"))
        held = [ArraySink(detection.map_shape, dtype) for dtype in detection.responses]
        measured = _run_bands(as_numbers, source, held)
        for n, (sink, extremes) in enumerate(zip(sinks, measured.extremes, strict=True)):
            samples = detection.samples[n]
            scale = scale_from_extremes(detection.settings.map, samples, extremes)
            render_held = partial(_render_rows, scale=scale, samples=samples)
            _write_held(held[n].array, render_held, sink, detection)
    else:
        measured = _run_bands(detection, source, sinks)
    for sink in sinks:
        sink.finish()
    return measured


def _run_bands(detection: Detection, source: Source, sinks: Sequence[Sink]) -> Measured:
    cuts = list(bands(detection.output_shape[0], detection.convolution.band_rows))
    blocks = source.blocks(detection.convolution.needed(*cut) for cut in cuts)
    threads = _useful_threads(detection, len(cuts))
    work = partial(_band, detection, sinks)
    extremes, seconds = tuple(Extremes() for _ in sinks), 0.0
    for band in map_in_order(work, zip(cuts, blocks, strict=True), threads):
        extremes = tuple(a | b for a, b in zip(extremes, band.extremes, strict=True))
        seconds += band.seconds
        for sink, encoded in zip(sinks, band.encoded, strict=True):
            sink.write(encoded)
    return Measured(extremes, seconds, threads)


def _useful_threads(detection: Detection, cuts: int) -> int:
    """Return how many threads pay: one more for every SMALL_IMAGE pixels, up to those allowed."""
    height, width, _ = detection.output_shape
    allowed = detection.settings.threads or cores()
    return min(allowed, cuts, 1 + height * width // SMALL_IMAGE)


@dataclass(frozen=True)
class _Band:
    """A band of every edge map, as its sinks encoded it."""

    encoded: list[Any]
    extremes: list[Extremes]
    seconds: float


class _Memory(threading.local):
    """Each worker thread's own buffers; they go when the thread ends."""

    def __init__(self) -> None:
        self.scratch = Scratch()


_memory = _Memory()


def _band(detection: Detection, sinks: Sequence[Sink], cut: tuple[int, int], block: Rows) -> _Band:
    """Compute one band of everything, from the block of image rows that it needs."""
    scratch = _memory.scratch
    volume = to_volume(block, detection.channels, detection.settings.background)
    started = time.perf_counter()
    responses = _respond(detection, volume, cut, scratch)
    band = _Band([], [], time.perf_counter() - started)
    described = zip(detection.maps, detection.scales, detection.samples, sinks, strict=True)
    for edge_map, scale, samples, sink in described:
        rows = _combine(detection, edge_map, responses, scratch)
        band.extremes.append(measure(rows, scale))
        band.encoded.append(sink.encode(_render_rows(rows, scale=scale, samples=samples)))
    return band


def _respond(
    detection: Detection, volume: NDArray[Any], cut: tuple[int, int], scratch: Scratch
) -> NDArray[Any]:
    """Return the responses ``(planes, C_out, rows, W')`` of a band."""
    convolution = detection.convolution
    maps, _, width = convolution.output_shape
    shape = (detection.planes, maps, cut[1] - cut[0], width)
    responses = scratch.take("responses", shape, convolution.plan.accumulator)
    for plane, out in zip(
        volume.reshape(len(responses), -1, *volume.shape[1:]), responses, strict=True
    ):
        convolution.band(plane, *cut, out, scratch)
    return activate(responses, detection.settings.activation)


def _combine(
    detection: Detection, edge_map: EdgeMap, responses: NDArray[Any], scratch: Scratch
) -> Rows:
    """Return one edge map's response as rows ``(rows, W', C)``."""
    parts = responses[:, edge_map.start : edge_map.stop]
    if len(parts) == 1:
        return combine_responses(parts[0], edge_map.combine, scratch)[..., np.newaxis]
    planes = [combine_responses(part, edge_map.combine, scratch).copy() for part in parts]
    if detection.channels == "max":
        return strongest(planes)[..., np.newaxis]
    return np.stack(planes, axis=-1)


def _render_rows(rows: Rows, *, scale: Scale | None, samples: np.dtype[Any]) -> Rows:
    out = np.empty(rows.shape, samples)
    if scale is None:
        np.copyto(out, rows, casting="unsafe")
    else:
        render(rows, scale, out, _memory.scratch)
    return out


def _write_held(
    held: Rows, render_held: Callable[[Rows], Rows], sink: Sink, detection: Detection
) -> None:
    """Render and write responses that were kept until their extremes were known."""

    def encode(start: int, stop: int) -> Any:
        return sink.encode(render_held(held[start:stop]))

    cuts = bands(len(held), detection.convolution.band_rows)
    for encoded in map_in_order(encode, cuts, _useful_threads(detection, len(held))):
        sink.write(encoded)


def map_in_order(
    work: Callable[..., T], jobs: Iterable[tuple[Any, ...]], threads: int
) -> Iterator[T]:
    """Yield ``work(*job)`` for every job, in order, computed on worker threads.

    Jobs are drawn as results are taken, two more than there are threads in flight, so that memory
    stays bounded while drawing (decoding), working and taking (writing) overlap. A single thread
    is the caller's own.
    """
    if threads == 1:
        yield from (work(*job) for job in jobs)
        return
    from concurrent.futures import Future, ThreadPoolExecutor  # slow to load, for small images

    pending: deque[Future[T]] = deque()
    with one_blas_thread(), ThreadPoolExecutor(threads, "edgecli") as executor:
        try:
            for job in jobs:
                pending.append(executor.submit(work, *job))
                if len(pending) > threads + 2:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


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
    threads: int | None = None,
) -> NDArray[np.uint8]:
    """Return the edge map of a picture as 8-bit samples, as ``edgecli detect`` writes it.

    ``picture`` is ``(H, W)`` or ``(H, W, C)``, as Pillow, OpenCV and scikit-image hold it (RGB
    order; alpha is composited on white); the result is ``(H', W')``, or ``(H', W', 3)`` for
    ``channels="each"``. ``operator`` names an operator, a filter, a file or inline rows that make
    one edge map. Raises FilterError, GeometryError and UsageError.

    >>> picture = np.zeros((4, 6), np.uint8)
    >>> picture[:, 3:] = 50
    >>> detect_edges(picture, "sobel")[0].tolist()
    [0, 0, 200, 200, 0, 0]
    """
    source = ArraySource.of(picture)
    settings = Settings(
        (load_operator(operator),),
        padding=parse_padding(padding),
        border=parse_border(padding_mode),
        stride=as_pair(stride),
        dilation=as_pair(dilation),
        channels=channels,
        map=map,
        depth="8",
        threads=threads,
    )
    detection = plan_detection(settings, source.shape, source.dtype)
    if len(detection.maps) > 1 or map == "raw":
        raise UsageError(
            f"detect_edges returns one 8-bit edge map, but {operator!r} with map {map!r} gives "
            f"{len(detection.maps)} of {detection.samples[0].name}; use edgecli.convolve"
        )
    sink = ArraySink(detection.map_shape, detection.samples[0])
    run_detection(detection, source, [sink])
    return sink.array[..., 0] if sink.array.shape[2] == 1 else sink.array
