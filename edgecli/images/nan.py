"""NaN in float images: counted as the rows pass, and refused where it is not wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from edgecli.errors import ImageError
from edgecli.rows.base import Rows, Source

NAN_CHOICES = ("propagate", "ignore", "error")
"""NaN spoils the responses that see it, makes them 0, or is an error."""


class NanCounter:
    """A source that counts the NaN samples of another; of rows in several blocks, once."""

    def __init__(self, source: Source, *, refuse: bool) -> None:
        self.count = 0
        self.info, self.shape, self.dtype = source.info, source.shape, source.dtype
        self.close = source.close
        self._source = source
        self._refuse = refuse

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
