"""Children of this process that try mutants: one that crashes or hangs names the mutant."""

from __future__ import annotations

import json
import mmap
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random

from edgecli.errors import EdgeCliError
from tests.fuzz.mutators import LARGEST, mutated
from tests.fuzz.oracle import FaultError, check
from tests.fuzz.seeds import Seed, all_seeds

LONG = 2.0  # seconds of the processor that a mutant may take
HUNG = (10.0, 120.0)  # seconds of the processor, and of the clock, that end a child
MEMORY = 2**28  # bytes that a mutant of MAX_PIXELS may take
ADDRESSES = 2**33  # bytes of addresses that a child may have
MOST_OF_CORPUS = 5000

WEIGHTS = {"image": 80, "filter": 9, "network": 5, "weights": 5, "journal": 1}
"""How often each reader is tried, of 100."""


@dataclass(frozen=True)
class Job:
    """Mutants ``[first, stop)`` of a seed, until a time of ``time.monotonic``."""

    seed: int
    first: int
    stop: int
    corpus: Path | None
    until: float


@dataclass(frozen=True)
class Found:
    """A mutant, and what does not hold of it."""

    name: str
    data: bytes
    fault: str

    @property
    def kind(self) -> str:
        """What faults of one cause have in common: the format, and the words that say no number."""
        words = re.sub(r"/\S*|\d+|'[^']*'", "", self.fault)[:120]
        return f"{Path(self.name).suffix} {words}"


def load_seeds(corpus: Path | None, only: str = "") -> list[Seed]:
    """Return the seeds whose names contain a text, and the small files of a folder."""
    seeds = [seed for seed in _drawn() if only in seed.name]
    files = sorted(corpus.rglob("*")) if corpus is not None and corpus.exists() else ()
    for path in files:
        if only in path.name and path.is_file() and 0 < path.stat().st_size <= LARGEST:
            known = _seed_of(path.name)
            reader, beside = (known.reader, known.beside) if known else ("image", {})
            name = known.name if known else re.sub(r"[^\w.-]", "_", path.name)[-60:]
            seeds.append(Seed(name, path.read_bytes(), reader, beside))
    return seeds


@cache
def _drawn() -> tuple[Seed, ...]:
    return tuple(all_seeds())


def _seed_of(name: str) -> Seed | None:
    """Return the seed that a kept mutant was made of, known by the end of its name."""
    found = (seed for seed in _drawn() if name.endswith(f"-{_flat(seed.name)}"))
    return max(found, key=lambda seed: len(seed.name), default=None)


def _flat(name: str) -> str:
    return name.replace("/", "_")


def _mutant(seeds: Sequence[Seed], seed: int, number: int) -> tuple[Seed, bytes, Random]:
    """Return one mutant, which depends on the seeds, the seed and the number alone."""
    random = Random(f"{seed}:{number}")
    readers = sorted({one.reader for one in seeds})
    reader = random.choices(readers, [WEIGHTS[name] for name in readers])[0]
    of_reader = [one for one in seeds if one.reader == reader]
    chosen = random.choice(of_reader)
    others = [random.choice(of_reader).data for _ in range(2)]
    return chosen, mutated(random, chosen.data, others), random


def run_job(job: Job, seeds: Sequence[Seed]) -> tuple[int, list[Found]]:
    """Try mutants in a child; return the number of the next one to try, and what was found."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        status, at = _in_child(lambda report: _try_all(job, seeds, Path(folder), report), folder)
        lines = Path(folder, "found").read_text(encoding="utf-8").splitlines()
    faults = dict(json.loads(line) for line in lines)
    if status:  # it was killed at the mutant that it had begun
        faults[at] = _ending(status)
    listed = []
    for number, fault in faults.items():
        chosen, data, _ = _mutant(seeds, job.seed, number)
        listed.append(Found(f"{job.seed}-{number}-{_flat(chosen.name)}", data, fault))
    return at + 1, listed


def try_again(path: Path) -> Iterator[Found]:
    """Try a kept mutant with some chances, each in a child; yield what does not hold."""
    known, data = _seed_of(path.name), path.read_bytes()
    seed = known or Seed(path.name, data)
    for chance in range(40):
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:

            def once(report: Report, chance: int = chance, folder: str = folder) -> None:
                _try(seed, data, Path(folder), Random(chance), 0, report)

            status, _ = _in_child(once, folder)
            lines = Path(folder, "found").read_text(encoding="utf-8").splitlines()
        faults = [json.loads(line)[1] for line in lines]
        for fault in faults or ([_ending(status)] if status else []):
            yield Found(path.name, data, fault)
            return


def _ending(status: int) -> str:
    if not os.WIFSIGNALED(status):
        return f"the process ended with {os.waitstatus_to_exitcode(status)}"
    number = os.WTERMSIG(status)
    hung = number in (signal.SIGPROF, signal.SIGALRM)
    return "hangs" if hung else f"crashes by {signal.Signals(number).name}"


class Report:
    """What a child tells: where it is, in memory that it shares, and faults as lines."""

    def __init__(self, folder: str) -> None:
        self.place = mmap.mmap(-1, 8)
        self._lines = Path(folder, "found").open("w", encoding="utf-8")  # noqa: SIM115

    def begin(self, number: int) -> None:
        """Say which mutant is being tried."""
        self.place[:] = number.to_bytes(8)

    def tell(self, number: int, fault: str) -> None:
        """Write down what does not hold."""
        self._lines.write(json.dumps([number, fault]) + "\n")
        self._lines.flush()


def _in_child(work: Callable[[Report], None], folder: str) -> tuple[int, int]:
    """Run in a child with limits; return how it ended and the mutant that it was at."""
    report = Report(folder)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            warnings.simplefilter("error")
            resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            work(report)
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
            os._exit(3)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return status, int.from_bytes(report.place[:])


def _try_all(job: Job, seeds: Sequence[Seed], folder: Path, report: Report) -> None:
    """Try mutants in order; of a new kind of outcome, the corpus gets the mutant."""
    seen = _signatures(job.corpus)
    for number in range(job.first, job.stop):
        if time.monotonic() > job.until:
            return
        seed, data, random = _mutant(seeds, job.seed, number)
        report.begin(number)
        came = _try(seed, data, folder, random, number, report)
        signature = sha256(f"{seed.reader} {came}".encode()).hexdigest()[:12]
        if job.corpus is not None and signature not in seen and len(seen) < MOST_OF_CORPUS:
            seen.add(signature)
            job.corpus.mkdir(parents=True, exist_ok=True)
            (job.corpus / f"{signature}-{_flat(seed.name)}").write_bytes(data)


def _signatures(corpus: Path | None) -> set[str]:
    if corpus is None or not corpus.exists():
        return set()
    return {path.name.partition("-")[0] for path in corpus.iterdir()}


def _try(seed: Seed, data: bytes, folder: Path, random: Random, number: int, report: Report) -> str:
    """Try one mutant and tell what does not hold; return what came of it."""
    place = folder / "files"
    place.mkdir()
    for timer, seconds in zip((signal.ITIMER_PROF, signal.ITIMER_REAL), HUNG, strict=True):
        signal.setitimer(timer, seconds)
    begun, peak, came = time.process_time(), _peak(), ""
    with _Streams(folder) as streams:
        try:
            came = check(seed, data, place, random)
        except FaultError as fault:
            report.tell(number, str(fault))
        except EdgeCliError as error:
            report.tell(number, f"too late: {error!r}")
        except BaseException as error:
            frames = traceback.extract_tb(error.__traceback__)[-3:]
            where = " ".join(f"{Path(one.filename).name}:{one.lineno}" for one in frames)
            report.tell(number, f"raises {error!r} at {where}")
    if streams.text:
        report.tell(number, f"prints {streams.text[:300]!r}")
    if (took := time.process_time() - begun) > LONG:
        report.tell(number, f"takes {took:.1f} s")
    if (grown := _peak() - peak) > MEMORY:
        report.tell(number, f"takes {grown // 2**20} MiB")
    shutil.rmtree(place)
    return came


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class _Streams:
    """Catches what is written to the process's own standard streams, by any library."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "streams"
        self.text = ""

    def __enter__(self) -> _Streams:
        self._kept = os.dup(1), os.dup(2)
        with self._path.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        return self

    def __exit__(self, *_: object) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, kept in enumerate(self._kept, 1):
            os.dup2(kept, number)
            os.close(kept)
        self.text = self._path.read_text(encoding="utf-8", errors="replace")
