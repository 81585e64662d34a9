"""The ruler: counts as the Berkeley benchmark has them, and what scores follow from them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from edgecli.evaluate import matching
from edgecli.evaluate.matching import match
from edgecli.evaluate.measuring import Measure, Tolerance
from edgecli.evaluate.merit import merit
from edgecli.evaluate.scores import score, thresholds
from edgecli.evaluate.thinning import thin
from tests.conftest import GOLDEN, noise

CASES: dict[str, Any] = dict(np.load(GOLDEN / "evaluation.npz"))
"""Maps of 20×24, truths, and maps as they are thinned, made for the original benchmark."""

ORIGINAL = {
    "shift": [(33, 42, 33, 38), (32, 42, 32, 33), (17, 42, 17, 18), (17, 42, 17, 17)],
    "ring": [(60, 80, 36, 49), (62, 80, 36, 53), (63, 80, 36, 36), (62, 80, 36, 36)],
    "chain": [(16, 18, 16, 17), (9, 18, 9, 9), (6, 18, 6, 6), (3, 18, 3, 3)],
    "tiny": [(8, 10, 5, 6), (7, 10, 4, 5), (6, 10, 3, 4), (0, 10, 0, 0)],
}
"""cntR, sumR, cntP and sumP at thresholds .2 .4 .6 .8, the distance being 0.075 of the diagonal."""

LEVELS = np.linspace(0.2, 0.8, 4)

INTERPOLATED = [
    [(90, 100, 60, 200), (60, 100, 45, 75), (30, 100, 27, 30), (0, 100, 0, 0)],
    [(45, 50, 30, 110), (20, 50, 18, 30), (20, 50, 16, 18), (0, 50, 0, 0)],
    [(50, 50, 40, 90), (30, 50, 28, 31), (10, 50, 10, 10), (0, 50, 0, 0)],
]
TIED = [
    [(80, 100, 70, 160), (50, 100, 45, 70), (50, 100, 44, 60), (0, 100, 0, 0)],
    [(40, 60, 30, 50), (30, 60, 28, 40), (30, 60, 27, 33), (0, 60, 0, 0)],
]


def masks(seed: int, share: float = 0.2) -> NDArray[np.bool_]:
    return noise(9, 11, seed=seed) < 256 * share


def counted(case: str) -> list[tuple[int, ...]]:
    measure = Measure(tuple(LEVELS), Tolerance(0.075))
    strength, truths = CASES[f"{case}_map"] / 255, list(CASES[f"{case}_truths"] > 0)
    return [*map(tuple, measure.at_levels(strength, truths))]


@pytest.mark.parametrize("case", ORIGINAL)
def test_counts_are_those_of_the_original_benchmark(case: str) -> None:
    assert counted(case) == ORIGINAL[case]


@pytest.mark.parametrize("case", ORIGINAL)
def test_maps_are_thinned_as_in_the_original_benchmark(case: str) -> None:
    for level, thinned in zip(LEVELS, CASES[f"{case}_thinned"], strict=True):
        assert (thin(CASES[f"{case}_map"] / 255 >= level) == (thinned > 0)).all()


@given(st.integers(0, 2**32 - 1))
def test_thinning_keeps_what_belongs_together(seed: int) -> None:
    from scipy.ndimage import label

    edges = masks(seed, 0.6)
    lines = thin(edges)
    assert (lines <= edges).all()
    assert (thin(lines) == lines).all()
    assert label(lines, np.ones((3, 3)))[1] == label(edges, np.ones((3, 3)))[1]


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1.0, 1.5, 3.0]))
def test_matching_is_the_cheapest_of_all_assignments(seed: int, distance: float) -> None:
    """SciPy's dense assignment, with outliers that cost more than any pair, is the oracle."""
    ours, theirs = masks(seed), masks(seed + 1)
    first, second = match(ours, theirs, distance)
    a, b = np.argwhere(ours), np.argwhere(theirs)
    away = np.hypot(*(a[:, np.newaxis] - b).transpose(2, 0, 1))
    cost = np.where(away <= distance, np.rint(100 * away), 10**6)
    rows, cols = linear_sum_assignment(cost)
    paired = cost[rows, cols] < 10**6
    assert first.sum() == second.sum() == paired.sum()
    assert (first <= ours).all()
    assert (second <= theirs).all()


def test_matching_holds_few_places_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = match(masks(1), masks(2), 3)
    monkeypatch.setattr(matching, "LOOKED_AT", 1)
    for one, other in zip(at_once, match(masks(1), masks(2), 3), strict=True):
        assert (one == other).all()


def test_matching_is_the_same_either_way_and_of_nothing_is_nothing() -> None:
    ours, theirs = masks(1), masks(2, 0.4)
    one, other = match(ours, theirs, 2), match(theirs, ours, 2)
    assert [side.sum() for side in one] == [side.sum() for side in other[::-1]]
    assert not match(ours, np.zeros_like(ours), 2)[0].any()


@pytest.mark.parametrize(
    ("counts", "ods", "ois", "ap"),
    [
        ([*ORIGINAL.values()], (0.798635, 0.2, 0.78, 0.818182), 0.871759, 0.2161),
        (INTERPOLATED, (0.612399, 0.359596, 0.625758, 0.599599), 0.622774, 0.521341),
        (TIED, (0.604255, 0.6, 0.5, 0.763441), 0.612695, 0.310768),
    ],
)  # fmt: skip
def test_scores_follow_the_formulas_of_the_original_benchmark(
    counts: Any, ods: tuple[float, ...], ois: float, ap: float
) -> None:
    scores = score(np.array(counts), LEVELS)
    best = scores.ods
    found = best.f, best.threshold, best.recall, best.precision
    assert found == pytest.approx(ods, abs=1e-6)
    assert (scores.ois.f, scores.ap) == pytest.approx((ois, ap), abs=1e-6)


def test_a_map_that_is_its_own_truth_has_all_scores_of_1() -> None:
    truth = masks(3)
    measure = Measure((0.25, 0.5, 0.75), thins=False)
    counts = np.array([[*measure.at_levels(truth.astype(float), [truth, truth])]])
    scores = score(counts, thresholds(3))
    assert (scores.ods.f, scores.ois.f) == (1.0, 1.0)


@given(st.integers(0, 2**32 - 1))
def test_pratts_merit_falls_with_distance_and_with_what_is_missing(seed: int) -> None:
    drawn = np.zeros((12, 30), bool)
    drawn[:, 10] = True
    moved = [merit(np.roll(drawn, steps, axis=1), drawn) for steps in range(8)]
    assert moved == pytest.approx([1 / (1 + steps**2 / 9) for steps in range(8)])
    some = drawn & (noise(12, 30, seed=seed) < 128)
    assert merit(some, drawn) == pytest.approx(some.sum() / 12)
