"""How well edge maps agree with what people drew: the scores, and those of every picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.evaluate.measuring import Measure
from edgecli.evaluate.scores import Score, Scores
from edgecli.records import dataclass
from edgecli.reports.formats import Report
from edgecli.reports.tables import Column, Object, Table, one_line

SCHEMA = "edgecli.evaluation/1"

COLUMNS = (
    Column("score"),
    *(Column(name, ">", "---:") for name in ("F", "precision", "recall", "threshold")),
)
MERIT_COLUMNS = Column("score"), Column("merit", ">", "---:"), Column("threshold", ">", "---:")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What was measured of which pictures, by name and in order; ``measured`` is an array each."""

    maps: str
    names: tuple[str, ...]
    measure: Measure
    measured: NDArray[Any]


def scores_report(found: Evaluation, scores: Scores, *, every: bool) -> Report:
    """Return the report of counts; ``every`` asks for a row for each picture."""
    facts = _heading(found) | {
        "ods": _score(scores.ods),
        "ois": _score(scores.ois),
        "ap": _rounded(scores.ap),
        "counts": found.measured.sum(axis=0).tolist(),
        "results": [
            {"name": name} | _score(one)
            for name, one in zip(found.names, scores.each, strict=True)
        ],
    }  # fmt: skip
    return Report(facts, Table(COLUMNS, list(_rows(found, scores, every)), _title(found), _note()))


def _rows(found: Evaluation, scores: Scores, every: bool) -> Iterator[Sequence[object]]:
    yield "ODS", *_cells(scores.ods)
    yield "OIS", *_cells(scores.ois)
    yield "AP", None, f"{scores.ap:.4f}", None, None
    if every:
        for name, one in zip(found.names, scores.each, strict=True):
            yield one_line(name), *_cells(one)


def merit_report(found: Evaluation, *, every: bool) -> Report:
    """Return the report of Pratt's figures of merit ``(images, thresholds)``."""
    levels = found.measure.levels
    mean = found.measured.mean(axis=0)
    best, own = int(np.argmax(mean)), found.measured.argmax(axis=1)
    each = [
        (name, float(merits[at]), levels[at])
        for name, merits, at in zip(found.names, found.measured, own, strict=True)
    ]
    facts = _heading(found) | {
        "measure": "pratt",
        "merit": {"value": _rounded(float(mean[best])), "threshold": levels[best]},
        "best_of_each": _rounded(float(np.mean([value for _, value, _ in each]))),
        "merits": [_rounded(float(value)) for value in mean],
        "results": [
            {"name": name, "value": _rounded(value), "threshold": level}
            for name, value, level in each
        ],
    }
    rows: list[Sequence[object]] = [
        ("one threshold", f"{mean[best]:.4f}", f"{levels[best]:.4f}"),
        ("each image's own", f"{facts['best_of_each']:.4f}", None),
    ]
    rows += [
        (one_line(name), f"{value:.4f}", f"{level:.4f}") for name, value, level in each
    ] * every
    note = "Pratt's figure of merit, the mean over all images and annotators."
    return Report(facts, Table(MERIT_COLUMNS, rows, _title(found), note))


def _heading(found: Evaluation) -> Object:
    return {
        "schema": SCHEMA,
        "maps": found.maps,
        "images": len(found.names),
        "tolerance": str(found.measure.tolerance),
        "thinned": found.measure.thins,
        "thresholds": [*found.measure.levels],
    }


def _score(score: Score) -> Object:
    facts = {name: _rounded(getattr(score, name)) for name in ("f", "precision", "recall")}
    return facts if score.threshold is None else facts | {"threshold": _rounded(score.threshold)}


def _cells(score: Score) -> Iterator[str | None]:
    for value in (score.f, score.precision, score.recall, score.threshold):
        yield None if value is None else f"{value:.4f}"


def _rounded(value: float) -> float:
    return round(value, 6)


def _title(found: Evaluation) -> str:
    count, levels = len(found.names), len(found.measure.levels)
    return (
        f"{found.maps}: {count} image{'s' * (count != 1)}, {levels} threshold{'s' * (levels != 1)}"
    )


def _note() -> str:
    return "ODS: the best threshold for all images; OIS: each image's own; AP: the mean precision."
