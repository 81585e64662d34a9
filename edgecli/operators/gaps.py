"""No data in an image: responses that see any of it are NaN, whatever the operator is.

Floats that are NaN spoil the sums that they are part of, so that a bank needs nothing more. In
whole numbers a channel tells what is missing: the window slides over that as well, and counts. What
an operator of many layers sees is nearly all of a picture; there the gaps are filled with what is
around them, so that their rims are no edges, and only what is within a few pixels is no data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.conv import Slide, slide_over
from edgecli.filters import FilterBank
from edgecli.geometry import PaddingMode, Window
from edgecli.operators.responses import Responses
from edgecli.records import dataclass, replace
from edgecli.rows.base import Planes, Rowwise, Span
from edgecli.rows.graph import IMAGE, Graph, Tap
from edgecli.rows.memory import Memory

FLAG = np.dtype(np.uint8)

NEAR = 4
"""Pixels from a gap within which a network's map is no data: further away it differs by less from
what it would be without the gap than by what a network does not know anyway, as measured."""

LEVELS = (2, 8, 32)
"""How far, in pixels, the means reach that fill a gap: the nearest that see any data."""

FADE = 0.5
"""The share of data in the widest mean under which it fades to mid-grey, as far as the share."""

FIXED = 2.0**20
"""Steps of white in which means are added: whole numbers, whose sums no order changes."""

LARGEST = 2.0**16
"""How many times white a sample may be for that, and count in full."""


@dataclass(frozen=True)
class Missing(Rowwise):
    """The step that is 1 where an image has no data: where its last channel is 0, or NaN is."""

    shape: tuple[int, int, int]  # (1, H, W)
    apart: bool

    dtype = FLAG

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Look at every pixel; NaN is looked for where a sum has found some."""
        (image,) = blocks
        if self.apart:
            np.equal(image[-1], 0, out=out[0], casting="unsafe")
        elif np.isnan(image.sum()):
            np.isnan(image).any(axis=0, out=out[0].view(bool))
        else:
            out[...] = 0


@dataclass(frozen=True)
class Filled:
    """The step that gives the colours of an image with its gaps filled by what is around them.

    Its inputs are the image and what is missing. The fill is the mean of the data nearby, which
    fades to mid-grey in the depth.
    """

    shape: tuple[int, int, int]  # of the colours, and alpha of floats
    dtype: np.dtype[Any]
    white: float

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the rows that the widest mean sees, of both."""
        span = max(start - LEVELS[-1], 0), min(stop + LEVELS[-1], self.shape[1])
        return span, span

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Copy the image, and fill what is missing."""
        image, (missing,) = blocks
        top = self.needed(start, stop)[0][0]
        own = slice(start - top, stop - top)
        np.copyto(out, image[:, own])
        if not missing[own].any():
            return
        is_data = missing == 0
        place = (missing[own] != 0).nonzero()
        for plane, whole in zip(image, out, strict=True):
            whole[place] = self._means(plane, is_data, place, own.start)

    def _means(
        self, plane: NDArray[Any], is_data: NDArray[np.bool_], place: Any, top: int
    ) -> NDArray[Any]:
        """Return the fill of pixels, whose rows count from ``top``."""
        known = np.clip(np.where(is_data, plane, 0) / self.white, -LARGEST, LARGEST)
        fixed = np.rint(known * FIXED).astype(np.int64)
        rows, cols = place[0] + top, place[1]
        fill = np.full(len(rows), 0.5)
        for reach in LEVELS[::-1]:
            count = _sums(is_data.astype(np.int64), reach)[rows, cols]
            total = _sums(fixed, reach)[rows, cols]
            mean = np.divide(total / FIXED, count, out=np.zeros(len(rows)), where=count > 0)
            share = np.minimum(count / (FADE * (2 * reach + 1) ** 2), 1.0)
            fill += share * (mean - fill)
        return (fill * self.white).astype(self.dtype)


def _sums(values: NDArray[np.int64], reach: int) -> NDArray[np.int64]:
    """Return the sums over squares that reach so far on each side, as far as there are values."""
    for axis in (0, 1):
        sums = np.concatenate([np.zeros_like(values.take([0], axis)), values.cumsum(axis)], axis)
        place = np.arange(values.shape[axis])
        high, low = np.minimum(place + reach + 1, len(place)), np.maximum(place - reach, 0)
        values = sums.take(high, axis) - sums.take(low, axis)
    return values


@dataclass(frozen=True, eq=False)
class Spoil:
    """The step that makes NaN of responses ``(planes · n, H', W')`` whose window sees no data.

    Its second input is what is missing, over which ``seen`` counts for each of the n filters.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]  # floats that hold the responses
    seen: Slide

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the same rows, and those under the window."""
        return (start, stop), *self.seen.needed(start, stop)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Count only where anything is missing."""
        responses, missing = blocks
        np.copyto(out, responses, casting="unsafe")
        if not missing.any():
            return
        count = memory.take((self.seen.filters, *out.shape[1:]), self.seen.dtype)
        self.seen.compute([missing], start, stop, count, memory)
        planes = out.reshape(-1, *count.shape)
        np.copyto(planes, np.nan, where=count > 0.5)


def missing_of(graph: Graph, colours: Tap) -> Tap:
    """Add the step that tells what is missing of an image, whose ``colours`` may not be all."""
    _, H, W = graph.source_shape
    if colours.last is None:
        return graph.add(Missing((1, H, W), apart=False), IMAGE)
    return graph.add(Missing((1, H, W), apart=True), Tap(0, colours.last))


def filled(graph: Graph, colours: Tap, missing: Tap, dtype: np.dtype[Any], white: float) -> Tap:
    """Return an image without its gaps, for operators of many layers."""
    C, H, W = graph.source_shape
    return graph.add(Filled((colours.last or C, H, W), dtype, white), colours, missing)


def spoiled(graph: Graph, responses: Responses, missing: Tap) -> Responses:
    """Return responses that are NaN where their window sees what is missing.

    Whole numbers become floats that hold them: float64 where they may pass 24 bits.
    """
    _, H, W = graph.source_shape
    slide = responses.slide
    if slide is None:
        around = Window((2 * NEAR + 1,) * 2, padding="same", padding_mode=PaddingMode("zeros"))
        seen = slide_over(FilterBank(np.ones((1, 1, *around.kernel_size))), around, (1, H, W), FLAG)
    else:
        mode = slide.padding_mode
        zeros = mode if mode.mode not in ("zeros", "constant") else PaddingMode("zeros")
        spacing, weight = slide.plan.spacing, responses.bank.weight
        is_seen = (weight != 0).any(axis=1, keepdims=True)
        if len(is_seen) * responses.planes != responses.shape[0]:  # several make one map
            is_seen = is_seen.any(axis=0, keepdims=True)
        bank = FilterBank(is_seen.astype(np.float64))
        window = Window(
            bank.kernel_size, spacing.stride, spacing.dilation, slide.geometry.padding, zeros
        )
        seen = slide_over(bank, window, (1, H, W), FLAG)
    kind = responses.dtype
    if kind.kind != "f":
        kind = np.dtype(np.float32 if max(responses.bounds) <= 2**24 else np.float64)
    tap = graph.add(Spoil(responses.shape, kind, seen), responses.tap, missing)
    whole = responses.dtype.kind != "f"
    return replace(responses, tap=tap, dtype=kind, whole=whole, spoiled=True)
