"""Which method runs, in which accumulator, and why: decided once, before any pixel is touched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from edgecli.conv.methods import Method, Separable, Steps, Taps
from edgecli.filters import FilterBank
from edgecli.geometry import Window

INT16_LARGEST = 2**15 - 1
INT32_LARGEST = 2**31 - 1


@dataclass(frozen=True)
class Part:
    """A method and the filters ``[start, stop)`` of the bank that it computes."""

    start: int
    stop: int
    method: Method


@dataclass(frozen=True)
class Plan:
    """How a bank is computed. The engine applies it without deciding anything.

    ``accumulator`` is the type of the band's pixels, of every sum and of the responses.
    """

    accumulator: np.dtype[Any]
    reason: str
    parts: tuple[Part, ...]
    bias: tuple[float, ...]
    steps: Steps

    @property
    def method(self) -> str:
        """Name the methods, each once: ``separable``, ``separable + taps``."""
        return " + ".join(dict.fromkeys(part.method.name for part in self.parts))


def plan_convolution(bank: FilterBank, window: Window, dtype: DTypeLike) -> Plan:
    """Choose methods and accumulator for sliding ``bank`` over pixels of ``dtype``.

    ``bank`` has the volume's depth already (``bank.over(channels)``).

    >>> from edgecli.filters import load_filter
    >>> plan = plan_convolution(load_filter("vertical"), Window((3, 3)), "uint8")
    >>> plan.method, plan.accumulator.name
    ('separable', 'int16')
    """
    accumulator, reason = choose_accumulator(bank, window, np.dtype(dtype))
    parts = tuple(Part(n, n + 1, _choose_method(weight)) for n, weight in enumerate(bank.weight))
    bias = tuple(int(b) if b == int(b) else b for b in bank.bias.tolist())
    return Plan(accumulator, reason, parts, bias, Steps(window.stride, window.dilation))


def choose_accumulator(
    bank: FilterBank, window: Window, dtype: np.dtype[Any]
) -> tuple[np.dtype[Any], str]:
    """Return the smallest type in which every response is exact, else float32; and why."""
    if dtype.kind not in "bui":
        return np.dtype(np.float32), f"{dtype.name} pixels"
    if not bank.is_integer:
        return np.dtype(np.float32), "weights are not whole numbers"
    border = window.border.value
    if border != int(border):
        return np.dtype(np.float32), f"padding with {border:g}"
    largest = max(_largest_pixel(dtype), abs(int(border)))
    bound = _largest_response(bank.weight, bank.bias, largest)
    formula = f"Σ|w|·{largest} = {bound:,}"
    if max(bound, largest) <= INT16_LARGEST:
        return np.dtype(np.int16), f"exact: {formula} fits 16 bits"
    if max(bound, largest) <= INT32_LARGEST:
        return np.dtype(np.int32), f"exact: {formula} fits 32 bits"
    return np.dtype(np.float32), f"{formula} exceeds 32 bits"


def _largest_pixel(dtype: np.dtype[Any]) -> int:
    if dtype.kind == "b":
        return 1
    info = np.iinfo(dtype)
    return max(int(info.max), -int(info.min))


def _largest_response(weight: NDArray[Any], bias: NDArray[Any], largest: int) -> int:
    bounds = np.abs(weight).sum(axis=(1, 2, 3)) * largest + np.abs(bias)
    return int(bounds.max())


def _choose_method(weight: NDArray[Any]) -> Method:
    return Separable.prepare(weight) or Taps.prepare(weight)
