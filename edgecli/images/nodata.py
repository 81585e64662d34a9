"""Pixels that are no data: told apart once, as an image is read, for all that follows.

What they are a file says by a number or by a mask, or a user. Here they get one form: NaN in
floats, and in an image of whole numbers, which keep their type, a last channel that is 1 where
there is data and 0 where there is none. Where an image was made smaller, it is rounded: a pixel has
data if most of what it covers has.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import ImageError, UsageError
from edgecli.images.colour import Colour, composite
from edgecli.images.sources import Told, WholeCheck
from edgecli.numerals import shortest
from edgecli.rows.base import Gaps, NoData, Rows, Source

CHOICES = ("none", "alpha")
"""What can be no data beside a number: nothing, whatever the file says, and what is transparent."""

NEARLY = 0.999
"""Floats from this share of their type's largest on are no data as one: that is written with few
digits, as -3.40282e+38."""

Missing = NDArray[np.bool_]
"""Where there is no data, ``(rows, W)``."""


def parse_no_data(text: str | float | None) -> NoData | None:
    """Read a number, ``none`` or ``alpha``; UsageError for anything else.

    >>> parse_no_data("-9999"), parse_no_data("1e3"), parse_no_data("none")
    (-9999, 1000, 'none')
    """
    if text is None or text in CHOICES:
        return text
    with suppress(ValueError, OverflowError):
        return number_of(str(text))
    raise UsageError(f"nodata {text!r} is not a number, none or alpha; write -9999, or none")


def number_of(text: str) -> float | int:
    """Return a number as exactly as it is written; ValueError where it is none.

    >>> number_of("9007199254740993"), number_of("-3.4e38"), number_of("255.0")
    (9007199254740993, -3.4e+38, 255)
    """
    if re.fullmatch(r"[-+]?\d+", text.strip(), re.ASCII):
        return int(text)
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def no_data_text(no_data: NoData) -> str:
    """Return what is no data as an option has it."""
    return shortest(no_data) if isinstance(no_data, float) else str(no_data)


def told_apart(
    source: Source, asked: NoData | None, background: Colour, *, refuse: bool = False
) -> Source:
    """Return an image whose pixels of no data are told apart, or as it is where it has none.

    ``asked`` goes before what its file says. Where it has a mask, that counts, too, but for
    ``none``. Pixels that are partly transparent are composited. With ``refuse`` the first of no
    data is an ImageError.
    """
    info = source.info
    what = info.no_data if asked is None else asked
    mask = None if asked == "none" else info.mask
    if mask is not None and mask.shape[:2] != source.shape[:2]:
        info.notes.append("has a mask of another size, which is left out")
        mask = None
    if what == "alpha" and source.shape[2] not in {2, 4}:
        if asked == "alpha":
            info.notes.append("has no alpha that could be no data")
        what = None
    number = what if isinstance(what, int | float) else None
    held = source if info.indices is None else info.indices
    if number is not None and not _is_held(number, held.dtype):
        if number == asked:
            info.notes.append(f"has {held.dtype} samples, of which none is {no_data_text(number)}")
        number = None
    if number is None and mask is None and what != "alpha":
        return source
    said = [no_data_text(number)] if number is not None else ["alpha 0"] * (what == "alpha")
    gaps = Gaps(
        " and ".join(said + ["its mask"] * (mask is not None)),
        apart=source.dtype.kind != "f",
        asked=asked is not None or info.format == "array",  # who masks one knows of it
    )
    return _Apart(
        Told(source, gaps=gaps), number, mask, background, clear=what == "alpha", refuse=refuse
    )


def has_gaps(source: Source) -> bool:
    """Whether pixels of an image may be no data, and are told apart."""
    return source.info.gaps is not None


def colours_of(source: Source, rows: Rows, background: Colour) -> Rows:
    """Return the grey or the colours of an image's rows, on a background where they have alpha."""
    if source.info.gaps is not None and source.info.gaps.apart:
        return rows[..., :-1]
    return composite(rows, background) if rows.shape[2] in {2, 4} else rows


def _is_held(number: float, dtype: np.dtype[Any]) -> bool:
    """Return whether a sample of a type can be a number."""
    if dtype.kind == "f":
        return True
    limits = np.iinfo(dtype)
    return isinstance(number, int) and limits.min <= number <= limits.max


class _Apart:
    """An image whose pixels of no data are NaN, or 0 in a channel that is added."""

    def __init__(
        self,
        source: Source,
        number: float | None,
        mask: Source | None,
        background: Colour,
        *,
        clear: bool,
        refuse: bool,
    ) -> None:
        height, width, channels = source.shape
        self._source, self._number, self._mask = source, number, mask
        self._indices = source.info.indices if number is not None else None
        self._background, self._clear, self._refuse = background, clear, refuse
        self._colours = channels - (channels in {2, 4})
        self.dtype, self.close = source.dtype, source.close
        self.shape = (height, width, channels if self.dtype.kind == "f" else self._colours + 1)
        self.info = source.info

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        """Yield the source's blocks, with what is no data told apart."""
        listed = list(ranges)
        beside = (_blocks(one, listed) for one in (self._indices, self._mask))
        blocks = zip(listed, self._source.blocks(listed), *beside, strict=True)
        for (start, _), block, indices, mask in blocks:
            missing = self._missing(block, indices, mask)
            if self._refuse and missing.any():
                row, col = np.argwhere(missing)[0]
                raise ImageError(
                    f"image {self.info.path} has no data at row {start + row}, column {col}; "
                    "repair it, or give --nan ignore or propagate"
                )
            yield self._marked(block, missing)

    def _missing(self, block: Rows, indices: Rows | None, mask: Rows | None) -> Missing:
        missing = np.zeros(block.shape[:2], bool)
        colours = block[..., : self._colours] if indices is None else indices
        if self._number is not None and math.isnan(self._number):
            missing |= np.isnan(colours).all(axis=2)
        elif self._number is not None:
            missing |= _equal(colours, self._number).all(axis=2)
        if self._clear:
            missing |= block[..., -1] == 0
        if mask is not None:
            missing |= ~mask.any(axis=2)
        return missing

    def _marked(self, block: Rows, missing: Missing) -> Rows:
        colours = block[..., : self._colours]
        if self.dtype.kind == "f":
            if missing.any():
                block = block.copy()
                block[..., : self._colours][missing] = np.nan
            return block
        if block.shape[2] > self._colours and self.dtype.kind == "u":
            colours = composite(block, self._background)
        return np.concatenate([colours, ~missing[..., np.newaxis]], axis=2, dtype=self.dtype)


def _equal(samples: Rows, number: float) -> NDArray[np.bool_]:
    """Return which samples are a number, or nearly so where it is about their type's largest."""
    if samples.dtype.kind == "f":
        limit = NEARLY * float(np.finfo(samples.dtype).max)
        if number <= -limit:
            return samples <= -limit
        if number >= limit:
            return samples >= limit
    equal: NDArray[np.bool_] = samples == samples.dtype.type(number)
    return equal


def _blocks(source: Source | None, ranges: list[tuple[int, int]]) -> Iterable[Rows | None]:
    """Return the blocks of what may lie beside an image, None for each where it does not."""
    return repeat(None, len(ranges)) if source is None else source.blocks(ranges)


class GapCount:
    """An image whose pixels of no data are counted, row by row as they are read from ``first`` on.

    The count is that of ``info.gaps``, and starts anew.
    """

    def __init__(self, source: Source, gaps: Gaps, first: int = 0) -> None:
        self.info, self.shape, self.dtype = source.info, source.shape, source.dtype
        self.close, self._source, self._gaps, self._next = source.close, source, gaps, first
        gaps.pixels = 0

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        """Yield the source's blocks."""
        listed = list(ranges)
        for (start, stop), block in zip(listed, self._source.blocks(listed), strict=True):
            fresh = block[max(self._next - start, 0) :]
            missing = fresh[..., -1] == 0 if self._gaps.apart else np.isnan(fresh).any(axis=2)
            self._gaps.pixels += int(np.count_nonzero(missing))
            self._next = max(self._next, stop)
            yield block


def counted(source: Source, first: int = 0) -> Source:
    """Return an image that is looked at as it is read, from row ``first`` on.

    Its pixels of no data are counted, if it may have any. Of whole numbers that can be over 255 the
    largest is found, which may be far below white.
    """
    if (gaps := source.info.gaps) is not None:
        source = GapCount(source, gaps, first)
    is_deep = source.dtype.kind != "f" and source.dtype.itemsize > 1
    return WholeCheck(source, first=first) if is_deep else source


def note_gaps(source: Source) -> None:
    """Say how many pixels were no data, to people who have not said themselves what it is."""
    gaps, (height, width, _) = source.info.gaps, source.shape
    if gaps is not None and gaps.pixels and not gaps.asked:
        source.info.notes.append(
            f"has {gaps.pixels:,} of {height * width:,} pixels without data ({gaps.what}); "
            "what sees them is no data, and no edge"
        )
