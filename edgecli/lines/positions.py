"""Positions: where the few pixels of a band are that anything has to be done to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]
"""Counted along rows laid end to end, in order."""

SHIFT = 3
WORD = 1 << SHIFT
"""Bytes, of one pixel each, that are looked at together."""


def positions(mask: NDArray[np.bool_]) -> Positions:
    """Return where a contiguous mask is True, as ``numpy.flatnonzero``.

    Two to three times as fast where few pixels are: words of eight are looked at first.

    >>> positions(np.array([[False, True], [True, False]])).tolist()
    [1, 2]
    """
    pixels = mask.reshape(-1)
    whole = len(pixels) // WORD * WORD
    words = pixels[:whole].view(np.uint64)
    (used,) = (words != 0).nonzero()
    (inside,) = words.take(used).view(np.bool_).nonzero()
    found: Positions = used.take(inside >> SHIFT)  # not // and %, which take eight times as long
    found <<= SHIFT
    found += inside & (WORD - 1)
    if whole == len(pixels):
        return found
    return np.concatenate([found, pixels[whole:].nonzero()[0] + whole])
