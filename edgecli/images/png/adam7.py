"""Interlaced PNG, whose pixels come in seven passes, a coarse picture first (PNG 8.2)."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.records import dataclass
from edgecli.rows.base import Rows


@dataclass(frozen=True)
class Pass:
    """Every ``down``-th row from ``top`` on, of it every ``right``-th pixel from ``left`` on."""

    top: int
    left: int
    down: int
    right: int

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return the rows and columns of the pass in an image; either may be none.

        >>> [one.size(3, 5) for one in ADAM7]
        [(1, 1), (1, 1), (0, 2), (1, 1), (1, 3), (2, 2), (1, 5)]
        """
        return len(range(self.top, height, self.down)), len(range(self.left, width, self.right))


PLAIN = (Pass(0, 0, 1, 1),)
ADAM7 = (
    Pass(0, 0, 8, 8),
    Pass(0, 4, 8, 8),
    Pass(4, 0, 8, 4),
    Pass(0, 2, 4, 4),
    Pass(2, 0, 4, 2),
    Pass(0, 1, 2, 2),
    Pass(1, 0, 2, 1),
)


class Mosaic:
    """An image that is put together from passes, in the samples' own type.

    A pixel is moved as one item, which takes half the time of moving its samples. Memory is taken
    as passes fill it, so that a header alone takes none. Raises MemoryError.
    """

    def __init__(self, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> None:
        H, W, C = shape
        size = C * dtype.itemsize
        self._item = np.dtype(f"u{size}" if size in {1, 2, 4, 8} else f"V{size}")
        self._dtype = dtype
        if H * W * size > sys.maxsize:
            raise MemoryError
        self._pixels: NDArray[Any] = np.empty((H, W), self._item)

    def put(self, part: Pass, start: int, samples: Rows) -> None:
        """Put rows ``(n, w, C)`` of a pass, from its row ``start`` on, where they belong."""
        rows = self._pixels[part.top :: part.down][start : start + len(samples)]
        rows[:, part.left :: part.right] = samples.view(self._item)[..., 0]

    def rows(self, start: int, stop: int) -> Rows:
        """Return rows ``[start, stop)`` as samples ``(n, W, C)``."""
        return self._pixels[start:stop, :, np.newaxis].view(self._dtype)
