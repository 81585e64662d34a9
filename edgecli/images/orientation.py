"""Images turned upright by their EXIF orientation."""

from __future__ import annotations

from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import Rows, Source


def upright(source: Source) -> Source:
    """Return an image turned as its EXIF orientation says, which needs the whole image."""
    if source.info.orientation == 1:
        return source
    (rows,) = source.blocks([(0, source.shape[0])])
    return ArraySource(oriented(rows, source.info.orientation), source.info)


def oriented(array: Rows, orientation: int) -> Rows:
    """Return an upright view of an image ``(H, W, C)`` by EXIF's orientation, 1 to 8.

    >>> import numpy as np
    >>> picture = np.arange(6).reshape(2, 3, 1)
    >>> oriented(picture, 6)[:, :, 0]
    array([[3, 0],
           [4, 1],
           [5, 2]])
    """
    if orientation in {5, 6, 7, 8}:
        array = array.transpose(1, 0, 2)
    if orientation in {3, 4, 7, 8}:
        array = array[::-1]
    if orientation in {2, 3, 6, 7}:
        array = array[:, ::-1]
    return array
