"""Scenes drawn from a seed: pictures of which every pixel is known to belong to one thing.

Things are painted over one another, from the farthest to the nearest (the dead leaves of Matheron,
1968; Lee, Mumford and Huang, "Occlusion models for natural images", 2001). Their sizes follow a
power law. Each has an outline, a material and a light of its own, and some have parts. The labels
alone decide what is an edge, however faint it is in the picture; see ``crops.py``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edgecli.records import dataclass
from edgecli.training.fields import Field, Picture, Random, blur, log_uniform
from edgecli.training.looks import Colour, developed, lit, palette, pick, surface, vary
from edgecli.training.shapes import Mask, outline, overlap, place, ridge

PARTS = 16
Labels = NDArray[np.int16]
"""A number for each pixel: PARTS times the number of its thing, plus that of its part."""

Place = NDArray[np.float64]  # a row and a column in pixels

AIR = np.array([0.75, 0.8, 0.85], np.float32)  # the colour of haze
SMALLEST, LARGEST = 16, 1.3  # sides of things: px at least, and at most as a share of the scene's
MINOR = 36
"""Things of up to this side in px count as parts of what they lie on: people leave them out."""


@dataclass(frozen=True, eq=False)
class Scene:
    """An 8-bit picture ``(H, W, 3)``, and labels ``(H, W)`` that say what its pixels belong to."""

    picture: Picture
    labels: Labels


@dataclass(eq=False)
class _Canvas:
    """A scene while it is painted; ``defocus``, in pixels, blurs what is painted next."""

    random: Random
    pixels: Field
    labels: Labels
    palette: list[Colour]
    softness: float  # of outlines, in pixels
    defocus: float
    things: int = 0
    parts: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """Return the height and width."""
        return self.labels.shape


def draw_scene(seed: int, size: int = 352) -> Scene:
    """Return a square scene of ``size`` pixels a side; seed and size alone decide what it shows.

    >>> scene = draw_scene(7, size=64)
    >>> scene.picture.shape, scene.picture.dtype, scene.labels.shape
    ((64, 64, 3), dtype('uint8'), (64, 64))
    """
    random = np.random.default_rng([seed, size])
    pixels, labels = np.zeros((size, size, 3), np.float32), np.zeros((size, size), np.int16)
    colours, softness = palette(random), random.uniform(0.3, 0.8)
    far, near = _focus(random)
    canvas = _Canvas(random, pixels, labels, colours, softness, defocus=far)
    _paint_backdrop(canvas)
    count = round(log_uniform(random, 5, 36))
    haze = random.uniform(0.05, 0.35) if random.random() < 0.15 else 0.0
    air = vary(random, AIR, 0.15)
    for n in range(count):
        nearness = (n + 1) / count
        canvas.defocus = max(far * (1 - nearness), near * nearness)
        canvas.pixels += (air - canvas.pixels) * np.float32(haze / count)
        if random.random() < 0.05:
            _scatter(canvas)
        _paint_thing(canvas)
    return Scene(developed(random, lit(random, canvas.pixels)), canvas.labels)


def _focus(random: Random) -> tuple[float, float]:
    """Return by how many pixels the farthest and the nearest things are blurred."""
    kind = random.random()
    if kind < 0.3:
        return log_uniform(random, 0.7, 5), 0.0
    return (0.0, log_uniform(random, 0.7, 4)) if kind < 0.4 else (0.0, 0.0)


def _paint_backdrop(canvas: _Canvas) -> None:
    """Paint what is behind all things: one surface, or a sky and grounds."""
    random, centre = canvas.random, np.array(canvas.shape) / 2
    _paint(canvas, np.ones(canvas.shape, bool), centre)
    if random.random() < 0.45:
        return
    for level in np.sort(random.uniform(0.15, 0.95, int(random.integers(1, 4)))):
        _paint(canvas, ridge(random, canvas.shape, float(level)), centre)


def _paint_thing(canvas: _Canvas) -> None:
    """Paint one thing somewhere, now and then with parts or in a row of its like."""
    random = canvas.random
    largest = LARGEST * max(canvas.shape)
    side = round(_power_law(random, min(SMALLEST, largest), largest, 0.9))
    mask = outline(random, side)
    places = [random.uniform(-0.1, 1.1, 2) * canvas.shape]
    if random.random() < 0.12:
        step = random.normal(0, 1, 2)
        step *= side * random.uniform(0.7, 1.6) / max(float(np.hypot(*step)), 1e-6)
        places += [places[0] + k * step for k in range(1, int(random.integers(3, 8)))]
    base = pick(random, canvas.palette)
    for centre in places:
        shade = base if len(places) == 1 else vary(random, base, 0.08)
        _cast_contact_shadow(canvas, mask, centre)
        _paint(canvas, mask, centre, shade, "thing" if side > MINOR else "minor")
        if side > MINOR and random.random() < 0.45:
            _paint_parts(canvas, mask, centre, shade)


def _paint_parts(canvas: _Canvas, mask: Mask, centre: Place, base: Field) -> None:
    """Paint parts onto the thing painted last, as patches in its own colours or in others."""
    random, side = canvas.random, len(mask)
    for _ in range(int(random.integers(1, 4))):
        size = round(side * random.uniform(0.2, 0.8))
        piece = np.zeros_like(mask)
        middle = side / 2 + random.normal(0, 0.22 * side, 2)
        place(piece, outline(random, size), middle)
        other = vary(random, base, 0.35) if random.random() < 0.6 else pick(random, canvas.palette)
        _paint(canvas, piece & mask, centre, other, "minor")


def _scatter(canvas: _Canvas) -> None:
    """Paint many small things of one kind close together. They count as texture only."""
    random, side = canvas.random, round(log_uniform(canvas.random, 4, 22))
    base, middle = pick(random, canvas.palette), random.uniform(0, 1, 2) * canvas.shape
    spread = max(canvas.shape) * log_uniform(random, 0.05, 0.4)
    masks = [outline(random, side) for _ in range(4)]
    for n in range(int(random.integers(6, 60))):
        centre = middle + random.normal(0, spread, 2)
        _paint(canvas, masks[n % 4], centre, vary(random, base, 0.2), "texture")


def _cast_contact_shadow(canvas: _Canvas, mask: Mask, centre: Place) -> None:
    """Darken what is behind a thing, a little to one side. It is no edge, but may look like one."""
    random, side = canvas.random, len(mask)
    if random.random() > 0.35:
        return
    sigma = max(side * log_uniform(random, 0.01, 0.08), 0.8)
    margin = math.ceil(2 * sigma)
    soft = blur(np.pad(mask, margin).astype(np.float32), sigma)
    shift = random.normal(0, 1.2 * sigma, 2) + np.array([sigma, 0.0])
    target, source = overlap(canvas.shape, soft.shape, centre + shift)
    dark = np.float32(random.uniform(0.15, 0.7))
    canvas.pixels[target] *= 1 - dark * soft[source][..., None]


def _paint(
    canvas: _Canvas, mask: Mask, centre: Place, base: Field | None = None, kind: str = "thing"
) -> None:
    """Paint a surface in a mask around a centre.

    A ``thing`` is a new one, a ``minor`` is a part of whatever is below, a ``texture`` is neither.
    """
    random = canvas.random
    target, source = overlap(canvas.shape, mask.shape, centre)
    shown = mask[source]
    if not shown.any():
        return
    paint = surface(random, shown.shape, pick(random, canvas.palette) if base is None else base)
    alpha = blur(shown.astype(np.float32), math.hypot(canvas.softness, canvas.defocus))[..., None]
    region = canvas.pixels[target]
    region += (blur(paint, canvas.defocus) - region) * alpha
    labels = canvas.labels[target]
    if kind == "thing":
        canvas.things += 1
        labels[shown] = PARTS * canvas.things
    elif kind == "minor":
        canvas.parts = canvas.parts % (PARTS - 1) + 1
        labels[shown] = labels[shown] // PARTS * PARTS + canvas.parts


def _power_law(random: Random, low: float, high: float, exponent: float) -> float:
    """Return a number whose density falls with this power, which must not be 1."""
    k = 1 - exponent
    return float((low**k + random.random() * (high**k - low**k)) ** (1 / k))
