"""Strokes from Python: typed, by the words of the command line."""

from __future__ import annotations

import warnings
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgecli import EdgeCliWarning, detect_edges, find_strokes
from edgecli.errors import UsageError
from edgecli.strokes.base import Finish, Stroke
from tests.conftest import SAMPLES
from tests.located import disk

SHAPES = SAMPLES / "shapes.png"


OF_PIXELS = {
    "map", "depth", "colormap", "invert", "line", "paper", "stroke", "overlay", "alpha_out",
}  # fmt: skip
"""Keywords that say how edges are painted."""


def test_the_keywords_are_those_of_edges_but_for_how_they_are_painted() -> None:
    edges, strokes = (dict(signature(one).parameters) for one in (detect_edges, find_strokes))
    assert strokes.pop("simplify").default == Finish.simplify
    assert {*edges} - {*strokes} == OF_PIXELS
    assert all(edges[name] == parameter for name, parameter in strokes.items())


def test_a_disk_is_one_closed_stroke() -> None:
    (stroke,) = find_strokes(disk(60, 30.2, 29.9, 20), "gradient:1")
    assert isinstance(stroke, Stroke)
    assert stroke.closed
    assert stroke.points.shape == (len(stroke.strength), 2)
    assert np.abs(np.hypot(*(stroke.points - (30.2, 29.9)).T) - 20).max() < 0.1


def test_without_simplifying_every_located_point_is_there() -> None:
    picture = disk(60, 30.2, 29.9, 20)
    pixels = np.count_nonzero(detect_edges(picture, "gradient:1", thin=True, threshold="auto"))
    (every,) = find_strokes(picture, "gradient:1", simplify=0)
    (few,) = find_strokes(picture, "gradient:1")
    assert len(every.points) == pixels > 3 * len(few.points)


@pytest.mark.parametrize(
    "options",
    [
        {"threshold": 30}, {"hysteresis": (50, 100)}, {"border": 20}, {"channels": "max"},
        {"stride": 2, "padding": "valid"}, {"resize": "50%"}, {"background": (0, 0, 0)},
        {"operator": "log:2", "convolve": True}, {"threads": 1}, {"nan": "ignore", "white": 255},
        {"operator": "learned-small", "scales": (1, 0.5)}, {"close_gaps": 3},
        {"operator": ["sobel-x", "sobel-y"], "combine": "magnitude"},
    ],
)  # fmt: skip
def test_the_options_of_edges_find_strokes(options: dict[str, Any]) -> None:
    strokes = find_strokes(SHAPES, **{"operator": "sobel", **options})
    height, width = np.asarray(Image.open(SHAPES)).shape[:2]
    x, y = np.concatenate([stroke.points for stroke in strokes]).T
    assert 0.3 * width < np.ptp(x) < width
    assert 0.3 * height < np.ptp(y) < height


def test_arrays_and_files_have_the_same_strokes() -> None:
    of_file = find_strokes(SHAPES, "canny:1.4", min_length=10)
    of_array = find_strokes(np.asarray(Image.open(SHAPES)), "canny:1.4", min_length=10)
    assert len(of_file) == len(of_array) > 3
    for one, other in zip(of_file, of_array, strict=True):
        np.testing.assert_array_equal(one.points, other.points)


def test_a_mask_is_an_array_or_a_file(tmp_path: Path) -> None:
    picture = np.asarray(Image.open(SHAPES))
    mask = np.zeros(picture.shape[:2], bool)
    mask[:, : picture.shape[1] // 2] = True
    Image.fromarray(mask).save(tmp_path / "mask.png")
    one, other = (find_strokes(picture, mask=given) for given in (mask, tmp_path / "mask.png"))
    assert len(one) == len(other)
    assert max(stroke.points[:, 0].max() for stroke in one) < picture.shape[1] / 2


def test_an_even_picture_has_none() -> None:
    assert find_strokes(np.full((20, 30), 9, np.uint8)) == []


def test_several_edge_maps_are_refused() -> None:
    with pytest.raises(UsageError, match="give one operator"):
        find_strokes(SHAPES, ["sobel", "log:2"])


def test_what_must_be_told_of_a_picture_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "cut.png"
    path.write_bytes(SHAPES.read_bytes()[:-12])
    with pytest.warns(EdgeCliWarning, match="cut short"):
        find_strokes(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        find_strokes(SHAPES)
