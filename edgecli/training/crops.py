"""Crops of scenes as a network sees them, and what it should answer.

Every crop of a scene has another size, turn and tone. An edge runs where the label changes, and
nowhere else. People draw the edges between things and often leave out those between parts of one
thing, so the latter count half. An edge is ignored where nothing in the picture distinguishes its
two sides.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgecli.records import dataclass
from edgecli.training.fields import BICUBIC, Field, Picture, Random, blur, log_uniform, widened
from edgecli.training.scenes import PARTS, Labels, Scene

SCALES = (0.57, 1.25)  # the least and the greatest size of a scene in a crop; 1 is as drawn
LUMA = np.array([[0.299], [0.587], [0.114]], np.float32)
PART = 0.5  # the strength of an edge between parts of one thing; between things it is 1
SOFTNESS = 1.0  # px, the standard deviation of the fall-off around an edge
REACH = 2  # px beyond which nothing is left of an edge
FAINT, CLEAR = 1.0, 2.5  # visibility below which an edge is ignored; from which it counts in full


@dataclass(frozen=True, eq=False)
class Crop:
    """Pixels ``(3, H, W)``, the edges ``(H, W)`` to predict and how much they matter, of 0 to 1."""

    pixels: Field
    edges: Field
    weight: Field


def crop(random: Random, scene: Scene, side: int) -> Crop:
    """Return a square of a scene at a random size, perhaps mirrored and turned by right angles."""
    taken = min(round(side / log_uniform(random, *SCALES)), *scene.labels.shape)
    starts = [int(random.integers(size - taken + 1)) for size in scene.labels.shape]
    rows, cols = (slice(start, start + taken) for start in starts)
    shown = _turned(random, scene.picture[rows, cols], scene.labels[rows, cols], side)
    return _shown(shown, redeveloped(random, shown.picture.astype(np.float32) / 255))


def whole(scene: Scene) -> Crop:
    """Return all of a scene as it is, for measuring a network."""
    return _shown(scene, scene.picture.astype(np.float32) / 255)


def _shown(scene: Scene, pixels: Field) -> Crop:
    """Return a scene as these pixels ``(H, W, 3)`` of 0 to 1 show it."""
    return Crop(np.ascontiguousarray(pixels.transpose(2, 0, 1)), *target(scene))


def _turned(random: Random, picture: Picture, labels: Labels, side: int) -> Scene:
    """Return part of a scene at this side, mirrored and turned at random."""
    picture = _resized(picture, side, BICUBIC)
    labels = _resized(labels.astype(np.int32), side, Image.Resampling.NEAREST)
    if random.random() < 0.5:
        picture, labels = picture[:, ::-1], labels[:, ::-1]
    if random.random() < 0.3:
        turns = int(random.integers(1, 4))
        picture, labels = np.rot90(picture, turns), np.rot90(labels, turns)
    return Scene(np.ascontiguousarray(picture), np.ascontiguousarray(labels))


def _resized(array: NDArray[Any], side: int, method: Image.Resampling) -> NDArray[Any]:
    image = Image.fromarray(np.ascontiguousarray(array))
    return np.array(image.resize((side, side), method))


def redeveloped(random: Random, pixels: Field) -> Field:
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


def edge_strength(labels: Labels) -> Field:
    """Return 1 where the thing at the right or below is another one, PART where only the part is.

    >>> edge_strength(np.array([[16, 16, 17, 32]], np.int16))
    array([[0. , 0.5, 1. , 0. ]], dtype=float32)
    """
    strength = np.zeros(labels.shape, np.float32)
    things = labels // PARTS
    for axis, here in enumerate((strength[:-1], strength[:, :-1])):
        changed = np.diff(labels, axis=axis) != 0
        other = np.diff(things, axis=axis) != 0
        np.maximum(here, np.where(other, 1, np.where(changed, PART, 0)), out=here, casting="unsafe")
    return strength


def visibility(picture: Picture, reach: int = 3) -> Field:
    """Return how clearly the two sides of each pixel differ, in colour or in roughness.

    The means and deviations of a 5×5 window on either side are compared, in units of the deviation.
    A difference of 1 is barely visible.
    """
    pixels = picture.astype(np.float32) / 255
    mean = _box(pixels)
    grey = pixels.mean(2)
    rough = np.sqrt(np.maximum(_box(grey * grey) - _box(grey) ** 2, 0))
    best = np.zeros(grey.shape, np.float32)
    for axis in (0, 1):
        low, high = (_shifted(mean, s, axis) for s in (-reach, reach))
        colours = np.sqrt(((high - low) ** 2).mean(2))
        low, high = (_shifted(rough, s, axis) for s in (-reach, reach))
        seen = (colours + np.abs(high - low)) / (0.02 + 0.5 * (high + low) / 2)
        np.maximum(best, seen, out=best)
    return best


def target(scene: Scene) -> tuple[Field, Field]:
    """Return the edges to predict for a scene or a part of one, and how much they matter."""
    strength = edge_strength(scene.labels)
    edge = (strength > 0).astype(np.float32)
    seen = visibility(scene.picture)
    seen = blur(seen * edge, 2.5) / np.maximum(blur(edge, 2.5), 1e-3)  # the mean along contours
    told = ((seen - FAINT) / (CLEAR - FAINT)).clip(0, 1)
    faint = (edge > 0) & (seen < FAINT)
    strength = np.where(faint, 0, strength * (0.5 + 0.5 * told)).astype(np.float32)
    edges, hidden = softened(strength), softened(faint.astype(np.float32)) > 0
    return edges, np.where(hidden & (edges == 0), 0, 1).astype(np.float32)


def softened(strength: Field) -> Field:
    """Return strengths that fall off like a Gaussian within REACH pixels of each edge."""
    H, W = strength.shape
    wide = np.pad(strength, REACH)
    out = np.zeros((H, W), np.float32)
    for y in range(-REACH, REACH + 1):
        for x in range(-REACH, REACH + 1):
            squared = y * y + x * x
            if squared <= REACH * REACH:
                fall = np.float32(np.exp(-0.5 * squared / SOFTNESS**2))
                part = wide[REACH + y : REACH + y + H, REACH + x : REACH + x + W]
                np.maximum(out, part * fall, out=out)
    return out


def _box(values: Field) -> Field:
    """Return means over 5×5 pixels. What lies outside is like the outermost pixels."""
    for axis in (0, 1):
        wide, n = widened(values, 2, axis), values.shape[axis]
        total = (wide[:n] + wide[1 : n + 1] + wide[2 : n + 2] + wide[3 : n + 3] + wide[4:]) / 5
        values = np.moveaxis(total, 0, axis)
    return values


def _shifted(values: Field, by: int, axis: int) -> Field:
    """Return the values ``by`` pixels further on, the outermost ones repeated."""
    places = np.arange(values.shape[axis]) + by
    return np.take(values, places.clip(0, values.shape[axis] - 1), axis)
