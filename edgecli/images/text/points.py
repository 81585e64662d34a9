"""Lists of points in text, a line of x y z for each: they are no rows of pixels."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import ImageError

_AXES = ({"x", "y"}, {"lon", "lat"}, {"longitude", "latitude"}, {"easting", "northing"})
_EXTENSION = ".xyz"  # GDAL's, and that of surveyors
_HIGH = 100  # rows from which on three columns are hardly a picture


def refuse_named(names: Sequence[str], path: str) -> None:
    """Raise ImageError where the names of columns say that rows are points."""
    given = {name.strip().lower() for name in names}
    if any(axes <= given for axes in _AXES):
        raise _scattered(path)


def refuse_points(grid: NDArray[Any], path: str) -> None:
    """Raise ImageError where a grid ``(H, W)`` is a list of points, by its name or its numbers."""
    if grid.shape[1] != 3:
        return
    x, y, _ = grid.T
    if np.isfinite(grid[:, :2]).all() and (_is_raster(x, y) or _is_raster(y, x)):
        given = shlex.quote(path)
        raise ImageError(
            f"image {path} lists points x y z in the order of a raster, not rows of pixels; "
            f"convert it: gdal_translate {given} OUT.tif"
        )
    if path.lower().endswith(_EXTENSION):
        raise _scattered(path)


def suspicion(grid: NDArray[Any]) -> list[str]:
    """Return a note on what may be a list of points."""
    height, width = grid.shape
    if width != 3 or height < _HIGH:
        return []
    return [
        f"has {height:,} rows of 3 numbers, taken for pixels; if they are points x y z, make a "
        "grid of them with gdal_grid"
    ]


def _scattered(path: str) -> ImageError:
    return ImageError(
        f"image {path} lists points x y z, not rows of pixels; make a grid of them with gdal_grid"
    )


def _is_raster(fast: NDArray[Any], slow: NDArray[Any]) -> bool:
    """Return whether two columns count through all places of a raster, row by row."""
    changes = np.flatnonzero(np.diff(slow))
    width = int(changes[0]) + 1 if len(changes) else 0
    if width < 3 or len(slow) % width or len(slow) < 3 * width:
        return False
    across, down = fast.reshape(-1, width), slow.reshape(-1, width)
    return (
        _is_even(across[0])
        and _is_even(down[:, 0])
        and bool((across == across[0]).all())
        and bool((down == down[:, :1]).all())
    )


def _is_even(places: NDArray[Any]) -> bool:
    """Return whether numbers go on by equal steps, but for how they were rounded."""
    steps = np.diff(places.astype(np.float64))
    return bool(steps[0]) and bool(np.allclose(steps, steps[0], rtol=1e-2, atol=0))
