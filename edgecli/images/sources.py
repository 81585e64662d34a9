"""Open images as other sources: turned upright by their EXIF orientation, or with NaN counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from edgecli.errors import ImageError
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import Rows, Source

NAN_CHOICES = ("propagate", "ignore", "error")
"""NaN spoils the responses that see it, makes them 0, or is an error."""


def upright(source: Source) -> Source:
    """Return an image turned as its EXIF orientation says, which needs the whole image."""
    if source.info.orientation == 1:
        return source
    (rows,) = source.blocks([(0, source.shape[0])])
    return ArraySource(oriented(rows, source.info.orientation), source.info)


def oriented(array: Rows, orientation: int) -> Rows:
    """Return an upright view of an image ``(H, W, C)`` by EXIF's orientation, 1 to 8.

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


class NanCounter:
    """A source that counts the NaN samples of another; of rows in several blocks, once."""

    def __init__(self, source: Source, *, refuse: bool) -> None:
        self.count = 0
        self.info, self.shape, self.dtype = source.info, source.shape, source.dtype
        self.close, self._source, self._refuse = source.close, source, refuse

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        """Yield the source's blocks; ImageError at the first NaN if NaN is refused."""
        listed = list(ranges)
        seen = 0
        for (start, stop), block in zip(listed, self._source.blocks(listed), strict=True):
            fresh = block[max(seen - start, 0) :]
            found = int(np.count_nonzero(np.isnan(fresh)))
            if found and self._refuse:
                row, col, _ = np.argwhere(np.isnan(fresh))[0]
                raise ImageError(
                    f"image {self.info.path} has NaN at row {max(seen, start) + row}, column "
                    f"{col}; repair it, or give --nan ignore or propagate"
                )
            self.count += found
            seen = max(seen, stop)
            yield block
