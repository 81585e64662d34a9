"""How one command's process is set up: for work that is done once, as fast as possible.

A library must not do this to its caller's process; the command line owns its own.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from types import ModuleType

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # glibc's malloc.h
_KEPT, _LARGEST_KEPT = 2**26, 2**25  # bytes; glibc allows no larger threshold for mmap


def load(name: str) -> ModuleType:
    """Import a command's module, and with it NumPy, as fast as possible.

    The garbage collector need not look through what stays until the end: a sixth of a small
    image's time. OpenBLAS would start threads, which spin for work; our own divide products.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    collects = gc.isenabled()
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.freeze()
        if collects:
            gc.enable()


def keep_memory() -> None:
    """Let glibc keep free memory rather than return it after every band.

    Every page that comes fresh from the system costs a page fault: a fifth of a video's time.
    Without glibc, or where the user has set malloc's options, nothing changes.
    """
    chosen = any(name.startswith("MALLOC_") for name in os.environ)
    if chosen or not sys.platform.startswith("linux"):
        return
    import ctypes  # loaded by NumPy, too

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT)
        mallopt(_M_TRIM_THRESHOLD, _KEPT)
