"""Crops of scenes, as a network is shown them: every time another size, turn and development."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgecli.records import dataclass
from edgecli.training.fields import BICUBIC, Field, Random, log_uniform
from edgecli.training.scenes import Scene
from edgecli.training.targets import Target, target

SCALES = (0.57, 1.25)
"""Between which sizes scenes are shown, 1 being as drawn."""

LUMA = np.array([[0.299], [0.587], [0.114]], np.float32)

NEAREST = Image.Resampling.NEAREST


@dataclass(frozen=True, eq=False)
class Crop:
    """Pixels ``(3, side, side)`` in 0 to 1, and what to answer."""

    pixels: Field
    target: Target


def crop(random: Random, scene: Scene, side: int) -> Crop:
    """Return a square of a scene at a random size, mirrored and turned by right angles."""
    height, width = scene.labels.shape
    taken = min(round(side / log_uniform(random, *SCALES)), height, width)
    top, left = (int(random.integers(size - taken + 1)) for size in (height, width))
    box = (left, top, left + taken, top + taken)
    picture = _turned(random, scene, box, side)
    pixels = _redeveloped(random, picture.picture.astype(np.float32) / 255)
    return Crop(
        np.ascontiguousarray(pixels.transpose(2, 0, 1)), target(picture.picture, picture.labels)
    )


def whole(scene: Scene) -> Crop:
    """Return all of a scene as it is, to be measured on."""
    pixels = scene.picture.astype(np.float32).transpose(2, 0, 1) / 255
    return Crop(np.ascontiguousarray(pixels), target(scene.picture, scene.labels))


def _turned(random: Random, scene: Scene, box: tuple[int, int, int, int], side: int) -> Scene:
    picture = _resized(scene.picture, box, side, BICUBIC)
    labels = _resized(scene.labels.astype(np.int32), box, side, NEAREST)
    if random.random() < 0.5:
        picture, labels = picture[:, ::-1], labels[:, ::-1]
    if random.random() < 0.3:
        turns = int(random.integers(1, 4))
        picture, labels = np.rot90(picture, turns), np.rot90(labels, turns)
    return Scene(np.ascontiguousarray(picture), np.ascontiguousarray(labels))


def _resized(
    array: NDArray[Any],
    box: tuple[int, int, int, int],
    side: int,
    method: Image.Resampling,
) -> NDArray[Any]:
    left, top, right, bottom = box
    cut = np.ascontiguousarray(array[top:bottom, left:right])
    return np.array(Image.fromarray(cut).resize((side, side), method))


def _redeveloped(random: Random, pixels: Field) -> Field:
    """Return pixels in another tone and balance, now and then grey or noisy."""
    if random.random() < 0.12:
        pixels = np.repeat(pixels @ LUMA, 3, axis=2)
    else:
        pixels = pixels * np.exp(random.normal(0, 0.06, 3)).astype(np.float32)
    pixels = np.float32(math.exp(random.normal(0, 0.15))) * pixels ** np.float32(
        math.exp(random.normal(0, 0.15))
    )
    if random.random() < 0.3:
        noise = random.standard_normal(pixels.shape, np.float32)
        pixels = pixels + noise * np.float32(random.uniform(0, 0.03))
    return pixels.clip(0, 1)
