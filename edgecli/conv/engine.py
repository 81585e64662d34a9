"""The schedule: bands of rows, padded where they touch the border, spread over threads.

The arithmetic is elsewhere, in the methods. A band's padded pixels live in a worker's own memory,
in the accumulator's type; so the image is never copied, converted or padded as a whole, and a
band can be computed alone, on any thread, with the same result.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecli.conv.increments import Increments
from edgecli.conv.plan import Part, Plan, plan_convolution
from edgecli.errors import GeometryError
from edgecli.filters import FilterBank, load_filter
from edgecli.geometry import Geometry, PaddingMode, Window, bands, parse_padding, parse_padding_mode
from edgecli.records import dataclass
from edgecli.rows.blas import blas_for
from edgecli.rows.scratch import Scratch
from edgecli.rows.workers import run_bands

BAND_BYTES = 4 * 2**20
"""Target size of a band's working memory: less would suit the cache, but each NumPy call of a
thread may wait for the interpreter, so a few long calls are faster than many short ones."""

LARGEST_BAND = 2**28
"""The most pixels that one row of output may need: 1 GiB of working memory."""

FEWEST_ROWS, MOST_ROWS = 16, 512


@dataclass(frozen=True)
class Convolution:
    """A plan laid over an image of one size: computes any band of its responses."""

    plan: Plan
    geometry: Geometry
    padding_mode: PaddingMode
    depth: int  # C_in

    @property
    def filters(self) -> int:
        """Return C_out."""
        return len(self.plan.bias)

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Return ``(C_out, H', W')``."""
        return (self.filters, *self.geometry.output_shape)

    @property
    def band_rows(self) -> int:
        """Return how many output rows make a band that stays in cache."""
        return self.limit_rows(BAND_BYTES // self.row_bytes(self.filters + 1))

    def row_bytes(self, maps: int) -> int:
        """Return the working memory of an output row of ``maps`` responses."""
        rows, cols = self.geometry.rows, self.geometry.cols
        inputs = self.depth * cols.padded * rows.stride
        return (inputs + maps * cols.output) * self.plan.accumulator.itemsize

    def limit_rows(self, rows: int) -> int:
        """Return the nearest number of rows that a band may have."""
        allowed = min(max(rows, FEWEST_ROWS), MOST_ROWS)
        return min(allowed, self.plan.most_rows or allowed)

    def needed(self, start: int, stop: int) -> tuple[int, int]:
        """Return the image rows that output rows ``[start, stop)`` are computed from."""
        return self.geometry.rows.needed(start, stop, self.padding_mode)

    def band(
        self, block: NDArray[Any], start: int, stop: int, out: NDArray[Any], scratch: Scratch
    ) -> None:
        """Compute output rows ``[start, stop)`` into ``out (C_out, stop − start, W')``.

        ``block (C_in, rows, W)`` holds the image rows ``needed(start, stop)``.
        """
        padded: dict[np.dtype[Any], NDArray[Any]] = {}
        for part in self.plan.parts if _is_finite(block) else self.plan.sums:
            if part.pixels not in padded:
                padded[part.pixels] = self._pad(block, start, stop, part.pixels, scratch)
            self._apply(part, padded[part.pixels], out[part.start : part.stop], scratch)
        if self.plan.is_biased:
            for response, bias in zip(out, self.plan.bias, strict=True):
                np.add(response, bias, out=response)

    @property
    def folds(self) -> bool:
        """Whether ``largest`` works without keeping the responses of every filter."""
        methods = [part.method for part in self.plan.parts]
        return isinstance(methods[0], Increments) and len(methods) == 1 and not self.plan.is_biased

    def largest(
        self, block: NDArray[Any], start: int, stop: int, out: NDArray[Any], scratch: Scratch
    ) -> None:
        """Compute the largest absolute response of all filters into ``out (stop − start, W')``.

        Only where ``folds``; these are whole numbers, so every response is finite.
        """
        (part,) = self.plan.parts
        if not isinstance(part.method, Increments):
            raise TypeError(f"{part.method.name} keeps every response; compute the band")
        padded = self._pad(block, start, stop, part.pixels, scratch)
        part.method.largest(padded, out, self.plan.steps, scratch)

    def _apply(self, part: Part, padded: NDArray[Any], out: NDArray[Any], scratch: Scratch) -> None:
        steps = self.plan.steps
        if part.pixels == out.dtype:
            part.method.apply(padded, out, steps, scratch)
        else:
            exact = scratch.take("exact", out.shape, part.pixels)
            part.method.apply(padded, exact, steps, scratch)
            np.copyto(out, exact, casting="unsafe")

    def _pad(
        self,
        block: NDArray[Any],
        start: int,
        stop: int,
        pixels: np.dtype[Any],
        scratch: Scratch,
    ) -> NDArray[Any]:
        """Copy a block into a method's type, with the padding that its window needs."""
        rows, cols = self.geometry.rows, self.geometry.cols
        low, high = rows.reach(start, stop)
        shape = (self.depth, high - low, cols.padded)
        padded = scratch.take(f"padded {pixels.char}", shape, pixels)
        inner = padded[:, :, cols.before : cols.before + cols.size]
        if low >= 0 and high <= rows.size:
            np.copyto(inner, block, casting="unsafe")
        else:
            self._pad_rows(block, (low, high), self.needed(start, stop)[0], inner)
        for position, source in self._sides:
            if source is None:
                padded[:, :, position] = self.padding_mode.value
            else:
                padded[:, :, position] = padded[:, :, source]
        return padded

    def _pad_rows(
        self, block: NDArray[Any], reach: tuple[int, int], first: int, inner: NDArray[Any]
    ) -> None:
        """Copy a block that starts at row ``first``, and the padding above and below the image."""
        (low, high), size = reach, self.geometry.rows.size
        above, below = max(low, 0), min(high, size)
        if above < below:
            rows = inner[:, above - low : below - low]
            np.copyto(rows, block[:, above - first : below - first], casting="unsafe")
        for position in (*range(low, min(high, 0)), *range(max(low, size), high)):
            source = self.padding_mode.source(position, size)
            outside = inner[:, position - low]
            if source is None:
                outside.fill(self.padding_mode.value)
            else:
                np.copyto(outside, block[:, source - first], casting="unsafe")

    @cached_property
    def _sides(self) -> list[tuple[int, int | None]]:
        """List the columns of padding left and right, each with the padded column it repeats."""
        cols = self.geometry.cols
        outside = (*range(-cols.before, 0), *range(cols.size, cols.size + cols.after))
        sources = [self.padding_mode.source(position, cols.size) for position in outside]
        return [
            (cols.before + position, None if source is None else cols.before + source)
            for position, source in zip(outside, sources, strict=True)
        ]


def _is_finite(block: NDArray[Any]) -> bool:
    """Whether no pixel is NaN or infinite; pixels whose sum overflows count as infinite."""
    if block.dtype.kind != "f":
        return True
    with np.errstate(all="ignore"):
        return bool(np.isfinite(block.sum()))


def plan_over(
    bank: FilterBank, window: Window, shape: tuple[int, int, int], dtype: Any
) -> Convolution:
    """Plan a bank over a volume ``(C, H, W)`` of ``dtype``; GeometryError if it does not fit."""
    channels, height, width = shape
    bank = bank.over(channels)
    geometry = window.over(height, width)
    least = geometry.rows.span * geometry.cols.padded * channels
    if least > LARGEST_BAND:
        raise GeometryError(
            f"one row of output takes {least:,} pixels of padded image, more than "
            f"{LARGEST_BAND:,}; use a smaller kernel, dilation or padding"
        )
    return Convolution(
        plan_convolution(bank, window, dtype), geometry, window.padding_mode, channels
    )


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

    ``image`` is ``(H, W)`` or ``(C, H, W)``; the result is ``(C_out, H', W')``: int16 or int32
    where that is exact, else float32. Padding is written as on the command line, and the same
    unless told otherwise. A bank of depth 1 is repeated in every channel and its products are
    summed. ``threads`` defaults to all cores and affects only the time. ``out``, of
    the result's shape and type, receives the result, so that memory can be reused.

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
    window = Window(
        bank.kernel_size,
        as_pair(stride),
        as_pair(dilation),
        parse_padding(padding),
        parse_padding_mode(padding_mode),
    )
    channels, height, width = volume.shape
    convolution = plan_over(bank, window, (channels, height, width), volume.dtype)
    if out is None:
        out = np.empty(convolution.output_shape, convolution.plan.accumulator)
    elif (out.shape, out.dtype) != (convolution.output_shape, convolution.plan.accumulator):
        raise GeometryError(
            f"out has shape {out.shape} of {out.dtype}; give {convolution.output_shape} of "
            f"{convolution.plan.accumulator}"
        )
    responses = out

    def compute(band: tuple[int, int], scratch: Scratch) -> None:
        start, stop = band
        low, high = convolution.needed(start, stop)
        convolution.band(volume[:, low:high], start, stop, responses[:, start:stop], scratch)

    with blas_for(products=convolution.plan.uses_blas):
        run_bands(bands(out.shape[1], convolution.band_rows), compute, threads)
    return out


def as_volume(image: ArrayLike) -> NDArray[Any]:
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
