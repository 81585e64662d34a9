"""Several nearly equal filters, each computed from an earlier one: the compass kernels.

Kirsch's kernels turn by 45° from one to the next, which changes two of eight weights; half of
Robinson's are the other half negated. Sums of shifted views stay exact integers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.method import Spacing
from edgecli.conv.sums import Separable, Taps
from edgecli.records import dataclass, replace
from edgecli.rows.base import Planes
from edgecli.rows.memory import Memory

Array = NDArray[Any]


@dataclass(frozen=True)
class Increment:
    """A filter as an earlier one, negated or not, plus the taps where they differ, if they do."""

    earlier: int
    negated: bool
    change: Taps

    @property
    def passes(self) -> int:
        """Count the ufunc passes over a band."""
        return self.change.passes + 1 if self.change.groups else 1

    def apply(
        self, padded: Planes, earlier: Planes, out: Planes, spacing: Spacing, memory: Memory
    ) -> None:
        """Fill ``out (1, rows, cols)`` from pixels and the responses of the earlier filter."""
        if not self.change.groups:
            np.multiply(earlier, -1 if self.negated else 1, out=out)
            return
        self.change.apply(padded, out, spacing, memory)
        (np.subtract if self.negated else np.add)(out, earlier, out=out)


@dataclass(frozen=True)
class Increments:
    """Filters computed in order; increments use pixels times ``scale``, the weight they share."""

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
        groups = [g for one in filters if isinstance(one, Increment) for g in one.change.groups]
        shared = {abs(int(group.weight)) for group in groups}
        if len(shared) != 1:
            return cls(filters)
        return cls(tuple(_unscaled(one) for one in filters), shared.pop())

    def apply(self, padded: Planes, out: Planes, spacing: Spacing, memory: Memory) -> None:
        """Fill ``out (C_out, rows, cols)``."""
        scaled = padded
        if self.scale != 1:
            scaled = np.multiply(padded, self.scale, out=memory.take(padded.shape, padded.dtype))
        for n, one in enumerate(self.filters):
            own = out[n : n + 1]
            with memory:
                if isinstance(one, Increment):
                    earlier = out[one.earlier : one.earlier + 1]
                    one.apply(scaled, earlier, own, spacing, memory)
                else:
                    one.apply(padded, own, spacing, memory)


def _unscaled(one: Separable | Taps | Increment) -> Separable | Taps | Increment:
    """Return an increment with its weights reduced to ±1; others unchanged."""
    if not isinstance(one, Increment):
        return one
    groups = tuple(replace(g, weight=1 if g.weight > 0 else -1) for g in one.change.groups)
    return replace(one, change=replace(one.change, groups=groups))


def _ways(weight: Array, n: int) -> list[Separable | Taps | Increment]:
    """Return the ways to compute a filter: alone, from the one before, or as a copy of any."""
    own = weight[n]
    ways: list[Separable | Taps | Increment] = [Separable.prepare(own) or Taps.prepare(own)]
    for earlier in reversed(range(n)):
        for negated, change in (False, own - weight[earlier]), (True, own + weight[earlier]):
            if earlier == n - 1 or not change.any():
                ways.append(Increment(earlier, negated, Taps.prepare(change)))
    return ways
