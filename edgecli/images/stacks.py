"""Arrays as images: which of their axes are pages, rows, columns and channels."""

from __future__ import annotations

import math
from typing import NamedTuple

from edgecli.images import Shape

MOST_CHANNELS = 4


class Stack(NamedTuple):
    """How an array is looked at: so many pages, each height × width × channels."""

    pages: int
    shape: Shape


def stacked(shape: tuple[int, ...]) -> Stack | None:
    """Return how an array of a shape is looked at; None where it has no two sides, or is empty.

    A last axis of up to four behind two others are channels, whatever it was meant to be. All axes
    before height and width are pages.

    >>> stacked((480, 640)), stacked((480, 640, 3))
    (Stack(pages=1, shape=(480, 640, 1)), Stack(pages=1, shape=(480, 640, 3)))
    >>> stacked((3, 480, 640)), stacked((5, 7, 480, 640)).pages, stacked((2, 480, 640, 4)).pages
    (Stack(pages=3, shape=(480, 640, 1)), 35, 2)
    """
    if len(shape) < 2 or min(shape) < 1:
        return None
    channels = shape[-1] if len(shape) > 2 and shape[-1] <= MOST_CHANNELS else 0
    *pages, height, width = shape[:-1] if channels else shape
    return Stack(math.prod(pages), (height, width, channels or 1))


def more_pages(shape: tuple[int, ...], stack: Stack) -> str:
    """Return the note on the first page of several, where it alone is taken.

    What has up to four pages may have its colours first.

    >>> more_pages((3, 480, 640), stacked((3, 480, 640)))
    'has the shape (3, 480, 640), read as 3 pages, of which the first is taken; --page N takes \
another, --all-frames them all, and numpy.moveaxis(array, 0, -1) makes colours of them'
    """
    advice = "--page N takes another, --all-frames them all"
    if len(shape) == 3 and 2 <= shape[0] <= MOST_CHANNELS:
        advice += ", and numpy.moveaxis(array, 0, -1) makes colours of them"
    return (
        f"has the shape {str(shape)[:60]}, read as {stack.pages:,} pages, of which the first is "
        f"taken; {advice}"
    )
