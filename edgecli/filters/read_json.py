"""Filters as JSON: ``{"weight": [[1, 0, -1]], "bias": 0, "name": "difference"}``.

``weight`` has 2 dimensions (a kernel), 3 (channels of a filter) or 4 (filters); ``bias`` is a
list with a number per filter, or one number for all; ``name`` names one filter, ``names`` is a
list of names.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import numpy as np

from edgecli.errors import FilterError
from edgecli.filters.bank import FilterBank, times
from edgecli.filters.origin import Origin, build_bank, quoted
from edgecli.records import dataclass

_KEYS = ("weight", "bias", "names", "name")
_DEEPEST = 4  # dimensions of weights
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[][{},]|[^][{},:"\s]+')

Path = tuple[str | int, ...]
"""Keys and indices that lead to a value: ``("weight", 0, 2)``."""


@dataclass(frozen=True)
class _Document:
    """JSON text, kept to find the place of a value that turns out to be wrong."""

    text: str
    origin: Origin

    def error(self, message: str, path: Path = ()) -> FilterError:
        """Return an error at the value that the path leads to."""
        before = self.text[: _find(self.text, path)]
        column = len(before) - (before.rfind("\n") + 1) + 1
        return self.origin.error(message, before.count("\n") + 1, column)


def read_json(text: str, origin: Origin) -> FilterBank:
    """Read a bank from a JSON object; FilterError with line and column where it is none."""
    document = _Document(text, origin)
    content = _parse(document)
    if not isinstance(content, dict) or "weight" not in content:
        raise document.error('write an object with a "weight", such as {"weight": [[1, 0, -1]]}')
    for key in content:
        if key not in _KEYS:
            keys = ", ".join(_KEYS)
            raise document.error(f"{quoted(key)} is not known; the keys are {keys}", (key,))
    if not isinstance(content["weight"], list):
        raise document.error("the weight is a list of rows of numbers", ("weight",))
    for key in ("weight", "bias"):
        if key in content:
            _check_numbers(document, content[key], (key,))
    bias = np.array(content["bias"]) if "bias" in content else None
    return build_bank(origin, np.array(content["weight"]), bias, _names(document, content))


def _parse(document: _Document) -> Any:
    """Parse with every number a float, which no count of digits can overflow."""
    try:
        return json.loads(document.text, parse_int=float)
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg}; mend it there"
        raise document.origin.error(message, error.lineno, error.colno) from error
    except RecursionError as error:
        message = f"nested too deeply; weights have up to {_DEEPEST} dimensions"
        raise document.origin.error(message) from error


def _check_numbers(document: _Document, value: Any, path: Path) -> tuple[int, ...]:
    """Return the shape of nested lists; FilterError at the first that is ragged or no number."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise document.error(f"{value} is not finite; write a finite number", path)
        return ()
    if not isinstance(value, list):
        given = quoted(json.dumps(value, ensure_ascii=False))
        raise document.error(f"{given} is not a number; write numbers without quotes", path)
    if not value:
        raise document.error("the list is empty; write numbers into it", path)
    if len(path) > _DEEPEST:
        raise document.error(f"lists in lists go {_DEEPEST} deep, no deeper", path)
    shapes = [_check_numbers(document, item, (*path, n)) for n, item in enumerate(value)]
    for n, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise document.error(
                f"{_described(shape)} where the first of the list is {_described(shapes[0])}; "
                "make all of them alike",
                (*path, n),
            )
    return len(value), *shapes[0]


def _described(shape: tuple[int, ...]) -> str:
    return f"a list of {times(shape)}" if shape else "a number"


def _names(document: _Document, content: dict[str, Any]) -> list[str] | None:
    if "names" in content and "name" in content:
        raise document.error("write either name or names", ("name",))
    key = "names" if "names" in content else "name"
    if key not in content:
        return None
    names = content["names"] if key == "names" else [content["name"]]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        wanted = "a list of texts" if key == "names" else "a text"
        raise document.error(f"{key} is {wanted} in quotes", (key,))
    return names


def _find(text: str, path: Path) -> int:
    """Return where in valid JSON the value at the path begins; of equal keys the last counts.

    >>> _find('{"a": 1, "b": [2, 3]}', ("b", 1))
    18
    """
    found, here = 0, list[str | int | None]()  # None where a key comes next
    for token in _TOKEN.finditer(text):
        if token[0] == ",":
            here[-1] = here[-1] + 1 if isinstance(here[-1], int) else None
        elif token[0] in "]}":
            here.pop()
        elif here and here[-1] is None:
            here[-1] = json.loads(token[0])
        else:
            found = token.start() if here == [*path] else found
            if token[0] in "[{":
                here.append(0 if token[0] == "[" else None)
    return found
