"""Which method runs, with which accumulator, and why: decided once, before any pixel is read."""

from __future__ import annotations

import math
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from edgecli.conv.cascade import Cascade
from edgecli.conv.fourier import Fourier
from edgecli.conv.increments import Increments
from edgecli.conv.method import UNIT, Method, Spacing
from edgecli.conv.products import (
    DOUBLE,
    SINGLE,
    LowRank,
    RowProducts,
    SeparableProducts,
    numerical_rank,
)
from edgecli.conv.spectral import Spectral
from edgecli.conv.sums import Separable, Taps, outer_factors, tap_passes
from edgecli.errors import FilterError
from edgecli.filters import FilterBank
from edgecli.geometry import Window
from edgecli.records import dataclass, field

PLANS_KEPT = 32  # a small image takes less time than its plan

WHOLE = [np.dtype(name) for name in ("int16", "int32", "int64")]  # accumulators of whole numbers

EXACT_TO: dict[np.dtype[Any], int] = {SINGLE: 2**24, DOUBLE: 2**53}
"""Up to here floats hold every whole number, so that sums of products stay exact."""

# The following were measured on 24 megapixels with two threads (tests/benchmarks/engine.py).

# The most ufunc passes with which sums beat products: of an outer product, of another kernel's row.
MOST_PASSES = {"int16": 20} | dict.fromkeys(("int32", "int64", "float32", "float64"), 9)
PASSES_PER_ROW = {"int16": 6.0} | dict.fromkeys(("int32", "int64", "float32", "float64"), 3.5)

LOW_RANK_FROM = {2: 5, 3: 9, 4: 15}  # by rank, the longer side from which outer products pay
SPECTRAL_FROM, FOURIER_FROM = 11, 20  # the same for transforms of the columns, of both directions


@dataclass(frozen=True)
class Part:
    """A method, its filters ``[start, stop)``, and the type of the pixels it computes with."""

    start: int
    stop: int
    method: Method
    pixels: np.dtype[Any]

    @property
    def together(self) -> int:
        """Return of how many rows a product consists; 1 where each row is computed by itself."""
        products = RowProducts | SeparableProducts | Cascade | LowRank
        return self.method.together if isinstance(self.method, products) else 1

    def whole(self, rows: int) -> int:
        """Return how many rows to compute for so many, that products be whole.

        A cascade's are those of its smoothing, which has more rows.
        """
        more = self.method.reach[0] if isinstance(self.method, Cascade) else 0
        return -(-(rows + more) // self.together) * self.together - more


@dataclass(frozen=True)
class Plan:
    """How a bank is computed; ``accumulator`` holds responses, exactly where ``reason`` says so.

    64-bit integers may be too large for that: ``holds`` is the largest absolute pixel for which
    the accumulator holds all responses, ``multiplies`` that for which the products of ``parts`` are
    exact. Both are None where no pixel of the type is larger.
    """

    accumulator: np.dtype[Any]
    reason: str
    parts: tuple[Part, ...]
    bias: tuple[float, ...]
    spacing: Spacing
    weight: NDArray[Any] = field(repr=False, compare=False)
    holds: int | None = None
    multiplies: int | None = None

    @cached_property
    def sums(self) -> tuple[Part, ...]:
        """Return the parts for a band in which products fail.

        They spread NaN (0 · NaN is NaN), and round integers beyond ``multiplies``.
        """
        filters = enumerate(self.weight)
        return tuple(Part(n, n + 1, _sums(one), self.accumulator) for n, one in filters)

    @property
    def method(self) -> str:
        """Name the methods, each once: ``separable``, ``separable + taps``."""
        return " + ".join(dict.fromkeys(part.method.name for part in self.parts))

    @property
    def uses_blas(self) -> bool:
        """Whether a method multiplies matrices."""
        products = RowProducts | SeparableProducts | Cascade | LowRank | Spectral
        return any(isinstance(part.method, products) for part in self.parts)

    @cached_property
    def together(self) -> int:
        """Return in whose multiples rows begin that are computed, to be rounded alike in any band.

        Whole numbers are not rounded.
        """
        if self.accumulator.kind == "i":
            return 1
        return math.lcm(*(part.together for part in self.parts))

    @property
    def most_rows(self) -> int | None:
        """Return the most output rows that the methods allow in a band; None for no limit."""
        rows = [p.method.band_rows for p in self.parts if isinstance(p.method, Spectral | Fourier)]
        return min(rows, default=None)


@lru_cache(PLANS_KEPT)
def plan_convolution(bank: FilterBank, window: Window, dtype: DTypeLike) -> Plan:
    """Choose methods and accumulator for sliding ``bank`` over pixels of ``dtype``.

    ``bank`` has the volume's depth already. The same arguments return the same plan, remembered.

    >>> from edgecli.filters import load_filter
    >>> plan = plan_convolution(load_filter("vertical"), Window((3, 3)), "uint8")
    >>> plan.method, plan.accumulator.name
    ('separable', 'int16')
    """
    pixels = np.dtype(dtype)
    largest = _largest_pixel(window, pixels)
    floats = DOUBLE if np.result_type(pixels, SINGLE).itemsize >= 8 else SINGLE
    _check_largest(bank, largest, floats)
    accumulator, reason = _choose_accumulator(bank, window, pixels, largest, floats)
    spacing = Spacing(window.stride, window.dilation)
    bound = _bound(bank, largest)
    exact = accumulator if accumulator.kind == "f" else _exact_floats(pixels, bound)
    parts = _choose_parts(bank.weight, accumulator, spacing, exact)
    bias = tuple(int(b) if b == int(b) else b for b in bank.bias.tolist())
    holds = multiplies = None
    if accumulator.kind == "i" and pixels.itemsize == 8:
        holds = _most(bank, np.iinfo(accumulator).max)
        if any(part.pixels.kind == "f" for part in parts):
            multiplies = _most(bank, EXACT_TO[DOUBLE])
    return Plan(accumulator, reason, parts, bias, spacing, bank.weight, holds, multiplies)


def _choose_accumulator(
    bank: FilterBank, window: Window, pixels: np.dtype[Any], largest: int, floats: np.dtype[Any]
) -> tuple[np.dtype[Any], str]:
    """Return the type that holds such pixels and responses exactly, else floats; and why."""
    if pixels.kind not in "bui":
        return floats, f"{floats.name} pixels"
    if not bank.is_integer:
        return floats, "weights are not whole numbers"
    if window.padding_mode.value != int(window.padding_mode.value):
        return floats, f"padding with {window.padding_mode.value:g}"
    if pixels.itemsize == 8:
        most = _most(bank, np.iinfo(np.int64).max)
        if most >= largest:
            return WHOLE[-1], f"exact: Σ|w|·{most:,} fits 64 bits"
    bound = _bound(bank, largest)
    formula = f"Σ|w|·{largest} = {bound:,}"
    for whole in WHOLE:
        if max(bound, largest) <= np.iinfo(whole).max:
            return whole, f"exact: {formula} fits {8 * whole.itemsize} bits"
    return DOUBLE, f"{formula} exceeds 64 bits"


def _largest_pixel(window: Window, pixels: np.dtype[Any]) -> int:
    """Return the largest absolute pixel, padding included; for floats, that of a picture.

    That of 64-bit integers is known only when they are read: here only their padding counts.
    """
    padding_mode = int(abs(window.padding_mode.value))
    if pixels.kind not in "ui" or pixels.itemsize == 8:
        return max(1, padding_mode)
    info = np.iinfo(pixels)
    return max(int(info.max), -int(info.min), padding_mode)


def _sizes(bank: FilterBank) -> list[tuple[int, int]]:
    """Return Σ|w| and |bias| of every filter, rounded up to whole numbers."""
    pairs = zip(bank.absolute_sums.tolist(), bank.bias.tolist(), strict=True)
    return [(math.ceil(total), math.ceil(abs(bias))) for total, bias in pairs]


def _bound(bank: FilterBank, largest: int) -> int:
    """Return the largest possible response to pixels of ± ``largest``."""
    return max(total * largest + bias for total, bias in _sizes(bank))


def _most(bank: FilterBank, limit: int) -> int:
    """Return the largest absolute pixel for which no response passes a limit."""
    return min((limit - bias) // max(total, 1) for total, bias in _sizes(bank))


def _exact_floats(pixels: np.dtype[Any], bound: int) -> np.dtype[Any] | None:
    """Return the floats that hold all whole numbers up to a bound; None for none.

    64-bit integers, of which a band may hold larger ones, need the longer floats.
    """
    able = (floats for floats, most in EXACT_TO.items() if bound <= most)
    return next((floats for floats in able if floats.itemsize >= pixels.itemsize), None)


def _check_largest(bank: FilterBank, largest: int, floats: np.dtype[Any]) -> None:
    """Raise FilterError where floats cannot hold a response."""
    with np.errstate(over="ignore"):
        bounds = bank.absolute_sums * float(largest) + np.abs(bank.bias)
    limit = float(np.finfo(floats).max)
    if (bounds > limit).any():
        name, most = bank.names[int(bounds.argmax())], f"{limit:.1e}".replace("+", "")
        raise FilterError(
            f"responses of filter {name!r} may pass {floats.name}'s ±{most}; "
            "use smaller weights, biases or padding"
        )


def _choose_parts(
    weight: NDArray[Any], accumulator: np.dtype[Any], spacing: Spacing, exact: np.dtype[Any] | None
) -> tuple[Part, ...]:
    """Compute all filters of a layer in one product, else each by itself.

    ``exact`` are the floats whose products are as exact as the accumulator; None if none are.
    """
    filters, channels, kH, kW = weight.shape
    layer = channels > 1 or max(kH, kW) < SPECTRAL_FROM
    if layer and channels * filters > 4 and accumulator.kind == "f":
        products = RowProducts.prepare(weight, spacing, accumulator)
        return (Part(0, filters, products, accumulator),)
    alone = tuple(
        Part(n, n + 1, *_choose_method(one, accumulator, spacing, exact))
        for n, one in enumerate(weight)
    )
    if accumulator.kind == "i" and filters > 1:
        together = Increments.prepare(weight)
        if together.passes < sum(_sums(one).passes for one in weight):
            return (Part(0, filters, together, accumulator),)
    # Whole numbers stay exact alone: between the steps of a cascade they may pass 2²⁴.
    if accumulator.kind == "f" and filters > 1 and spacing == UNIT:
        cascade = _cascade(weight, alone, accumulator)
        if cascade is not None:
            return (Part(0, filters, cascade, accumulator),)
    return alone


def _cascade(
    weight: NDArray[Any], alone: tuple[Part, ...], floats: np.dtype[Any]
) -> Cascade | None:
    """Return how long outer products are computed together, if they share a smoothing."""
    if not all(isinstance(part.method, SeparableProducts) for part in alone):
        return None
    factors = [factors for one in weight if (factors := outer_factors(one))]
    _, columns, rows = zip(*factors, strict=True)
    return Cascade.prepare([np.array(c) for c in columns], [np.array(r) for r in rows], floats)


def _sums(weight: NDArray[Any]) -> Separable | Taps:
    return Separable.prepare(weight) or Taps.prepare(weight)


def _choose_method(
    weight: NDArray[Any], accumulator: np.dtype[Any], spacing: Spacing, exact: np.dtype[Any] | None
) -> tuple[Method, np.dtype[Any]]:
    """Choose for one filter ``(C_in, kH, kW)``; products where sums take too many passes."""
    outer = Separable.prepare(weight)
    if outer is not None:
        passes, most = outer.passes, float(MOST_PASSES[accumulator.name])
    else:
        passes, most = tap_passes(weight), PASSES_PER_ROW[accumulator.name] * weight.shape[1]
    if exact is not None and exact.itemsize > 4:
        most *= 8 / accumulator.itemsize  # products in float64 take twice the time
    if passes <= most or exact is None:
        return outer or Taps.prepare(weight), accumulator
    if len(weight) == 1 and outer is not None:
        _, column, row = outer.factors
        return SeparableProducts.prepare(np.array(column), np.array(row), spacing, exact), exact
    # Fourier transforms and singular values round: whole numbers stay with plain products.
    if len(weight) == 1 and accumulator.kind == "f" and spacing == UNIT:
        return _choose_dense(weight[0], exact), exact
    return RowProducts.prepare(weight[np.newaxis], spacing, exact), exact


def _choose_dense(kernel: NDArray[Any], floats: np.dtype[Any]) -> Method:
    """Choose for one kernel of floats, at stride 1, that is no outer product."""
    side = max(kernel.shape)
    if side >= LOW_RANK_FROM.get(numerical_rank(kernel, floats), side + 1):
        return LowRank.prepare(kernel, floats)
    if side >= FOURIER_FROM:
        return Fourier.prepare(kernel)
    if side >= SPECTRAL_FROM:
        return Spectral.prepare(kernel, floats)
    return RowProducts.prepare(kernel[np.newaxis, np.newaxis], UNIT, floats)
