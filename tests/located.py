"""Edge pixels of pictures as they are located, before they are joined; shapes drawn exactly."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecli.detect.plan import plan_detection
from edgecli.detect.run import run_detection
from edgecli.detect.settings import Settings
from edgecli.records import replace
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import Source
from edgecli.strokes import drawing
from edgecli.strokes.base import Drawing, Finish, Located

SAMPLES = 16
"""Along each side of a pixel, whose mean it has."""

Picture = NDArray[np.uint8]


class Nowhere:
    """The canvas that keeps nothing."""

    def draw(self, drawing: Drawing) -> None:
        """Drop it."""

    def finish(self) -> None:
        """Nothing follows."""


def located(picture: ArrayLike | Source, settings: Settings) -> list[Located]:
    """Return the edge pixels of every edge map of a picture."""
    source: Any = picture if hasattr(picture, "blocks") else ArraySource.of(picture)
    detection = plan_detection(replace(settings, finish=Finish()), source.shape, source.dtype)
    found: list[Located] = []
    whole = drawing.draw

    def draw(edges: Located, *rest: Any, **named: Any) -> Drawing:
        found.append(edges)
        return whole(edges, *rest, **named)

    with patch.object(drawing, "draw", draw):
        run_detection(detection, source, [Nowhere() for _ in detection.plans])
    return found


def drawn(inside: NDArray[np.bool_], dark: float, bright: float, noise: float = 0) -> Picture:
    """Return a picture of what is inside, ``SAMPLES`` times as fine, with noise of a seed."""
    grey = dark + (bright - dark) * averaged(inside)
    grey += noise * np.random.default_rng(1).standard_normal(grey.shape)
    picture: Picture = np.rint(grey).clip(0, 255).astype(np.uint8)
    return picture


def averaged(samples: NDArray[Any]) -> NDArray[np.float64]:
    """Return the mean of the samples of every pixel."""
    rows, columns = (length // SAMPLES for length in samples.shape)
    means: NDArray[np.float64] = samples.reshape(rows, SAMPLES, columns, SAMPLES).mean(axis=(1, 3))
    return means


def grid(side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y of the samples of a square picture."""
    samples = (np.arange(side * SAMPLES) + 0.5) / SAMPLES
    return samples[np.newaxis], samples[:, np.newaxis]


def disk(side: int, x: float, y: float, radius: float, noise: float = 0) -> Picture:
    """Return a bright disk on dark ground."""
    across, down = grid(side)
    return drawn(np.hypot(across - x, down - y) <= radius, 40, 200, noise)


def half_plane(side: int, angle: float, offset: float, noise: float = 0) -> Picture:
    """Return a picture that is bright where x cos + y sin, from its middle, exceed an offset."""
    across, down = grid(side)
    return drawn(distance(across, down, side, angle, offset) > 0, 40, 200, noise)


def distance(x: Any, y: Any, side: int, angle: float, offset: float) -> Any:
    """Return how far points are from the edge of a half-plane."""
    return (x - side / 2) * np.cos(angle) + (y - side / 2) * np.sin(angle) - offset
