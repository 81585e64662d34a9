"""Edges from Python: each option is the command line's, to the byte."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgecli import EdgeCliWarning, detect_edges
from edgecli.cli.options import NAMES, Options
from edgecli.detect.settings import Settings
from edgecli.errors import ImageError, UsageError
from tests.conftest import Run, noise

OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("", {}),
    ("-f kirsch", {"operator": "kirsch"}),
    ("-f sobel-x -f log:2 --combine max", {"operator": ["sobel-x", "log:2"], "combine": "max"}),
    ("--combine direction", {"combine": "direction"}),
    ("-f log --convolve --map clip", {"operator": "log", "convolve": True, "map": "clip"}),
    ("-f vertical --bias -90 --activation relu",
     {"operator": "vertical", "bias": -90, "activation": "relu"}),
    ("--bias 3,-200", {"bias": (3, -200)}),
    ("--stride 2 --dilation 1,2", {"stride": 2, "dilation": (1, 2)}),
    ("--padding 2,1 --padding-mode constant:9", {"padding": (2, 1), "padding_mode": "constant:9"}),
    ("--channels each", {"channels": "each"}),
    ("--channels blue", {"channels": "blue"}),
    ("--thin", {"thin": True}),
    ("--threshold 30", {"threshold": 30}),
    ("--threshold 0.5", {"threshold": np.float32(0.5)}),
    ("--threshold 20%", {"threshold": "20%"}),
    ("--threshold otsu --thin", {"threshold": "otsu", "thin": True}),
    ("--hysteresis 50,100.5", {"hysteresis": (50, 100.5)}),
    ("--hysteresis 10%,p90", {"hysteresis": ("10%", "p90")}),
    ("-f canny --hysteresis 9,50", {"operator": "canny", "hysteresis": [9, 50]}),
    ("--border 4", {"border": 4}),
    ("--mask mask.png", {"mask": "mask.png"}),
    ("--depth 16", {"depth": 16}),
    ("--colormap violet", {"colormap": "violet"}),
    ("--invert", {"invert": True}),
    ("--overlay 255,0,9", {"overlay": (255, 0, 9)}),
    ("--overlay red", {"overlay": "red"}),
    ("--alpha-out", {"alpha_out": True}),
    ("-f learned-small --scales 0.5,1", {"operator": "learned-small", "scales": (0.5, 1)}),
    ("-f contours", {"operator": "contours"}),
]  # fmt: skip


@pytest.fixture(autouse=True)
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(noise(20, 30, 3)).save("photo.png")
    Image.fromarray(noise(20, 30, seed=1)).save("mask.png")


def pixels(path: str | Path) -> Any:
    with Image.open(path) as image:
        return np.asarray(image)


OF_FILES = {
    "output", "format", "no_clobber", "all_frames", "page", "no_auto_orient", "max_pixels",
    "world_file", "suffix", "report", "report_file", "quiet", "verbose", "explain", "preview",
    "grid", "style",
}  # fmt: skip
"""Options of files, what is told, bundles and strokes: an array of pixels has none of them."""

OF_STROKES = {"simplify", "curves", "size"}
"""Options of strokes, of which find_strokes has the first."""

KEYWORDS = dict(inspect.signature(detect_edges).parameters.items())


@pytest.mark.parametrize("name", sorted({*NAMES} - OF_FILES - OF_STROKES - {"filters"}))
def test_every_option_that_makes_a_picture_is_a_keyword(name: str) -> None:
    keyword, written = KEYWORDS[name], getattr(Options, name)
    assert keyword.kind is keyword.KEYWORD_ONLY
    # what is not written: the settings' own, and 8 bits whatever the picture's
    usual = {"map": Settings.map, "depth": "8"}.get(name) if written in (None, ()) else written
    assert keyword.default == usual or str(keyword.default) == usual


def test_no_keyword_is_without_an_option() -> None:
    assert {*KEYWORDS} - {*NAMES} == {"picture", "operator"}
    assert KEYWORDS["operator"].default == Options.filters[0]


@pytest.mark.parametrize(("line", "call"), OPTIONS)
def test_each_option_is_that_of_the_command_line(run: Run, line: str, call: dict[str, Any]) -> None:
    result = run("detect", "photo.png", "-o", "edges.png", *line.split())
    assert result.exit_code == 0, result.stderr
    theirs = pixels("edges.png")
    for picture in (pixels("photo.png"), "photo.png", Path("photo.png")):
        ours = detect_edges(picture, **call)
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        np.testing.assert_array_equal(ours, theirs)


def test_a_mask_is_an_array_as_well() -> None:
    by_file = detect_edges("photo.png", mask=Path("mask.png"))
    mask = pixels("mask.png")
    assert np.count_nonzero(by_file) < np.count_nonzero(detect_edges("photo.png"))
    for array in (mask, mask >= mask.max() / 2, mask / 255):
        np.testing.assert_array_equal(detect_edges("photo.png", mask=array), by_file)


def test_transparency_is_laid_on_a_background() -> None:
    clear = np.zeros((4, 6, 4), np.uint8)
    clear[:, :3, 3] = 255
    assert detect_edges(clear).any()
    assert not detect_edges(clear, background="black").any()
    assert not detect_edges(clear, background=(0, 0, 0)).any()


def test_a_file_is_turned_as_its_exif_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(noise(9, 15)).save("turned.png", exif=exif)
    assert detect_edges("turned.png").shape == (15, 9)


def test_what_must_be_told_of_a_picture_is_a_warning() -> None:
    levels = noise(5, 6).astype(np.float32)
    with pytest.warns(EdgeCliWarning, match=r"image array has numbers from .*, whose range"):
        detect_edges(levels)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        edges = detect_edges(levels, white=255)
        np.testing.assert_array_equal(edges, detect_edges(levels.astype(np.uint8)))


def test_deep_edges_are_deep() -> None:
    edges = detect_edges("photo.png", depth="float")
    assert edges.dtype == np.float32
    sixteen = detect_edges("photo.png", depth=16)
    assert sixteen.dtype == np.uint16
    np.testing.assert_allclose(edges.clip(0, 1), sixteen / 65535, atol=1e-4)


@pytest.mark.parametrize(("call", "words"), [
    ({"threshold": -1}, "threshold '-1' is not a number from 0 up"),
    ({"hysteresis": (9, 3)}, "hysteresis '9,3' has its low threshold over the high one"),
    ({"hysteresis": (1, 2, 3)}, "hysteresis '1,2,3' is not LOW,HIGH"),
    ({"overlay": (1, 2)}, "colour '1,2' is unknown"),
    ({"depth": 12}, "depth '12' is unknown"),
    ({"operator": ["sobel", "log"]}, "detect_edges returns one edge map, but 'sobel' and 'log'"),
    ({"map": "raw"}, "detect_edges returns one edge map, but 'sobel' with map 'raw' gives 1"),
])  # fmt: skip
def test_wrong_options_are_refused(call: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        detect_edges("photo.png", **call)
    assert str(caught.value).startswith(words)


def test_a_missing_file_is_an_image_error() -> None:
    with pytest.raises(ImageError, match=r"image none\.png does not exist; check the name"):
        detect_edges("none.png")
