"""One input: its images planned, and their edge maps written to the files of its job."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import lru_cache, partial
from typing import Any, Protocol

from edgecli.detect.outputs import Job, Outputs, make_folder
from edgecli.detect.plan import Detection, plan_detection
from edgecli.detect.run import Measured, run_detection, start_detection, starts_early
from edgecli.detect.settings import Settings
from edgecli.errors import EdgeCliError, TooLargeError
from edgecli.images.files import open_images, whole_file
from edgecli.images.formats import Format, ImageFile, begin_file, check_holds
from edgecli.images.sources import upright
from edgecli.records import dataclass, replace
from edgecli.rows.arrays import NoSink
from edgecli.rows.base import ImageInfo, Sink, Source
from edgecli.rows.workers import shared_workers

MAX_PIXELS = 2**31


@dataclass(frozen=True)
class Limits:
    """How much of an input is read."""

    max_pixels: int = MAX_PIXELS
    all_frames: bool = False
    auto_orient: bool = True


Planner = Callable[[Settings, tuple[int, int, int], Any], Detection]
"""Lays settings over an image, as ``plan_detection`` does, or remembers having done so."""


class Screen(Protocol):
    """Something that edge maps are shown on while they are written."""

    def watch(self, sink: Sink, shape: tuple[int, int, int]) -> Sink:
        """Return a sink that does what ``sink`` does, and shows the map when it is finished."""
        ...


@dataclass(frozen=True)
class Result:
    """One image done: what it was, what was decided, what was measured, what was written.

    ``kept`` are those of its outputs that were there before, and were to stay as they were.
    """

    info: ImageInfo
    detection: Detection
    outputs: Outputs
    measured: Measured | None = None  # None where nothing was computed
    kept: tuple[str, ...] = ()


def plan_input(
    job: Job, settings: Settings, limits: Limits, plan: Planner = plan_detection
) -> Generator[tuple[Result, Source], None, None]:
    """Yield a plan for every image of an input, with the source to run it on."""
    path, outputs = job.path, job.outputs
    settings = _fit_format(settings, outputs.format)
    images = open_images(
        path, max_pixels=limits.max_pixels, grey=settings.grey, all_frames=limits.all_frames
    )
    plan_frame = lru_cache(1)(partial(plan, settings))  # frames of a video are alike
    for number, image in enumerate(images, 1):
        source = upright(image) if limits.auto_orient else image
        with _naming(path):
            detection = plan_frame(source.shape, source.dtype)
            for samples in detection.samples:
                check_holds(outputs.format, samples, detection.written_shape[2])
        _check_pixels(path, detection, limits)
        named = outputs
        if limits.all_frames or number > 1:
            together = limits.all_frames and outputs.format.animated
            named = _numbered(outputs, number, together=together)
        yield Result(image.info, detection, named), source


@contextmanager
def _naming(path: str) -> Iterator[None]:
    """Let an error say which image it is about: of a thousand, one may not fit."""
    try:
        yield
    except EdgeCliError as error:
        raise type(error)(f"image {path}: {error}") from error


def _check_pixels(path: str, detection: Detection, limits: Limits) -> None:
    height, width, _ = detection.map_shape
    if height * width > limits.max_pixels:
        raise TooLargeError(
            f"the edge map of {path} would have {height * width:,} pixels, more than the limit "
            f"{limits.max_pixels:,}; pad less, or raise it with --max-pixels"
        )


def _fit_format(settings: Settings, format_: Format) -> Settings:
    """Ask for 8 bits where the format has no more."""
    only_8_bit = format_.samples == ("uint8",)
    if only_8_bit and settings.depth is None and settings.map != "raw":
        return replace(settings, depth="8")
    return settings


def _numbered(outputs: Outputs, number: int, *, together: bool) -> Outputs:
    """Give the outputs of a later image their own files, unless one file takes them all."""
    one_file = outputs.shared and (together or outputs.paths == ("-",))
    if one_file or outputs.format.sequence:
        return outputs
    return replace(
        outputs,
        paths=tuple(
            f"{os.path.splitext(path)[0]}-{number:04}{os.path.splitext(path)[1]}"
            for path in outputs.paths
        ),
    )


def detect_input(
    job: Job,
    settings: Settings,
    limits: Limits,
    screen: Screen | None = None,
    plan: Planner = plan_detection,
    *,
    measured: bool = True,
) -> list[Result]:
    """Write the edge maps of every image of an input; all of a file's, or none of them.

    Each map is also shown on ``screen``, if there is one. ``measured`` says whether anyone will
    ask for the responses' extremes. Raises an EdgeCliError at the first image that fails.
    """
    with shared_workers(), ExitStack() as files, _Turns(measured=measured) as turns:
        begun: dict[str, ImageFile] = {}
        for planned, source in plan_input(job, settings, limits, plan):
            paths = planned.outputs.paths
            kept = filter(_is_file, paths) if job.outputs.no_clobber else ()
            result = replace(planned, kept=tuple(kept))
            if len(result.kept) == len(paths):
                source.close()
                turns.take(result)
                continue
            if job.outputs.folder is not None:
                make_folder(job.outputs.folder)
            for output in paths:
                if output not in begun and output not in result.kept:
                    file = files.enter_context(whole_file(output))
                    frames = limits.all_frames and result.outputs.shared
                    begun[output] = begin_file(result.outputs.format, file, source, frames=frames)
            sinks = _begin(result, [begun.get(path) for path in paths], screen)
            turns.detect(result, source, sinks)
        turns.finish()
        for image_file in begun.values():
            image_file.finish()
    return turns.results


class _Turns:
    """The images of one input, written in order.

    A small one, such as a frame of a video, is written when the next one has been read, so that
    reading, computing and writing overlap. If the next image fails, what was read is still
    written.
    """

    def __init__(self, *, measured: bool) -> None:
        self.results: list[Result] = []
        self._measured = measured
        self._running: deque[Callable[[], Result]] = deque()

    def __enter__(self) -> _Turns:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, EdgeCliError):
            self.finish()

    def take(self, result: Result) -> None:
        """Take the result of an image that is left as it is."""
        self.finish()
        self.results.append(result)

    def detect(self, result: Result, source: Source, sinks: Sequence[Sink]) -> None:
        """Read an image, and write it now or when the next one has been read."""
        early = starts_early(result.detection, source)
        self.finish(0 if not early else 1)
        try:
            if early:
                write = start_detection(result.detection, source, sinks, measured=self._measured)
                self._running.append(lambda: replace(result, measured=write()))
            else:
                measured = run_detection(result.detection, source, sinks, measured=self._measured)
                self.results.append(replace(result, measured=measured))
        finally:
            source.close()

    def finish(self, running: int = 0) -> None:
        """Write what has been read, except the last ``running`` images."""
        while len(self._running) > running:
            write = self._running.popleft()
            try:
                self.results.append(write())
            except BaseException:
                self._running.clear()  # nothing follows an image that is not whole
                raise


def _is_file(output: str) -> bool:
    return output != "-" and os.path.isfile(output)


def _begin(result: Result, files: Sequence[ImageFile | None], screen: Screen | None) -> list[Sink]:
    """Begin the edge maps of one image; those without a file are neither written nor shown."""
    shape = result.detection.written_shape
    sinks: list[Sink] = []
    for file, samples in zip(files, result.detection.samples, strict=True):
        if file is None:
            sinks.append(NoSink())
            continue
        sink = file.begin(shape, samples, result.info)
        sinks.append(screen.watch(sink, shape) if screen is not None else sink)
    return sinks
