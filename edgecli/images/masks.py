"""Masks: images whose bright pixels are where edges count."""

from __future__ import annotations

from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from edgecli.images.colour import to_volume
from edgecli.images.files import open_images


def read_mask(path: str, *, max_pixels: int) -> NDArray[np.bool_]:
    """Return the pixels ``(H, W)`` of an image that are at least half as bright as its brightest.

    The file may be a grid of numbers. An image of nothing but zeros gives all False. Raises
    ImageError.
    """
    images = open_images(path, max_pixels=max_pixels, grey=True)  # holds the file open
    with closing(next(images)) as source:
        (rows,) = source.blocks([(0, source.shape[0])])
    luma = to_volume(rows, "gray", (0, 0, 0))[0].astype(np.float64)
    inside: NDArray[np.bool_] = (luma > 0) & (2 * luma >= luma.max())
    return inside
