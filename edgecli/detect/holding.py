"""What an image takes of memory while its edges are found, as planned before it is decoded."""

from __future__ import annotations

import math
from contextlib import closing

from edgecli.detect.inputs import Limits, plan_input
from edgecli.detect.outputs import Job
from edgecli.detect.plan import Detection
from edgecli.detect.settings import Settings
from edgecli.images.files import is_decoded_late
from edgecli.rows.base import Source

BYTES_PER_PIXEL = 32
"""What an image takes at worst: what is held while it is decoded, up to 20 of them (of JPEG 2000:
``images/pillow/holding.py``), responses, a kept map."""

ROWS_AT_WORK = 1536
"""Rows, as read and as written, that an image takes in bands: of tiles that are decoded, of bands
on threads, of tiles that are written. Of tiles of 256 rows it was 500, as measured."""

_ONWARD = ("zeros", "constant", "replicate")  # padding that asks for no row that has passed
_WHOLE = ("jpeg", "webp")  # formats that are encoded in one go


def memory_of(detection: Detection, source: Source, job: Job) -> int:
    """Return about how many bytes an image takes at most, of which nothing is decoded yet.

    That is what is held of it, as its plan says, and the rows at work; and where more is kept, what
    any image takes at worst.
    """
    height, width, channels = source.shape
    if not _passes(detection, job):
        return BYTES_PER_PIXEL * height * width
    samples = detection.written_shape[2] * sum(one.itemsize for one in detection.sample_types)
    columns = max(width, detection.map_shape[1])
    return source.info.held + ROWS_AT_WORK * columns * (channels * source.dtype.itemsize + samples)


def _passes(detection: Detection, job: Job) -> bool:
    """Whether edge maps pass in bands of few rows on their way to a file, and nothing is kept."""
    settings = detection.settings
    more = (settings.network, settings.recipe, settings.finish, settings.resize)
    whole = job.format.name in _WHOLE or any(plan.whole for plan in detection.plans)
    return more == (None,) * 4 and not whole and settings.padding_mode.mode in _ONWARD


def pixels_within(job: Job, settings: Settings, limits: Limits, share: int) -> int:
    """Return the pixels of a file's image, or of its map, if it takes no more than some bytes.

    0 where it takes more, or that is not known before it is decoded, nor of what follows it.
    Raises an EdgeCliError.
    """
    if limits.all_frames or not is_decoded_late(job.path):
        return 0
    with closing(plan_input(job, settings, limits, unread=True)) as images:
        planned, source = next(images)
        with closing(source):
            if memory_of(planned.detection, source, job) > share:
                return 0
            return max(math.prod(source.shape[:2]), math.prod(planned.detection.map_shape[:2]))
