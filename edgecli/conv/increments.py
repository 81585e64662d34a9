"""Several nearly equal filters, each computed from an earlier one: the compass kernels.

Kirsch's kernels turn by 45° from one to the next, which changes two of eight weights; half of
Robinson's are the other half negated. Sums of shifted views stay exact integers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.method import Spacing
from edgecli.conv.sums import Group, Separable, Taps, group_weights, passes, tap_slice, weighted_sum
from edgecli.records import dataclass, replace
from edgecli.rows.memory import Memory

Array = NDArray[Any]


@dataclass(frozen=True)
class Increment:
    """A filter as an earlier one, negated or not, plus the weighted views where they differ."""

    earlier: int
    negated: bool
    positions: tuple[tuple[int, int, int], ...]  # channel, row, column
    groups: tuple[Group, ...]

    @property
    def passes(self) -> int:
        """Count the ufunc passes over a band."""
        return passes(self.groups) + 1 if self.groups else 1


@dataclass(frozen=True)
class Increments:
    """Filters computed in order, each by sums or by its increment.

    Increments use pixels times ``scale``, so that a shared weight is multiplied only once.
    """

    filters: tuple[Separable | Taps | Increment, ...]
    scale: int = 1
    name: str = "increments"

    @property
    def passes(self) -> int:
        """Count the ufunc passes over a band."""
        return sum(one.passes for one in self.filters) + (self.scale != 1)

    @classmethod
    def prepare(cls, weight: Array) -> Increments:
        """Prepare filters ``(C_out, C_in, kH, kW)``, each in the way that takes fewest passes."""
        ways = [_ways(weight, n) for n in range(len(weight))]
        filters = tuple(min(chosen, key=lambda way: way.passes) for chosen in ways)
        groups = [g for one in filters if isinstance(one, Increment) for g in one.groups]
        shared = {abs(int(group.weight)) for group in groups}
        if len(shared) != 1:
            return cls(filters)
        return cls(tuple(_unscaled(one) for one in filters), shared.pop())

    def apply(self, padded: Array, out: Array, spacing: Spacing, memory: Memory) -> None:
        """Fill ``out (C_out, rows, cols)``."""
        scaled = padded
        if self.scale != 1:
            scaled = np.multiply(padded, self.scale, out=memory.take(padded.shape, padded.dtype))
        for n, one in enumerate(self.filters):
            with memory:
                if isinstance(one, Increment):
                    _apply(one, scaled, out[one.earlier], out[n], spacing, memory)
                else:
                    one.apply(padded, out[n : n + 1], spacing, memory)


def _unscaled(one: Separable | Taps | Increment) -> Separable | Taps | Increment:
    """Return an increment with its weights reduced to ±1; others unchanged."""
    if not isinstance(one, Increment):
        return one
    groups = tuple(replace(g, weight=1 if g.weight > 0 else -1) for g in one.groups)
    return replace(one, groups=groups)


def _ways(weight: Array, n: int) -> list[Separable | Taps | Increment]:
    """Return the ways to compute a filter: alone, from the one before, or as a copy of any."""
    alone = Separable.prepare(weight[n]) or Taps.prepare(weight[n])
    made = [_increment(weight, n, m, negated=s) for m in reversed(range(n)) for s in (False, True)]
    return [alone, *(way for way in made if not way.groups or way.earlier == n - 1)]


def _increment(weight: Array, n: int, earlier: int, *, negated: bool) -> Increment:
    change = weight[n] + weight[earlier] if negated else weight[n] - weight[earlier]
    places = tuple((int(c), int(i), int(j)) for c, i, j in np.argwhere(change))
    groups = group_weights(change[change != 0].astype(int).tolist())
    return Increment(earlier, negated, places, groups)


def _apply(
    one: Increment, padded: Array, earlier: Array, out: Array, spacing: Spacing, memory: Memory
) -> None:
    if not one.groups:
        np.multiply(earlier, -1 if one.negated else 1, out=out)
        return
    rows, cols = out.shape
    (sH, sW), (dH, dW) = spacing.stride, spacing.dilation
    views = [
        padded[c, tap_slice(i, rows, sH, dH), tap_slice(j, cols, sW, dW)]
        for c, i, j in one.positions
    ]
    weighted_sum(one.groups, views, out, memory.take(out.shape, out.dtype))
    (np.subtract if one.negated else np.add)(out, earlier, out=out)
