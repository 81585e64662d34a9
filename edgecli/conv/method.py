"""The interface of a way to compute a convolution.

Every method computes the same *valid cross-correlation*,

    out[n, y, x] = Σ_c Σ_i Σ_j weight[n, c, i, j] · padded[c, y·sH + i·dH, x·sW + j·dW]

over ``padded (C_in, h, w)``, a band with its padding, into ``out (C_out, rows, cols)``. Padding,
bands and threads are the engine's business; which method runs is the plan's.
"""

from __future__ import annotations

from typing import Protocol

from edgecli.records import dataclass
from edgecli.rows.base import Planes
from edgecli.rows.memory import Memory


@dataclass(frozen=True)
class Spacing:
    """How far apart the windows are and the taps of each, rows then columns."""

    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)


UNIT = Spacing()  # windows at every pixel, of taps side by side


class Method(Protocol):
    """Prepared weights of one or more filters."""

    @property
    def name(self) -> str:
        """What reports call the method."""
        ...

    def apply(self, padded: Planes, out: Planes, spacing: Spacing, memory: Memory) -> None:
        """Fill ``out (C_out, rows, cols)`` from ``padded (C_in, h, w)``, both of one type."""
        ...
