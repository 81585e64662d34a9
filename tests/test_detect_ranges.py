"""Floats that are no picture's: edges are numbers, or drawn by the range of the data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.conftest import Run, Save

HEIGHTS = np.random.default_rng(3).normal(1200, 90, (60, 70)).astype(np.float32)
NUMBERS = "has numbers that no picture has: its edges are numbers, too; --map auto draws them"


def told(run: Run, *args: Any) -> tuple[dict[str, Any], str]:
    result = run("detect", *args, "--report", "json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)["output"], result.stderr


@pytest.mark.parametrize(
    ("scale", "is_picture"), [(1 / 255, True), (1.9 / 1600, True), (1.0, False), (-1.0, False)]
)
@pytest.mark.parametrize("name", ["dem.tif", "dem.npy"])
def test_edges_of_heights_are_numbers_in_their_own_format(
    run: Run, tmp_path: Path, name: str, scale: float, is_picture: bool
) -> None:
    heights = np.clip(HEIGHTS, 0, 1600) * np.float32(scale)
    if is_picture:
        heights = heights / heights.max()
    path = tmp_path / name
    np.save(path, heights) if path.suffix == ".npy" else tifffile.imwrite(path, heights)
    output, noted = told(run, path)
    written = tmp_path / ("dem-sobel.png" if is_picture else f"dem-sobel{path.suffix}")
    assert (output["path"], NUMBERS in noted) == (str(written), not is_picture)
    if not is_picture:
        edges = np.load(written) if path.suffix == ".npy" else tifffile.imread(written)
        run("detect", path, "--map", "raw", "-o", tmp_path / "raw.npy")
        assert edges.dtype == np.float32
        np.testing.assert_array_equal(edges, np.load(tmp_path / "raw.npy"))


@pytest.mark.parametrize(
    "asked",
    [("--map", "auto"), ("--depth", "8"), ("--invert",), ("--threshold", "auto"),
     ("--white", "9000"), ("-f", "canny"), ("-f", "contours"), ("--format", "png")],
)  # fmt: skip
def test_who_asks_for_a_picture_gets_one(run: Run, save: Save, asked: tuple[str, ...]) -> None:
    output, noted = told(run, save("dem.npy", HEIGHTS), *asked)
    assert (output["path"][-4:], output["dtype"]) == (".png", "uint8")
    assert NUMBERS not in noted


def test_eight_bits_are_drawn_by_the_range_of_the_data(run: Run, save: Save) -> None:
    """As the same heights are whose range is 0 to 1."""
    low, high = float(HEIGHTS.min()), float(HEIGHTS.max())
    pictures = []
    for name, heights in (("dem", HEIGHTS), ("unit", (HEIGHTS - low) / (high - low))):
        path = save(f"{name}.npy", heights)
        _, noted = told(run, path, "-o", path.with_suffix(".png"))
        assert ("whose range is taken for white" in noted) == (name == "dem")
        pictures.append(np.asarray(Image.open(path.with_suffix(".png"))).astype(int))
    assert np.abs(pictures[0] - pictures[1]).max() <= 1
    assert pictures[0].max() == 255


def test_files_stores_and_pipes_are_drawn_alike(run: Run, save: Save) -> None:
    path = save("dem.npy", HEIGHTS)
    run("detect", path, "-o", path.parent / "file.png", "-q")
    piped = run("detect", "-", "-o", "-", "-q", stdin=path.read_bytes())
    assert "image - has numbers from" in piped.stderr
    assert piped.stdout_bytes == (path.parent / "file.png").read_bytes()


@pytest.mark.parametrize("value", [-9999.0, 3.4e38])
def test_no_data_is_no_height(run: Run, save: Save, value: float) -> None:
    holed = HEIGHTS.copy()
    holed[20:30, 20:30] = value
    path = save("dem.npy", holed)
    asked = ("--nodata", str(value), "-o", path.parent / "edges.png")
    _, noted = told(run, path, *asked)
    rest = HEIGHTS[holed != np.float32(value)]
    assert f"has numbers from {rest.min():g} to {rest.max():g}, whose range" in noted


def test_every_page_is_drawn_by_its_own_range(run: Run, tmp_path: Path) -> None:
    stack = np.stack([HEIGHTS, HEIGHTS * 10, HEIGHTS / 1e5])
    np.save(tmp_path / "dem.npy", stack)
    result = run("detect", tmp_path / "dem.npy", "--all-frames", "-o", tmp_path / "a.tif",
                 "--map", "auto", "--depth", "8", "--report", "none")  # fmt: skip
    assert [line.split(" has ")[0] for line in result.stderr.splitlines()] == [
        f"edgecli: image {tmp_path / 'dem.npy'}",
        f"edgecli: image 2 of {tmp_path / 'dem.npy'}",
    ]
    first, second, _ = tifffile.imread(tmp_path / "a.tif").astype(int)
    assert np.abs(first - second).max() <= 1


def test_a_batch_names_what_it_writes_of_heights_by_their_format(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    tifffile.imwrite(tmp_path / "in" / "dem.tif", HEIGHTS)
    tifffile.imwrite(tmp_path / "in" / "photo.tif", HEIGHTS.astype(np.uint8))
    args = ("batch", tmp_path / "in", "-o", tmp_path / "out", "--jobs", "1", "--report", "json")
    result = run(*args)
    names = sorted(path.name for path in (tmp_path / "out").glob("[a-z]*"))
    assert names == ["dem-sobel.tif", "photo-sobel.png"]
    assert NUMBERS in result.stderr
    assert json.loads(run(*args).stdout.splitlines()[-1])["skipped"] == 2
