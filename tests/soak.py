"""A batch among faults: a hostile tree of inputs, kills at any moment, and what must come of it.

Whatever happened, the last run must leave what a batch leaves that nobody disturbed.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.batches import contents, ended, write_pgm
from tests.conftest import noise

JOURNAL = ".edgecli-batch.jsonl"

NAMES = (
    b"plain-%d.pgm", b"line\nbreak-%d.pgm", b"\xff\xfe-%d.pgm", b"-dash %d.pgm", b"quote'\"%d.pgm",
    b"deep/er/%d.pgm", b"deep/<b>%d.pgm", "\N{RIGHT-TO-LEFT OVERRIDE}é-%d.pgm".encode(),
    b"long-" + b"x" * 150 + b"-%d.pgm",
)  # fmt: skip

SMALL_DISK = 8192  # bytes that a file may have in a run whose disk is full
LARGE = 200  # rows of a picture whose edge map is larger than that

REASONS = {
    b"empty.png": "is empty",
    b"text.png": "is in no format",
    b"cut.png": "is damaged",
    b"flipped.png": "is damaged",
    b"huge.pgm": "limit",
    b"short.pgm": "ends in row",
    b"gone.png": "does not exist; check the name",
    b"two\nlines \xff.png": "is in no format",
    b"lock\ned \xff": "cannot be looked into: Permission denied",
}
"""What is no picture, by its name, and what is said of it."""

LOCKED = os.fsdecode(b"lock\ned \xff")

DROP, OVERRIDES = 24, (1, 2)
"""Linux: PR_CAPBSET_DROP, and the capabilities by which root reads what permissions forbid."""


@dataclass
class Soak:
    """What was done, what came of it, and every way in which that was not as it must be."""

    images: int
    broken: int = len(REASONS)
    kills: int = 0
    runs: int = 0
    changes: int = 0  # of inputs, while a batch was at work
    noticed: int = 0  # inputs that failed for those
    peak: int = 0  # bytes of the largest process
    faults: list[str] = field(default_factory=list)

    def check(self, holds: bool, otherwise: str) -> None:
        """Note what does not hold."""
        if not holds:
            self.faults.append(otherwise)


def soak(folder: Path, *, images: int, kills: int, seed: int) -> Soak:
    """Run a batch over ``images`` inputs, to be killed so many times at moments by the seed."""
    chance = random.Random(seed)
    source, out, among = folder / "in", folder / "out", folder / "among"
    inputs = list(plant_images(source, images))
    plant_broken(source)
    result = Soak(images)
    for _ in range(kills):
        lines = chance.randint(1, max(2 * images // kills, 2))
        result.kills += kill_after(result, source, out, lines)
        disturb(chance, inputs)
        if result.runs % 5 == 2:
            run_on_full_disk(result, source, out, inputs[0])
    run_among_changes(result, source, among, partial(disturb, chance, inputs))
    failures = [finish(result, source, place) for place in (out, among)]
    run_again(result, source, out)
    expected = undisturbed(result, source, folder / "fresh", failures)
    for place in (out, among):
        compare(result, contents(place), expected, inputs)
        check_journal(result, place, inputs)
        left = [path.name for path in place.rglob("*.edgecli-tmp")]
        result.check(not left, f"temporary files are left: {left}")
    result.peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    (source / LOCKED).chmod(0o700)  # so that it can be removed
    return result


def plant_images(source: Path, images: int) -> Iterator[Path]:
    """Write pictures under names of every kind, and links that lead in a circle."""
    for n in range(images):
        name = os.fsdecode(NAMES[n % len(NAMES)] % n)
        yield write_pgm(source / name, n, side=8 + n % 57)
    (source / "deep" / "circle").symlink_to(source, target_is_directory=True)
    (source / "deep" / "self").symlink_to(source / "deep" / "self")


def plant_broken(source: Path) -> None:
    """Write what only looks like pictures, and a folder that cannot be looked into."""
    stream = BytesIO()
    Image.fromarray(noise(64, 64)).save(stream, "PNG")
    png = stream.getvalue()
    files = {
        b"empty.png": b"",
        b"text.png": b"no picture at all, whatever its name",
        b"cut.png": png[:-700],
        b"flipped.png": png[:500] + b"\0" * 9 + png[509:],
        b"huge.pgm": b"P5 2000000 2000000 255\n",
        b"short.pgm": b"P5 90 90 255\n" + bytes(500),
        b"two\nlines \xff.png": b"no picture either",
    }
    for name, data in files.items():
        (source / os.fsdecode(name)).write_bytes(data)
    (source / "gone.png").symlink_to(source / "nowhere.png")
    write_pgm(source / LOCKED / "unseen.pgm")
    (source / LOCKED).chmod(0)


def command(source: Path, out: Path) -> list[str]:
    """Return the batch that all runs are."""
    return [
        *(sys.executable, "-m", "edgecli", "batch", str(source), "-o", str(out)),
        *("-f", "vertical", "--recursive", "--suffix", "--jobs", "2", "-q"),
    ]


def start(source: Path, out: Path, *, full_disk: bool = False) -> subprocess.Popen[bytes]:
    """Begin the batch in a group of processes of its own, as a user whom permissions bind."""
    forget = ctypes.CDLL(None).prctl if sys.platform == "linux" and os.geteuid() == 0 else None

    def limit() -> None:
        if forget is not None:
            for capability in OVERRIDES:
                forget(DROP, capability, 0, 0, 0)
        if full_disk:
            resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL_DISK, SMALL_DISK))

    return subprocess.Popen(
        command(source, out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=limit,  # noqa: PLW1509 (there are no threads here)
    )


def end(result: Soak, process: subprocess.Popen[bytes], what: str) -> list[str]:
    """Wait for all processes of a run, and return its lines of errors."""
    _, errors = process.communicate()
    result.runs += 1
    killed = process.returncode == -signal.SIGKILL
    result.check(killed or process.returncode == 1, f"{what} ended in {process.returncode}")
    for words in (b"Traceback", b"internal error", b"another batch"):
        result.check(words not in errors, f"{what}: {errors[-300:]!r}")
    return errors.decode(errors="replace").splitlines()


def kill_after(result: Soak, source: Path, out: Path, lines: int) -> bool:
    """Kill a run, all its processes, when its journal has so many more lines; False if it ended."""
    journal = out / JOURNAL
    before = count_lines(journal)
    with start(source, out) as process:
        while not ended(process):
            if count_lines(journal) >= before + lines:
                os.killpg(process.pid, signal.SIGKILL)
                break
        end(result, process, "a run to be killed")
    return process.returncode == -signal.SIGKILL


def run_among_changes(result: Soak, source: Path, out: Path, change: Callable[[], None]) -> None:
    """Let a run do everything while its inputs change, vanish and come back."""
    with start(source, out) as process:
        while not ended(process):
            change()
            result.changes += 1
        lines = end(result, process, "a run among changes")
    result.noticed = len(lines) - len(REASONS) - 1


def count_lines(path: Path) -> int:
    """Count the lines of a file that may not be there yet."""
    return path.read_bytes().count(b"\n") if path.exists() else 0


def disturb(chance: random.Random, inputs: list[Path]) -> None:
    """Change an input, and let another one vanish or come back."""
    write_pgm(chance.choice(inputs), chance.randint(10**6, 10**7), side=chance.randint(4, 70))
    other = chance.choice(inputs[len(inputs) // 2 :])
    if other.exists():
        other.unlink()
    else:
        write_pgm(other, chance.randint(10**6, 10**7))


def run_on_full_disk(result: Soak, source: Path, out: Path, large: Path) -> None:
    """Let a run that has a large picture to do go where no file can grow large."""
    write_pgm(large, result.runs, side=LARGE)
    with start(source, out, full_disk=True) as process:
        lines = end(result, process, "a full disk")
    told = any("cannot be written" in line for line in lines)
    result.check(told, f"a full disk is not told: {lines}")


def finish(result: Soak, source: Path, out: Path) -> list[str]:
    """Run to the end, when nothing is left but failures; return their lines."""
    with start(source, out) as process:
        lines = end(result, process, "the last run")
    check_failures(result, lines)
    return lines


def run_again(result: Soak, source: Path, out: Path) -> None:
    """Run once more, when nothing must be written."""
    before = written(out)
    finish(result, source, out)
    result.check(written(out) == before, "a run with nothing to do wrote something")


def check_failures(result: Soak, lines: list[str]) -> None:
    """Hold the lines at the end of a run to what is known to be broken, and why."""
    result.check(len(lines) == len(REASONS) + 1, f"failures: {lines}")
    for name, reason in REASONS.items():
        shown = " ".join(name.decode("utf-8", "surrogateescape").split())
        shown = shown.encode("utf-8", "backslashreplace").decode()
        told = any(shown in line and reason in line for line in lines)
        result.check(told, f"{shown} that {reason} is not among the failures: {lines}")


def written(out: Path) -> dict[str, int]:
    """Return when each output was written, in nanoseconds, and how long the journal is."""
    times = {name: (out / name).stat().st_mtime_ns for name in contents(out)}
    return times | {JOURNAL: (out / JOURNAL).stat().st_size}


def undisturbed(
    result: Soak, source: Path, fresh: Path, failures: list[list[str]]
) -> dict[str, bytes]:
    """Return what the same batch makes in a folder of its own, with the same failures."""
    with start(source, fresh) as process:
        lines = end(result, process, "the fresh run")
    for other in failures:
        result.check(lines == other, f"the fresh run failed otherwise: {lines}")
    return contents(fresh)


def check_journal(result: Soak, out: Path, inputs: list[Path]) -> None:
    """Every line of the journal must be whole, and every input there must have one."""
    data = (out / JOURNAL).read_bytes()
    result.check(data.endswith(b"\n"), "the journal ends within a line")
    known = set()
    for line in data.splitlines():
        try:
            known.add(json.loads(line)["input"])
        except (ValueError, KeyError, TypeError):
            result.check(False, f"a line of the journal is not whole: {line[:200]!r}")
    there = {os.path.relpath(path, out).replace(os.sep, "/") for path in inputs if path.exists()}
    result.check(there <= known, f"not in the journal: {sorted(there - known)}")


def compare(
    result: Soak, found: dict[str, bytes], expected: dict[str, bytes], inputs: list[Path]
) -> None:
    """Hold outputs to those of the fresh run; only those of vanished inputs may be left over."""
    for name, data in expected.items():
        result.check(found.get(name) == data, f"{name!r} is not what it is undisturbed")
    there = sum(path.exists() for path in inputs)
    result.check(len(expected) == there, f"{len(expected)} outputs of {there} inputs")
    over = len(found.keys() - expected.keys())
    result.check(over <= len(inputs) - there, f"{over} outputs nobody asked for")
