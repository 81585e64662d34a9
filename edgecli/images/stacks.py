"""Arrays as images: which of their axes are pages, rows, columns and channels."""

from __future__ import annotations

import math
from typing import NamedTuple

from edgecli.images import Shape

MOST_CHANNELS = 4
NARROW = 16  # a last axis up to this, behind longer ones, is not the width of an image


class Stack(NamedTuple):
    """How an array is looked at: so many pages, each height × width × channels."""

    pages: int
    shape: Shape


def stacked(shape: tuple[int, ...]) -> Stack | None:
    """Return how an array of a shape is looked at; None where it has no two sides, or is empty.

    A last axis of up to four behind two others are channels, whatever it was meant to be. All axes
    before height and width are pages; but a short last axis, that most likely are more channels, is
    no width.

    >>> stacked((480, 640)), stacked((480, 640, 3))
    (Stack(pages=1, shape=(480, 640, 1)), Stack(pages=1, shape=(480, 640, 3)))
    >>> stacked((3, 480, 640)), stacked((5, 7, 480, 640)).pages, stacked((2, 480, 640, 4)).pages
    (Stack(pages=3, shape=(480, 640, 1)), 35, 2)
    >>> stacked((480, 640, 7))
    """
    if len(shape) < 2 or min(shape) < 1 or _many_channels(shape):
        return None
    channels = shape[-1] if len(shape) > 2 and shape[-1] <= MOST_CHANNELS else 0
    *pages, height, width = shape[:-1] if channels else shape
    return Stack(math.prod(pages), (height, width, channels or 1))


def _many_channels(shape: tuple[int, ...]) -> bool:
    return len(shape) > 2 and MOST_CHANNELS < shape[-1] <= NARROW < min(shape[-3:-1])


def why_not_stacked(shape: tuple[int, ...]) -> str:
    """Return why an array of a shape is no image, and what to do."""
    dimensions = str(shape)[:60]
    if _many_channels(shape):
        return (
            f"has the shape {dimensions}, most likely of {shape[-1]} channels, and at most "
            f"{MOST_CHANNELS} are read together; numpy.moveaxis(array, -1, 0) makes pages of them"
        )
    if len(shape) > 1:
        return f"is an array without numbers, {dimensions}; save one with pixels"
    return (
        f"has the shape {dimensions}; save it as (H, W), or as (H, W, C) with C ≤ {MOST_CHANNELS}"
    )


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
