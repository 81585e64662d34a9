"""Crops of scenes as a network sees them, every time in another size, turn and tone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgecli.training.fields import BICUBIC, Field, Picture, Random, log_uniform
from edgecli.training.scenes import Labels, Scene
from edgecli.training.targets import Target, target

SCALES = (0.57, 1.25)
"""The least and the greatest size of a scene in a crop; 1 is as drawn."""

LUMA = np.array([[0.299], [0.587], [0.114]], np.float32)

NEAREST = Image.Resampling.NEAREST


@dataclass(frozen=True, eq=False)
class Crop:
    """Pixels ``(3, side, side)`` of 0 to 1, and what the network should answer."""

    pixels: Field
    target: Target


def crop(random: Random, scene: Scene, side: int) -> Crop:
    """Return a square of a scene at a random size, perhaps mirrored and turned by right angles."""
    taken = min(round(side / log_uniform(random, *SCALES)), *scene.labels.shape)
    starts = [int(random.integers(size - taken + 1)) for size in scene.labels.shape]
    rows, cols = (slice(start, start + taken) for start in starts)
    shown = _turned(random, scene.picture[rows, cols], scene.labels[rows, cols], side)
    return _shown(shown, _redeveloped(random, shown.picture.astype(np.float32) / 255))


def whole(scene: Scene) -> Crop:
    """Return all of a scene as it is, for measuring a network."""
    return _shown(scene, scene.picture.astype(np.float32) / 255)


def _shown(scene: Scene, pixels: Field) -> Crop:
    """Return a scene as these pixels ``(H, W, 3)`` of 0 to 1 show it."""
    pixels = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    return Crop(pixels, target(scene.picture, scene.labels))


def _turned(random: Random, picture: Picture, labels: Labels, side: int) -> Scene:
    """Return part of a scene at this side, mirrored and turned at random."""
    picture = _resized(picture, side, BICUBIC)
    labels = _resized(labels.astype(np.int32), side, NEAREST)
    if random.random() < 0.5:
        picture, labels = picture[:, ::-1], labels[:, ::-1]
    if random.random() < 0.3:
        turns = int(random.integers(1, 4))
        picture, labels = np.rot90(picture, turns), np.rot90(labels, turns)
    return Scene(np.ascontiguousarray(picture), np.ascontiguousarray(labels))


def _resized(array: NDArray[Any], side: int, method: Image.Resampling) -> NDArray[Any]:
    image = Image.fromarray(np.ascontiguousarray(array))
    return np.array(image.resize((side, side), method))


def _redeveloped(random: Random, pixels: Field) -> Field:
    """Return pixels in another tone and colour balance, now and then in grey or with noise."""
    if random.random() < 0.12:
        pixels = np.repeat(pixels @ LUMA, 3, axis=2)
    else:
        pixels = pixels * np.exp(random.normal(0, 0.06, 3)).astype(np.float32)
    gain, gamma = (np.float32(math.exp(random.normal(0, 0.15))) for _ in range(2))
    pixels = gain * pixels**gamma
    if random.random() < 0.3:
        noise = random.standard_normal(pixels.shape, np.float32)
        pixels = pixels + noise * np.float32(random.uniform(0, 0.03))
    return pixels.clip(0, 1)
