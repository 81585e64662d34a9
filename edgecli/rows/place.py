"""Where an image lies on a map: from its pixels to coordinates, and which system those are of.

Pixels are counted from the image's upper left corner, so that the centre of the first is
(0.5, 0.5), as strokes count them and GDAL does.
"""

from __future__ import annotations

from math import hypot
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.records import dataclass, replace

Affine = tuple[float, float, float, float, float, float]
"""a, b, c, d, e, f: x = a·column + b·row + c, y = d·column + e·row + f."""

Control = tuple[float, float, float, float, float, float]
"""A point that is known: its column, row and height in the image, its x, y and z on the map."""

LARGEST = 1e15
"""What no coordinate comes to; floats of more have no digit left for a part of one."""

HERE: Affine = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
"""Leaves pixels where they are."""


@dataclass(frozen=True)
class System:
    """A coordinate reference system, in all the words that a file has for it.

    ``epsg`` is its number in the EPSG's list, ``wkt`` a text that describes it, ``name`` what
    people call it. ``keys`` are GeoTIFF's own: the directory, the numbers and the text that it
    points into.
    """

    epsg: int | None = None
    is_geographic: bool | None = None  # latitude and longitude; None where that is not said
    wkt: str | None = None
    name: str | None = None
    keys: tuple[tuple[int, ...], tuple[float, ...], str] | None = None

    def __str__(self) -> str:
        """Return what reports call it."""
        return f"EPSG:{self.epsg}" if self.epsg is not None else self.name or "unnamed"


NOWHERE = System()
"""The system of coordinates of which nothing is said."""


@dataclass(frozen=True)
class Place:
    """Where an image lies: by a ``transform`` of its pixels, or between points of ``control``.

    ``is_point`` says that a pixel is measured at its centre, rather than a mean of its area; that
    moves nothing here.
    """

    transform: Affine | None
    system: System = NOWHERE
    control: tuple[Control, ...] = ()
    is_point: bool = False

    @property
    def pixel(self) -> tuple[float, float] | None:
        """Return how wide and how high a pixel is on the map."""
        if self.transform is None:
            return None
        a, b, _, d, e, _ = self.transform
        return hypot(a, d), hypot(b, e)

    def seen(self, scale: tuple[float, float], shift: tuple[float, float]) -> Place:
        """Return the place of an image whose pixels cover several of this one's, across and down.

        Its upper left corner is ``shift`` from this one's, in pixels of this one.

        >>> Place((10, 0, 500, 0, -10, 900)).seen((2, 2), (1, 0)).transform
        (20.0, 0.0, 510.0, 0.0, -20.0, 900.0)
        """
        return self._by((scale[0], 0.0, shift[0], 0.0, scale[1], shift[1]))

    def turned(self, orientation: int, height: int, width: int) -> Place:
        """Return the place of an image of this size when it is upright: EXIF's orientation, 1 to 8.

        >>> Place(HERE).turned(6, 2, 3).transform  # its upper left corner was the lower left
        (0.0, 1.0, 0.0, -1.0, 0.0, 2.0)
        """
        lies = orientation in {5, 6, 7, 8}
        wide, high = (height, width) if lies else (width, height)
        across = (-1.0, wide) if orientation in {2, 3, 6, 7} else (1.0, 0.0)
        down = (-1.0, high) if orientation in {3, 4, 7, 8} else (1.0, 0.0)
        column = (across[0], 0.0, across[1])
        row = (0.0, down[0], down[1])
        first, second = (row, column) if lies else (column, row)
        return self._by((*first, *second))

    def _by(self, inner: Affine) -> Place:
        """Return the place of an image whose pixels ``inner`` takes to this one's."""
        transform = self.transform and composed(self.transform, inner)
        back = inverse(inner)
        control = tuple((*applied(back, p[0], p[1]), *p[2:]) for p in self.control)
        return replace(self, transform=transform, control=control)

    def at(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """Return where points ``(N, 2)`` of x and y in pixels are on the map."""
        a, b, c, d, e, f = self.transform or HERE
        x, y = points.T
        return np.stack([a * x + b * y + c, d * x + e * y + f], axis=1, dtype=np.float64)


def composed(outer: Affine, inner: Affine) -> Affine:
    """Return what does ``inner`` first, and ``outer`` with what that gives."""
    a, b, c, d, e, f = outer
    p, q, r, s, t, u = map(float, inner)
    return (
        a * p + b * s, a * q + b * t, a * r + b * u + c,
        d * p + e * s, d * q + e * t, d * r + e * u + f,
    )  # fmt: skip


def inverse(affine: Affine) -> Affine:
    """Return what undoes a transform that keeps areas.

    >>> inverse((2, 0, 3, 0, -4, 5))
    (0.5, -0.0, -1.5, -0.0, -0.25, 1.25)
    """
    a, b, c, d, e, f = affine
    size = area(affine)
    p, q, s, t = e / size, -b / size, -d / size, a / size
    return p, q, -(p * c + q * f), s, t, -(s * c + t * f)


def area(affine: Affine) -> float:
    """Return what a transform makes of the area of a pixel, negative where it mirrors."""
    a, b, _, d, e, _ = affine
    return a * e - b * d


def is_sound(affine: Affine) -> bool:
    """Whether a transform places pixels: by numbers that coordinates have, and not on one line."""
    return all(abs(number) < LARGEST for number in affine) and area(affine) != 0


def applied(affine: Affine, column: float, row: float) -> tuple[float, float]:
    """Return where a pixel's corner is taken to."""
    a, b, c, d, e, f = affine
    return a * column + b * row + c, d * column + e * row + f
