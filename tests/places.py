"""Images with a place on a map, whose samples say where they are; and what GDAL says of files."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

Affine = tuple[float, float, float, float, float, float]

UTM = ((1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32632), ())
"""The keys of zone 32, and no numbers."""

NORTH_UP: Affine = (20.0, 0.0, 399960.0, 0.0, -20.0, 5000040.0)
TURNED: Affine = (16.0, 12.0, 399960.0, 12.0, -16.0, 5000040.0)

needs_gdal = pytest.mark.skipif(shutil.which("gdalinfo") is None, reason="GDAL is not installed")


def matrix(place: Affine) -> tuple[float, ...]:
    """Return a place as ModelTransformation has it, row by row."""
    a, b, c, d, e, f = place
    return (a, b, 0, c, d, e, 0, f, 0, 0, 0, 0, 0, 0, 0, 1)


def geotiff(rows: NDArray[Any], place: Affine, *, epsg: int = 32632, **options: Any) -> bytes:
    """Return a TIFF, written by tifffile, that lies at a place."""
    model, key = (2, 2048) if epsg == 4326 else (1, 3072)
    keys = (1, 1, 0, 3, 1024, 0, 1, model, 1025, 0, 1, 1, key, 0, 1, epsg)
    own = options.pop("keys", (34735, "H", len(keys), keys, True))
    extra = [(34264, "d", 16, matrix(place), True), own]
    extra += options.pop("extratags", [])
    file = io.BytesIO()
    tifffile.imwrite(file, rows, extratags=extra, **options)
    return file.getvalue()


def eastings(shape: tuple[int, ...], place: Affine) -> NDArray[np.float64]:
    """Return an image whose samples are x on the map, of the centres of its pixels."""
    a, b, c, *_ = place
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    values: NDArray[np.float64] = a * columns + b * rows + c
    return values


def northings(shape: tuple[int, ...], place: Affine) -> NDArray[np.float64]:
    """Return an image whose samples are y on the map."""
    return eastings(shape, (*place[3:], 0.0, 0.0, 0.0))


def place_in(path: Path) -> Affine:
    """Return where a TIFF lies, as tifffile reads its tags."""
    with tifffile.TiffFile(path) as file:
        tags = {tag.code: tag.value for tag in file.pages[0].tags}  # type: ignore[union-attr]
    if 34264 in tags:
        a, b, _, c, d, e, _, f = tags[34264][:8]
        return a, b, c, d, e, f
    (across, down, _), (i, j, _, x, y, _) = tags[33550], tags[33922]
    return across, 0.0, x - i * across, 0.0, -down, y + j * down


def gdal_place(path: Path) -> tuple[Affine, str]:
    """Return where GDAL says that a file lies, and the number of the system."""
    done = subprocess.run(["gdalinfo", "-json", path], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    c, a, b, f, d, e = told["geoTransform"]
    system = told.get("coordinateSystem", {}).get("wkt", "")
    return (a, b, c, d, e, f), system[system.rfind("ID[") :]
