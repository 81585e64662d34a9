"""Operators: named filters and how their feature maps combine into one edge map.

Combining takes a norm of the filters' responses at each pixel: ``magnitude`` the Euclidean one,
``sum`` the sum of absolute values, ``max`` the largest absolute value. ``direction`` keeps the
norm as the strength of an edge and shows where it points, which ``gradients.py`` works out.

The most that a step of height h gives, and the factors by which the same operators of other
libraries are multiplied to give the same (scikit-image scales 8 bits to 0 … 1):

    operator     a step gives     OpenCV                              scikit-image
    sobel        4 h              1, magnitude of Sobel's pair        255 · 4 · √2
    prewitt      3 h              1, filter2D                         255 · 3 · √2
    scharr       16 h             1, magnitude of Scharr's pair       255 · 16 · √2
    roberts      √2 h             1, filter2D                         255 · √2
    farid        0.39 h           1, sepFilter2D                      255 · √2
    gradient:σ   0.4 h / σ        1, sepFilter2D                      none (SciPy: 1)
    kirsch       15 h             1, filter2D, the largest of eight   none
    robinson     4 h              1, filter2D, the largest of eight   none
    gabor:λ,θ…   0.4 h            1 / Σ positive weights              1 / Σ positive weights
    canny:σ      4 h; 1.5 h at 2  1, GaussianBlur and Canny           4, thresholds in levels
    laplacian    h                1, Laplacian(ksize=1)               255, laplace, sign turned
    log:σ        0.24 h / σ²      GaussianBlur and Laplacian          none (SciPy: 1)
    dog:σ        0.11 h           two of GaussianBlur                 255, difference_of_gaussians

``contours`` is a recipe, not a norm: it gives 0 to 1, by how much a line stands out from its
surroundings. Networks give 0 to 1 as well, by how certain they are of an edge.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from edgecli.conv.norms import NORMS, norm_dtype
from edgecli.filters import RECIPES, FilterBank, concatenate, load_filter
from edgecli.filters.files import without_folder
from edgecli.geometry import middle
from edgecli.records import dataclass, replace

COMBINATIONS = ("none", *NORMS, "direction")

OPERATORS = dict.fromkeys(
    ("sobel", "prewitt", "scharr", "roberts", "farid", "gradient", "canny"), "magnitude"
) | dict.fromkeys(("kirsch", "robinson", "gabor"), "max")
"""Built-in banks whose filters belong together, and how their maps combine."""

LINKED = ("canny",)
"""Operators whose edges are thinned and linked by hysteresis unless told otherwise."""


@dataclass(frozen=True)
class Operator:
    """A bank, its name, and how its feature maps combine.

    ``linked`` edges are one pixel wide and connected: Canny's. An operator with a ``recipe`` is not
    a sliding bank: the recipe's banks and other steps make its one map, and ``bank`` is the finest
    of them. Nor is one with a ``network`` (name or file), whose map ``bank`` leaves unchanged.
    """

    name: str
    bank: FilterBank
    combine: str = "none"
    linked: bool = False
    recipe: tuple[FilterBank, ...] = ()
    network: str | None = None
    spec: str = ""  # what it was loaded by, but for a file's folder

    @property
    def slides(self) -> bool:
        """Whether the operator is just its bank, slid over the image."""
        return not self.recipe and self.network is None


@dataclass(frozen=True)
class EdgeMap:
    """One edge map: the responses ``[start, stop)`` of the bank, combined by a norm or alone."""

    name: str
    start: int
    stop: int
    combine: str
    direction: bool = False  # also shows where edges point
    linked: bool = False
    thin: bool = False  # already lines one pixel wide
    soft: bool = False  # edges are ridges, not the responses of derivatives

    @property
    def count(self) -> int:
        """Return the number of filters; the strength of a single one is signed."""
        return self.stop - self.start

    def strength_type(self, responses: np.dtype[Any]) -> np.dtype[Any]:
        """Return the type of the map's strengths, given that of the responses."""
        return norm_dtype(self.combine, self.count, responses)


def load_operator(spec: str) -> Operator:
    """Load a built-in operator, or any filter as an operator that combines nothing.

    A file ``NAME.toml`` is taken for a network, and is read only when laid over an image.

    >>> load_operator("sobel").combine, load_operator("vertical").combine
    ('magnitude', 'none')
    """
    return replace(_load_operator(spec), spec=without_folder(spec))


def _load_operator(spec: str) -> Operator:
    if spec.endswith(".toml") or (spec in RECIPES and RECIPES[spec].network):
        name = os.path.basename(spec).removesuffix(".toml")
        return Operator(name, FilterBank([[[[1]]]], names=[name]), network=spec)
    if spec in RECIPES:
        banks = contour_banks()
        return Operator(spec, banks[0], recipe=banks)
    bank = load_filter(spec)
    family = spec.partition(":")[0]
    if family not in OPERATORS or len(bank) == 1:
        return Operator(bank.names[0], bank)
    name = "".join(spec.split())
    return Operator(name, bank, OPERATORS[family], family in LINKED)


def load_operators(specs: Sequence[str]) -> tuple[Operator, ...]:
    """Load operators; those of one name are numbered, as two inline filters are.

    >>> [operator.name for operator in load_operators(["1 0 -1", "1; 0; -1"])]
    ['custom', 'custom-2']
    """
    seen = Counter[str]()
    operators = []
    for operator in map(load_operator, specs):
        seen[operator.name] += 1
        operators.append(_numbered(operator, seen[operator.name]))
    return tuple(operators)


def _numbered(operator: Operator, number: int) -> Operator:
    """Return an operator whose names, and those of its filters, end in a number from 2 up."""
    if number == 1:
        return operator
    bank = operator.bank
    names = [f"{name}-{number}" for name in bank.names]
    bank = FilterBank(bank.weight, bank.bias if bank.has_bias else None, names)
    return replace(operator, name=f"{operator.name}-{number}", bank=bank)


def contour_banks() -> tuple[FilterBank, ...]:
    """Return the filters of contours: derivatives at each scale, then those for surroundings.

    These last two, fine derivatives and a mean, slide over the picture at half size.
    """
    from edgecli.operators.contours import FINE_SCALE, SCALES, SHRINK, SURROUND

    specs = [f"gradient:{sigma}" for sigma in (*SCALES, FINE_SCALE)]
    return tuple(load_filter(spec) for spec in [*specs, f"gaussian:{SURROUND / SHRINK}"])


def edge_maps(operators: Sequence[Operator], combine: str | None) -> tuple[EdgeMap, ...]:
    """List the edge maps of operators whose banks are joined, in order, into one bank.

    ``combine`` overrides each operator's own: anything but ``none`` makes one map of them all.
    """
    if combine not in (None, "none"):
        return (_one_map(operators, str(combine)),)
    maps: list[EdgeMap] = []
    start = 0
    for operator in operators:
        how = combine or operator.combine
        stop = start + len(operator.bank)
        if not operator.slides:
            thin, soft = bool(operator.recipe), operator.network is not None
            maps.append(EdgeMap(operator.name, start, start + 1, "none", thin=thin, soft=soft))
        elif how == "none":
            named = zip(operator.bank.names, range(start, stop), strict=True)
            maps += [EdgeMap(name, n, n + 1, "none") for name, n in named]
        else:
            maps.append(EdgeMap(operator.name, start, stop, how, linked=operator.linked))
        start = stop
    return tuple(maps)


def _one_map(operators: Sequence[Operator], combine: str) -> EdgeMap:
    total = sum(len(operator.bank) for operator in operators)
    name = "-".join(operator.name for operator in operators)
    linked = all(operator.linked for operator in operators)
    if combine != "direction":
        return EdgeMap(name, 0, total, combine, linked=linked)
    own = operators[0].combine if len(operators) == 1 else "none"
    norm = own if own in NORMS else "magnitude"
    return EdgeMap(f"{name}-direction", 0, total, norm, True, linked)


def merge_banks(banks: Sequence[FilterBank]) -> FilterBank:
    """Join banks into one, so that all filters slide together and their maps line up.

    Smaller kernels are padded to the largest kernel's size with zeros, which cost nothing.
    """
    size = tuple(max(bank.kernel_size[axis] for bank in banks) for axis in (0, 1))
    return concatenate([_centred(bank, (size[0], size[1])) for bank in banks])


def _centred(bank: FilterBank, size: tuple[int, int]) -> FilterBank:
    if bank.kernel_size == size:
        return bank
    taps = map(middle, bank.kernel_size, size)
    bias = bank.bias if bank.has_bias else None
    return FilterBank(np.pad(bank.weight, ((0, 0), (0, 0), *taps)), bias, bank.names)


def response_bounds(
    bank: FilterBank, darkest: float, brightest: float, activation: str = "none"
) -> tuple[float, ...]:
    """Return the largest absolute response of each filter to pixels of darkest … brightest.

    A filter reaches it where every positive weight sees one of the two and every negative weight
    the other; the bias is added. No activation enlarges a response, but a sigmoid comes near 1
    whatever it is of.

    >>> response_bounds(load_filter("vertical"), 0, 255)
    (765.0,)
    """
    positive = np.clip(bank.weight, 0, None).sum(axis=(1, 2, 3))
    negative = np.clip(bank.weight, None, 0).sum(axis=(1, 2, 3))
    upper = positive * brightest + negative * darkest + bank.bias
    lower = positive * darkest + negative * brightest + bank.bias
    bounds = np.maximum(np.abs(upper), np.abs(lower))
    if activation == "sigmoid":
        bounds = np.maximum(bounds, 1.0)
    return tuple(bounds.tolist())


def largest_strength(edge_map: EdgeMap, bounds: Sequence[float]) -> float:
    """Return the largest strength of a map: the norm of its filters' bounds.

    >>> largest_strength(EdgeMap("both", 0, 2, "magnitude"), (3.0, 4.0))
    5.0
    """
    own = np.array(bounds[edge_map.start : edge_map.stop])
    match edge_map.combine:
        case "magnitude":
            return float(np.sqrt(np.square(own).sum()))
        case "sum":
            return float(own.sum())
        case _:
            return float(own.max())
