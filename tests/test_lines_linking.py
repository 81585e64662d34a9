"""Linking: the short way gives what the steps give, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgecli.conv.norms import norm
from edgecli.detect import maps, plan
from edgecli.detect.maps import Lines
from edgecli.detect.plan import Detection, plan_detection
from edgecli.detect.run import Measured, run_detection
from edgecli.detect.settings import Settings
from edgecli.geometry import parse_padding, parse_padding_mode
from edgecli.lines.gradients import Slope
from edgecli.lines.linking import Peaks, find_peaks
from edgecli.lines.thinning import Thin
from edgecli.lines.thresholds import Levels, parse_hysteresis
from edgecli.operators.operators import load_operator
from edgecli.rows.arrays import ArraySink, ArraySource
from tests.steps import dirty_memory, whole

SIZES = [(1, 1), (1, 9), (9, 1), (2, 2), (40, 50), (131, 70)]


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 9), st.sampled_from([0, 3]))
def test_the_peaks_of_a_band_are_what_thinning_leaves_of_it(
    seed: int, height: int, width: int, floor: int
) -> None:
    random = np.random.default_rng(seed)
    responses = random.integers(-3, 4, (2, height, width)).astype(np.int16)
    strength = np.empty((1, height, width), np.float32)
    norm(responses, "magnitude", strength[0], dirty_memory())
    slope = Slope(((1.0, 0.0), (0.0, 1.0)), both=True)
    thin = Thin(strength.shape, strength.dtype, slope, floor, sectors=True)
    thinned = whole(thin, strength, responses)[0]
    start = int(random.integers(height))
    stop = int(random.integers(start, height)) + 1
    (low, high), _ = thin.needed(start, stop)
    with (memory := dirty_memory()):
        band = responses[:, low:high]
        peaks, smallest, largest = find_peaks(thin, band, start, stop, memory)
    left = thinned[start:stop].ravel()
    np.testing.assert_array_equal(peaks.found, np.flatnonzero(left))
    np.testing.assert_array_equal(peaks.strength, left[left > 0])
    assert smallest == left.min()
    assert largest == strength[0, low:high].max()
    assert peaks.found.itemsize == 4  # as they are kept, and sent through a cluster


@pytest.mark.parametrize("weakest", [0.5, 2.0])
def test_narrow_positions_give_the_runs_of_wide_ones(weakest: float) -> None:
    found = np.array([5, 6, 7, 2**31 - 9, 2**31 - 2])  # runs have a column more: beyond 32 bits
    strength = np.array([1, 3, 1, 3, 3], np.float32)
    narrow, wide = (
        Peaks(found.astype(kind), strength, 3).runs(Levels(weakest, 2.5))
        for kind in (np.int32, np.int64)
    )
    for name in ("starts", "stops", "roots", "strong"):
        np.testing.assert_array_equal(getattr(narrow, name), getattr(wide, name), strict=True)
    assert narrow.stops.max() > 2**31


def planned(
    picture: NDArray[Any], operator: str, hysteresis: str, *, thin: bool = False, **settings: Any
) -> Detection:
    lines = Lines(thin, parse_hysteresis(hysteresis))
    given = Settings(
        (load_operator(operator),),
        padding=parse_padding("same"),
        padding_mode=parse_padding_mode("reflect" if min(picture.shape[:2]) > 20 else "zeros"),
        depth="8",
        lines=lines,
        **settings,
    )
    source = ArraySource.of(picture)
    return plan_detection(given, source.shape, source.dtype)


def run(detection: Detection, picture: NDArray[Any]) -> tuple[NDArray[Any], Measured]:
    sink = ArraySink(detection.written_shape, detection.sample_types[0])
    measured = run_detection(detection, ArraySource.of(picture), [sink])
    return sink.array, measured


@pytest.mark.parametrize("thin", [False, True])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("hysteresis", ["0,90", "30,90", "200,400", "auto", "p50,p90", "30,otsu"])
@pytest.mark.parametrize("operator", ["canny:0", "canny:1.4"])
def test_the_short_way_gives_the_same_lines(
    operator: str,
    hysteresis: str,
    size: tuple[int, int],
    thin: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plan, "LINKED_PIXELS", 16 * size[1])  # many bands
    picture = np.random.default_rng(7).integers(0, 256, size, dtype=np.uint8)
    short = planned(picture, operator, hysteresis, thin=thin, threads=2)
    assert short.plans[0].taps.thin is not None
    found, measured = run(short, picture)
    monkeypatch.setattr(maps, "_links", lambda *_: None)
    steps = planned(picture, operator, hysteresis, thin=thin, threads=2)
    assert steps.plans[0].taps.thin is None
    expected, long = run(steps, picture)
    np.testing.assert_array_equal(found, expected)
    assert measured.extremes == long.extremes
    assert measured.levels == long.levels


@pytest.mark.parametrize("operator", ["sobel", "scharr", "farid"])
def test_operators_that_are_thinned_and_linked_on_request(
    operator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = np.random.default_rng(8).integers(0, 256, (60, 70, 3), dtype=np.uint8)
    short = planned(picture, operator, "10%,20%", thin=True)
    assert short.plans[0].taps.thin is not None
    found, _ = run(short, picture)
    monkeypatch.setattr(maps, "_links", lambda *_: None)
    np.testing.assert_array_equal(found, run(planned(picture, operator, "10%,20%", thin=True),
                                             picture)[0])  # fmt: skip
    assert found.any()


@pytest.mark.parametrize(
    ("operator", "hysteresis", "settings"),
    [
        ("canny:1", "30,90", {"channels": "max"}),  # the strongest of three colours
        ("canny:1", "30,90", {"channels": "each"}),
        ("canny:1", "30,90", {"combine": "direction"}),
        ("canny:1", "30,90", {"combine": "sum"}),
        ("kirsch", "30,90", {"thin": True}),
        ("vertical", "30,90", {"thin": True}),  # signed
        ("log:2", "1,3", {"thin": True}),  # zero crossings
    ],
)
def test_other_maps_take_the_long_way(
    operator: str, hysteresis: str, settings: dict[str, Any]
) -> None:
    picture = np.random.default_rng(9).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    assert planned(picture, operator, hysteresis, **settings).plans[0].taps.thin is None


def test_floats_take_the_long_way_as_they_may_be_nan() -> None:
    picture = np.zeros((30, 40), np.float32)
    assert planned(picture, "canny:1", "0.1,0.2").plans[0].taps.thin is None


@pytest.mark.parametrize(
    ("operator", "thin"), [("canny:1", False), ("sobel", True), ("vertical", True), ("log:2", True)]
)
def test_thresholds_do_not_change_what_is_told_of_the_response(operator: str, thin: bool) -> None:
    picture = np.random.default_rng(10).integers(0, 256, (40, 50), dtype=np.uint8)
    told = [
        run(planned(picture, operator, levels, thin=thin), picture)[1].extremes
        for levels in ("0.1,0.2", "50,100", "100000,200000")
    ]
    assert told[0] == told[1] == told[2]
    assert told[0][0].largest > 0
