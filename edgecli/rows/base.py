"""The three protocols: a source gives rows, a step gives rows from rows, a sink takes rows.

A source knows its shape before any pixel is decoded and hands out *blocks*, runs of rows that may
overlap, from top to bottom. A step says which rows of its inputs it needs and computes any of its
own from them, on any thread. A sink takes finished rows from top to bottom; the costly part of
writing (compression) is apart from the writing itself, so that bands can be encoded on many
threads and still be written in order.

Sources and sinks hold rows as files do, ``(rows, W, C)``: C = 1 grey, 2 grey and alpha, 3 RGB,
4 RGBA. Steps hold them as planes, ``(C, rows, W)``. ``graph.py`` joins steps, ``running.py`` runs
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgecli.records import dataclass, field
from edgecli.rows.memory import Memory
from edgecli.rows.place import Place

Rows = NDArray[Any]
"""Rows of pixels, ``(rows, W, C)``."""

Planes = NDArray[Any]
"""Rows of planes, ``(C, rows, W)``; a batch of N images has a fourth axis."""

Span = tuple[int, int]
"""Rows ``[start, stop)``."""


NoData = float | int | str
"""What is no data: a number, or ``alpha`` where what is transparent is."""


@dataclass
class Gaps:
    """What is no data in an image's rows, and how many pixels were, of those that were read.

    It is told ``apart`` by a channel, or NaN; ``asked`` says that a user has said what it is.
    """

    what: str
    apart: bool
    asked: bool = False
    pixels: int = 0


@dataclass(frozen=True)
class ImageInfo:
    """What a file says of its image.

    ``shape`` is height × width × channels as stored: a palette image has one channel, whatever
    its source yields. ``dtype`` names the stored samples: ``bool``, ``uint8``, ``uint16``, ….

    ``no_data`` and ``mask`` are what the file says of pixels that are none: those that have the
    number, and those where the mask, an image of the same size, is 0. ``indices`` are the pixels as
    numbers of a palette, where those are what the number is one of. ``gaps`` are the pixels of no
    data, where ``images/nodata.py`` has told them apart.

    ``notes`` are what people must be told of an image that was read all the same, each a clause
    that goes on after its name: "lacks its end marker". Readers may add to the list until the last
    row has been read, and after; whatever is made of the image shares it.
    """

    path: str
    format: str
    shape: tuple[int, int, int]
    dtype: str
    dpi: tuple[float, float] | None = None
    orientation: int = 1  # EXIF's 1 to 8; 1 is upright
    frame: int = 0
    duration: float | None = None  # milliseconds that an animation shows this frame
    profile: bytes | None = field(default=None, repr=False)  # ICC's, of its colours
    held: int = 0  # bytes that it takes where it can only be read whole
    scale: tuple[float, float] = (1.0, 1.0)  # the image's pixels across and down one that is read
    notes: list[str] = field(default_factory=list, compare=False, repr=False)
    no_data: NoData | None = None
    mask: Source | None = field(default=None, compare=False, repr=False)
    indices: Source | None = field(default=None, compare=False, repr=False)
    gaps: Gaps | None = field(default=None, compare=False, repr=False)
    place: Place | None = None  # of the image's own pixels, where it is of a map


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
        """The rows' type: one of ``samples.SAMPLE_TYPES``."""
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


class Step(Protocol):
    """Gives rows computed from the rows of its inputs; knows all about them but their values."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The whole that the step gives: ``(C, H, W)``, and N for a batch."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of what the step gives."""
        ...

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the rows of each input that rows ``[start, stop)`` are computed from."""
        ...

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Fill ``out (C, stop − start, W)`` with rows ``[start, stop)``.

        ``blocks`` hold the rows needed of each input. Nothing else is read or changed, so a step
        may run on any thread; what it takes of ``memory`` is free again when it returns.
        """
        ...


class Rowwise:
    """Steps whose rows come from the same rows of every input, of which there may be several."""

    inputs = 1

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the same rows."""
        return ((start, stop),) * self.inputs


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
