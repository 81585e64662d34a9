"""What is too large to send through a cluster's scheduler: left in a folder that both ends see."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory, mkstemp
from typing import Any

from edgecli.images.files import is_device
from edgecli.records import dataclass


@dataclass(frozen=True)
class Parcel:
    """A file that something was left in."""

    path: str


@contextmanager
def parcels_beside(output: str) -> Iterator[str]:
    """Make a folder for parcels beside an output, and remove it in the end; "" beside no file.

    Nobody else may look into it, as what is pickled there is trusted.
    """
    if output == "-" or (is_device(output) and not os.path.isdir(output)):
        yield ""
        return
    place, name = os.path.split(output)
    begin = {"dir": place or ".", "prefix": f".{name[:50]}.", "suffix": ".edgecli-tmp"}
    with TemporaryDirectory(**begin, ignore_cleanup_errors=True) as folder:
        yield os.path.abspath(folder)


def leave(thing: Any, folder: str) -> Any:
    """Leave a thing in a folder, and return the parcel; the thing itself where nobody can."""
    if not os.access(folder, os.W_OK):
        return thing
    handle, path = mkstemp(dir=folder)
    with open(handle, "wb") as file:
        pickle.dump(thing, file, pickle.HIGHEST_PROTOCOL)
    return Parcel(path)


def fetch(left: Any) -> Any:
    """Return what was left, whose file is removed.

    >>> with parcels_beside("map.png") as folder:
    ...     parcel = leave([1, 2], folder)
    ...     fetch(parcel), os.listdir(folder), fetch(leave([3], ""))
    ([1, 2], [], [3])
    """
    if not isinstance(left, Parcel):
        return left
    with open(left.path, "rb") as file:
        thing = pickle.load(file)  # noqa: S301 (what our own workers have left)
    os.unlink(left.path)
    return thing
