"""Whole commands against their peers: wall time, processor time and peak memory.

    python -m tests.benchmarks.process [--only REGEX] [--rounds N] [--json FILE] [--gigapixel]

Every command is run as typed, by a shell, in a temporary folder that holds the test images and is
removed at the end. Commands of one row take turns. Each runs once before it is measured, and its
edge map is compared with ours. This process imports nothing large: what a parent holds in memory
when it starts a child counts in the child's peak.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.benchmarks.process_work import OPENCV_SCRIPT, SKIMAGE_SCRIPT, Peer, Work, all_work
from tests.benchmarks.timing import (
    Comparison,
    Cost,
    Limit,
    chosen,
    common_options,
    interleave,
    machine,
    number,
    print_limits,
    print_table,
    say,
    write_json,
    yes_or_no,
)

MEGABYTE = 10**6


def run(line: str, folder: Path) -> Cost:
    """Run a command line to its end; RuntimeError, with its last words, if it fails."""
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
    kilobyte = 1 if sys.platform == "darwin" else 1024  # the unit of ru_maxrss
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * kilobyte)


def environment() -> dict[str, str]:
    """Put this Python's commands first, and let byte code be cached as it is for users."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    scripts = Path(sys.executable).parent
    return kept | {"PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def pictures(*arguments: str) -> str:
    """Run the module of test images, apart, and return what it prints."""
    command = [sys.executable, "-m", "tests.benchmarks.pictures", *arguments]
    root = Path(__file__).parents[2]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout


def prepare(folder: Path, *, gigapixel: bool) -> None:
    """Make everything that the commands read."""
    pictures("photos", str(folder))
    if gigapixel:
        pictures("huge", str(folder))
    (folder / "with_opencv.py").write_text(OPENCV_SCRIPT, "utf-8")
    (folder / "with_skimage.py").write_text(SKIMAGE_SCRIPT, "utf-8")
    (folder / "vertical.mat").write_text("3 3 1 0\n1 0 -1\n1 0 -1\n1 0 -1\n", "utf-8")


def try_out(work: Work, peer: Peer, folder: Path) -> str:
    """Run a peer once, and say which share of its edges are ours."""
    run(peer.command, folder)
    if work.output is None:
        return ""
    files = (str(folder / out) for out in (work.output_of("edgecli"), work.output_of(peer.name)))
    return f"{float(pictures('agreement', *files)):.1%} agree"


def try_all(work: Work, folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Run every command once; return the lines of those that work, and notes on all peers."""
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
    """Return what is asked of our command alone."""
    limits = []
    if work.most_megabytes is not None and cost.peak is not None:
        peak = cost.peak / MEGABYTE
        limits.append(Limit(work.name, "peak MB", peak, work.most_megabytes, at_least=False))
    if work.frames:
        rate = work.frames / cost.seconds
        limits.append(Limit(work.name, "frames/s", rate, work.least_rate, at_least=True))
    return limits


def print_lines(lines: Sequence[Comparison]) -> None:
    """Print a line for each peer of each row: wall / processor seconds / peak megabytes."""
    header = ["work", "peer", "ours s", "cpu", "MB", "peer s", "cpu", "MB", "ratio", "asked", "met"]
    rows = [
        [
            line.work,
            line.peer + (f": {line.note}" if line.note else ""),
            *cells(line.ours),
            *cells(line.theirs),
            number(line.ratio, ".2f"),
            number(line.least, ".2f"),
            yes_or_no(line.met),
        ]
        for line in lines
    ]
    print_table(header, rows)


def cells(cost: Cost | None) -> tuple[str, str, str]:
    """Return a cost as cells of the table."""
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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the folder is removed
    with tempfile.TemporaryDirectory(prefix="edgecli-benchmark-") as folder:
        prepare(Path(folder), gigapixel=options.gigapixel)
        for name in names:
            say(name)
            lines = measure(rows[name], options.rounds, Path(folder))
            comparisons += lines
            if lines[0].ours:
                limits += limits_of(rows[name], lines[0].ours)
    print(", ".join(f"{name} {value}" for name, value in machine().items()), end="\n\n")
    print_lines(comparisons)
    print_limits(limits)
    write_json(options.json, comparisons, limits)


if __name__ == "__main__":
    main()
