"""Where an edge points: the gradient, worked out from the responses of an edge map.

A differentiating filter responds to a slope by its first moments, m = Σ w · (x, y): a slope
(gx, gy) gives the response m · (gx, gy). So the moments of all filters of a map, one row each,
form a matrix M with M g = r, and the gradient is the least-squares solution g = M⁺ r, whatever
the filters are: an x and y pair, diagonals, eight compass directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.filters import FilterBank
from edgecli.records import dataclass
from edgecli.rows.base import Planes, Rowwise
from edgecli.rows.memory import Memory
from edgecli.rows.samples import float_type

NEGLIGIBLE = 1e-9
"""As a share of Σ|w| times the kernel's size: smaller moments are rounding errors."""


@dataclass(frozen=True)
class Slope:
    """How the gradient follows from the responses: ``(gx, gy) = matrix · responses``.

    Positive where brightness grows to the right and downward. Its length has no unit: the
    largest weight of the matrix is 1. ``both`` tells whether the filters see both directions.
    """

    matrix: tuple[tuple[float, ...], tuple[float, ...]]
    both: bool


def slope_of(weight: NDArray[np.float64], stride: tuple[int, int] = (1, 1)) -> Slope | None:
    """Return how filters ``(n, C, kH, kW)`` give the gradient; None where none responds to a slope.

    One step in the map is ``stride`` pixels, so the gradient is that of the map.

    >>> from edgecli.filters import load_filter
    >>> slope_of(load_filter("sobel").weight).matrix
    ((1.0, 0.0), (0.0, 1.0))
    >>> slope_of(load_filter("roberts").weight).matrix
    ((-1.0, 1.0), (-1.0, -1.0))
    >>> slope_of(load_filter("laplacian").weight) is None
    True
    """
    kernels = weight.sum(axis=1) if weight.shape[1] > 1 else weight[:, 0]
    _, height, width = kernels.shape
    across, down = np.arange(width) - (width - 1) / 2, np.arange(height) - (height - 1) / 2
    moments = np.stack([kernels.sum(axis=1) @ across, kernels.sum(axis=2) @ down], axis=1)
    scale = np.abs(weight).sum() * max(height, width)
    moments[np.abs(moments) <= NEGLIGIBLE * scale] = 0
    if not moments.any():
        return None
    inverse = np.linalg.pinv(moments * [1 / stride[1], 1 / stride[0]])
    inverse /= np.abs(inverse).max()
    rounded = np.where(np.abs(inverse - np.rint(inverse)) < NEGLIGIBLE, np.rint(inverse), inverse)
    x, y = (tuple(float(value) + 0.0 for value in row) for row in rounded)
    return Slope((x, y), int(np.linalg.matrix_rank(moments)) == 2)


def growth(weight: NDArray[np.float64]) -> float:
    """Return 1 where a second derivative ``(1, C, kH, kW)`` is larger on an edge's bright side.

    It is −1 where its weights are a Laplacian's, which add up what is around: by their second
    moments.

    >>> from edgecli.filters import load_filter
    >>> growth(load_filter("log:2").weight), growth(load_filter("dog:2").weight)
    (-1.0, 1.0)
    """
    kernel = weight.sum(axis=(0, 1))
    down, across = (np.arange(length) - (length - 1) / 2 for length in kernel.shape)
    moment = kernel.sum(axis=0) @ across**2 + kernel.sum(axis=1) @ down**2
    return -1.0 if moment > 0 else 1.0


def smooths(bank: FilterBank) -> bool:
    """Whether a filter keeps a constant: its weights do not sum to 0, so it shows no edges."""
    sums = bank.weight.sum(axis=(1, 2, 3))
    return bool(np.any(np.abs(sums) > NEGLIGIBLE * bank.absolute_sums))


def gradient(
    slope: Slope, responses: NDArray[Any], memory: Memory
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return gx and gy ``(rows, cols)`` of responses ``(n, rows, cols)``; views if equal to one.

    What is computed is in floats, in the caller's working memory.
    """
    x, y = slope.matrix
    return _weighted(x, responses, memory), _weighted(y, responses, memory)


def _weighted(weights: Sequence[float], responses: NDArray[Any], memory: Memory) -> NDArray[Any]:
    used = [(w, response) for w, response in zip(weights, responses, strict=True) if w]
    if len(used) == 1 and used[0][0] == 1:
        found: NDArray[Any] = used[0][1]
        return found
    shape = responses[0].shape
    floats = float_type(responses.dtype)
    total = memory.take(shape, floats)
    total.fill(0)
    with memory:
        term = memory.take(shape, floats)
        for weight, response in used:
            np.copyto(term, response, casting="unsafe")
            np.multiply(term, floats.type(weight), out=term)
            np.add(total, term, out=total)
    return total


def direction(gx: NDArray[Any], gy: NDArray[Any]) -> NDArray[np.float32]:
    """Return the direction in which brightness grows, in radians of −π … π; NaN where it is flat.

    0 is to the right and π/2 downward, the way row numbers grow.

    >>> direction(np.array([1, 0, -1, 0]), np.array([0, 1, 0, 0])).tolist()
    [0.0, 1.5707963705062866, 3.1415927410125732, nan]
    """
    angles = np.arctan2(gy, gx, dtype=float_type(gx.dtype))
    angle: NDArray[np.float32] = angles.astype(np.float32, copy=False)
    angle[(gx == 0) & (gy == 0)] = np.nan
    return angle


@dataclass(frozen=True)
class Direction(Rowwise):
    """The step that gives the direction of the edges left in a map; NaN where there is none.

    Its inputs are the strengths ``(1, H, W)`` and the responses ``(n, H, W)``.
    """

    shape: tuple[int, int, int]
    slope: Slope

    inputs = 2
    dtype = np.dtype(np.float32)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Work out the gradient, and its angle."""
        strength, responses = blocks
        out[0] = direction(*gradient(self.slope, responses, memory))
        out[0][strength[0] == 0] = np.nan
