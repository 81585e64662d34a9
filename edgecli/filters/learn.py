"""The filter that best turns one image into another: linear least squares, in bands.

The response to a window of the input, plus the bias, should equal the target's pixel at that place.
The squared error depends on the images only through sums of products (the normal equations), which
are added up band by band and image by image. They are kept about their means and joined by the rule
of Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
variances" (1979), so that bright pixels that vary little lose no digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edgecli.errors import FilterError, GeometryError, ImageError
from edgecli.filters.bank import FilterBank
from edgecli.geometry import Window, bands
from edgecli.records import dataclass
from edgecli.rows.base import Rows, Source
from edgecli.rows.workers import chosen_threads, map_in_order

Sums = NDArray[np.float64]

ToPlanes = Callable[[Rows, str], NDArray[Any]]
"""Turns rows ``(rows, W, C)`` into ``gray`` or ``rgb`` planes ``(1 or 3, rows, W)``."""

MOST_WEIGHTS = 2048  # of one filter: the normal equations take their square, 32 MiB
BAND_BYTES = 2**24  # target for the memory of a band's windows
SINGULAR = 1e-13  # directions of less than this share of the largest variance are rounding errors
NOTHING = 1e-11  # and so are weights, of the largest, and biases, of what the means add up to


@dataclass(frozen=True)
class Task:
    """The filters to learn: their height and width, and the planes they lead from and to.

    ``channels`` and ``targets`` are ``gray`` or ``rgb``. FilterError where a filter has none or
    more than MOST_WEIGHTS weights.
    """

    kernel_size: tuple[int, int]
    channels: str = "gray"
    targets: str = "gray"

    def __post_init__(self) -> None:
        height, width = self.kernel_size
        if min(self.kernel_size) < 1 or self.weights > MOST_WEIGHTS:
            raise FilterError(
                f"a {height}×{width}×{self.planes} filter cannot be learned; "
                f"it has 1 to {MOST_WEIGHTS} weights"
            )

    @property
    def planes(self) -> int:
        """Depth of the filters."""
        return 3 if self.channels == "rgb" else 1

    @property
    def filters(self) -> int:
        """Number of filters, one for each plane of the target."""
        return 3 if self.targets == "rgb" else 1

    @property
    def weights(self) -> int:
        """Number of weights of one filter."""
        return math.prod(self.kernel_size) * self.planes

    @property
    def example(self) -> FilterBank:
        """Return filters of the same shape, to find out which file formats can hold them."""
        shape = (self.filters, self.planes, *self.kernel_size)
        return FilterBank(np.ones(shape), np.ones(self.filters))


@dataclass(frozen=True, eq=False)
class Moments:
    """Statistics of ``count`` windows, each of d pixels and n targets.

    ``mean (d + n,)`` has the mean of each of these values; ``scatter (d + n, d + n)`` sums the
    products of two values' differences from their means.
    """

    count: int
    mean: Sums
    scatter: Sums

    def __add__(self, other: Moments) -> Moments:
        count = self.count + other.count
        apart = other.mean - self.mean
        between = np.outer(apart, apart) * (self.count / count * other.count)
        scatter = self.scatter + other.scatter + between
        return Moments(count, self.mean + apart * (other.count / count), scatter)


@dataclass(frozen=True, eq=False)
class Learned:
    """Learned filters, and how well each fits.

    ``residual`` is the root of the mean squared error in the target's units, ``r_squared`` the
    share of the target's variance that is explained, 1 for a constant target. ``condition`` is the
    ratio of the largest to the smallest variance of the windows, ridge included; beyond 1e12 other
    filters would fit equally well.
    """

    bank: FilterBank
    samples: int
    residual: tuple[float, ...]
    r_squared: tuple[float, ...]
    condition: float
    ridge: float


def learn(
    pairs: Iterable[tuple[Source, Source]],
    task: Task,
    to_planes: ToPlanes,
    ridge: float = 0.0,
    threads: int | None = None,
) -> Learned:
    """Return the filters that minimise mean squared error + ridge · Σ weight².

    ``pairs`` are inputs with their targets, each read once. A target has its input's size, or
    that of the responses without padding; only windows wholly inside count. Of filters that fit
    equally well, that of the smallest weights is returned. Raises GeometryError where sizes do not
    fit, ImageError where pixels are not finite.
    """
    workers = chosen_threads(threads)
    moments = [_moments(source, target, task, to_planes, workers) for source, target in pairs]
    if not moments:
        raise ImageError("there is no pair of an input and a target; give at least one")
    return _solve(reduce(add, moments), task, ridge)


def _moments(
    source: Source, target: Source, task: Task, to_planes: ToPlanes, threads: int
) -> Moments:
    """Add up the moments of one pair of images."""
    (kH, _), (H, W, _) = task.kernel_size, source.shape
    height, width = Window(task.kernel_size).over(H, W).output_shape
    top, left = _offset(source, target, (height, width), task)
    rows = max(BAND_BYTES // (8 * (task.weights + task.filters) * width), 1)
    cuts = list(bands(height, rows))
    blocks = source.blocks((start, stop + kH - 1) for start, stop in cuts)
    wanted = target.blocks((start + top, stop + top) for start, stop in cuts)

    def band(block: Rows, goal: Rows) -> Moments:
        goals = to_planes(goal, task.targets)[:, :, left : left + width]
        return _band_moments(to_planes(block, task.channels), goals, task.kernel_size)

    moments = reduce(add, map_in_order(band, zip(blocks, wanted, strict=True), threads))
    if not np.isfinite(moments.scatter).all():
        raise ImageError(
            f"{source.info.path} or {target.info.path} holds NaN or infinite pixels; "
            "replace them by numbers"
        )
    return moments


def _offset(source: Source, target: Source, valid: tuple[int, int], task: Task) -> tuple[int, int]:
    """Return the row and column in the target of the first window that lies wholly inside."""
    (H, W, _), (height, width, _) = source.shape, target.shape
    for what, image, planes in (("input", source, task.channels), ("target", target, task.targets)):
        if planes == "rgb" and image.shape[2] < 3:
            given = f"{what} {image.info.path}"
            raise GeometryError(f"{given} is grey; give one in colour, or learn in grey")
    if (height, width) == (H, W):
        return (task.kernel_size[0] - 1) // 2, (task.kernel_size[1] - 1) // 2
    if (height, width) == valid:
        return 0, 0
    raise GeometryError(
        f"target {target.info.path} is {height}×{width} and its input {source.info.path} {H}×{W}; "
        f"give a target of that size, or of {valid[0]}×{valid[1]} without padding"
    )


def _band_moments(
    pixels: NDArray[Any], goals: NDArray[Any], kernel_size: tuple[int, int]
) -> Moments:
    """Return the moments of windows of ``(C, rows, W)`` and their goals ``(n, rows', W')``."""
    views = sliding_window_view(pixels, kernel_size, axis=(1, 2)).transpose(0, 3, 4, 1, 2)
    count, weights = goals[0].size, views.size // goals[0].size
    values = np.empty((weights + len(goals), count))
    values[:weights].reshape(views.shape)[...] = views
    values[weights:].reshape(goals.shape)[...] = goals
    with np.errstate(invalid="ignore", over="ignore"):  # NaN and infinity are reported later
        mean = values.mean(axis=1)
        values -= mean[:, np.newaxis]
        return Moments(count, mean, values @ values.T)


def _solve(moments: Moments, task: Task, ridge: float = 0.0) -> Learned:
    """Return the filters that the moments determine; the bias is not part of the ridge."""
    d, mean = task.weights, moments.mean
    covariance = moments.scatter / moments.count
    windows, towards = covariance[:d, :d], covariance[:d, d:]
    variances, directions = np.linalg.eigh(windows + ridge * np.eye(d))
    evident = variances > SINGULAR * max(variances[-1], 0)
    basis = directions[:, evident]
    weight = _cleared(basis @ (basis.T @ towards / variances[evident, np.newaxis]))
    bias = _cleared(mean[d:] - weight.T @ mean[:d], np.abs(weight).T @ np.abs(mean[:d]))
    spread = np.diag(covariance)[d:]
    explained = 2 * (weight * towards).sum(axis=0) - (weight * (windows @ weight)).sum(axis=0)
    error = np.maximum(spread - explained, 0)
    names = ["learned"] if task.filters == 1 else [f"learned-{n}" for n in ("red", "green", "blue")]
    return Learned(
        bank=FilterBank(weight.T.reshape(-1, task.planes, *task.kernel_size), bias, names),
        samples=moments.count,
        residual=tuple(np.sqrt(error).tolist()),
        r_squared=tuple(_explained_share(e, s) for e, s in zip(error, spread, strict=True)),
        condition=float(variances[-1] / variances[0]) if evident.all() else math.inf,
        ridge=ridge,
    )


def _cleared(values: Sums, scale: Sums | None = None) -> Sums:
    """Return values, those that are but rounding errors as zeros; by default of the largest."""
    largest = np.abs(values).max(axis=0) if scale is None else scale
    return np.where(np.abs(values) < NOTHING * largest, 0.0, values)


def _explained_share(error: float, spread: float) -> float:
    """Return R²; a target without variance is explained by the bias alone."""
    return float(1 - error / spread) if spread > 0 else 1.0
