"""BLAS at one thread while our own threads work, and as it was before for everyone else."""

from __future__ import annotations

import ctypes
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np

_lock = threading.Lock()
_users = 0
_before = 0


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep NumPy's OpenBLAS at one thread; the last to leave restores what the first found.

    With another BLAS (MKL, Accelerate, one linked statically) nothing is changed: results are the
    same, and our threads compete with BLAS's own.
    """
    setting = _blas_threads()
    if setting is None:
        yield
        return
    read, write = setting
    global _users, _before  # noqa: PLW0603 (the setting is the process's, so is the count)
    with _lock:
        if not _users:
            _before = read()
            write(1)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                write(_before)


@cache
def _blas_threads() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """Find OpenBLAS's pair of functions in a library that NumPy has loaded."""
    for path in _blas_libraries():
        try:
            library = ctypes.CDLL(os.fspath(path))
        except OSError:
            continue
        for prefix, suffix in product(("scipy_openblas", "openblas"), ("64_", "")):
            read = getattr(library, f"{prefix}_get_num_threads{suffix}", None)
            write = getattr(library, f"{prefix}_set_num_threads{suffix}", None)
            if read is not None and write is not None:
                return read, write
    return None


def _blas_libraries() -> Iterator[Path]:
    """Yield OpenBLAS libraries: bundled in NumPy's wheel, else mapped into this process."""
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        yield from sorted(folder.glob("*openblas*"))
    maps = Path("/proc/self/maps")  # Linux only; a distribution's NumPy uses the system's library
    if maps.exists():
        found = re.findall(r"/\S*openblas\S*", maps.read_text(encoding="utf-8", errors="replace"))
        yield from map(Path, sorted(set(found)))
