"""Lists of points: no rows of pixels, and told from grids of three columns that are."""

from __future__ import annotations

import io
import re
import subprocess
from itertools import product
from pathlib import Path
from shutil import which

import numpy as np
import pytest

from edgecli.errors import ImageError
from edgecli.images.files import open_images
from edgecli.images.text.grid import read_text
from edgecli.rows.arrays import ArraySource
from tests.pillow_files import rows_of

ACROSS, DOWN = np.linspace(1000, 1030, 4), np.linspace(52.5, 50, 6)
RASTER = [(x, y, x * y) for y, x in product(DOWN, ACROSS)]
POINTS = np.random.default_rng(1).uniform(0, 99, (100, 3)).round(2).tolist()


def text(rows: list[tuple[float, ...]], name: str = "a.txt", head: str = "") -> ArraySource:
    lines = "".join(" ".join(map(str, row)) + "\n" for row in rows)
    return read_text(io.BytesIO((head + lines).encode()), name, max_pixels=9999)


@pytest.mark.parametrize(
    "rows",
    [
        RASTER,
        sorted(RASTER),
        [(y, x, z) for x, y, z in RASTER],
        [(round(x / 7, 3), y, z) for x, y, z in RASTER],
    ],
    ids=["rows", "columns", "swapped", "rounded"],
)
def test_points_of_a_raster_are_known_by_their_order(rows: list[tuple[float, ...]]) -> None:
    with pytest.raises(ImageError, match=r"^image a\.txt lists points x y z in the order of a ra"):
        text(rows)


@pytest.mark.skipif(which("gdal_translate") is None, reason="needs GDAL")
def test_what_is_advised_makes_an_image_of_them(tmp_path: Path) -> None:
    path = tmp_path / "my points.txt"
    path.write_text("".join(f"{x} {y} {z}\n" for x, y, z in RASTER))
    with pytest.raises(ImageError) as caught, path.open("rb") as file:
        read_text(file, str(path), max_pixels=9999)
    command = re.search(r"convert it: (.*)$", str(caught.value))
    assert command
    subprocess.run(command[1], shell=True, check=True, cwd=tmp_path, capture_output=True)
    (rows,) = map(rows_of, open_images(str(tmp_path / "OUT.tif"), max_pixels=99))
    np.testing.assert_allclose(rows[:, :, 0], DOWN[:, np.newaxis] * ACROSS)


@pytest.mark.parametrize("head", ["x y z\n", "X Y height\n", '"lat" "lon" "m"\n'])
def test_points_are_known_by_the_names_of_their_columns(head: str) -> None:
    with pytest.raises(ImageError, match="lists points x y z, not rows of pixels"):
        text(POINTS[:3], head=head)


def test_points_are_known_by_the_name_of_their_file() -> None:
    with pytest.raises(ImageError, match="lists points x y z, not rows of pixels"):
        text(POINTS[:3], "a.XYZ")


def test_many_rows_of_three_numbers_are_read_with_a_word() -> None:
    (note,) = text(POINTS).info.notes
    assert note.startswith("has 100 rows of 3 numbers, taken for pixels; if they are points x y z")
    assert text(POINTS[:99]).info.notes == []


@pytest.mark.parametrize(
    "rows",
    [
        [(1, 0, -1)] * 9,
        [(x, x, x) for x in range(9)],
        [(x, y, 5) for x, y in product((0, 1), (0, 1))],
        [(float("inf"), y, 5) for _, y in product(range(3), range(3))],
        [(x * x, y, 5) for y, x in product(range(4), range(4))],
    ],
)
def test_pictures_of_three_columns_are_none(rows: list[tuple[float, ...]]) -> None:
    assert text(rows).array.shape == (len(rows), 3, 1)
