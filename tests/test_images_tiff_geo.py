"""GeoTIFF: places that tifffile and GDAL wrote are read, and theirs read what is written."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from edgecli.images.files import open_images
from edgecli.images.tiff.described import Page
from edgecli.images.tiff.directories import read_directories
from edgecli.images.tiff.geo import LEFT_OUT, can_name, place_of
from edgecli.images.tiff.writing import TiffSink
from edgecli.rows.place import NOWHERE, Place, System
from tests.places import NORTH_UP, TURNED, Affine, gdal_place, geotiff, needs_gdal

ROWS = np.zeros((6, 5), np.uint8)

Tags = Sequence[tuple[int, str, int, Any, bool]]


def tagged(**numbers: Sequence[float]) -> Tags:
    """Return tags for tifffile, such as t33550=(…)."""
    types = {34735: "H"}
    return [
        (tag, types.get(tag, "d"), len(values), tuple(values), True)
        for tag, values in ((int(name[1:]), values) for name, values in numbers.items())
    ]


def placed(extratags: Tags, **options: Any) -> tuple[Place | None, str | None]:
    file = io.BytesIO()
    tifffile.imwrite(file, ROWS, extratags=extratags, **options)
    (directory,) = read_directories(file, "x.tif")
    return place_of(directory)


def written(place: Place) -> bytes:
    file = io.BytesIO()
    sink = TiffSink(file, Page((6, 5, 1), ROWS.dtype, place=place))
    sink.write(sink.encode(ROWS[..., np.newaxis]))
    sink.finish()
    return file.getvalue()


def back(place: Place) -> Place | None:
    (directory,) = read_directories(io.BytesIO(written(place)), "x.tif")
    return place_of(directory)[0]


@pytest.mark.parametrize(
    ("tags", "transform"),
    [
        ({"t33550": (20, 10, 0), "t33922": (0, 0, 0, 500, 900, 0)}, (20, 0, 500, 0, -10, 900)),
        ({"t33550": (20, 10, 0), "t33922": (2, 3, 0, 500, 900, 0)}, (20, 0, 460, 0, -10, 930)),
        ({"t33550": (20, -10, 0), "t33922": (0, 0, 0, 500, 900, 0)}, (20, 0, 500, 0, -10, 900)),
        ({"t34264": (1, 2, 0, 3, 4, 5, 0, 6, 0, 0, 0, 0, 0, 0, 0, 1)}, (1, 2, 3, 4, 5, 6)),
    ],
)
def test_places_by_the_size_of_a_pixel_and_by_a_matrix(
    tags: dict[str, Sequence[float]], transform: Affine
) -> None:
    assert placed(tagged(**tags)) == (Place(transform), None)


def test_a_point_is_the_centre_of_its_pixel() -> None:
    keys = (1, 1, 0, 1, 1025, 0, 1, 2)
    tags = tagged(t33550=(20, 10, 0), t33922=(0, 0, 0, 500, 900, 0), t34735=keys)
    place, _ = placed(tags)
    assert place is not None
    assert (place.transform, place.is_point) == ((20, 0, 490, 0, -10, 905), True)


def test_several_points_are_of_control_and_one_alone_is_nothing() -> None:
    two = (0, 0, 0, 7, 47, 0, 5, 6, 0, 8, 46, 0)
    place, _ = placed(tagged(t33922=two))
    assert place == Place(None, control=(two[:6], two[6:]))
    assert placed(tagged(t33922=two[:6])) == (None, None)


@pytest.mark.parametrize(
    "tags",
    [
        {"t34264": (1, 2, 0, 3, 2, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 1)},  # all on one line
        {"t33550": (20, float("nan"), 0), "t33922": (0, 0, 0, 500, 900, 0)},
        {"t33922": (0, 0, 0, 7, 47, 0, 5, 6, 0, float("inf"), 46, 0)},
    ],
)
def test_what_is_no_place_is_left_out_and_said(tags: dict[str, Sequence[float]]) -> None:
    assert placed(tagged(**tags)) == (None, LEFT_OUT)


@pytest.mark.parametrize(
    "keys",
    [(1, 1, 0, 9, 1025, 0, 1, 2), (7, 7), (2, 1, 0, 0)],
)
def test_keys_that_are_broken_are_none(keys: Sequence[int]) -> None:
    tags = tagged(t33550=(20, 10, 0), t33922=(0, 0, 0, 500, 900, 0), t34735=keys)
    assert placed(tags) == (Place((20, 0, 500, 0, -10, 900)), None)


@pytest.mark.parametrize("epsg", [32632, 4326])
def test_the_number_of_a_system_is_known(epsg: int, tmp_path: Path) -> None:
    (tmp_path / "x.tif").write_bytes(geotiff(ROWS, NORTH_UP, epsg=epsg))
    (source,) = open_images(str(tmp_path / "x.tif"), max_pixels=99)
    assert source.info.place is not None
    system = source.info.place.system
    assert (str(system), system.is_geographic) == (f"EPSG:{epsg}", epsg == 4326)


@pytest.mark.parametrize("is_point", [False, True])
@pytest.mark.parametrize("transform", [NORTH_UP, TURNED])
def test_a_place_written_is_the_place_read(transform: Affine, is_point: bool) -> None:
    place = Place(transform, System(32632, is_geographic=False), (), is_point)
    again = back(place)
    assert again is not None
    assert (again.transform, again.is_point) == (transform, is_point)
    assert again.system.epsg == 32632
    assert back(again) == again  # the keys themselves go along


def test_a_system_without_words_is_not_written() -> None:
    place = Place(NORTH_UP, System(wkt='LOCAL_CS["mine"]', name="mine"))
    assert back(place) == Place(NORTH_UP)
    assert [can_name(one) for one in (place.system, NOWHERE, System(4326))] == [False, True, False]


@needs_gdal
@pytest.mark.parametrize("kind", ["Area", "Point"])
@pytest.mark.parametrize("system", ["EPSG:32632", "EPSG:4326", "+proj=laea +lat_0=45 +lon_0=9"])
def test_gdal_finds_its_own_places_again(kind: str, system: str, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "plain.tif", ROWS)
    corners = ("-a_ullr", "7", "48", "12", "42")
    args = ("-q", "-mo", f"AREA_OR_POINT={kind}", "-a_srs", system, *corners)
    files = [tmp_path / name for name in ("plain.tif", "gdal.tif", "ours.tif")]
    subprocess.run(["gdal_translate", *args, *files[:2]], check=True)
    (source,) = open_images(str(files[1]), max_pixels=99)
    assert source.info.place is not None
    files[2].write_bytes(written(source.info.place))
    assert gdal_place(files[2]) == gdal_place(files[1])
    told = [
        subprocess.run(["gdalinfo", file], capture_output=True, text=True, check=True).stdout
        for file in files[1:]
    ]
    systems = [text[text.index("Coordinate System is") : text.index("Origin")] for text in told]
    assert systems[0] == systems[1]
    assert all(f"AREA_OR_POINT={kind}" in text for text in told)


@needs_gdal
def test_gdal_finds_points_of_control_again(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "plain.tif", ROWS)
    points = [("0", "0", "7", "47"), ("5", "0", "8", "47.5"), ("0", "6", "7.5", "46")]
    args = [word for point in points for word in ("-gcp", *point)]
    files = [tmp_path / name for name in ("plain.tif", "gdal.tif", "ours.tif")]
    subprocess.run(["gdal_translate", "-q", "-a_srs", "EPSG:4326", *args, *files[:2]], check=True)
    (source,) = open_images(str(files[1]), max_pixels=99)
    assert source.info.place is not None
    files[2].write_bytes(written(source.info.place))
    told = [
        subprocess.run(["gdalinfo", file], capture_output=True, text=True, check=True).stdout
        for file in files[1:]
    ]
    found = [text[text.index("GCP Projection") : text.index("Metadata")] for text in told]
    assert found[0] == found[1]
    assert "(5,0) -> (8,47.5,0)" in found[0]
