"""Matrix products: what BLAS does faster than sums, in float32 or float64.

NumPy hands a matrix to BLAS without copying it when one of its axes has unit stride and the other
strides over at least a whole row. So windows may overlap between the matrices of a batch, but not
within a matrix; the layouts below follow from that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from edgecli.conv.method import UNIT, Spacing
from edgecli.records import dataclass
from edgecli.rows.base import Planes
from edgecli.rows.blas import packs_products
from edgecli.rows.memory import Memory

Floats = NDArray[Any]
"""float32, or float64."""

SINGLE: np.dtype[Any] = np.dtype(np.float32)
DOUBLE: np.dtype[Any] = np.dtype(np.float64)

NOISE = {SINGLE: 1e-7, DOUBLE: 1e-14}
"""Singular values of a kernel that are a smaller share of the largest are rounding errors."""

SMALL_PRODUCT = 1_000_000
"""OpenBLAS multiplies matrices of at most this many multiply-adds without packing them first
(``sgemm_small_matrix_permit`` of its AVX-512 kernels): twice as fast on our flat shapes."""

# Output rows and columns of a product that is not packed: BLAS takes no more rows at a time, and
# more of them only multiply more zeros.
UNPACKED_ROWS, WIDEST_BLOCK = 4, 512
PACKED_ROWS, PACKED_BLOCK = 12, 2048  # of one that is: a sixth faster, in spite of more zeros
NARROWEST_BLOCK = 48  # below this width one packed product over the whole row is faster

WINDOWS_PER_COPY = 3 * 2**18
"""Windows copied at a time: they stay in cache (3 MiB), yet a thread seldom waits for the
interpreter, whose hand-over costs up to 50 µs."""


def toeplitz(
    kernel: NDArray[Any], outputs: int, stride: int, dtype: np.dtype[Any] = SINGLE
) -> Floats:
    """Return the banded matrix that correlates with ``kernel (k, …)`` along its first axis.

    ``(outputs, (outputs − 1)·stride + k, …)``: a kernel in each row, ``stride`` further right than
    in the row above.

    >>> toeplitz(np.array([1, 2]), outputs=3, stride=1)
    array([[1., 2., 0., 0.],
           [0., 1., 2., 0.],
           [0., 0., 1., 2.]], dtype=float32)
    """
    size = len(kernel)
    matrix = np.zeros((outputs, (outputs - 1) * stride + size, *kernel.shape[1:]), dtype)
    for row in range(outputs):
        matrix[row, row * stride : row * stride + size] = kernel
    return matrix


def spread(kernel: NDArray[Any], dilation: int) -> NDArray[Any]:
    """Put ``dilation − 1`` zeros between the entries of the first axis.

    >>> spread(np.array([1.0, 2.0]), 3)
    array([1., 0., 0., 2.])
    """
    wide = np.zeros(((len(kernel) - 1) * dilation + 1, *kernel.shape[1:]))
    wide[::dilation] = kernel
    return wide


def blocks(length: int, block: int) -> Iterator[tuple[int, int, int]]:
    """Cut a length into ``(start, how many, how long)``: whole blocks, then what is left.

    >>> list(blocks(1100, 500)), list(blocks(300, 500))
    ([(0, 2, 500), (1000, 1, 100)], [(0, 1, 300)])
    """
    whole, rest = divmod(length, block)
    if whole:
        yield 0, whole, block
    if rest:
        yield whole * block, 1, rest


@dataclass(frozen=True, eq=False)
class RowProducts:
    """Rows and channels in one product: ``matrix (C_out, R, K)``, K over (row, C_in, column).

    BLAS needs at least four matrix rows to be fast. Each filter gives one; with fewer than four,
    R = 4 rows of the image are taken together, at ``(R + kH − 1) / kH`` times the multiply-adds.
    """

    matrix: Floats
    channels: int
    kernel_size: tuple[int, int]  # height with its dilation, width without
    column_block: int
    name: str = "products"

    @property
    def together(self) -> int:
        """Return R, in whose multiples rows are computed so that each is always rounded alike."""
        return len(self.matrix[0]) if packs_products() else 1

    @classmethod
    def prepare(
        cls, weight: NDArray[Any], spacing: Spacing, dtype: np.dtype[Any] = SINGLE
    ) -> RowProducts:
        """Prepare a bank ``(C_out, C_in, kH, kW)``; zeros between its rows make the dilation."""
        filters, channels, _, kW = weight.shape
        tall = [spread(one, spacing.dilation[0]) for one in weight.transpose(0, 2, 1, 3)]
        together = 1 if filters >= 4 else 4
        matrix = np.stack([toeplitz(one, together, spacing.stride[0], dtype) for one in tall])
        matrix = matrix.reshape(filters, together, -1)
        block = SMALL_PRODUCT // (matrix.size if together == 1 else matrix[0].size)
        wide = min(WIDEST_BLOCK, block // 16 * 16)
        column_block = wide if wide >= NARROWEST_BLOCK else 2**30
        return cls(matrix, channels, (len(tall[0]), kW), column_block)

    def apply(self, padded: Planes, out: Planes, spacing: Spacing, memory: Memory) -> None:
        """Fill ``out (C_out, rows, cols)``, copying only the kW horizontal shifts.

        ``windows[r, c, j, x] = padded[c, r, x·sW + j·dW]`` has its first three axes in one run of
        memory. So its K = kH·C_in·kW rows from row ``r`` on are the ``(K, cols)`` matrix that an
        output row needs, and the next row's matrix overlaps it: kW copies of the band replace the
        kH·kW of a full im2col.
        """
        _, rows, cols = out.shape
        kH, kW = self.kernel_size
        height = (rows - 1) * spacing.stride[0] + kH
        plane, line, pixel = padded.strides
        shifted = as_strided(
            padded,
            (height, self.channels, kW, cols),
            (line, plane, pixel * spacing.dilation[1], pixel * spacing.stride[1]),
        )
        chunk = max(self.column_block, WINDOWS_PER_COPY // (height * self.channels * kW))
        chunk = min(cols, chunk // self.column_block * self.column_block)
        for left in range(0, cols, chunk):
            part, target = shifted[..., left : left + chunk], out[:, :, left : left + chunk]
            with memory:
                windows = memory.take(part.shape, out.dtype)
                np.copyto(windows, part)
                self._multiply(windows.reshape(-1, part.shape[-1]), target, spacing.stride[0])

    def _multiply(self, windows: Floats, out: NDArray[Any], stride: int) -> None:
        """Multiply ``windows (h·C_in·kW, cols)`` by the weights, R output rows at a time."""
        together = self.matrix.shape[1]
        lines = self.channels * self.kernel_size[1]  # windows of one image row
        for first, groups, size in blocks(out.shape[1], together):
            depth = ((size - 1) * stride + self.kernel_size[0]) * lines
            # The top left corner of a Toeplitz matrix is the Toeplitz matrix of fewer rows.
            weight = self.matrix[:, :size, :depth]
            step = size * stride * lines * windows.strides[0]
            top, target = windows[first * stride * lines :], out[:, first:]
            (plane, line, _), pixel = out.strides, out.itemsize
            for left, count, wide in blocks(out.shape[2], self.column_block):
                matrices = as_strided(
                    top[:, left:],
                    (groups, count, depth, wide),
                    (step, wide * pixel, top.strides[0], pixel),
                )
                results = as_strided(
                    target[:, :, left:],
                    (len(out), groups, count, size, wide),
                    (plane, size * line, wide * pixel, line, pixel),
                )
                if together == 1:
                    np.matmul(weight[:, 0], matrices, out=results[:, :, :, 0].transpose(1, 2, 0, 3))
                else:
                    np.matmul(weight[:, np.newaxis, np.newaxis], matrices, out=results)


@dataclass(frozen=True, eq=False)
class SeparableProducts:
    """A long outer product as two banded matrices, ``down (R, h)`` and ``along (w, B)``.

    BLAS that packs matrices rounds a row of their product by its place and by how many there are.
    """

    down: Floats
    along: Floats
    kernel_size: tuple[int, int]  # with dilation
    column_block: int
    name: str = "separable products"

    @property
    def together(self) -> int:
        """Return in whose multiples rows are computed so that each is always rounded alike."""
        return math.lcm(len(self.down), PACKED_ROWS) if packs_products() else 1

    @classmethod
    def prepare(
        cls,
        column: NDArray[Any],
        row: NDArray[Any],
        spacing: Spacing = UNIT,
        dtype: np.dtype[Any] = SINGLE,
    ) -> SeparableProducts:
        """Prepare the kernel ``np.outer(column, row)``.

        With fewer rows and columns at a time BLAS idles, with more it multiplies zeros.
        """
        packed = PACKED_ROWS, PACKED_BLOCK
        rows, block = packed if packs_products() else (UNPACKED_ROWS, WIDEST_BLOCK)
        column, row = spread(column, spacing.dilation[0]), spread(row, spacing.dilation[1])
        down = toeplitz(column, rows if len(column) > 5 else 4, spacing.stride[0], dtype)
        along = np.ascontiguousarray(toeplitz(row, 16, spacing.stride[1], dtype).T)
        return cls(down, along, (len(column), len(row)), block)

    def apply(self, padded: Planes, out: Planes, spacing: Spacing, memory: Memory) -> None:
        """Fill ``out (1, rows, cols)`` from ``padded (1, h, w)``."""
        _, rows, cols = out.shape
        width = (cols - 1) * spacing.stride[1] + self.kernel_size[1]
        lines = memory.take((rows, width), out.dtype)
        self._multiply_down(padded[0, :, :width], lines, spacing.stride[0])
        self._multiply_along(lines, out[0], spacing.stride[1])

    def _multiply_down(self, band: NDArray[Any], lines: Floats, stride: int) -> None:
        line, target_line, pixel = band.strides[0], lines.strides[0], band.itemsize
        for first, groups, size in blocks(len(lines), len(self.down)):
            depth = (size - 1) * stride + self.kernel_size[0]
            for left, count, wide in blocks(lines.shape[1], self.column_block):
                matrices = as_strided(
                    band[first * stride :, left:],
                    (groups, count, depth, wide),
                    (size * stride * line, wide * pixel, line, pixel),
                )
                results = as_strided(
                    lines[first:, left:],
                    (groups, count, size, wide),
                    (size * target_line, wide * pixel, target_line, pixel),
                )
                np.matmul(self.down[:size, :depth], matrices, out=results)

    def _multiply_along(self, lines: Floats, out: NDArray[Any], stride: int) -> None:
        """Multiply windows of rows; in one matrix they are ``phases`` blocks apart: no overlap."""
        length, block = self.along.shape
        (rows, cols), pixel = out.shape, out.itemsize
        step, whole = block * stride, cols // block
        phases = -(-length // step)
        for phase in range(min(phases, whole)):
            count = -(-(whole - phase) // phases)
            windows = as_strided(
                lines[:, phase * step :],
                (rows, count, length),
                (lines.strides[0], phases * step * pixel, pixel),
            )
            results = as_strided(
                out[:, phase * block :],
                (rows, count, block),
                (out.strides[0], phases * block * pixel, pixel),
            )
            np.matmul(windows, self.along, out=results)
        if rest := cols % block:
            used = (rest - 1) * stride + self.kernel_size[1]
            tail = lines[:, whole * step : whole * step + used]
            np.matmul(tail, self.along[:used, :rest], out=out[:, whole * block :])


@dataclass(frozen=True, eq=False)
class LowRank:
    """A kernel of low rank as a sum of outer products."""

    terms: tuple[SeparableProducts, ...]
    name: str = "low rank"

    @property
    def together(self) -> int:
        """Return what the terms have."""
        return math.lcm(*(term.together for term in self.terms))

    @classmethod
    def prepare(cls, kernel: NDArray[Any], dtype: np.dtype[Any] = SINGLE) -> LowRank:
        """Prepare a kernel ``(kH, kW)`` by its singular value decomposition."""
        columns, values, rows = np.linalg.svd(kernel)
        terms = zip(columns.T, values[: numerical_rank(kernel, dtype)], rows, strict=False)
        return cls(tuple(SeparableProducts.prepare(u * s, v, UNIT, dtype) for u, s, v in terms))

    def apply(self, padded: Planes, out: Planes, spacing: Spacing, memory: Memory) -> None:
        """Fill ``out (1, rows, cols)`` from ``padded (1, h, w)``."""
        first, *others = self.terms
        with memory:
            first.apply(padded, out, spacing, memory)
        term = memory.take(out.shape, out.dtype)
        for other in others:
            with memory:
                other.apply(padded, term, spacing, memory)
            np.add(out, term, out=out)


def numerical_rank(kernel: NDArray[Any], dtype: np.dtype[Any] = SINGLE) -> int:
    """Return a kernel's rank as floats of a type see it: up to their ``NOISE``.

    >>> numerical_rank(np.outer([1, 2, 1], [1, 0, -1]))
    1
    """
    return int(np.linalg.matrix_rank(kernel, rtol=NOISE[dtype]))
