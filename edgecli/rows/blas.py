"""Keep BLAS at one thread while our own threads work, and restore its setting afterwards."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from itertools import product
from typing import Any

import numpy as np

_lock = threading.Lock()
UNPACKED_CORES = (b"SkylakeX", b"Cooperlake", b"SapphireRapids")
"""OpenBLAS's kernels with a ``sgemm_small_matrix_permit`` that permits any."""

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
def packs_products() -> bool:
    """Whether BLAS copies matrices into panels before it multiplies them, however small they are.

    OpenBLAS does, except with its kernels for AVX-512; other libraries are taken to.
    """
    library = _openblas()
    core = library("get_corename") if library is not None else None
    if core is None:
        return True
    from ctypes import c_char_p

    core.restype = c_char_p
    return core() not in UNPACKED_CORES


@cache
def _blas_threads() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """Return OpenBLAS's functions that read and set its number of threads."""
    library = _openblas()
    return (library("get_num_threads"), library("set_num_threads")) if library else None


@cache
def _openblas() -> Callable[[str], Any] | None:
    """Return a function that looks up functions of the OpenBLAS that NumPy has loaded."""
    import ctypes  # slow to load, and only products need it

    for path in _blas_libraries():
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue
        for prefix, suffix in product(("scipy_openblas", "openblas"), ("64_", "")):
            if hasattr(library, f"{prefix}_set_num_threads{suffix}"):
                return lambda name: getattr(library, f"{prefix}_{name}{suffix}", None)
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
