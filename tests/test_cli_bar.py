"""The bar of single images: on a terminal alone, after a second alone, gone before any line."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from edgecli.cli import bar as module
from edgecli.cli.bar import Bar
from edgecli.detect.inputs import Limits
from edgecli.detect.jobs import detect_input
from edgecli.detect.outputs import Target, name_job
from edgecli.detect.settings import Settings
from edgecli.detect.sheet import choose_tiles, detect_grid, name_grid
from edgecli.operators.operators import load_operator
from tests.conftest import Save, noise
from tests.detections import settings_of

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"  # the cursor


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Clock:
    """Timers that go off when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def __call__(self, seconds: float, function: Callable[[], None]) -> Clock:
        assert seconds == 1.0
        self.waiting.append(function)
        return self

    def start(self) -> None: ...

    def cancel(self) -> None: ...

    def strike(self) -> None:
        self.waiting.pop()()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "Timer", clock)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return clock


def lines_of(screen: Terminal) -> list[str]:
    """Return what was drawn, one drawing after another, without colours."""
    text = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", screen.getvalue())
    return [line.strip() for line in re.split(r"[\r\n]+", text) if line.strip()]


def test_work_of_less_than_a_second_draws_nothing(clock: Clock) -> None:
    screen = Terminal()
    with Bar(1, screen) as bar:
        bar.next("photos/a.png")
        bar.begin(100)
        bar.advance(100)
    clock.strike()  # a timer that went off as the work ended
    assert screen.getvalue() == ""


def test_after_a_second_the_bar_says_what_and_how_far(clock: Clock) -> None:
    screen = Terminal()
    with Bar(4, screen) as bar:
        bar.next("photos/a\x1b[2J.png")
        bar.begin(100)
        clock.strike()
        bar.advance(100)
        bar.next("photos/b.png")
        bar.begin(50)
        bar.advance(50)
    assert lines_of(screen)[0].endswith("1 of 4, a?[2J.png")
    assert re.fullmatch("━{12}.━{11} 2 of 4, b.png", lines_of(screen)[-1])
    assert screen.getvalue().count(HIDE) == screen.getvalue().count(SHOW) == 1
    assert screen.getvalue().endswith("\x1b[1A\x1b[2K")  # the line is erased


def test_a_bar_keeps_its_room_beside_a_long_name(clock: Clock) -> None:
    screen = Terminal()
    with Bar(1, screen) as bar:
        bar.next(f"{'x' * 99}.png")
        bar.begin(2)
        clock.strike()
    assert {len(line) for line in lines_of(screen)} == {60}
    assert lines_of(screen)[0] == f"{'━' * 24} {'x' * 34}…"


def test_a_line_is_not_mixed_with_the_bar(clock: Clock) -> None:
    screen = Terminal()
    with Bar(2, screen) as bar:
        bar.next("a.png")
        clock.strike()
        bar.hide()
        screen.write("edgecli: a line\n")
        place = len(screen.getvalue())
        bar.advance(1)
        assert len(screen.getvalue()) == place  # not before another second has passed
        clock.strike()
        bar.next("b.png")
    before = screen.getvalue().partition("edgecli: a line\n")[0]
    assert before.endswith("\x1b[1A\x1b[2K")
    assert screen.getvalue().count(HIDE) == screen.getvalue().count(SHOW) == 2


@pytest.mark.parametrize(("name", "value"), [("TERM", "dumb"), ("NO_COLOR", "1")])
def test_plain_terminals_and_files_have_no_bar(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    assert Bar(1, Terminal()).stream is not None
    assert Bar(1, io.StringIO()).stream is None
    monkeypatch.setenv(name, value)
    with Bar(1, Terminal()) as bar:
        assert bar.stream is None
        assert clock.waiting == []


class Rows:
    """What is told of progress."""

    def __init__(self) -> None:
        self.begun, self.done = list[int](), list[int]()

    def begin(self, rows: int) -> None:
        self.begun.append(rows)

    def advance(self, rows: int) -> None:
        self.done.append(rows)


@pytest.mark.parametrize(
    "names", [("sobel",), ("canny", "log:2"), ("learned-small",), ("contours",)]
)
def test_rows_that_are_told_add_up_to_those_of_the_image(
    save: Save, tmp_path: Path, names: tuple[str, ...]
) -> None:
    path, told = str(save("a.png", noise(700, 40))), Rows()
    settings = settings_of(*names, threads=2)
    job = name_job(path, settings, Target(f"{tmp_path}/out/", folder=True))
    detect_input(job, settings, Limits(), progress=told)
    assert (told.begun, sum(told.done)) == ([700], 700)


def test_a_contact_sheet_is_told_as_one(save: Save) -> None:
    path, told = str(save("a.png", noise(60, 40))), Rows()
    operators = [load_operator("sobel"), load_operator("canny")]
    tiles = choose_tiles(Settings(()), operators, [])
    detect_grid(name_grid(path, Target()), tiles, Limits(), told)
    assert (told.begun, sum(told.done)) == ([120], 120)


START = "import edgecli.cli.bar as bar; bar.PATIENCE = 0.01; from edgecli.cli import main; main()"
"""What starts the command with less patience."""


def on_terminal(*args: str, columns: int) -> str:
    """Run a command on a pseudo-terminal, and return all that it writes there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
    command = [sys.executable, "-c", START, *args]
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=env | {"TERM": "xterm"}
    )
    os.close(theirs)
    said = b""
    with suppress(OSError):  # how Linux says that nobody writes there any more
        while part := os.read(ours, 65536):
            said += part
    os.close(ours)
    assert process.wait() == 0
    return said.decode()


@pytest.mark.parametrize("columns", [60, 80])
def test_a_terminal_shows_it_and_is_left_clean(tmp_path: Path, columns: int) -> None:
    picture = np.tile(noise(500, 500), (2, 2))
    np.save(tmp_path / "a.npy", picture)
    told = on_terminal("detect", f"{tmp_path}/a.npy", "-f", "learned-small", columns=columns)
    before, _, after = told.rpartition(SHOW)
    assert "━ a.npy" in re.sub(r"\x1b\[[\d;]*m", "", before)
    assert HIDE in before
    assert "━" not in after  # the report alone
    assert after.startswith("\r\x1b[1A\x1b[2K\x1b[1;36minput")  # over the erased line
    quiet = on_terminal("detect", f"{tmp_path}/a.npy", "-f", "learned-small", "-q", columns=columns)
    assert quiet == ""
