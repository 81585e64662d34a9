"""The convolutions of networks: all filters of a row in one matrix product, in float32.

Rows of an image become rows of *windows*: of every channel a line for each tap of a kernel's row,
shifted to where that tap lies, and at the end a line of ones, by which the bias is a weight like
the others. kH such rows lie in one run of memory. So they are the matrix that one row of output
needs, and the next row's matrix overlaps it: kW copies of the image replace the kH · kW of a full
im2col, and padding costs no copy of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.activations import activate
from edgecli.geometry import Geometry, PaddingMode
from edgecli.records import dataclass
from edgecli.rows.base import Planes, Span
from edgecli.rows.memory import Memory

Floats = NDArray[np.float32]
FLOAT = np.dtype(np.float32)

SMALL_PRODUCT = 1_000_000
"""Multiply-adds up to which OpenBLAS's AVX-512 kernels multiply matrices without packing them."""

WINDOW_BYTES, FEWEST_ROWS = 2**21, 16
"""Windows at a time, that they are still in cache when they are multiplied; and rows of output, if
there are so many, that few windows are made twice."""


@dataclass(frozen=True, eq=False)
class Convolving:
    """The step of a convolution: ``weight (F, C / groups, kH, kW)``, a bias or none, an activation.

    It takes an image ``(C, H, W)`` or a batch of them ``(C, H, W, N)``. A row of output has the
    same bits whatever rows are computed with it.
    """

    shape: tuple[int, ...]
    weight: Floats
    bias: Floats | None
    geometry: Geometry
    padding_mode: PaddingMode
    groups: int
    activation: str

    dtype = FLOAT

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the rows under the window, without padding."""
        return (self.geometry.rows.needed(start, stop, self.padding_mode),)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Make windows, multiply and activate, as many rows and columns at a time as fit cache."""
        ((first, _),) = self.needed(start, stop)
        images = self._images
        block = blocks[0].reshape(*blocks[0].shape[:3], images)
        result = out.reshape(*out.shape[:2], -1)
        depth, filters = self.weight.shape[1], len(self.weight) // self.groups
        for (top, bottom), (left, right) in self._tiles(start, stop):
            tile = result[:, top - start : bottom - start, left * images : right * images]
            for group, matrix in enumerate(self._matrices):
                with memory:
                    given = block[group * depth : (group + 1) * depth]
                    windows = self._windows(given, first, (top, bottom), (left, right), memory)
                    part = tile[group * filters : (group + 1) * filters]
                    self._multiply(matrix, windows, part)
            activate(tile, self.activation)

    @cached_property
    def _images(self) -> int:
        return math.prod(self.shape[3:])

    @cached_property
    def _matrices(self) -> list[Floats]:
        """Return each group's weights, ``(F / groups, kH · lines)``, the bias in the first row."""
        F, C, kH, kW = self.weight.shape
        matrix = np.zeros((F, kH, C * kW + 1), FLOAT)
        matrix[:, :, :-1] = self.weight.transpose(0, 2, 1, 3).reshape(F, kH, -1)
        if self.bias is not None:
            matrix[:, 0, -1] = self.bias
        return list(matrix.reshape(self.groups, F // self.groups, -1))

    @cached_property
    def _lines(self) -> int:
        """Return the lines of a row of windows, of which a kernel sees kH rows."""
        return int(self._matrices[0].shape[1]) // self.geometry.rows.kernel

    @cached_property
    def _columns(self) -> int:
        """Return the columns of a product, by the whole width alone: BLAS rounds by their place."""
        width = self.shape[2]
        most = max(SMALL_PRODUCT // (self._matrices[0].size * self._images * 16), 1)
        sixteens = -(-width // 16)
        return 16 * -(-sixteens // -(-sixteens // most))

    def _tiles(self, start: int, stop: int) -> Iterator[tuple[Span, Span]]:
        """Yield runs of rows and columns whose windows stay in cache."""
        axis, width, step = self.geometry.rows, self.shape[2], self._columns
        column_bytes = self._lines * self._images * FLOAT.itemsize
        tall = min(FEWEST_ROWS, stop - start) * axis.stride + axis.span
        step *= max(WINDOW_BYTES // (tall * column_bytes * step), 1)
        step = min(step, width)
        most = max((WINDOW_BYTES // (column_bytes * step) - axis.span) // axis.stride + 1, 4)
        for top in range(start, stop, most):
            for left in range(0, width, step):
                yield (top, min(top + most, stop)), (left, min(left + step, width))

    def _windows(self, block: Planes, first: int, rows: Span, cols: Span, memory: Memory) -> Floats:
        """Return the windows ``(d, h, lines, cols · N)`` of a block that begins at row ``first``.

        Row i is at ``[i % d, i // d]``, d being the dilation: the rows that a kernel sees are
        neighbours.
        """
        axis, step, mode = self.geometry.rows, self.geometry.rows.dilation, self.padding_mode
        low, high = axis.reach(*rows)
        shape = step, -(-(high - low) // step), self._lines, cols[1] - cols[0], self._images
        windows = memory.take(shape, FLOAT)
        windows[:, :, -1] = 1
        for phase in range(min(step, high - low)):
            positions = range(low + phase, high, step)
            for place, source in _pieces(positions, axis.size, mode):
                part = windows[phase, place, :-1]
                if source is None:
                    part[...] = mode.value
                else:
                    at = slice(source.start - first, source.stop - first, source.step)
                    self._shift(block[:, at].transpose(1, 0, 2, 3), cols, part)
        found: Floats = windows.reshape(*shape[:3], -1)
        return found

    @cached_property
    def _taps(self) -> dict[Span, list[tuple[int, slice, slice | None]]]:
        """Keep which columns stand where in the lines of each tap, by the columns of output."""
        return {}

    def _shift(self, rows: Planes, cols: Span, out: Floats) -> None:
        """Fill lines ``(rows, C · kW, cols, N)`` with rows ``(rows, C, W, N)`` as taps see them."""
        axis, mode = self.geometry.cols, self.padding_mode
        if cols not in self._taps:
            self._taps[cols] = [
                (tap, *piece)
                for tap in range(axis.kernel)
                for piece in _pieces(axis.seen(tap, *cols), axis.size, mode)
            ]
        for tap, place, source in self._taps[cols]:
            value = mode.value if source is None else rows[:, :, source]
            out[:, tap :: axis.kernel, place] = value

    def _multiply(self, matrix: Floats, windows: Floats, out: Planes) -> None:
        """Multiply weights by the windows of each row of ``out (F, rows, cols · N)``.

        Rows that are ``period`` apart have windows that begin in the same phase of the dilation.
        """
        axis, depth, wide = self.geometry.rows, matrix.shape[1], self._columns * self._images
        shared = math.gcd(axis.stride, axis.dilation)
        period, step = axis.dilation // shared, axis.stride // shared
        phases, line, between, pixel = windows.strides
        for row in range(min(period, out.shape[1])):
            above, phase = divmod(row * axis.stride, axis.dilation)
            for left in range(0, out.shape[2], wide):
                results = out[:, row::period, left : left + wide].transpose(1, 0, 2)
                shape, place = (len(results), depth, results.shape[2]), left * pixel
                place += phase * phases + above * line
                strides = step * line, between, pixel
                seen = np.ndarray(shape, FLOAT, windows, place, strides)
                np.matmul(matrix, seen, out=results)


def _pieces(positions: range, size: int, mode: PaddingMode) -> Iterator[tuple[slice, slice | None]]:
    """Yield places among positions with what stands there: samples, or None for the constant.

    >>> list(_pieces(range(-1, 4, 2), 3, PaddingMode("replicate")))
    [(slice(1, 2, None), slice(1, 2, 2)), (slice(0, 1, None), slice(0, 1, None)), \
(slice(2, 3, None), slice(2, 3, None))]
    """
    first, step, count = positions.start, positions.step, len(positions)
    before = min(max(-(first // step), 0), count)
    after = max(min(-((first - size) // step), count), before)
    if before < after:
        inside = positions[before:after]
        yield slice(before, after), slice(inside.start, inside[-1] + 1, step)
    for place in (*range(before), *range(after, count)):
        source = mode.source(positions[place], size)
        yield slice(place, place + 1), None if source is None else slice(source, source + 1)
