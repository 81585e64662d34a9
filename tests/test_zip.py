"""The package in a zip, as zipapp and packagers make it: whatever it reads of its own is found."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edgecli.networks.files import zoo_names
from tests.conftest import SAMPLES
from tests.test_architecture import FILES, PACKAGE, parsed

PAGE = str(SAMPLES / "page.png")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive that Python runs, of the package as it is installed.

    The modules are there as they are, and compiled beside that, or each run would compile them.
    """
    target = tmp_path_factory.mktemp("zip") / "edgecli.pyz"
    with zipfile.PyZipFile(str(target), "w") as file:
        file.writepy(str(PACKAGE))
        for path in PACKAGE.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                file.write(path, path.relative_to(PACKAGE.parent))
        file.writestr("__main__.py", "from edgecli.cli import main\nmain()\n")
    return target


def run(archive: Path, *args: str, as_module: bool = False) -> str:
    """Run a command out of the archive, far from the sources; it must succeed."""
    env = {**os.environ, "PYTHONPATH": str(archive) if as_module else ""}
    program = ["-m", "edgecli"] if as_module else [str(archive)]
    done = subprocess.run(
        [sys.executable, *program, *args],
        cwd=archive.parent, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_package_is_taken_from_the_archive(archive: Path) -> None:
    code = "import edgecli; print(*edgecli.__path__)"
    env = {**os.environ, "PYTHONPATH": str(archive)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=archive.parent, env=env, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout.strip() == str(archive / "edgecli")


@pytest.mark.parametrize(("name", "as_module"), [("sobel", False), ("learned-small", True)])
def test_edges_are_those_of_the_installed_package(
    archive: Path, tmp_path: Path, name: str, as_module: bool
) -> None:
    args = ("detect", PAGE, "-f", name, "-q", "-o")
    run(archive, *args, str(tmp_path / "zip.png"), as_module=as_module)
    here = [sys.executable, "-m", "edgecli", *args, str(tmp_path / "here.png")]
    subprocess.run(here, check=True)
    assert (tmp_path / "zip.png").read_bytes() == (tmp_path / "here.png").read_bytes()


def test_a_batch_with_its_processes_and_its_page(archive: Path, tmp_path: Path) -> None:
    source = str(SAMPLES / "p*.png")
    told = run(archive, "batch", source, "-o", str(tmp_path), "--gallery", "--report", "json")
    assert json.loads(told.splitlines()[-1])["failed"] == 0
    assert "<script>" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_networks_and_filters_are_listed(archive: Path) -> None:
    assert "sobel" in run(archive, "filters", "list")
    for name in zoo_names():
        assert name in run(archive, "network", "summary", name)


def test_no_module_asks_where_its_file_is() -> None:
    for path in FILES:
        names = {node.id for node in ast.walk(parsed(path)) if isinstance(node, ast.Name)}
        assert "__file__" not in names, f"{path}: read with importlib.resources"
