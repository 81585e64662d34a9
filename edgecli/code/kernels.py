"""Filters in NumPy's words: rows of numbers, or the formula of a Gaussian."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from edgecli.filters.builtin import BUILTIN_FILTERS

WIDTH = 88
"""Characters of a line: what formatters of Python give."""

MOST_WEIGHTS = 200
"""Numbers that are still read by anyone: eight kernels of 5×5."""

_FORMULAS = {
    "gaussian": "np.outer(bell, bell)",
    "gradient-x": "np.outer(bell, x / sigma**2 * bell)",
    "gradient-y": "np.outer(x / sigma**2 * bell, bell)",
    "log": "across + across.T - np.mean(across + across.T)",
}
"""Built-in filters of a standard deviation, as ``filters/kernels.py`` derives them."""

_BELL = ("bell = np.exp(-(x**2) / (2 * sigma**2))", "bell /= bell.sum()")
_ACROSS = "across = np.outer(bell, (x**2 - sigma**2) / sigma**4 * bell)"


def kernel_lines(names: Sequence[str], weights: NDArray[Any]) -> list[str] | None:
    """Return lines that define ``kernel`` or, of several filters, ``kernels``; None if too long.

    ``names`` are those of built-in filters, none for filters of other sizes or origins.

    >>> import numpy as np
    >>> kernel_lines((), np.array([[[1, 0, -1]]]))
    ['kernel = np.array([[1, 0, -1]])']
    """
    families = [name.partition(":")[0] for name in names]
    if families and all(family in _FORMULAS for family in families):
        return _formulas(families, names[0].partition(":")[2], weights.shape[2] // 2)
    if weights.size > MOST_WEIGHTS:
        return None
    if len(weights) == 1:
        return _array("kernel = ", weights[0])
    kernels = [line for kernel in weights for line in _rows(kernel)]
    return ["kernels = np.array([", *kernels, "])"]


def _formulas(families: Sequence[str], sigma: str, radius: int) -> list[str]:
    sigma = sigma or f"{BUILTIN_FILTERS[families[0]].parameters['sigma']:g}"
    lines = [f"sigma, x = {sigma}, np.arange({-radius}, {radius + 1})", *_BELL]
    lines += [_ACROSS] * ("log" in families)
    made = [_FORMULAS[family] for family in families]
    if len(made) == 1:
        return [*lines, f"kernel = {made[0]}"]
    return [*lines, "kernels = np.array([", *(f"    {one}," for one in made), "])"]


def _array(name: str, kernel: NDArray[Any]) -> list[str]:
    """Return the lines of a kernel: one, if there is room."""
    whole = f"{name}np.array({_text(kernel)})"
    if len(whole) <= WIDTH:
        return [whole]
    return [f"{name}np.array([", *(line for row in kernel for line in _rows(row)), "])"]


def _rows(values: NDArray[Any], indent: str = "    ") -> list[str]:
    """Return the lines of a part of an array, with a comma after it."""
    text = f"{indent}{_text(values)},"
    if len(text) > WIDTH and values.ndim > 1:
        inner = [line for row in values for line in _rows(row, indent + "    ")]
        return [f"{indent}[", *inner, f"{indent}],"]
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent + " ", break_on_hyphens=False)


def quoted(text: str) -> str:
    """Write a text in Python's double quotes."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _text(values: NDArray[Any]) -> str:
    """Write numbers, whole ones without a point, others with twelve digits."""
    if values.ndim:
        return f"[{', '.join(map(_text, values))}]"
    number = float(values)
    return f"{number:.0f}" if number.is_integer() else f"{number:.12g}"
