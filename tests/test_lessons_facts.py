"""The arithmetic that is written out is the engine's, for whatever slides over whatever."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgecli import convolve
from edgecli.cli.options import Options
from edgecli.cli.request import make_request
from edgecli.conv.activations import ACTIVATIONS
from edgecli.detect.plan import plan_detection
from edgecli.geometry import PADDING_MODES
from edgecli.lessons.facts import Lesson, open_lesson
from edgecli.rows.arrays import ArraySource
from tests.conftest import noise

SMALL = noise(7, 9)
IMAGES = {
    "uint8": SMALL,
    "float32": (SMALL / np.float32(255)).astype(np.float32),
    "float64": SMALL * 1e-3 - 0.1,
    "int64": SMALL.astype(np.int64) * 10**15,
    "colour": noise(7, 9, 3),
}


def lesson_of(picture: Any, **options: Any) -> Lesson:
    request = make_request(Options(**options))
    source = ArraySource.of(picture)
    return open_lesson(plan_detection(request.settings, source.shape, source.dtype), source)


def check(lesson: Lesson) -> None:
    """Hold every sum that is written out to the map that the engine computes."""
    height, width = lesson.geometry.output_shape
    maps = lesson.maps(0, height)
    assert maps.shape[1:] == (height, width)
    for row, col in lesson.positions():
        slide = lesson.slide(row, col)
        sums = [one for view in slide.views for one in view.sums]
        for one, truth in zip(sums, maps[:, row, col].tolist(), strict=True):
            assert one.response == pytest.approx(truth, rel=1e-9, abs=1e-9)
            parts = sum(one.products.ravel().tolist()) + (one.bias or 0)
            assert one.total == pytest.approx(parts, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("filters", [("vertical",), ("sobel", "1 2; 3 4.5"), ("gaussian:0.5",)])
def test_images_of_every_type(image: str, filters: tuple[str, ...]) -> None:
    for channels in ("gray", "rgb", "each", "max", "green"):
        check(lesson_of(IMAGES[image], filters=filters, channels=channels))


@pytest.mark.parametrize("mode", PADDING_MODES)
@pytest.mark.parametrize("padding", ["same", "3", "0,2,4,1"])
def test_padding(mode: str, padding: str) -> None:
    mode = "constant:-2.5" if mode == "constant" else mode
    for steps in ({}, {"stride": "2,3"}, {"dilation": "2"}, {"convolve": True}):
        options = {"padding": padding, "padding_mode": mode, **steps}
        check(lesson_of(SMALL, filters=("1 2 0; -3 4 1",), **options))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_and_biases(activation: str) -> None:
    check(lesson_of(IMAGES["float64"], filters=("sobel",), bias="0.5,-1", activation=activation))


def test_maps_are_those_of_convolve() -> None:
    lesson = lesson_of(SMALL, filters=("scharr",), padding_mode="reflect")
    truth = convolve(SMALL, "scharr", padding_mode="reflect")
    assert lesson.maps(2, 5).tolist() == truth[:, 2:5].tolist()
    named = dict(lesson.edge_maps(2, 5))
    assert list(named) == ["scharr-x", "scharr-y", "scharr"]
    assert named["scharr"] == pytest.approx(np.hypot(*truth[:, 2:5]))


def test_rows_that_are_needed_are_enough() -> None:
    request = make_request(Options(filters=("sobel",), padding_mode="circular"))
    source = ArraySource.of(SMALL)
    detection = plan_detection(request.settings, source.shape, source.dtype)
    whole = open_lesson(detection, source)
    for row in range(7):
        part = open_lesson(detection, source, (row, row + 1))
        assert part.slide(row, 4).views[0].window.tolist() == (
            whole.slide(row, 4).views[0].window.tolist()
        )
        assert part.maps(row, row + 1).tolist() == whole.maps(row, row + 1).tolist()
