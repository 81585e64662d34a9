"""The gradient of a picture of many channels: how steep it is, and in which direction.

Channels that rise to opposite sides must not cancel, so the outer products of their gradients are
added, not the gradients: J = Σ ∇c ∇cᵀ. The root of J's larger eigenvalue is the steepest slope, its
eigenvector the direction. S. Di Zenzo, "A note on the gradient of a multi-image", Computer Vision,
Graphics and Image Processing 33 (1986).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.engine import Convolution, plan_over
from edgecli.filters.builtin import builtin_filter
from edgecli.geometry import PaddingMode, Window
from edgecli.operators.lab import Floats
from edgecli.records import dataclass
from edgecli.rows.scratch import Scratch

REPLICATE = PaddingMode("replicate")


@dataclass(frozen=True)
class Slab:
    """Rows of a picture in planes ``(C, rows, W)``, beginning at row ``first``."""

    planes: Floats
    first: int

    def rows(self, start: int, stop: int) -> Floats:
        """Return the picture's rows ``[start, stop)``, which must be in the slab."""
        return self.planes[:, start - self.first : stop - self.first]


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


def plan_gradient(sigma: float, height: int, width: int) -> Convolution:
    """Plan the derivatives of a Gaussian along x and y over one plane, replicated at its border."""
    return _plan(f"gradient:{sigma}", height, width)


def plan_mean(sigma: float, height: int, width: int) -> Convolution:
    """Plan the mean under a Gaussian over one plane, replicated at its border."""
    return _plan(f"gaussian:{sigma}", height, width)


def _plan(spec: str, height: int, width: int) -> Convolution:
    bank = builtin_filter(spec)
    window = Window(bank.kernel_size, padding="same", padding_mode=REPLICATE)
    return plan_over(bank, window, (1, height, width), np.float32)


def respond(
    convolution: Convolution, slab: Slab, start: int, stop: int, scratch: Scratch
) -> NDArray[Any]:
    """Return the responses ``(C · C_out, rows, W)`` of rows ``[start, stop)``, plane by plane.

    They lie in working memory that the next call reuses.
    """
    needed = slab.rows(*convolution.needed(start, stop))
    shape = (len(needed), convolution.filters, stop - start, needed.shape[2])
    out = scratch.take("derivatives", shape, np.float32)
    for plane, responses in zip(needed, out, strict=True):
        convolution.band(plane[np.newaxis], start, stop, responses, scratch)
    return out.reshape(-1, *shape[2:])


def tensor(convolution: Convolution, slab: Slab, start: int, stop: int, scratch: Scratch) -> Tensor:
    """Return J of rows ``[start, stop)`` from the derivatives that ``convolution`` computes."""
    responses = respond(convolution, slab, start, stop, scratch)
    x, y = responses[::2], responses[1::2]
    return Tensor(_products(x, x), _products(y, y), _products(x, y), responses[:2].copy())


def _products(left: Floats, right: Floats) -> Floats:
    """Return Σ left · right over the channels."""
    total: Floats = left[0] * right[0]
    for one, other in zip(left[1:], right[1:], strict=True):
        total += one * other
    return total


def direction(of: Tensor) -> tuple[Floats, Floats]:
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
