"""What strokes are made of, and what they are: arrays of all points, one stroke after another.

Points are ``(x, y)`` in pixels of the image, x to the right and y down; the image covers 0 … W by
0 … H, so that the centre of its first pixel is (0.5, 0.5).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import UsageError
from edgecli.lines.positions import Positions
from edgecli.records import dataclass
from edgecli.strokes.placing import Placing

Points = NDArray[np.float64]
"""``(N, 2)``: x and y."""


@dataclass(frozen=True, eq=False)
class Located:
    """Edge pixels of a map of ``width``, in order, and where in the image their edge is exactly.

    ``place`` are row · width + column. ``angle`` is the direction in which brightness grows,
    across the edge, in radians of −π … π; where nothing tells which side is brighter, across it.
    """

    width: int
    place: Positions  # (N,)
    points: Points  # (N, 2)
    strength: NDArray[Any]  # (N,), floats
    angle: NDArray[np.float32]  # (N,)
    placing: Placing = Placing()  # of the map's pixels

    def __len__(self) -> int:
        return len(self.place)

    def centres(self) -> Points:
        """Return where in the image the centres of the pixels are."""
        nothing = np.zeros(len(self))
        return self.placing.points(self.place, self.width, nothing, nothing)

    def select(self, chosen: NDArray[Any]) -> Located:
        """Return some of the pixels: by a mask, or by their numbers."""
        numbers = chosen.nonzero()[0] if chosen.dtype == bool else chosen
        arrays = (self.place, self.points, self.strength, self.angle)
        kept: list[Any] = [array.take(numbers, axis=0) for array in arrays]  # faster than by [ ]
        place, points, strength, angle = kept
        return Located(self.width, place, points, strength, angle, self.placing)


@dataclass(frozen=True, eq=False)
class Stroke:
    """A line as geometry: points ``(N, 2)`` of x and y, their strengths ``(N,)``.

    The last point of a ``closed`` stroke is joined to the first, which is not repeated.
    """

    points: Points
    strength: NDArray[Any]
    closed: bool


@dataclass(frozen=True, eq=False)
class Strokes:
    """Many strokes: stroke n has the points ``[starts[n], starts[n + 1])``."""

    points: Points  # (N, 2)
    strength: NDArray[Any]  # (N,)
    angle: NDArray[np.float32]  # (N,), as in Located
    starts: NDArray[np.int64]  # (M + 1,), from 0 to N
    closed: NDArray[np.bool_]  # (M,)

    def __len__(self) -> int:
        return len(self.closed)

    def __iter__(self) -> Iterator[Stroke]:
        for start, stop, closed in zip(self.starts, self.starts[1:], self.closed, strict=False):
            yield Stroke(self.points[start:stop], self.strength[start:stop], bool(closed))


@dataclass(frozen=True, eq=False)
class Curves:
    """Strokes as cubic Béziers: an end point, then for every piece two handles and an end point.

    Curve n has the points ``[starts[n], starts[n + 1])``, 3k + 1 of them; a ``closed`` one ends
    where it starts, and repeats that point. The curves are those of the strokes of one ``Strokes``,
    in the same order.
    """

    points: Points
    starts: NDArray[np.int64]
    closed: NDArray[np.bool_]


@dataclass(frozen=True)
class Finish:
    """How strokes are simplified: no located point is further off than ``simplify``.

    That is in pixels of the image. ``curves`` fits Béziers.
    """

    simplify: float = 0.1
    curves: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.simplify < math.inf:
            raise UsageError(
                f"simplify must be a number of pixels from 0 up, not {self.simplify:g}"
            )


@dataclass(frozen=True, eq=False)
class Drawing:
    """The strokes of one edge map, in the order in which a pen draws them, as they are written.

    ``pen_up`` is how far the pen travels with nothing drawn, from the end of each stroke to the
    start of the next; ``pixels`` how many edge pixels there were before cleaning.
    """

    name: str  # of the edge map
    strokes: Strokes
    curves: Curves | None
    pen_up: float
    pixels: int


class Canvas(Protocol):
    """The place of one edge map in a file of strokes."""

    def draw(self, drawing: Drawing) -> None:
        """Write the strokes of the edge map; called once."""
        ...

    def finish(self) -> None:
        """Write what follows them. Without it the file is not whole."""
        ...
