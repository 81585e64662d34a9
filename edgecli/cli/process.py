"""How the process of one command is set up: for work that is done once, in the least time.

A library must not do so to its caller's process; the command line owns its own.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import NoReturn

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # glibc's malloc.h
_KEPT, _LARGEST_KEPT = 2**26, 2**25  # bytes; glibc allows no larger threshold for mmap


def load(name: str) -> ModuleType:
    """Import a command's module, and with it NumPy, in the least time.

    What is imported stays to the end, so the collector of cycles need not look through it, neither
    meanwhile nor at the exit: a sixth of the time of a small image. NumPy's OpenBLAS would start
    threads at once, which spin for work; our own threads divide products among themselves.
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


def leave(code: int) -> NoReturn:
    """End the process at once; taking the interpreter apart costs a twelfth of a small image.

    By now all is written and closed. What others asked for at the exit is done; where someone
    looks on (a debugger, a profiler, ``python -i``), the exit is Python's own.
    """
    if sys.gettrace() or sys.getprofile() or sys.flags.inspect:
        sys.exit(code)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # none, broken, closed
            stream.flush()
    os._exit(code)


def keep_memory() -> None:
    """Let glibc keep memory that is free rather than give it back after every band.

    Each page of memory that comes anew from the system costs a fault: a fifth of the time of a
    video. Elsewhere, and where the user has set malloc's options, nothing is changed.
    """
    if not sys.platform.startswith("linux") or any(
        name.startswith("MALLOC_") for name in os.environ
    ):
        return
    import ctypes  # loaded by NumPy, too

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT)
        mallopt(_M_TRIM_THRESHOLD, _KEPT)
