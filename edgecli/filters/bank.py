"""A filter bank: weights, biases and names, checked when it is made and never changed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecli.errors import FilterError
from edgecli.records import dataclass, field

LARGEST_WEIGHTS = 2**30 // 8  # the most weights of a bank: 1 GiB of 8-byte numbers

# Up to here ranks are found by elimination, which costs the kernel's side cubed.
LARGEST_EXACT, MOST_EXACT_WEIGHTS = 2**31, 32 * 32

MOST_TERMS = 64
"""Outer products that are looked for in a large kernel: derivatives of Gaussians have up to 3, and
Gabor's waves some 30."""


@dataclass(frozen=True, eq=False, init=False)
class FilterBank:
    """Filters of one shape: ``weight (C_out, C_in, kH, kW)``, ``bias (C_out,)``, a name for each.

    Both arrays are float64 and read-only. ``has_bias`` tells a bias of zero, which counts as a
    parameter, from none at all. Negative zeros become zeros, so that equal banks have equal bytes.
    FilterError where a number is not finite or the lengths do not match.

    >>> bank = FilterBank([[[[1, 0, -1]]]], names=["difference"])
    >>> bank.shape, bank.parameters
    ((1, 1, 1, 3), (3, 0))
    """

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]
    names: tuple[str, ...]
    has_bias: bool = field(init=False)

    def __init__(
        self, weight: ArrayLike, bias: ArrayLike | None = None, names: Iterable[str] = ()
    ) -> None:
        weights = _numbers(weight, "weights")
        check_shape(weights.shape)
        biases = np.zeros(len(weights)) if bias is None else _numbers(bias, "biases")
        if biases.shape != (len(weights),):
            raise FilterError(
                f"a filter bank has one bias per filter, {len(weights)} in all; "
                f"give as many, not {times(biases.shape)}"
            )
        for array in (weights, biases):
            array.flags.writeable = False
        object.__setattr__(self, "weight", weights)
        object.__setattr__(self, "bias", biases)
        object.__setattr__(self, "names", _names(names, len(weights)))
        object.__setattr__(self, "has_bias", bias is not None)

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, FilterBank)
            and (self.names, self.has_bias) == (other.names, other.has_bias)
            and np.array_equal(self.weight, other.weight)
            and np.array_equal(self.bias, other.bias)
        )

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        numbers = self.weight.tobytes(), self.bias.tobytes()
        return hash((self.shape, *numbers, self.names, self.has_bias))

    def __len__(self) -> int:
        return len(self.weight)

    @property
    def _given_bias(self) -> NDArray[np.float64] | None:
        return self.bias if self.has_bias else None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Filters, channels, height and width."""
        C_out, C_in, kH, kW = self.weight.shape
        return C_out, C_in, kH, kW

    @property
    def depth(self) -> int:
        """Channels of each filter."""
        return self.shape[1]

    @property
    def kernel_size(self) -> tuple[int, int]:
        """Height and width of the kernels."""
        return self.shape[2:]

    @property
    def parameters(self) -> tuple[int, int]:
        """Number of weights, and of biases, which is 0 for a bank without bias."""
        return self.weight.size, len(self) if self.has_bias else 0

    @property
    def is_integer(self) -> bool:
        """Whether every weight and every bias is a whole number."""
        return all(bool(np.all(a == np.rint(a))) for a in (self.weight, self.bias))

    @cached_property
    def absolute_sums(self) -> NDArray[np.float64]:
        """Σ|w| of each filter: its largest response to pixels of −1 … 1, bias excluded."""
        sums: NDArray[np.float64] = np.abs(self.weight).sum(axis=(1, 2, 3))
        return sums

    @cached_property
    def ranks(self) -> tuple[int, ...]:
        """Per filter the largest rank of its kernels: 1 is an outer product, 0 all zeros.

        >>> FilterBank([[[[1, 2], [2, 4]], [[1, 2], [3, 4]]]]).ranks
        (2,)
        """
        return tuple(_largest_rank(kernels) for kernels in self.weight)

    def flipped(self) -> FilterBank:
        """Return the bank with every kernel turned by 180°, which makes correlation convolution."""
        return FilterBank(self.weight[:, :, ::-1, ::-1], self._given_bias, self.names)

    def over(self, channels: int) -> FilterBank:
        """Return the bank for that many channels: depth 1 is repeated, others are FilterErrors."""
        if self.depth == channels:
            return self
        if self.depth != 1:
            others = "" if channels == 1 else f" or {channels}"
            colours = ", or --channels rgb" if self.depth == 3 else ""
            raise FilterError(
                f"filter {self.names[0]!r} has depth {self.depth} and the volume has depth "
                f"{channels}; use a filter of depth 1{others}{colours}"
            )
        shape = len(self), channels, *self.kernel_size
        check_shape(shape)  # before there is an array
        return FilterBank(np.broadcast_to(self.weight, shape), self._given_bias, self.names)

    def with_bias(self, values: ArrayLike) -> FilterBank:
        """Return the bank with these biases: one per filter, or one number for all."""
        biases = _numbers(values, "biases")
        if biases.size == 1:
            biases = np.full(len(self), biases.item())
        return FilterBank(self.weight, biases, self.names)

    def select(self, indices: Sequence[int]) -> FilterBank:
        """Return the filters at these positions, in this order; FilterError beyond the last."""
        chosen = list(indices)
        if outside := [i for i in chosen if not 0 <= i < len(self)]:
            raise FilterError(
                f"filters are selected by 0 … {len(self) - 1} in a bank of {len(self)}, "
                f"not {outside[0]}"
            )
        if chosen == [*range(len(self))]:
            return self
        bias = self.bias[chosen] if self.has_bias else None
        return FilterBank(self.weight[chosen], bias, [self.names[i] for i in chosen])


def concatenate(banks: Sequence[FilterBank]) -> FilterBank:
    """Return one bank of all filters; those of depth 1 go over the depth of the others.

    FilterError where kernels differ in size or volumes in depth.

    >>> pair = concatenate([FilterBank([[[[1, -1]]]]), FilterBank([[[[1, 1]]]], names=["sum"])])
    >>> pair.names, pair.shape
    (('filter-1', 'sum'), (2, 1, 1, 2))
    """
    if not banks:
        raise FilterError("a filter bank has at least one filter; none was given")
    first = banks[0]
    if len(banks) == 1:
        return first
    for bank in banks:
        if bank.kernel_size != first.kernel_size:
            sizes = (f"{b.names[0]!r} is {times(b.kernel_size)}" for b in (first, bank))
            raise FilterError(
                f"filters of one bank have one kernel size, but {' and '.join(sizes)}; "
                "use them one at a time"
            )
    depth = max(bank.depth for bank in banks)
    check_shape((sum(map(len, banks)), depth, *first.kernel_size))
    deep = [bank.over(depth) for bank in banks]
    bias = [bank.bias for bank in deep]
    return FilterBank(
        np.concatenate([bank.weight for bank in deep]),
        np.concatenate(bias) if any(bank.has_bias for bank in deep) else None,
        [name for bank in deep for name in bank.names],
    )


def check_shape(shape: Sequence[int]) -> None:
    """Raise FilterError unless ``(C_out, C_in, kH, kW)`` is a bank within LARGEST_WEIGHTS."""
    if len(shape) != 4 or min(shape) < 1:
        raise FilterError(
            f"weights have four dimensions (filters, channels, height, width), none of them 0, "
            f"not the shape {tuple(shape)}"
        )
    if math.prod(shape) > LARGEST_WEIGHTS:
        raise FilterError(
            f"{times(shape)} weights exceed the limit of 1 GiB ({LARGEST_WEIGHTS:,} weights); "
            "use fewer filters or a smaller kernel"
        )


def check_name(name: str) -> str:
    """Return a filter's name; FilterError unless it can stand in a line and in a file's name."""
    if not name or name != name.strip() or not name.isprintable() or set(name) & {"/", "\\"}:
        raise FilterError(
            "a filter's name is one line of printable characters without slashes or spaces "
            f"around it, not {name[:40]!r}"
        )
    return name


def _numbers(values: ArrayLike, what: str) -> NDArray[np.float64]:
    """Return a copy as float64 in C order; adding 0 makes −0 into 0."""
    try:
        with np.errstate(all="ignore"):  # a long double may overflow: it is refused as infinite
            numbers = np.add(values, 0.0, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise FilterError(f"{what} are a regular array of real numbers; these are not") from error
    copied: NDArray[np.float64] = np.atleast_1d(np.asarray(numbers))
    if not np.isfinite(copied).all():
        bad = copied[~np.isfinite(copied)][0]
        raise FilterError(f"{what} are finite numbers, not {bad}; replace it by a number")
    return copied


def _names(names: Iterable[str], count: int) -> tuple[str, ...]:
    checked = tuple(check_name(name) for name in names)
    if not checked:
        return tuple(f"filter-{n}" for n in range(1, count + 1))
    if len(checked) != count:
        raise FilterError(
            f"a filter bank has one name per filter, {count} in all; give as many, "
            f"not {len(checked)}"
        )
    return checked


def times(sizes: Sequence[int]) -> str:
    """Return ``3 × 3``."""
    return " × ".join(map(str, sizes))


def _largest_rank(kernels: NDArray[np.float64]) -> int:
    """Return the largest rank among ``(C_in, kH, kW)``, exact for whole numbers.

    Larger ones than LARGEST_EXACT may be floats that were scaled and rounded: as in those, singular
    values up to 1e-14 of the largest, for each row or column, count as rounding.
    """
    peak = np.abs(kernels).max()
    whole = peak <= LARGEST_EXACT and bool(np.all(kernels == np.rint(kernels)))
    if whole and kernels[0].size <= MOST_EXACT_WEIGHTS:
        return max(_exact_rank(kernel.tolist()) for kernel in kernels)
    scaled = kernels / (peak or 1.0)
    tolerance = 1e-14 * max(scaled.shape[1:])
    if kernels[0].size > MOST_EXACT_WEIGHTS:
        return max(_large_rank(kernel, tolerance) for kernel in scaled)
    return int(np.linalg.matrix_rank(scaled, rtol=tolerance).max())


def _large_rank(kernel: NDArray[np.float64], tolerance: float) -> int:
    """Return the rank of a kernel whose singular values would take its side cubed, minutes.

    Outer products are taken away, each through the largest weight, until what is left is far below
    the tolerance: then theirs are the kernel's (Bebendorf 2000, with full pivoting).
    """
    left: list[NDArray[np.float64]] = []
    right: list[NDArray[np.float64]] = []
    rest = kernel.copy()
    rounding = tolerance / 10 * np.linalg.norm(kernel)
    while np.linalg.norm(rest) > rounding:
        if len(left) == MOST_TERMS:
            return int(np.linalg.matrix_rank(kernel, rtol=tolerance))
        row, column = divmod(int(np.abs(rest).argmax()), rest.shape[1])
        left.append(rest[:, column] / rest[row, column])
        right.append(rest[row].copy())
        rest -= np.outer(left[-1], right[-1])
    if len(left) < 2:
        return len(left)
    columns, rows = (np.asarray(np.linalg.qr(np.array(one).T, "r")) for one in (left, right))
    return int(np.linalg.matrix_rank(columns @ rows.T, rtol=tolerance))


def _exact_rank(kernel: Iterable[Iterable[float]]) -> int:
    """Count pivots by fraction-free elimination (Bareiss 1968): all divisions are exact."""
    rows = [[int(value) for value in row] for row in kernel]
    rank, previous = 0, 1
    for column in range(len(rows[0])):
        pivot = next((row for row in rows if row[column]), None)
        if pivot is None:
            continue
        rest = [row for row in rows if row is not pivot]
        rows = [_eliminate(row, pivot, column, previous) for row in rest]
        rank, previous = rank + 1, pivot[column]
    return rank


def _eliminate(row: list[int], pivot: list[int], column: int, previous: int) -> list[int]:
    """Return the row less its part along the pivot; its entries are minors of the kernel."""
    pairs = zip(row, pivot, strict=True)
    return [(pivot[column] * a - row[column] * b) // previous for a, b in pairs]
