"""Thumbnails: of files of any kind, and of maps of lines, of which none is lost."""

from __future__ import annotations

import base64
import io
import json
import re
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.errors import ImageError
from edgecli.images import thumbnails
from edgecli.images.sources import oriented
from edgecli.images.thumbnails import SIDE, thumbnail
from tests.conftest import SAMPLES, Run, Save, noise


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


# --- of files -----------------------------------------------------------------------------------


def shrunk(path: Path) -> Image.Image:
    return Image.open(io.BytesIO(thumbnail(str(path), max_pixels=2**31)))


@pytest.mark.parametrize("extension", ["png", "jpg", "webp", "ppm", "tif", "npy"])
def test_a_thumbnail_is_the_image_in_small(save: Save, extension: str) -> None:
    rows, columns = np.mgrid[:900, :1300]
    picture = np.stack([rows / 4, columns / 6, 200 + 0 * rows], -1).astype(np.uint8)
    small = shrunk(save(f"ramp.{extension}", picture))
    assert small.format == "JPEG"
    assert small.size == (SIDE, round(900 / 1300 * SIDE))
    wanted = Image.fromarray(picture).resize(small.size, Image.Resampling.BOX)
    difference = np.asarray(small.convert("RGB"), np.int16) - np.asarray(wanted, np.int16)
    assert np.abs(difference).mean() < 3


def test_tiny_images_are_kept_pixel_by_pixel(save: Save) -> None:
    picture = noise(6, 9)
    small = shrunk(save("tiny.png", picture))
    assert small.format == "PNG"
    np.testing.assert_array_equal(np.asarray(small), picture)


def test_transparency_is_laid_on_white(save: Save) -> None:
    clear = np.zeros((4, 4, 4), np.uint8)
    assert shrunk(save("clear.png", clear)).getpixel((0, 0)) == (255, 255, 255)


def test_a_turned_photo_is_shown_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(noise(20, 40)).save(tmp_path / "turned.jpg", exif=exif)
    assert shrunk(tmp_path / "turned.jpg").size == (20, 40)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_thumbnails_turn_as_edge_maps_do(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = noise(5, 7, 3)
    Image.fromarray(picture).save(tmp_path / "turned.png", exif=exif)
    wanted = oriented(picture, orientation)
    np.testing.assert_array_equal(np.asarray(shrunk(tmp_path / "turned.png")), wanted)


@pytest.mark.parametrize(
    ("numbers", "levels"),
    [
        (np.array([[0, 65535]], np.uint16), [0, 255]),
        (np.array([[-4, 4]], np.int32), [0, 255]),
        (np.array([[0, 0.5]], np.float32), [0, 128]),
        (np.array([[0, 1000]], np.float32), [0, 255]),
        (np.array([[np.nan, 1]], np.float32), [0, 255]),
        (np.array([[0, 0]], np.int16), [0, 0]),
    ],
)
def test_numbers_of_any_type_are_shown(save: Save, numbers: Any, levels: list[int]) -> None:
    small = shrunk(save("numbers.npy", numbers))
    assert np.asarray(small)[0].tolist() == levels


def test_a_large_image_is_shrunk_in_bands(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save("large.pgm", noise(3000, 2000, seed=1))
    monkeypatch.setattr(thumbnails, "_AT_ONCE", 1000)
    monkeypatch.setattr(thumbnails, "_ROWS_OF", 1 << 16)
    tracemalloc.start()
    small = shrunk(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert small.size == (SIDE * 2 // 3, SIDE)
    assert most < 3e6  # half of its pixels


@pytest.mark.parametrize("name", ["gone.png", "nul\0.png", "folder", "notes.png", "cut.jpg"])
def test_what_is_no_image_is_an_image_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.png").write_bytes(b"notes")
    (tmp_path / "cut.jpg").write_bytes((SAMPLES / "building.jpg").read_bytes()[:5000])
    with pytest.raises(ImageError):
        thumbnail(str(tmp_path / name), max_pixels=2**31)
