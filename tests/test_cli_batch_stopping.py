"""What is left of ``edgecli batch`` when a signal, a kill or a full disk stops it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.batches import contents, ended, pictures, write_pgm

NAMES = [f"{n:02}.pgm" for n in range(12)]
STUCK = NAMES[6]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return what a batch makes of some pictures when nobody stops it."""
    folder = tmp_path_factory.mktemp("undisturbed")
    pictures(folder / "in", *NAMES)
    subprocess.run(batch(folder), check=True, capture_output=True, input=names(folder))
    return contents(folder / "out")


def batch(folder: Path) -> list[str]:
    options = ["-f", "vertical", "--jobs", "2", "-o", str(folder / "out")]
    return [sys.executable, "-m", "edgecli", "batch", "-", *options]


def names(folder: Path) -> bytes:
    return b"".join(b"%s\n" % os.fsencode(folder / "in" / name) for name in NAMES)


@contextmanager
def half_done(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a batch that waits for ever for one of its inputs, until some images are done."""
    pictures(folder / "in", *NAMES)
    (folder / "in" / STUCK).unlink()
    os.mkfifo(folder / "in" / STUCK)
    journal = folder / "out" / ".edgecli-batch.jsonl"
    pipe = subprocess.PIPE
    with subprocess.Popen(batch(folder), stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin is not None
        process.stdin.write(names(folder))
        process.stdin.close()
        process.stdin = None
        try:
            while not (journal.exists() and journal.stat().st_size):
                assert not ended(process)
            yield process
        finally:
            process.kill()


def let_go(pipe: Path) -> None:
    """Give whoever waits for a named pipe an end of file; whoever comes later finds none."""
    end = os.open(pipe, os.O_RDWR)
    pipe.unlink()
    os.close(end)


def finish(folder: Path) -> dict[str, bytes]:
    """Run the same batch again, which finds all its inputs now; return its outputs."""
    (folder / "in" / STUCK).unlink(missing_ok=True)
    write_pgm(folder / "in" / STUCK, NAMES.index(STUCK))
    command = batch(folder)
    done = subprocess.run(command, check=True, capture_output=True, input=names(folder))
    assert b"skipped" in done.stdout
    assert not any(name.endswith(".edgecli-tmp") for name in all_files(folder / "out"))
    return contents(folder / "out")


def all_files(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_all_processes_and_leaves_nothing_partial(
    undisturbed: dict[str, bytes], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with half_done(tmp_path) as process:
        process.send_signal(number)
        _, errors = process.communicate()  # returns when no process holds the pipes any more
    assert process.returncode == code
    said = rb"interrupted: \d+ of \d+ done; run again to continue|stopped by SIGTERM"
    assert re.fullmatch(rb"edgecli: (%b)" % said, errors.strip())
    assert not any(name.endswith(".edgecli-tmp") for name in all_files(tmp_path / "out"))
    assert contents(tmp_path / "out").items() < undisturbed.items()
    assert finish(tmp_path) == undisturbed


def test_after_a_kill_the_next_run_completes_it(
    undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    with half_done(tmp_path) as process:
        process.kill()
        let_go(tmp_path / "in" / STUCK)
        process.communicate()  # the workers end by themselves
    assert process.returncode == -signal.SIGKILL
    journal = tmp_path / "out" / ".edgecli-batch.jsonl"
    with journal.open("ab") as file:
        file.write(journal.read_bytes().splitlines()[0][:100])  # torn
    (tmp_path / "out" / ".00-vertical.png.0123abcd.edgecli-tmp").touch()
    assert finish(tmp_path) == undisturbed


def test_a_disk_that_fills_up_fails_in_lines(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk."""
    import resource

    source, out = pictures(tmp_path / "in", "a.pgm", "b.pgm"), tmp_path / "out"
    write_pgm(source / "large.pgm", side=200)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    command = [sys.executable, "-m", "edgecli", "batch", str(source), "-o", str(out), "-q"]
    done = subprocess.run(command, capture_output=True, check=False, preexec_fn=limit)
    assert done.returncode == 1
    assert b"large-sobel.png cannot be written" in done.stderr
    assert b"Traceback" not in done.stderr
    assert sorted(contents(out)) == ["a-sobel.png", "b-sobel.png"]
    assert len(all_files(out)) == 3
    subprocess.run(command, check=True)
    assert len(contents(out)) == 3
