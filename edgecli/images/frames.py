"""Frames on a picture, with what they are beside it: a slide of 1280 × 720 pixels at least."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from edgecli.images.colour import Colour
from edgecli.images.thumbnails import INK, PAPER
from edgecli.records import dataclass
from edgecli.rows.base import Span

WIDTH, HEIGHT = 1280, 720  # pixels of the slide; a longer list makes it higher
MARGIN, LIST = 24, 380  # pixels around, and of the list's width
SMALL = 240  # pixels of the longer side of the whole picture, where a part is shown beside it
LINE, LETTER = 20, 14  # pixels from line to line, and of a letter's height
TITLE = 20  # pixels of a letter of the title
ROOM = 0.25  # of the largest frame, which is shown around it
WHOLE = 0.6  # a part whose sides are more than this of the picture's is no part
SOFT: Colour = (96, 96, 96)
DARK: Colour = (INK,) * 3

_Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Frame:
    """A frame around rows and columns ``[start, stop)``, its label, and more to say of it."""

    label: str
    more: str
    rows: Span
    cols: Span


@dataclass(frozen=True)
class _Part:
    """A part of the picture, ``scale`` times as large, with its corner at a pixel of the slide."""

    rows: Span
    cols: Span
    scale: float
    left: int
    top: int

    def box(self, rows: Span, cols: Span) -> _Box:
        """Return left, top, right and bottom of rows and columns, as far as they are in it."""
        (top, bottom), (left, right) = _within(rows, self.rows), _within(cols, self.cols)
        x, y = self.left - self.cols[0] * self.scale, self.top - self.rows[0] * self.scale
        return (
            x + left * self.scale, y + top * self.scale,
            x + right * self.scale - 1, y + bottom * self.scale - 1,
        )  # fmt: skip


def draw_frames(
    picture: NDArray[np.uint8], frames: Sequence[Frame], title: str
) -> NDArray[np.uint8]:
    """Return RGB ``(H, W, 3)``: frames on a picture ``(H, W, 3)``, innermost first, and a list.

    Where the frames are small, the part that they are in is enlarged, and the whole picture is
    small beside it.
    """
    height = max(HEIGHT, 2 * MARGIN + 2 * TITLE + len(frames) * 2 * LINE + 2 * MARGIN)
    slide = Image.new("RGB", (WIDTH, height), (PAPER,) * 3)
    draw = ImageDraw.Draw(slide)
    draw.text((MARGIN, MARGIN), title, fill=DARK, font=_font(TITLE))
    top = MARGIN + 2 * TITLE
    room = WIDTH - LIST - 3 * MARGIN, HEIGHT - top - MARGIN
    rows, cols = (_around(frames, n, picture.shape[n]) for n in (0, 1))
    part = _fitted(rows, cols, MARGIN, top, room)
    if max(rows[1] - rows[0], cols[1] - cols[0]) < WHOLE * max(picture.shape[:2]):
        whole = _fitted(_all(picture, 0), _all(picture, 1), MARGIN, top, (SMALL, SMALL))
        _paste(slide, picture, whole)
        draw.rectangle(whole.box(rows, cols), outline=DARK, width=3)
        left = MARGIN + SMALL + MARGIN
        part = _fitted(rows, cols, left, top, (room[0] - SMALL - MARGIN, room[1]))
    else:
        part = _fitted(_all(picture, 0), _all(picture, 1), MARGIN, top, room)
    _paste(slide, picture, part)
    _outline(draw, part, frames)
    _list(draw, frames, WIDTH - LIST - MARGIN, top)
    return np.asarray(slide)


def colours(count: int) -> list[Colour]:
    """Return colours from red to violet.

    >>> colours(2)
    [(255, 38, 38), (255, 38, 255)]
    """
    hues = (n * 5 / 6 / max(count - 1, 1) for n in range(count))
    shades = (colorsys.hsv_to_rgb(hue, 0.85, 1) for hue in hues)
    return [(round(255 * r), round(255 * g), round(255 * b)) for r, g, b in shades]


def _within(span: Span, limits: Span) -> Span:
    low, high = limits
    start = min(max(span[0], low), high)
    return start, max(min(span[1], high), start)


def _all(picture: NDArray[np.uint8], axis: int) -> Span:
    return 0, picture.shape[axis]


def _around(frames: Sequence[Frame], axis: int, size: int) -> Span:
    """Return what the frames and some room around them take of the picture."""
    spans = [(frame.rows, frame.cols)[axis] for frame in frames]
    start, stop = min(span[0] for span in spans), max(span[1] for span in spans)
    room = max(round((stop - start) * ROOM), 1)
    return _within((start - room, stop + room), (0, size))


def _fitted(rows: Span, cols: Span, left: int, top: int, room: tuple[int, int]) -> _Part:
    """Fit a part into so many pixels across and down; it is enlarged a whole number of times."""
    scale: float = min(room[0] / (cols[1] - cols[0]), room[1] / (rows[1] - rows[0]))
    return _Part(rows, cols, float(int(scale)) if scale >= 1 else scale, left, top)


def _paste(slide: Image.Image, picture: NDArray[np.uint8], part: _Part) -> None:
    pixels = np.ascontiguousarray(picture[slice(*part.rows), slice(*part.cols)])
    size = [max(round((b - a) * part.scale), 1) for a, b in (part.cols, part.rows)]
    how = Image.Resampling.NEAREST if part.scale >= 1 else Image.Resampling.BOX
    slide.paste(Image.fromarray(pixels).resize((size[0], size[1]), how), (part.left, part.top))


def _outline(draw: ImageDraw.ImageDraw, part: _Part, frames: Sequence[Frame]) -> None:
    """Draw the frames, and over them those labels that meet no other: the largest frame's first."""
    taken: list[_Box] = []
    font = _font(LETTER)
    boxes = [part.box(frame.rows, frame.cols) for frame in frames]
    told = list(zip(frames, boxes, colours(len(frames)), strict=True))[::-1]
    for _, (left, top, right, bottom), colour in told:
        draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), outline=DARK)
        draw.rectangle((left, top, right, bottom), outline=colour, width=2)
    for frame, box, colour in told:
        size = font.getlength(frame.label) + 6, LETTER + 4
        free = (one for one in _corners(box, size) if not any(_meet(one, other) for other in taken))
        for corner in islice(free, 1):
            taken.append(corner)
            draw.rectangle(corner, fill=colour)
            draw.text((corner[0] + 3, corner[1]), frame.label, fill=_on(colour), font=font)


def _corners(box: _Box, size: tuple[float, float]) -> Iterator[_Box]:
    """Yield where a label of a width and height fits into the corners of a box."""
    (left, top, right, bottom), (width, height) = box, size
    if right - left >= width and bottom - top >= height:
        for y in (top, bottom - height):
            for x in (left, right - width):
                yield x, y, x + width, y + height


def _on(colour: Colour) -> Colour:
    """Return the colour of letters that can be read on another."""
    red, green, blue = colour
    return DARK if 0.3 * red + 0.6 * green + 0.1 * blue > 110 else (255, 255, 255)


def _meet(a: _Box, b: _Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _list(draw: ImageDraw.ImageDraw, frames: Sequence[Frame], left: int, top: int) -> None:
    """Write what every frame is, the innermost first."""
    for n, (frame, colour) in enumerate(zip(frames, colours(len(frames)), strict=True)):
        y = top + n * 2 * LINE
        draw.rectangle((left, y + 2, left + LETTER, y + 2 + LETTER), fill=colour, outline=DARK)
        draw.text((left + 2 * LETTER, y), frame.label, fill=DARK, font=_font(LETTER))
        draw.text((left + 2 * LETTER, y + LINE - 3), frame.more, fill=SOFT, font=_font(LETTER - 2))


def _font(size: int) -> Any:
    return ImageFont.load_default(size)
