"""The types of rows: each stored type goes into the one of five that holds its values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import ImageError
from edgecli.rows.base import Rows

# The types of rows, by the stored types whose values all fit them. Booleans become 0 and 255,
# float64 is rounded to float32.
_ROW_TYPES = {name: name for name in ("uint8", "uint16", "int16", "int32", "float32")}
_ROW_TYPES |= {"bool": "uint8", "int8": "int16", "float16": "float32", "float64": "float32"}


def row_type(stored: np.dtype[Any]) -> np.dtype[Any] | None:
    """Return the type of rows that holds all of a stored type; None where ``smallest`` decides."""
    name = _ROW_TYPES.get(stored.name)
    return None if name is None else np.dtype(name)


def as_rows(stored: Rows, path: str) -> Rows:
    """Return stored samples in their ``row_type``; ImageError where float32 cannot hold one."""
    if stored.dtype == bool:
        return stored * np.uint8(255)
    with np.errstate(over="ignore"):
        rows: Rows = stored.astype(_ROW_TYPES[stored.dtype.name], copy=False)
    if stored.dtype.name == "float64" and np.any(np.isinf(rows) & np.isfinite(stored)):
        raise ImageError(
            f"image {path} has numbers beyond float32's ±3.4e38; scale them down and save it again"
        )
    return rows


def smallest(integers: NDArray[Any], path: str) -> NDArray[Any]:
    """Return whole numbers in the smallest of uint8, uint16, int16 and int32 that holds them all.

    ImageError where none does: as floats they would be rounded, and count as white from 1 up.

    >>> [smallest(np.array([-1, largest]), "a.npy").dtype.name for largest in (0, 1 << 15)]
    ['int16', 'int32']
    """
    low, high = integers.min(), integers.max()
    for name in ("uint8", "uint16", "int16", "int32"):
        if np.iinfo(name).min <= low and high <= np.iinfo(name).max:
            return integers.astype(name)
    raise ImageError(
        f"image {path} has whole numbers beyond int32's −2,147,483,648 to 2,147,483,647, from "
        f"{low:,.0f} to {high:,.0f}; divide them, or save them as floats with white at 1.0"
    )
