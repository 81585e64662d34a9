"""Pictures that a program holds: arrays, masked or not, and images of Pillow."""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import ArrayLike

from edgecli.images.sources import Told
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import Source


def held_picture(picture: ArrayLike) -> Source:
    """Return the rows of a picture ``(H, W)`` or ``(H, W, C)``; ImageError for any other.

    What an array masks, as rasterio's do, is no data. Of an image of Pillow it is what is seen:
    the colours of its palette rather than their numbers, and RGB rather than CMYK. As in
    ``numpy.asarray`` it is not turned.
    """
    pillow = sys.modules.get("PIL.Image")  # who holds such an image has loaded it
    if pillow is not None and isinstance(picture, pillow.Image):
        from edgecli.images.pillow.reading import of_pillow

        return of_pillow(picture)
    source = ArraySource.of(picture)
    if isinstance(picture, np.ma.MaskedArray) and np.ma.is_masked(picture):
        return Told(source, mask=ArraySource.of(~np.ma.getmaskarray(picture)))
    return source
