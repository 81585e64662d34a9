"""Pictures whose alpha is zero everywhere: opaque where it means nothing, else a word about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from edgecli.rows.base import Rows, Source

TAKEN_FOR_OPAQUE = "has an alpha of zero everywhere, and is taken for opaque"
_TRANSPARENT = "is wholly transparent, so that nothing of it is seen but the background"


def opaque_if_unused(rows: Rows, notes: list[str]) -> Rows:
    """Return pixels ``(H, W, C)`` without their last channel if it is an unused alpha.

    Formats of Windows often have bits for alpha that no program fills. Windows, Photoshop and
    OpenCV show such a picture opaque.
    """
    if rows[..., -1].any():
        return rows
    notes.append(TAKEN_FOR_OPAQUE)
    return rows[..., :-1]


def watched(source: Source) -> Source:
    """Return a source that notes when its last row has passed and no pixel was seen in any."""
    return _Watched(source) if source.shape[2] in {2, 4} else source


class _Watched:
    """The blocks of another source, whose alpha is looked at until it is not zero."""

    def __init__(self, source: Source) -> None:
        self.info, self.shape, self.dtype = source.info, source.shape, source.dtype
        self.close, self._source = source.close, source
        self._next, self._seen = 0, False

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        """Yield the source's blocks."""
        listed = list(ranges)
        for (start, stop), block in zip(listed, self._source.blocks(listed), strict=True):
            self._look(block, start, stop)
            yield block

    def _look(self, block: np.ndarray[Any, Any], start: int, stop: int) -> None:
        if self._seen or start > self._next:  # rows that nobody asked for may show something
            self._seen = True
            return
        self._seen = bool(block[..., -1].any())
        self._next = max(self._next, stop)
        if not self._seen and self._next == self.shape[0]:
            self.info.notes.append(_TRANSPARENT)
