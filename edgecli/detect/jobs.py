"""One input: the edge maps of its images, written one after another to the files of its job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING, Protocol, cast

from edgecli.detect.files import Files, Place, Watch
from edgecli.detect.inputs import Limits, Result, plan_input
from edgecli.detect.outputs import Job, is_there, make_folders_of
from edgecli.detect.plan import Detection
from edgecli.detect.run import Crew, Measured, start_detection, starts_early
from edgecli.detect.settings import Settings
from edgecli.errors import EdgeCliError
from edgecli.images.alpha import look_for_pixels
from edgecli.images.files import has_more_now
from edgecli.records import replace
from edgecli.rows.base import Source
from edgecli.rows.workers import shared_workers

if TYPE_CHECKING:
    from edgecli.detect.drawings import Drawn


class Progress(Protocol):
    """Is told how far the images of an input are."""

    def begin(self, rows: int) -> None:
        """Take note that an image begins, of so many rows."""
        ...

    def advance(self, rows: int) -> None:
        """Take note that more rows are computed; called on any thread."""
        ...


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
    started = partial(_started, measured=measured, progress=progress, crew=crew)
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
                    done, early = started(result, read, sinks)
                    turns.take(done, early=early and has_more_now(job.path))
                if crew is not None:
                    break
        except EdgeCliError:  # of the next image: what was read is still written
            turns.catch_up()
            raise
        turns.catch_up()
        files.finish()
    return turns.results


def _started(
    result: Result,
    source: Source,
    sinks: Sequence[Place],
    *,
    measured: bool,
    progress: Progress | None,
    crew: Crew | None,
) -> tuple[Callable[[], Result], bool]:
    """Start on an image; return what writes its maps, and whether workers are at them already."""
    early = crew is None and starts_early(result.detection, source)
    write = start_detection(
        result.detection,
        source,
        sinks,
        measured=measured,
        early=early,
        told=_begun(progress, result.detection),
        crew=crew,
    )
    return partial(_done, result, write, sinks), early


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
