"""Keep BLAS at one thread while our own threads work, and restore its setting afterwards."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from itertools import product

import numpy as np

_lock = threading.Lock()
_users = 0
_before = 0


def blas_for(*, products: bool) -> AbstractContextManager[None]:
    """Return ``one_blas_thread`` for work that multiplies matrices, else a null context."""
    return one_blas_thread() if products else nullcontext()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep NumPy's OpenBLAS at one thread; the last to leave restores what the first found.

    With another BLAS (MKL, Accelerate, one linked statically) nothing changes: results are the
    same, but our threads compete with BLAS's own.
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
    import ctypes  # slow to load, and only products need it

    for path in _blas_libraries():
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue
        for prefix, suffix in product(("scipy_openblas", "openblas"), ("64_", "")):
            read = getattr(library, f"{prefix}_get_num_threads{suffix}", None)
            write = getattr(library, f"{prefix}_set_num_threads{suffix}", None)
            if read is not None and write is not None:
                return read, write
    return None


def _blas_libraries() -> Iterator[str]:
    """Yield OpenBLAS libraries: bundled in NumPy's wheel, else mapped into this process."""
    package = os.path.dirname(np.__file__)
    for folder in (os.path.join(os.path.dirname(package), "numpy.libs"), f"{package}/.dylibs"):
        if os.path.isdir(folder):
            names = sorted(name for name in os.listdir(folder) if "openblas" in name)
            yield from (os.path.join(folder, name) for name in names)
    maps = "/proc/self/maps"  # Linux only; a distribution's NumPy uses the system's library
    if os.path.exists(maps):
        with open(maps, encoding="utf-8", errors="replace") as file:
            paths = {line.split(maxsplit=5)[-1].rstrip() for line in file if "openblas" in line}
        yield from sorted(paths)
