"""Open images as other sources: turned upright by their EXIF orientation, or looked at."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from edgecli.errors import ImageError
from edgecli.records import replace
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import Rows, Source
from edgecli.rows.samples import full_scale

NAN_CHOICES = ("propagate", "ignore", "error")
"""NaN spoils the responses that see it, makes them 0, or is an error."""


def upright(source: Source) -> Source:
    """Return an image turned as its EXIF orientation says, which needs the whole image."""
    return source if source.info.orientation == 1 else _Turned(source)


class _Turned:
    """An image that is held, and turned, when its rows are asked for."""

    def __init__(self, source: Source) -> None:
        info, (height, width, channels) = source.info, source.shape
        if info.place is not None:
            info = replace(info, place=info.place.turned(info.orientation, height, width))
        size = math.prod(source.shape) * source.dtype.itemsize
        self.info = replace(info, held=info.held + size)
        lies = info.orientation in {5, 6, 7, 8}
        self.shape = (width, height, channels) if lies else source.shape
        self.dtype, self.close, self._source = source.dtype, source.close, source

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        """Yield views of the image."""
        return ArraySource(self._rows, self.info).blocks(ranges)

    @cached_property
    def _rows(self) -> Rows:
        (rows,) = self._source.blocks([(0, self._source.shape[0])])
        return oriented(rows, self.info.orientation)


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


class Told:
    """A source of whose image more is told than its reader knows, such as its place on a map."""

    def __init__(self, source: Source, **told: Any) -> None:
        self.info = replace(source.info, **told)
        self.shape, self.dtype, self.close = source.shape, source.dtype, source.close
        self._source = source

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        """Yield the blocks of the image."""
        return self._source.blocks(ranges)


OVER_WHITE = 2.0
"""Floats up to this are a picture's whose white is 1.0: resampling and sharpening overshoot it, by
a fifth or a half. Integers saved as floats go to 100, 255, 1023 or beyond."""


DARK = 1 / 8
"""Whole numbers of 16 bits or more up to this of their type's white are likely of fewer bits."""

LIKELY_WHITES = (255, 1023, 4095, 16383, 65535)
"""The white of pictures of 8 to 16 bits."""


class FloatCheck:
    """A source of floats that counts NaN, and keeps the extremes of the finite samples.

    Rows in several blocks are looked at once, and those above ``first`` by somebody else.
    """

    def __init__(self, source: Source, *, refuse: bool = False, first: int = 0) -> None:
        self.nans, self.low, self.high = 0, math.inf, -math.inf
        self.info, self.shape, self.dtype = source.info, source.shape, source.dtype
        self.close, self._source, self._refuse = source.close, source, refuse
        self._first = first

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        """Yield the source's blocks; ImageError at the first NaN if NaN is refused."""
        listed = list(ranges)
        seen = self._first
        for (start, stop), block in zip(listed, self._source.blocks(listed), strict=True):
            if stop > seen:
                self._look(block[max(seen - start, 0) :], max(seen, start))
                seen = stop
            yield block

    def _look(self, fresh: Rows, top: int) -> None:
        """Look at rows from ``top`` on."""
        low, high = float(fresh.min()), float(fresh.max())
        if not (math.isfinite(low) and math.isfinite(high)):  # NaN makes both NaN
            self.nans += self._count(fresh, top)
            finite = fresh[np.isfinite(fresh)]
            low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
        self.low, self.high = min(self.low, low), max(self.high, high)

    def _count(self, fresh: Rows, top: int) -> int:
        nans = np.isnan(fresh)
        if self._refuse and nans.any():
            row, col, _ = np.argwhere(nans)[0]
            raise ImageError(
                f"image {self.info.path} has NaN at row {top + row}, column {col}; "
                "repair it, or give --nan ignore or propagate"
            )
        return int(np.count_nonzero(nans))

    def add(self, nans: int, low: float, high: float) -> None:
        """Count what somebody else has seen of the image."""
        self.nans += nans
        self.low, self.high = min(self.low, low), max(self.high, high)

    def note_white(self, white: float | None) -> None:
        """Leave a note where samples go far beyond the white that they are measured by, or 1.0."""
        white = white or 1.0
        far = max(-self.low, self.high)
        if min(far, (self.high - self.low) or far) <= OVER_WHITE * white:
            return
        self.info.notes.append(
            f"has numbers from {self.low:g} to {self.high:g} where white is {white}; "
            f"{_advice(LIKELY_WHITES, self.low, self.high)}"
        )


class WholeCheck(FloatCheck):
    """A source of whole numbers of 16 bits or more, whose largest may be far below white.

    It is looked for as long as all are: cameras and microscopes fill 12 bits of 16.
    """

    def __init__(self, source: Source, *, first: int = 0) -> None:
        super().__init__(source, first=first)
        self._dark = DARK * full_scale(source.dtype)

    def _look(self, fresh: Rows, top: int) -> None:
        """Look at colours, neither at alpha nor where there is no data."""
        if self.high > self._dark:
            return
        colours = fresh[..., :-1] if fresh.shape[2] in {2, 4} else fresh
        if self.info.gaps is not None:
            colours = colours * fresh[..., -1:]
        self.add(0, float(colours.min()), float(colours.max()))

    def note_white(self, white: float | None) -> None:
        """Leave a note where no number is near white, unless somebody said what is white.

        An image of one number has no edges that could be dark.
        """
        if white is not None or not 0 < self.high <= self._dark or self.low == self.high:
            return
        self.info.notes.append(
            f"has numbers up to {self.high:.0f} where white is {np.iinfo(self.dtype).max}; "
            f"{_advice((1, *LIKELY_WHITES), 0, self.high)}"
        )


def _advice(whites: Sequence[int], low: float, high: float) -> str:
    """Return which option helps, with the likeliest of the numbers that may be white."""
    likely = next((one for one in whites if one >= high), None)
    if low < 0 or likely is None:
        return "give with --white the number that is white"
    return f"if {likely} is white, give --white {likely}"
