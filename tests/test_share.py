"""What is installed beside the package: manual pages and completions, as current as the help."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from share.make import COMPLETIONS, FOLDER, contents
from tests.test_docs import all_commands

CONTENTS = contents()


def test_files_are_current() -> None:
    old = [
        path
        for path, text in CONTENTS.items()
        if not (FOLDER / path).exists() or (FOLDER / path).read_text("utf-8") != text
    ]
    assert old == [], "write them anew: python -m share.make"


def test_no_file_is_left_over() -> None:
    kept = {
        path.relative_to(FOLDER).as_posix()
        for path in FOLDER.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert kept == set(CONTENTS)


def test_every_command_has_a_page() -> None:
    names = {f"man/man1/edgecli-{name.replace(' ', '-')}.1" for name, _ in all_commands()}
    assert names <= set(CONTENTS)
    assert "man/man1/edgecli.1" in CONTENTS


def test_a_wheel_takes_all_of_it() -> None:
    project = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text("utf-8"))
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert all(place == target for place, target in shared.items())
    assert {f"share/{Path(path).parts[0]}" for path in CONTENTS} == set(shared)
    assert set(COMPLETIONS.values()) <= set(CONTENTS)


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff")
@pytest.mark.parametrize("path", [path for path in CONTENTS if path.startswith("man/")])
def test_roff_finds_nothing_to_warn_of(path: str) -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z"],
        input=CONTENTS[path], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
