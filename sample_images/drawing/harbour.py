"""A harbour in flat colours, as in a picture book: large shapes with clear outlines."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 640, 480
FINE = 4  # sub-pixels along a pixel's side; their mean makes edges smooth
HORIZON = 290

Point = tuple[float, float]
Colour = tuple[int, int, int]

WHITE, CREAM, SAND = (250, 248, 240), (246, 232, 200), (226, 196, 140)
RED, ORANGE, WOOD, DARK = (205, 60, 50), (240, 150, 50), (135, 85, 55), (60, 55, 70)
SEA: Sequence[tuple[int, Colour]] = (
    (HORIZON, (70, 150, 190)), (345, (52, 128, 174)), (405, (38, 104, 152)),
)  # fmt: skip
HILLS: Sequence[tuple[Colour, Sequence[Point]]] = (
    ((160, 190, 175), ((0, 235), (110, 190), (250, 250), (400, 200), (560, 262), (640, 240))),
    ((110, 165, 105), ((0, 205), (70, 178), (170, 190), (250, 250), (300, 292))),
)


class Canvas:
    """Draws in pixels of the finished picture, on a sheet ``FINE`` times as large."""

    def __init__(self) -> None:
        self.sheet = Image.new("RGB", (WIDTH * FINE, HEIGHT * FINE))
        self.pen = ImageDraw.Draw(self.sheet)

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """Fill a polygon."""
        self.pen.polygon([(x * FINE, y * FINE) for x, y in points], colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Fill a circle."""
        box = ((x - radius) * FINE, (y - radius) * FINE, (x + radius) * FINE, (y + radius) * FINE)
        self.pen.ellipse(box, colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Fill an upright rectangle."""
        self.polygon(((left, top), (right, top), (right, bottom), (left, bottom)), colour)

    def pixels(self) -> NDArray[np.uint8]:
        """Return the picture, each pixel the mean of its sub-pixels."""
        return np.asarray(self.sheet.reduce(FINE))


def draw(time: float = 0.0) -> NDArray[np.uint8]:
    """Return the harbour; from 0 to 1 of time the boat sails past, and waves and gulls repeat."""
    canvas = Canvas()
    sky_and_hills(canvas, time)
    house(canvas)
    for number, (top, colour) in enumerate(SEA):
        if number == 1:
            boat(canvas, 325 + 150 * np.sin(2 * np.pi * time), 337 + 3 * np.sin(4 * np.pi * time))
        waves(canvas, top, colour, time + number / 3)
    lighthouse(canvas)
    buoy(canvas, 4 * np.sin(2 * np.pi * time))
    return canvas.pixels()


def sky_and_hills(canvas: Canvas, time: float) -> None:
    """Draw what is behind the sea."""
    canvas.box(0, 0, WIDTH, HEIGHT, (186, 218, 236))
    canvas.disc(505, 82, 40, (250, 205, 80))
    for left, y, size in ((110, 90, 1.0), (360, 60, 0.8)):
        for dx, dy, radius in ((0, 0, 22), (28, -12, 28), (60, -4, 24), (85, 4, 16), (42, 6, 22)):
            canvas.disc(left + size * dx, y + size * dy, size * radius, WHITE)
    for number, (x, y) in enumerate(((265, 150), (310, 125), (410, 160))):
        gull(canvas, x, y, np.sin(2 * np.pi * (2 * time + number / 3)))
    for colour, ridge in HILLS:
        canvas.polygon((*smooth(ridge), (ridge[-1][0], HORIZON + 2), (0, HORIZON + 2)), colour)


def smooth(ridge: Sequence[Point]) -> list[Point]:
    """Return a line through points that rises and falls gently from each to the next."""
    x, y = np.array(ridge).T
    fine = np.arange(x[0], x[-1] + 1)
    place = np.interp(fine, x, np.arange(len(x)))
    share = 0.5 - 0.5 * np.cos(np.pi * (place % 1))
    before = np.minimum(place.astype(int), len(x) - 2)
    heights = y[before] + np.where(place < len(x) - 1, share, 1) * (y[before + 1] - y[before])
    return list(zip(fine.tolist(), heights.tolist(), strict=True))


def gull(canvas: Canvas, x: float, y: float, flap: float) -> None:
    """Draw a gull of two wings, raised or lowered."""
    for side in (-1, 1):
        tip, bend = (x + side * 20, y - 6 - 5 * flap), (x + side * 9, y - 8 - 3 * flap)
        canvas.polygon(((x, y), bend, tip, (x + side * 9, y - 3 - 3 * flap), (x, y + 4)), DARK)


def house(canvas: Canvas) -> None:
    """Draw a house with a tree on the near hill."""
    canvas.box(66, 104, 80, 150, DARK)
    canvas.box(60, 158, 150, 218, CREAM)
    canvas.polygon(((48, 160), (80, 118), (130, 118), (162, 160)), RED)
    canvas.box(96, 180, 114, 218, WOOD)
    for left in (69, 123):
        canvas.box(left, 174, left + 18, 196, DARK)
        canvas.box(left + 2, 176, left + 8, 194, (170, 205, 225))
        canvas.box(left + 10, 176, left + 16, 194, (170, 205, 225))
    canvas.box(188, 190, 196, 228, WOOD)
    for x, y, radius in ((192, 150, 22), (178, 172, 20), (206, 172, 20)):
        canvas.disc(x, y, radius, (62, 120, 70))


def waves(canvas: Canvas, top: float, colour: Colour, time: float) -> None:
    """Draw a band of the sea down to the picture's foot; nearer waves are higher."""
    x = np.arange(WIDTH + 1)
    height = (top - HORIZON) / 18
    crest = top - height * np.abs(np.sin(np.pi * (x / 64 - 2 * time)))
    points = list(zip(x.tolist(), crest.tolist(), strict=True))
    canvas.polygon((*points, (WIDTH, HEIGHT), (0, HEIGHT)), colour)


def boat(canvas: Canvas, x: float, y: float) -> None:
    """Draw a boat with two sails, its waterline at ``(x, y)``."""
    canvas.box(x - 3, y - 175, x + 3, y - 20, DARK)
    canvas.polygon(((x + 3, y - 175), (x + 3, y - 158), (x + 32, y - 166)), RED)
    canvas.polygon(((x - 8, y - 160), (x - 8, y - 40), (x - 82, y - 40)), WHITE)
    canvas.polygon(((x + 8, y - 145), (x + 8, y - 40), (x + 70, y - 40)), ORANGE)
    canvas.polygon(((x - 98, y - 30), (x + 98, y - 30), (x + 70, y + 10), (x - 76, y + 10)), WOOD)
    canvas.polygon(((x - 98, y - 30), (x + 98, y - 30), (x + 92, y - 20), (x - 92, y - 20)), CREAM)
    for dx in (-45, 0, 45):
        canvas.disc(x + dx, y - 9, 6, CREAM)


def lighthouse(canvas: Canvas) -> None:
    """Draw a striped lighthouse on a rock in the foreground."""
    rock = ((470, 480), (482, 440), (505, 432), (520, 405), (560, 398), (600, 402), (640, 388))
    canvas.polygon((*rock, (640, 480)), (120, 110, 115))
    stripe = 216 / 5
    for number in range(5):
        top, foot = 186 + number * stripe, 186 + (number + 1) * stripe
        upper, lower = 23 + 2.8 * number, 25.8 + 2.8 * number  # half its width: it tapers
        corners = ((577 - upper, top), (577 + upper, top), (577 + lower, foot), (577 - lower, foot))
        canvas.polygon(corners, (WHITE, RED)[number % 2])
    canvas.box(568, 362, 588, 402, DARK)
    for y in (240, 320):
        canvas.box(571, y, 583, y + 18, DARK)
    canvas.box(542, 176, 612, 186, DARK)
    canvas.box(560, 140, 594, 176, (250, 230, 140))
    for x in (560, 576, 591):
        canvas.box(x, 140, x + 3, 176, DARK)
    canvas.polygon(((552, 142), (577, 112), (602, 142)), RED)


def buoy(canvas: Canvas, rise: float) -> None:
    """Draw a buoy in front, tossed by the waves."""
    for top, half, foot, wide, colour in (
        (395, 10, 440, 28, RED), (410, 16, 424, 21.6, WHITE), (440, 32, 458, 22, DARK),
    ):  # fmt: skip
        upper, lower = top - rise, foot - rise
        corners = (
            (130 - half, upper),
            (130 + half, upper),
            (130 + wide, lower),
            (130 - wide, lower),
        )
        canvas.polygon(corners, colour)
    canvas.disc(130, 388 - rise, 9, (250, 205, 80))
