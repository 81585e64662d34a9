"""The values that the samples of a type can have."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgecli.rows.base import Rows


def full_scale(dtype: np.dtype[Any]) -> float:
    """Return the value of white: the largest integer of the type, 1.0 for floats."""
    return 1.0 if dtype.kind == "f" else float(np.iinfo(dtype).max)


def sample_range(dtype: np.dtype[Any]) -> tuple[float, float]:
    """Return the smallest and largest sample of a type; floats, which have none, count as 0 to 1.

    >>> [sample_range(np.dtype(name)) for name in ("uint8", "int16", "float32")]
    [(0.0, 255.0), (-32768.0, 32767.0), (0.0, 1.0)]
    """
    smallest = float(np.iinfo(dtype).min) if dtype.kind in "ui" else 0.0
    return smallest, full_scale(dtype)


LARGEST_FLOAT = np.float32(2**16)
"""Float samples are clipped to ± this, so that squares of what is computed from them are finite."""


def finite(rows: Rows) -> Rows:
    """Return float samples within ± ``LARGEST_FLOAT`` and without NaN, which becomes 0.

    >>> finite(np.float32([[[0.5], [np.nan], [np.inf]]])).ravel().tolist()
    [0.5, 0.0, 65536.0]
    """
    if rows.dtype.kind != "f":
        return rows
    numbers = np.nan_to_num(rows.astype(np.float32, copy=False), nan=0.0)
    return np.clip(numbers, -LARGEST_FLOAT, LARGEST_FLOAT, out=numbers)
