"""Digits drawn from a seed: strokes of many pens, and letters of fonts where there are any.

A drawn digit is ink on 32×32 pixels: a skeleton or a glyph, slanted, turned and warped, brought to
size, and placed near the middle. Low resolution, blur and dirt follow. ``shown`` then gives ink and
paper their colours, in another way each time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgecli.training.fields import Field, Random, blur, log_uniform
from edgecli.training.fonts import Families, Mask, glyph
from edgecli.training.skeletons import Path, skeleton

Inks = NDArray[np.uint8]
"""Ink of 0 to 255 ``(N, 32, 32)``."""

SIDE = 32  # px of a picture
FONTS = 0.3  # the share of digits that are glyphs, where there are fonts
SPACING = 0.4  # px between the points at which a pen touches the paper
FINE = 2  # samples of a glyph across a pixel


def draw_digit(number: int, families: Families) -> Field:
    """Return digit ``number % 10`` as ink of 0 to 1, ``(32, 32)``; the number is the seed."""
    random = np.random.default_rng(number)
    digit = number % 10
    if families and random.random() < FONTS:
        ink = _printed(random, digit, families)
    else:
        ink = _written(random, skeleton(random, digit))
    return _worn(random, ink)


def draw_digits(numbers: Sequence[int], families: Families) -> Inks:
    """Return these digits, one after another, in 8 bits."""
    drawn = [np.rint(255 * draw_digit(number, families)) for number in numbers]
    return np.array(drawn, np.uint8)


class Warp:
    """A slant, a turn, an aspect and smooth waves, the same for all points of a digit."""

    def __init__(self, random: Random, strength: float = 1.0) -> None:
        turn = math.radians(float(np.clip(random.normal(0, 6), -15, 15))) * strength
        slant = float(np.clip(random.normal(0.12, 0.25), -0.5, 0.8)) * strength
        c, s = math.cos(turn), math.sin(turn)
        self._matrix = np.array([[c, -s], [s, c]]) @ np.array([[1, -slant], [0, 1]])
        self._size = random.uniform(0, 0.045, (2, 2)) * strength
        self._waves = random.uniform(1.5, 6, (2, 2))
        self._phases = random.uniform(0, 2 * math.pi, (2, 2))

    def __call__(self, points: Path) -> Path:
        """Return points ``(…, 2)`` in other places; the middle of the digit is near (0, 0)."""
        waves = self._size * np.sin(points[..., None] * self._waves + self._phases)
        return np.asarray((points + waves.sum(-1)[..., ::-1]) @ self._matrix.T)


def _written(random: Random, paths: list[Path]) -> Field:
    """Return strokes as a pen of some width and pressure leaves them."""
    warp = Warp(random)
    aspect = np.array([log_uniform(random, 0.45, 1.05), 1.0])
    paths = [warp((path - 0.5) * aspect) for path in paths]
    length = _length(random)
    width = length * log_uniform(random, 0.055, 0.22)
    points = np.concatenate(paths)
    low, high = points.min(0), points.max(0)
    scale = (length - width) / max(float((high - low).max()), 1e-6)
    pressure = random.uniform(0, 0.35) if random.random() < 0.6 else 0.0
    touches = []
    for path in paths:
        dense = _dense(path * scale)
        along = np.linspace(0, random.uniform(2, 9), len(dense)) + random.uniform(0, 6)
        radii = width / 2 * (1 + pressure * np.sin(along))
        touches.append(np.column_stack([dense, radii]))
    marks = np.concatenate(touches)
    marks[:, :2] += _middle(random, marks[:, :2])
    return _inked(random, marks)


def _length(random: Random) -> float:
    """Return the longer side of a digit in pixels: mostly about 20."""
    return float(np.clip(random.normal(20, 2), 14, 27))


def _middle(random: Random, points: Path) -> NDArray[np.float64]:
    """Return the way that brings points near the middle, by their box or by their mean."""
    ends = points.min(0), points.max(0)
    centre = np.mean(ends if random.random() < 0.5 else points, axis=0)
    return np.asarray(SIDE / 2 - centre + np.clip(random.normal(0, 0.9, 2), -2.5, 2.5))


def _dense(path: Path) -> Path:
    lengths = np.hypot(*np.diff(path, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    fine = np.linspace(0, along[-1], max(int(along[-1] / SPACING), 2))
    return np.column_stack([np.interp(fine, along, path[:, n]) for n in (0, 1)])


def _inked(random: Random, marks: NDArray[np.float64]) -> Field:
    """Return the ink of a round or a broad nib that touched points (x, y, radius)."""
    centres = np.arange(SIDE, dtype=np.float32) + np.float32(0.5)
    dx, dy = (centres - marks[:, n : n + 1].astype(np.float32) for n in (0, 1))
    if random.random() < 0.2:  # a broad nib, thin across one direction
        lean = np.float32(random.uniform(-0.5, 0.5))
        dx = dx[:, None, :] + lean * dy[:, :, None]
        squared = dx * dx + (dy * np.float32(random.uniform(1, 1.6)))[:, :, None] ** 2
    else:
        squared = (dx * dx)[:, None, :] + (dy * dy)[:, :, None]
    radii = marks[:, 2].astype(np.float32)[:, None, None]
    reach = (radii - np.sqrt(squared)).max(0)
    return np.asarray((reach + 0.5).clip(0, 1))


def _printed(random: Random, digit: int, families: Families) -> Field:
    """Return a glyph of a font, warped and brought to size."""
    names = sorted(families)
    files = families[names[int(random.integers(len(names)))]]
    mask = glyph(files[int(random.integers(len(files)))], digit)
    if random.random() < 0.4:  # bolder or lighter
        soft = blur(mask, random.uniform(0.5, 2))
        mask = ((soft - np.float32(random.uniform(0.35, 0.6))) * 4 + np.float32(0.5)).clip(0, 1)
    warp = Warp(random, 0.8)
    size = max(mask.shape)
    scale = _length(random) / size
    squeeze = log_uniform(random, 0.75, 1.25)
    places = (np.arange(FINE * SIDE) + 0.5) / FINE - SIDE / 2
    shift = np.clip(random.normal(0, 0.9, 2), -2.5, 2.5)
    grid = np.stack(np.meshgrid(places - shift[0], places - shift[1]), -1) / scale
    there = warp(grid / size) * size * (squeeze, 1) + np.array(mask.shape[::-1]) / 2 - 0.5
    fine = _sampled(mask, there[..., 0], there[..., 1])
    return np.asarray(fine.reshape(SIDE, FINE, SIDE, FINE).mean((1, 3)), np.float32)


def _sampled(mask: Mask, xs: Field, ys: Field) -> Field:
    """Return a mask between its pixels, by bilinear interpolation; around it is no ink."""
    wide = np.pad(mask, 2)
    xs, ys = (np.clip(v + 2, 0, n - 1.001) for v, n in zip((xs, ys), wide.shape[::-1], strict=True))
    left, top = xs.astype(np.intp), ys.astype(np.intp)
    u, v = xs - left, ys - top
    upper = wide[top, left] * (1 - u) + wide[top, left + 1] * u
    lower = wide[top + 1, left] * (1 - u) + wide[top + 1, left + 1] * u
    return np.asarray(upper * (1 - v) + lower * v, np.float32)


def _worn(random: Random, ink: Field) -> Field:
    """Return ink at a lower resolution, blurred, with gaps or dirt, each now and then."""
    if random.random() < 0.3:
        ink = _coarse(random, ink)
    elif random.random() < 0.4:
        ink = blur(ink, random.uniform(0.2, 1.1))
    if random.random() < 0.15:  # a dry pen
        grain = blur(random.standard_normal((SIDE, SIDE), np.float32), 0.7)
        ink = ink * (1 - np.float32(random.uniform(0.3, 0.9)) * (grain > random.uniform(0.4, 0.8)))
    if random.random() < 0.08:  # specks
        for row, col in random.integers(0, SIDE, (int(random.integers(1, 5)), 2)):
            ink[row, col] = max(ink[row, col], random.uniform(0.3, 1))
    if random.random() < 0.04:  # the end of a neighbour
        ink[:, : int(random.integers(1, 3))] = random.uniform(0.3, 1)
    return ink.clip(0, 1)


def _coarse(random: Random, ink: Field) -> Field:
    """Return ink that was reduced to few pixels and enlarged again."""
    few = int(random.integers(11, 26))
    sampling = Image.Resampling
    ways = (sampling.BILINEAR, sampling.BICUBIC, sampling.BOX)
    small = Image.fromarray(ink).resize((few, few), sampling.BOX)
    way = ways[int(random.integers(len(ways)))]
    return np.array(small.resize((SIDE, SIDE), way), np.float32).clip(0, 1)


def shown(random: Random, inks: Inks) -> NDArray[np.float32]:
    """Return inks ``(N, 32, 32)`` as pictures ``(N, 3, 32, 32)`` of 0 to 1 in colours.

    Half of them are light on dark. Contrast, light and noise differ; some are black and white.
    """
    count = len(inks)

    def uniform(low: float, high: float, *shape: int) -> NDArray[np.float32]:
        return (low + (high - low) * random.random((count, *shape), np.float32)).astype(np.float32)

    ink = inks.astype(np.float32)[:, None] / 255
    ink = ink ** np.exp(uniform(-0.4, 0.4, 1, 1, 1))
    plain = uniform(0, 1, 1, 1, 1) < 0.35
    contrast, base = uniform(0.25, 1, 1, 1, 1), uniform(0, 1, 1, 1, 1)
    dark = np.where(plain, 0, base * (1 - contrast)) + np.zeros((1, 3, 1, 1), np.float32)
    light = np.where(plain, 1, dark + contrast)
    tint = np.where(plain, 0, 0.5 * (1 - contrast) * (uniform(0, 1, 1, 1, 1) < 0.6))
    dark, light = (c + tint * uniform(-0.5, 0.5, 3, 1, 1) for c in (dark, light))
    inverted = uniform(0, 1, 1, 1, 1) < 0.5
    paper, pen = np.where(inverted, dark, light), np.where(inverted, light, dark)
    across = np.linspace(-0.5, 0.5, SIDE, dtype=np.float32)
    slope = uniform(-0.3, 0.3, 1, 1, 1) * across + uniform(-0.3, 0.3, 1, 1, 1) * across[:, None]
    paper = paper + np.where(plain, 0, contrast * slope)
    pictures = paper + ink * (pen - paper)
    noise = random.standard_normal((count, 1, SIDE, SIDE), np.float32)
    rough = uniform(0, 0.12, 1, 1, 1) * contrast * (uniform(0, 1, 1, 1, 1) < 0.4)
    return np.asarray((pictures + np.where(plain, 0, rough) * noise).clip(0, 1), np.float32)
