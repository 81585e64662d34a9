"""Runs commands in this process, each in a folder of its own, and keeps what comes of them."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import click
from click.testing import CliRunner

from tests.corpus.command import Command, Step
from tests.corpus.inputs import write_inputs
from tests.corpus.normalising import normalised

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

ALWAYS_NEEDED = {"names.txt": "album", "names.nul": "album", "no-weights.toml": "other.npz",
                 "no-archive.toml": "float3.npy"}  # fmt: skip
"""Inputs that name others, which no argument names; networks name weights called like them."""


@dataclass(frozen=True)
class Outcome:
    """What a line of the corpus came to: a code, the streams of each step, files by name."""

    codes: tuple[int, ...]
    streams: dict[str, bytes]
    files: dict[str, bytes]


@contextmanager
def fresh_inputs() -> Iterator[Path]:
    """Write the inputs to a folder for as long as they are needed."""
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        inputs = Path(folder) / "inputs"
        write_inputs(inputs)
        yield inputs


def run_command(main: click.Command, command: Command, inputs: Path) -> Outcome:
    """Run a line in a new folder beside the inputs, where copies of those that it names are."""
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=inputs.parent))
    try:
        _copy_inputs(command, inputs, folder)
        given = _files(folder)
        codes, streams = _run_steps(main, command.steps, folder)
        left = _files(folder)
    finally:
        shutil.rmtree(folder)
    new = {name: data for name, data in left.items() if given.get(name) != data}
    files = {name: normalised(data, folder) for name, data in new.items()}
    gone = {f"{name} (removed)": b"" for name in given.keys() - left.keys()}
    return Outcome(codes, streams, files | gone)


def _copy_inputs(command: Command, inputs: Path, folder: Path) -> None:
    words = command.words | {more for name, more in ALWAYS_NEEDED.items() if name in command.words}
    words |= {f"{word[:-5]}.npz" for word in words if word.endswith(".toml")}
    for word in words - {"", ".", ".."}:
        source = inputs / word
        if "/" not in word and os.path.isdir(source):  # Path's own fails for names too long
            shutil.copytree(source, folder / word)
        elif "/" not in word and os.path.isfile(source):
            shutil.copy2(source, folder / word)


def _run_steps(
    main: click.Command, steps: Sequence[Step], folder: Path
) -> tuple[tuple[int, ...], dict[str, bytes]]:
    codes: list[int] = []
    streams: dict[str, bytes] = {}
    with chdir(folder), _same_everywhere():
        for number, step in enumerate(steps, start=1):
            data = b"" if step.stdin is None else Path(step.stdin).read_bytes()
            stdin = io.BufferedReader(_Pipe(data)) if step.piped else io.BytesIO(data)
            result = CliRunner().invoke(main, list(step.args), input=stdin, prog_name="edgecli")
            codes.append(result.exit_code)
            streams[f"stdout {number}"] = normalised(result.stdout_bytes, folder)
            streams[f"stderr {number}"] = normalised(result.stderr_bytes, folder)
            if result.exception is not None and not isinstance(result.exception, SystemExit):
                streams[f"exception {number}"] = repr(result.exception).encode()
    return tuple(codes), streams


class _Pipe(io.RawIOBase):
    """Bytes that can be read once, a few at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Fill a part of a buffer."""
        part = self._data.read(min(len(memoryview(buffer)), 5000))
        memoryview(buffer)[: len(part)] = part
        return len(part)


@contextmanager
def _same_everywhere() -> Iterator[None]:
    """Let commands see two processors and no terminal, whatever machine this is."""
    environment = {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"}
    with (
        patch.dict(os.environ, environment),
        patch.object(os, "sched_getaffinity", lambda _: {0, 1}, create=True),
    ):
        yield


def _files(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder, and its empty folders, by their names in it."""
    paths = sorted(folder.rglob("*"))
    empty = {f"{path.relative_to(folder)}/": b"" for path in paths if _is_empty(path)}
    files = (path for path in paths if path.is_file())
    return empty | {str(path.relative_to(folder)): path.read_bytes() for path in files}


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())
