"""One input: its images planned, and their edge maps written to the files of its job."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

import numpy as np

from edgecli.detect.made_by import made_by
from edgecli.detect.outputs import Job, is_there, make_folders_of, names_in
from edgecli.detect.places import begin_beside, is_placed, place_of_map
from edgecli.detect.plan import Detection, plan_detection, sums_fit
from edgecli.detect.ranges import by_range, note_numbers
from edgecli.detect.run import Crew, Measured, start_detection, starts_early
from edgecli.detect.seeing import as_seen
from edgecli.detect.settings import Settings
from edgecli.errors import EdgeCliError, OutputError, TooLargeError, UsageError
from edgecli.images.alpha import look_for_pixels
from edgecli.images.files import has_more_now, open_images
from edgecli.images.formats import (
    Format,
    ImageFile,
    begin_file,
    check_holds,
    check_several,
    whole_output,
)
from edgecli.images.nodata import has_gaps
from edgecli.records import dataclass, replace
from edgecli.rows.arrays import KeepingSink, NoSink
from edgecli.rows.base import ImageInfo, Rows, Sink, Source
from edgecli.rows.workers import shared_workers

if TYPE_CHECKING:
    from edgecli.detect.drawings import Drawn
    from edgecli.strokes.base import Canvas
    from edgecli.strokes.measures import Measures

MOST_SHOWN = 20
"""Rows and columns of numbers that a report may show."""


@dataclass(frozen=True)
class Limits:
    """How much of an input is read."""

    max_pixels: int = 2**31
    all_frames: bool = False
    page: int | None = None  # counted from 1; None is the first, or each of a stream

    def __post_init__(self) -> None:
        if self.all_frames and self.page is not None:
            raise UsageError("one page is asked for, and all of them; drop --page or --all-frames")


Place: TypeAlias = "Sink | Canvas"
"""Where an edge map goes, as pixels or as strokes."""

Watch = Callable[[Sink, tuple[int, int, int], tuple[float, ...] | None], Sink]
"""Returns a sink that does what a map's sink does, and shows the map, too.

It is given the map's shape, and the colour of where there is no edge: see ``Detection.paper``."""


Opener = Callable[[Format, str], AbstractContextManager[Any]]
"""Opens an output of a format, by its path."""


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
    ``strokes`` are the measures of each map's, where it was drawn. ``is_placed`` says that outputs
    have the image's place on a map.
    """

    info: ImageInfo
    detection: Detection
    outputs: tuple[str, ...]
    measured: Measured | None = None  # None where nothing was computed
    kept: tuple[str, ...] = ()
    numbers: tuple[Rows | None, ...] = ()
    strokes: tuple[Measures | None, ...] = ()
    is_placed: bool = False


def plan_input(
    job: Job, settings: Settings, limits: Limits, *, unread: bool = False
) -> Generator[tuple[Result, Source], None, None]:
    """Yield a plan for every image of an input, with the source to run it on, if it is to be."""
    if job.numbers:
        settings = replace(settings, map="raw")
    if job.format.samples == ("uint8",) and settings.depth is None and settings.map != "raw":
        settings = replace(settings, depth="8")
    images = open_images(
        job.path,
        max_pixels=limits.max_pixels,
        grey=settings.grey,
        all_frames=limits.all_frames,
        page=limits.page,
        threads=settings.threads,
        unread=unread,
    )
    for number, image in enumerate(images, 1):
        source = as_seen(image, settings)
        detection = _plan_image(job, settings, limits, source)
        drawn, source = by_range(settings, detection, source, job.path)
        if drawn != settings:
            detection = _plan_image(job, drawn, limits, source)
        if not sums_fit(source, detection):
            detection = _plan_image(job, drawn, limits, source, exact=False)
        if job.numbers:
            note_numbers(source, job.path)
        outputs = job.outputs
        if limits.page is not None or limits.all_frames or number > 1:
            outputs = _numbered(job, limits.page or number, limits)
        yield Result(source.info, detection, outputs, is_placed=is_placed(job)), source


def _plan_image(
    job: Job, settings: Settings, limits: Limits, source: Source, *, exact: bool = True
) -> Detection:
    """Lay settings over an image; an error says which: of a thousand, one may not fit."""
    try:
        gaps = has_gaps(source)
        clear = gaps and job.format.clears
        key = id(settings.lines.mask), source.shape, source.dtype, exact, gaps, clear
        detection = _plan(settings, *key)
        if gaps and not detection.carries_gaps and settings.nan == "propagate":
            source.info.notes.append(
                f"is written as {job.format.name}, which has no place for what is no data, and "
                "shows it as no edge; write png or tiff"
            )
        for samples in () if job.format.strokes else detection.sample_types:
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
    settings: Settings,
    mask: int,
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
    exact: bool,
    gaps: bool,
    clear: bool,
) -> Detection:
    """Plan a detection; settings that are equal may still have a mask of another ``id``."""
    del mask
    return plan_detection(settings, shape, dtype, exact=exact, gaps=gaps, clear=clear)


def _numbered(job: Job, number: int, limits: Limits) -> tuple[str, ...]:
    """Return the files of one of several images: its own, unless one file takes them all."""
    if job.frames:
        return tuple(file.format(frame=number) for file in job.frames)
    if limits.page is not None:
        return job.outputs
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
    crew: Crew | None = None,
) -> list[Result]:
    """Write the edge maps of every image of an input; all of a file's, or none of them.

    Each map is also shown by ``watch``, and ``progress`` told of, if given. ``measured`` says
    whether anyone will ask for the responses' extremes. A ``crew`` does the first image's work, if
    there is one, and no other is read. Raises an EdgeCliError at the first image that fails.
    """
    turns = _Turns()
    with shared_workers(), ExitStack() as stack:
        files = Files(job, limits, stack)
        try:
            for planned, source in plan_input(job, settings, limits):
                kept = tuple(filter(is_there, planned.outputs)) if job.no_clobber else ()
                result = replace(planned, kept=kept)
                with closing(source):
                    if kept == result.outputs:
                        turns.take(partial(replace, result))
                        continue
                    make_folders_of(result.outputs)
                    result, read, sinks = files.begin(result, source, watch)
                    if crew is not None:
                        look_for_pixels(source)
                    early = crew is None and starts_early(result.detection, read)
                    write = start_detection(
                        result.detection,
                        read,
                        sinks,
                        measured=measured,
                        early=early,
                        told=_begun(progress, result.detection),
                        crew=crew,
                    )
                    done = partial(_done, result, write, sinks)
                    turns.take(done, early=early and has_more_now(job.path))
                if crew is not None:
                    break
        except EdgeCliError:  # of the next image: what was read is still written
            turns.catch_up()
            raise
        turns.catch_up()
        files.finish()
    return turns.results


def _done(result: Result, write: Callable[[], Measured], sinks: Sequence[Place]) -> Result:
    """Write an image, and return what was measured; a note tells of drawings without a stroke."""
    measured = write()
    drawn = cast("Sequence[Drawn]", sinks if result.detection.settings.finish else ())
    strokes = tuple(sink.measures for sink in drawn)
    for path, measures in zip(result.outputs, strokes, strict=False):
        if measures is not None and not measures.count:
            file = "what is written" if path == "-" else path
            result.info.notes.append(f"has no edges that count; {file} has no strokes")
    return replace(result, measured=measured, strokes=strokes)


def _begun(progress: Progress | None, detection: Detection) -> Callable[[int], None] | None:
    """Say that an image begins, and return what is to be told of its rows, if anyone listens."""
    if progress is None:
        return None
    progress.begin(detection.map_shape[0])
    return progress.advance


def with_numbers(result: Result, sinks: list[Sink]) -> tuple[Result, list[Sink]]:
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
        self._waiting: list[Callable[[], Result]] = []

    def take(self, write: Callable[[], Result], *, early: bool = False) -> None:
        """Write an image after those before it, or where it was read ``early``, with the next."""
        self.catch_up()
        self._waiting.append(write)
        if not early:
            self.catch_up()

    def catch_up(self) -> None:
        """Write what has been read; nothing follows an image that fails."""
        while self._waiting:
            self.results.append(self._waiting.pop()())


class Files:
    """The files of one input's edge maps; several images may go to one.

    ``opened`` opens what is to be written.
    """

    def __init__(self, job: Job, limits: Limits, stack: ExitStack, opened: Opener = whole_output):
        self._job, self._stack, self._opened = job, stack, opened
        self._frames = limits.all_frames and job.shared
        self._begun: dict[str, ImageFile] = {}
        self._drawn: set[str] = set()  # files of strokes

    def begin(
        self, result: Result, source: Source, watch: Watch | None
    ) -> tuple[Result, Source, Sequence[Place]]:
        """Begin the edge maps of one image; files that are kept are neither written nor shown.

        The source returned is to be read, which may keep what is read.
        """
        if self._job.format.strokes:
            return result, *self._begin_drawn(result, source, watch)
        result, sinks = with_numbers(result, self._begin_painted(result, source, watch))
        return result, source, sinks

    def _begin_painted(self, result: Result, source: Source, watch: Watch | None) -> list[Sink]:
        shape = result.detection.written_shape
        sinks: list[Sink] = []
        named = list(zip(result.outputs, result.detection.sample_types, strict=True))
        for path in dict.fromkeys(result.outputs):
            types = [samples for output, samples in named if output == path]
            if path in result.kept:
                sinks += [NoSink() for _ in types]
                continue
            place = place_of_map(result.detection, result.info)
            profile = result.info.profile if result.detection.keeps_colours else None
            info = replace(result.info, place=place, profile=profile)
            begun = self._file(path, source, result, info).begin_maps(shape, types, info)
            paper = result.detection.paper
            sinks += begun if watch is None else [watch(sink, shape, paper) for sink in begun]
        return sinks

    def _begin_drawn(
        self, result: Result, source: Source, watch: Watch | None
    ) -> tuple[Source, list[Place]]:
        """Begin files of strokes, each of which takes one image."""
        from edgecli.detect.drawings import Drawn, Preview, begin_layers, laid_under

        source = laid_under(source, result.detection)
        detection, format_ = result.detection, self._job.format.name
        layers: dict[str, list[Canvas]] = {path: [] for path in result.kept}
        for path in dict.fromkeys(result.outputs):
            if path in layers:
                continue
            if path in self._drawn:
                raise OutputError(
                    f"{format_} holds the strokes of one image, and {result.info.path} has more; "
                    "give a folder with -o DIR/, and each has a file"
                )
            self._drawn.add(path)
            names = names_in(path, result.outputs, detection.maps)
            file = self._stack.enter_context(self._opened(self._job.format, path))
            layers[path] = [begin_layers(format_, file, source, detection, names)]
        drawn: list[Place] = []
        for path in result.outputs:
            seen = [] if watch is None else [Preview(source, detection.settings.style, watch)]
            drawn.append(Drawn(*layers[path], *seen))
        return source, drawn

    def _file(self, path: str, source: Source, result: Result, info: ImageInfo) -> ImageFile:
        """Return a file, begun at its first image, with what says beside it where that lies."""
        if path not in self._begun:
            file = self._stack.enter_context(self._opened(self._job.format, path))
            begin_beside(self._job, path, info, self._stack)
            settings = result.detection.settings
            self._begun[path] = begin_file(
                self._job.format, file, source, frames=self._frames, several=self._job.several,
                made_by=made_by(settings), threads=settings.threads,
                names=names_in(path, result.outputs, result.detection.maps),
            )  # fmt: skip
        return self._begun[path]

    def finish(self) -> None:
        """Complete all files; one that is not finished is as if it had never been begun."""
        for file in self._begun.values():
            file.finish()
