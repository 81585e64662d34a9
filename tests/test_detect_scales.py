"""Maps of known scale, through the whole pipeline: what clips, what is counted, what is white."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgecli import convolve
from edgecli.conv.activations import ACTIVATIONS
from edgecli.detect.maps import Lines
from edgecli.detect.plan import plan_detection
from edgecli.detect.run import Measured
from edgecli.detect.settings import Settings
from edgecli.geometry import parse_padding, parse_padding_mode
from edgecli.lines.thresholds import parse_threshold
from tests.conftest import noise
from tests.detections import detected, settings_of

SAME: dict[str, Any] = {"padding": "same", "padding_mode": "replicate"}
TEN_PERCENT = parse_threshold("10%")


def detect(picture: NDArray[Any], settings: Settings) -> tuple[NDArray[Any], Measured]:
    """Return the one map ``(H', W')``, and what was measured."""
    (edges,), measured = detected(picture, settings)
    return edges[..., 0], measured


@pytest.mark.parametrize(("map_name", "drops"), [("abs", False), ("clip", True), ("gain", False)])
def test_float_samples_clip_only_the_negative_that_are_dropped(map_name: str, drops: bool) -> None:
    picture = noise(40, 50)
    edges, measured = detect(picture, settings_of("vertical", map=map_name, depth="float"))
    response = convolve(picture, "vertical", **SAME)[0] / (765 if map_name == "gain" else 255)
    truth = np.maximum(response, 0) if drops else np.abs(response)
    np.testing.assert_allclose(edges, truth, rtol=1e-6)
    assert measured.extremes[0].clipped == drops * np.count_nonzero(response < 0)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("mode", ["zeros", "replicate", "constant:5000", "constant:-255"])
@pytest.mark.parametrize("name", ["vertical", "sobel", "kirsch", "gaussian:1"])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32"])
def test_gain_never_clips_and_white_is_what_the_filter_can_give(
    dtype: str, name: str, mode: str, padding: str
) -> None:
    ends = np.iinfo(dtype)
    picture = np.random.default_rng(3).choice([ends.min, ends.max], (40, 50)).astype(dtype)
    picture[:20] = np.where(np.arange(50) < 25, ends.max, ends.min)
    padding_mode = parse_padding_mode(mode)
    given_settings = settings_of(
        name, map="gain", padding_mode=padding_mode, padding=parse_padding(padding), depth="8"
    )
    edges, measured = detect(picture, given_settings)
    assert measured.extremes[0].clipped == 0
    if name == "vertical" and (padding == "valid" or "constant" not in mode):
        assert edges.max() == 255


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", ["0.1 -0.1", "0 0", "9 -9"])
def test_gain_clips_no_activation(name: str, activation: str) -> None:
    picture = noise(9, 9).astype(np.float32) / 255
    _, measured = detect(picture, settings_of(name, map="gain", activation=activation))
    assert measured.extremes[0].clipped == 0


def test_gain_of_zero_crossings_is_of_the_highest_step_between_two_signs() -> None:
    picture = (np.indices((20, 20)).sum(axis=0) % 2 * 255).astype(np.uint8)
    edges, measured = detect(picture, settings_of("laplacian", map="gain", lines=Lines(thin=True)))
    assert measured.extremes[0].largest == 2 * 4 * 255
    assert measured.extremes[0].clipped == 0
    assert edges.max() == 255


@pytest.mark.parametrize(("brightest", "clips"), [(1.0, False), (1.5, True)])
def test_gain_takes_floats_to_lie_in_0_to_1_and_counts_what_does_not(
    brightest: float, clips: bool
) -> None:
    picture = np.zeros((6, 8), np.float32)
    picture[:, :4] = brightest
    edges, measured = detect(picture, settings_of("vertical", map="gain"))
    assert edges.max() == 255
    assert measured.extremes[0].clipped == clips * 12


@pytest.mark.parametrize(("mode", "bound"), [("replicate", 3 * 65535), ("constant:99999", 398301)])
def test_percent_thresholds_are_of_the_bound_of_gain(mode: str, bound: int) -> None:
    picture = np.zeros((9, 9), np.int16)
    options = settings_of("vertical", padding_mode=parse_padding_mode(mode), map="gain")
    (plan,) = plan_detection(options, (9, 9, 1), picture.dtype).plans
    assert plan.largest == bound
    assert plan.paint.scale is not None
    assert plan.paint.scale.factor == 65535 / bound
    edges = settings_of(
        "vertical", padding_mode=parse_padding_mode(mode), lines=Lines(threshold=TEN_PERCENT)
    )
    (plan,) = plan_detection(edges, (9, 9, 1), picture.dtype).plans
    assert plan.levels is not None
    assert plan.levels.low == pytest.approx(bound / 10)
