"""How scenes look: colours and surfaces of things, the light on them, and a camera's picture.

Surfaces and light are ``(H, W, 3)``, of about 0 to 1 and linear; a picture has 8 bits.
"""

from __future__ import annotations

import colorsys
import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgecli.training.fields import (
    Field,
    Picture,
    Random,
    Shape,
    band,
    blur,
    choice,
    log_uniform,
    slow,
    texture,
    turned,
)
from edgecli.training.shapes import outline, place

Colour = NDArray[np.float32]

FAMILIES = {
    ((0.04, 0.12), (0.15, 0.6)): 0.28,  # earth
    ((0.15, 0.36), (0.12, 0.55)): 0.22,  # leaf
    ((0.53, 0.65), (0.05, 0.55)): 0.14,  # sky
    ((0.0, 1.0), (0.0, 0.1)): 0.22,  # grey
    ((0.0, 1.0), (0.4, 1.0)): 0.08,  # paint
}
"""Ranges of hue and saturation (HSV, 0 to 1), and how often a colour is drawn from each."""


def colour(random: Random) -> Colour:
    """Return a colour as it occurs outdoors: mostly muted, often dark."""
    hues, saturations = choice(random, FAMILIES)
    hue, saturation = random.uniform(*hues), random.uniform(*saturations)
    value = 0.04 + 0.92 * random.beta(1.3, 1.4)
    return np.array(colorsys.hsv_to_rgb(hue, saturation, value), np.float32)


def palette(random: Random) -> list[Colour]:
    """Return 2 to 6 colours, all mixed with the same tint in the same proportion."""
    tint, share = colour(random), random.uniform(0, 0.5)
    count = int(random.integers(2, 7))
    mixed = ((1 - share) * colour(random) + share * tint for _ in range(count))
    return [c.astype(np.float32) for c in mixed]


def pick(random: Random, colours: list[Colour]) -> Colour:
    """Return one of the colours, lighter or darker, and now and then a new one."""
    if random.random() < 0.2:
        return colour(random)
    return vary(random, colours[random.integers(len(colours))], 0.35)


def vary(random: Random, base: Colour, amount: float) -> Colour:
    """Return a colour that is lighter or darker, and slightly different in hue."""
    gain = math.exp(random.normal(0, amount))
    return np.asarray((base * gain + random.normal(0, 0.02, 3)).clip(0.01, 1), np.float32)


def surface(random: Random, shape: Shape, base: Colour) -> Field:
    """Return a surface of one material, with its colour, texture and light."""
    field, is_plain = texture(random, shape)
    depth = log_uniform(random, 0.005, 0.06) if is_plain else log_uniform(random, 0.06, 0.8)
    drift = slow(random, shape, 2.6)
    light = depth * field
    if random.random() < 0.4:  # the texture varies in strength
        light = light * np.exp(0.7 * np.roll(drift, shape[0] // 3, 0)).clip(0, 2)
    if random.random() < 0.6:
        light = light + random.uniform(0.03, 0.35) * drift
    light = light + _shading(random, shape)
    pixels = base * np.exp(light.clip(-2.5, 1.2))[..., None]
    if random.random() < 0.4:  # the texture mixes two colours
        other = vary(random, colour(random) if random.random() < 0.3 else base, 0.3)
        share = np.tanh(field * random.uniform(0.3, 1.2)) * 0.5 * random.uniform(0.1, 0.9) + 0.5
        pixels += (other - base) * (share * min(3 * depth, 1))[..., None]
    return np.asarray(pixels, np.float32)


def _shading(random: Random, shape: Shape) -> Field:
    """Return the logarithm of the light on a flat thing, a slanted one or a round one."""
    u, v = turned(random, shape)
    kind = random.random()
    slant = np.float32(random.normal(0, 0.04 if kind < 0.35 else 0.3)) * u
    return slant if kind < 0.7 else slant - np.float32(random.uniform(0.1, 0.7)) * (u * u + v * v)


def lit(random: Random, pixels: Field) -> Field:
    """Return pixels under uneven light, with soft shadows and now and then dapples."""
    shape = pixels.shape[:2]
    light = random.uniform(0, 0.15) * slow(random, shape, 3.2)
    if random.random() < 0.4:
        light = light + random.normal(0, 0.25) * turned(random, shape)[0]
    if random.random() < 0.35:
        for _ in range(int(random.integers(1, 4))):
            light = light + _shadow(random, shape)
    if random.random() < 0.08:
        field = band(random, shape, log_uniform(random, 12, 60))
        light = light - random.uniform(0.2, 0.8) * blur((field > 0.2).astype(np.float32), 2)
    return pixels * np.exp(light.astype(np.float32))[..., None]


def _shadow(random: Random, shape: tuple[int, ...]) -> Field:
    """Return the logarithm of a cast shadow with a soft outline."""
    side = max(int(max(shape) * random.uniform(0.3, 1.0)), 1)
    mask = np.zeros(shape, bool)
    centre = [random.uniform(0, size) for size in shape]
    place(mask, outline(random, side), centre)
    return -random.uniform(0.2, 1.0) * blur(mask.astype(np.float32), log_uniform(random, 1.5, 9))


def developed(random: Random, pixels: Field) -> Picture:
    """Return the 8-bit picture that a camera makes of pixels of 0 to 1, with all its flaws."""
    pixels = blur(pixels, random.uniform(0.35, 1.0))
    if random.random() < 0.05:
        pixels = _moved(random, pixels)
    pixels = _noisy(random, _toned(random, pixels))
    if random.random() < 0.4:
        amount = np.float32(random.uniform(0.2, 1.2))
        pixels = pixels + amount * (pixels - blur(pixels, random.uniform(0.6, 1.5)))
    picture = (pixels.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    return _compressed(random, picture) if random.random() < 0.7 else picture


def _moved(random: Random, pixels: Field) -> Field:
    """Return pixels smeared along a line, as when the camera moves."""
    angle, length = random.uniform(0, math.pi), int(random.integers(2, 6))
    total = np.zeros_like(pixels)
    for shift in range(-(length // 2), length - length // 2):
        down, right = round(shift * math.sin(angle)), round(shift * math.cos(angle))
        total += np.roll(pixels, (down, right), (0, 1))
    return total / np.float32(length)


def _toned(random: Random, pixels: Field) -> Field:
    """Return pixels with another exposure, white balance and contrast, and softer highlights."""
    balance = np.exp(random.normal(0, 0.08, 3)).astype(np.float32)
    metered = random.uniform(0.22, 0.5) / max(float(pixels.mean()), 0.02)
    pixels = pixels * balance * np.float32(metered ** random.uniform(0.5, 1))
    pixels = np.maximum(pixels, 0) ** np.float32(math.exp(random.normal(0, 0.2)))
    pixels = pixels / (1 + np.maximum(pixels - 0.8, 0))
    veil = random.uniform(0, 0.12) if random.random() < 0.3 else 0.0
    return (pixels * (1 - veil) + veil).astype(np.float32)


def _noisy(random: Random, pixels: Field) -> Field:
    """Return pixels with noise, more in lightness than in colour, and more where it is bright."""
    H, W, _ = pixels.shape
    strength = log_uniform(random, 0.002, 0.05)
    grain = random.standard_normal((H, W), np.float32)
    if random.random() < 0.5:
        grain = blur(grain, random.uniform(0.3, 0.9)) * 1.6
    noise = random.standard_normal((H, W, 3), np.float32) * np.float32(random.uniform(0.1, 0.7))
    bright = np.sqrt(pixels.mean(2, keepdims=True).clip(0.05, 1))
    return np.asarray(pixels + np.float32(strength) * bright * (grain[..., None] + noise))


def _compressed(random: Random, picture: Picture) -> Picture:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=int(random.integers(35, 97)))
    return np.array(Image.open(buffer))
