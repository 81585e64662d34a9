"""The types of samples: the values that each can have, and the type that holds given numbers."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.rows.base import Rows

SAMPLE_TYPES = ("uint8", "uint16", "int8", "int16", "int32", "int64", "float32", "float64")
"""The types that rows may have."""


@cache  # NumPy makes up a name whenever it is asked for one
def type_name(dtype: np.dtype[Any]) -> str:
    """Return the name of a type.

    >>> type_name(np.dtype(">u2"))
    'uint16'
    """
    return dtype.name


def float_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the floats for what is computed from numbers of a type: float64 where it has 64 bits.

    >>> [float_type(np.dtype(name)).name for name in ("uint8", "int32", "int64", "float64")]
    ['float32', 'float32', 'float64', 'float64']
    """
    return np.dtype(np.float64 if dtype.itemsize == 8 else np.float32)


def narrowed(integers: NDArray[Any]) -> NDArray[Any] | None:
    """Return whole numbers in the smallest type that holds all; None for those beyond int64.

    That is one of uint8, uint16, int16, int32 and int64.

    >>> [narrowed(np.array([-1, most])).dtype.name for most in (0, 1 << 15, 1 << 31)]
    ['int16', 'int32', 'int64']
    """
    found = narrowest(int(integers.min(initial=0)), int(integers.max(initial=0)))
    return None if found is None else integers.astype(found, copy=False)


def narrowest(low: int, high: int) -> np.dtype[Any] | None:
    """Return the smallest type of these that holds two whole numbers, or None."""
    for name in ("uint8", "uint16", "int16", "int32", "int64"):
        if np.iinfo(name).min <= low and high <= np.iinfo(name).max:
            return np.dtype(name)
    return None


def full_scale(dtype: np.dtype[Any]) -> float:
    """Return the value of white: the largest integer of the type, 1.0 for floats."""
    return 1.0 if dtype.kind == "f" else float(np.iinfo(dtype).max)


def sample_range(dtype: np.dtype[Any], white: float | None = None) -> tuple[float, float]:
    """Return the smallest and largest sample of a type; floats, which have none, count as 0 to 1.

    Where another number is ``white``, that is the largest.

    >>> [sample_range(np.dtype(name)) for name in ("uint8", "int16", "float32")]
    [(0.0, 255.0), (-32768.0, 32767.0), (0.0, 1.0)]
    """
    smallest, largest = 0.0, white or full_scale(dtype)
    if dtype.kind in "ui":
        smallest = float(np.iinfo(dtype).min) * largest / full_scale(dtype)
    return smallest, largest


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
