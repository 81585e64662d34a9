"""What a process may use of the machine: processors, memory and open files.

A container's limits are those of Linux's control groups, version 1 or 2: of the group that the
process is in and of all above it, the smallest counts. ``root`` is where /proc and /sys are.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache

USUAL_MEMORY = 8 * 10**9
"""Bytes, where the system does not say how many there are."""


def cores(root: str = "/") -> int:
    """Return how many processors this process may use: its own, or those its quota pays for."""
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(min(own, _quota(root) or own), 1)


def memory(root: str = "/") -> int:
    """Return the bytes that this process and those that it starts may use together."""
    limits = [*_installed(), *_resource_limits("RLIMIT_AS", "RLIMIT_DATA")]
    for group in _groups("memory", root):
        for name in ("memory.max", "memory.high", "memory.limit_in_bytes"):
            limits += _numbers(f"{group}/{name}")[:1]
    return min(limits, default=USUAL_MEMORY)


def free_descriptors() -> int | None:
    """Return how many more files this process may open; None where there is no limit."""
    used = 16  # where the system does not list them
    with suppress(OSError):
        used = len(os.listdir("/dev/fd"))  # with the one that lists them
    return min((limit - used + 1 for limit in _resource_limits("RLIMIT_NOFILE")), default=None)


def _installed() -> Iterator[int]:
    with suppress(AttributeError, ValueError, OSError):  # Windows has no sysconf
        yield os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _resource_limits(*names: str) -> Iterator[int]:
    """Yield the limits that ``ulimit`` sets."""
    try:
        import resource
    except ImportError:  # Windows has none
        return
    for name in names:
        with suppress(AttributeError, ValueError, OSError):  # macOS lacks some
            limit, _ = resource.getrlimit(getattr(resource, name))
            if limit != resource.RLIM_INFINITY:
                yield limit


@cache  # for every frame of a video asks
def _quota(root: str) -> int | None:
    """Return how many processors the time that the groups may take keeps busy, rounded up."""
    found = []
    for group in _groups("cpu", root):
        old = _numbers(f"{group}/cpu.cfs_quota_us") + _numbers(f"{group}/cpu.cfs_period_us")
        match _numbers(f"{group}/cpu.max") or old:
            case [quota, period] if period:
                found.append(math.ceil(quota / period))
    return min(found, default=None)


def _groups(controller: str, root: str) -> Iterator[str]:
    """Yield the folders of the groups that the process is in, up to what is mounted."""
    own: dict[str, str] = {}  # the group's path by controller; "" is that of version 2
    for line in _lines(f"{root}/proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        own |= dict.fromkeys(controllers.split(","), path)
    for line in _lines(f"{root}/proc/self/mountinfo"):
        mount, _, system = line.partition(" - ")
        kind, *_, options = system.split(" ")
        version_1 = kind == "cgroup" and controller in options.split(",")
        own_path = own.get(controller if version_1 else "")
        if own_path is not None and (version_1 or kind == "cgroup2"):
            top, place = map(_unescaped, mount.split(" ")[3:5])
            yield from _upward(own_path, top, place, root)


def _upward(path: str, top: str, place: str, root: str) -> Iterator[str]:
    """Yield the folder of a group, and of those above it, where ``top`` is mounted at ``place``.

    A path from elsewhere than ``top`` is another container's view: then what is mounted is ours.
    """
    inside, above = f"{path}/", f"{top.rstrip('/')}/"
    below = inside.removeprefix(above).split("/") if inside.startswith(above) else [".."]
    parts = [] if ".." in below else [part for part in below if part]
    for depth in range(len(parts), -1, -1):
        yield os.path.join(root, place.lstrip("/"), *parts[:depth])


def _unescaped(text: str) -> str:
    r"""Return a path as it is; in mountinfo a space is ``\040``."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def _numbers(path: str) -> list[int]:
    """Return the numbers of a limit's file; none where the file is not there, or sets no limit."""
    words = " ".join(_lines(path)).split()
    return [int(word) for word in words] if all(word.isdecimal() for word in words) else []


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().splitlines()
    except OSError:
        return []
