"""Operators: named filters and how their feature maps combine into one edge map.

Combining takes a norm of the filters' responses at each pixel: ``magnitude`` the Euclidean one,
``sum`` the sum of absolute values, ``max`` the largest absolute value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.scratch import Scratch
from edgecli.filters import FilterBank, concatenate, load_filter

COMBINATIONS = ("none", "magnitude", "max", "sum")

OPERATORS = dict.fromkeys(("sobel", "prewitt", "scharr", "roberts"), "magnitude")
"""Built-in banks whose filters belong together, and how their maps combine."""


@dataclass(frozen=True)
class Operator:
    """A bank, what it is called, and how its feature maps combine."""

    name: str
    bank: FilterBank
    combine: str = "none"


@dataclass(frozen=True)
class EdgeMap:
    """One edge map: the responses ``[start, stop)`` of the bank, combined."""

    name: str
    start: int
    stop: int
    combine: str


def load_operator(spec: str) -> Operator:
    """Load a built-in operator, or any filter as an operator that combines nothing.

    >>> load_operator("sobel").combine, load_operator("vertical").combine
    ('magnitude', 'none')
    """
    bank = load_filter(spec)
    combine = OPERATORS.get(spec, "none")
    return Operator(spec if combine != "none" else bank.names[0], bank, combine)


def edge_maps(operators: Sequence[Operator], combine: str | None) -> tuple[EdgeMap, ...]:
    """List the edge maps of operators whose banks follow one another in one bank.

    ``combine`` replaces what each operator brings: any but ``none`` makes one map of them all.
    """
    if combine not in (None, "none"):
        total = sum(len(operator.bank) for operator in operators)
        name = "-".join(operator.name for operator in operators)
        return (EdgeMap(name, 0, total, str(combine)),)
    maps: list[EdgeMap] = []
    start = 0
    for operator in operators:
        how = combine or operator.combine
        stop = start + len(operator.bank)
        if how == "none":
            named = zip(operator.bank.names, range(start, stop), strict=True)
            maps += [EdgeMap(name, n, n + 1, "none") for name, n in named]
        else:
            maps.append(EdgeMap(operator.name, start, stop, how))
        start = stop
    return tuple(maps)


def combined_dtype(edge_map: EdgeMap, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type of a combined map: magnitudes and sums need not fit the responses' type."""
    alone = edge_map.stop - edge_map.start == 1 or edge_map.combine in ("none", "max")
    return dtype if alone else np.dtype(np.float32)


def combine_responses(responses: NDArray[Any], how: str, scratch: Scratch) -> NDArray[Any]:
    """Combine ``(n, rows, cols)`` into ``(rows, cols)``; one response alone stays signed.

    >>> combine_responses(np.array([[[3]], [[-4]]]), "magnitude", Scratch()).tolist()
    [[5.0]]
    """
    if len(responses) == 1:
        return responses[0]  # type: ignore[no-any-return]
    if how == "max":
        np.abs(responses, out=responses)
        return reduce(lambda a, b: np.maximum(a, b, out=a), responses)
    shape = responses.shape[1:]
    total, term = (scratch.take(name, shape, np.float32) for name in ("total", "term"))
    total.fill(0)
    for response in responses:
        np.copyto(term, response, casting="unsafe")
        (np.square if how == "magnitude" else np.abs)(term, out=term)
        np.add(total, term, out=total)
    return np.sqrt(total, out=total) if how == "magnitude" else total


def strongest(maps: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return per pixel the map with the largest absolute value, its sign kept."""
    return reduce(lambda a, b: np.where(np.abs(b) > np.abs(a), b, a), maps)


def merge_banks(banks: Sequence[FilterBank]) -> FilterBank:
    """Join banks into one, so that all filters slide together and their maps line up.

    Smaller kernels are centred in the largest kernel's size among zeros, which cost nothing. A
    window of even size has its centre up and left of the middle, as ``same`` padding has it.
    """
    size = tuple(max(bank.kernel_size[axis] for bank in banks) for axis in (0, 1))
    return concatenate([_centred(bank, (size[0], size[1])) for bank in banks])


def _centred(bank: FilterBank, size: tuple[int, int]) -> FilterBank:
    before = [
        (new - 1) // 2 - (old - 1) // 2 for new, old in zip(size, bank.kernel_size, strict=True)
    ]
    after = [new - old - b for new, old, b in zip(size, bank.kernel_size, before, strict=True)]
    around = ((0, 0), (0, 0), (before[0], after[0]), (before[1], after[1]))
    if not any(before + after):
        return bank
    bias = bank.bias if bank.has_bias else None
    return FilterBank(np.pad(bank.weight, around), bias, bank.names)


def largest_response(bank: FilterBank, edge_map: EdgeMap, full_scale: float) -> float:
    """Return the largest absolute value that a map can have for pixels of 0 … full_scale.

    Of one filter that is the larger of the sums of its positive and of its negative weights,
    times full scale, with the bias. Combined maps take the same norm of their filters' bounds.
    """
    weight = bank.weight[edge_map.start : edge_map.stop]
    bias = bank.bias[edge_map.start : edge_map.stop]
    upper = np.clip(weight, 0, None).sum(axis=(1, 2, 3)) * full_scale + bias
    lower = np.clip(weight, None, 0).sum(axis=(1, 2, 3)) * full_scale + bias
    bounds = np.maximum(np.abs(upper), np.abs(lower))
    match edge_map.combine:
        case "magnitude":
            return float(np.sqrt(np.square(bounds).sum()))
        case "sum":
            return float(bounds.sum())
        case _:
            return float(bounds.max())
