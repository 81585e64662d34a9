"""Strokes of an image with a place on a map: where they are there, and in which words."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Run
from tests.places import NORTH_UP, TURNED, Affine, geotiff

DEGREES: Affine = (0.01, 0.0, 7.5, 0.0, -0.01, 47.5)

BOX = (10, 15, 30, 35)
"""Left, top, right and bottom of a bright square, in pixels."""


def square(folder: Path, place: Affine, **options: Any) -> Path:
    rows = np.full((50, 60), 20, np.uint8)
    rows[BOX[1] : BOX[3], BOX[0] : BOX[2]] = 220
    path = folder / "square.tif"
    path.write_bytes(geotiff(rows, place, **options))
    return path


def around(place: Affine) -> tuple[float, float, float, float]:
    """Return what the square covers on the map: smallest and largest x and y."""
    a, b, c, d, e, f = place
    left, top, right, bottom = BOX
    corners = [(x, y) for x in (left, right) for y in (top, bottom)]
    xs = [a * x + b * y + c for x, y in corners]
    ys = [d * x + e * y + f for x, y in corners]
    return min(xs), max(xs), min(ys), max(ys)


def extent(points: Any) -> tuple[float, float, float, float]:
    x, y = np.array(points, float).T
    return x.min(), x.max(), y.min(), y.max()


def collection(run: Run, path: Path, *options: str) -> Any:
    out = path.with_suffix(".geojson")
    run("detect", path, "-f", "gradient:1", "-o", out, *options)
    return json.loads(out.read_text())


@pytest.mark.parametrize("place", [NORTH_UP, TURNED])
@pytest.mark.parametrize(
    "options", [(), ("--stride", "2"), ("--padding", "valid"), ("--resize", "50%")]
)
def test_a_square_lies_where_it_is(
    options: tuple[str, ...], place: Affine, tmp_path: Path, run: Run
) -> None:
    (feature,) = collection(run, square(tmp_path, place), *options)["features"]
    points = feature["geometry"]["coordinates"]
    size = np.hypot(place[0], place[3])
    # corners are round: by Pythagoras a turned square is smaller by their roundness
    slack = 1.5 if place == NORTH_UP and not options else 4
    assert extent(points) == pytest.approx(around(place), abs=slack * size)


def test_geojson_names_its_system_but_for_longitude_and_latitude(tmp_path: Path, run: Run) -> None:
    read = collection(run, square(tmp_path, NORTH_UP))
    name = {"name": "urn:ogc:def:crs:EPSG::32632"}
    assert read["crs"] == {"type": "name", "properties": name}
    assert "of EPSG:32632" in read["edgecli"]["axes"]
    read = collection(run, square(tmp_path, DEGREES, epsg=4326))
    assert "crs" not in read
    (feature,) = read["features"]
    assert extent(feature["geometry"]["coordinates"]) == pytest.approx(around(DEGREES), abs=0.015)


def test_coordinates_are_as_fine_as_a_thousandth_of_a_pixel(tmp_path: Path, run: Run) -> None:
    for place, epsg, decimals in ((NORTH_UP, 32632, 2), (DEGREES, 4326, 5)):
        (feature,) = collection(run, square(tmp_path, place, epsg=epsg))["features"]
        texts = [
            str(x).partition(".")[2] for point in feature["geometry"]["coordinates"] for x in point
        ]
        assert max(map(len, texts)) == decimals


def test_a_system_without_a_number_is_null_and_said(tmp_path: Path, run: Run) -> None:
    own = (34735, "H", 12, (1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 32767), True)
    path = square(tmp_path, NORTH_UP, keys=own)
    done = run("detect", path, "-o", tmp_path / "o.geojson", "--report", "none")
    assert "not longitude and latitude" in done.stderr
    assert json.loads((tmp_path / "o.geojson").read_text())["crs"] is None


def test_dxf_is_in_units_of_the_map_unless_a_size_is_asked_for(tmp_path: Path, run: Run) -> None:
    path, out = square(tmp_path, NORTH_UP, resolution=(100, 100)), tmp_path / "o.dxf"
    run("detect", path, "-f", "gradient:1", "-o", out)
    words = out.read_text().splitlines()
    assert any("units of EPSG:32632" in line and "399960 to 401160" in line for line in words)
    assert "$INSUNITS" not in words
    vertices = [n for n, word in enumerate(words) if word == "VERTEX"]
    points = [(words[n + 4], words[n + 6]) for n in vertices]
    assert extent(points) == pytest.approx(around(NORTH_UP), abs=30)
    run("detect", path, "-f", "gradient:1", "-o", out, "--size", "60mm")
    assert "in millimetres; the image covers 0 to 60 by 0 to 50" in out.read_text()


def test_points_have_both_their_pixels_and_the_map(tmp_path: Path, run: Run) -> None:
    path, out = square(tmp_path, TURNED), tmp_path / "o.csv"
    run("detect", path, "-f", "gradient:1", "-o", out, "--format", "points")
    rows = [*csv.DictReader(io.StringIO(out.read_text()))]
    assert [*rows[0]] == ["stroke", "x", "y", "strength", "angle", "map_x", "map_y"]
    a, b, c, d, e, f = TURNED
    for row in rows:
        x, y = float(row["x"]), float(row["y"])
        there = float(row["map_x"]), float(row["map_y"])
        assert there == pytest.approx((a * x + b * y + c, d * x + e * y + f), abs=0.02)


def test_svg_stays_in_pixels(tmp_path: Path, run: Run) -> None:
    path, out = square(tmp_path, NORTH_UP), tmp_path / "o.svg"
    run("detect", path, "-f", "gradient:1", "-o", out)
    assert 'viewBox="0 0 60 50"' in out.read_text()


def test_points_of_control_move_no_strokes(tmp_path: Path, run: Run) -> None:
    control = (0, 0, 0, 7, 47, 0, 50, 60, 0, 8, 46, 0)
    tags = [(33922, "d", 12, control, True)]
    path = square(tmp_path, NORTH_UP, extratags=tags)
    raw = path.read_bytes().replace((34264).to_bytes(2, "little"), (65000).to_bytes(2, "little"))
    path.write_bytes(raw)
    done = run("detect", path, "-o", tmp_path / "o.geojson", "--report", "none")
    assert "points of control" in done.stderr
    assert "pixels of the image" in (tmp_path / "o.geojson").read_text()


@pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="GDAL is not installed")
@pytest.mark.parametrize(("place", "epsg"), [(NORTH_UP, 32632), (DEGREES, 4326), (TURNED, 2193)])
def test_gdal_finds_strokes_in_the_system_of_the_image(
    place: Affine, epsg: int, tmp_path: Path, run: Run
) -> None:
    out = tmp_path / "square.geojson"
    run("detect", square(tmp_path, place, epsg=epsg), "-f", "gradient:1", "-o", out)
    command = ["ogrinfo", "-al", "-so", str(out)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert f'ID["EPSG",{epsg}]]' in told
