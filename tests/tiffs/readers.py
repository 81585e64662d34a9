"""How a TIFF is read: by edgecli, by tifffile, and by GDAL in a process of its own."""

from __future__ import annotations

import io
import os
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.images.tiff.reading import read_images

Pixels = NDArray[Any]

PYTHONS = ("python3", "/usr/bin/python3")
"""Those that may have GDAL, which no package index has ready to run."""

_BY_GDAL = """
import sys
import numpy
from osgeo import gdal
gdal.UseExceptions()
for path in sys.stdin.read().split():
    try:
        array = gdal.Open(path).ReadAsArray()
        numpy.save(path + ".npy", array if array.ndim == 2 else array.transpose(1, 2, 0))
    except (RuntimeError, AttributeError) as error:
        print(path, error)
"""


def by_edgecli(data: bytes) -> Pixels:
    """Return the only page of a TIFF, ``(H, W, C)``."""
    (source,) = read_images(io.BytesIO(data), "x.tif", max_pixels=2**31)
    (rows,) = source.blocks([(0, source.shape[0])])
    assert (rows.shape, rows.dtype) == (source.shape, source.dtype)
    return rows


def by_tifffile(data: bytes) -> Pixels:
    """Return the samples as tifffile has them, ``(H, W, C)``; its errors pass."""
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page: Any = file.pages[0]
        array: Pixels = page.asarray()
        if array.ndim == 2:
            return array[..., np.newaxis]
        return array.transpose(1, 2, 0) if page.planarconfig == 2 else array


@cache
def python_of_gdal() -> str | None:
    """Return a Python that has GDAL."""
    for python in PYTHONS:
        try:
            command = [python, "-c", "from osgeo import gdal, gdal_array"]
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    return None


def by_gdal(files: Sequence[bytes]) -> list[Pixels | None]:
    """Return the bands of TIFFs as GDAL has them, ``(H, W, C)``, None where it reads none."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{number}.tif") for number in range(len(files))]
        for path, data in zip(paths, files, strict=True):
            path.write_bytes(data)
        subprocess.run(
            [str(python_of_gdal()), "-c", _BY_GDAL],
            input="\n".join(map(str, paths)),
            text=True,
            check=True,
            capture_output=True,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
        return [_loaded(path.with_name(path.name + ".npy")) for path in paths]


def _loaded(path: Path) -> Pixels | None:
    if not path.exists():
        return None
    array: Pixels = np.load(path)
    return array if array.ndim == 3 else array[..., np.newaxis]
