"""A batch among faults: a hostile tree of inputs, kills at any moment, and what must come of it.

Whatever happened, the last run must leave what a batch leaves that nobody disturbed.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.batches import contents, write_pgm
from tests.conftest import noise

JOURNAL = ".edgecli-batch.jsonl"

NAMES = (
    b"plain-%d.pgm", b"line\nbreak-%d.pgm", b"\xff\xfe-%d.pgm", b"-dash %d.pgm", b"quote'\"%d.pgm",
    b"deep/er/%d.pgm", b"deep/<b>%d.pgm", "\N{RIGHT-TO-LEFT OVERRIDE}é-%d.pgm".encode(),
    b"long-" + b"x" * 150 + b"-%d.pgm",
)  # fmt: skip

SMALL_DISK = 8192  # bytes that a file may have in a run whose disk is full


@dataclass
class Soak:
    """What was done, what came of it, and every way in which that was not as it must be."""

    images: int
    broken: int
    kills: int = 0
    runs: int = 0
    peak: int = 0  # bytes of the largest process
    faults: list[str] = field(default_factory=list)

    def check(self, holds: bool, otherwise: str) -> None:
        """Note what does not hold."""
        if not holds:
            self.faults.append(otherwise)


def soak(folder: Path, *, images: int, kills: int, seed: int) -> Soak:
    """Run a batch over ``images`` inputs, to be killed so many times at moments by the seed."""
    chance = random.Random(seed)
    source, out = folder / "in", folder / "out"
    inputs = list(plant_images(source, images))
    broken = plant_broken(source)
    result = Soak(images, len(broken))
    for _ in range(kills):
        lines = chance.randint(1, max(2 * images // kills, 2))
        result.kills += kill_after(source, out, lines)
        result.runs += 1
        disturb(chance, inputs)
        if result.runs % 5 == 2:
            run_on_full_disk(result, source, out)
    finish(result, source, out, broken)
    compare(result, contents(out), undisturbed(result, source, folder / "fresh"), inputs)
    left = [path.name for path in out.rglob("*.edgecli-tmp")]
    result.check(not left, f"temporary files are left: {left}")
    result.peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return result


def plant_images(source: Path, images: int) -> Iterator[Path]:
    """Write pictures under names of every kind, and links that lead in a circle."""
    for n in range(images):
        name = os.fsdecode(NAMES[n % len(NAMES)] % n)
        yield write_pgm(source / name, n, side=8 + n % 57)
    (source / "deep" / "circle").symlink_to(source, target_is_directory=True)
    (source / "deep" / "self").symlink_to(source / "deep" / "self")


def plant_broken(source: Path) -> list[str]:
    """Write what only looks like pictures; return the names."""
    stream = BytesIO()
    Image.fromarray(noise(64, 64)).save(stream, "PNG")
    files = {
        "empty.png": b"",
        "text.png": b"no picture at all, whatever its name",
        "cut.png": stream.getvalue()[:-700],
        "flipped.png": stream.getvalue()[:500] + b"\0" * 9 + stream.getvalue()[509:],
        "huge.pgm": b"P5 2000000 2000000 255\n",
        "short.pgm": b"P5 90 90 255\n" + bytes(500),
    }
    for name, data in files.items():
        (source / name).write_bytes(data)
    (source / "gone.png").symlink_to(source / "nowhere.png")
    return [*files, "gone.png"]


def command(source: Path, out: Path) -> list[str]:
    """Return the batch that all runs are."""
    return [
        *(sys.executable, "-m", "edgecli", "batch", str(source), "-o", str(out)),
        *("-f", "vertical", "--recursive", "--suffix", "--jobs", "2", "-q"),
    ]


def kill_after(source: Path, out: Path, lines: int) -> bool:
    """Kill a run, all its processes, when its journal has so many more lines; False if it ended."""
    journal = out / JOURNAL
    before = count_lines(journal)
    with subprocess.Popen(
        command(source, out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        while process.poll() is None:
            if count_lines(journal) >= before + lines:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return process.returncode == -signal.SIGKILL
            try:
                process.wait(0.01)
            except subprocess.TimeoutExpired:
                continue
    return False


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


def run_on_full_disk(result: Soak, source: Path, out: Path) -> None:
    """Let a run go where no file can grow large: it must fail in lines."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL_DISK, SMALL_DISK))

    done = subprocess.run(command(source, out), capture_output=True, check=False, preexec_fn=limit)
    result.runs += 1
    result.check(done.returncode == 1, f"a full disk ended in exit code {done.returncode}")
    result.check(b"Traceback" not in done.stderr, f"a full disk: {done.stderr[-300:]!r}")


def finish(result: Soak, source: Path, out: Path, broken: list[str]) -> None:
    """Run to the end, and once more, when there is nothing left to do but what failed."""
    for _ in range(2):
        before = written(out)
        done = subprocess.run(command(source, out), capture_output=True, check=False)
        result.runs += 1
        lines = done.stderr.decode(errors="replace").splitlines()
        result.check(done.returncode == 1, f"the last run ended in exit code {done.returncode}")
        result.check(len(lines) == len(broken) + 1, f"failures: {lines}")
        for name in broken:
            result.check(any(name in line for line in lines), f"{name} is not among the failures")
    result.check(written(out) == before, "the second of two runs wrote outputs again")


def written(out: Path) -> dict[str, int]:
    """Return when each output was written, in nanoseconds."""
    return {name: (out / name).stat().st_mtime_ns for name in contents(out)}


def undisturbed(result: Soak, source: Path, fresh: Path) -> dict[str, bytes]:
    """Return what the same batch makes in a folder of its own."""
    done = subprocess.run(command(source, fresh), capture_output=True, check=False)
    result.check(done.returncode == 1, f"the fresh run ended in exit code {done.returncode}")
    return contents(fresh)


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
