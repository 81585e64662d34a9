"""Edge maps as Zarr arrays: chunks are compressed and written as soon as a row of them is there."""

from __future__ import annotations

import numpy as np

from edgecli.images.zarr.store import Stored
from edgecli.rows.base import Rows


class ZarrSink:
    """An image that goes to a page of a store's array; a row of chunks is held.

    Several may write the same page, each the rows of its own chunks.
    """

    def __init__(self, stored: Stored, page: int = 0) -> None:
        self.stored, self._page = stored, page
        self._held = np.empty((stored.chunk_rows, *stored.stack.shape[1:]), stored.dtype)
        self._filled = self._written = 0

    def encode(self, rows: Rows) -> Rows:
        """Return the rows as they are: chunks are higher than bands."""
        return rows

    def begin_at(self, row: int) -> None:
        """Let the next rows be those from ``row`` on, the first of its chunks."""
        self._written = row

    def write(self, encoded: Rows) -> None:
        """Take the next rows, and write chunks that are full."""
        while len(encoded):
            fresh = encoded[: len(self._held) - self._filled]
            self._held[self._filled : self._filled + len(fresh)] = fresh
            self._filled += len(fresh)
            if self._filled == len(self._held):
                self._flush()
            encoded = encoded[len(fresh) :]

    def finish(self) -> None:
        """Write the last chunks, which the image's end may cut."""
        self._flush()

    def _flush(self) -> None:
        if self._filled:
            self.stored.write(self._written, self._held[: self._filled], self._page)
        self._written += self._filled
        self._filled = 0
