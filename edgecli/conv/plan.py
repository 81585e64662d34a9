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
from edgecli.conv.products import LowRank, RowProducts, SeparableProducts, numerical_rank
from edgecli.conv.spectral import Spectral
from edgecli.conv.sums import Separable, Taps, outer_factors, tap_passes
from edgecli.errors import FilterError
from edgecli.filters import FilterBank
from edgecli.geometry import Window
from edgecli.records import dataclass, field

PLANS_KEPT = 32  # a small image takes less time than its plan

INT16_LARGEST = 2**15 - 1
INT32_LARGEST = 2**31 - 1
FLOAT_EXACT = 2**24  # up to here float32 holds every whole number, so sums of products stay exact
FLOAT_LARGEST = float(np.finfo(np.float32).max)
SINGLE = np.dtype(np.float32)

# The following were measured on 24 megapixels with two threads (tests/benchmarks/engine.py).

# The most ufunc passes with which sums beat products: of an outer product, of another kernel's row.
MOST_PASSES = {"int16": 20, "int32": 9, "float32": 9}
PASSES_PER_ROW = {"int16": 6.0, "int32": 3.5, "float32": 3.5}

LOW_RANK_FROM = {2: 5, 3: 9, 4: 15}  # by rank, the longer side from which outer products pay
SPECTRAL_FROM, FOURIER_FROM = 11, 48  # the same for transforms of the columns, of both directions


@dataclass(frozen=True)
class Part:
    """A method, its filters ``[start, stop)``, and the type of the pixels it computes with."""

    start: int
    stop: int
    method: Method
    pixels: np.dtype[Any]


@dataclass(frozen=True)
class Plan:
    """How a bank is computed; ``accumulator`` holds responses, exactly where ``reason`` says so."""

    accumulator: np.dtype[Any]
    reason: str
    parts: tuple[Part, ...]
    bias: tuple[float, ...]
    spacing: Spacing
    weight: NDArray[Any] = field(repr=False, compare=False)

    @cached_property
    def sums(self) -> tuple[Part, ...]:
        """Return the parts for a band with NaN, which products would spread: 0 · NaN is NaN."""
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

    @property
    def most_rows(self) -> int | None:
        """Return the most output rows that the methods allow in a band; None for no limit."""
        rows = [p.method.band_rows for p in self.parts if isinstance(p.method, Spectral | Fourier)]
        return min(rows, default=None)

    @property
    def grain(self) -> int:
        """Return the output rows that methods take together: BLAS rounds by a row's place there."""
        return self.most_rows or math.lcm(*(_rows_together(part.method) for part in self.parts))


def _rows_together(method: Method) -> int:
    """Return the rows of one product."""
    match method:
        case RowProducts():
            return len(method.matrix[0])
        case SeparableProducts():
            return len(method.down)
        case LowRank():
            return len(method.terms[0].down)
        case Cascade():
            return len(method.smooth.down)
    return 1


@lru_cache(PLANS_KEPT)
def plan_convolution(bank: FilterBank, window: Window, dtype: DTypeLike) -> Plan:
    """Choose methods and accumulator for sliding ``bank`` over pixels of ``dtype``.

    ``bank`` has the volume's depth already. The same arguments return the same plan, remembered.

    >>> from edgecli.filters import load_filter
    >>> plan = plan_convolution(load_filter("vertical"), Window((3, 3)), "uint8")
    >>> plan.method, plan.accumulator.name
    ('separable', 'int16')
    """
    largest = _largest_pixel(window, np.dtype(dtype))
    bound = _largest_response(bank, largest)
    accumulator, reason = _choose_accumulator(bank, window, np.dtype(dtype), largest, bound)
    spacing = Spacing(window.stride, window.dilation)
    exact = accumulator == SINGLE or bound <= FLOAT_EXACT
    parts = _choose_parts(bank.weight, accumulator, spacing, exact)
    bias = tuple(int(b) if b == int(b) else b for b in bank.bias.tolist())
    return Plan(accumulator, reason, parts, bias, spacing, bank.weight)


def _choose_accumulator(
    bank: FilterBank, window: Window, dtype: np.dtype[Any], largest: int, bound: int
) -> tuple[np.dtype[Any], str]:
    """Return the type that holds such pixels and responses exactly, else float32; and why."""
    if dtype.kind not in "bui":
        return SINGLE, f"{dtype.name} pixels"
    if not bank.is_integer:
        return SINGLE, "weights are not whole numbers"
    if window.padding_mode.value != int(window.padding_mode.value):
        return SINGLE, f"padding with {window.padding_mode.value:g}"
    formula = f"Σ|w|·{largest} = {bound:,}"
    if max(bound, largest) <= INT16_LARGEST:
        return np.dtype(np.int16), f"exact: {formula} fits 16 bits"
    if max(bound, largest) <= INT32_LARGEST:
        return np.dtype(np.int32), f"exact: {formula} fits 32 bits"
    return SINGLE, f"{formula} exceeds 32 bits"


def _largest_pixel(window: Window, dtype: np.dtype[Any]) -> int:
    """Return the largest absolute pixel, padding included; for floats, that of a picture."""
    padding_mode = int(abs(window.padding_mode.value))
    if dtype.kind not in "ui":
        return max(1, padding_mode)
    info = np.iinfo(dtype)
    return max(int(info.max), -int(info.min), padding_mode)


def _largest_response(bank: FilterBank, largest: int) -> int:
    """Return the largest possible response; FilterError where float32 cannot hold it."""
    with np.errstate(over="ignore"):
        bounds = bank.absolute_sums * largest + np.abs(bank.bias)
    if (bounds > FLOAT_LARGEST).any():
        name = bank.names[int(bounds.argmax())]
        raise FilterError(
            f"responses of filter {name!r} may pass float32's ±3.4e38; "
            "use smaller weights, biases or padding"
        )
    return int(bounds.max())


def _choose_parts(
    weight: NDArray[Any], accumulator: np.dtype[Any], spacing: Spacing, exact: bool
) -> tuple[Part, ...]:
    """Compute all filters of a layer in one product, else each by itself."""
    filters, channels, kH, kW = weight.shape
    layer = channels > 1 or max(kH, kW) < SPECTRAL_FROM
    if layer and channels * filters > 4 and accumulator == SINGLE:
        return (Part(0, filters, RowProducts.prepare(weight, spacing), SINGLE),)
    alone = tuple(
        Part(n, n + 1, *_choose_method(one, accumulator, spacing, exact))
        for n, one in enumerate(weight)
    )
    if accumulator != SINGLE and filters > 1:
        together = Increments.prepare(weight)
        if together.passes < sum(_sums(one).passes for one in weight):
            return (Part(0, filters, together, accumulator),)
    # Whole numbers stay exact alone: between the steps of a cascade they may pass 2²⁴.
    if accumulator == SINGLE and filters > 1 and spacing == UNIT:
        cascade = _cascade(weight, alone)
        if cascade is not None:
            return (Part(0, filters, cascade, SINGLE),)
    return alone


def _cascade(weight: NDArray[Any], alone: tuple[Part, ...]) -> Cascade | None:
    """Return how long outer products are computed together, if they share a smoothing."""
    if not all(isinstance(part.method, SeparableProducts) for part in alone):
        return None
    factors = [factors for one in weight if (factors := outer_factors(one))]
    _, columns, rows = zip(*factors, strict=True)
    return Cascade.prepare([np.array(c) for c in columns], [np.array(r) for r in rows])


def _sums(weight: NDArray[Any]) -> Separable | Taps:
    return Separable.prepare(weight) or Taps.prepare(weight)


def _choose_method(
    weight: NDArray[Any], accumulator: np.dtype[Any], spacing: Spacing, exact: bool
) -> tuple[Method, np.dtype[Any]]:
    """Choose for one filter ``(C_in, kH, kW)``; products where sums take too many passes."""
    outer = Separable.prepare(weight)
    if outer is not None:
        passes, most = outer.passes, float(MOST_PASSES[accumulator.name])
    else:
        passes, most = tap_passes(weight), PASSES_PER_ROW[accumulator.name] * weight.shape[1]
    if passes <= most or not exact:
        return outer or Taps.prepare(weight), accumulator
    if len(weight) == 1 and outer is not None:
        _, column, row = outer.factors
        return SeparableProducts.prepare(np.array(column), np.array(row), spacing), SINGLE
    # Fourier transforms and singular values round: whole numbers stay with plain products.
    if len(weight) == 1 and accumulator == SINGLE and spacing == UNIT:
        return _choose_dense(weight[0]), SINGLE
    return RowProducts.prepare(weight[np.newaxis], spacing), SINGLE


def _choose_dense(kernel: NDArray[Any]) -> Method:
    """Choose for one kernel of floats, at stride 1, that is no outer product."""
    side = max(kernel.shape)
    if side >= LOW_RANK_FROM.get(numerical_rank(kernel), side + 1):
        return LowRank.prepare(kernel)
    if side >= FOURIER_FROM:
        return Fourier.prepare(kernel)
    if side >= SPECTRAL_FROM:
        return Spectral.prepare(kernel)
    return RowProducts.prepare(kernel[np.newaxis, np.newaxis], UNIT)
