"""Outlines of things, from smooth to ragged, as masks ``(side, side)``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from edgecli.training.fields import Random, blur, choice, cloud, log_uniform, turned

Mask = NDArray[np.bool_]


def blob(random: Random, side: int) -> Mask:
    """Return the inside of a smooth closed curve: a stretched circle with a few harmonics."""
    u, v = turned(random, (side, side))
    v = v * np.float32(random.uniform(1, 2.4))
    angle = np.arctan2(v, u)
    reach = np.full_like(u, 0.8)
    for k in range(2, int(random.integers(3, 8))):
        size, phase = random.normal(0, 0.35 / k), random.uniform(0, 2 * math.pi)
        reach += np.float32(size) * np.cos(k * angle + np.float32(phase))
    return np.asarray(np.hypot(u, v) < reach.clip(0.15, 1.3))


def rounded(random: Random, side: int) -> Mask:
    """Return an ellipse, a rectangle or a shape in between (Lamé curves), rotated."""
    u, v = turned(random, (side, side))
    power = np.float32(random.choice([2.0, 2.0, 3.0, 20.0]))
    slim = np.float32(random.uniform(1, 4))
    return np.asarray(np.abs(u / 0.92) ** power + np.abs(v * slim / 0.92) ** power < 1)


def upright(random: Random, side: int) -> Mask:
    """Return an upright rectangle, or nearly so: walls, doors, posts."""
    height, width = random.uniform(0.25, 1, 2) * side
    lean = random.normal(0, 0.04)
    rows, cols = np.indices((side, side), np.float32) - np.float32(side / 2)
    return np.asarray((np.abs(rows) < height / 2) & (np.abs(cols + lean * rows) < width / 2))


def polygon(random: Random, side: int) -> Mask:
    """Return a polygon of 3 to 9 corners around its middle: rocks, roofs, sails."""
    count = int(random.integers(3, 10))
    angles = np.sort(random.uniform(0, 2 * math.pi, count))
    radii = random.uniform(0.35, 1, count) * side / 2
    points = np.stack([np.cos(angles) * radii, np.sin(angles) * radii], 1) + side / 2
    image = Image.new("1", (side, side))
    ImageDraw.Draw(image).polygon(points.ravel().tolist(), fill=1)
    return np.array(image)


def limb(random: Random, side: int) -> Mask:
    """Return a tapering band along a winding path: limbs, trunks, branches, necks."""
    count = int(random.integers(3, 8))
    bends = random.normal(0, random.uniform(0.1, 0.7), count)
    turns = np.cumsum(bends) + random.uniform(0, 2 * math.pi)
    path = np.cumsum(np.stack([np.cos(turns), np.sin(turns)], 1), 0)
    path = path - (path.max(0) + path.min(0)) / 2
    path = path / max(float(np.abs(path).max()), 1e-6) * 0.42 * side + side / 2
    return along(random, side, path)


def along(random: Random, side: int, path: NDArray[np.float64]) -> Mask:
    """Return a tapering band along a path of ``(x, y)``."""
    fine = np.linspace(0, len(path) - 1, 6 * len(path))
    x, y = (np.interp(fine, np.arange(len(path)), path[:, i]) for i in (0, 1))
    widths = side * log_uniform(random, 0.02, 0.12) * np.linspace(1, random.uniform(0.2, 1), len(x))
    image = Image.new("1", (side, side))
    draw = ImageDraw.Draw(image)
    for cx, cy, r in zip(x, y, widths.clip(1), strict=True):
        draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=1)
    for i in range(len(x) - 1):
        draw.line((x[i], y[i], x[i + 1], y[i + 1]), fill=1, width=round(2 * widths[i]) or 1)
    return np.array(image)


def creature(random: Random, side: int) -> Mask:
    """Return a body with a head and limbs."""
    mask = np.zeros((side, side), bool)
    body = random.uniform(0.35, 0.6)
    place(mask, blob(random, max(int(side * body), 4)), (side / 2, side / 2))
    angles = random.uniform(0, 2 * math.pi, int(random.integers(1, 6)))
    for n, angle in enumerate(angles):
        toward = np.array([math.cos(angle), math.sin(angle)])
        if n == 0:
            head = max(int(side * body * random.uniform(0.4, 0.7)), 4)
            centre = side / 2 + toward[::-1] * side * body * 0.5
            place(mask, blob(random, head), centre)
        else:
            bend = random.normal(0, 0.08 * side, (3, 2))
            path = side / 2 + toward * np.array([[0.1], [0.28], [0.46]]) * side + bend
            mask |= along(random, side, path)
    return mask


def tree(random: Random, side: int) -> Mask:
    """Return a trunk with forking branches."""
    image = Image.new("1", (side, side))
    draw = ImageDraw.Draw(image)
    ends = [(side / 2, float(side), -math.pi / 2 + random.normal(0, 0.1), side * 0.32)]
    width = side * random.uniform(0.02, 0.07)
    for _ in range(int(random.integers(2, 5))):
        following = []
        for x, y, angle, length in ends:
            for _ in range(int(random.integers(1, 4))):
                way = angle + random.normal(0, 0.5)
                x2, y2 = x + length * math.cos(way), y + length * math.sin(way)
                draw.line((x, y, x2, y2), fill=1, width=max(round(width), 1))
                following.append((x2, y2, way, length * 0.7))
        ends, width = following[:24], width * 0.62
    return np.array(image)


def ridge(random: Random, shape: tuple[int, int], level: float) -> Mask:
    """Return all that is below a skyline at ``level`` (0 top, 1 bottom): hills, roofs, woods."""
    H, W = shape
    rough = cloud(random, (8, W), random.uniform(1.2, 3))[0]
    line = H * (level + rough * random.choice([0.0, 0.01, 0.03, 0.08]) * random.uniform(0.3, 1.5))
    line = line + (np.arange(W) - W / 2) * random.normal(0, 0.05)
    if random.random() < 0.15:
        step = max(int(random.integers(8, 60)), 1)
        line = np.repeat(line[::step], step)[:W]
    return np.asarray(np.arange(H)[:, None] >= line)


def ragged(random: Random, mask: Mask) -> Mask:
    """Return a mask with its outline roughened by 1/f noise: bushes, rocks, fur, torn clouds."""
    side = max(mask.shape)
    depth = log_uniform(random, 0.01, 0.08) * side
    soft = blur(mask.astype(np.float32), max(depth, 0.7))
    noise = cloud(random, mask.shape, random.uniform(1.2, 2.4))
    return soft + noise * np.float32(random.uniform(0.08, 0.22)) > 0.5


def place(mask: Mask, part: Mask, centre: Iterable[float]) -> None:
    """Add a part to a mask around a centre (row, column); what lies outside is cut off."""
    target, source = overlap(mask.shape, part.shape, centre)
    mask[target] |= part[source]


def overlap(
    shape: tuple[int, ...], part: tuple[int, ...], centre: Iterable[float]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return where in the whole a part around a centre lies, and which piece of it lies there."""
    targets, sources = [], []
    for size, length, middle in zip(shape, part, centre, strict=True):
        start = round(middle - length / 2)
        low, high = (min(max(end, 0), size) for end in (start, start + length))
        targets.append(slice(low, high))
        sources.append(slice(low - start, high - start))
    return (targets[0], targets[1]), (sources[0], sources[1])


OUTLINES: dict[Callable[[Random, int], Mask], float] = {
    blob: 0.24,
    rounded: 0.16,
    upright: 0.12,
    polygon: 0.14,
    limb: 0.12,
    creature: 0.16,
    tree: 0.06,
}
"""Every outline, and the share of things that have it."""


def outline(random: Random, side: int) -> Mask:
    """Return an outline of a random kind, ragged about one time in three."""
    mask = choice(random, OUTLINES)(random, side)
    return ragged(random, mask) if random.random() < 0.35 else mask
