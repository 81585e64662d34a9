"""What a batch has finished: a line of JSON for each input, in DIR/.edgecli-batch.jsonl.

A line is written as soon as its outputs are in place, so that a batch that is killed forgets at
most what it was doing. The latest line of an input counts; one that was cut short is removed, and
one that a disk or an editor has damaged counts as never written: its input is done again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass
from typing import Any, BinaryIO, cast

from edgecli.batch.inputs import JOURNAL, below
from edgecli.errors import OutputError, system_says

_PART = 2**20  # bytes of a file that are hashed at once
_KEYS = {"input", "size", "settings", "outputs", "reports"}

Entry = dict[str, Any]
"""A line: ``input``, its ``size``, ``mtime`` and ``hash``, ``settings``, ``outputs``, ``reports``.

In this order, so that the rest can be read without the reports. Paths of outputs are relative to
DIR; one that says where a map lies is ``of`` that. ``settings`` is null where an older file was
kept.
"""


class Journal:
    """The journal of a folder, open in one process at a time; OutputError where it cannot be.

    ``offsets`` says where each input's latest line begins.
    """

    def __init__(self, folder: str, *, restart: bool = False) -> None:
        self.path = os.path.join(folder, JOURNAL)
        try:
            # One handle for all: closing any other one of the same file would drop the lock.
            self._file = open(self.path, "a+b")  # noqa: SIM115 (open until close)
            _lock(self._file)
            self.is_new = os.fstat(self._file.fileno()).st_size == 0
            self.offsets = self._read()
            if restart:  # the lines stay: they tell what is ours
                self.offsets.clear()
        except BlockingIOError as error:
            raise OutputError(f"another batch is writing to {folder}; wait for its end") from error
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Let go of the file."""
        with suppress(OSError):  # of a line that had no room
            self._file.close()

    def _read(self) -> dict[str, int]:
        """Find where each input's latest line begins, and cut off what has no end."""
        offsets, end = dict[str, int](), 0
        for line in self._lines():
            if not line.endswith(b"\n"):
                break
            if (entry := _entry_of(line)) is not None:
                offsets[entry["input"]] = end
            end += len(line)
        self._file.truncate(end)
        return offsets

    def _lines(self) -> Iterator[bytes]:
        self._file.seek(0)
        return iter(self._file.readline, b"")

    def append(self, key: str, line: str) -> int:
        """Write an input's line, and return where it begins.

        OutputError where the file is no longer there: what follows would not be, either.
        """
        try:
            offset = self._file.seek(0, os.SEEK_END)
            self._file.write(f"{line}\n".encode())
            self._file.flush()
            is_there = os.path.samestat(os.stat(self.path), os.fstat(self._file.fileno()))
        except FileNotFoundError:
            is_there = False
        except OSError as error:
            raise self._unwritable(error) from error
        if not is_there:
            raise OutputError(
                f"the journal {self.path} was moved or removed while the batch ran; bring it back, "
                "or run again to start over"
            )
        self.offsets[key] = offset
        return offset

    def read(self, offset: int) -> Entry:
        """Read the line that begins at ``offset``."""
        self._file.seek(offset)
        return cast(Entry, json.loads(self._file.readline()))

    def read_head(self, offset: int) -> Entry:
        """Read the line that begins at ``offset``, all but its reports."""
        self._file.seek(offset)
        return _head_of(self._file.readline())

    def outputs(self) -> Iterator[str]:
        """Yield the outputs of every line, whether or not it still counts."""
        for line in self._lines():
            if (entry := _entry_of(line)) is not None:
                yield from (output["path"] for output in entry["outputs"])

    def _unwritable(self, error: OSError) -> OutputError:
        reason = f"{system_says(error)}; give another folder"
        return OutputError(f"the journal {self.path} cannot be written: {reason}")


def _lock(file: BinaryIO) -> None:
    """Take a lock that ends with the process, however that ends, where there are such locks."""
    try:
        import fcntl
    except ImportError:
        return
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _entry_of(line: bytes) -> Entry | None:
    """Return what a line holds; None where it is damaged, or somebody else's."""
    with suppress(ValueError, RecursionError, KeyError, TypeError):
        entry: Entry = json.loads(line)
        outputs = [output["path"] for output in entry["outputs"]]
        known = entry.keys() >= _KEYS and all(isinstance(one, dict) for one in entry["reports"])
        if known and all(isinstance(name, str) for name in (entry["input"], *outputs)):
            return entry
    return None


def _head_of(line: bytes) -> Entry:
    """Return what a line holds before its reports."""
    return cast(Entry, json.loads(line.partition(b', "reports": ')[0] + b"}"))


def file_state(path: str) -> tuple[int, int]:
    """Return the size of a file, and when it was changed, in ns: of a folder, of all in it."""
    states = [os.stat(path), *map(os.stat, _files_in(path))]
    size = sum(state.st_size for state in states[1:] or states)
    return size, max(state.st_mtime_ns for state in states)


def file_hash(path: str) -> str:
    """Return the SHA-256 of a file's bytes; OSError where it cannot be read.

    Of a folder they are those of all files in it, with their names. SHA-256 for its speed: 1.4 GB/s
    with the instructions that processors have for it, where BLAKE2b does 0.5.
    """
    digest = hashlib.sha256()
    for name in _files_in(path):
        digest.update(f"{below(path, name)}\0{file_hash(name)}\n".encode(errors="surrogateescape"))
    if os.path.isdir(path):
        return digest.hexdigest()
    with open(path, "rb", buffering=0) as file:
        while part := file.read(_PART):
            digest.update(part)
    return digest.hexdigest()


def _files_in(folder: str) -> list[str]:
    """Return all files in a folder and below, in order; none of what is a file."""
    walk = os.walk(folder)
    return sorted(os.path.join(place, name) for place, _, names in walk for name in names)


def settings_hash(*settings: object) -> str:
    """Return a hash of everything that decides what an output is.

    Dataclasses, arrays and plain values are hashed by content, the same in every process.

    >>> settings_hash(1, ("a",)) == settings_hash(1, ("a",)) != settings_hash(1, ("b",))
    True
    """
    digest = hashlib.sha256()
    for part in _parts(settings):
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.hexdigest()


def _parts(value: object) -> Iterator[bytes]:
    if is_dataclass(value):
        yield type(value).__name__.encode()
        for name in fields(value):
            yield from _parts(getattr(value, name.name))
    elif isinstance(value, list | tuple):
        yield f"{len(value)} items".encode()
        for item in value:
            yield from _parts(item)
    elif hasattr(value, "tobytes"):
        yield f"{value.dtype} {value.shape}".encode()  # type: ignore[attr-defined]
        yield value.tobytes()
    else:
        yield repr(value).encode(errors="surrogatepass")
