"""The sample images and the pictures of the documents are what their scripts draw today."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from tests.conftest import SAMPLES
from tests.test_docs import TOLD

QUICK = ["harbour.png", "sailing.gif", "shapes.png", "colours.png", "digit-photo.jpg"]
QUICK += [f"digit-{digit}.png" for digit in (2, 3, 4, 7, 8)]
"""Those that are drawn in a second; the others take half a minute each."""

STROKES = "edges/still-life-plotter.svg"


def script(name: str, *args: str | Path) -> None:
    command = [sys.executable, str(SAMPLES / name), *map(str, args)]
    environment = {**os.environ, "PYTHONPATH": str(SAMPLES.parent)}
    subprocess.run(command, check=True, capture_output=True, env=environment)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    script("make.py", "--output", folder, *QUICK)
    script("make_edges.py", "--output", folder / "edges")
    return folder


def pixels(path: Path) -> NDArray[np.int16]:
    with Image.open(path) as image:
        frames = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]
    return np.array(frames, np.int16)


def test_pictures_are_drawn_again_as_they_are(drawn: Path) -> None:
    names = QUICK + [f"edges/{path.name}" for path in sorted((SAMPLES / "edges").iterdir())]
    assert len(names) > 15
    for name in names:
        if name == STROKES:  # whose last digits are rounded otherwise elsewhere
            ours, theirs = ((folder / name).read_bytes().count(b" ") for folder in (drawn, SAMPLES))
            assert abs(ours - theirs) < theirs / 50
            continue
        if name.endswith(".svg"):
            assert (drawn / name).read_bytes() == (SAMPLES / name).read_bytes()
            continue
        seen, kept = pixels(drawn / name), pixels(SAMPLES / name)
        assert seen.shape == kept.shape, name
        # Sums of floats are rounded otherwise elsewhere, and a line may take another pixel.
        assert np.abs(seen - kept).mean() < 0.5, f"{name}: run {SAMPLES / 'make_edges.py'}"


def test_nothing_else_is_drawn(drawn: Path) -> None:
    assert {path.name for path in (drawn / "edges").iterdir()} == {
        path.name for path in (SAMPLES / "edges").iterdir()
    }


def test_every_picture_is_shown() -> None:
    shown = set(re.findall(r"sample_images/(edges/[\w.-]+)\)", TOLD))
    assert shown == {f"edges/{path.name}" for path in (SAMPLES / "edges").iterdir()}


def test_the_samples_are_small() -> None:
    kinds = {".gif", ".jpg", ".png", ".svg"}
    sizes = [path.stat().st_size for path in SAMPLES.rglob("*") if path.suffix in kinds]
    assert sum(sizes) < 2_500_000
