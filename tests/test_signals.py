"""What is left behind when edgecli is stopped in the middle of an image."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SIDE = 2000
HEADER = f"P5 {SIDE} {SIDE} 255\n".encode()


@contextmanager
def half_an_image(output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run detect on a pipe that has given half an image and stays open.

    A pipe holds 64 KiB: when a megabyte is written, most of it has been read, and so the output
    was begun.
    """
    command = [sys.executable, "-m", "edgecli", "detect", "-", "-q", "-o", str(output)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        process.stdin.write(HEADER + bytes(SIDE * SIDE // 2))
        process.stdin.flush()
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_removes_the_temporary_file(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    output = tmp_path / "edges.png"
    output.write_bytes(b"old")
    with half_an_image(output) as process:
        assert [path for path in tmp_path.iterdir() if path != output], "the output was begun"
        process.send_signal(number)
        _, errors = process.communicate()
        assert process.returncode == code
    assert b"Traceback" not in errors
    assert [path.name for path in tmp_path.iterdir()] == ["edges.png"]
    assert output.read_bytes() == b"old"


def test_a_kill_leaves_at_most_a_temporary_file_with_its_name(tmp_path: Path) -> None:
    output = tmp_path / "edges.png"
    with half_an_image(output) as process:
        process.kill()
        process.wait()
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".edges.png.")
    assert left.name.endswith(".edgecli-tmp")


def test_the_end_of_input_in_the_middle_is_one_line(tmp_path: Path) -> None:
    output = tmp_path / "edges.png"
    with half_an_image(output) as process:
        _, errors = process.communicate()
        assert process.returncode == 1
    assert len(errors.splitlines()) == 1
    assert not list(tmp_path.iterdir())
