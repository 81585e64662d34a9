"""Floats that are no picture's, such as heights or temperatures: told by their range.

A picture's white is 1.0. Of other numbers nobody knows what is white: their edges are written as
numbers, too, or drawn with their range as white, which is looked for before they are read.
"""

from __future__ import annotations

import os
from contextlib import closing, suppress
from functools import lru_cache

import numpy as np

from edgecli.detect.plan import Detection
from edgecli.detect.seeing import looked_at
from edgecli.detect.settings import Settings
from edgecli.errors import ImageError
from edgecli.images.files import is_grid, may_be_floats, open_images
from edgecli.images.ranges import (
    Range,
    is_beyond_white,
    is_read_again,
    pieces,
    range_of,
    told_range,
)
from edgecli.images.sources import OVER_WHITE
from edgecli.records import replace
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import Rows, Source

ADVICE = "--white V takes another number, --map minmax that of the edges"

MOST_PIXELS = 2**31


def is_raster(path: str, settings: Settings) -> bool:
    """Whether a file's first image is of floats that no picture has.

    Reading ends at the first of them. What cannot be read is none: that is told elsewhere.
    """
    with suppress(ImageError):
        if may_be_floats(path):
            images = open_images(path, max_pixels=MOST_PIXELS)  # holds the file open
            with closing(looked_at(next(images), settings)) as source:
                return source.dtype.kind == "f" and any(map(_is_beyond, pieces(source)))
    return False


def _is_beyond(rows: Rows) -> bool:
    """Whether a finite sample is beyond those of a picture."""
    sizes = np.abs(rows)
    return bool((np.isfinite(sizes) & (sizes > OVER_WHITE)).any())


def by_range(
    settings: Settings, detection: Detection, source: Source, path: str | None = None
) -> tuple[Settings, Source]:
    """Return settings that have the range of an image's floats as white, if they need a white.

    A file of that ``path`` is looked through before it is read; what cannot be read twice is held,
    and the source returned is to be read.
    """
    if source.dtype.kind != "f" or settings.white is not None or not detection.needs_white:
        return settings, source
    if path is not None and is_read_again(path) and not isinstance(source, ArraySource):
        seen = _range_of_file(path, source.info.frame, settings, os.stat(path).st_mtime_ns)
    else:
        (rows,) = source.blocks([(0, source.shape[0])])
        source = ArraySource(rows, source.info)
        seen = range_of(source)
    if not is_beyond_white(seen):
        return settings, source
    source.info.notes.append(told_range(seen, ADVICE))
    return replace(settings, white=seen[1] - seen[0], black=seen[0]), source


def note_numbers(source: Source, path: str) -> None:
    """Leave a note on an image of heights, say, where nobody asked for a picture; grids are one."""
    if source.dtype.kind == "f" and path != "-" and not is_grid(path):
        source.info.notes.append(
            "has numbers that no picture has: its edges are numbers, too; --map auto draws them"
        )


@lru_cache(64)  # a share of an image asks as every other does
def _range_of_file(path: str, frame: int, settings: Settings, changed: int) -> Range:
    """Return the range of a page of a file, which is opened once more."""
    del changed
    images = open_images(path, max_pixels=2**62, page=frame + 1 if frame else None)
    with closing(looked_at(next(images), settings)) as source:
        return range_of(source)
