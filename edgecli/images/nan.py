"""NaN in float images: counted as the rows pass, and refused where they are not wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from edgecli.errors import ImageError
from edgecli.rows.base import ImageInfo, Rows, Source

NAN_CHOICES = ("propagate", "ignore", "error")
"""What NaN does: spoils the responses that see it, makes those 0, or refuses the image."""


class NanCounter:
    """A source that counts NaN samples, each row's once however many blocks it is in."""

    def __init__(self, source: Source, *, refuse: bool) -> None:
        self.count = 0
        self._source = source
        self._refuse = refuse

    @property
    def info(self) -> ImageInfo:
        """What the file's header says."""
        return self._source.info

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return self._source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The rows' type."""
        return self._source.dtype

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

    def close(self) -> None:
        """Let go of the file."""
        self._source.close()
