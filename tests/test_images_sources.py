"""NaN in float images: counted once, refused with its place, or kept; infinities pass, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgecli import convolve, detect_edges, load_filter
from edgecli.conv import Slide
from edgecli.detect.plan import plan_detection
from edgecli.detect.run import Measured, run_detection
from edgecli.detect.settings import Settings
from edgecli.errors import ImageError
from edgecli.images.sources import FloatCheck
from edgecli.operators.operators import load_operator
from edgecli.rows.arrays import ArraySink, ArraySource
from tests.conftest import noise


def picture() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    image = np.linspace(0, 1, 900 * 40, dtype=np.float32).reshape(900, 40)
    image[300, 7] = image[301, 9] = np.nan
    return image


def detect(policy: str, map_name: str = "raw") -> tuple[ArraySink, Measured]:
    source = ArraySource.of(picture())
    settings = Settings((load_operator("vertical"),), map=map_name, nan=policy)
    detection = plan_detection(settings, source.shape, source.dtype)
    sink = ArraySink(detection.map_shape, detection.sample_types[0])
    return sink, run_detection(detection, source, [sink])


def test_every_nan_is_counted_once_though_blocks_overlap() -> None:
    counter = FloatCheck(ArraySource.of(picture()))
    for block in counter.blocks([(0, 302), (299, 303), (300, 900)]):
        assert len(block)
    assert counter.nans == 2


def test_nan_spoils_what_sees_it_and_nothing_else() -> None:
    sink, measured = detect("propagate")
    assert measured.nans == 2
    rows, cols = np.nonzero(np.isnan(sink.array[..., 0]))
    assert set(rows) == {299, 300, 301, 302}
    assert set(cols) == {6, 8, 10}


def test_nan_is_black_in_pixels() -> None:
    sink, _ = detect("propagate", "abs")
    assert sink.array[300, 8, 0] == 0


def test_ignored_nan_gives_no_response() -> None:
    sink, measured = detect("ignore")
    assert measured.nans == 2
    assert sink.array[300, 8, 0] == 0
    assert np.isfinite(sink.array).all()


def test_refused_nan_is_named_with_its_place() -> None:
    with pytest.raises(ImageError, match="NaN at row 300, column 7"):
        detect("error")


INFINITE = [
    ("abs", {}),
    ("signed", {}),
    ("minmax", {}),
    ("abs", {"thin": True}),
    ("abs", {"threshold": "otsu"}),
    ("abs", {"threshold": "auto", "thin": True}),
    ("abs", {"hysteresis": "p50,p90"}),
]


@pytest.mark.filterwarnings("ignore:image array has numbers")
@pytest.mark.parametrize(("map_name", "options"), INFINITE)
def test_infinite_pixels_pass_without_a_warning(map_name: str, options: dict[str, Any]) -> None:
    image = noise(30, 40).astype(np.float32)
    edges = detect_edges(image, map=map_name, **options)
    image[15, 4], image[15, 5] = np.inf, -np.inf
    spoilt = detect_edges(image, map=map_name, **options)
    if map_name == "abs" and "p50,p90" not in options.values():  # others weigh the whole image
        assert (spoilt[:, 12:] == edges[:, 12:]).mean() > 0.9


@pytest.mark.parametrize("rows", [7, 1000])
@pytest.mark.parametrize("map_name", ["signed", "minmax"])
def test_the_scale_comes_from_finite_responses(
    monkeypatch: pytest.MonkeyPatch, map_name: str, rows: int
) -> None:
    image = noise(60, 40).astype(np.float32) / 255
    image[50, 20] = np.inf
    vertical = load_filter("vertical")
    response = convolve(image, vertical, padding="same", padding_mode="replicate")[0]
    finite = response[np.isfinite(response)]
    low, high = finite.min(), finite.max()
    if map_name == "signed":
        low, high = (sign * np.abs(finite).max() for sign in (-128 / 127, 1))
    expected = np.clip(255 * (response - low) / (high - low), 0, 255)
    monkeypatch.setattr(Slide, "band_rows", rows)
    shown = detect_edges(image, "vertical", map=map_name)
    np.testing.assert_allclose(shown, expected, rtol=0, atol=0.51)
    assert set(shown[49:52, [19, 21]].ravel()) == {0, 255}
