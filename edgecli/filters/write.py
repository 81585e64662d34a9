"""Filter banks as bytes of a file; reading them again gives the same bank.

Every number is written by ``repr``, the shortest text that reads back to the same float64.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import FilterError
from edgecli.filters.bank import FilterBank
from edgecli.filters.origin import quoted


def filter_format(path: str | os.PathLike[str]) -> str:
    """Return the format that a file's extension names; FilterError on any other. ``-`` is text.

    >>> filter_format("out/edges.JSON")
    'json'
    """
    if path == "-":
        return "txt"
    suffix = os.path.splitext(path)[1].lower().removeprefix(".")
    if suffix not in FILTER_FORMATS:
        raise FilterError(
            f"filter files end in {', '.join('.' + name for name in FILTER_FORMATS)}, "
            f"not {quoted(os.fspath(path))}; choose one of them"
        )
    return suffix


def dump_filter(bank: FilterBank, file_format: str) -> bytes:
    """Return the bank as a file of one of FILTER_FORMATS.

    ``mat`` and ``npy`` have no names: filters read from them take the name of the file.
    FilterError where a format cannot hold the bank.

    >>> from edgecli.filters import load_filter
    >>> print(dump_filter(load_filter("sobel-x"), "txt").decode(), end="")
    name: sobel-x
    -1  0  1
    -2  0  2
    -1  0  1
    """
    return FILTER_FORMATS[file_format](bank)


def _dump_grids(separator: str, bank: FilterBank) -> bytes:
    filters = []
    for name, bias, volume in zip(bank.names, bank.bias, bank.weight, strict=True):
        words = [f"name: {name}"] + [f"bias: {_text(bias)}"] * bank.has_bias
        channels = ["\n".join(_rows(kernel, separator)) for kernel in volume]
        filters.append("\n".join(words) + "\n" + "\n\n".join(channels) + "\n")
    return "\n".join(filters).encode()


def _dump_matrix(bank: FilterBank) -> bytes:
    if bank.shape[:2] != (1, 1):
        raise FilterError(
            f"a .mat file holds one kernel, not {len(bank)} filters of depth {bank.depth}; "
            "write .txt, .json or .npz"
        )
    if bank.has_bias and bank.bias[0] == 0:
        raise FilterError("a .mat file cannot hold a bias of 0; write .txt, .json or .npz")
    height, width = bank.kernel_size
    header = f"{width} {height}" + f" 1 {_text(bank.bias[0])}" * bank.has_bias
    return "\n".join([header, *_rows(bank.weight[0, 0], " "), ""]).encode()


def _dump_json(bank: FilterBank) -> bytes:
    import json  # slow to load

    lines = [f'"names": {json.dumps(bank.names, ensure_ascii=False)}']
    if bank.has_bias:
        lines.append(f'"bias": {_nested(bank.bias, 0)}')
    lines.append(f'"weight": {_nested(bank.weight, len(" weight: ") + 2)}')
    return ("{" + ",\n ".join(lines) + "}\n").encode()


def _dump_npy(bank: FilterBank) -> bytes:
    if bank.has_bias:
        raise FilterError("a .npy file holds weights alone and would lose the bias; write .npz")
    file = io.BytesIO()
    np.save(file, bank.weight, allow_pickle=False)
    return file.getvalue()


def _dump_npz(bank: FilterBank) -> bytes:
    arrays = {"weight": bank.weight, "names": np.array(bank.names)}
    if bank.has_bias:
        arrays["bias"] = bank.bias
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


FILTER_FORMATS: dict[str, Callable[[FilterBank], bytes]] = {
    "txt": partial(_dump_grids, " "),
    "csv": partial(_dump_grids, ","),
    "mat": _dump_matrix,
    "json": _dump_json,
    "npy": _dump_npy,
    "npz": _dump_npz,
}
"""The writer of each format, by its extension."""


def _rows(kernel: NDArray[np.float64], separator: str) -> list[str]:
    """Return rows of numbers as text, in columns where spaces separate them."""
    texts = [[_text(value) for value in row] for row in kernel]
    width = max(len(text) for row in texts for text in row) if separator == " " else 0
    return [separator.join(text.rjust(width) for text in row) for row in texts]


def _nested(array: NDArray[np.float64], indent: int) -> str:
    """Return lists in lists as JSON, a row of numbers per line."""
    if array.ndim == 1:
        return "[" + ", ".join(map(_text, array)) + "]"
    inner = (",\n" + " " * (indent + 1)).join(_nested(part, indent + 1) for part in array)
    return f"[{inner}]"


def _text(value: float) -> str:
    """Return the shortest text that reads back as the number, whole ones without a point."""
    return repr(float(value)).removesuffix(".0")
