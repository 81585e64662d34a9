"""Sums of shifted views: exact in any type, with one ufunc pass per addition.

The fastest way for kernels of few distinct weights, as most of the named ones are, and the only
one for integers that float32 cannot hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property, reduce
from itertools import accumulate, groupby
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.method import Spacing
from edgecli.records import dataclass
from edgecli.rows.base import Planes
from edgecli.rows.memory import Memory

Array = NDArray[Any]


@dataclass(frozen=True)
class Group:
    """Views that share a weight: ``weight · (Σ plus − Σ minus)``, with at least one plus."""

    weight: float
    plus: tuple[int, ...]
    minus: tuple[int, ...]


NOTHING_TO_ADD = (Group(1, (0,), ()),)  # the first view, unchanged


def group_weights(weights: Iterable[float]) -> tuple[Group, ...]:
    """Group positions by the absolute value of their weight, zeros left out; weight 1 comes first.

    >>> group_weights([1, 2, 0, -1])
    (Group(weight=1, plus=(0,), minus=(3,)), Group(weight=2, plus=(1,), minus=()))
    """
    sized = sorted((abs(w), i, w > 0) for i, w in enumerate(weights) if w)
    groups = []
    for size, members in groupby(sized, key=lambda member: member[0]):
        signs = [(i, positive) for _, i, positive in members]
        plus = tuple(i for i, positive in signs if positive)
        minus = tuple(i for i, positive in signs if not positive)
        groups.append(Group(size, plus, minus) if plus else Group(-size, minus, ()))
    ordered = tuple(sorted(groups, key=lambda group: (group.weight != 1, group.weight < 0)))
    return NOTHING_TO_ADD if ordered == NOTHING_TO_ADD else ordered


def passes(groups: Sequence[Group]) -> int:
    """Count the ufunc passes of a weighted sum: its cost.

    >>> passes(group_weights([1, 2, 1]))
    3
    """
    additions = sum(len(group.plus) + len(group.minus) for group in groups) - 1
    return additions + sum(abs(group.weight) != 1 for group in groups)


def view_passes(groups: Iterable[Group]) -> int:
    """Count the passes that read views; the others read sums.

    >>> view_passes(group_weights([1, 2, 1]))
    2
    """
    return sum(max(len(group.plus) + len(group.minus) - 1, 1) for group in groups)


def tap_passes(weights: Array) -> int:
    """Count the passes of a sum of taps without preparing it, which is slow for many weights.

    >>> tap_passes(np.array([[1, 2, 0, -2]]))
    3
    """
    sizes = np.abs(weights[weights != 0])
    return max(len(sizes) - 1 + int(np.count_nonzero(np.unique(sizes) != 1)), 0)


def weighted_sum(groups: Sequence[Group], views: Sequence[Array], out: Array, rest: Array) -> None:
    """Write Σ weight · view to ``out``; ``rest`` is working memory of its shape."""
    if not groups:
        out.fill(0)
        return
    first, *others = groups
    total = _add_up(first, views, out)
    if first.weight != 1:
        np.multiply(total, first.weight, out=out)
    elif total is not out:
        np.copyto(out, total)
    for group in others:
        total = _add_up(group, views, rest)
        if abs(group.weight) != 1:
            total = np.multiply(total, abs(group.weight), out=rest)
        (np.add if group.weight > 0 else np.subtract)(out, total, out=out)


def _add_up(group: Group, views: Sequence[Array], out: Array) -> Array:
    """Return Σ plus − Σ minus: in ``out``, or the view itself if there is only one."""
    total = views[group.plus[0]]
    for i in group.plus[1:]:
        total = np.add(total, views[i], out=out)
    for i in group.minus:
        total = np.subtract(total, views[i], out=out)
    return total


def tap_slice(tap: int, outputs: int, stride: int, dilation: int) -> slice:
    """Return the samples that one tap of a 1-D window sees, one for each output."""
    start = tap * dilation
    return slice(start, start + (outputs - 1) * stride + 1, stride)


LOOP_BYTES = 1500
"""Bytes that NumPy copies in the time that it takes to begin with another row, as measured."""


def is_better_as_line(passes: int, width: int, out: Array) -> bool:
    """Whether passes over views of rows of ``width`` are faster over one line of them all.

    That saves beginning with every row anew, but then what is wanted has to be copied to ``out``.
    """
    return width * out.itemsize < LOOP_BYTES * passes


def cut_line(line: Array, width: int, out: Array) -> None:
    """Fill ``out (rows, cols)`` from a line of rows of ``width``, which ends with the last col.

    >>> out = np.empty((2, 2), int)
    >>> cut_line(np.arange(5), 3, out), out.tolist()
    (None, [[0, 1], [3, 4]])
    """
    pitch = width * line.itemsize
    np.copyto(out, np.ndarray(out.shape, line.dtype, line, strides=(pitch, line.itemsize)))


@dataclass(frozen=True)
class Taps:
    """One shifted multiply-add per non-zero weight."""

    positions: tuple[tuple[int, int, int], ...]  # channel, row, column of each weight
    groups: tuple[Group, ...]
    name: str = "taps"

    @property
    def passes(self) -> int:
        """Count the ufunc passes over a band."""
        return passes(self.groups)

    @cached_property
    def view_passes(self) -> int:
        """Count those that read the band itself."""
        return view_passes(self.groups)

    @classmethod
    def prepare(cls, weight: Array) -> Taps:
        """Prepare one filter ``(C_in, kH, kW)``."""
        positions = tuple((int(c), int(i), int(j)) for c, i, j in np.argwhere(weight))
        return cls(positions, group_weights([_plain(w) for w in weight[weight != 0].tolist()]))

    def apply(self, padded: Planes, out: Planes, spacing: Spacing, memory: Memory) -> None:
        """Fill ``out (1, rows, cols)``."""
        _, rows, cols = out.shape
        (sH, sW), (dH, dW), width = spacing.stride, spacing.dilation, padded.shape[2]
        if sH == sW == 1 and is_better_as_line(self.view_passes, width, out):
            lines, count = padded.reshape(len(padded), -1), (rows - 1) * width + cols
            starts = [(c, i * dH * width + j * dW) for c, i, j in self.positions]
            views = [lines[c, start : start + count] for c, start in starts]
            line, rest = memory.take((2, count), out.dtype)
            weighted_sum(self.groups, views, line, rest)
            cut_line(line, width, out[0])
            return
        views = [
            padded[c, tap_slice(i, rows, sH, dH), tap_slice(j, cols, sW, dW)]
            for c, i, j in self.positions
        ]
        weighted_sum(self.groups, views, out[0], memory.take((rows, cols), out.dtype))


@dataclass(frozen=True)
class Chain:
    """A 1-D window as shorter windows applied in turn: their weights multiply as polynomials.

    >>> Chain.of([1, 2, 1]).links
    ((1, 1), (1, 1))
    """

    links: tuple[tuple[float, ...], ...]
    groups: tuple[tuple[Group, ...], ...]

    @property
    def passes(self) -> int:
        """Count the ufunc passes over a band."""
        return sum(passes(groups) for groups in self.groups)

    @cached_property
    def view_passes(self) -> int:
        """Count those that read views of a band or of what a link gave."""
        return sum(map(view_passes, self.groups))

    @classmethod
    def of(cls, weights: Sequence[float]) -> Chain:
        """Divide by [1 1] where that saves passes, as it does for binomial weights."""
        whole = cls((tuple(weights),), (group_weights(weights),))
        quotient = _quotient(weights)
        if not quotient:
            return whole
        rest = cls.of(quotient)
        divided = cls(((1, 1), *rest.links), (group_weights((1, 1)), *rest.groups))
        return divided if divided.passes < whole.passes else whole

    def apply(
        self, plane: Array, out: Array | None, axis: int, spacing: Spacing, memory: Memory
    ) -> Array:
        """Slide along an axis of a plane ``(rows, cols)`` or a line; fill as ``_pass`` does."""
        dilation = spacing.dilation[axis]
        for n, (link, groups) in enumerate(zip(self.links, self.groups, strict=True)):
            last = n == len(self.links) - 1
            stride = spacing.stride[axis] if last else 1
            count = (plane.shape[axis] - (len(link) - 1) * dilation - 1) // stride + 1
            slices = [tap_slice(i, count, stride, dilation) for i in range(len(link))]
            views = [plane[taps] if axis == 0 else plane[:, taps] for taps in slices]
            plane = _pass(groups, views, out if last else None, memory)
        return plane


def _quotient(weights: Sequence[float]) -> list[float]:
    """Divide whole weights by [1 1], as polynomials; return [] where there is a remainder.

    >>> _quotient([1, 3, 3, 1]), _quotient([1, 0, 1])
    ([1, 2, 1], [])
    """
    if len(weights) < 3 or not all(isinstance(weight, int) for weight in weights):
        return []
    sums = list(accumulate(weights, lambda total, weight: weight - total))
    return [] if sums[-1] else sums[:-1]


@dataclass(frozen=True)
class Separable:
    """An outer product: a sum over channels, then one down the columns, then one along the rows."""

    channels: tuple[Group, ...]
    column: Chain
    row: Chain
    factors: tuple[tuple[float, ...], ...]
    name: str = "separable"

    @property
    def passes(self) -> int:
        """Count the ufunc passes over a band."""
        return passes(self.channels) + self.column.passes + self.row.passes

    @classmethod
    def prepare(cls, weight: Array) -> Separable | None:
        """Prepare one filter ``(C_in, kH, kW)``, or return None if it is no outer product."""
        factors = outer_factors(weight)
        if factors is None:
            return None
        channels, column, row = factors
        groups = group_weights(channels)
        return cls(groups, Chain.of(column), Chain.of(row), tuple(map(tuple, factors)))

    def apply(self, padded: Planes, out: Planes, spacing: Spacing, memory: Memory) -> None:
        """Fill ``out (1, rows, cols)``."""
        plane = _pass(self.channels, [*padded], None, memory)
        column = self.column.apply(plane, None, 0, spacing, memory)
        width = column.shape[1]
        if spacing.stride[1] == 1 and is_better_as_line(self.row.view_passes, width, out):
            along = Spacing(dilation=spacing.dilation[::-1])
            line = self.row.apply(column.reshape(-1), None, 0, along, memory)
            cut_line(line, width, out[0])
        else:
            self.row.apply(column, out[0], 1, spacing, memory)


def _pass(groups: Sequence[Group], views: list[Array], out: Array | None, memory: Memory) -> Array:
    """Run one pass into ``out`` or working memory; return a view where there is nothing to add."""
    if out is None:
        if groups is NOTHING_TO_ADD:
            return views[0]
        out = memory.take(views[0].shape, views[0].dtype)
    if len(groups) == 1:
        weighted_sum(groups, views, out, out)
        return out
    with memory:
        weighted_sum(groups, views, out, memory.take(out.shape, out.dtype))
    return out


def outer_factors(weight: Array) -> tuple[list[float], ...] | None:
    """Return a factor per axis whose outer product is ``weight``, or None if its rank is over 1.

    The factors run through the largest weight. Integers give integers as small as they can be, each
    factor divided by its content (Gauss's lemma), and the scale left over goes to the last axis.

    >>> outer_factors(np.array([[[1, 0, -1], [2, 0, -2], [1, 0, -1]]]))
    ([1], [1, 2, 1], [1, 0, -1])
    """
    pivot = np.unravel_index(np.abs(weight).argmax(), weight.shape)
    peak = float(weight[pivot])
    if peak == 0:
        return None
    c, i, j = pivot
    factors = [weight[:, i, j], weight[c, :, j], weight[c, i, :]]
    if np.array_equal(weight, np.rint(weight)):
        factors = [factor / reduce(gcd, map(int, factor)) for factor in factors]
    else:
        factors = [factor / peak for factor in factors]
    centre = [factor[p] for factor, p in zip(factors, pivot, strict=True)]
    factors[-1] = factors[-1] * (peak / np.prod(centre))
    rest = np.einsum("c,i,j->cij", *factors)
    rest -= weight  # in place: a kernel may have millions of weights
    if np.abs(rest, out=rest).max() > 1e-14 * abs(peak):
        return None
    return tuple([_plain(value) for value in factor.tolist()] for factor in factors)


def _plain(value: float) -> float:
    """Return whole numbers as int, so that integer arrays stay integer when multiplied."""
    return int(value) if value == int(value) else value
