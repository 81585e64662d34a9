"""The range of an image's floats, which is its white where they go beyond those of a picture."""

from __future__ import annotations

import os
from collections.abc import Iterator

from edgecli.geometry import bands
from edgecli.images.sources import LIKELY_WHITES, OVER_WHITE, FloatCheck
from edgecli.images.zarr.store import is_store
from edgecli.rows.base import Rows, Source

Range = tuple[float, float]
"""The smallest and the largest finite sample."""

_PIECE = 1 << 20  # samples that are looked at together


def pieces(source: Source | FloatCheck) -> Iterator[Rows]:
    """Yield an image from top to bottom, some rows at a time."""
    height, width, channels = source.shape
    return source.blocks(list(bands(height, max(_PIECE // (width * channels), 1))))


def range_of(source: Source) -> Range:
    """Return the smallest and largest finite sample of an image of floats."""
    check = FloatCheck(source)
    for _ in pieces(check):
        pass
    return check.low, check.high


def is_read_again(path: str) -> bool:
    """Whether what lies at a path can be read more than once: no pipe can."""
    return os.path.isfile(path) or is_store(path)


def is_beyond_white(seen: Range) -> bool:
    """Whether floats of a range are no picture's, whose white is 1.0, so that it is their white.

    >>> is_beyond_white((0, 1.5)), is_beyond_white((0, 255)), is_beyond_white((7, 7))
    (False, True, False)
    """
    low, high = seen
    return max(-low, high) > OVER_WHITE and low < high


def told_range(seen: Range, advice: str = "--white V takes another number") -> str:
    """Return the note on a range that is taken for white, with ``advice`` where none is likely.

    >>> print(told_range((0, 212)))
    has numbers from 0 to 212, whose range is taken for white; if 255 is white, give --white 255
    """
    low, high = seen
    likely = next((one for one in LIKELY_WHITES if one >= high > one / 2), None)
    if low >= 0 and likely is not None:
        advice = f"if {likely} is white, give --white {likely}"
    return f"has numbers from {low:g} to {high:g}, whose range is taken for white; {advice}"
