"""Flat pictures that show what a filter finds: plain shapes, and colours of equal luma."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.float64]
Mask = NDArray[np.bool_]

SIZE = 256
FINE = 8  # sub-pixels along a pixel's side; their mean makes edges smooth
LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
EVEN_LUMA = 140.0


def places(size: int) -> tuple[Grid, Grid]:
    """Return x and y of every sub-pixel, in pixels."""
    along = (np.arange(size * FINE) + 0.5) / FINE
    return along[None, :] + 0 * along[:, None], along[:, None] + 0 * along[None, :]


def shrink(fine: Grid) -> Grid:
    """Return the mean of the sub-pixels of every pixel, for each colour."""
    side = fine.shape[0] // FINE
    averaged: Grid = fine.reshape(side, FINE, side, FINE, *fine.shape[2:]).mean(axis=(1, 3))
    return averaged


def square(x: Grid, y: Grid, half: float, turn: float = 0.0) -> Mask:
    """Return the inside of a square around the origin, turned by an angle in degrees."""
    cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    u, v = cosine * x + sine * y, cosine * y - sine * x
    inside: Mask = np.maximum(np.abs(u), np.abs(v)) < half
    return inside


def triangle(x: Grid, y: Grid, radius: float) -> Mask:
    """Return the inside of an upright equilateral triangle with this inner radius."""
    inside: Mask = np.maximum(y, np.abs(x) * np.sqrt(0.75) - y / 2) < radius
    return inside


def burst(x: Grid, y: Grid, radius: float) -> Mask:
    """Return the inside of a star of 24 rays, which has edges of every direction."""
    away, angle = np.hypot(x, y), np.arctan2(y, x)
    inside: Mask = (away < radius) & (away > 5) & (np.cos(angle * 24) > 0)
    return inside


def draw_shapes() -> NDArray[np.uint8]:
    """Return bright shapes on dark tiles, dark shapes on bright ones, bars and a ramp."""
    x, y = places(SIZE)
    grey = np.full_like(x, 40)
    tiles: Sequence[tuple[int, int, Callable[[Grid, Grid], Mask]]] = (
        (0, 0, lambda u, v: np.hypot(u, v) < 29),
        (1, 0, lambda u, v: square(u, v, 26)),
        (2, 0, lambda u, v: square(u, v, 25, turn=30)),
        (0, 1, lambda u, v: triangle(u, v - 7, 19)),
        (1, 1, lambda u, v: burst(u, v, 37)),
        (2, 1, lambda u, v: np.abs(np.hypot(u, v) - 23) < 7),
    )
    pitch = SIZE / 3
    for column, row, inside in tiles:
        u, v = x - (column + 0.5) * pitch, y - (row + 0.5) * pitch
        here = np.maximum(np.abs(u), np.abs(v)) <= pitch / 2
        light_ground = (column + row) % 2 == 1
        ground, figure = (215, 40) if light_ground else (40, 225)
        grey[here] = np.where(inside(u, v), figure, ground)[here]
    foot = y > 2 * pitch
    grey[foot] = bars_and_ramps(x, y - 2 * pitch)[foot]
    return np.rint(shrink(grey)).astype(np.uint8)


def bars_and_ramps(x: Grid, y: Grid) -> Grid:
    """Return bars that get wider, and below them a ramp that rises slowly and falls again."""
    bars = np.select([x < edge for edge in (16, 48, 72, 112, 160, 200, 256)], BAR_LEVELS)
    ramp = 40 + 185 * (0.5 - 0.5 * np.cos(x / SIZE * 2 * np.pi))
    return np.where(y < 43, bars, ramp)


BAR_LEVELS = [225, 40, 225, 40, 225, 40, 225]


def even_colour(hue: float, strength: float) -> Grid:
    """Return the colour of a hue (0...1) whose luma is EVEN_LUMA, with values 0...255."""
    turns = (hue + np.array([0, 2 / 3, 1 / 3])) * 2 * np.pi
    direction = np.cos(turns)
    direction -= direction @ LUMA
    room = np.where(direction > 0, 255 - EVEN_LUMA, EVEN_LUMA) / np.abs(direction)
    colour: Grid = EVEN_LUMA + strength * room.min() * direction
    return colour


def draw_colours() -> NDArray[np.uint8]:
    """Return a rose of overlapping petals, of many hues and one luma: in grey it is blank.

    A mixture of colours of one luma has that luma, so petals may be translucent and edges smooth.
    """
    x, y = places(SIZE)
    x, y = x - SIZE / 2, y - SIZE / 2
    away, angle = np.hypot(x, y), np.arctan2(y, x)
    wedge = np.floor((angle / (2 * np.pi) + 0.5) * 12).astype(int) % 12
    rim = [even_colour(k / 12, 0.5) for k in range(12)]
    picture = np.stack(rim)[wedge]
    picture[away < 118] = even_colour(0.62, 0.25)
    for petals, reach, width, start, strength in ((12, 84, 26, 0.0, 0.85), (6, 50, 20, 0.5, 0.8)):
        for k in range(petals):
            turn = (k + start) / petals * 2 * np.pi
            u, v = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
            inside = ((u - reach * 0.68) / (reach * 0.6)) ** 2 + (v / width) ** 2 < 1
            picture[inside] = 0.3 * picture[inside] + 0.7 * even_colour(k / petals, strength)
    picture[away < 17] = even_colour(0.12, 1.0)
    return np.rint(shrink(picture)).astype(np.uint8)
