"""The two protocols that every image format keeps: a source of rows, and a sink of rows.

A source knows its shape before any pixel is decoded and hands out *blocks*, runs of rows that may
overlap, from top to bottom. A sink takes finished rows in the same order; the costly part of
writing (compression) is apart from the writing itself, so that bands can be encoded on many
threads and still be written in order.

Rows are arrays ``(rows, W, C)`` in native byte order: C = 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.
After the protocols come images in memory, and what the formats share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgecli.records import dataclass

Rows = NDArray[Any]
"""Rows of pixels, ``(rows, W, C)``."""


@dataclass(frozen=True)
class ImageInfo:
    """What a file's header says of its image.

    ``shape`` is height × width × channels as stored: a palette image has one channel, whatever
    its source yields. ``dtype`` names the stored samples: ``bool``, ``uint8``, ``uint16``, ….
    """

    path: str
    format: str
    shape: tuple[int, int, int]
    dtype: str
    dpi: tuple[float, float] | None = None
    orientation: int = 1  # EXIF's 1 to 8; 1 is upright
    frame: int = 0
    duration: float | None = None  # milliseconds that an animation shows this frame


class Source(Protocol):
    """An image to read from, once, top to bottom."""

    @property
    def info(self) -> ImageInfo:
        """What the file's header says."""
        ...

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the rows that ``blocks`` yields."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """The rows' type: uint8, uint16, int16, int32 or float32."""
        ...

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        """Yield rows ``[start, stop)`` for each range; starts and stops never decrease.

        A block is never changed after it is yielded, so that a worker may keep it.
        Raises ImageError where the data ends early or does not decode.
        """
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class Sink(Protocol):
    """One image being written."""

    def encode(self, rows: Rows) -> Any:
        """Return rows ``(rows, W, C)`` as the format's bytes; pure, safe on any thread."""
        ...

    def write(self, encoded: Any) -> None:
        """Append what ``encode`` returned; called in order, on one thread."""
        ...

    def finish(self) -> None:
        """Write what follows the last row. Without it the file is not whole."""
        ...
