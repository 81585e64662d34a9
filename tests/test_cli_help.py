"""Help: examples first, options in groups, no line too long; mistakes are answered."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import click
import pytest

from edgecli.cli import main
from edgecli.cli.help import FEW, GROUPS, Command, Group, group_of
from tests.conftest import SAMPLES, Refuse, Run
from tests.test_docs import all_commands

COMMANDS = dict(all_commands())


def options_of(name: str) -> list[click.Option]:
    return [one for one in COMMANDS[name].params if isinstance(one, click.Option)]


def test_the_commands_of_many_options() -> None:
    assert LONG == ["detect", "batch", "trace", "evaluate", "learn"]


LONG = [name for name in COMMANDS if len(options_of(name)) >= FEW]


@pytest.mark.parametrize("name", LONG)
def test_every_option_of_many_says_its_group(name: str) -> None:
    assert [one.name for one in options_of(name) if group_of(one) not in GROUPS] == []


@pytest.mark.parametrize("name", LONG)
def test_groups_come_in_order_and_options_in_theirs(run: Run, name: str) -> None:
    text = run(*name.split(), "--help").stdout
    titles = re.findall(r"^(\w+):$", text, re.MULTILINE)
    used = {group_of(option) for option in options_of(name)} | {"Report"}  # of --help itself
    assert titles == ["Examples", *(group for group in GROUPS if group in used)]
    for title in used:
        section = text.partition(f"\n{title}:\n")[2].partition("\n\n")[0]
        shown = re.findall(r"^  (?:-\w, )*(--[\w-]+)", section, re.MULTILINE)
        declared = [option.opts for option in options_of(name) if group_of(option) == title]
        assert [
            names for names, first in zip(declared, shown, strict=False) if first not in names
        ] == []


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("columns", [60, 80])
def test_no_line_is_longer_than_the_terminal(name: str, columns: int) -> None:
    context = click.Context(COMMANDS[name], info_name=f"edgecli {name}", terminal_width=columns)
    lines = COMMANDS[name].get_help(context).splitlines()
    long = [line for line in lines if len(line) > columns]
    assert [line for line in long if columns == 80 or not line.startswith("  edgecli ")] == []


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("columns", [50, 60, 80])
def test_no_word_is_broken(name: str, columns: int) -> None:
    def words(width: int) -> list[str]:
        context = click.Context(COMMANDS[name], info_name=f"edgecli {name}", terminal_width=width)
        shown = COMMANDS[name].get_help(context).partition("Examples:")
        return re.split(r"[\s|-]+", "".join(shown))  # lines may end in a bar or a hyphen

    assert sorted({*words(columns)} - {*words(300)}) == []


@pytest.mark.parametrize(
    "name", ["", "detect", "batch", "trace", "tune", "filters", "network", "learn"]
)
def test_three_examples_come_before_the_options(run: Run, name: str) -> None:
    text = run(*name.split(), "--help").stdout
    examples = text.partition("\nExamples:\n")[2].partition("\n\n")[0]
    assert len(re.findall(r"^  edgecli ", examples, re.MULTILINE)) == 3
    assert re.findall(r"^(\w+):$", text, re.MULTILINE)[0] == "Examples"


def test_every_command_shows_its_help_so() -> None:
    assert [name for name, one in COMMANDS.items() if not isinstance(one, Command)] == []
    assert isinstance(main, Group)


@pytest.mark.parametrize("words", [[], ["detect"], ["filters"], ["filters", "show"]])
def test_help_is_a_command_too(run: Run, words: list[str]) -> None:
    said = run("help", *words)
    assert said.exit_code == 0
    assert said.stdout == run(*words, "--help").stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["detct", "x.png"], "command 'detct' is unknown; did you mean 'detect'?"),
        (["help", "detct"], "command 'detct' is unknown; did you mean 'detect'?"),
        (["filters", "lst"], "command 'lst' is unknown; did you mean 'list'?"),
        (["qqqq"], "command 'qqqq' is unknown; there are detect, batch"),
        (
            ["detect", "x", "--overlya", "red"],
            "option '--overlya' is unknown; did you mean '--overlay'?",
        ),
        (["detect", "x", "--qqqq"], "option '--qqqq' is unknown; see 'main detect --help'"),
        (["detect", "x", "--map", "mimax"], "'mimax' is unknown; did you mean 'minmax'?"),
        (["detect", "x", "--padding-mode", "reflct"], "did you mean 'reflect'?"),
        (["detect", "x", "--threshold", "otus"], "did you mean 'otsu'?"),
        (["detect", "x", "--background", "whit"], "did you mean 'white'?"),
        (["detect", "x", "-f"], "Option '-f' requires an argument; see 'main detect --help'"),
        (["network", "summary", "x", "-o"], "see 'main network summary --help'"),
    ],
)
def test_what_is_mistyped_is_answered(refuse: Refuse, args: list[str], said: str) -> None:
    assert said in refuse(*args, code=2)


def test_a_file_whose_name_begins_with_a_dash_is_no_option(
    refuse: Refuse, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(SAMPLES / "grid-6x6.csv", "-dash.csv")
    said = "option '-d' is unknown; for the file of that name write ./-dash.csv"
    assert said in refuse("detect", "-dash.csv", code=2)
    run("detect", "./-dash.csv", "-q")
    assert Path("-dash-sobel.csv").exists()


@pytest.mark.parametrize("flag", ["-n", "--dry-run", "--explain"])
def test_a_dry_run_writes_nothing(run: Run, flag: str, tmp_path: object) -> None:
    grid = f"{tmp_path}/grid.csv"
    with open(grid, "w", encoding="ascii") as file:
        file.write("1,2\n3,4\n")
    assert run("detect", grid, flag).stdout == run("detect", grid, "--explain").stdout
    assert run("batch", str(tmp_path), "-o", f"{tmp_path}/out", flag).exit_code == 0
