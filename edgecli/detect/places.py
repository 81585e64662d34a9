"""Where edge maps lie: their image's place on a map, moved as their windows are."""

from __future__ import annotations

from edgecli.detect.plan import Detection
from edgecli.geometry import Axis
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
