"""Where the pixels of an edge map are in the image that it was made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.geometry import Geometry
from edgecli.lines.positions import Positions
from edgecli.records import dataclass

Pair = tuple[float, float]
"""Along x and along y."""


@dataclass(frozen=True)
class Placing:
    """From a map's columns and rows, counted at the centres of its pixels from 0, to the image.

    x is ``scale`` times the column plus ``shift``; so is y, of the row.

    >>> Placing().points(np.array([3]), 4, np.zeros(1), np.zeros(1)).tolist()
    [[3.5, 0.5]]
    """

    scale: Pair = (1.0, 1.0)
    shift: Pair = (0.5, 0.5)

    def enlarged(self, scale: Pair) -> Placing:
        """Return the placing in an image of which this one's is a smaller copy."""
        (a, b), (x, y), (s, t) = scale, self.scale, self.shift
        return Placing((a * x, b * y), (a * s, b * t))

    def points(
        self, place: Positions, width: int, beside: NDArray[Any], angle: NDArray[Any]
    ) -> NDArray[np.float64]:
        """Return the points ``(N, 2)`` that lie ``beside`` pixels ``place`` in a direction.

        That direction and distance are the map's; ``width`` is the length of its rows.
        """
        row, column = np.divmod(place, width)
        points = np.empty((len(place), 2))
        for axis, (whole, turn) in enumerate(((column, np.cos), (row, np.sin))):
            own = points[:, axis]
            np.multiply(turn(angle, dtype=np.float64), beside, out=own)
            own += whole
            own *= self.scale[axis]
            own += self.shift[axis]
        return points

    def angles(self, angle: NDArray[Any]) -> NDArray[np.float32]:
        """Return in the image the directions in which a map's values grow."""
        across, down = self.scale
        if across != down:  # a slope is steeper along the axis that was shrunk less
            angle = np.arctan2(np.sin(angle) / down, np.cos(angle) / across)
        return angle.astype(np.float32, copy=False)


def placing_of(geometry: Geometry, weight: NDArray[Any]) -> Placing:
    """Return where the window of filters ``(n, C, kH, kW)`` looks: the middle of their weights.

    That is also right for kernels of even size, and for those with zeros at one side.

    >>> from edgecli.geometry import Window
    >>> placing_of(Window((2, 2)).over(9, 9), np.ones((1, 1, 2, 2)))
    Placing(scale=(1.0, 1.0), shift=(1.0, 1.0))
    """
    sizes = np.abs(weight).sum(axis=(0, 1))
    scale, shift = [], []
    for axis, size in ((geometry.cols, sizes.sum(axis=0)), (geometry.rows, sizes.sum(axis=1))):
        middle = float(size @ np.arange(len(size)) / size.sum())
        scale.append(float(axis.stride))
        shift.append(0.5 + middle * axis.dilation - axis.before)
    return Placing((scale[0], scale[1]), (shift[0], shift[1]))
