"""The header of NumPy's files, from which nothing is unpickled."""

from __future__ import annotations

import tokenize
import warnings
from typing import Any, Protocol

import numpy as np

BROKEN_HEADER = (ValueError, SyntaxError, TypeError, tokenize.TokenError, OverflowError, EOFError)
"""The errors that NumPy raises where a header is damaged."""


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int = ..., /) -> bytes:
        """Return up to ``size`` bytes; none at the end."""
        ...


def read_header(stream: Readable) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, Fortran order and dtype; raises one of BROKEN_HEADER where it is damaged."""
    npy = np.lib.format
    version = npy.read_magic(stream)
    if version not in {(1, 0), (2, 0), (3, 0)}:
        raise ValueError(f"version {version[0]} of the format is unknown")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # headers that Python 2 wrote are good enough
        shape, fortran, dtype = read(stream)
    if min(shape, default=0) < 0:
        raise ValueError(f"a side of {min(shape)}")
    return shape, fortran, dtype
