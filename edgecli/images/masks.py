"""Masks: images that say where edges count."""

from __future__ import annotations

from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from edgecli.images.colour import to_volume
from edgecli.images.files import open_images


def read_mask(path: str, *, max_pixels: int) -> NDArray[np.bool_]:
    """Return where an image, or a grid of numbers, is at least half as bright as its brightest.

    The result is ``(H, W)``; all False for an image of nothing but zeros. Raises ImageError where
    the file is none.
    """
    images = open_images(path, max_pixels=max_pixels, grey=True)  # holds the file open
    with closing(next(images)) as source:
        (rows,) = source.blocks([(0, source.shape[0])])
    luma = to_volume(rows, "gray", (0, 0, 0))[0].astype(np.float64)
    inside: NDArray[np.bool_] = (luma > 0) & (2 * luma >= luma.max())
    return inside
