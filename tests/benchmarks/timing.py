"""What the benchmarks share: fair timing, their options, and how figures are shown.

Contestants take turns, and their medians are compared with the ratio that is asked for.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0  # seconds
QUIET = 0.1  # of the processors' time, that others may take


@dataclass(frozen=True)
class Cost:
    """What one run takes: wall time, and for a process also processor time and peak memory."""

    seconds: float
    cpu: float | None = None  # seconds, user and system
    peak: int | None = None  # bytes


@dataclass(frozen=True)
class Comparison:
    """Ours against one peer at one work. ``theirs`` is None where ``note`` says why."""

    work: str
    peer: str
    ours: Cost | None
    theirs: Cost | None
    least: float | None = None  # the ratio that is asked for
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The peer's time over ours: how many times faster ours is."""
        return self.theirs.seconds / self.ours.seconds if self.ours and self.theirs else None

    @property
    def met(self) -> bool | None:
        """Whether the ratio is reached; None where nothing is asked or nothing was measured."""
        return None if self.ratio is None or self.least is None else self.ratio >= self.least


@dataclass(frozen=True)
class Limit:
    """A figure of ours alone, with what it must be at least or at most."""

    work: str
    measure: str
    value: float
    bound: float
    at_least: bool

    @property
    def met(self) -> bool:
        """Whether the value keeps the bound."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound


def timed(run: Callable[[], object]) -> Cost:
    """Time one call. Its result is dropped after the time, and before the next call."""
    started = time.perf_counter()
    result = run()
    seconds = time.perf_counter() - started
    del result
    return Cost(seconds)


def interleave(contestants: Mapping[str, Callable[[], Cost]], rounds: int) -> dict[str, Cost]:
    """Let every contestant run once in each round, and return the median costs.

    Turns spread whatever else the machine does over all contestants alike. A contestant that has
    taken ``PATIENCE`` seconds sits the later rounds out.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            if sum(cost.seconds for cost in costs[name]) < PATIENCE:
                costs[name].append(run())
    return {name: _median(runs) for name, runs in costs.items()}


def _median(costs: Sequence[Cost]) -> Cost:
    cpus = [cost.cpu for cost in costs if cost.cpu is not None]
    peaks = [cost.peak for cost in costs if cost.peak is not None]
    return Cost(
        statistics.median(cost.seconds for cost in costs),
        statistics.median(cpus) if cpus else None,
        max(peaks) if peaks else None,
    )


def peak_memory(usage: resource.struct_rusage) -> int:
    """Return the most bytes that a process has held, from what the system says it used."""
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def run_apart(module: str, *arguments: str) -> str:
    """Run a module of the benchmarks as a process of its own, and return what it prints."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def chosen(names: Iterable[str], pattern: str) -> list[str]:
    """Return the names that a regular expression finds; the program ends if there are none."""
    names = list(names)
    found = [name for name in names if re.search(pattern, name)]
    if not found:
        sys.exit(f"no work matches {pattern!r}; there is {', '.join(names)}")
    return found


def common_options(description: str | None, rounds: int) -> argparse.ArgumentParser:
    """Return a parser with the options that most benchmarks have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--only", default="", metavar="REGEX", help="work whose name matches")
    parser.add_argument("--rounds", type=int, default=rounds, help="default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    return parser


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print an aligned Markdown table; the columns after the second are numbers."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = ["-" * width if n < 2 else "-" * (width - 1) + ":" for n, width in enumerate(widths)]
    for row in (header, rule, *rows):
        cells = [
            cell.ljust(width) if n < 2 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print(f"| {' | '.join(cells)} |")
    print()


def print_limits(limits: Sequence[Limit]) -> None:
    """Print the figures that have a bound of their own."""
    rows = [
        [
            limit.work,
            limit.measure,
            f"{limit.value:.3g}",
            f"{'≥' if limit.at_least else '≤'} {limit.bound:g}",
            yes_or_no(limit.met),
        ]
        for limit in limits
    ]
    if rows:
        print_table(["work", "measure", "value", "asked", "met"], rows)


def say(progress: str) -> None:
    """Say on standard error what is measured now."""
    print(progress, file=sys.stderr, flush=True)


def who(line: Comparison) -> str:
    """Return a peer's name, with its note if it has one."""
    return line.peer + (f": {line.note}" if line.note else "")


def verdict(line: Comparison) -> list[str]:
    """Return the last cells of a line: the ratio, what is asked, and whether it is met."""
    return [number(line.ratio, ".2f"), number(line.least, ".2g"), yes_or_no(line.met)]


def yes_or_no(met: bool | None) -> str:
    """Return the last cell of a line."""
    return {True: "yes", False: "NO", None: ""}[met]


def number(value: float | None, form: str) -> str:
    """Return a number as text, or nothing where there is none."""
    return "" if value is None else format(value, form)


def machine() -> dict[str, str | int | None]:
    """Return what the figures are measured on."""
    return {
        "processor": _processor(),
        "AVX-512": "yes" if "avx512f" in _flags() else "no",
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: _version(name) for name in ("numpy", "pillow", "edgecli")},
    }


def _processor() -> str:
    """Return the processor's name, which only Linux has in a file."""
    try:
        found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text("utf-8"))
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def _flags() -> list[str]:
    """Return what the processor is able to do, which only Linux has in a file."""
    try:
        found = re.search(r"^flags\s*: (.*)", Path("/proc/cpuinfo").read_text("utf-8"), re.M)
    except OSError:
        found = None
    return found[1].split() if found else []


def busy(seconds: float = 1.0) -> float | None:
    """Return the share of the processors' time, 0 to 1, in which they worked; None if unknown.

    Nothing of ours is running meanwhile. Where others are, it is waited for them, half a minute.
    """
    share = _worked(seconds)
    for _ in range(int(30 / seconds)):
        if share is None or share < QUIET:
            break
        share = _worked(seconds)
    return share


def _worked(seconds: float) -> float | None:
    def ticks() -> list[int]:
        line = Path("/proc/stat").read_text("ascii").partition("\n")[0]
        return [int(word) for word in line.split()[1:9]]  # user nice system idle iowait …

    try:
        before = ticks()
        time.sleep(seconds)
        passed = [now - then for now, then in zip(ticks(), before, strict=True)]
    except OSError:
        return None
    return 1 - (passed[3] + passed[4]) / max(sum(passed), 1)


def busy_words(before: float | None, after: float | None) -> str:
    """Say how busy a machine was with other things, and what that means."""
    if before is None or after is None:
        return "how busy the machine was is unknown"
    figures = f"busy with other things: {before:.0%} before, {after:.0%} after"
    return figures + ("" if max(before, after) < QUIET else "; MEASURE AGAIN on a quiet machine")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def publish(
    path: Path | None,
    table: tuple[Sequence[str], Sequence[Sequence[str]]],
    comparisons: Sequence[Comparison],
    limits: Sequence[Limit] = (),
) -> None:
    """Print the machine, a table (header and rows) and the limits; write figures to a path."""
    print(", ".join(f"{name} {value}" for name, value in machine().items()), end="\n\n")
    print_table(*table)
    print_limits(limits)
    if path is None:
        return
    figures = {
        "machine": machine(),
        "comparisons": [asdict(c) | {"ratio": c.ratio, "met": c.met} for c in comparisons],
        "limits": [asdict(limit) | {"met": limit.met} for limit in limits],
    }
    path.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
