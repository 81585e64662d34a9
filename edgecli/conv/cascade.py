"""Filters that share a smoothing: it is computed once, and each of them from its result.

Canny's pair is Sobel's after a Gaussian: as polynomials, the rows and the columns of both kernels
are multiples of that Gaussian. What kernels have in common is found by division, so that nobody has
to say how their weights were made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.method import UNIT, Spacing
from edgecli.conv.products import SINGLE, SeparableProducts
from edgecli.conv.sums import Separable
from edgecli.records import dataclass
from edgecli.rows.base import Planes
from edgecli.rows.memory import Memory

Factor = NDArray[np.float64]
Link = tuple[float, float]

LINKS: tuple[Link, ...] = ((1, 1), (1, -1))  # the shortest mean and the shortest difference
LONGEST_REST = 3  # weights that may be left to a filter alone: as many as Sobel's
REMAINDER = 1e-12  # of the largest weight: what rounding may leave of an exact division


@dataclass(frozen=True, eq=False)
class Cascade:
    """Outer products ``filters``, each to be applied to what ``smooth`` gives, of stride 1."""

    smooth: SeparableProducts
    filters: tuple[Separable, ...]
    reach: tuple[int, int]  # rows and columns of smoothed pixels beyond those of the output
    name: str = "cascade"

    @property
    def together(self) -> int:
        """Return what the smoothing has."""
        return self.smooth.together

    @classmethod
    def prepare(
        cls, columns: Sequence[Factor], rows: Sequence[Factor], dtype: np.dtype[Any] = SINGLE
    ) -> Cascade | None:
        """Prepare kernels ``np.outer(column, row)``; None where they do not share a smoothing."""
        down, along = _split(columns), _split(rows)
        if down is None or along is None:
            return None
        (column, shorter_columns), (row, shorter_rows) = down, along
        kernels = [np.outer(*pair) for pair in zip(shorter_columns, shorter_rows, strict=True)]
        # The scale that they share belongs to the smoothing: then most weights are whole.
        scale = np.abs(kernels[0]).max()
        kernels = [_whole(kernel / scale) for kernel in kernels]
        height, width = (max(side) for side in zip(*(k.shape for k in kernels), strict=True))
        filters = [Separable.prepare(kernel[np.newaxis]) for kernel in kernels]
        if any(kernel.shape != (height, width) for kernel in kernels) or None in filters:
            return None
        smooth = SeparableProducts.prepare(column * scale, row, UNIT, dtype)
        return cls(smooth, tuple(one for one in filters if one), (height - 1, width - 1))

    def apply(
        self, padded: Planes, out: Planes, spacing: Spacing, memory: Memory, above: int = 0
    ) -> None:
        """Fill ``out (C_out, rows, cols)`` from ``padded (1, h, w)``.

        All of that is smoothed, though it may have rows ``above`` those that follow, and below.
        """
        _, rows, cols = out.shape
        height = padded.shape[1] - self.smooth.kernel_size[0] + 1
        smooth = memory.take((1, height, cols + self.reach[1]), out.dtype)
        with memory:
            self.smooth.apply(padded, smooth, spacing, memory)
        used = smooth[:, above : above + rows + self.reach[0]]
        for n, one in enumerate(self.filters):
            with memory:
                one.apply(used, out[n : n + 1], spacing, memory)


def _split(factors: Sequence[Factor]) -> tuple[Factor, list[Factor]] | None:
    """Return what all factors are multiples of, and what each is multiplied by.

    None where they are multiples of different polynomials, or share so little that what is left
    would take more passes than it saves.

    >>> shared, rest = _split([np.array([1.0, 6, 10, 6, 1]), np.array([1.0, 4, 0, -4, -1])])
    >>> shared.tolist(), [one.tolist() for one in rest]
    ([1.0, 5.0, 5.0, 1.0], [[1.0, 1.0], [1.0, -1.0]])
    """
    cores, links = zip(*(_divide(factor) for factor in factors), strict=True)
    first = cores[0]
    pivot = np.abs(first).argmax()
    scales = [core[pivot] / first[pivot] if core.shape == first.shape else 0.0 for core in cores]
    error = REMAINDER * abs(first[pivot])
    for core, scale in zip(cores, scales, strict=True):
        if not scale or not np.allclose(core / scale, first, rtol=0, atol=error):
            return None
    common = Counter(links[0])
    for others in links[1:]:
        common &= Counter(others)
    pairs = zip(links, scales, strict=True)
    rest = [scale * _product(Counter(own) - common) for own, scale in pairs]
    if max(map(len, rest)) > LONGEST_REST:
        return None
    return np.convolve(first, _product(common)), rest


def _divide(factor: Factor) -> tuple[Factor, list[Link]]:
    """Divide a factor by the links as often as there is no remainder; return what is left, too."""
    divisors: list[Link] = []
    for link in LINKS:
        while len(factor) > 1:
            quotient, remainder = _quotient(factor, link)
            if abs(remainder) > REMAINDER * np.abs(factor).max():
                break
            factor = quotient
            divisors.append(link)
    return factor, divisors


def _quotient(factor: Factor, link: Link) -> tuple[Factor, float]:
    """Divide by a link, without a step of Python for each weight as ``numpy.polydiv`` has.

    >>> quotient, remainder = _quotient(np.array([1.0, 3, 3, 2]), (1, 1))
    >>> quotient.tolist(), remainder
    ([1.0, 2.0, 1.0], 1.0)
    """
    signs = (-link[1]) ** np.arange(len(factor), dtype=np.float64)
    sums = np.cumsum(factor * signs) * signs + 0.0
    return sums[:-1], float(sums[-1])


def _product(links: Counter[Link]) -> Factor:
    product = np.ones(1)
    for link in links.elements():
        product = np.convolve(product, link)
    return product


def _whole(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round weights that are whole but for rounding errors."""
    rounded = np.rint(kernel)
    return rounded if np.allclose(kernel, rounded, rtol=0, atol=REMAINDER) else kernel
