"""Thick edges to lines one pixel wide, whatever strengths there were: by their shape alone.

Z. Guo and R. W. Hall, "Parallel thinning with two-subiteration algorithms", Communications of the
ACM 32 (1989): MATLAB's ``bwmorph(…, 'thin')``, which benchmarks of edges thin with.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

RING = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))
"""The eight neighbours, rows below and columns to the right: east first, then counterclockwise."""


def thin(edges: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a map ``(H, W)`` whose lines are one pixel wide; what is outside is no edge.

    >>> thin(np.ones((3, 5), bool)).astype(int).tolist()
    [[0, 0, 0, 0, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]]
    """
    frame = np.zeros((edges.shape[0] + 2, edges.shape[1] + 2), np.uint8)
    frame[1:-1, 1:-1] = edges
    pitch = frame.shape[1]
    pixels = frame.reshape(-1)
    steps = [down * pitch + right for down, right in RING]
    left = pixels.nonzero()[0]
    changed = True
    while changed:
        changed = False
        for removable in _tables():
            ring = np.zeros(len(left), np.uint8)
            for bit, step in enumerate(steps):
                ring |= pixels.take(left + step) << np.uint8(bit)
            goes = removable.take(ring)
            pixels[left[goes]] = 0
            changed |= bool(goes.any())
            left = left[~goes]
    return frame[1:-1, 1:-1].astype(bool)


@cache
def _tables() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return, for either half of a round, which rings of neighbours let a pixel go.

    It goes where it joins nothing (G1), is no end of a line (G2), and lies on the right side (G3).
    """
    east, north_east, north, north_west, west, south_west, south, south_east = (
        (np.arange(256) >> bit & 1).astype(bool) for bit in range(8)
    )
    sides, corners = (
        (east, north, west, south), (north_east, north_west, south_west, south_east)
    )  # fmt: skip
    after = (*sides[1:], sides[0])
    joined = sum(
        (~side & (corner | next_)).astype(int)
        for side, corner, next_ in zip(sides, corners, after, strict=True)
    )
    first = sum((side | corner).astype(int) for side, corner in zip(sides, corners, strict=True))
    second = sum((corner | next_).astype(int) for corner, next_ in zip(corners, after, strict=True))
    fewest = np.minimum(first, second)
    may = (joined == 1) & (fewest >= 2) & (fewest <= 3)
    return (
        may & ~((north_east | north | ~south_east) & east),
        may & ~((south_west | south | ~north_west) & west),
    )
