"""Small machines: few open files, little memory, no more threads; each is said as what it is."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NoReturn

import pytest

from edgecli.cli import batch
from tests.batches import pictures
from tests.conftest import Refuse, Run, Save, noise


@pytest.mark.parametrize(("files", "jobs"), [(20, 16), (14, 2), (12, 2)])
def test_a_batch_has_as_many_jobs_as_open_files_allow(
    tmp_path: Path, files: int, jobs: int
) -> None:
    pictures(tmp_path / "in", *(f"{n}.pgm" for n in range(jobs)))
    command = [sys.executable, "-m", "edgecli", "batch", "in", "-o", "out", "--jobs", str(jobs)]
    limited = ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh", *command, "--report", "none"]
    done = subprocess.run(limited, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("no more open files are allowed; raise the limit with ulimit -n\n")
    assert done.stderr.count("\n") == 1
    assert len(list((tmp_path / "out").glob("*.png"))) == jobs


@pytest.mark.parametrize(
    ("memory", "given", "jobs"),
    [
        (32 * 10**9, {}, 8),
        (2 * 10**9, {}, 4),
        (250 * 10**6, {}, 1),
        (250 * 10**6, {"jobs": 3}, 3),
        (32 * 10**9, {"memory": "600M"}, 2),
    ],
)
def test_a_batch_has_as_many_jobs_as_half_of_the_memory_allows(
    monkeypatch: pytest.MonkeyPatch, memory: int, given: dict[str, Any], jobs: int
) -> None:
    monkeypatch.setattr(batch, "memory", lambda: memory)
    monkeypatch.setattr(batch, "cores", lambda: 8)
    running = batch._on_processes(batch.RunOptions(**given))
    assert running.jobs == jobs
    assert running.memory == (600 * 10**6 if "memory" in given else memory // 2)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "raise the limit with ulimit -n"),
        (OSError(errno.EIO, "Input/output error", "a.png"), "a.png: Input/output error; check"),
        (OSError(errno.ENOSPC, "No space left on device", "b"), "b: No space left on device; make"),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory"),
            "the current folder is gone",
        ),
        (OSError("a library's own"), "the system says: a library's own"),
    ],
)
def test_what_the_system_refuses_is_told_as_it_is(
    refuse: Refuse, monkeypatch: pytest.MonkeyPatch, error: OSError, said: str
) -> None:
    def refused(*_: object) -> NoReturn:
        raise error

    monkeypatch.setattr("edgecli.cli.filters.write_report", refused)
    told = refuse("filters", "list", code=1)
    assert said in told
    assert "standard output" not in told


def test_threads_that_cannot_be_started_are_one_line_and_the_advice_works(
    refuse: Refuse, run: Run, save: Save, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def start(_: threading.Thread) -> NoReturn:
        raise RuntimeError("can't start new thread")

    picture = save("large.png", noise(1200, 2000))  # read ahead, and worked on by several
    monkeypatch.setattr(threading.Thread, "start", start)
    args = ("detect", picture, "-o", tmp_path / "out.png")
    assert "can't start new thread" in refuse(*args, "--threads", "4", code=1)
    assert not os.path.exists(tmp_path / "out.png")
    assert run(*args, "--threads", "1").exit_code == 0
    monkeypatch.setattr("tests.conftest.nearby", nullcontext)  # processes are what is asked for
    told = refuse("batch", tmp_path / "l*.png", "-o", tmp_path / "out", code=1)
    assert told.startswith("no process can be started: can't start new thread; raise the limit")
