"""The built-in filters: each kernel derived from what it smooths and what it differentiates.

All are meant for cross-correlation. A derivative along one axis is an outer product
``smooth ⊗ difference``: the column vector smooths down the rows, the row vector differentiates
along the columns. To add a filter, write a function that returns its kernel and a line in
``_ENTRIES``; lists, help and documents are made from there.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import FilterError
from edgecli.filters.bank import LARGEST_WEIGHTS, FilterBank
from edgecli.filters.origin import counted, parse_number, quoted

Kernel = NDArray[np.float64]
"""Weights ``(kH, kW)``, or those of several filters ``(n, kH, kW)``."""

DIFFERENCE = np.array([-1.0, 0.0, 1.0])  # central: positive where brightness grows
SECOND_DIFFERENCE = np.array([1.0, -2.0, 1.0])
CENTRE = np.array([0.0, 1.0, 0.0])
BOX = np.array([1.0, 1.0, 1.0])
BINOMIAL = np.array([1.0, 2.0, 1.0])
SCHARR = np.array([3.0, 10.0, 3.0])

TRUNCATE = 4.0  # standard deviations at which a Gaussian is cut, as SciPy's default
NARROWEST_LOG = 0.1  # pixels; below it the Gaussian at the next pixel is 0 in float64


@dataclass(frozen=True)
class Parameter:
    """A number that follows a filter's name: ``gaussian:2``."""

    name: str
    default: float
    meaning: str


@dataclass(frozen=True)
class BuiltinFilter:
    """A named filter, or several of one name; ``make`` takes the parameters and returns kernels.

    ``members`` names the filters where there are several.
    """

    name: str
    description: str
    make: Callable[..., Kernel]
    parameters: tuple[Parameter, ...] = ()
    members: tuple[str, ...] = ()

    @property
    def usage(self) -> str:
        """The name with its parameters: ``gaussian[:sigma]``."""
        return self.name + (
            f"[:{','.join(p.name for p in self.parameters)}]" * bool(self.parameters)
        )


def vertical() -> Kernel:
    """Vertical edges: positive where bright is left of dark.

    ``[1 1 1] ⊗ [1 0 −1]``, the teaching example: Prewitt's derivative with the opposite sign.
    OpenCV has it in ``filter2D`` alone.
    """
    return -prewitt_x()


def horizontal() -> Kernel:
    """Horizontal edges: positive where bright is above dark; the transpose of ``vertical``."""
    return vertical().T


def prewitt_x() -> Kernel:
    """Differentiate along x, ``[1 1 1] ⊗ [−1 0 1]``.

    J. M. S. Prewitt, "Object enhancement and extraction", in Picture Processing and
    Psychopictorics (1970). OpenCV: ``filter2D``; it has no function of that name.
    """
    return np.outer(BOX, DIFFERENCE)


def prewitt_y() -> Kernel:
    """Differentiate along y: the transpose of ``prewitt_x``."""
    return prewitt_x().T


def sobel_x() -> Kernel:
    """Differentiate along x, ``[1 2 1] ⊗ [−1 0 1]``.

    I. Sobel and G. Feldman, "A 3×3 isotropic gradient operator for image processing" (1968),
    printed in Duda and Hart, Pattern Classification and Scene Analysis (1973).
    OpenCV: ``Sobel(dx=1, dy=0, ksize=3)``.
    """
    return np.outer(BINOMIAL, DIFFERENCE)


def sobel_y() -> Kernel:
    """Differentiate along y: the transpose of ``sobel_x``; OpenCV: ``Sobel(dx=0, dy=1)``."""
    return sobel_x().T


def scharr_x() -> Kernel:
    """Differentiate along x, ``[3 10 3] ⊗ [−1 0 1]``, weights optimised for rotational symmetry.

    H. Scharr, Optimale Operatoren in der Digitalen Bildverarbeitung, thesis, Heidelberg (2000).
    OpenCV: ``Scharr(dx=1, dy=0)``.
    """
    return np.outer(SCHARR, DIFFERENCE)


def scharr_y() -> Kernel:
    """Differentiate along y: the transpose of ``scharr_x``; OpenCV: ``Scharr(dx=0, dy=1)``."""
    return scharr_x().T


def roberts_1() -> Kernel:
    """Difference along the main diagonal: positive where the upper left is the brighter.

    L. G. Roberts, Machine Perception of Three-Dimensional Solids, thesis, MIT (1963). OpenCV:
    ``filter2D``; it has no function of that name.
    """
    return np.diag([1.0, -1.0])


def roberts_2() -> Kernel:
    """Difference along the other diagonal: ``roberts_1`` mirrored left to right."""
    return np.fliplr(roberts_1())


def laplacian() -> Kernel:
    """∂²/∂x² + ∂²/∂y² by second differences: four neighbours less four times the centre.

    The five-point stencil of finite differences (Courant, Friedrichs and Lewy 1928).
    OpenCV: ``Laplacian(ksize=1)``.
    """
    along_x = np.outer(CENTRE, SECOND_DIFFERENCE)
    return along_x + along_x.T


def laplacian_8() -> Kernel:
    """Second differences along rows, columns and both diagonals: eight neighbours, centre −8.

    Gonzalez and Woods, Digital Image Processing, on sharpening with second derivatives.
    OpenCV: ``filter2D``; its ``Laplacian(ksize=3)`` is another kernel.
    """
    differences: Kernel = np.outer(BOX, BOX) - 9 * np.outer(CENTRE, CENTRE)
    return differences


def identity() -> Kernel:
    """Return each pixel as it is: 1 in the centre, as ``[0 1 0] ⊗ [0 1 0]``."""
    return np.outer(CENTRE, CENTRE)


def gaussian(sigma: float) -> Kernel:
    """Smooth by a Gaussian of standard deviation ``sigma`` pixels; the weights sum to 1.

    exp(−x²/2σ²) sampled at whole pixels to a radius of 4σ, rounded, and normalised; the kernel is
    its outer product with itself. SciPy: ``gaussian_filter`` with its default ``truncate=4``.
    OpenCV: ``getGaussianKernel``, ``GaussianBlur``.
    """
    smooth = _bell(sigma, _radius(sigma))
    return np.outer(smooth, smooth)


def log(sigma: float) -> Kernel:
    """Laplacian of a Gaussian of ``sigma`` pixels: changes sign at edges.

    D. Marr and E. Hildreth, "Theory of edge detection", Proc. R. Soc. Lond. B 207 (1980).
    ``g″ ⊗ g + g ⊗ g″`` for g of ``gaussian`` and g″ = (x² − σ²)/σ⁴ · g: that is
    (x² + y² − 2σ²)/σ⁴ times a Gaussian that sums to 1, not scaled by σ². The radius is 4σ,
    rounded, and at least 1. The mean is subtracted, so that the weights sum to 0 and a constant
    image gives 0. SciPy's ``gaussian_laplace`` is the same but for the mean; MATLAB's
    ``fspecial('log')`` subtracts it too. OpenCV: ``GaussianBlur``, then ``Laplacian``.
    """
    if 0 < sigma < NARROWEST_LOG:
        raise FilterError(f"sigma must be at least {NARROWEST_LOG}, not {sigma:g}")
    radius = max(_radius(sigma), 1)
    smooth = _bell(sigma, radius)
    x = np.arange(-radius, radius + 1)
    across = np.outer(smooth, (x**2 - sigma**2) / sigma**4 * smooth)
    kernel = across + across.T
    centred: Kernel = kernel - kernel.mean()
    return centred


def _bell(sigma: float, radius: int) -> Kernel:
    """Sample a Gaussian at −radius … radius and make it sum to 1."""
    samples = np.exp(-0.5 * np.square(np.arange(-radius, radius + 1) / sigma))
    bell: Kernel = samples / samples.sum()
    return bell


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


def _pair(first: Callable[[], Kernel], second: Callable[[], Kernel]) -> Callable[[], Kernel]:
    return lambda: np.stack([first(), second()])


def _sigma(default: float) -> tuple[Parameter, ...]:
    return (Parameter("sigma", default, "standard deviation in pixels"),)


_ENTRIES = (
    BuiltinFilter("vertical", "vertical edges, bright left of dark is positive", vertical),
    BuiltinFilter("horizontal", "horizontal edges, bright above dark is positive", horizontal),
    BuiltinFilter("prewitt-x", "derivative along x over a box", prewitt_x),
    BuiltinFilter("prewitt-y", "derivative along y over a box", prewitt_y),
    BuiltinFilter("sobel-x", "derivative along x, smoothed by 1 2 1", sobel_x),
    BuiltinFilter("sobel-y", "derivative along y, smoothed by 1 2 1", sobel_y),
    BuiltinFilter("scharr-x", "derivative along x, truest in direction", scharr_x),
    BuiltinFilter("scharr-y", "derivative along y, truest in direction", scharr_y),
    BuiltinFilter("roberts-1", "difference along the main diagonal, 2 × 2", roberts_1),
    BuiltinFilter("roberts-2", "difference along the other diagonal, 2 × 2", roberts_2),
    BuiltinFilter("laplacian", "second derivatives, four neighbours", laplacian),
    BuiltinFilter("laplacian-8", "second derivatives, eight neighbours", laplacian_8),
    BuiltinFilter("log", "Laplacian of a Gaussian", log, _sigma(1.4)),
    BuiltinFilter("gaussian", "smoothing that sums to 1", gaussian, _sigma(1.0)),
    BuiltinFilter("identity", "every pixel as it is", identity),
    BuiltinFilter(
        "sobel", "both Sobel derivatives", _pair(sobel_x, sobel_y), members=("sobel-x", "sobel-y")
    ),
    BuiltinFilter(
        "prewitt",
        "both Prewitt derivatives",
        _pair(prewitt_x, prewitt_y),
        members=("prewitt-x", "prewitt-y"),
    ),
    BuiltinFilter(
        "scharr",
        "both Scharr derivatives",
        _pair(scharr_x, scharr_y),
        members=("scharr-x", "scharr-y"),
    ),
    BuiltinFilter(
        "roberts",
        "both Roberts differences",
        _pair(roberts_1, roberts_2),
        members=("roberts-1", "roberts-2"),
    ),
)

BUILTIN_FILTERS = {entry.name: entry for entry in _ENTRIES}
"""Every built-in filter by its name, in the order in which lists show them."""


def is_builtin(spec: str) -> bool:
    """Whether the part before any ``:`` is a built-in name."""
    return spec.partition(":")[0] in BUILTIN_FILTERS


def builtin_filter(spec: str) -> FilterBank:
    """Make a built-in filter from ``name`` or ``name:parameter,parameter``.

    Parameters left out take their defaults. FilterError where the name is unknown (with the
    nearest one that is known) or a parameter cannot be used.

    >>> builtin_filter("sobel").names
    ('sobel-x', 'sobel-y')
    >>> builtin_filter("gaussian:2").kernel_size
    (17, 17)
    """
    name, colon, given = spec.partition(":")
    if name not in BUILTIN_FILTERS:
        raise FilterError(f"filter {quoted(spec)} is unknown; {suggestion(name)}")
    entry = BUILTIN_FILTERS[name]
    try:
        values = _parameters(entry, given.split(",") if colon else [])
        kernels = entry.make(*values)
    except FilterError as error:
        raise FilterError(f"filter {quoted(spec)}: {error}") from error
    names = entry.members or (_canonical(name, values if colon else []),)
    return FilterBank(kernels.reshape(len(names), 1, *kernels.shape[-2:]), names=names)


def suggestion(name: str) -> str:
    """Say what a mistaken name may have meant."""
    close = difflib.get_close_matches(name.lower(), BUILTIN_FILTERS, 1)
    if close:
        return f"did you mean {close[0]!r}?"
    return "'edgecli filters list' shows the built-in ones"


def _parameters(entry: BuiltinFilter, given: list[str]) -> list[float]:
    """Return a value for each parameter: those given, then the defaults of the rest."""
    if len(given) > len(entry.parameters):
        raise FilterError(
            f"{counted(len(given), 'parameter')} after the colon where there are "
            f"{len(entry.parameters) or 'none'}; write {entry.usage}"
        )
    rest = entry.parameters[len(given) :]
    values = [parse_number(text.strip(), f"write {entry.usage}") for text in given]
    return values + [parameter.default for parameter in rest]


def _canonical(name: str, values: list[float]) -> str:
    """Write the parameters in one way: ``gaussian:2.0`` and ``gaussian:2`` are one filter."""
    return name + ":" * bool(values) + ",".join(repr(v).removesuffix(".0") for v in values)
