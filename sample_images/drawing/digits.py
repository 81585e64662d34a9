"""Digits as a pen writes them: of the size that LeNet-5 reads, and a seven on a sheet of paper."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from .noise import to_bytes

Points = Sequence[tuple[float, float]]
Colour = tuple[int, int, int]

SIDE = 32
FINE = 8  # sub-pixels along a pixel's side
BLACK, WHITE = (20, 20, 24), (250, 250, 246)

STROKES: dict[int, list[Points]] = {
    2: [
        [(0.1, 0.25), (0.4, 0.0), (0.85, 0.22), (0.6, 0.6), (0.05, 0.97)],
        [(0.05, 0.97), (1.0, 0.93)],
    ],
    3: [
        [(0.1, 0.12), (0.5, 0.0), (0.85, 0.22), (0.4, 0.46)],
        [(0.4, 0.46), (0.92, 0.68), (0.5, 1.0), (0.03, 0.86)],
    ],
    4: [[(0.3, 0.0), (0.05, 0.6)], [(0.05, 0.6), (0.95, 0.56)], [(0.72, 0.2), (0.66, 1.0)]],
    7: [
        [(0.02, 0.06), (0.95, 0.03)],
        [(0.95, 0.03), (0.55, 0.5), (0.35, 1.0)],
        [(0.3, 0.5), (0.85, 0.46)],
    ],
    8: [
        [(0.82, 0.16), (0.45, 0.0), (0.14, 0.22), (0.5, 0.47)],
        [(0.5, 0.47), (0.88, 0.76), (0.5, 1.0), (0.1, 0.77), (0.48, 0.48), (0.82, 0.16)],
    ],
}
"""Points on the strokes of each digit, from (0, 0) at the top left to (1, 1)."""


def curve(points: Points) -> NDArray[np.float64]:
    """Return points close together on a Catmull-Rom spline through these."""
    knots = np.array([points[0], *points, points[-1]])
    a, b, c, d = (knots[n : len(knots) - 3 + n, None] for n in range(4))
    t = np.linspace(0, 1, 40)[:, None]
    fine = b + (c - a + (2 * a - 5 * b + 4 * c - d + (3 * (b - c) + d - a) * t) * t) * t / 2
    return np.asarray(fine.reshape(-1, 2))


def ink(digit: int, size: tuple[int, int], corner: Points, pen: float) -> NDArray[np.float64]:
    """Return the ink of 0 to 1 of a digit between two corners (x, y), by a pen of this width."""
    (left, top), (right, bottom) = corner
    image = Image.new("L", (size[0] * FINE, size[1] * FINE))
    draw = ImageDraw.Draw(image)
    half = pen * FINE / 2
    for stroke in STROKES[digit]:
        for x, y in (left, top) + curve(stroke) * (right - left, bottom - top):
            middle = x * FINE, y * FINE
            draw.ellipse((*(m - half for m in middle), *(m + half for m in middle)), fill=255)
    return np.asarray(image.reduce(FINE), np.float64) / 255


def draw(digit: int, pen: Colour = BLACK, paper: Colour = WHITE) -> NDArray[np.uint8]:
    """Return a digit of 20 pixels in the middle of 32×32."""
    mask = ink(digit, (SIDE, SIDE), ((9.5, 7.0), (22.5, 25.0)), 2.4)[..., None]
    return to_bytes((paper + np.subtract(pen, paper) * mask) / 255, 0, 0)


def draw_photo() -> NDArray[np.uint8]:
    """Return a seven on grey paper, off the middle, under light from one side, with noise."""
    size = (420, 320)
    mask = ink(7, size, ((225.0, 90.0), (315.0, 230.0)), 9)[..., None]
    across, down = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]))
    light = (0.92 - 0.3 * across - 0.12 * down)[..., None]
    paper = light * np.array([226, 218, 200])
    photo = paper + (light * np.array([40, 60, 140]) - paper) * mask
    return to_bytes(photo / 255, 4, 7)
