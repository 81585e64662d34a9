"""Contact sheets: every tile is what ``detect`` writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.detect.sheet import GRID_FILTERS
from edgecli.images.thumbnails import CAPTION, GAP, TILE, columns_of, shrink_lines, tile
from tests.conftest import SAMPLES, Refuse, Run, Save


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.open(SAMPLES / "still-life.png").convert("RGB").crop((40, 20, 260, 180)).save(path)
    return path


def tiles_of(sheet: Path, count: int, size: tuple[int, int]) -> list[NDArray[np.uint8]]:
    """Cut the tiles, of a height and width, out of a sheet: as wide as the widest."""
    pixels = np.asarray(Image.open(sheet).convert("RGB"))
    columns = columns_of(count)
    width = (pixels.shape[1] - GAP) // columns
    height = size[0] + CAPTION + GAP
    places = [(GAP + n // columns * height, GAP + n % columns * width) for n in range(count)]
    return [pixels[y : y + size[0], x : x + size[1]] for y, x in places]


def written(run: Run, path: Path, *options: str) -> NDArray[np.uint8]:
    """Return what ``detect`` writes, as RGB."""
    out = path.with_name("map.png")
    assert run("detect", path, *options, "-o", out, "-q").exit_code == 0
    image = Image.open(out)
    if image.mode == "I;16":
        return np.repeat(np.rint(np.asarray(image)[..., np.newaxis] / 257).astype("u1"), 3, axis=2)
    return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("options", ["", "--thin", "--invert", "--colormap ice", "--overlay red"])
def test_each_tile_is_what_detect_writes(run: Run, photo: Path, options: str) -> None:
    sheet = photo.with_name("sheet.png")
    result = run("detect", photo, "--grid", *options.split(), "-o", sheet, "-q")
    assert (result.exit_code, result.stderr) == (0, "")
    names = ("image", *GRID_FILTERS)
    tiles = dict(zip(names, tiles_of(sheet, len(names), (160, 220)), strict=True))
    np.testing.assert_array_equal(tiles["image"], np.asarray(Image.open(photo)))
    for name in GRID_FILTERS:
        expected = written(run, photo, "-f", name, *options.split())
        np.testing.assert_array_equal(tiles[name], expected, err_msg=name)


def test_tiles_of_numbers_that_no_picture_has_are_drawn_by_their_range(
    run: Run, photo: Path, save: Save
) -> None:
    with Image.open(photo) as picture:
        heights = save("heights.npy", np.asarray(picture.convert("L"), np.float32) + 1000)
    sheet = photo.with_name("sheet.png")
    command = ("detect", heights, "--grid", "-f", "sobel", "-f", "learned-small", "-o", sheet)
    result = run(*command, "-q")
    assert result.stderr.count("whose range is taken for white") == 1
    tiles = tiles_of(sheet, 3, (160, 220))
    for shown, name in zip(tiles[1:], ("sobel", "learned-small"), strict=True):
        expected = written(run, heights, "-f", name)
        np.testing.assert_array_equal(shown, expected[: len(shown)], err_msg=name)
    assert run(*command, "-n").exit_code == 0


@pytest.mark.parametrize("options", ["--map gain", "--map signed", "--map minmax", "--channels max",
                                     "--padding valid", "--mask mask.png --border 4"])  # fmt: skip
def test_whatever_the_options(
    run: Run, photo: Path, options: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photo.parent)
    mask = np.zeros((160, 220), np.uint8)
    mask[20:90, 30:150] = 255
    Image.fromarray(mask).save("mask.png")
    both = ("-f", "sobel", "-f", "log:1")
    assert run("detect", photo, "--grid", *both, *options.split(), "-o", "s.png").exit_code == 0
    expected = [written(run, photo, *both[n : n + 2], *options.split()) for n in (0, 2)]
    pixels = np.asarray(Image.open("s.png"))
    step = (pixels.shape[1] - GAP) // 3
    for n, one in enumerate(expected, 1):
        (rows, columns, _), x = one.shape, GAP + n * step
        np.testing.assert_array_equal(pixels[GAP : GAP + rows, x : x + columns], one)


@pytest.mark.parametrize("name", ["photo.jpg", "photo16.png"])
def test_luma_and_depth_are_those_of_detect(run: Run, photo: Path, name: str) -> None:
    path = photo.with_name(name)
    image = Image.open(photo)
    deep = np.asarray(image.convert("L")).astype(np.uint16) * 257
    (Image.fromarray(deep) if "16" in name else image).save(path)
    sheet = photo.with_name("sheet.png")
    assert (
        run("detect", path, "--grid", "-f", "sobel", "-f", "contours", "-o", sheet).exit_code == 0
    )
    _, sobel, contours = tiles_of(sheet, 3, (160, 220))
    np.testing.assert_array_equal(sobel, written(run, path, "-f", "sobel"))
    np.testing.assert_array_equal(contours, written(run, path, "-f", "contours"))


def test_several_thresholds_are_a_tile_each(run: Run, photo: Path) -> None:
    sheet = photo.with_name("sheet.png")
    given = ["--threshold", "10%", "--threshold", "otsu", "--hysteresis", "5%,25%"]
    result = run("detect", photo, "--grid", *given, "-o", sheet, "--report", "json")
    told = [one["output"]["threshold"] for one in json.loads(result.stdout)["tiles"]]
    assert [one["method"] for one in told] == ["10%", "otsu", "5%,25%"]
    for n, found in enumerate(tiles_of(sheet, 4, (160, 220))[1:]):
        np.testing.assert_array_equal(found, written(run, photo, *given[2 * n : 2 * n + 2]))


def test_filters_and_thresholds_are_crossed(run: Run, photo: Path) -> None:
    options = ("-f", "sobel", "-f", "scharr", "--threshold", "10%", "--threshold", "20%")
    result = run("detect", photo, "--grid", *options, "--report", "json")
    assert len(json.loads(result.stdout)["tiles"]) == 4


@pytest.mark.parametrize("option", ["--threshold", "--hysteresis"])
def test_without_a_sheet_one_threshold_is_given_once(
    refuse: Refuse, photo: Path, option: str
) -> None:
    line = refuse("detect", photo, option, "auto", option, "auto", code=2)
    name = option.removeprefix("--")
    assert line == f"{name} is given 2 times; give it once, or --grid for a tile of each"


def test_what_does_not_fit_is_left_out_and_named(run: Run, photo: Path) -> None:
    result = run("detect", photo, "--grid", "--stride", "2", "--report", "json")
    report = json.loads(result.stdout)
    assert len(report["tiles"]) == len(GRID_FILTERS) - 2
    note = "is shown without contours, learned, which these options do not fit"
    assert (result.exit_code, result.stderr) == (0, f"edgecli: image {photo} {note}\n")
    assert report["warnings"] == [note]


def test_windows_that_do_not_fit_are_left_out_and_named(run: Run, refuse: Refuse) -> None:
    path, options = SAMPLES / "grid-6x6.csv", ("--grid", "--padding", "valid", "-o", "-")
    result = run("detect", path, *options)
    names = "log:2, dog:1, gradient:2, gabor:6, canny:1.4"
    assert f"image {path} is too small for {names}, which are left out" in result.stderr
    assert result.exit_code == 0
    assert "kernel 17×17" in refuse("detect", path, *options, "-f", "log:2", code=1)


@pytest.mark.parametrize("options", ["-f contours --stride 2", "-f log:1 --combine direction"])
def test_what_was_asked_for_is_not_left_out(refuse: Refuse, photo: Path, options: str) -> None:
    assert refuse("detect", photo, "--grid", *options.split(), code=2)


def test_a_sheet_holds_no_numbers(refuse: Refuse, photo: Path) -> None:
    assert "drop --map or --grid" in refuse("detect", photo, "--grid", "--map", "raw", code=2)


def test_paper_is_white_and_words_are_dark(run: Run, save: Save) -> None:
    path = save("grid.csv", np.arange(36).reshape(6, 6))
    assert run("detect", path, "--grid", "-q").exit_code == 0
    pixels = np.asarray(Image.open(path.with_name("grid-grid.png")))
    assert (pixels[: GAP // 2] == 255).all()
    assert np.median(pixels) == 255
    assert pixels.min() < 40


# --- shrinking ------------------------------------------------------------------------------------


def grating(shape: tuple[int, int], level: int = 255) -> NDArray[np.uint8]:
    lines = np.zeros((*shape, 1), np.uint8)
    lines[:, ::97] = level
    lines[::89] = level
    return lines


def cell_of(place: int, size: int, cells: int) -> int:
    """Return the cell that a row or column falls in: the last one that begins before it."""
    return max(cell for cell in range(cells) if cell * size // cells <= place)


@pytest.mark.parametrize("shape", [(480, 480), (321, 100), (1, 480), (7, 9)])
def test_tiles_keep_their_pixels_up_to_480(shape: tuple[int, int]) -> None:
    for lines in (False, True):
        found = tile(grating(shape), lines=lines)
        np.testing.assert_array_equal(found, np.repeat(grating(shape), 3, axis=2))


@pytest.mark.parametrize("shape", [(481, 200), (1000, 1700), (3000, 40), (40, 9000)])
@pytest.mark.parametrize("level", [255, 60])
def test_lines_of_one_pixel_survive(shape: tuple[int, int], level: int) -> None:
    lines = grating(shape, level)
    small = tile(lines, lines=True)
    assert max(small.shape[:2]) == TILE
    rows = {cell_of(row, shape[0], small.shape[0]) for row in range(0, shape[0], 89)}
    assert (small[sorted(rows)] == level).all()
    dark: Any = 255 - tile(255 - lines, lines=True)  # so do dark ones on white
    np.testing.assert_array_equal(small, dark)


def test_lines_on_a_picture_survive() -> None:
    picture = np.add.outer(np.arange(900), np.arange(700)).astype(np.uint8)[..., np.newaxis] // 2
    on = np.repeat(picture, 3, axis=2)
    on[:, 350] = 255, 0, 0
    small = tile(on, lines=True, picture=picture)
    plain = tile(picture)
    differs = (np.abs(small.astype(int) - plain) > 1).any(axis=2)
    assert np.unique(np.nonzero(differs)[1]).tolist() == [cell_of(350, 700, small.shape[1])]
    assert (small[differs][:, 0] > 100).all()


def test_a_cell_takes_its_strongest_pixel() -> None:
    pixels = np.random.default_rng(3).integers(0, 255, (60, 90, 1), np.uint8)
    pixels[pixels < 200] = 0
    found = shrink_lines(pixels, (20, 30))
    expected = pixels.reshape(20, 3, 30, 3).max(axis=(1, 3))
    np.testing.assert_array_equal(found[..., 0], expected)


def test_soft_maps_are_averaged() -> None:
    soft = np.random.default_rng(4).integers(0, 255, (960, 960, 1), np.uint8)
    found = tile(soft)[..., 0].astype(float)
    expected = soft.reshape(480, 2, 480, 2).mean(axis=(1, 3))
    assert np.abs(found - expected).max() <= 1  # rounded twice


def test_transparent_lines_are_seen() -> None:
    edges = np.full((9, 9, 2), 255, np.uint8)
    edges[..., 1] = 0
    edges[4, :, 1] = 255
    found = tile(edges)
    assert (found[4] == 255).all()
    assert (found[0] == 128).all()
