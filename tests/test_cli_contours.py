"""``edgecli detect -f contours``: a recipe among the filters, through every option that fits it."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli import FilterBank, detect_edges
from edgecli.lines.hysteresis import hysteresis
from edgecli.operators.contours import contours, lay_contours
from edgecli.operators.operators import load_operator
from edgecli.rows.graph import Graph
from edgecli.rows.running import Filling
from tests import recipes
from tests.conftest import SAMPLES, Run, Save

Array = NDArray[Any]


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    with Image.open(SAMPLES / "still-life.png") as image:
        return np.asarray(image.convert("RGB").resize((60, 100), Image.Resampling.BOX))


@pytest.fixture(scope="module")
def soft(picture: Array) -> NDArray[np.float32]:
    return contours(picture, threads=1)


@pytest.fixture
def photo(save: Save, picture: Array) -> Path:
    return save("photo.png", picture)


detect = partial(recipes.detect, operator="contours")
facts = partial(recipes.facts, operator="contours")


def rounded(numbers: Array, white: int) -> Array:
    return np.asarray(np.floor(numbers * np.float32(white) + np.float32(0.5)), np.int64)


# What is written


def test_it_is_named_contours(run: Run, photo: Path) -> None:
    assert run("detect", photo, "-f", "contours", "-q").exit_code == 0
    assert (photo.parent / "photo-contours.png").exists()


@pytest.mark.parametrize("name", ["abs", "gain", "clip"])
def test_maps_show_0_to_1_as_black_to_white(run: Run, photo: Path, soft: Array, name: str) -> None:
    np.testing.assert_array_equal(detect(run, photo, "--map", name), rounded(soft, 255))


def test_sixteen_bits_and_floats(run: Run, photo: Path, soft: Array) -> None:
    deep = detect(run, photo, "--depth", "16")
    np.testing.assert_allclose(deep, rounded(soft, 65535), atol=1)
    numbers = detect(run, photo, "--depth", "float", name="out.npy")
    np.testing.assert_array_equal(numbers.squeeze(), soft)


def test_raw_is_the_numbers_themselves(run: Run, photo: Path, soft: Array) -> None:
    numbers = detect(run, photo, "--map", "raw", name="out.npy")
    assert numbers.dtype == np.float32
    np.testing.assert_array_equal(numbers.squeeze(), soft)


def test_minmax_reaches_black_and_white(run: Run, photo: Path, soft: Array) -> None:
    shown = detect(run, photo, "--map", "minmax")
    assert (shown.min(), shown.max()) == (0, 255)
    np.testing.assert_allclose(shown, 255 * soft / soft.max(), atol=0.51)


def test_it_is_thin_already(run: Run, photo: Path) -> None:
    np.testing.assert_array_equal(detect(run, photo, "--thin"), detect(run, photo))


def test_every_number_of_threads_gives_the_same_bytes(run: Run, save: Save, picture: Array) -> None:
    large = save("large.png", np.tile(picture, (4, 6, 1)))
    written = []
    for threads in ("1", "2", "3"):
        detect(run, large, "--threads", threads)
        written.append((large.parent / "out.png").read_bytes())
    assert written[0] == written[1] == written[2]


def test_from_python(picture: Array, soft: Array) -> None:
    np.testing.assert_array_equal(detect_edges(picture, "contours"), rounded(soft, 255))
    lines = detect_edges(picture, "contours", threshold="0.55")
    np.testing.assert_array_equal(lines, 255 * (soft > 0.55))


# Which edges count


def test_thresholds_are_of_0_to_1(run: Run, photo: Path, soft: Array) -> None:
    expected = 255 * (soft > 0.55)
    np.testing.assert_array_equal(detect(run, photo, "--threshold", "0.55"), expected)
    np.testing.assert_array_equal(detect(run, photo, "--threshold", "55%"), expected)


def test_percentiles_are_of_the_lines(run: Run, photo: Path, soft: Array) -> None:
    kept = detect(run, photo, "--threshold", "p50") > 0
    assert kept.sum() == pytest.approx((soft > 0).sum() / 2, rel=0.02)


def test_otsu_parts_the_lines(run: Run, photo: Path) -> None:
    level = facts(run, photo, "--threshold", "otsu")["output"]["threshold"]["low"]
    assert 0.1 < level < 0.9


def test_hysteresis_links(run: Run, photo: Path, soft: Array) -> None:
    linked = detect(run, photo, "--hysteresis", "0.3,0.6")
    np.testing.assert_array_equal(linked, 255 * hysteresis(soft, 0.3, 0.6))


def test_borders_and_masks_leave_edges_out(run: Run, save: Save, photo: Path, soft: Array) -> None:
    framed = detect(run, photo, "--border", "9")
    assert not framed[:9].any()
    np.testing.assert_array_equal(framed[9:-9, 9:-9], rounded(soft, 255)[9:-9, 9:-9])
    half = np.zeros(soft.shape, np.uint8)
    half[:75] = 255
    masked = detect(run, photo, "--mask", str(save("mask.png", half)))
    assert not masked[69:].any()  # the finest derivatives reach 6 rows
    np.testing.assert_array_equal(masked[:69], rounded(soft, 255)[:69])


# How they look


def test_colours(run: Run, photo: Path, picture: Array, soft: Array) -> None:
    dark = rounded(soft, 255)
    np.testing.assert_array_equal(detect(run, photo, "--invert"), 255 - dark)
    assert detect(run, photo, "--colormap", "ice").shape == (*soft.shape, 3)
    np.testing.assert_array_equal(detect(run, photo, "--alpha-out")[..., 1], dark)
    drawn = detect(run, photo, "--overlay", "red", "--threshold", "0.55")
    strong = soft > 0.55
    assert (drawn[strong] == (255, 0, 0)).all()
    np.testing.assert_array_equal(drawn[~strong], picture[~strong])


# Colours of the image


def test_colour_counts(run: Run, save: Save) -> None:
    halves = np.full((20, 20, 3), (255, 0, 0), np.uint8)
    halves[:, 10:] = (0, 130, 0)  # of the same luma
    assert detect(run, save("halves.png", halves)).max() > 128


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_grey_and_transparent_images(run: Run, save: Save, channels: int) -> None:
    shade = np.full((20, 20, channels), 255, np.uint8)
    shade[:, 10:, 0] = 40
    path = save("shade.png", shade.squeeze())
    assert facts(run, path)["channels"] == ("rgb" if channels == 4 else "gray")
    np.testing.assert_array_equal(detect(run, path), rounded(contours(shade), 255))


def test_background_is_what_transparent_images_are_laid_on(run: Run, save: Save) -> None:
    clear = np.zeros((20, 20, 4), np.uint8)
    clear[:, 10:] = (254, 254, 254, 255)
    path = save("clear.png", clear)
    assert not detect(run, path).any()
    assert detect(run, path, "--background", "black").any()


# What is reported


def test_the_report_counts_every_step(run: Run, photo: Path) -> None:
    report = facts(run, photo)
    sides = {"1.5": 13, "3": 25, "6": 49, "0.5": 5}
    expected = [
        {"name": f"gradient-{axis}:{sigma}", "shape": [side, side, 1], "rank": 1}
        for sigma, side in sides.items()
        for axis in "xy"
    ]
    expected.append({"name": "gaussian:12", "shape": [97, 97, 1], "rank": 1})
    assert report["filters"] == expected
    full, small, mean = 2 * (13**2 + 25**2 + 49**2), 2 * 5**2, 97**2
    assert report["parameters"]["total"] == full + small + mean
    assert report["macs"] == 3 * (100 * 60 * full + 50 * 30 * small) + 50 * 30 * mean
    assert report["convolved_shape"] == [100, 60, 3]
    assert report["output_shape"] == [100, 60, 1]
    assert report["output"]["thinning"] == "non-maximum suppression, interpolated"
    assert 0.5 < report["output"]["max"] <= 1


def test_the_report_has_the_keys_of_every_other(run: Run, photo: Path) -> None:
    other = run("detect", photo, "--report", "json", "-o", photo.parent / "sobel.png", "--thin")
    expected = json.loads(other.stdout)
    report = facts(run, photo)
    assert list(report) == list(expected)
    assert expected["output"].pop("combine") == "magnitude"  # one map has nothing to combine
    assert [*report["output"]] == [*expected["output"]]
    assert [*report["engine"]] == [*expected["engine"]]


@pytest.mark.usefixtures("rows_alone")
def test_the_receptive_field_is_what_tiles_need(run: Run, photo: Path) -> None:
    graph = Graph((3, 3000, 4000))
    laid = lay_contours(graph)
    start, stop = 10 * laid.tile_rows, 11 * laid.tile_rows
    low, high = graph.strip([Filling(laid.tap, np.empty(0))], [(start, stop)]).spans[0]
    # Rows of outputs two by two see the same blocks.
    beyond = (high - low) - (stop - start - 2)
    assert facts(run, photo)["receptive_field"] == [beyond, beyond]


def test_explain_writes_nothing(run: Run, photo: Path) -> None:
    result = run("detect", photo, "-f", "contours", "--explain")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "gradient-x:1.5 13×13×1" in result.stdout
    assert "rows" in result.stdout
    assert not (photo.parent / "photo-contours.png").exists()


def test_filters_show_says_what_it_is_made_of(run: Run) -> None:
    shown = run("filters", "show", "contours").stdout
    operator = load_operator("contours")
    for bank in operator.recipe:
        assert isinstance(bank, FilterBank)
        assert all(name in shown for name in bank.names)
    assert "15,849 weights" in shown
    assert "geometric mean" in shown


# What is refused


def test_their_defaults_are_accepted(run: Run, photo: Path) -> None:
    usual = ("--padding", "same", "--padding-mode", "replicate", "--stride", "1")
    assert detect(run, photo, *usual).any()
