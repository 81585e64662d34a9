"""Random fields ``(H, W)`` of mean 0 and deviation 1: textures, light, rough outlines.

All randomness comes from the NumPy generator that is passed: the same state gives the same field.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Field = NDArray[np.floating]
"""Numbers ``(H, W)``, or light ``(H, W, 3)``; float32 except in intermediate steps."""

Picture = NDArray[np.uint8]
"""8-bit pixels ``(H, W, 3)``."""

Shape = tuple[int, int]
Random = np.random.Generator
T = TypeVar("T")

BICUBIC = Image.Resampling.BICUBIC


def log_uniform(random: Random, low: float, high: float) -> float:
    """Return a number whose logarithm is uniform."""
    return float(math.exp(random.uniform(math.log(low), math.log(high))))


def choice(random: Random, shares: Mapping[T, float]) -> T:
    """Return one of the keys, as often as its share says."""
    kinds, sizes = list(shares), np.array(list(shares.values()))
    return kinds[random.choice(len(kinds), p=sizes / sizes.sum())]


def widened(values: Field, radius: int, axis: int) -> Field:
    """Return values with this axis first, and its ends repeated ``radius`` times."""
    pads = [(0, 0)] * values.ndim
    pads[axis] = (radius, radius)
    return np.moveaxis(np.pad(values, pads, mode="edge"), axis, 0)


def blur(values: Field, sigma: float) -> Field:
    """Return ``(H, W)`` or ``(H, W, C)`` blurred by ``sigma`` pixels, the outermost repeated."""
    if sigma < 0.2:
        return values
    radius = max(math.ceil(2.5 * sigma), 1)
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    taps = (taps / taps.sum()).astype(np.float32)
    for axis in (0, 1):
        wide, size = widened(values, radius, axis), values.shape[axis]
        out = wide[radius : radius + size] * taps[radius]
        for i in range(radius):
            out += (wide[i : i + size] + wide[2 * radius - i : 2 * radius - i + size]) * taps[i]
        values = np.ascontiguousarray(np.moveaxis(out, 0, axis))
    return values


def normalised(values: Field) -> Field:
    """Return values scaled to mean 0 and deviation 1. A constant field gives 0."""
    centred = values - values.mean()
    return np.asarray(centred / max(float(centred.std()), 1e-6), np.float32)


def turned(random: Random, shape: Shape) -> tuple[Field, Field]:
    """Return all places along and across a random direction; the longer side spans −1 to 1."""
    scale = np.float32(2 / max(max(shape) - 1, 1))
    rows, cols = ((np.arange(n, dtype=np.float32) - np.float32((n - 1) / 2)) * scale for n in shape)
    rows, cols = np.broadcast_to(rows[:, None], shape), np.broadcast_to(cols, shape)
    angle = random.uniform(0, 2 * math.pi)
    s, c = np.float32(math.sin(angle)), np.float32(math.cos(angle))
    return c * cols + s * rows, c * rows - s * cols


def receding(random: Random, shape: Shape) -> tuple[Field, Field]:
    """Return places as ``turned`` does, half the time on a plane that recedes in perspective."""
    along, across = turned(random, shape)
    if random.random() < 0.5:
        return along, across
    distance = 1 + np.float32(random.uniform(-0.6, 0.6)) * across
    return along / distance, across / distance


def cloud(random: Random, shape: Shape, slope: float = 1.8, stretch: float = 1.0) -> Field:
    """Return 1/f^(slope/2) noise, whose amplitudes fall with frequency as in natural images.

    ``stretch`` elongates it along a random direction, like grain, water or fur.
    """
    size = _fast_size(max(shape))
    f = np.fft.fftfreq(size)[:, None].astype(np.float32)
    g = np.fft.rfftfreq(size)[None].astype(np.float32)
    angle = random.uniform(0, math.pi) if random.random() < 0.5 else 0.0
    along = (f * math.sin(angle) + g * math.cos(angle)) * stretch
    across = f * math.cos(angle) - g * math.sin(angle)
    power = (along**2 + across**2 + (0.5 / size) ** 2) ** np.float32(-slope / 2)
    return _shaped(random, power, shape)


def band(random: Random, shape: Shape, wavelength: float) -> Field:
    """Return noise around one wavelength in pixels, which looks like spots."""
    size = _fast_size(max(shape))
    f = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]).astype(np.float32)
    octaves = np.log2(np.maximum(f, 1e-6) * wavelength) / random.uniform(0.25, 0.7)
    return _shaped(random, np.exp(-0.5 * octaves**2), shape)


def _shaped(random: Random, amplitude: Field, shape: Shape) -> Field:
    """Return part of a square field of these amplitudes ``(n, n // 2 + 1)`` and random phases."""
    parts = random.standard_normal((*amplitude.shape, 2), np.float32).view(np.complex64)[..., 0]
    square = np.fft.irfft2(parts * amplitude, (len(amplitude), len(amplitude)))
    return normalised(square.astype(np.float32)[: shape[0], : shape[1]])


def _fast_size(size: int) -> int:
    """Return the least size from this one up whose Fourier transform is fast: 2^k or 3 · 2^k."""
    power = 1 << (max(size, 8) - 1).bit_length()
    return power * 3 // 4 if size <= power * 3 // 4 else power


def slow(random: Random, shape: Shape, slope: float = 2.8) -> Field:
    """Return smooth 1/f noise, drawn at every fourth pixel and interpolated."""
    small = cloud(random, (-(-shape[0] // 4) + 1, -(-shape[1] // 4) + 1), slope)
    image = Image.fromarray(small).resize((4 * small.shape[1], 4 * small.shape[0]), BICUBIC)
    return np.asarray(image, np.float32)[: shape[0], : shape[1]]


def spots(random: Random, shape: Shape) -> Field:
    """Return blotches of more or less sharp outline, like camouflage or a spotted coat."""
    field = band(random, shape, log_uniform(random, 6, 48))
    return normalised(np.tanh(field * random.uniform(0.5, 6) + random.uniform(-1, 1)))


def stripes(random: Random, shape: Shape) -> Field:
    """Return stripes: straight or wavering, smooth or sharp."""
    _, across = receding(random, shape)
    waver = slow(random, shape) * random.uniform(0, 1.5)
    phase = across * np.float32(math.pi * max(shape) / log_uniform(random, 4, 32)) + waver
    return normalised(np.tanh(np.sin(phase) * log_uniform(random, 0.5, 8)))


def checks(random: Random, shape: Shape) -> Field:
    """Return a lattice of checks, tiles or bricks."""
    along, across = receding(random, shape)
    cells = max(shape) / 2 / log_uniform(random, 6, 40)
    u = along * np.float32(cells)
    v = across * np.float32(cells * random.uniform(1, 2.5))
    if random.random() < 0.5:
        return normalised((np.floor(u) + np.floor(v)) % 2)
    u = u + 0.5 * (np.floor(v) % 2)
    joint = random.uniform(0.06, 0.25)
    return normalised(((u % 1 > joint) & (v % 1 > joint)).astype(np.float32))


def leaves(random: Random, shape: Shape) -> Field:
    """Return small overlapping shapes: foliage, pebbles, a distant crowd."""
    H, W = shape
    canvas = Image.new("F", (W, H))
    draw = ImageDraw.Draw(canvas)
    size = log_uniform(random, 1.5, 12)
    count = min(int(2.5 * H * W / (size * size)) + 1, 6000)
    slim, flat = random.uniform(0.25, 1), random.random() < 0.3
    centres = random.random((count, 2)) * (W + 2 * size, H + 2 * size) - size
    radii = size * np.exp(random.normal(0, 0.5, count)).clip(0.3, 3)
    angles = random.normal(0, 0.4, count) if flat else random.uniform(0, math.pi, count)
    corners = np.array([(1, 0), (0.3, 1), (-0.5, 0.8), (-1, 0), (-0.4, -1), (0.6, -0.8)])
    corners = corners * (1, slim)
    turn = np.stack([np.cos(angles), -np.sin(angles), np.sin(angles), np.cos(angles)], 1)
    points = np.einsum("nij,kj->nki", turn.reshape(-1, 2, 2), corners) * radii[:, None, None]
    tones = random.normal(0, 1, count)
    for polygon, tone in zip((points + centres[:, None]).reshape(count, -1), tones, strict=True):
        draw.polygon(polygon.tolist(), fill=float(tone))
    return normalised(np.asarray(canvas))


def thicket(random: Random, shape: Shape) -> Field:
    """Return light leaves in tufts before dark gaps: bushes, woods, heaps, rubble."""
    tufts = cloud(random, shape, random.uniform(1.4, 2.2))
    light = leaves(random, shape) + random.uniform(0.3, 1) * leaves(random, shape)
    return normalised(light + random.uniform(0.3, 2) * np.minimum(tufts, 0.5))


def creases(random: Random, shape: Shape) -> Field:
    """Return lines where noise changes sign, like wrinkles, veins, cracks, ripples or folds."""
    smooth = log_uniform(random, 1, 6) if random.random() < 0.5 else 1.0
    field = np.abs(cloud(random, shape, random.uniform(1.6, 2.8), smooth))
    return normalised(field ** np.float32(random.uniform(0.3, 1)))


def strokes(random: Random, shape: Shape) -> Field:
    """Return thin strokes in about one direction: grass, fur, straw, bark."""
    H, W = shape
    canvas = Image.new("F", (W, H))
    draw = ImageDraw.Draw(canvas)
    length, width = log_uniform(random, 6, 40), int(random.integers(1, 4))
    count = min(int(3 * H * W / (length * width)) + 1, 5000)
    starts = random.random((count, 2)) * (W + 2 * length, H + 2 * length) - length
    angles = random.uniform(0, math.pi) + random.normal(0, random.uniform(0.05, 0.6), count)
    lengths = length * random.uniform(0.5, 1.5, count)
    ends = starts + np.stack([np.cos(angles), np.sin(angles)], 1) * lengths[:, None]
    tones = random.normal(0, 1, count)
    lines = np.concatenate([starts, ends], 1)
    for line, tone in zip(lines.tolist(), tones.tolist(), strict=True):
        draw.line(line, fill=tone, width=width)
    return normalised(np.asarray(canvas))


def plain(random: Random, shape: Shape) -> Field:
    """Return a very faint texture: paint, sky, a distant wall."""
    return cloud(random, shape, random.uniform(1.6, 2.6))


def grain(random: Random, shape: Shape) -> Field:
    """Return 1/f noise of any roughness, perhaps elongated: stone, earth, water, hair."""
    stretch = log_uniform(random, 1, 8) if random.random() < 0.5 else 1.0
    return cloud(random, shape, random.uniform(0.8, 2.2), stretch)


def mottle(random: Random, shape: Shape) -> Field:
    """Return spots of one size without outlines."""
    return band(random, shape, log_uniform(random, 3, 30))


Texture = Callable[[Random, Shape], Field]

TEXTURES: dict[Texture, float] = {
    plain: 0.2,
    grain: 0.2,
    leaves: 0.14,
    thicket: 0.1,
    creases: 0.1,
    strokes: 0.1,
    mottle: 0.05,
    spots: 0.05,
    stripes: 0.05,
    checks: 0.05,
}
"""Every texture, and the share of surfaces that have it."""


def texture(random: Random, shape: Shape) -> tuple[Field, bool]:
    """Return a texture of a random kind, and whether that is ``plain``."""
    kind = choice(random, TEXTURES)
    return kind(random, shape), kind is plain
