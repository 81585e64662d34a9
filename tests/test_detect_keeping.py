"""Bitmaps whose short lines are dropped and whose gaps are drawn, through the whole pipeline."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli import detect_edges
from edgecli.detect import plan
from edgecli.errors import UsageError
from edgecli.lines.pen import Pen
from edgecli.rows.memory import Memory
from edgecli.strokes.tracing import clean
from tests.conftest import SAMPLES, noise

LONG: dict[str, Any] = {"min_length": 12, "close_gaps": 4}

WAYS: dict[str, dict[str, Any]] = {
    "linked": {"operator": "canny:1"},
    "linked at a level": {"operator": "canny:1", "threshold": "30"},
    "a hysteresis": {"operator": "sobel", "thin": True, "hysteresis": "100,200"},
    "a threshold": {"operator": "sobel", "thin": True, "threshold": "25%"},
    "one that is chosen": {"operator": "gradient:1", "thin": True, "threshold": "otsu"},
    "crossings": {"operator": "log:2", "thin": True, "threshold": "auto"},
    "thin as they are": {"operator": "contours", "threshold": "0.2"},
}


@cache
def photo() -> NDArray[np.uint8]:
    return np.asarray(Image.open(SAMPLES / "still-life.png").convert("L"))[:180, :200].copy()


def cleaned(edges: NDArray[Any], shortest: float, gap: float) -> NDArray[np.bool_]:
    """Return lines as ``clean`` says that they change."""
    changes = clean(np.flatnonzero(edges), edges.shape[1], shortest, gap)
    out = edges > 0
    out.flat[changes.gone] = False
    out.flat[changes.drawn] = True
    return out


@pytest.fixture(params=[*WAYS.values()], ids=[*WAYS])
def way(request: pytest.FixtureRequest) -> dict[str, Any]:
    return dict(request.param)


def test_lines_are_those_of_the_map_cleaned(way: dict[str, Any]) -> None:
    picture = photo()
    edges = detect_edges(picture, **way)
    kept = detect_edges(picture, **way, **LONG)
    assert 0 < (kept > 0).sum() < (edges > 0).sum()
    np.testing.assert_array_equal(kept > 0, cleaned(edges, 12, 4))
    assert set(np.unique(kept)) == {0, 255}


def test_bands_change_nothing(way: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    picture = photo()
    whole = detect_edges(picture, **way, **LONG)
    monkeypatch.setattr(plan.Detection, "band_rows", 7)
    np.testing.assert_array_equal(detect_edges(picture, **way, **LONG, threads=3), whole)


@pytest.mark.parametrize("map_", ["auto", "gain", "minmax"])
def test_strengths_stay_where_lines_do(map_: str) -> None:
    """Without a threshold; gaps are as strong as their nearer ends."""
    picture = photo()
    edges = detect_edges(picture, "sobel", thin=True, depth="float", map="gain")
    kept = detect_edges(picture, "sobel", thin=True, depth="float", map=map_, **LONG)
    changes = clean(np.flatnonzero(edges), edges.shape[1], 12, 4)
    edges.flat[changes.gone] = 0
    edges.flat[changes.drawn] = edges.flat[changes.like]
    np.testing.assert_array_equal(kept > 0, edges > 0)
    found = kept > 0
    order = np.argsort(edges[found], kind="stable")
    assert (np.diff(kept[found][order]) >= 0).all()


@pytest.mark.parametrize("threshold", [None, "25%", "auto"])
def test_a_wide_pen_draws_what_stays(threshold: str | None) -> None:
    options: dict[str, Any] = {"thin": True, "threshold": threshold, "depth": "float"}
    picture = photo()
    kept = detect_edges(picture, "sobel", **options, **LONG)
    out = np.empty((1, *kept.shape), kept.dtype)
    Pen(out.shape, kept.dtype, 3).compute([kept[np.newaxis]], 0, len(kept), out, Memory())
    wide = detect_edges(picture, "sobel", **options, **LONG, stroke=3)
    np.testing.assert_array_equal(wide, out[0])


def test_colours_are_cleaned_each_by_itself() -> None:
    picture = np.stack([noise(40, 50, seed=seed) for seed in range(3)], axis=-1)
    options: dict[str, Any] = {"thin": True, "threshold": "20%", **LONG}
    every = detect_edges(picture, "sobel", channels="each", **options)
    for channel in range(3):
        np.testing.assert_array_equal(
            every[..., channel], detect_edges(picture[..., channel], "sobel", **options)
        )


def test_directions_and_overlays_show_what_stays() -> None:
    picture = photo()
    lines = detect_edges(picture, "sobel", thin=True, threshold="25%", **LONG) > 0
    looks: list[dict[str, Any]] = [{"combine": "direction"}, {"colormap": "ember"}]
    for options in looks:
        shown = detect_edges(picture, "sobel", thin=True, threshold="25%", **LONG, **options)
        np.testing.assert_array_equal(shown.any(axis=-1), lines)


@pytest.mark.parametrize("option", ["min_length", "close_gaps"])
def test_maps_that_are_not_thin_have_no_lines_to_clean(option: str) -> None:
    given: dict[str, Any] = {option: 3}
    with pytest.raises(UsageError, match=r"one pixel wide; add --thin, or drop --(min|close)-"):
        detect_edges(noise(9, 9), "sobel", threshold=3, **given)


@pytest.mark.parametrize("option", ["min_length", "close_gaps"])
@pytest.mark.parametrize("pixels", [-1, float("nan"), float("inf")])
def test_lengths_are_numbers_of_pixels(option: str, pixels: float) -> None:
    given: dict[str, Any] = {option: pixels}
    with pytest.raises(UsageError, match="must be a number of pixels from 0 up"):
        detect_edges(noise(9, 9), "canny", **given)
