"""How one command's process is set up: for work that is done once, as fast as possible.

A library must not do this to its caller's process; the command line owns its own.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import NoReturn

_COLLECTED_FROM = 10_000  # objects: Pillow's modules, loaded later, are not looked through either


def load(name: str) -> ModuleType:
    """Import a command's module, and with it NumPy, as fast as possible.

    The garbage collector need not look through what stays until the end: a sixth of a small
    image's time. OpenBLAS would start threads, which spin for work; our own divide products.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    collects = gc.isenabled()
    gc.disable()
    try:
        import_module("numpy")  # from deep within other imports it would take a tenth longer
        return import_module(name)
    finally:
        gc.freeze()
        gc.set_threshold(_COLLECTED_FROM)
        if collects:
            gc.enable()


def serve_if_asked() -> None:
    """Become a process of a batch where that is what a packed program was started for.

    Packagers such as PyInstaller have no ``python`` to start one with, only the program itself.
    """
    if getattr(sys, "frozen", False):
        from multiprocessing import freeze_support

        freeze_support()


def leave(code: int) -> NoReturn:
    """End the process at once: taking the interpreter apart is 4 % of a small image's time.

    Everything is written and closed by now, and every thread and process has ended. Under a
    debugger, a profiler or ``python -i`` the end is Python's own.
    """
    if sys.gettrace() or sys.getprofile() or sys.flags.inspect:
        sys.exit(code)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # broken, closed
            stream.flush()
    os._exit(code)


def keep_memory() -> None:
    """Let free memory be kept, unless the user has set malloc's options."""
    if not any(name.startswith("MALLOC_") for name in os.environ):
        from edgecli.rows.memory import keep_freed

        keep_freed()
