"""What the README and docs/ say to type is typed, in a folder that has the files they name."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import SAMPLES, Run
from tests.places import NORTH_UP, geotiff
from tests.test_docs import CONSOLE, README, ROOT, TOLD, all_commands

NOT_HERE = re.compile(r"pip install|pytest|\bdask\b|tcp://|https?://|\bshared/|python -m tests")
"""Lines that install, that need a network or a second machine, or that run for hours."""

NAMES = {f"edgecli {name}" for name, _ in all_commands()}
INLINE = set(re.findall(r"`(edgecli [a-z]+ [^-`][^`]*)`", TOLD)) - NAMES
"""Commands in a sentence that have an input; others are but named, or lack it."""

LINES = [line.removeprefix("$ ") for line in CONSOLE.splitlines()] + sorted(INLINE)
COMMANDS = [line for line in LINES if "edgecli " in line and not NOT_HERE.search(line)]
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|#.*")
OF_SHELLS = {line for line in COMMANDS if not line.startswith("edgecli ")}
OF_SHELLS |= {line for line in COMMANDS if re.search(r"[|>*]", QUOTED.sub("", line))}
PROGRAMS = {"ffmpeg", "find", "jq", "vpype", "xargs"}

LARGE = ("harbour.png", "still-life.png", "building.jpg")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the files that the commands read, and a program called edgecli."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(SAMPLES, folder / "sample_images", ignore=shutil.ignore_patterns("*.py"))
    for name in LARGE:  # what a command does to a picture is as true of a small one
        path = folder / "sample_images" / name
        with Image.open(path) as image:
            image.reduce(3).save(path)
    with Image.open(folder / "sample_images" / "harbour.png") as harbour:
        photo = harbour.convert("RGB").resize((320, 240))
        np.save(folder / "scharr.npy", np.asarray(harbour.convert("L"), np.int32))
    for number, place in enumerate(("photos", "photos/more", "scans/1", "scans/2"), 1):
        (folder / place).mkdir(parents=True)
        photo.save(folder / place / f"page-{number}.{'jpg' if 'photos' in place else 'tif'}")
        photo.save(folder / place / f"scan-{number}.png")
    for name in ("photo.jpg", "photo.png", "scan.png", "scan.tif", "roi.png"):
        photo.save(folder / name)
    (folder / "scene.tif").write_bytes(geotiff(np.asarray(photo), NORTH_UP))
    shutil.copy(SAMPLES / "sailing.gif", folder / "clip.gif")
    if shutil.which("ffmpeg"):
        subprocess.run(
            ["ffmpeg", "-v", "error", "-i", "clip.gif", "in.mp4"], cwd=folder, check=True
        )
    (folder / "my-filter.txt").write_text("1 0 -1\n2 0 -2\n1 0 -1\n")
    (folder / "again.json").write_text('{"weight": [[[[-1, 0, 1]]]]}')
    (folder / "last-week").touch()
    os.utime(folder / "last-week", (0, 0))
    np.save(folder / "edges.npy", np.asarray(photo.convert("L"), np.int32))
    (folder / "my-network.toml").write_text(NETWORK)
    (folder / "bin").mkdir()
    program = folder / "bin" / "edgecli"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m edgecli "$@"\n')
    program.chmod(0o755)
    return folder


NETWORK = """
name = "mine"

[input]
shape = [8, 8, 3]

[[layers]]
name = "edges"
type = "convolution"
filters = ["vertical"]
padding = "same"
activation = "sigmoid"
"""


def missing(command: str) -> list[str]:
    """Return the other programs of a command that are not installed here."""
    words = set(re.findall(r"[\w-]+", command.split("#", 1)[0]))
    return sorted(name for name in words & PROGRAMS if not shutil.which(name))


@pytest.mark.parametrize("command", [line for line in COMMANDS if line not in OF_SHELLS])
def test_what_is_told_works(
    command: str, desk: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk)
    result = run(*shlex.split(command, comments=True)[1:])
    assert result.exit_code == 0, result.output


def changes() -> Iterator[tuple[str, str]]:
    """Yield the command of each goal of the README, with each option that may be changed."""
    for section in README.split("\n## "):
        command = re.search(r"^(?:\$ )?(edgecli [^|\n]+)$", section, re.MULTILINE)
        for bullet in re.findall(r"^- .*(?:\n  .*)*", section, re.MULTILINE) if command else []:
            for option in re.findall(r"`(--?\w[^`]*)`", bullet):
                if command and option != "--mask FILE":
                    yield command[1], option


@pytest.mark.parametrize(("command", "option"), list(changes()))
def test_what_may_be_changed_can_be(
    command: str, option: str, desk: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk)
    result = run(*shlex.split(f"{command} {option}")[1:])
    assert result.exit_code == 0, result.output


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
@pytest.mark.parametrize("command", sorted(OF_SHELLS))
def test_what_is_told_to_a_shell_works(command: str, desk: Path) -> None:
    if missing(command):
        pytest.skip(f"no {', '.join(missing(command))} here")
    path = os.pathsep.join([str(desk / "bin"), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command.replace("ffmpeg ", "ffmpeg -y -v error ")],
        cwd=desk, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
