"""Completion, in each shell that is there: what is offered after what was typed."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import click
import pytest

from edgecli.cli import COMMANDS
from edgecli.cli.completion import all_words
from edgecli.cli.config import STYLES
from edgecli.cli.shells import SHELLS
from edgecli.filters import BUILTIN_FILTERS, RECIPES
from edgecli.networks.files import zoo_names
from tests.conftest import Run
from tests.test_docs import all_commands

ASKED = {
    "bash": 'source "$SCRIPT"\nCOMP_WORDS=("$@") COMP_CWORD=$(($# - 1))\n'
    'compopt() { :; }\n_edgecli\nprintf "%s\\n" "${COMPREPLY[@]}"',
    "fish": 'source $SCRIPT; complete -C "$argv" | string split -f 1 \\t; true',
}


OWN = """
[defaults]
thin = true
[styles.poster]
line = "red"
  [ styles."night-sky" ] # mine
"""


def config_of(folder: Path) -> Path:
    """Return where people's own options are, beside a folder that is listed."""
    return folder.parent / f"{folder.name}.config"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("photo.JPG", "grid.csv", "notes.pdf", "mine.json"):
        (tmp_path / name).touch()
    (tmp_path / "pictures").mkdir()
    (config_of(tmp_path) / "edgecli").mkdir(parents=True)
    (config_of(tmp_path) / "edgecli" / "edgecli.toml").write_text(OWN)
    return tmp_path


def environment_of(folder: Path, script: Path) -> dict[str, str]:
    """Return what a shell starts with: a script to source, and people's own styles."""
    own = {
        "SCRIPT": str(script),
        "HOME": str(folder.parent),
        "XDG_CONFIG_HOME": str(config_of(folder)),
    }
    return {name: value for name, value in os.environ.items() if name != "EDGECLI_CONFIG"} | own


def offered(shell: str, typed: str, folder: Path, script: str) -> set[str]:
    """Return what a shell offers after what was typed."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    place = folder.parent / f"{folder.name}.{shell}"
    place.write_text(script, encoding="utf-8")
    environment = environment_of(folder, place)
    words: list[Any] = [typed]
    if shell == "bash":
        words = [shell, *typed.replace("=", " = ").split(" ")]
    done = subprocess.run(
        [program, "-c", ASKED[shell], *words],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stderr, done.returncode) == ("", 0)
    return {line.rstrip("/") for line in done.stdout.splitlines() if line}


CASES: list[tuple[str, set[str], set[str]]] = [
    ("edgecli ", {*COMMANDS}, {"photo.JPG"}),
    ("edgecli filters ", {"list", "show", "export"}, {"photo.JPG"}),
    ("edgecli detect ", {"photo.JPG", "grid.csv", "pictures"}, {"notes.pdf", "mine.json"}),
    ("edgecli detect ph", {"photo.JPG"}, {"grid.csv"}),
    ("edgecli detect photo.JPG --thin ", {"photo.JPG", "grid.csv"}, {"notes.pdf"}),
    ("edgecli detect -f ", {*BUILTIN_FILTERS, *RECIPES, "mine.json"}, {"abs"}),
    ("edgecli detect photo.JPG --filter ve", {"vertical"}, {"sobel", "photo.JPG"}),
    ("edgecli detect --map ", {"abs", "signed", "raw"}, {"photo.JPG"}),
    ("edgecli detect --ma", {"--map", "--mask", "--max-pixels"}, {"--thin", "photo.JPG"}),
    ("edgecli detect --threshold ", {"otsu", "auto"}, {"photo.JPG"}),
    ("edgecli detect --overlay r", {"red"}, {"navy"}),
    ("edgecli detect --padding-mode re", {"replicate", "reflect"}, {"zeros"}),
    ("edgecli detect --style ", {*STYLES, "poster", "night-sky"}, {"sobel", "defaults", "thin"}),
    ("edgecli batch pictures --style po", {"poster"}, {"pencil", "night-sky"}),
    ("edgecli batch ", {"pictures"}, {"photo.JPG", "notes.pdf"}),
    ("edgecli batch pictures -o ", {"pictures"}, {"photo.JPG"}),
    ("edgecli network summary ", {*zoo_names()}, {"vertical"}),
    ("edgecli network run lenet5 ", {"photo.JPG"}, {"vertical"}),
    ("edgecli learn photo.JPG ", {"grid.csv"}, {"notes.pdf"}),
    ("edgecli completion ", {*SHELLS}, {"photo.JPG"}),
    ("edgecli help de", {"detect"}, {"batch"}),
]


@pytest.mark.parametrize("shell", ["bash", "fish"])
@pytest.mark.parametrize(("typed", "there", "absent"), CASES, ids=[case[0] for case in CASES])
def test_what_is_offered(
    run: Run, folder: Path, shell: str, typed: str, there: set[str], absent: set[str]
) -> None:
    found = offered(shell, typed, folder, run("completion", shell).stdout)
    assert there - found == set()
    assert absent & found == set()


ZSH = "PS1=; autoload -Uz compinit && compinit -u -d $KNOWN; source $SCRIPT; print READY\n"


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return where zsh keeps what it completes, or each shell would look for it for long."""
    return str(tmp_path_factory.mktemp("zsh") / "known")


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("edgecli fil\t", "edgecli filters "),
        ("edgecli detect ph\t", "edgecli detect photo.JPG "),
        ("edgecli detect photo.JPG -f kir\t", "-f kirsch "),
        ("edgecli detect --padding-mode=sy\t", "--padding-mode=symmetric "),
        ("edgecli batch \t", "edgecli batch pictures/"),
        ("edgecli network run len\t", "run lenet5 "),
        ("edgecli detect --gr\t", "detect --grid "),
        ("edgecli detect --style=pen\t", "--style=pencil "),
        ("edgecli detect --style po\t", "--style poster "),
    ],
)
def test_zsh_completes_at_its_prompt(
    run: Run, folder: Path, known: str, typed: str, shown: str
) -> None:
    script = folder.parent / f"{folder.name}.zsh"
    script.write_text(run("completion", "zsh").stdout, encoding="utf-8")
    screen, terminal = os.openpty()
    environment = {**environment_of(folder, script), "TERM": "dumb", "KNOWN": known}
    shell = subprocess.Popen(
        ["zsh", "-f", "-i"], cwd=folder, env=environment,
        stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
    )  # fmt: skip
    try:
        os.write(screen, ZSH.encode())
        await_text(screen, "\nREADY")
        os.write(screen, typed.encode())
        await_text(screen, shown)
    finally:
        shell.kill()
        shell.wait()
        os.close(terminal)
        os.close(screen)


def await_text(screen: int, text: str, seconds: float = 20) -> None:
    """Read a terminal until it shows a text."""
    seen, until = "", time.monotonic() + seconds
    while text not in seen:
        ready, _, _ = select.select([screen], [], [], max(until - time.monotonic(), 0))
        assert ready, seen
        seen += os.read(screen, 65536).decode(errors="replace").replace("\r", "")


def test_bash_makes_a_word_of_the_equals_sign(run: Run, folder: Path) -> None:
    script = run("completion", "bash").stdout
    assert offered("bash", "edgecli detect --map=mi", folder, script) == {"minmax"}
    assert "abs" in offered("bash", "edgecli detect --map=", folder, script)


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_styles_are_offered_without_a_configuration(run: Run, folder: Path, shell: str) -> None:
    (config_of(folder) / "edgecli" / "edgecli.toml").unlink()
    script = run("completion", shell).stdout
    assert offered(shell, "edgecli detect --style ", folder, script) == {*STYLES}


def test_all_that_can_be_written_is_in_the_scripts() -> None:
    words = {" ".join(one.path): one for one in all_words()}
    for name, command in all_commands():
        names = {name for option in words[name].options for name in option.names}
        assert {
            spelt
            for option in command.params
            if isinstance(option, click.Option)
            for spelt in option.opts
        } | {"-h", "--help"} == names
