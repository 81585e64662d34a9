"""Whole commands against their peers: wall time, processor time and peak memory.

    python -m tests.benchmarks.process [--only REGEX] [--rounds N] [--json FILE] [--gigapixel]

A shell runs every command as typed, in a temporary folder that holds the test images. The commands
of one row take turns. Each runs once before it is measured, and its edge map is compared with ours.
This process imports nothing large, since what it holds in memory when it starts a child counts in
the child's peak.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.benchmarks.process_work import (
    OPENCV_CANNY,
    OPENCV_SCRIPT,
    SKIMAGE_SCRIPT,
    VIPS_MATRIX,
    Peer,
    Work,
    all_work,
)
from tests.benchmarks.timing import (
    Comparison,
    Cost,
    Limit,
    chosen,
    common_options,
    interleave,
    number,
    peak_memory,
    publish,
    run_apart,
    say,
    verdict,
    who,
)

MEGABYTE = 10**6


def run(line: str, folder: Path) -> Cost:
    """Run a command line to its end; RuntimeError with its last words if it fails."""
    with (folder / "errors.txt").open("w+b") as errors:
        started = time.perf_counter()
        child = subprocess.Popen(
            ["sh", "-c", line],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        if child.returncode:
            words = errors.read().decode(errors="replace").strip()
            raise RuntimeError(f"{line}\n{words}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, peak_memory(usage))


def environment() -> dict[str, str]:
    """Return the environment with this Python's commands first, and byte code cached as usual."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    scripts = Path(sys.executable).parent
    return kept | {"PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


@contextmanager
def workplace() -> Iterator[Path]:
    """Yield a temporary folder, which is removed at the end, even by a signal to terminate."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="edgecli-benchmark-") as folder:
        Path(folder, "vertical.mat").write_text(VIPS_MATRIX, "utf-8")
        yield Path(folder)


def prepare(folder: Path, *, gigapixel: bool) -> None:
    """Make everything that the commands read."""
    for kind in ("photos", "huge") if gigapixel else ("photos",):
        run_apart("pictures", kind, str(folder))
    (folder / "with_opencv.py").write_text(OPENCV_SCRIPT, "utf-8")
    (folder / "canny_with_opencv.py").write_text(OPENCV_CANNY, "utf-8")
    (folder / "with_skimage.py").write_text(SKIMAGE_SCRIPT, "utf-8")


def try_out(work: Work, peer: Peer, folder: Path) -> str:
    """Run a peer once, and return which share of its edges are ours, too."""
    run(peer.command, folder)
    if work.output is None:
        return ""
    files = (str(folder / out) for out in (work.output_of("edgecli"), work.output_of(peer.name)))
    return f"{float(run_apart('pictures', 'agreement', *files)):.1%} agree"


def try_all(work: Work, folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Run every command once; return the commands that work, and notes on all peers."""
    commands: dict[str, str] = {}
    notes: dict[str, str] = {}
    for line in filter(None, (work.command, work.check)):
        run(line, folder)
    for peer in work.peers:
        try:
            notes[peer.name] = try_out(work, peer, folder) if peer.installed else "not installed"
        except RuntimeError as error:
            say(str(error))
            notes[peer.name] = "failed"
        else:
            commands |= {peer.name: peer.command} if peer.installed else {}
    return commands, notes


def measure(work: Work, rounds: int, folder: Path) -> list[Comparison]:
    """Let ours and every peer that works take turns, and compare the medians."""
    try:
        commands, notes = try_all(work, folder)
        commands["edgecli"] = work.command
        contestants = {name: partial(run, line, folder) for name, line in commands.items()}
        costs = interleave(contestants, max(1, round(rounds * work.pace)))
    except RuntimeError as error:
        say(str(error))
        return [Comparison(work.name, "", None, None, note="edgecli failed")]
    ours = costs["edgecli"]
    lines = [
        Comparison(work.name, p.name, ours, costs.get(p.name), p.least, notes[p.name])
        for p in work.peers
    ]
    return lines or [Comparison(work.name, "", ours, None)]


def limits_of(work: Work, cost: Cost) -> list[Limit]:
    """Return what our command must keep to whatever the peers do."""
    limits = []
    if work.most_megabytes is not None and cost.peak is not None:
        peak = cost.peak / MEGABYTE
        limits.append(Limit(work.name, "peak MB", peak, work.most_megabytes, at_least=False))
    if work.frames:
        rate = work.frames / cost.seconds
        limits.append(Limit(work.name, "frames/s", rate, work.least_rate, at_least=True))
    return limits


def table(lines: Sequence[Comparison]) -> tuple[list[str], list[list[str]]]:
    """Return the header, and a row for each peer of each work."""
    header = ["work", "peer", "ours s", "cpu", "MB", "peer s", "cpu", "MB", "ratio", "asked", "met"]
    rows = [
        [line.work, who(line), *cells(line.ours), *cells(line.theirs), *verdict(line)]
        for line in lines
    ]
    return header, rows


def cells(cost: Cost | None) -> tuple[str, str, str]:
    """Return wall seconds, processor seconds and peak megabytes as cells of the table."""
    if cost is None or cost.peak is None:
        return "", "", ""
    return f"{cost.seconds:.3f}", number(cost.cpu, ".3f"), f"{cost.peak / MEGABYTE:.0f}"


def main() -> None:
    """Measure the chosen commands, print the tables and write the figures."""
    parser = common_options(__doc__, rounds=5)
    parser.add_argument("--gigapixel", action="store_true", help="also 32768×32000 images")
    options = parser.parse_args()
    rows = {work.name: work for work in all_work(gigapixel=options.gigapixel)}
    comparisons: list[Comparison] = []
    limits: list[Limit] = []
    names = chosen(rows, options.only)
    with workplace() as folder:
        prepare(folder, gigapixel=options.gigapixel)
        for name in names:
            say(name)
            lines = measure(rows[name], options.rounds, folder)
            comparisons += lines
            if lines[0].ours:
                limits += limits_of(rows[name], lines[0].ours)
    publish(options.json, table(comparisons), comparisons, limits)


if __name__ == "__main__":
    main()
