"""What is in the pictures: shapes and noise, in whole numbers, the same on every machine."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]


def grey(height: int, width: int, *, seed: int = 0, noise: int = 24) -> NDArray[np.uint8]:
    """Draw a slope, a disc, a box and a stripe under some noise."""
    y, x = np.mgrid[:height, :width]
    picture = 40 + 80 * (x + y) // (height + width)
    disc = (y - height // 2) ** 2 + (x - width // 3) ** 2 < (min(height, width) // 3) ** 2
    picture[disc] += 90
    picture[height // 5 : height // 2, 2 * width // 3 : 9 * width // 10] -= 35
    picture[(x + 2 * y) % max(width // 2, 8) < 3] = 230
    drawn = np.random.default_rng(seed).integers(-noise, noise + 1, picture.shape)
    noisy: NDArray[np.uint8] = np.clip(picture + drawn, 0, 255).astype(np.uint8)
    return noisy


def rgb(height: int, width: int, *, seed: int = 0) -> NDArray[np.uint8]:
    """Draw three planes of the same shapes, each in its own brightness and noise."""
    planes = [grey(height, width, seed=seed + n) for n in range(3)]
    planes[1] = 255 - planes[1]
    planes[2] = np.roll(planes[2], width // 6, axis=1)
    return np.stack(planes, axis=2)


def rgba(height: int, width: int) -> NDArray[np.uint8]:
    """Draw colours that become transparent to the right, and not at all in one corner."""
    alpha = np.broadcast_to(np.arange(width) * 255 // (width - 1), (height, width)).copy()
    alpha[: height // 2, width // 2 :] = 255
    return np.concatenate([rgb(height, width), alpha[..., None].astype(np.uint8)], axis=2)


def deepened(pixels: Pixels) -> NDArray[np.uint16]:
    """Return 8 bits as 16, the low ones filled too."""
    low = np.arange(pixels.size, dtype=np.uint16).reshape(pixels.shape) % 251
    return pixels.astype(np.uint16) * np.uint16(257) ^ low


def unit(pixels: Pixels) -> NDArray[np.float32]:
    """Return 8 bits as floats, where 1.0 is white, a few of them brighter."""
    return pixels.astype(np.float32) / np.float32(240)


def frames(height: int, width: int, count: int = 3) -> list[NDArray[np.uint8]]:
    """Draw grey frames in which everything moves to the right."""
    return [np.roll(grey(height, width, seed=n), 4 * n, axis=1) for n in range(count)]
