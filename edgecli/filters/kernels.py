"""Kernels of fixed weights, each derived from how it smooths and how it differentiates.

All are meant for cross-correlation. A derivative along x is an outer product
``smooth ⊗ difference``: the column vector smooths down the rows, the row vector differentiates
along the columns. The derivative along y is its transpose, which ``builtin.py`` makes. Weights keep
the scale of their source, as OpenCV's do; scikit-image divides each derivative by the sum of its
positive weights, and a magnitude of two by √2 as well.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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

COMPASS = ("e", "se", "s", "sw", "w", "nw", "n", "ne")
"""Directions in which brightness grows, clockwise from the right, 45° apart."""

RING = ((1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0), (0, 1), (0, 2))
"""Row and column of the outer weights of a 3×3 kernel, in the order of ``COMPASS``."""


def vertical() -> Kernel:
    """Respond to vertical edges: positive where bright is left of dark.

    ``[1 1 1] ⊗ [1 0 −1]``, the teaching example: Prewitt's derivative with the opposite sign.
    OpenCV: ``filter2D``; it has no function of that name.
    """
    return -prewitt_x()


def prewitt_x() -> Kernel:
    """Differentiate along x, ``[1 1 1] ⊗ [−1 0 1]``.

    J. M. S. Prewitt, "Object enhancement and extraction", in Picture Processing and
    Psychopictorics (1970). OpenCV: ``filter2D``; it has no function of that name.
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

    L. G. Roberts, Machine Perception of Three-Dimensional Solids, thesis, MIT (1963). OpenCV:
    ``filter2D``; it has no function of that name.
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
    differences: Kernel = np.outer(BOX, BOX) - 9 * np.outer(CENTRE, CENTRE)
    return differences


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
