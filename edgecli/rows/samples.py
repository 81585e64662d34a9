"""The values that the samples of a type can have."""

from __future__ import annotations

from typing import Any

import numpy as np


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
