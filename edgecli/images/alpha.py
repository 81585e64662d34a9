"""Pictures whose alpha is zero everywhere: opaque where it means nothing, else a word about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from edgecli.geometry import bands
from edgecli.images.colour import Colour, composite, luma
from edgecli.rows.base import Rows, Source
from edgecli.rows.samples import full_scale

_ROWS_AT_ONCE = 64
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


def told_if_unseen(source: Source, background: Colour) -> Source:
    """Return a source that notes when its last row has passed and was of the background's colour.

    A white shape on transparency is nothing on white.
    """
    return _Compared(source, background) if source.shape[2] in {2, 4} else source


def look_for_pixels(source: Source) -> None:
    """Read as much of a source as shows that something is seen of it: of most the first rows.

    So the note is left where others read the image, of whom none sees all of it.
    """
    if isinstance(source, _Compared):
        source.look()


class _Compared:
    """The blocks of another source, compared with the background until something differs."""

    def __init__(self, source: Source, background: Colour) -> None:
        self.info, self.shape, self.dtype = source.info, source.shape, source.dtype
        self.close, self._source, self._background = source.close, source, background
        self._next, self._differs = 0, False
        self._opaque = self._clear = False  # whether any pixel is seen, and any seen through

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        """Yield the source's blocks."""
        listed = list(ranges)
        for (start, stop), block in zip(listed, self._source.blocks(listed), strict=True):
            self._look(block, start, stop)
            yield block

    def look(self) -> None:
        """Read until something differs."""
        rows = self.blocks(bands(self.shape[0], _ROWS_AT_ONCE))
        while not self._differs and next(rows, None) is not None:
            pass

    def _look(self, block: Rows, start: int, stop: int) -> None:
        if self._differs or start > self._next:
            self._differs = True
            return
        self._next = max(self._next, stop)
        alpha, shown = block[..., -1], composite(block, self._background)
        nothing = np.zeros((1, 1, block.shape[2]), block.dtype)
        self._differs = bool((shown != composite(nothing, self._background)).any())
        self._opaque |= bool(alpha.any())
        self._clear |= bool((alpha < full_scale(block.dtype)).any())
        if self._opaque and self._clear and not self._differs and self._next == self.shape[0]:
            other = (
                "black" if luma(np.array([[self._background]], np.uint16))[0, 0] > 127 else "white"
            )
            self.info.notes.append(
                "shows no edges, as all that is seen of it has the colour of the background; "
                f"give --background {other}"
            )
