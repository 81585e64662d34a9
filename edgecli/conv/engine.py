"""The schedule: bands of rows, padded where they touch the border, spread over threads.

The arithmetic is in the methods. A band is padded in a worker's own memory, in the accumulator's
type, so that it can be computed alone, on any thread, and no image is copied as a whole.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecli.conv.activations import activate, activated_dtype
from edgecli.conv.cascade import Cascade
from edgecli.conv.plan import Part, Plan, plan_convolution
from edgecli.errors import GeometryError
from edgecli.filters import FilterBank, load_filter
from edgecli.geometry import Geometry, PaddingMode, Window, bands, parse_padding, parse_padding_mode
from edgecli.records import dataclass
from edgecli.rows.base import Planes, Span
from edgecli.rows.blas import blas_for
from edgecli.rows.memory import Memory
from edgecli.rows.workers import for_each

BAND_BYTES = 4 * 2**20
"""Target size of a band's working memory: less would suit the cache, but threads wait for the
interpreter at each NumPy call, so that few long ones are faster."""

MANY_FILTERS = 4
"""Filters from which bands are twice as large, unless products compute them: with rows so few,
waiting would be a third of the time of ``kirsch`` on two threads."""

LARGEST_BAND = 2**28  # the most pixels that one row of output may need: 1 GiB of working memory
FEWEST_ROWS, MOST_ROWS = 6, 512


@dataclass(frozen=True)
class Slide:
    """The step of a bank that slides over one volume: a plan laid over an image of one size."""

    plan: Plan
    geometry: Geometry
    padding_mode: PaddingMode
    depth: int  # C_in

    @property
    def filters(self) -> int:
        """Return C_out."""
        return len(self.plan.bias)

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Return ``(C_out, H', W')``."""
        return (self.filters, *self.geometry.output_shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the accumulator's type."""
        return self.plan.accumulator

    @property
    def band_rows(self) -> int:
        """Return how many output rows make a band: what a method takes, or what stays in cache."""
        if self.plan.most_rows is not None:
            return self.plan.most_rows
        rows, cols = self.geometry.rows, self.geometry.cols
        pixels = self.depth * cols.padded * rows.stride + (self.filters + 1) * cols.output
        many = self.filters >= MANY_FILTERS and not self.plan.uses_blas
        room = BAND_BYTES * (2 if many else 1)
        return self.limit_rows(room // (pixels * self.dtype.itemsize))

    def limit_rows(self, rows: int) -> int:
        """Return the nearest number of rows that a band may have, of whole products if it can."""
        allowed = min(max(rows, FEWEST_ROWS), MOST_ROWS)
        allowed = min(allowed, self.plan.most_rows or allowed)
        return allowed - allowed % self.plan.together or allowed

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the image rows that output rows ``[start, stop)`` are computed from."""
        return (self.geometry.rows.needed(self._first(start), stop, self.padding_mode),)

    def _first(self, start: int) -> int:
        """Return the first row of the product that an output row is part of."""
        return start - start % self.plan.together

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Slide over the image rows ``(C_in, rows, W)`` needed, as many as the methods take."""
        ((first, _),), most = self.needed(start, stop), self.plan.most_rows
        if most is None:
            self._slide(blocks[0], first, (start, stop), out, memory)
            return
        for top in range(start, stop, most):
            bottom = min(top + most, stop)
            ((low, high),) = self.needed(top, bottom)
            block = blocks[0][:, low - first : high - first]
            with memory:
                self._slide(block, low, (top, bottom), out[:, top - start : bottom - start], memory)

    def _slide(self, block: Planes, first: int, rows: Span, out: Planes, memory: Memory) -> None:
        """Slide over a block, which starts at image row ``first``, for some output rows.

        Products are whole: they begin above the rows where they must, and zeros follow below.
        """
        start = self._first(rows[0])
        reach = self.geometry.rows.reach(start, rows[1])
        parts = self.plan.parts if _multiplies(block, self.plan) else self.plan.sums
        padded: dict[np.dtype[Any], Planes] = {}
        for part in parts:
            if part.pixels not in padded:
                padded[part.pixels] = self._pad(block, first, reach, part.pixels, memory)
            with memory:
                own = out[part.start : part.stop]
                self._apply(part, padded[part.pixels], own, rows[0] - start, memory)
        if any(self.plan.bias):
            for response, bias in zip(out, self.plan.bias, strict=True):
                np.add(response, bias, out=response)

    def _apply(self, part: Part, padded: Planes, out: Planes, above: int, memory: Memory) -> None:
        """Fill ``out``; products also compute rows ``above`` it, and some below."""
        (filters, rows, cols), stride = out.shape, self.plan.spacing.stride[0]
        whole = rows
        if self.plan.together == 1 or part.together == 1:
            padded, above = padded[:, above * stride :], 0
        else:
            whole = part.whole(above + rows)
        padded = padded[:, : (whole - 1) * stride + self.geometry.rows.span]
        if part.pixels == out.dtype and whole == rows:
            part.method.apply(padded, out, self.plan.spacing, memory)
        elif isinstance(part.method, Cascade):
            part.method.apply(padded, out, self.plan.spacing, memory, above)
        else:
            computed = memory.take((filters, whole, cols), part.pixels)
            part.method.apply(padded, computed, self.plan.spacing, memory)
            np.copyto(out, computed[:, above : above + rows], casting="unsafe")

    def _pad(
        self, block: Planes, first: int, reach: Span, pixels: np.dtype[Any], memory: Memory
    ) -> Planes:
        """Copy a block into a method's type, with the padding that its window needs.

        Zeros follow below, as many rows as the last product may see.
        """
        (low, high), cols = reach, self.geometry.cols
        below = (self.plan.together - 1) * self.geometry.rows.stride
        whole = memory.take((self.depth, high - low + below, cols.padded), pixels)
        whole[:, high - low :] = 0
        padded = whole[:, : high - low]
        inner = padded[:, :, cols.before : cols.before + cols.size]
        if low >= 0 and high <= self.geometry.rows.size:
            np.copyto(inner, block, casting="unsafe")
        else:
            self._pad_rows(block, reach, first, inner)
        for position, source in self._sides:
            added = self.padding_mode.value if source is None else padded[:, :, source]
            padded[:, :, position] = added
        return whole

    def _pad_rows(self, block: Planes, reach: Span, first: int, inner: Planes) -> None:
        """Copy a block that starts at row ``first``, and the padding above and below the image."""
        (low, high), size = reach, self.geometry.rows.size
        above, below = max(low, 0), min(high, size)
        if above < below:
            rows = inner[:, above - low : below - low]
            np.copyto(rows, block[:, above - first : below - first], casting="unsafe")
        for position in (*range(low, min(high, 0)), *range(max(low, size), high)):
            source = self.padding_mode.source(position, size)
            added = self.padding_mode.value if source is None else block[:, source - first]
            np.copyto(inner[:, position - low], added, casting="unsafe")

    @cached_property
    def _sides(self) -> list[tuple[int, int | None]]:
        """List the columns of padding left and right, each with the padded column it repeats."""
        cols = self.geometry.cols
        outside = (*range(-cols.before, 0), *range(cols.size, cols.size + cols.after))
        sources = [(p, self.padding_mode.source(p, cols.size)) for p in outside]
        return [(cols.before + p, None if s is None else cols.before + s) for p, s in sources]


def _multiplies(block: Planes, plan: Plan) -> bool:
    """Whether products are right: no pixel is NaN, infinite or an integer too large for them.

    Pixels whose sum overflows count as infinite.
    """
    if block.dtype.kind == "f":
        with np.errstate(all="ignore"):
            return bool(np.isfinite(block.sum()))
    return plan.multiplies is None or largest_number(block) <= plan.multiplies


def largest_number(integers: NDArray[Any]) -> int:
    """Return the largest absolute value.

    >>> largest_number(np.array([np.iinfo(np.int64).min, 7])) == 2**63
    True
    """
    return max(int(integers.max()), -int(integers.min()))


def rounded_sums(largest: int) -> str:
    """Return a clause on an image whose numbers are so large that their sums are rounded."""
    return (
        f"has whole numbers up to {largest:,}, whose sums may pass 64 bits; "
        "they are computed as float64, to 53 bits"
    )


def slide_over(bank: FilterBank, window: Window, shape: tuple[int, int, int], dtype: Any) -> Slide:
    """Lay a bank over a volume ``(C, H, W)`` of ``dtype``; GeometryError if it does not fit."""
    channels, height, width = shape
    bank = bank.over(channels)
    geometry = window.over(height, width)
    least = geometry.rows.span * geometry.cols.padded * channels
    if least > LARGEST_BAND:
        raise GeometryError(
            f"one row of output takes {least:,} pixels of padded image, more than "
            f"{LARGEST_BAND:,}; use a smaller kernel, dilation or padding"
        )
    return Slide(plan_convolution(bank, window, dtype), geometry, window.padding_mode, channels)


@dataclass(frozen=True)
class Slides:
    """The step of banks of one shape, each over a group of planes, and of the activation after."""

    slides: tuple[Slide, ...]
    activation: str = "none"

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Return ``(groups · C_out, H', W')``."""
        filters, height, width = self.slides[0].shape
        return len(self.slides) * filters, height, width

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """Return the accumulator's type, or what the activation makes of it."""
        return activated_dtype(self.activation, self.slides[0].dtype)

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the rows under the window."""
        return self.slides[0].needed(start, stop)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Slide over every group, then activate."""
        first = self.slides[0]
        values = out if out.dtype == first.dtype else memory.take(out.shape, first.dtype)
        for number, slide in enumerate(self.slides):
            group = blocks[0][number * first.depth : (number + 1) * first.depth]
            responses = values[number * first.filters : (number + 1) * first.filters]
            with memory:
                slide.compute([group], start, stop, responses, memory)
        activated = activate(values, self.activation)
        if activated is not out:
            np.copyto(out, activated)


def convolve(
    image: ArrayLike,
    bank: FilterBank | str,
    *,
    stride: int | tuple[int, int] = 1,
    padding: str | int | tuple[int, ...] = "same",
    padding_mode: str = "replicate",
    dilation: int | tuple[int, int] = 1,
    threads: int | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Slide a filter bank over an image: cross-correlation, as torch and OpenCV compute it.

    ``image`` is ``(H, W)`` or ``(C, H, W)``; the result is ``(C_out, H', W')``: of whole numbers
    and weights the smallest of int16, int32 and int64 that holds every response to the image's
    type, else float32, or float64 for images of 32-bit integers, of 64 bits and of float64. For
    numbers so large that 64 bits may not hold the sums, they are float64, too, which a
    RuntimeWarning says. Padding is written as on the command line. A bank of depth 1 is repeated in
    every channel and its products are summed. ``threads``, by default all cores, affects only the
    time. ``out``, of the result's shape and type, receives the result.

    Raises GeometryError where the window does not fit, FilterError where the depths differ,
    UsageError for fewer threads than one.

    >>> import numpy as np
    >>> image = np.zeros((6, 6), np.uint8)
    >>> image[:, :3] = 10
    >>> convolve(image, "vertical")[0, 0].tolist()
    [0, 0, 30, 30, 0, 0]
    >>> convolve(image, "vertical", padding="valid")[0, 0].tolist()
    [0, 30, 30, 0]
    """
    volume = as_volume(image)
    bank = load_filter(bank) if isinstance(bank, str) else bank
    pads, mode = parse_padding(padding), parse_padding_mode(padding_mode)
    window = Window(bank.kernel_size, as_pair(stride), as_pair(dilation), pads, mode)
    channels, height, width = volume.shape
    slide = slide_over(bank, window, (channels, height, width), volume.dtype)
    if slide.plan.holds is not None and (most := largest_number(volume)) > slide.plan.holds:
        warnings.warn(f"image {rounded_sums(most)}", RuntimeWarning, stacklevel=2)
        slide = slide_over(bank, window, (channels, height, width), np.float64)
    if out is None:
        out = np.empty(slide.shape, slide.dtype)
    elif (out.shape, out.dtype) != (slide.shape, slide.dtype):
        raise GeometryError(
            f"out has shape {out.shape} of {out.dtype}; give {slide.shape} of {slide.dtype}"
        )
    responses = out

    def compute(band: Span, memory: Memory) -> None:
        ((low, high),) = slide.needed(*band)
        slide.compute([volume[:, low:high]], *band, responses[:, slice(*band)], memory)

    with blas_for(products=slide.plan.uses_blas):
        for_each(bands(out.shape[1], slide.band_rows), compute, threads)
    return out


def as_volume(image: ArrayLike) -> Planes:
    """Return an image as ``(C, H, W)`` numbers; GeometryError for any other shape."""
    array = np.asarray(image)
    if array.dtype.kind not in "buif":
        raise GeometryError(f"image holds {array.dtype}; give integers or floats")
    volume = array[np.newaxis] if array.ndim == 2 else array
    if volume.ndim != 3 or not len(volume):
        raise GeometryError(f"image has shape {array.shape}; give (H, W) or (C, H, W)")
    return volume


def as_pair(value: int | tuple[int, int]) -> tuple[int, int]:
    """Return one number twice, for both directions, or the pair that was given."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])
