"""The strength above which a response is an edge: a number, a share, or chosen from the image.

A strength is the absolute response. It must exceed the threshold: as in scikit-image and OpenCV, a
strength equal to the threshold is no edge.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import UsageError, meant
from edgecli.numerals import shortest
from edgecli.records import dataclass

BINS = 256
"""Bins of a histogram of floats, as many as in scikit-image."""

MOST_BINS = 2**24
"""Bins that whole numbers may take, one each; in a wider range they are counted as floats are."""

ONE_CLASS = 1e-4
"""Strengths within this share of the largest are one class: rounding must not divide them."""

AUTO_LOW = 0.4
"""The low threshold of ``auto`` as a share of the high one: the ratio of MATLAB's ``edge``."""


@dataclass(frozen=True)
class Level:
    """One threshold: a ``value`` in the unit of its ``kind``.

    A ``value`` is in the response's units, a ``percent`` is of the filter's largest possible
    response (to all pixels of the image's type, floats of 0 to 1), a ``percentile`` is of the
    strengths found, ``otsu`` lies between two classes of them.
    """

    kind: str
    value: float = 0.0

    @property
    def whole(self) -> bool:
        """Whether it is known only after the last strength."""
        return self.kind in ("otsu", "percentile")

    def __str__(self) -> str:
        forms = {"value": "{}", "percent": "{}%", "percentile": "p{}", "otsu": "otsu"}
        return forms[self.kind].format(shortest(self.value))


@dataclass(frozen=True)
class Threshold:
    """What counts as an edge: more than ``low`` where it is connected to more than ``high``.

    One level for both is a plain threshold; levels of None are picked from the image (``auto``).
    """

    low: Level | None
    high: Level | None

    @property
    def linked(self) -> bool:
        """Whether edges are linked by hysteresis."""
        return self.low != self.high or self.high is None

    @property
    def whole(self) -> bool:
        """Whether the levels are known only after the last strength."""
        return any(level is None or level.whole for level in (self.low, self.high))

    def __str__(self) -> str:
        if self.high is None:
            return "auto"
        return f"{self.low},{self.high}" if self.linked else str(self.high)


AUTO = Threshold(None, None)


def choose_threshold(threshold: str | None, hysteresis: str | None) -> Threshold | None:
    """Read whichever of the two is given; UsageError where both are.

    >>> str(choose_threshold(None, "10,30")), choose_threshold(None, None)
    ('10,30', None)
    """
    if threshold is not None and hysteresis is not None:
        raise UsageError("threshold and hysteresis exclude each other; give one of them")
    if threshold is not None:
        return parse_threshold(threshold)
    return None if hysteresis is None else parse_hysteresis(hysteresis)


def choose_thresholds(
    thresholds: Sequence[str], hystereses: Sequence[str]
) -> tuple[Threshold, ...]:
    """Read all thresholds, then all pairs of them.

    >>> [str(one) for one in choose_thresholds(["otsu", "20%"], ["10,30"])]
    ['otsu', '20%', '10,30']
    """
    return (*map(parse_threshold, thresholds), *map(parse_hysteresis, hystereses))


def parse_threshold(text: str) -> Threshold:
    """Read ``V``, ``V%``, ``pNN``, ``otsu`` or ``auto``.

    >>> str(parse_threshold("20%")), parse_threshold("otsu").linked, parse_threshold("auto").linked
    ('20%', False, True)
    """
    if text == "auto":
        return AUTO
    if "," in text:
        raise UsageError(f"threshold {text!r} is more than one; write --hysteresis {text}")
    level = parse_level(text, ", otsu or auto")
    return Threshold(level, level)


def parse_hysteresis(text: str) -> Threshold:
    """Read ``LOW,HIGH``, each as a threshold, or ``auto``.

    >>> str(parse_hysteresis("10%,p95"))
    '10%,p95'
    """
    if text == "auto":
        return AUTO
    parts = text.split(",")
    if len(parts) != 2:
        raise UsageError(f"hysteresis {text!r} is not LOW,HIGH; write two thresholds, or auto")
    low, high = (parse_level(part) for part in parts)
    if low.kind == high.kind and low.value > high.value:
        raise UsageError(f"hysteresis {text!r} has its low threshold over the high one; swap them")
    return Threshold(low, high)


def parse_level(text: str, last: str = " or otsu") -> Level:
    """Read ``V``, ``V%``, ``pNN`` or ``otsu``; UsageError for anything else.

    ``last`` ends the list of what is understood.
    """
    word = text.strip()
    if word == "otsu":
        return Level("otsu")
    found = re.fullmatch(r"(p?)(\d+\.?\d*|\.\d+)(e[+-]?\d+)?(%?)", word, re.ASCII)
    if found and not (found[1] and found[4]):
        value = float(word.strip("p%"))
        kind = "percentile" if found[1] else "percent" if found[4] else "value"
        if math.isfinite(value) and (kind == "value" or value <= 100):
            return Level(kind, value)
    if near := meant(word, re.findall("otsu|auto", last)):
        raise UsageError(f"threshold {text!r} is unknown; {near}")
    raise UsageError(
        f"threshold {text!r} is not a number from 0 up, N% of the largest possible response, "
        f"pNN (a percentile, 0 to 100){last}"
    )


@dataclass(frozen=True)
class Levels:
    """Thresholds in the response's units."""

    low: float
    high: float


def fixed_levels(threshold: Threshold, largest: float) -> Levels | None:
    """Return the thresholds if they do not depend on the image, else None.

    ``largest`` is the filter's largest possible response.
    """
    if threshold.whole or threshold.low is None or threshold.high is None:
        return None
    low, high = (_fixed(level, largest) for level in (threshold.low, threshold.high))
    return Levels(low, high)


def _fixed(level: Level, largest: float) -> float:
    return level.value / 100 * largest if level.kind == "percent" else level.value


def find_levels(
    threshold: Threshold, strengths: NDArray[Any], largest: float, *, lines: bool = False
) -> Levels:
    """Return the thresholds for the strengths of a whole image, of any shape, without NaN.

    ``auto`` takes Otsu's threshold as the high one (M. Fang, G. Yue and Q. Yu, "The study on an
    application of Otsu method in Canny operator", 2009) and 0.4 of it as the low one. Without any
    strengths nothing is an edge. Strengths of ``lines`` alone, without what lies between them, may
    be one class, as those of a clean step are: Otsu's threshold is then just below them.
    """
    if not strengths.size:
        return Levels(math.inf, math.inf)
    divide = _divide_lines if lines else otsu
    if threshold.low is None or threshold.high is None:
        high = divide(strengths)
        return Levels(AUTO_LOW * high, high)
    low, high = (
        divide(strengths) if level.kind == "otsu" else _found(level, strengths, largest)
        for level in (threshold.low, threshold.high)
    )
    return Levels(min(low, high), high)


def _divide_lines(strengths: NDArray[Any]) -> float:
    smallest, largest = float(strengths.min()), float(strengths.max())
    one = largest - smallest <= ONE_CLASS * largest
    return smallest * (1 - ONE_CLASS) if one else otsu(strengths)


def _found(level: Level, strengths: NDArray[Any], largest: float) -> float:
    match level.kind:
        case "percentile":
            return float(np.percentile(strengths, level.value))
        case _:
            return _fixed(level, largest)


def otsu(strengths: NDArray[Any]) -> float:
    """Return the threshold between two classes that differ most: Otsu's.

    Equal to ``skimage.filters.threshold_otsu``: whole numbers have a bin each, floats 256 bins
    between their extremes. N. Otsu, "A threshold selection method from gray-level histograms", IEEE
    Transactions on Systems, Man, and Cybernetics 9 (1979).

    >>> otsu(np.array([1, 1, 2, 8, 9, 9]))
    2.0
    """
    first = strengths.flat[0]
    if (strengths == first).all():
        return float(first)
    counts, centres = _histogram(strengths)
    below = np.cumsum(counts)
    above = np.cumsum(counts[::-1])[::-1]
    moments = counts * centres.astype(np.float64)  # float32 may not hold their squares
    mean_below = np.cumsum(moments) / below
    mean_above = (np.cumsum(moments[::-1]) / above[::-1])[::-1]
    between = below[:-1] * above[1:] * (mean_below[:-1] - mean_above[1:]) ** 2
    return float(centres[int(np.argmax(between))])


def _histogram(strengths: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[Any]]:
    """Return counts, in float32 as in scikit-image, and the centres of the bins.

    float64 is used where float32 has fewer numbers between the extremes than there are bins.
    """
    lowest, highest = strengths.min().item(), strengths.max().item()
    if strengths.dtype.kind in "ui" and highest - lowest < MOST_BINS:
        counts = np.bincount(strengths.reshape(-1).astype(np.int64) - lowest)
        return counts.astype(np.float32), np.arange(lowest, lowest + len(counts))
    low, high = strengths.min(), strengths.max()
    if strengths.dtype.kind in "ui" or high - low < BINS * np.spacing(high):
        low, high = np.float64(low), np.float64(high)
    counts, edges = np.histogram(strengths, BINS, (low, high))
    return counts.astype(np.float32), edges[:-1] / 2 + edges[1:] / 2
