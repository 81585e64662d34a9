"""The types of rows: each stored type goes into the one of eight that holds its values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import ImageError
from edgecli.rows.base import Rows
from edgecli.rows.samples import SAMPLE_TYPES, narrowed

# The types of rows, by the stored types whose values all fit them. Booleans become 0 and 255.
_ROW_TYPES = {name: name for name in SAMPLE_TYPES if name != "int64"}
_ROW_TYPES |= {"bool": "uint8", "float16": "float32"}


def row_type(stored: np.dtype[Any]) -> np.dtype[Any] | None:
    """Return the type of rows that holds all of a stored type; None where ``smallest`` decides."""
    name = _ROW_TYPES.get(stored.name)
    return None if name is None else np.dtype(name)


def as_rows(stored: Rows) -> Rows:
    """Return stored samples in their ``row_type``."""
    if stored.dtype == bool:
        return stored * np.uint8(255)
    rows: Rows = stored.astype(_ROW_TYPES[stored.dtype.name], copy=False)
    return rows


def smallest(integers: NDArray[Any], path: str) -> NDArray[Any]:
    """Return whole numbers in the smallest of uint8, uint16, int16, int32 and int64 that holds all.

    ImageError where none does: as floats they would be rounded, and count as white from 1 up.
    """
    found = narrowed(integers)
    if found is None:
        raise ImageError(
            f"image {path} has whole numbers up to {int(integers.max()):,}, beyond int64's "
            f"{np.iinfo(np.int64).max:,}; divide them, or save them as float64, which rounds them"
        )
    return found
