"""Seeded textures, and the finish that makes a rendering look photographed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]  # float32 throughout, for speed


def fractal(size: int, slope: float, seed: int) -> Array:
    """Return a tileable square texture whose amplitudes fall with frequency as 1/f**slope.

    Plaster, stone and clouds have slopes between 1 and 2. The mean is 0, the deviation 1.
    """
    white = np.random.default_rng(seed).standard_normal((size, size))
    across = np.fft.rfftfreq(size)
    down = np.fft.fftfreq(size)
    frequency = np.hypot(down[:, None], across[None, :])
    frequency[0, 0] = np.inf
    texture = np.fft.irfft2(np.fft.rfft2(white) / frequency**slope, s=(size, size))
    even: Array = (texture / texture.std()).astype(np.float32)
    return even


def lookup(texture: Array, u: Array, v: Array) -> Array:
    """Return a tileable texture's values at fractional places, interpolated bilinearly."""
    size = texture.shape[0]
    left, top = np.floor(u), np.floor(v)
    right_share, bottom_share = u - left, v - top
    x0, y0 = left.astype(np.int32) % size, top.astype(np.int32) % size
    x1, y1 = (x0 + 1) % size, (y0 + 1) % size
    upper = texture[y0, x0] * (1 - right_share) + texture[y0, x1] * right_share
    lower = texture[y1, x0] * (1 - right_share) + texture[y1, x1] * right_share
    sampled: Array = upper * (1 - bottom_share) + lower * bottom_share
    return sampled


def smoothstep(low: float, high: float, value: Array) -> Array:
    """Return values that rise smoothly from 0 at `low` to 1 at `high`."""
    t = np.clip((value - low) / (high - low), 0, 1)
    risen: Array = t * t * (3 - 2 * t)
    return risen


def vignette(picture: Array, strength: float) -> Array:
    """Return an (h, w, 3) picture that gets darker towards its corners, as a lens makes it."""
    height, width = picture.shape[:2]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    darkened: Array = picture * (1 - strength * (x * x + y * y) / 2)[..., None]
    return darkened


def develop(light: Array, exposure: float) -> Array:
    """Return linear light as display values 0...1, by a film curve and then the sRGB gamma.

    The curve is Krzysztof Narkowicz's fit to the ACES reference tone mapping.
    """
    x = np.maximum(light, 0) * exposure
    film = np.clip(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14), 0, 1)
    return np.where(film < 0.0031308, 12.92 * film, 1.055 * film ** (1 / 2.4) - 0.055)


def to_bytes(picture: Array, grain: float, seed: int) -> NDArray[np.uint8]:
    """Return values 0...1 as 8 bits, with sensor noise of a deviation of `grain` grey levels."""
    noise = np.random.default_rng(seed).standard_normal(picture.shape, dtype=np.float32)
    return np.clip(np.rint(picture * 255 + grain * noise), 0, 255).astype(np.uint8)
