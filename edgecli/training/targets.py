"""What a network should predict for a scene: edges from labels, and which pixels are ignored.

An edge runs where the label changes, and nowhere else. Between things it counts in full, between
parts of one thing half, as people draw the former and leave out the latter. Where nothing in the
picture distinguishes the two sides, the edge is ignored.
"""

from __future__ import annotations

import numpy as np

from edgecli.records import dataclass
from edgecli.training.fields import Field, Picture, blur
from edgecli.training.scenes import PARTS, Labels

PART = 0.5
"""The strength of an edge between parts of one thing; between things it is 1."""

SOFTNESS = 1.0
"""Standard deviation in pixels of the targets' fall-off around an edge, up to REACH pixels."""

REACH = 2

FAINT, CLEAR = 1.0, 2.5
"""Visibility below which an edge is ignored, and from which on it counts in full."""


@dataclass(frozen=True, eq=False)
class Target:
    """What to predict, and how much it matters, each ``(H, W)`` of 0 to 1."""

    edges: Field
    weight: Field


def edge_strength(labels: Labels) -> Field:
    """Return 1 where the thing changes to the right or below, PART where only the part does.

    >>> edge_strength(np.array([[16, 16, 17, 32]], np.int16))
    array([[0. , 0.5, 1. , 0. ]], dtype=float32)
    """
    strength = np.zeros(labels.shape, np.float32)
    things = labels // PARTS
    for axis in (0, 1):
        here = strength[:-1] if axis == 0 else strength[:, :-1]
        changed = np.diff(labels, axis=axis) != 0
        other = np.diff(things, axis=axis) != 0
        np.maximum(here, np.where(other, 1, np.where(changed, PART, 0)), out=here, casting="unsafe")
    return strength


def visibility(picture: Picture, reach: int = 3) -> Field:
    """Return how well the two sides of each pixel differ: in colour or in roughness.

    Compares means and deviations of 5×5 windows on either side, relative to the deviations; 1 is
    barely visible.
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


def target(picture: Picture, labels: Labels) -> Target:
    """Return what to predict for a scene, or for a part of it."""
    strength = edge_strength(labels)
    edge = (strength > 0).astype(np.float32)
    seen = visibility(picture)
    seen = blur(seen * edge, 2.5) / np.maximum(blur(edge, 2.5), 1e-3)  # averaged along contours
    told = ((seen - FAINT) / (CLEAR - FAINT)).clip(0, 1)
    faint = (edge > 0) & (seen < FAINT)
    strength = np.where(faint, 0, strength * (0.5 + 0.5 * told)).astype(np.float32)
    edges, hidden = softened(strength), softened(faint.astype(np.float32)) > 0
    weight = np.where(hidden & (edges == 0), 0, 1).astype(np.float32)
    return Target(edges, weight)


def softened(strength: Field) -> Field:
    """Return strengths falling off by a Gaussian within REACH pixels of each edge."""
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
    """Return means over 5×5 pixels, edges replicated."""
    for axis in (0, 1):
        pads = [(0, 0)] * values.ndim
        pads[axis] = (2, 2)
        wide = np.moveaxis(np.pad(values, pads, mode="edge"), axis, 0)
        n = values.shape[axis]
        total = (wide[:n] + wide[1 : n + 1] + wide[2 : n + 2] + wide[3 : n + 3] + wide[4:]) / 5
        values = np.moveaxis(total, 0, axis)
    return values


def _shifted(values: Field, by: int, axis: int) -> Field:
    """Return the values ``by`` pixels further on, with the outermost repeated."""
    places = np.arange(values.shape[axis]) + by
    return np.take(values, places.clip(0, values.shape[axis] - 1), axis)
