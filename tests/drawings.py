"""Drawings made up for tests, and files of strokes as bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from edgecli.strokes.base import Curves, Drawing, Strokes
from edgecli.strokes.files.sheet import Sheet
from edgecli.strokes.files.writing import Layers, writer_of

SHEET = Sheet(300, 200, (0.25, 0.25), title="a.jpg", made="edgecli 1 detect -f canny")


def drawing_of(
    lines: Sequence[Sequence[tuple[float, float]]],
    closed: Sequence[bool] = (),
    *,
    name: str = "canny:1.4",
    strength: float = 2.5,
) -> Drawing:
    """Return a drawing of some lines; all are open unless it says which are closed."""
    sizes = [len(line) for line in lines]
    points = np.array([point for line in lines for point in line], float).reshape(-1, 2)
    bare = np.zeros(len(points), np.float32)
    starts = np.cumsum([0, *sizes])
    shut = np.array(closed or [False] * len(lines), bool)
    strokes = Strokes(points, np.full(len(points), strength), bare, starts, shut)
    return Drawing(name, strokes, None, 0.0, len(points))


def scribble(
    count: int, seed: int = 1, *, curved: bool = False, name: str = "canny:1.4"
) -> Drawing:
    """Return a drawing of ``count`` lines of 1 to 12 points; some are closed, some not finite."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 13, count)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    points = rng.uniform(-2, 310, (starts[-1], 2))
    strength = rng.gamma(2, 50, starts[-1]).astype(np.float32)
    strength[::17] = np.nan
    angle = rng.uniform(-np.pi, np.pi, starts[-1]).astype(np.float32)
    closed = (rng.uniform(size=count) < 0.3) & (sizes > 2)
    curves = None
    if curved:
        ends = np.concatenate([[0], np.cumsum(3 * np.maximum(sizes - 1, 1) + 1)])
        handles = rng.uniform(-2, 310, (ends[-1], 2))
        curves = Curves(handles, ends, closed)
    return Drawing(name, Strokes(points, strength, angle, starts, closed), curves, 12.5, starts[-1])


def written(format_: str, *drawings: Drawing, sheet: Sheet = SHEET) -> bytes:
    """Return the file of some drawings."""
    file, names = io.BytesIO(), [drawing.name for drawing in drawings]
    layers = Layers(file, lambda: writer_of(format_, sheet, names), len(drawings))
    for drawing in drawings:
        layers.draw(drawing)
    for _ in drawings:
        layers.finish()
    return file.getvalue()
