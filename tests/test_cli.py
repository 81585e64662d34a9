"""The command line as a whole: help, versions, exit codes, one-line errors, closed pipes."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest

import edgecli
from edgecli.cli import COMMANDS, main
from tests.conftest import Refuse, Run, Save, noise

EDGECLI = [sys.executable, "-m", "edgecli"]


def all_commands(group: click.Group) -> list[click.Command]:
    found: list[click.Command] = []
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        found += [command, *(all_commands(command) if isinstance(command, click.Group) else [])]
    return found


def words_of(command: click.Command) -> list[str]:
    """Return what is typed for a command: its name, that of its group before it."""
    context = click.Context(main)
    groups = (main.get_command(context, name) for name in COMMANDS)
    for group in groups:
        if isinstance(group, click.Group) and command in group.commands.values():
            return [str(group.name), str(command.name)]
    return [str(command.name)]


def test_help_lists_every_command_with_its_own_first_line(run: Run) -> None:
    text = " ".join(run("--help").stdout.split())
    for name, line in COMMANDS.items():
        command: click.Command = import_module(f"edgecli.cli.{name}").command
        assert command.get_short_help_str(limit=200) == line
        assert f"{name} {line}" in text


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", all_commands(main), ids=lambda command: command.name)
def test_every_command_and_option_has_help(run: Run, command: click.Command, flag: str) -> None:
    assert command.help
    for parameter in command.params:
        assert isinstance(parameter, click.Argument) or getattr(parameter, "help", None)
    result = run(*words_of(command), flag)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Usage: ")


def test_version(run: Run) -> None:
    result = run("--version")
    assert result.exit_code == 0
    assert result.stdout.split()[-1] == edgecli.__version__


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["detct", "x.png"], "command 'detct' is unknown; did you mean 'detect'?"),
        (["detect"], "Missing argument"),
        (
            ["detect", "x.png", "--strid", "2"],
            "option '--strid' is unknown; did you mean '--stride'?",
        ),
        (["detect", "x.png", "--map", "loud"], "'loud' is unknown; there are auto, abs, clip"),
        (["filters", "export", "sobel"], "Missing option"),
        (["trace", "x.png"], "give --at ROW,COL, or --all"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    refuse: Refuse, args: list[str], said: str
) -> None:
    assert said in refuse(*args, code=2)


def test_wrong_usage_says_where_to_look(refuse: Refuse) -> None:
    said = refuse("filters", "export", "sobel", code=2)
    assert said.endswith("Missing option '-o' / '--output'; see 'main filters export --help'")
    assert "--help" not in refuse("detect", "x.png", "--map", "loud", code=2)


@pytest.mark.parametrize("group", [[], ["filters"], ["network"]])
def test_a_group_alone_shows_its_help(run: Run, group: list[str]) -> None:
    result = run(*group)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == run(*group, "--help").stdout


def test_names_are_told_as_they_are_but_for_what_a_terminal_obeys(refuse: Refuse) -> None:
    said = refuse("detect", "two  spaces.png", code=1)
    assert said.startswith("image two  spaces.png does not exist")
    said = refuse("detect", "\x1b[2J\n.png", code=1)
    assert said.startswith(r"image \x1b[2J .png does not exist")


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def explode(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("edgecli.cli.filters.write_report", explode)


def test_ctrl_c_is_one_line_and_exit_code_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, KeyboardInterrupt())
    result = run("filters", "list")
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == "\nedgecli: interrupted\n"  # the terminal's ^C has a line of its own


def test_a_lack_of_memory_is_one_line(refuse: Refuse, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, MemoryError())
    assert "not enough memory" in refuse("filters", "list", code=1)


def test_a_fault_of_edgecli_is_one_line_that_asks_for_a_report(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, ZeroDivisionError("of\ntwo lines"))
    result = run("filters", "list")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "edgecli: internal error, ZeroDivisionError: of two lines; "
        "please report it with the output of EDGECLI_TRACEBACK=1\n"
    )


def test_a_fault_of_edgecli_shows_its_traceback_on_demand(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, ZeroDivisionError())
    monkeypatch.setenv("EDGECLI_TRACEBACK", "1")
    assert isinstance(run("filters", "list").exception, ZeroDivisionError)


def test_a_full_disk_behind_standard_output_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*EDGECLI, "filters", "list"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    said = b"standard output cannot be written: No space left on device; make room there"
    assert done.stderr == b"edgecli: " + said + b"\n"


@pytest.mark.parametrize("what", ["report", "image", "help"])
def test_a_closed_pipe_ends_quietly(save: Save, what: str) -> None:
    image = str(save("large.npy", noise(700, 700)))
    args = {
        "report": ["detect", image, "-o", os.devnull, "--format", "pgm", "--report", "csv"],
        "image": ["detect", image, "-o", "-", "-q"],
        "help": ["--help"],
    }
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*EDGECLI, *args[what]], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


CLOSED = ["sh", "-c", 'exec "$@" <&- >&-', "sh"]
"""Runs a command without standard input and output."""


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["detect", "-"], 1, "image - is empty"),
        (["filters", "list"], 1, "standard output cannot be written: it is closed"),
        (["detect", "grid.csv", "-o", "-", "-q"], 1, "cannot be written: it is closed"),
        (["detect", "grid.csv", "-o", "edges.png", "-q"], 0, ""),
    ],
)
def test_standard_streams_that_are_closed(
    save: Save, args: list[str], code: int, said: str
) -> None:
    folder = save("grid.csv", [[1, 2], [3, 4]]).parent
    done = subprocess.run(
        [*CLOSED, *EDGECLI, *args], stderr=subprocess.PIPE, cwd=folder, text=True, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (code, bool(said))
    assert said in done.stderr


def test_the_current_folder_need_not_exist(save: Save, tmp_path: Path) -> None:
    grid, out, gone = save("grid.csv", [[1, 2], [3, 4]]), tmp_path / "out.png", tmp_path / "gone"
    gone.mkdir()
    from_gone = ["sh", "-c", 'rmdir ../gone && exec "$@"', "sh", *EDGECLI, "detect", "-q"]
    for output, code, said in (
        (str(out), 0, ""),
        ("out.png", 1, "edgecli: the current folder is gone; "),
    ):
        gone.mkdir(exist_ok=True)
        done = subprocess.run(
            [*from_gone, str(grid), "-o", output],
            cwd=gone,
            env={**os.environ, "PYTHONPATH": str(Path(edgecli.__file__).parents[1])},
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr.count("\n")) == (code, bool(said))
        assert done.stderr.startswith(said)
    assert out.exists()


def test_a_batch_needs_no_stream_at_all(save: Save, tmp_path: Path) -> None:
    folder = save("in.npy", [[1, 2], [3, 4]]).parent
    closed = ["sh", "-c", 'exec "$@" <&- 2>&-', "sh"]
    report = tmp_path / "report.json"
    args = ["batch", str(folder), "-o", str(tmp_path / "out"), "--report-file", str(report)]
    assert subprocess.run([*closed, *EDGECLI, *args], check=False).returncode == 0
    assert '"done": 1' in report.read_text()


def test_a_file_name_that_is_no_text_is_named_with_escapes(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff.csv"
    Path(os.fsdecode(name)).write_text("1 2\n3 4\n")
    for report in ("table", "json", "csv", "markdown"):
        done = subprocess.run(
            [*EDGECLI, "detect", name, "--report", report, "--report-file", tmp_path / report],
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert rb"\udcff" in (tmp_path / report).read_bytes()
    assert Path(os.fsdecode(name.replace(b".csv", b"-sobel.csv"))).exists()


def test_python_m_edgecli_is_the_same_program() -> None:
    done = subprocess.run([*EDGECLI, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.endswith(f"{edgecli.__version__}\n")
