"""What an input is: its images one after another, and what is planned for each."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from edgecli.detect.outputs import Job
from edgecli.detect.places import is_placed
from edgecli.detect.plan import Detection, plan_detection, sums_fit
from edgecli.detect.ranges import by_range, note_numbers
from edgecli.detect.run import Measured
from edgecli.detect.seeing import as_seen
from edgecli.detect.settings import Settings
from edgecli.errors import EdgeCliError, TooLargeError, UsageError
from edgecli.images.files import open_images
from edgecli.images.formats import check_holds, check_several
from edgecli.images.nodata import has_gaps
from edgecli.records import dataclass, field, replace
from edgecli.rows.base import ImageInfo, Rows, Source

if TYPE_CHECKING:
    from edgecli.strokes.measures import Measures


@dataclass(frozen=True)
class Limits:
    """How much of an input is read."""

    max_pixels: int = 2**31
    all_frames: bool = False
    page: int | None = None  # counted from 1; None is the first, or each of a stream

    def __post_init__(self) -> None:
        if self.all_frames and self.page is not None:
            raise UsageError(
                "one page is asked for, and all of them; drop --page or --all-frames",
                options=("page", "all_frames"),
            )


@dataclass(frozen=True)
class Result:
    """One image done: what it was, what was decided, what was measured, what was written.

    ``kept`` are those of its outputs that were there before, and were to stay as they were.
    ``numbers`` are the maps themselves, each ``(H, W, C)``, where they are bare numbers and few.
    ``strokes`` are the measures of each map's, where it was drawn. ``is_placed`` says that outputs
    have the image's place on a map, ``beside`` names the files that say so for each that has any.
    """

    info: ImageInfo
    detection: Detection
    outputs: tuple[str, ...]
    measured: Measured | None = None  # None where nothing was computed
    kept: tuple[str, ...] = ()
    numbers: tuple[Rows | None, ...] = ()
    strokes: tuple[Measures | None, ...] = ()
    is_placed: bool = False
    beside: Mapping[str, Sequence[str]] = field(default_factory=dict)


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
