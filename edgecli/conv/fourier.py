"""The largest kernels: Fourier transforms in both directions, by NumPy's FFT."""

from __future__ import annotations

from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.method import Spacing
from edgecli.records import dataclass
from edgecli.rows.base import Planes
from edgecli.rows.memory import Memory

NORM: Literal["ortho"] = "ortho"
"""Scales each transform. With NumPy's default, a whole number, it transforms float32 as float64."""


@dataclass(frozen=True, eq=False)
class Fourier:
    """One kernel over bands of whole rows, by overlap-save.

    Rows are transformed at their whole width, which wastes less than square tiles. The kernel's
    spectrum ``(h, n // 2 + 1)`` is computed once the width is known.
    """

    kernel: NDArray[np.float64]  # (kH, kW)
    height: int  # input rows of a band, halo included
    spectra: dict[int, NDArray[Any]]  # for the row length n of the last call
    name: str = "fourier"

    @property
    def band_rows(self) -> int:
        """Return the most output rows that a band may have."""
        return self.height - len(self.kernel) + 1

    @classmethod
    def prepare(cls, kernel: NDArray[Any]) -> Fourier:
        """Prepare a kernel ``(kH, kW)``; bands of four times its height waste a quarter."""
        return cls(kernel, fast_length(max(4 * len(kernel), 128)), {})

    def apply(self, padded: Planes, out: Planes, spacing: Spacing, memory: Memory) -> None:
        """Fill ``out (1, rows, cols)`` from ``padded (1, h, w)``.

        Correlation is convolution with the kernel turned by 180°; the first kH − 1 rows and
        kW − 1 columns of the circular result are wrong and discarded.
        """
        del spacing  # there is none
        band = padded[0]
        rows, width = band.shape
        n = fast_length(width)
        complexes = np.result_type(out.dtype, np.complex64)
        tile = memory.take((self.height, n), out.dtype)
        tile[:rows, :width] = band
        tile[rows:] = 0
        tile[:rows, width:] = 0
        spectrum = memory.take((self.height, n // 2 + 1), complexes)
        np.fft.rfft(tile, axis=1, norm=NORM, out=spectrum)
        np.fft.fft(spectrum, axis=0, norm=NORM, out=spectrum)
        np.multiply(spectrum, self._spectrum(n, complexes), out=spectrum)
        np.fft.ifft(spectrum, axis=0, norm=NORM, out=spectrum)
        kH, kW = self.kernel.shape
        _, wanted, cols = out.shape
        kept = tile[:wanted]
        np.fft.irfft(spectrum[kH - 1 : kH - 1 + wanted], n, axis=1, norm=NORM, out=kept)
        np.copyto(out[0], kept[:, kW - 1 : kW - 1 + cols])

    def _spectrum(self, n: int, complexes: np.dtype[Any]) -> NDArray[Any]:
        """Return the kernel's spectrum for rows of n; two threads may both compute the first."""
        spectrum = self.spectra.get(n)
        if spectrum is None:
            rows = np.fft.rfft(self.kernel[::-1, ::-1], n, axis=1)
            spectrum = np.fft.fft(rows, self.height, axis=0).astype(complexes)
            self.spectra.clear()  # a plan serves images of all sizes, and a spectrum is large
            self.spectra[n] = spectrum
        return spectrum


def fast_length(least: int) -> int:
    """Return the smallest 2^a·3^b·5^c, b ≤ 3 and c ≤ 2, that is at least ``least``.

    Fourier transforms of these lengths are fast: 6144 takes half the time of 6075.

    >>> [fast_length(n) for n in (7, 3062, 6062)]
    [8, 3072, 6144]
    """
    odd: list[int] = [5**c * 3**b for b, c in product(range(4), range(3))]
    return min(factor << max(-(-least // factor) - 1, 0).bit_length() for factor in odd)
