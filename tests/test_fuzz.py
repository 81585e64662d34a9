"""The fuzzer at small, and that it would see every kind of fault."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.mutators import mutated
from tests.fuzz.seeds import Seed, all_seeds

ROOT = Path(__file__).parents[1]


def fuzz(*args: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run the fuzzer in a process of its own, whose children it forks."""
    code = f"import sys; from tests.fuzz.__main__ import main; \n{before}\nsys.exit(main())"
    command = [sys.executable, "-c", code, *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_damaged_files_are_read_as_announced_or_refused_in_one_line() -> None:
    done = fuzz("--mutants", "600", "--seed", "7")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "600 mutants" in done.stdout


FAULTS = {
    "raises ZeroDivisionError": "1 / 0",
    "raises UserWarning": "warnings.warn('old')",
    "prints 'libjunk: oops'": "os.write(2, b'libjunk: oops')",
    "crashes by SIGSEGV": "os.kill(os.getpid(), 11)",
    "hangs": "[None for _ in iter(int, 1)]",
    "MiB": "bytearray(b'1') * 2**27",
    "no subject": "refuse('image is bad')",
    "no printable line": "refuse('image x is\\nbad')",
}
"""What a reader may do, by how it is told."""


def test_each_kind_of_fault_is_seen() -> None:
    before = (
        "import os, warnings, tests.fuzz.oracle as oracle, tests.fuzz.running as running\n"
        "def refuse(text): raise oracle.EdgeCliError(text)\n"
        f"does = {list(FAULTS.values())}\n"
        "oracle.open_images = lambda *_, **__: eval(does[0])\n"
        "running.HUNG, running.MEMORY = (0.5, 9), 2**26\n"
        "while len(does) > 1: main(['--mutants', '1', '--only', 'grey.png']); del does[0]\n"
    )
    done = fuzz("--mutants", "1", "--only", "grey.png", before=before)
    lines = [line for line in done.stdout.splitlines() if line.startswith("1-0-grey.png: ")]
    assert done.returncode == 1
    for told, line in zip(FAULTS, lines, strict=True):
        assert told in line


@pytest.fixture(scope="module")
def seeds() -> list[Seed]:
    return list(all_seeds())


def test_a_mutant_depends_on_its_number_alone(seeds: list[Seed]) -> None:
    data = seeds[0].data
    made = [mutated(Random(f"1:{number}"), data, [data]) for number in (3, 4, 3)]
    assert made[0] == made[2] != made[1]


def test_seeds_are_whole_files_of_names_of_their_own(seeds: list[Seed]) -> None:
    names = [seed.name for seed in seeds]
    assert len(names) == len(set(names))
    assert all(seed.data and len(seed.data) < 2**14 for seed in seeds)
