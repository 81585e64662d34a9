"""Scenes drawn from a seed: pictures in which every pixel is known to belong to one thing.

Things are painted over one another, from the farthest to the nearest (the dead leaves of Matheron,
1968; Lee, Mumford and Huang, "Occlusion models for natural images", 2001), with sizes by a power
law. Each has its own outline, material and light; some have parts. The labels alone decide what is
an edge, however faint or sharp it is in the picture; see ``targets.py``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edgecli.records import dataclass, field
from edgecli.training.camera import developed, lit
from edgecli.training.fields import Field, Picture, Random, blur, log_uniform
from edgecli.training.shapes import Mask, outline, overlap, ridge
from edgecli.training.surfaces import Palette, palette, surface, vary

Labels = NDArray[np.int16]
"""A number for each pixel: PARTS times the thing's number, plus the part's."""

PARTS = 16

AIR = np.array([0.75, 0.8, 0.85], np.float32)
"""The colour of haze."""

SMALLEST, LARGEST = 16, 1.3
"""Sides of things: the smallest in pixels, the largest as a share of the scene's side."""

MINOR = 36
"""Up to this side in pixels, things count as parts of what they lie on: people who draw outlines
work from large to small, and leave out the smallest."""


@dataclass(frozen=True, eq=False)
class Scene:
    """An 8-bit picture ``(H, W, 3)``, and labels ``(H, W)`` of what its pixels belong to."""

    picture: Picture
    labels: Labels


@dataclass(eq=False)
class _Canvas:
    """A scene being painted; ``defocus``, in pixels, blurs what is painted next."""

    random: Random
    pixels: Field
    labels: Labels
    palette: Palette
    things: int = 0
    parts: int = 0
    defocus: float = 0.0
    softness: float = field(default=0.5)

    @property
    def shape(self) -> tuple[int, int]:
        """Return the height and width."""
        return self.labels.shape[0], self.labels.shape[1]


def draw_scene(seed: int, size: int = 352) -> Scene:
    """Return a square scene; the same seed and size give the same scene.

    >>> scene = draw_scene(7, size=64)
    >>> scene.picture.shape, scene.picture.dtype, scene.labels.shape
    ((64, 64, 3), dtype('uint8'), (64, 64))
    """
    random = np.random.default_rng([seed, size])
    pixels = np.zeros((size, size, 3), np.float32)
    canvas = _Canvas(random, pixels, np.zeros((size, size), np.int16), palette(random))
    canvas.softness = random.uniform(0.3, 0.8)
    far, near = _focus(random)
    canvas.defocus = far
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
    """Return how far the farthest and the nearest things are out of focus, in pixels."""
    kind = random.random()
    if kind < 0.3:
        return log_uniform(random, 0.7, 5), 0.0
    return (0.0, log_uniform(random, 0.7, 4)) if kind < 0.4 else (0.0, 0.0)


def _paint_backdrop(canvas: _Canvas) -> None:
    """Paint what is behind all things: one surface, or skies and grounds."""
    random, everywhere = canvas.random, np.ones(canvas.shape, bool)
    centre = (canvas.shape[0] / 2, canvas.shape[1] / 2)
    _paint(canvas, everywhere, centre)
    if random.random() < 0.45:
        return
    levels = np.sort(random.uniform(0.15, 0.95, int(random.integers(1, 4))))
    for level in levels:
        _paint(canvas, ridge(random, canvas.shape, float(level)), centre)


def _paint_thing(canvas: _Canvas) -> None:
    """Paint one thing somewhere, now and then with parts or in a row of similar things."""
    random = canvas.random
    largest = LARGEST * max(canvas.shape)
    side = round(_power_law(random, min(SMALLEST, largest), largest, 0.9))
    mask = outline(random, side)
    places = [tuple(random.uniform(-0.1, 1.1, 2) * canvas.shape)]
    if random.random() < 0.12:
        step = random.normal(0, 1, 2)
        step *= side * random.uniform(0.7, 1.6) / max(float(np.hypot(*step)), 1e-6)
        places += [tuple(places[0] + k * step) for k in range(1, int(random.integers(3, 8)))]
    base = canvas.palette.pick(random)
    for centre in places:
        shade = base if len(places) == 1 else vary(random, base, 0.08)
        _cast_contact_shadow(canvas, mask, centre)
        _paint(canvas, mask, centre, shade, "thing" if side > MINOR else "minor")
        if side > MINOR and random.random() < 0.45:
            _paint_parts(canvas, mask, centre, shade)


def _paint_parts(canvas: _Canvas, mask: Mask, centre: tuple[float, ...], base: Field) -> None:
    """Paint parts onto the thing painted last: patches in its own colours or others."""
    random, side = canvas.random, len(mask)
    for _ in range(int(random.integers(1, 4))):
        size = round(side * random.uniform(0.2, 0.8))
        piece = np.zeros_like(mask)
        middle = side / 2 + random.normal(0, 0.22 * side, 2)
        target, source = overlap(piece.shape, (size, size), (middle[0], middle[1]))
        piece[target] = outline(random, size)[source]
        other = vary(random, base, 0.35) if random.random() < 0.6 else canvas.palette.pick(random)
        _paint(canvas, piece & mask, centre, other, "minor")


def _scatter(canvas: _Canvas) -> None:
    """Paint many small things of one kind close together, which count only as texture."""
    random, side = canvas.random, round(log_uniform(canvas.random, 4, 22))
    base, middle = canvas.palette.pick(random), random.uniform(0, 1, 2) * canvas.shape
    spread = max(canvas.shape) * log_uniform(random, 0.05, 0.4)
    masks = [outline(random, side) for _ in range(4)]
    for n in range(int(random.integers(6, 60))):
        centre = tuple(middle + random.normal(0, spread, 2))
        _paint(canvas, masks[n % 4], centre, vary(random, base, 0.2), "texture")


def _cast_contact_shadow(canvas: _Canvas, mask: Mask, centre: tuple[float, ...]) -> None:
    """Darken what is behind a thing, slightly to one side: no edge, though it may look like one."""
    random, side = canvas.random, len(mask)
    if random.random() > 0.35:
        return
    sigma = max(side * log_uniform(random, 0.01, 0.08), 0.8)
    margin = math.ceil(2 * sigma)
    soft = blur(np.pad(mask, margin).astype(np.float32), sigma)
    shift = random.normal(0, 1.2 * sigma, 2) + np.array([sigma, 0.0])
    place = (centre[0] + shift[0], centre[1] + shift[1])
    target, source = overlap(canvas.shape, soft.shape, place)
    dark = np.float32(random.uniform(0.15, 0.7))
    canvas.pixels[target] *= 1 - dark * soft[source][..., None]


def _paint(
    canvas: _Canvas,
    mask: Mask,
    centre: tuple[float, ...],
    base: Field | None = None,
    kind: str = "thing",
) -> None:
    """Paint a surface in a mask around a centre: a new thing, parts of those below, or texture."""
    random = canvas.random
    target, source = overlap(canvas.shape, mask.shape, (centre[0], centre[1]))
    shown = mask[source]
    if not shown.any():
        return
    paint = surface(random, shown.shape, canvas.palette.pick(random) if base is None else base)
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
    """Return a random number whose density falls with this power, which must not be 1."""
    k = 1 - exponent
    return float((low**k + random.random() * (high**k - low**k)) ** (1 / k))
