"""The gradient of a picture of many channels: how steep it is, and in which direction.

Channels that rise to opposite sides must not cancel, so the outer products of their gradients are
added, not the gradients: J = Σ ∇c ∇cᵀ. The root of J's larger eigenvalue is the steepest slope, its
eigenvector the direction. S. Di Zenzo, "A note on the gradient of a multi-image", Computer Vision,
Graphics and Image Processing 33 (1986).
"""

from __future__ import annotations

import numpy as np

from edgecli.conv import Slide, slide_over
from edgecli.filters.builtin import builtin_filter
from edgecli.geometry import PaddingMode, Window
from edgecli.operators.lab import Floats
from edgecli.records import dataclass
from edgecli.rows.memory import Memory

REPLICATE = PaddingMode("replicate")


@dataclass(frozen=True)
class Tensor:
    """J at every pixel, ``(rows, W)`` each, and the gradient of the first channel."""

    xx: Floats
    yy: Floats
    xy: Floats
    first: Floats  # (2, rows, W): along x, along y

    @property
    def spread(self) -> Floats:
        """The difference of the eigenvalues."""
        squares: Floats = np.square(self.xx - self.yy)
        squares += np.square(2 * self.xy)
        return np.sqrt(squares, out=squares)

    @property
    def steepness(self) -> Floats:
        """The larger eigenvalue: the square of the steepest slope."""
        total = self.spread
        total += self.xx
        total += self.yy
        total *= np.float32(0.5)
        return total


def lay_filter(spec: str, height: int, width: int) -> Slide:
    """Lay a built-in filter over one plane of floats, replicated at its border."""
    bank = builtin_filter(spec)
    window = Window(bank.kernel_size, padding="same", padding_mode=REPLICATE)
    return slide_over(bank, window, (1, height, width), np.float32)


def tensor(slide: Slide, planes: Floats, start: int, stop: int, memory: Memory) -> Tensor:
    """Return J of rows ``[start, stop)`` from the derivatives that ``slide`` computes.

    ``planes (C, rows, W)`` hold the rows that it needs.
    """
    shape = (len(planes), slide.filters, stop - start, planes.shape[2])
    derivatives = memory.take(shape, np.float32)
    for plane, responses in zip(planes, derivatives, strict=True):
        with memory:
            slide.compute([plane[np.newaxis]], start, stop, responses, memory)
    x, y = derivatives[:, 0], derivatives[:, 1]
    return Tensor(_products(x, x), _products(y, y), _products(x, y), derivatives[0])


def _products(left: Floats, right: Floats) -> Floats:
    """Return Σ left · right over the channels."""
    total: Floats = left[0] * right[0]
    for one, other in zip(left[1:], right[1:], strict=True):
        total += one * other
    return total


def steepest(of: Tensor) -> tuple[Floats, Floats]:
    """Return the direction of the steepest slope as ``(gx, gy)``, of any length.

    An eigenvector's sign is arbitrary; this one is chosen so that the first channel grows along it.
    """
    half = of.spread
    half += np.abs(of.xx - of.yy)
    half *= np.float32(0.5)
    wide = of.xx >= of.yy
    gx, gy = np.where(wide, half, of.xy), np.where(wide, of.xy, half)
    along = gx * of.first[0]
    along += gy * of.first[1]
    falls = along < 0
    np.negative(gx, out=gx, where=falls)
    np.negative(gy, out=gy, where=falls)
    return gx, gy
