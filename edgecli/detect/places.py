"""Where edge maps lie: their image's place on a map, moved as their windows are, and written."""

from __future__ import annotations

import os
from contextlib import ExitStack

from edgecli.detect.outputs import Job
from edgecli.detect.plan import Detection
from edgecli.geometry import Axis
from edgecli.images.files import is_device, whole_file
from edgecli.rows.base import ImageInfo
from edgecli.rows.place import Place


def place_of_map(detection: Detection, info: ImageInfo) -> Place | None:
    """Return where an image's edge maps lie, if it has a place itself.

    A pixel of theirs is as large as a step of the window, around the window's middle; padding and
    its lack, strides, kernels of even size and ``--resize`` move it.
    """
    if info.place is None:
        return None
    slide = detection.responses.slide
    (down, top), (across, left) = (1.0, 0.0), (1.0, 0.0)
    if slide is not None:
        (down, top), (across, left) = _pixel(slide.geometry.rows), _pixel(slide.geometry.cols)
    wide, high = info.scale
    return info.place.seen((across * wide, down * high), (left * wide, top * high))


def _pixel(axis: Axis) -> tuple[float, float]:
    """Return how large a pixel of the output is, and where the first begins, in pixels.

    >>> _pixel(Axis(9, 3)), _pixel(Axis(9, 3, before=1, after=1)), _pixel(Axis(9, 3, stride=2))
    ((1.0, 1.0), (1.0, 0.0), (2.0, 0.5))
    """
    return float(axis.stride), (axis.span - axis.stride) / 2 - axis.before


def is_placed(job: Job) -> bool:
    """Whether what a job writes says where it lies, if its image does."""
    return job.world_file or job.format.name in ("tiff", "geojson", "dxf")


def begin_beside(job: Job, path: str, info: ImageInfo, stack: ExitStack) -> list[str]:
    """Begin the files that place an edge map beside it, and return their names.

    ``info`` has the place of the edge map. Notes tell what cannot be written.
    """
    place = info.place
    if not job.world_file or is_device(path):
        _check_tiff(job, info)
        return []
    from edgecli.images.world_files import can_say, files_beside

    if place is None:
        info.notes.append("has no place on a map, so no world file is written")
        return []
    if place.control:
        info.notes.append(
            "lies between points of control, which no world file has; warp it first, by gdalwarp"
        )
    elif not can_say(place.system):
        info.notes.append(
            f"has a coordinate system of its own, {place.system}, which no file beside it can "
            "name; TIFF keeps it"
        )
    files = [*files_beside(path, place)]
    if job.no_clobber:
        files = [(name, data) for name, data in files if not os.path.isfile(name)]
    for name, data in files:
        stack.enter_context(whole_file(name)).write(data)
    return [name for name, _ in files]


def _check_tiff(job: Job, info: ImageInfo) -> None:
    """Leave a note where a TIFF has no words for a coordinate system."""
    if info.place is None or job.format.name != "tiff":
        return
    from edgecli.images.tiff.geo import can_name

    if not can_name(info.place.system):
        info.notes.append(
            f"has a coordinate system, {info.place.system}, that TIFF cannot name without a list "
            "of all; --world-file writes it beside"
        )
