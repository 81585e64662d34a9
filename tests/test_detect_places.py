"""Edge maps lie where their windows look: GeoTIFF in, GeoTIFF and world files out."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from tests.conftest import Run
from tests.places import (
    NORTH_UP,
    TURNED,
    Affine,
    eastings,
    gdal_place,
    geotiff,
    needs_gdal,
    northings,
    place_in,
)

MEAN = {
    (3, 3): "1 1 1; 1 1 1; 1 1 1",
    (2, 2): "1 1; 1 1",
    (1, 4): "1 1 1 1",
}
"""Filters that give the mean of a window, but for its size."""

WINDOWS = [
    ("--padding", "same"), ("--padding", "valid"), ("--padding", "2"), ("--padding", "0,3,1,2"),
    ("--stride", "2"), ("--stride", "3,2"), ("--stride", "2", "--padding", "valid"),
    ("--dilation", "2"), ("--resize", "50%"), ("--resize", "25%", "--stride", "2"),
]  # fmt: skip


def inner(rows: Any) -> Any:
    """Return what is far from the frame, where padding is not seen."""
    return rows[3:-3, 3:-3]


@pytest.mark.parametrize("place", [NORTH_UP, TURNED])
@pytest.mark.parametrize(("kernel", "options"), [*product(MEAN, WINDOWS)])
def test_a_mean_of_coordinates_is_the_coordinate_of_the_pixel(
    kernel: tuple[int, int],
    options: tuple[str, ...],
    place: Affine,
    tmp_path: Path,
    run: Run,
) -> None:
    """What a window sees of an image of coordinates, it sees around its middle."""
    for coordinates in (eastings, northings):
        rows = coordinates((32, 40), place) - coordinates((1, 1), place)
        (tmp_path / "in.tif").write_bytes(geotiff(rows, place))
        out = tmp_path / "out.tif"
        args = ("-f", MEAN[kernel], "--map", "raw", "-o", str(out))
        run("detect", str(tmp_path / "in.tif"), *args, *options)
        means = tifffile.imread(out) / np.prod(kernel)
        expected = coordinates(means.shape, place_in(out)) - coordinates((1, 1), place)
        np.testing.assert_allclose(inner(means), inner(expected), atol=1e-3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_that_is_turned_stays_where_it_is(
    orientation: int, tmp_path: Path, run: Run
) -> None:
    rows = eastings((12, 17), TURNED) - TURNED[2]
    tag = (274, "H", 1, orientation, True)
    (tmp_path / "in.tif").write_bytes(geotiff(rows, TURNED, extratags=[tag]))
    for options in ((), ("--no-auto-orient",)):
        out = tmp_path / "out.tif"
        args = ("-f", "1", "--map", "raw", "-o", str(out), *options)
        run("detect", str(tmp_path / "in.tif"), *args)
        seen = tifffile.imread(out)
        np.testing.assert_allclose(seen, eastings(seen.shape, place_in(out)) - TURNED[2])


def test_every_map_of_an_image_has_its_place(tmp_path: Path, run: Run) -> None:
    (tmp_path / "in.tif").write_bytes(geotiff(np.zeros((9, 8), np.uint8), NORTH_UP))
    out = tmp_path / "both.tif"
    run("detect", tmp_path / "in.tif", "-f", "sobel-x", "-f", "gaussian:2", "-o", out)
    with tifffile.TiffFile(out) as file:
        assert len(file.pages) == 2
        for page in file.pages:
            tags = {tag.code: tag.value for tag in page.tags}  # type: ignore[union-attr]
            assert tags[33922] == (0, 0, 0, NORTH_UP[2], NORTH_UP[5], 0)
            assert tags[34735][-1] == 32632
        said = [(page.tags[285].value, page.tags[297].value) for page in file.pages]  # type: ignore[union-attr]
    assert said == [("sobel-x", (0, 2)), ("gaussian:2", (1, 2))]


def test_the_report_says_where_the_map_lies(tmp_path: Path, run: Run) -> None:
    (tmp_path / "in.tif").write_bytes(geotiff(np.zeros((9, 8), np.uint8), NORTH_UP))
    places = []
    for options in ((), ("--world-file",), ("--format", "tiff")):
        args = (str(tmp_path / "in.tif"), "-o", str(tmp_path / "o"), "--padding", "valid")
        told = run("detect", *args, "--format", "png", *options, "--report", "json")
        places.append(json.loads(told.stdout)["place"])
    transform = [20.0, 0.0, 399980.0, 0.0, -20.0, 5000020.0]
    own = {"crs": "EPSG:32632", "transform": transform}
    assert places == [own | {"written": written} for written in (False, True, True)]


def test_an_image_without_a_place_says_nothing_of_one(tmp_path: Path, run: Run) -> None:
    tifffile.imwrite(tmp_path / "in.tif", np.zeros((9, 8), np.uint8))
    told = run("detect", str(tmp_path / "in.tif"), "--report", "json")
    assert "place" not in json.loads(told.stdout)


@needs_gdal
@pytest.mark.parametrize(
    ("extension", "place", "windows"),
    [
        (".tif", NORTH_UP, WINDOWS), (".tif", TURNED, WINDOWS), (".png", TURNED, WINDOWS[-1:]),
        (".jpg", NORTH_UP, WINDOWS[-1:]), (".webp", TURNED, WINDOWS[-1:]),
    ],
)  # fmt: skip
def test_gdal_reads_the_same_corners(
    extension: str, place: Affine, windows: list[tuple[str, ...]], tmp_path: Path, run: Run
) -> None:
    """For every stride and padding in a TIFF, and for one in files that have them beside."""
    (tmp_path / "in.tif").write_bytes(geotiff(np.zeros((21, 16), np.uint8), place))
    for number, options in enumerate(windows):
        out = tmp_path / f"out-{number}{extension}"
        args = (str(tmp_path / "in.tif"), "-o", str(out), *options, "--report", "json")
        told = json.loads(run("detect", *args, "--world-file").stdout)
        seen, system = gdal_place(out)
        assert seen == pytest.approx(told["place"]["transform"], rel=1e-12), options
        assert "32632" in system
        (tmp_path / f"{out.name}.aux.xml").unlink()
        if extension in (".png", ".jpg"):  # which have nothing but the world file left
            assert gdal_place(out)[0] == pytest.approx(seen, rel=1e-12)


@needs_gdal
@pytest.mark.parametrize(
    "where",
    [
        "xllcorner 399980\nyllcorner 5000000.5\ncellsize 20\n",
        "xllcenter -8.5\nyllcenter 47.25\ncellsize 0.25\n",
        "XLLCORNER 7\nYLLCORNER 9\ndx 2\ndy 3\n",
    ],
)
def test_a_grid_of_esri_lies_where_gdal_finds_it(where: str, tmp_path: Path, run: Run) -> None:
    rows = "\n".join(["1 2 3 4 5"] * 7)
    (tmp_path / "in.asc").write_text(f"ncols 5\nnrows 7\n{where}NODATA_value -9999\n{rows}\n")
    told = run(
        "detect", str(tmp_path / "in.asc"), "-o", str(tmp_path / "out.tif"), "--report", "json"
    )
    assert json.loads(told.stdout)["place"]["written"]
    assert gdal_place(tmp_path / "out.tif")[0] == gdal_place(tmp_path / "in.asc")[0]


@pytest.mark.parametrize(
    "where", ["", "xllcorner 1\ncellsize 1\n", "xllcorner 1\nyllcorner nan\ncellsize 1\n"]
)
def test_a_grid_that_does_not_say_where_lies_nowhere(where: str, tmp_path: Path, run: Run) -> None:
    (tmp_path / "in.asc").write_text(f"ncols 2\nnrows 2\n{where}1 2\n3 4\n")
    assert "place" not in json.loads(
        run("detect", str(tmp_path / "in.asc"), "--report", "json").stdout
    )
