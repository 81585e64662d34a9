"""What is said to terminals that do not speak UTF-8, and by a Python without docstrings."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from click.testing import CliRunner

from edgecli.cli import COMMANDS, main
from edgecli.cli.streams import ERRORS, PLAIN
from edgecli.reports.display import TerminalScreen
from tests.conftest import SAMPLES, Run, noise

GRID = str(SAMPLES / "grid-6x6.csv")
PAGE = str(SAMPLES / "page.png")
POSIX = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def edgecli(
    *args: str, python: tuple[str, ...] = (), env: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, *python, "-m", "edgecli", *args]
    return subprocess.run(command, env={**os.environ, **env}, capture_output=True, check=False)


def test_an_ascii_terminal_gets_plain_words() -> None:
    for env in (POSIX, {"PYTHONIOENCODING": "ascii"}):
        done = edgecli("detect", GRID, "--explain", env=env)
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"CSV 6x6x1 uint8" in done.stdout
        assert b"floor((6 + 2*1 - 3)/1) + 1 = 6" in done.stdout
        assert b"sum |w|*" in done.stdout
        done = edgecli("trace", GRID, "-f", "sobel", "--at", "3,3", env=env)
        assert re.search(rb"magnitude *sqrt\(\d+\^2 \+ \d+\^2\) = ", done.stdout)


def said_in(encoding: str, *args: str) -> str:
    """Return what a command of this process says where streams have an encoding."""
    done = CliRunner(charset=encoding).invoke(main, args)
    assert done.exit_code == 0
    return done.stdout_bytes.decode(encoding)


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "latin-1", "koi8-r", "shift-jis"])
def test_code_pages_get_plain_words_for_what_they_lack(encoding: str) -> None:
    args = ("trace", GRID, "-f", "vertical", "--at", "3,3")
    said, whole = said_in(encoding, *args), said_in("utf-8", *args)
    plain = str.maketrans(PLAIN)
    assert said.translate(plain) == whole.translate(plain)
    assert "−" in whole
    assert "\\" not in said


@pytest.mark.parametrize("command", ["", *COMMANDS, "filters list", "network summary lenet5"])
def test_no_command_has_words_that_ascii_cannot_say(command: str) -> None:
    asked = [*command.split(), *(["--help"] if " " not in command else [])]
    assert "\\" not in said_in("ascii", *asked)


def test_errors_are_in_plain_words_too() -> None:
    said = edgecli("network", "summary", "lenet5", "--input", "1x2x3", env=POSIX).stderr
    assert said.isascii()
    assert b"\\" not in said
    missing = edgecli("detect", "caf\xe9.png", env={"PYTHONIOENCODING": "ascii"}).stderr
    assert missing == b"edgecli: image caf\\xe9.png does not exist; check the name\n"


def test_every_sign_has_plain_words() -> None:
    text = "".join(PLAIN)
    assert text.encode("ascii", ERRORS).decode() == "".join(PLAIN.values())
    assert all(words.isascii() for words in PLAIN.values())


@pytest.mark.parametrize(("encoding", "signs"), [("utf-8", "▀"), ("cp1252", " .:-=+*#%@")])
def test_a_preview_is_drawn_in_signs_that_the_terminal_has(
    monkeypatch: pytest.MonkeyPatch, encoding: str, signs: str
) -> None:
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    data = io.BytesIO()
    stream = Terminal(data, encoding)
    TerminalScreen(stream).draw(noise(4, 6, 1) / 255)
    stream.flush()
    drawn = re.sub(r"\x1b\[[\d;]*m", "", data.getvalue().decode(encoding))
    assert drawn.strip("\n")
    assert set(drawn) <= {*signs, "\n"}


HELP = """
import sys
from click.testing import CliRunner
from edgecli.cli import main
for words in sys.argv[1:]:
    print(CliRunner().invoke(main, [*words.split(), "--help"]).output)
"""


def test_help_needs_no_docstrings() -> None:
    subcommands = [f"filters {name}" for name in ("list", "show", "export")]
    subcommands += [f"network {name}" for name in ("summary", "run")]
    asked = [sys.executable, "-c", HELP, "", *COMMANDS, *subcommands]
    told = subprocess.check_output(asked, text=True)
    assert told.count("Usage:") == len(asked) - 3
    assert subprocess.check_output([asked[0], "-OO", *asked[1:]], text=True) == told


@pytest.mark.parametrize(
    "args",
    [
        ("detect", GRID, "-f", "canny:1", "--report", "json"),
        ("detect", GRID, "-f", "learned-small"),
        ("batch", f"{SAMPLES}/grid-*.csv"),
        ("network", "run", "edges-rgb", PAGE),
        ("learn", GRID, GRID, "--size", "3"),
    ],
)
def test_commands_need_no_assertions(args: tuple[str, ...], tmp_path: Path) -> None:
    outputs = {"learn": "filter.json", "detect": "edges.png"}
    out = str(tmp_path / outputs.get(args[0], "out"))
    done = edgecli(*args, "-o", out, python=("-OO",))
    assert done.returncode == 0, done.stderr
    assert Path(out).exists()


@pytest.mark.parametrize(
    "args",
    [
        ("network", "summary", "lenet5"),
        ("network", "summary", "learned", "--compare", "fully-connected"),
        ("filters", "list"),
        ("filters", "show", "learned"),
        ("styles",),
        ("trace", GRID, "--at", "1,1"),
        ("batch", "in", "-o", "out", "-v"),
    ],
)
@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize("settings", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_line_of_a_report_is_longer_than_the_terminal(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...], columns: int, settings: dict[str, str],
) -> None:  # fmt: skip
    for name, value in ({"TERM": "xterm", "COLUMNS": str(columns)} | settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(SAMPLES, "in", ignore=lambda *_: ["building.jpg", "edges", "drawing"])
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True)
    shown = run(*args).stdout
    labels = args[0] in ("filters", "styles", "trace")
    assert ("36m" in shown) == (labels and not settings)
    lines = re.sub(r"\x1b\[[\d;]*m", "", shown).splitlines()
    assert [line for line in lines if len(line) > columns] == []
