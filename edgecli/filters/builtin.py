"""The built-in filters by name. Their kernels are derived in ``kernels.py``.

To add a filter, write a function that returns its kernel and a line in ``_SINGLE`` or
``_SEVERAL``; lists and help follow from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from edgecli.errors import FilterError
from edgecli.filters import kernels
from edgecli.filters.bank import FilterBank
from edgecli.filters.kernels import Kernel
from edgecli.filters.origin import counted, parse_number, quoted
from edgecli.records import dataclass, field


@dataclass(frozen=True)
class BuiltinFilter:
    """A named filter, or several of one name; ``make`` takes the parameters and returns kernels.

    ``parameters`` gives their defaults by name, ``members`` the names of several filters. A filter
    with default ``angles`` takes any number of angles after its parameters, and makes a filter of
    each.
    """

    name: str
    description: str
    make: Callable[..., Kernel]
    parameters: Mapping[str, float] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    angles: tuple[float, ...] = ()

    @property
    def usage(self) -> str:
        """The name with its parameters: ``gaussian[:sigma]``."""
        names = [*self.parameters] + ["angle…"] * bool(self.angles)
        return self.name + f"[:{','.join(names)}]" * bool(names)

    def names(self, given: Sequence[float], values: Sequence[float]) -> tuple[str, ...]:
        """Name the filters that ``values`` make, of which ``given`` were written."""
        if self.angles:
            first = len(self.parameters)
            return tuple(_canonical(self.name, [*values[:first], a]) for a in values[first:])
        return tuple(_canonical(member, given) for member in self.members or (self.name,))


@dataclass(frozen=True)
class Recipe:
    """A named edge map that no single bank makes, and how it is made, in words."""

    description: str
    steps: str
    network: bool = False  # whether the package has a network of this name


def _both_axes(
    name: str, description: str, make: Callable[..., Kernel], **parameters: float
) -> tuple[BuiltinFilter, BuiltinFilter]:
    """Return a derivative along x and, as its transpose, that along y."""
    return (
        BuiltinFilter(f"{name}-x", description.format("x"), make, parameters),
        BuiltinFilter(f"{name}-y", description.format("y"), lambda *v: make(*v).T, parameters),
    )


_SINGLE = (
    BuiltinFilter("vertical", "vertical edges, bright left of dark is positive", kernels.vertical),
    BuiltinFilter(
        "horizontal",
        "horizontal edges, bright above dark is positive",
        lambda: kernels.vertical().T,
    ),
    *_both_axes("prewitt", "derivative along {} over a box", kernels.prewitt_x),
    *_both_axes("sobel", "derivative along {}, smoothed by 1 2 1", kernels.sobel_x),
    *_both_axes("scharr", "derivative along {}, truest in direction", kernels.scharr_x),
    *_both_axes("farid", "derivative along {} over 5 × 5", kernels.farid_x),
    BuiltinFilter("roberts-1", "difference along the main diagonal, 2 × 2", kernels.roberts_1),
    BuiltinFilter("roberts-2", "difference along the other diagonal, 2 × 2", kernels.roberts_2),
    BuiltinFilter("laplacian", "second derivatives, four neighbours", kernels.laplacian),
    BuiltinFilter("laplacian-8", "second derivatives, eight neighbours", kernels.laplacian_8),
    *_both_axes("gradient", "derivative of a Gaussian along {}", kernels.gradient_x, sigma=1.0),
    BuiltinFilter("log", "Laplacian of a Gaussian", kernels.log, {"sigma": 1.4}),
    BuiltinFilter(
        "dog", "difference of two Gaussians", kernels.dog, {"sigma1": 1.0, "sigma2": 0.0}
    ),
    BuiltinFilter("gaussian", "smoothing that sums to 1", kernels.gaussian, {"sigma": 1.0}),
    BuiltinFilter("identity", "every pixel as it is", kernels.identity),
)


def _pair(name: str, description: str, *members: str) -> BuiltinFilter:
    """Return two filters under one name; they share their parameters."""
    pair = [entry for entry in _SINGLE if entry.name in members]

    def make(*values: float) -> Kernel:
        return np.stack([entry.make(*values) for entry in pair])

    return BuiltinFilter(name, description, make, pair[0].parameters, members)


def _compass(name: str, description: str, make: Callable[[], Kernel]) -> BuiltinFilter:
    members = tuple(f"{name}-{side}" for side in kernels.COMPASS)
    return BuiltinFilter(name, description, make, members=members)


_SEVERAL = (
    _pair("sobel", "both Sobel derivatives", "sobel-x", "sobel-y"),
    _pair("prewitt", "both Prewitt derivatives", "prewitt-x", "prewitt-y"),
    _pair("scharr", "both Scharr derivatives", "scharr-x", "scharr-y"),
    _pair("roberts", "both Roberts differences", "roberts-1", "roberts-2"),
    _pair("farid", "both derivatives of Farid and Simoncelli", "farid-x", "farid-y"),
    _pair("gradient", "both derivatives of a Gaussian", "gradient-x", "gradient-y"),
    _compass("kirsch", "steps in eight directions of the compass", kernels.kirsch),
    _compass("robinson", "Sobel's derivative in eight directions", kernels.robinson),
    BuiltinFilter(
        "gabor",
        "waves under a Gaussian, at angles in degrees",
        kernels.gabor,
        {"wavelength": 6.0},
        angles=(0.0, 45.0, 90.0, 135.0),
    ),
    BuiltinFilter(
        "canny",
        "Sobel's derivatives of a smoothed image",
        kernels.canny,
        {"sigma": 1.4},
        members=("canny-x", "canny-y"),
    ),
)

BUILTIN_FILTERS = {entry.name: entry for entry in (*_SINGLE, *_SEVERAL)}
"""Every built-in filter by its name, in the order in which lists show them."""

RECIPES = {
    "contours": Recipe(
        "outlines of things rather than texture, thin, from colour at three scales",
        "geometric mean of the colour gradients at three scales, thinned, against the mean of "
        "fine ones around it: the last two, which slide over the picture at half its size",
    ),
    "learned": Recipe(
        "outlines that a network of 100,000 numbers learned, softly; thin with --thin",
        "what the last layer gives, 0 to 1: how sure the network is of an edge",
        network=True,
    ),
    "learned-small": Recipe(
        "the same by a network of 20,000 numbers, in half the time",
        "what the last layer gives, 0 to 1: how sure the network is of an edge",
        network=True,
    ),
}
"""Edge maps that ``detect`` makes of several banks and other steps, by their names."""


def is_builtin(spec: str) -> bool:
    """Return whether the part before any ``:`` is a built-in name."""
    return spec.partition(":")[0] in {*BUILTIN_FILTERS, *RECIPES}


def builtin_filter(spec: str) -> FilterBank:
    """Make a built-in filter from ``name`` or ``name:parameter,parameter``.

    Parameters left out take their defaults. FilterError where a parameter cannot be used, or the
    name is unknown; the message has the nearest known one.

    >>> builtin_filter("sobel").names
    ('sobel-x', 'sobel-y')
    >>> builtin_filter("gaussian:2").kernel_size
    (17, 17)
    """
    name, colon, text = spec.partition(":")
    if name in RECIPES:
        raise FilterError(_no_bank(name, spec))
    if name not in BUILTIN_FILTERS:
        raise FilterError(f"filter {quoted(spec)} is unknown; {suggestion(name)}")
    entry = BUILTIN_FILTERS[name]
    try:
        given = _parse_parameters(entry, text.split(",") if colon else [])
        values = _filled(entry, given)
        weights = entry.make(*values)
    except FilterError as error:
        raise FilterError(f"filter {quoted(spec)}: {error}") from error
    names = entry.names(given, values)
    return FilterBank(weights.reshape(len(names), 1, *weights.shape[-2:]), names=names)


def suggestion(name: str) -> str:
    """Return advice on a mistaken name: the nearest known one, or where to find all.

    >>> suggestion("sobel,canny"), suggestion("sobbel")
    ('give each its own: -f sobel -f canny', "did you mean 'sobel'?")
    """
    import difflib  # only mistakes need it

    known, parts = [*BUILTIN_FILTERS, *RECIPES], name.split(",")
    if len(parts) > 1 and all(part in known for part in parts):
        return f"give each its own: {' '.join(f'-f {part}' for part in parts)}"
    close = difflib.get_close_matches(name.lower(), known, 1)
    if close:
        return f"did you mean {close[0]!r}?"
    return "'edgecli filters list' shows the built-in ones"


def _no_bank(name: str, spec: str) -> str:
    """Return why no bank stands for a recipe."""
    if spec != name:
        return f"filter {quoted(spec)}: {name} takes no parameters; write {name}"
    if RECIPES[name].network:
        return (
            f"filter {name!r} is a network, no one bank; "
            f"use it in detect, or 'edgecli network summary {name}' to see its layers"
        )
    return (
        f"filter {name!r} is made of several banks and other steps, so it is no one bank; "
        f"use it in detect, or 'edgecli filters show {name}' to see what it is made of"
    )


def _parse_parameters(entry: BuiltinFilter, given: list[str]) -> list[float]:
    if len(given) > len(entry.parameters) and not entry.angles:
        raise FilterError(
            f"{counted(len(given), 'parameter')} after the colon where there are "
            f"{len(entry.parameters) or 'none'}; write {entry.usage}"
        )
    return [parse_number(text.strip(), f"write {entry.usage}") for text in given]


def _filled(entry: BuiltinFilter, given: list[float]) -> list[float]:
    """Return a value for each parameter: those given, then the defaults of the rest."""
    defaults = [*entry.parameters.values()][len(given) :]
    angles = entry.angles if len(given) <= len(entry.parameters) else ()
    return [*given, *defaults, *angles]


def _canonical(name: str, values: Sequence[float]) -> str:
    """Write the parameters in one way: ``gaussian:2.0`` and ``gaussian:2`` are one filter."""
    return name + ":" * bool(values) + ",".join(repr(v).removesuffix(".0") for v in values)
