"""Thumbnails of maps of lines, of which none is lost; test_pages_gallery.py has the others."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.images import thumbnails
from edgecli.images.thumbnails import SIDE, thumbnail
from tests.conftest import Run


def small_of(path: Path, *, lines: bool) -> NDArray[Any]:
    encoded = thumbnail(str(path), max_pixels=2**31, lines=lines)
    return np.asarray(Image.open(io.BytesIO(encoded)).convert("L")).astype(int)


def save_lines(path: Path, *, inverted: bool, deep: bool) -> Path:
    """Write an image of two lines, which takes no time to compress."""
    pixels = np.zeros((2000, 3000), np.uint16 if deep else np.uint8)
    pixels[:, 1234] = pixels[777] = white = np.iinfo(pixels.dtype).max
    Image.fromarray(white - pixels if inverted else pixels).save(path, compress_level=1)
    return path


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("rows_of", [1 << 20, 1 << 14])
def test_lines_survive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inverted: bool, deep: bool, rows_of: int
) -> None:
    monkeypatch.setattr(thumbnails, "_ROWS_OF", rows_of)
    lines = save_lines(tmp_path / "lines.png", inverted=inverted, deep=deep)
    small = small_of(lines, lines=True)
    assert small.shape == (SIDE * 2 // 3, SIDE)
    light = 255 - small if inverted else small
    assert (light.max(axis=1) > 200).all()
    assert (light.max(axis=0) > 200).all()
    assert np.median(light) < 10
    assert abs(small_of(lines, lines=False) - small).max() > 150


def test_the_gallery_knows_maps_of_lines(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    step = np.zeros((900, 1500), np.uint8)
    step[:, 700:] = 99
    Image.fromarray(step).save(folder / "step.png")
    brightest = []
    for options in (["-f", "canny"], ["-f", "sobel"], ["-f", "sobel", "--thin"]):
        out = tmp_path / "-".join(options)
        run("batch", folder, "-o", out, "--gallery", "--jobs", "1", *options, "-q")
        page = (out / "index.html").read_text(encoding="utf-8")
        (data,) = re.findall(
            r'"outputs": ?\[\{[^]]*?"thumb": ?"data:image/\w+;base64,([^"]+)"', page
        )
        image = Image.open(io.BytesIO(base64.b64decode(json.loads(f'"{data}"'))))
        brightest.append(np.asarray(image.convert("L")).max())
    line, soft, thin = brightest
    assert line > 240
    assert thin > 1.5 * soft
