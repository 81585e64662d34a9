"""From a scene's light to a picture: shadows, lens, sensor, development, JPEG."""

from __future__ import annotations

import io
import math

import numpy as np
from PIL import Image

from edgecli.training.fields import Field, Picture, Random, band, blur, log_uniform, slow, turned
from edgecli.training.shapes import outline, place


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
    for i in range(length):
        shift = i - length // 2
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
    noisy: Field = pixels + np.float32(strength) * bright * (grain[..., None] + noise)
    return noisy


def _compressed(random: Random, picture: Picture) -> Picture:
    buffer = io.BytesIO()
    quality = int(random.integers(35, 97))
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return np.array(Image.open(buffer))
