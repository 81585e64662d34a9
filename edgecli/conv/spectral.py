"""Large kernels: Fourier transforms down the columns, matrix products along the rows.

A frequency of the output is that frequency of the input, correlated along the row with the
conjugate of that frequency of the kernel: a one-dimensional problem in complex numbers. Written
as real numbers, (a + bi)(u + vi) is the pair (a, b) times the 2×2 block [[u, v], [−v, u]], so
everything, transforms included, becomes matrix products at BLAS speed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from edgecli.conv.method import Spacing
from edgecli.conv.products import SINGLE, Floats, toeplitz
from edgecli.records import dataclass
from edgecli.rows.base import Planes
from edgecli.rows.memory import Memory


@dataclass(frozen=True, eq=False)
class Spectral:
    """One kernel over bands of ``band_rows`` output rows, F = h // 2 + 1 frequencies.

    ``forward (2F, h)`` and ``inverse (rows, 2F)`` are the real Fourier transform and its inverse;
    ``along (F, 2, 2L, B)`` is every frequency's Toeplitz matrix, L = B + kW − 1. Per output pixel
    it takes about h·h/rows + 2·L·h/rows + h multiply-adds instead of kH·kW.
    """

    forward: Floats
    along: Floats
    inverse: Floats
    kernel_width: int
    name: str = "spectral"

    @property
    def band_rows(self) -> int:
        """Return the most output rows that a band may have."""
        return len(self.inverse)

    @classmethod
    def prepare(cls, kernel: NDArray[Any], dtype: np.dtype[Any] = SINGLE) -> Spectral:
        """Prepare a kernel ``(kH, kW)``; bands of two to three times its height cost least."""
        kH, kW = kernel.shape
        height = max(40, -(-2 * kH // 16) * 16)
        block = 16 if kW < 48 else 32
        spectrum = np.conj(np.fft.rfft(kernel, height, axis=0))
        count = len(spectrum)
        real, imaginary = (
            np.stack([toeplitz(row, block, 1, dtype).T for row in part])
            for part in (spectrum.real, spectrum.imag)
        )
        pairs = ([real, -imaginary], [imaginary, real])
        along = np.stack([np.concatenate(pair, axis=1) for pair in pairs], axis=1)
        basis = np.fft.rfft(np.eye(height), axis=0)
        forward = np.stack([basis.real, basis.imag], axis=1).reshape(2 * count, height)
        units = np.stack([np.eye(count), 1j * np.eye(count)], axis=2).reshape(count, 2 * count)
        inverse = np.fft.irfft(units, height, axis=0)[: height - kH + 1]
        return cls(
            forward.astype(dtype),
            np.ascontiguousarray(along, dtype),
            inverse.astype(dtype),
            kW,
        )

    def apply(self, padded: Planes, out: Planes, spacing: Spacing, memory: Memory) -> None:
        """Fill ``out (1, rows, cols)`` from ``padded (1, h, w)``: three products and a copy."""
        del spacing  # there is none
        band = padded[0]
        count, _, twice, block = self.along.shape
        _, rows, cols = out.shape
        columns = -(-cols // block)
        width = columns * block + self.kernel_width - 1
        spectrum = memory.take((count, 2, width), out.dtype)
        spectrum[:, :, band.shape[1] :] = 0
        transformed = spectrum.reshape(2 * count, width)[:, : band.shape[1]]
        # A shorter last band gives the same as one filled up with zero rows.
        np.matmul(self.forward[:, : len(band)], band, out=transformed)
        windows = memory.take((count, columns, 2, twice // 2), out.dtype)
        frequency, part, pixel = spectrum.strides
        shifts = (frequency, block * pixel, part, pixel)
        np.copyto(windows, as_strided(spectrum, windows.shape, shifts))
        response = memory.take((count, 2, columns, block), out.dtype)
        np.matmul(windows.reshape(count, 1, columns, twice), self.along, out=response)
        np.matmul(self.inverse[:rows], response.reshape(2 * count, -1)[:, :cols], out=out[0])
