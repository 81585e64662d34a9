"""Runs the corpus on another tree of the package, and tells what differs."""

from __future__ import annotations

import difflib
import os
import pickle
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from tests.corpus.command import Command
from tests.corpus.decoding import Array, decode
from tests.corpus.normalising import as_text
from tests.corpus.running import Outcome, fresh_inputs, run_command

ROOT = Path(__file__).parents[2]

Outcomes = dict[str, Outcome]

_CHILD = """
import sys
sys.path.insert(0, {root!r})
from tests.corpus import comparing
sys.path[0] = {tree!r}
comparing.run_here({folder!r})
"""
"""The corpus is this tree's, the package the other's; processes of a batch find it there, too."""

LONGEST = 40
"""Lines of a difference that are shown."""

WIDEST = 200
"""Characters of a line that are shown."""


def run_tree(tree: Path, commands: Iterable[Command]) -> Outcomes:
    """Run commands in a process that imports the package from a tree."""
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        Path(folder, "commands").write_bytes(pickle.dumps(list(commands)))
        place = str(tree.resolve())
        code = _CHILD.format(root=str(ROOT), tree=place, folder=folder)
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": place}
        ended = subprocess.run([sys.executable, "-P", "-c", code], check=False, env=environment)
        if ended.returncode:
            raise SystemExit(f"the corpus does not run on {tree}")
        outcomes: Outcomes = pickle.loads(Path(folder, "outcomes").read_bytes())
        return outcomes


def run_here(folder: str) -> None:
    """Run the commands that a folder holds with the package that this process finds."""
    from edgecli.cli import main

    commands: list[Command] = pickle.loads(Path(folder, "commands").read_bytes())
    with fresh_inputs() as inputs:
        outcomes = {c.line: run_command(main, c, inputs) for c in commands}
    Path(folder, "outcomes").write_bytes(pickle.dumps(outcomes))


def compare(before: Outcomes, after: Outcomes) -> int:
    """Print what differs, and return in how many commands something does."""
    differing = 0
    for line, outcome in before.items():
        found = list(differences(outcome, after[line]))
        if found:
            differing += 1
            sys.stdout.write("\n    ".join([f"edgecli {line}", *found]) + "\n\n")
    return differing


def differences(before: Outcome, after: Outcome) -> Iterator[str]:
    """Yield what differs between two outcomes of one command."""
    if before.codes != after.codes:
        yield f"exit codes {before.codes} became {after.codes}"
    old, new = before.streams | before.files, after.streams | after.files
    for name in dict.fromkeys([*old, *new]):
        if name not in new:
            yield f"{name} is no longer written"
        elif name not in old:
            yield f"{name} was not written"
        elif old[name] != new[name]:
            yield from _difference(name, old[name], new[name])


def _difference(name: str, old: bytes, new: bytes) -> Iterator[str]:
    before, after = as_text(old), as_text(new)
    if before is not None and after is not None:
        lines = list(_lines(before)), list(_lines(after))
        found = list(difflib.unified_diff(*lines, name, name, lineterm="", n=0))
        yield from _shortened(found or [f"{name}: the ends of lines differ"])
        return
    pictures = decode(old), decode(new)
    yield f"{name}: {len(old):,} bytes became {len(new):,}; {_pixels(*pictures)}"


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a text, long ones cut after their commas."""
    for line in text.splitlines():
        yield from re.split("(?<=, )", line) if len(line) > WIDEST else [line]


def _shortened(lines: Sequence[str]) -> Iterator[str]:
    yield from (line[:WIDEST] for line in lines[:LONGEST])
    if len(lines) > LONGEST:
        yield f"… and {len(lines) - LONGEST:,} lines more"


def _pixels(old: Sequence[Array], new: Sequence[Array]) -> str:
    """Say how pictures differ: in number, size and type, or in how many samples by how much."""
    kinds = [[(array.shape, array.dtype.name) for array in arrays] for arrays in (old, new)]
    if kinds[0] != kinds[1]:
        return f"{kinds[0]} became {kinds[1]}"
    parts = []
    for one, other in zip(old, new, strict=True):
        if one.dtype.kind == "U":  # the names in an NPZ
            parts.append(f"{(one != other).sum():,} of {one.size:,} words differ")
            continue
        unequal = ~np.isclose(one, other, rtol=0, atol=0, equal_nan=True)
        largest = np.nanmax(np.abs(one.astype(float) - other.astype(float)), initial=0)
        parts.append(f"{unequal.sum():,} of {one.size:,} samples differ, by up to {largest:g}")
    return "; ".join(parts) or "nothing that could be decoded"
