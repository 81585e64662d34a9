"""From counts of matched edge pixels to ODS, OIS and AP, by the formulas of the BSDS benchmark.

P. Arbeláez, M. Maire, C. Fowlkes and J. Malik, "Contour detection and hierarchical image
segmentation", IEEE TPAMI 33 (2011), and its code.

Counts are ``(images, thresholds, 4)``: of the pixels that people drew, how many were matched and
how many there are, added over all people (cntR, sumR); of the map's pixels, how many anyone's
matching took and how many there are (cntP, sumP).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.records import dataclass

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

BETWEEN = 100
"""Points from one threshold to the next at which precision and recall are interpolated for ODS."""

RECALLS = 101
"""Recalls from 0 to 1 at which precision is averaged for AP."""


@dataclass(frozen=True)
class Score:
    """The F-measure, and what it is made of; ``threshold`` is None where every image has its own.

    F is 2 P R / (P + R).
    """

    f: float
    precision: float
    recall: float
    threshold: float | None = None


@dataclass(frozen=True, eq=False)
class Scores:
    """What counts come to: the best common threshold, the best of every image, and the average.

    ``each`` has every image's best, ``curve`` recall and precision at every threshold.
    """

    ods: Score
    ois: Score
    ap: float
    each: tuple[Score, ...]
    curve: tuple[Floats, Floats]


def thresholds(count: int) -> Floats:
    """Return thresholds that part 0 to 1 evenly, both ends left out.

    >>> thresholds(3).tolist()
    [0.25, 0.5, 0.75]
    """
    return np.linspace(1 / (count + 1), 1 - 1 / (count + 1), count)


def score(counts: Counts, levels: Floats) -> Scores:
    """Return the scores of counts at thresholds in ascending order."""
    recall, precision = _rates(counts.sum(axis=0))
    best = f_measure(*_rates(counts)).argmax(axis=1)
    total = counts[np.arange(len(counts)), best].sum(axis=0)
    return Scores(
        ods=_best(*(_between(values) for values in (recall, precision, levels))),
        ois=Score(*map(float, (f_measure(*_rates(total)), *_rates(total)[::-1]))),
        ap=_average(recall, precision),
        each=tuple(_best(*_rates(image), levels) for image in counts),
        curve=(recall, precision),
    )


def f_measure(recall: Any, precision: Any) -> Any:
    """Return the harmonic mean of recall and precision; 0 where both are 0."""
    total = recall + precision
    return 2 * recall * precision / (total + (total == 0))


def _rates(counts: NDArray[Any]) -> tuple[Floats, Floats]:
    """Return recall and precision; of nothing they are 0."""
    found, drawn, right, marked = np.moveaxis(counts.astype(np.float64), -1, 0)
    return found / (drawn + (drawn == 0)), right / (marked + (marked == 0))


def _between(values: Floats) -> Floats:
    """Interpolate between neighbouring thresholds; the first value comes twice, at the start."""
    share = np.linspace(0, 1, BETWEEN)
    steps = values[1:, np.newaxis] * share + values[:-1, np.newaxis] * (1 - share)
    return np.concatenate([values[:1], steps.reshape(-1)])


def _best(recall: Floats, precision: Floats, levels: Floats) -> Score:
    """Return the first of the points with the highest F."""
    f = f_measure(recall, precision)
    at = int(np.argmax(f))
    return Score(float(f[at]), float(precision[at]), float(recall[at]), float(levels[at]))


def _average(recall: Floats, precision: Floats) -> float:
    """Return the mean precision over all recalls: linear between those measured, 0 beyond them."""
    known, first = np.unique(recall, return_index=True)
    if len(known) < 2:
        return 0.0
    wanted = np.linspace(0, 1, RECALLS)
    return float(np.interp(wanted, known, precision[first], left=0, right=0).sum() / (RECALLS - 1))
