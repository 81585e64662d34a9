"""Smaller pictures: the mean of what each pixel covers, a run of rows at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import UsageError
from edgecli.geometry import bands
from edgecli.numerals import shortest
from edgecli.records import dataclass, replace
from edgecli.rows.arrays import ArraySource, overlapping_blocks, row_reader
from edgecli.rows.base import ImageInfo, Rows, Source, Span

PIXELS_AT_ONCE = 1 << 20
"""Pixels of the large picture that are averaged together."""


@dataclass(frozen=True)
class Resize:
    """How large a picture may be: a ``share`` of itself, a box of ``width`` and ``height``, or all.

    Pictures keep their proportions, and are never enlarged.
    """

    share: Fraction = Fraction(1)
    width: int | None = None
    height: int | None = None

    def __str__(self) -> str:
        if self.width is None:
            return f"{shortest(float(self.share * 100))}%"
        return f"max:{self.width}" if self.width == self.height else f"{self.width}x{self.height}"

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return the height and width that a picture gets.

        >>> Resize(width=100, height=100).size(480, 640)
        (75, 100)
        """
        shares = [self.share]
        for most, own in ((self.width, width), (self.height, height)):
            shares += [Fraction(most, own)] if most is not None else []
        share = min(shares)
        return max(_rounded(height * share), 1), max(_rounded(width * share), 1)


def _rounded(number: Fraction) -> int:
    return (2 * number.numerator + number.denominator) // (2 * number.denominator)


def parse_resize(text: str | None) -> Resize | None:
    """Read ``N%``, ``WxH`` or ``max:N``; UsageError for anything else.

    >>> parse_resize("50%"), parse_resize("max:9") == parse_resize("9x9")
    (Resize(share=Fraction(1, 2), width=None, height=None), True)
    """
    if text is None:
        return None
    if match := re.fullmatch(r"(\d+(?:\.\d+)?)%", text, re.ASCII):
        share = Fraction(match[1]) / 100
        if 0 < share <= 1:
            return Resize(share)
    elif match := re.fullmatch(r"(\d+)x(\d+)|max:(\d+)", text, re.ASCII):
        width, height = (int(one) for one in (match[1] or match[3], match[2] or match[3]))
        if min(width, height) > 0:
            return Resize(width=width, height=height)
    raise UsageError(
        f"resize {text!r} is not a share up to 100%, a box WxH or max:N, which only make pictures "
        "smaller; write 50%, 800x600 or max:1000"
    )


def resized(source: Source, resize: Resize | None) -> Source:
    """Return a picture as small as asked, or as it is."""
    height, width, _ = source.shape
    size = resize.size(height, width) if resize is not None else (height, width)
    return source if size == (height, width) else _Resized(source, size)


def resized_mask(
    mask: NDArray[np.bool_], resize: Resize, size: tuple[int, int]
) -> NDArray[np.bool_]:
    """Return the mask of a picture that was resized to a height and width: ``size``.

    One of the size that the picture had is made as small, and counts where at least half of a
    pixel did; any other stays as it is.
    """
    if mask.shape == size or resize.size(*mask.shape) != size:
        return mask
    (rows,) = _Resized(ArraySource.of(mask), size).blocks([(0, size[0])])
    return np.asarray(rows[:, :, 0] >= 128)


class _Resized:
    """A source whose pixels are the means of another's."""

    def __init__(self, source: Source, size: tuple[int, int]) -> None:
        (height, width), (H, W, C) = size, source.shape
        self.shape, self.dtype = (height, width, C), source.dtype
        self.close, self._source = source.close, source
        self.info: ImageInfo = replace(source.info, scale=(W / width, H / height))
        if source.info.dpi is not None:  # the picture stays as large on paper
            across, down = source.info.dpi
            self.info = replace(self.info, dpi=(across * width / W, down * height / H))
        self.header = getattr(source, "header", None)  # that of a video, which has its rate
        self._tall, self._wide = _Shares(H, height), _Shares(W, width)

    def blocks(self, ranges: Iterable[Span]) -> Iterator[Rows]:
        """Yield averaged blocks."""
        read_into = row_reader(self._runs())
        return overlapping_blocks(read_into, self.shape[1:], self.dtype, ranges)

    def _runs(self) -> Iterator[Rows]:
        """Yield all rows, in runs of which each needs little of the source."""
        H, W, _ = self._source.shape
        rows = max(PIXELS_AT_ONCE // W * self.shape[0] // H, 1)
        cuts = list(bands(self.shape[0], rows))
        spans = [self._tall.needed(*cut) for cut in cuts]
        for cut, span, block in zip(cuts, spans, self._source.blocks(spans), strict=True):
            with np.errstate(all="ignore"):  # NaN and infinities pass through
                yield self._averaged(block, cut, span[0])

    def _averaged(self, block: Rows, cut: Span, top: int) -> Rows:
        wide = block.dtype.kind != "f" and block.dtype.itemsize > 2
        floats = np.dtype(np.float64) if wide or block.dtype == np.float64 else np.float32
        if block.dtype.kind == "f" and np.isnan(block.sum()):
            return self._known(block, cut, top)
        clear = block.shape[2] in (2, 4)
        if clear:  # what is transparent has no colour to give
            block = block.astype(floats)
            block[..., :-1] *= block[..., -1:]
        rows = self._tall.averaged(block, 0, floats, cut, top)
        means = self._wide.averaged(rows, 1, floats, (0, self.shape[1]), 0)
        if clear:
            np.divide(means[..., :-1], means[..., -1:], out=means[..., :-1])
            np.copyto(means[..., :-1], 0, where=means[..., -1:] == 0)
        if self.dtype.kind != "f":
            np.rint(means, out=means)
        return means.astype(self.dtype, copy=False)

    def _known(self, block: Rows, cut: Span, top: int) -> Rows:
        """Return the means of floats that are not NaN; NaN where less than half of them is not."""
        nan = np.isnan(block)
        kind = np.dtype(self.dtype)

        def means(values: Rows) -> NDArray[Any]:
            rows = self._tall.averaged(values, 0, kind, cut, top)
            return self._wide.averaged(rows, 1, kind, (0, self.shape[1]), 0)

        total, share = means(np.where(nan, kind.type(0), block)), means((~nan).astype(kind))
        total[share <= 0.5] = np.nan
        total /= share
        return total


class _Shares:
    """How much each of ``size`` samples gives to each of fewer means: what it covers of it."""

    def __init__(self, size: int, small: int) -> None:
        self._size, self._small = size, small

    def needed(self, start: int, stop: int) -> Span:
        """Return the samples that means ``[start, stop)`` cover."""
        return start * self._size // self._small, -(-stop * self._size // self._small)

    def averaged(self, samples: Rows, axis: int, floats: Any, cut: Span, top: int) -> NDArray[Any]:
        """Return means ``cut`` along an axis of samples, of which the first is number ``top``."""
        size, small = self._size, self._small
        place = np.arange(*cut)
        first, last = place * size // small, -(-(place + 1) * size // small) - 1
        shape = [1, 1, 1]
        shape[axis] = len(place)
        total: NDArray[Any] | None = None
        for number in range(int((last - first).max()) + 1):
            index = np.minimum(first + number, last)  # a share of 0 goes to one that is read anyway
            covered = np.minimum((index + 1) * small, (place + 1) * size) - np.maximum(
                index * small, place * size
            )
            shares = np.where(first + number <= last, covered / size, 0).astype(floats)
            part = np.multiply(samples.take(index - top, axis), shares.reshape(shape), dtype=floats)
            total = part if total is None else np.add(total, part, out=total)
        assert total is not None  # noqa: S101 (there is a sample at least)
        return total
