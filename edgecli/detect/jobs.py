"""One input: its images planned, and their edge maps written to the files of its job."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from edgecli.detect.made_by import made_by
from edgecli.detect.outputs import Job, make_folders_of
from edgecli.detect.plan import Detection, plan_detection, sums_fit
from edgecli.detect.run import Measured, start_detection, starts_early
from edgecli.detect.settings import Settings
from edgecli.errors import EdgeCliError, TooLargeError
from edgecli.images.alpha import told_if_unseen
from edgecli.images.files import has_more_now, open_images, whole_file
from edgecli.images.formats import ImageFile, begin_file, check_holds, check_several
from edgecli.images.sources import upright
from edgecli.records import dataclass, replace
from edgecli.rows.arrays import KeepingSink, NoSink
from edgecli.rows.base import ImageInfo, Rows, Sink, Source
from edgecli.rows.workers import shared_workers

MOST_SHOWN = 20
"""Rows and columns of numbers that a report may show."""


@dataclass(frozen=True)
class Limits:
    """How much of an input is read."""

    max_pixels: int = 2**31
    all_frames: bool = False


Watch = Callable[[Sink, tuple[int, int, int], tuple[float, ...] | None], Sink]
"""Returns a sink that does what a map's sink does, and shows the map, too.

It is given the map's shape, and the colour of where there is no edge: see ``Detection.paper``."""


class Progress(Protocol):
    """Is told how far the images of an input are."""

    def begin(self, rows: int) -> None:
        """Take note that an image begins, of so many rows."""
        ...

    def advance(self, rows: int) -> None:
        """Take note that more rows are computed; called on any thread."""
        ...


@dataclass(frozen=True)
class Result:
    """One image done: what it was, what was decided, what was measured, what was written.

    ``kept`` are those of its outputs that were there before, and were to stay as they were.
    ``numbers`` are the maps themselves, each ``(H, W, C)``, where they are bare numbers and few.
    """

    info: ImageInfo
    detection: Detection
    outputs: tuple[str, ...]
    measured: Measured | None = None  # None where nothing was computed
    kept: tuple[str, ...] = ()
    numbers: tuple[Rows | None, ...] = ()


def plan_input(
    job: Job, settings: Settings, limits: Limits
) -> Generator[tuple[Result, Source], None, None]:
    """Yield a plan for every image of an input, with the source to run it on."""
    if job.numbers:
        settings = replace(settings, map="raw")
    if job.format.samples == ("uint8",) and settings.depth is None and settings.map != "raw":
        settings = replace(settings, depth="8")
    images = open_images(
        job.path, max_pixels=limits.max_pixels, grey=settings.grey, all_frames=limits.all_frames
    )
    for number, image in enumerate(images, 1):
        source = as_seen(image, settings)
        detection = _plan_image(job, settings, limits, source)
        if not sums_fit(source, detection):
            detection = _plan_image(job, settings, limits, source, exact=False)
        outputs = _numbered(job, number, limits) if limits.all_frames or number > 1 else job.outputs
        yield Result(source.info, detection, outputs), source


def as_seen(image: Source, settings: Settings) -> Source:
    """Return an image as it is looked at: upright, and made smaller where that is asked for."""
    seen = upright(image) if settings.auto_orient else image
    if settings.resize is not None:
        from edgecli.images.resizing import resized  # for those who ask for it

        seen = resized(seen, settings.resize)
    return told_if_unseen(seen, settings.background)


def _plan_image(
    job: Job, settings: Settings, limits: Limits, source: Source, *, exact: bool = True
) -> Detection:
    """Lay settings over an image; an error says which: of a thousand, one may not fit."""
    try:
        detection = _plan(settings, id(settings.lines.mask), source.shape, source.dtype, exact)
        for samples in detection.sample_types:
            check_holds(job.format, samples, detection.written_shape[2])
        if job.several:
            check_several(job.format, detection.written_shape[2])
    except EdgeCliError as error:
        raise type(error)(f"image {job.path}: {error}") from error
    height, width, _ = detection.map_shape
    if height * width > limits.max_pixels:
        raise TooLargeError(
            f"the edge map of {job.path} would have {height * width:,} pixels, more than the limit "
            f"{limits.max_pixels:,}; pad less, or raise it with --max-pixels"
        )
    return detection


@lru_cache(64)  # the frames of a video are alike, and many images of a batch
def _plan(
    settings: Settings, mask: int, shape: tuple[int, int, int], dtype: np.dtype[Any], exact: bool
) -> Detection:
    """Plan a detection; settings that are equal may still have a mask of another ``id``."""
    del mask
    return plan_detection(settings, shape, dtype, exact=exact)


def _numbered(job: Job, number: int, limits: Limits) -> tuple[str, ...]:
    """Return the files of one of several images: its own, unless one file takes them all."""
    if job.frames:
        return tuple(file.format(frame=number) for file in job.frames)
    together = (limits.all_frames and job.format.animated) or {*job.outputs} == {"-"}
    if job.format.sequence or (job.shared and together):
        return job.outputs
    parts = map(os.path.splitext, job.outputs)
    return tuple(f"{stem}-{number:04}{extension}" for stem, extension in parts)


def detect_input(
    job: Job,
    settings: Settings,
    limits: Limits,
    watch: Watch | None = None,
    *,
    measured: bool = True,
    progress: Progress | None = None,
) -> list[Result]:
    """Write the edge maps of every image of an input; all of a file's, or none of them.

    Each map is also shown by ``watch``, and ``progress`` told of, if given. ``measured`` says
    whether anyone will ask for the responses' extremes. Raises an EdgeCliError at the first image
    that fails.
    """
    turns = _Turns()
    with shared_workers(), ExitStack() as stack:
        files = _Files(job, limits, stack)
        try:
            for planned, source in plan_input(job, settings, limits):
                kept = tuple(filter(_is_file, planned.outputs)) if job.no_clobber else ()
                result = replace(planned, kept=kept)
                with closing(source):
                    if kept == result.outputs:
                        turns.take(result, lambda: None)
                        continue
                    detection = result.detection
                    sinks = files.begin(result, source, watch)
                    result, sinks = _with_numbers(result, sinks)
                    early = starts_early(detection, source)
                    write = start_detection(
                        detection,
                        source,
                        sinks,
                        measured=measured,
                        early=early,
                        told=_begun(progress, detection),
                    )
                    turns.take(result, write, early=early and has_more_now(job.path))
        except EdgeCliError:  # of the next image: what was read is still written
            turns.catch_up()
            raise
        turns.catch_up()
        files.finish()
    return turns.results


def _begun(progress: Progress | None, detection: Detection) -> Callable[[int], None] | None:
    """Say that an image begins, and return what is to be told of its rows, if anyone listens."""
    if progress is None:
        return None
    progress.begin(detection.map_shape[0])
    return progress.advance


def _with_numbers(result: Result, sinks: list[Sink]) -> tuple[Result, list[Sink]]:
    """Let maps of few numbers be kept beside being written, to be reported."""
    detection = result.detection
    height, width, channels = detection.map_shape
    if detection.settings.map != "raw" or max(height, width) > MOST_SHOWN or channels > 1:
        return result, sinks
    kept = [
        KeepingSink(sink, detection.map_shape, samples)
        for sink, samples in zip(sinks, detection.sample_types, strict=True)
    ]
    shown = zip(result.outputs, kept, strict=True)
    numbers = tuple(
        None if path == "-" or path in result.kept else sink.kept.array for path, sink in shown
    )
    return replace(result, numbers=numbers), [*kept]


class _Turns:
    """The images of one input, written in order: a small one when the next one has been read.

    So the next frame of a video is read while this one is computed.
    """

    def __init__(self) -> None:
        self.results: list[Result] = []
        self._waiting: list[tuple[Result, Callable[[], Measured | None]]] = []

    def take(
        self, result: Result, write: Callable[[], Measured | None], *, early: bool = False
    ) -> None:
        """Write an image after those before it, or where it was read ``early``, with the next."""
        self.catch_up()
        self._waiting.append((result, write))
        if not early:
            self.catch_up()

    def catch_up(self) -> None:
        """Write what has been read; nothing follows an image that fails."""
        while self._waiting:
            result, write = self._waiting.pop()
            self.results.append(replace(result, measured=write()))


class _Files:
    """The files of one input's edge maps; several images may go to one."""

    def __init__(self, job: Job, limits: Limits, stack: ExitStack) -> None:
        self._job, self._stack = job, stack
        self._frames = limits.all_frames and job.shared
        self._begun: dict[str, ImageFile] = {}

    def begin(self, result: Result, source: Source, watch: Watch | None) -> list[Sink]:
        """Begin the edge maps of one image; files that are kept are neither written nor shown."""
        make_folders_of(result.outputs)
        shape = result.detection.written_shape
        sinks: list[Sink] = []
        named = list(zip(result.outputs, result.detection.sample_types, strict=True))
        for path in dict.fromkeys(result.outputs):
            types = [samples for output, samples in named if output == path]
            if path in result.kept:
                sinks += [NoSink() for _ in types]
                continue
            begun = self._file(path, source, result).begin_maps(shape, types, result.info)
            paper = result.detection.paper
            sinks += begun if watch is None else [watch(sink, shape, paper) for sink in begun]
        return sinks

    def _file(self, path: str, source: Source, result: Result) -> ImageFile:
        """Return a file, begun at its first image."""
        if path not in self._begun:
            file = self._stack.enter_context(whole_file(path))
            self._begun[path] = begin_file(
                self._job.format,
                file,
                source,
                frames=self._frames,
                several=self._job.several,
                made_by=made_by(result.detection.settings),
            )
        return self._begun[path]

    def finish(self) -> None:
        """Complete all files; one that is not finished is as if it had never been begun."""
        for file in self._begun.values():
            file.finish()


def _is_file(output: str) -> bool:
    return output != "-" and os.path.isfile(output)
