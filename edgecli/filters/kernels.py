"""The kernels of the built-in filters, each derived from how it smooths and how it differentiates.

All are meant for cross-correlation. A derivative along x is an outer product
``smooth ⊗ difference`` of a column and a row; that along y is its transpose, which ``builtin.py``
makes. Weights keep the scale of their source, as OpenCV's do; scikit-image divides each derivative
by the sum of its positive weights, and a magnitude of two by √2 as well. Gaussians are sampled at
whole pixels to a radius of 4σ, rounded, as SciPy's are by default.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import FilterError
from edgecli.filters.bank import LARGEST_WEIGHTS

Kernel = NDArray[np.float64]
"""Weights ``(kH, kW)``, or those of several filters ``(n, kH, kW)``."""

DIFFERENCE = np.array([-1.0, 0.0, 1.0])  # central: positive where brightness grows
SECOND_DIFFERENCE = np.array([1.0, -2.0, 1.0])
CENTRE = np.array([0.0, 1.0, 0.0])
BOX = np.array([1.0, 1.0, 1.0])
BINOMIAL = np.array([1.0, 2.0, 1.0])
SCHARR = np.array([3.0, 10.0, 3.0])

FARID_SMOOTH = np.array([0.037659, 0.249153, 0.426375, 0.249153, 0.037659])
FARID_DIFFERENCE = np.array([-0.109604, -0.276691, 0.0, 0.276691, 0.109604])

# Directions in which brightness grows, clockwise from the right, and the places of their weights.
COMPASS = ("e", "se", "s", "sw", "w", "nw", "n", "ne")
RING = ((1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0), (0, 1), (0, 2))

TRUNCATE = 4.0  # standard deviations at which a Gaussian is cut, as SciPy's default
NARROWEST = 0.1  # pixels; below it the Gaussian at the next pixel is 0 in float64

DOG_RATIO = 1.6  # of the two standard deviations: the closest to a Laplacian of a Gaussian

GABOR_SIGMA = 0.56  # wavelengths: a bandwidth of one octave
GABOR_ASPECT = 0.5
GABOR_TRUNCATE = 3.0  # standard deviations
GABOR_SHORTEST = 2.0  # pixels: the shortest wave that pixels can hold


# --- fixed weights --------------------------------------------------------------------------------


def vertical() -> Kernel:
    """Return ``[1 1 1] ⊗ [1 0 −1]``, positive where bright is left of dark: the one in lessons."""
    return -prewitt_x()


def prewitt_x() -> Kernel:
    """Differentiate along x, ``[1 1 1] ⊗ [−1 0 1]``.

    J. M. S. Prewitt, "Object enhancement and extraction", in Picture Processing and
    Psychopictorics (1970). OpenCV: ``filter2D``, as for all kernels of which none is named here.
    """
    return np.outer(BOX, DIFFERENCE)


def sobel_x() -> Kernel:
    """Differentiate along x, ``[1 2 1] ⊗ [−1 0 1]``.

    I. Sobel and G. Feldman, "A 3×3 isotropic gradient operator for image processing" (1968),
    printed in Duda and Hart, Pattern Classification and Scene Analysis (1973).
    OpenCV: ``Sobel(dx=1, dy=0, ksize=3)``.
    """
    return np.outer(BINOMIAL, DIFFERENCE)


def scharr_x() -> Kernel:
    """Differentiate along x, ``[3 10 3] ⊗ [−1 0 1]``, weights optimised for rotational symmetry.

    H. Scharr, Optimale Operatoren in der Digitalen Bildverarbeitung, thesis, Heidelberg (2000).
    OpenCV: ``Scharr(dx=1, dy=0)``.
    """
    return np.outer(SCHARR, DIFFERENCE)


def roberts_1() -> Kernel:
    """Take the difference along the main diagonal: positive where the upper left is brighter.

    L. G. Roberts, Machine Perception of Three-Dimensional Solids, thesis, MIT (1963).
    """
    return np.diag([1.0, -1.0])


def roberts_2() -> Kernel:
    """Take the difference along the other diagonal: ``roberts_1`` mirrored left to right."""
    return np.fliplr(roberts_1())


def laplacian() -> Kernel:
    """Add ∂²/∂x² and ∂²/∂y² as second differences: four neighbours less four times the centre.

    The five-point stencil of finite differences (Courant, Friedrichs and Lewy 1928).
    OpenCV: ``Laplacian(ksize=1)``.
    """
    along_x = np.outer(CENTRE, SECOND_DIFFERENCE)
    return along_x + along_x.T


def laplacian_8() -> Kernel:
    """Add second differences along rows, columns and diagonals: eight neighbours, centre −8.

    Gonzalez and Woods, Digital Image Processing, on sharpening with second derivatives.
    OpenCV: ``filter2D``; its ``Laplacian(ksize=3)`` is another kernel.
    """
    return np.asarray(np.outer(BOX, BOX) - 9 * identity())


def identity() -> Kernel:
    """Return each pixel as it is: 1 in the centre, as ``[0 1 0] ⊗ [0 1 0]``."""
    return np.outer(CENTRE, CENTRE)


def farid_x() -> Kernel:
    """Differentiate along x over 5×5, weights optimised for the gradient's direction.

    H. Farid and E. P. Simoncelli, "Differentiation of discrete multidimensional signals", IEEE
    Transactions on Image Processing 13 (2004), 5-tap filters. A slope of 1 per pixel gives 0.992.
    OpenCV: ``sepFilter2D``; scikit-image: ``farid_v``, of the same weights, not divided.
    """
    return np.outer(FARID_SMOOTH, FARID_DIFFERENCE)


def kirsch() -> Kernel:
    """Return eight kernels, 5 towards a direction of the compass and −3 away from it.

    R. Kirsch, "Computer determination of the constituent structure of biological images",
    Computers and Biomedical Research 4 (1971). A step of height h gives 15 h. OpenCV:
    ``filter2D``, eight times; scikit-image has none.
    """
    return _compass((5, 5, -3, -3, -3, -3, -3, 5))


def robinson() -> Kernel:
    """Return Sobel's derivative turned through the eight directions of the compass.

    G. S. Robinson, "Edge detection by compass gradient masks", Computer Graphics and Image
    Processing 6 (1977). A step of height h gives 4 h. OpenCV: ``filter2D``, eight times;
    scikit-image has none.
    """
    return _compass((2, 1, 0, -1, -2, -1, 0, 1))


def _compass(ring: tuple[int, ...]) -> Kernel:
    """Turn the outer weights of a 3×3 kernel by steps of 45°; ``ring`` begins at the right."""
    kernels = np.zeros((len(COMPASS), 3, 3))
    rows, cols = np.transpose(RING)
    for turn, kernel in enumerate(kernels):
        kernel[rows, cols] = np.roll(ring, turn)
    return kernels


# --- Gaussians of a standard deviation in pixels --------------------------------------------------


def gaussian(sigma: float) -> Kernel:
    """Smooth by a Gaussian of standard deviation ``sigma`` pixels; the weights sum to 1.

    exp(−x²/2σ²) sampled at whole pixels to a radius of 4σ, rounded, and normalised; the kernel is
    its outer product with itself. SciPy: ``gaussian_filter`` with its default ``truncate=4``.
    OpenCV: ``getGaussianKernel``, ``GaussianBlur``.
    """
    smooth = _bell(sigma, _radius(sigma))
    return np.outer(smooth, smooth)


def log(sigma: float) -> Kernel:
    """Return the Laplacian of a Gaussian of ``sigma`` pixels, which changes sign at edges.

    D. Marr and E. Hildreth, "Theory of edge detection", Proc. R. Soc. Lond. B 207 (1980).
    ``g″ ⊗ g + g ⊗ g″`` for g of ``gaussian`` and g″ = (x² − σ²)/σ⁴ · g: that is
    (x² + y² − 2σ²)/σ⁴ times a Gaussian that sums to 1, not scaled by σ². The mean is subtracted, so
    that a constant image gives 0. SciPy's ``gaussian_laplace`` is the same except for the mean;
    MATLAB's ``fspecial('log')`` subtracts it too. OpenCV: ``GaussianBlur``, then ``Laplacian``.
    """
    x, smooth = _wide_bell(sigma)
    across = np.outer(smooth, (x**2 - sigma**2) / sigma**4 * smooth)
    kernel = across + across.T
    return np.asarray(kernel - kernel.mean())


def dog(narrow: float, wide: float) -> Kernel:
    """Return a Gaussian of ``narrow`` pixels less one of ``wide``: it changes sign at edges.

    A ``wide`` of 0 stands for 1.6 times ``narrow``, which is closest to ``log`` (D. Marr and
    E. Hildreth, 1980). The sign is the opposite of ``log``'s: positive on a bright point.
    scikit-image: ``difference_of_gaussians``, of the same scale. OpenCV: two of ``GaussianBlur``.
    """
    inner = _radius(narrow)
    wide = wide or DOG_RATIO * narrow
    outer = _radius(wide)
    if wide <= narrow:
        raise FilterError(f"sigma2 must be larger than sigma1, not {wide:g} after {narrow:g}")
    return np.asarray(np.pad(gaussian(narrow), outer - inner) - gaussian(wide))


def gradient_x(sigma: float) -> Kernel:
    """Differentiate a Gaussian-smoothed image along x, in levels per pixel.

    ``g ⊗ g′`` with g of ``gaussian`` and g′ = x/σ² · g: a slope of 1 per pixel gives 1, and a step
    of height h about h/(σ √2π). SciPy: ``gaussian_filter(order=(0, 1))``; OpenCV: ``sepFilter2D``.
    """
    x, smooth = _wide_bell(sigma)
    return np.outer(smooth, x / sigma**2 * smooth)


def canny(sigma: float) -> Kernel:
    """Return Sobel's pair over an image smoothed by ``gaussian``; σ = 0 does not smooth.

    J. Canny, "A computational approach to edge detection", IEEE Transactions on Pattern Analysis
    and Machine Intelligence 8 (1986). Smoothing and derivative are convolved into one kernel. A
    step of height h gives 4 h, and less the more it is smoothed: the units of the thresholds of
    OpenCV's ``Canny(L2gradient=True)`` after ``GaussianBlur``. scikit-image's ``canny`` smooths,
    then takes ``sobel`` of an image of 0 … 1, a quarter of Sobel's weights.
    """
    bell = np.ones(1) if sigma == 0 else _bell(sigma, _radius(sigma))
    along_x = np.outer(np.convolve(BINOMIAL, bell), np.convolve(DIFFERENCE, bell))
    return np.stack([along_x, along_x.T])


def gabor(wavelength: float, *angles: float) -> Kernel:
    """Return odd waves under a Gaussian, one for each angle; they respond to edges.

    D. Gabor (1946); in this form Kruizinga and Petkov, "Nonlinear operator for oriented texture",
    IEEE Transactions on Image Processing 8 (1999): exp(−(u² + γ²v²)/2σ²) · sin(2πu/λ), u along the
    angle and v across it, for σ = 0.56 λ (a bandwidth of one octave) and γ = 0.5, cut at 3σ.
    ``wavelength`` λ is in pixels. Brightness grows along each of ``angles``, in degrees: 0 is to
    the right, 90 downward. The positive weights sum to 1; a step of height h gives 0.4 h, with
    weaker lines half a wave to each side.
    OpenCV: ``getGaborKernel(ksize, 0.56 λ, θ, λ, 0.5, −π/2)``, not scaled; scikit-image:
    the imaginary part of ``gabor_kernel``.
    """
    if not wavelength >= GABOR_SHORTEST:
        raise FilterError(
            f"wavelength must be at least {GABOR_SHORTEST:g} pixels, not {wavelength:g}"
        )
    sigma = GABOR_SIGMA * wavelength
    radius = _radius(sigma / GABOR_ASPECT * GABOR_TRUNCATE / TRUNCATE)
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float64)
    waves = []
    for angle in np.radians(angles):
        u, v = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
        bell = np.exp(-(u**2 + (GABOR_ASPECT * v) ** 2) / (2 * sigma**2))
        wave = bell * np.sin(2 * math.pi * u / wavelength)
        odd = (wave - wave[::-1, ::-1]) / 2  # to the bit, so that a constant gives exactly 0
        waves.append(odd / odd.clip(0).sum())
    return np.stack(waves)


def _bell(sigma: float, radius: int) -> Kernel:
    """Sample a Gaussian at −radius … radius and make it sum to 1."""
    samples = np.exp(-0.5 * np.square(np.arange(-radius, radius + 1) / sigma))
    return np.asarray(samples / samples.sum())


def _wide_bell(sigma: float) -> tuple[NDArray[np.int_], Kernel]:
    """Return pixels from the centre and a Gaussian there, wide enough to be differentiated."""
    if 0 < sigma < NARROWEST:
        raise FilterError(f"sigma must be at least {NARROWEST}, not {sigma:g}")
    radius = max(_radius(sigma), 1)
    return np.arange(-radius, radius + 1), _bell(sigma, radius)


def _radius(sigma: float) -> int:
    """Return 4σ rounded, in pixels; FilterError before a kernel passes the limit of weights."""
    if not sigma > 0:
        raise FilterError(f"sigma must be positive, not {sigma:g}")
    largest = (math.isqrt(LARGEST_WEIGHTS) - 1) // 2
    reach = TRUNCATE * sigma + 0.5
    if reach >= largest + 1:
        raise FilterError(
            f"sigma {sigma:g} needs a kernel over the limit of 1 GiB of weights; "
            f"use a sigma up to {int(largest / TRUNCATE)}"
        )
    return int(reach)
