"""Files of many images: every frame or page, in order, shown as long as the input's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgecli import detect_edges
from edgecli.detect.inputs import Limits
from edgecli.detect.jobs import detect_input
from edgecli.detect.outputs import Target, name_job
from edgecli.detect.settings import Settings
from edgecli.operators.operators import load_operator

DURATIONS = [50, 100, 150, 200]


@pytest.fixture
def frames() -> list[Image.Image]:
    """Draw a bright square that moves to the right."""
    pictures = []
    for n in range(len(DURATIONS)):
        pixels = np.full((20, 40), 30, np.uint8)
        pixels[5:15, 5 + 6 * n : 12 + 6 * n] = 200
        pictures.append(Image.fromarray(pixels))
    return pictures


@pytest.fixture
def animation(frames: list[Image.Image], tmp_path: Path) -> Path:
    path = tmp_path / "moving.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=DURATIONS, loop=0)
    return path


def detect(path: Path, output: Path, *, folder: bool = False, all_frames: bool = True) -> int:
    settings = Settings((load_operator("sobel"),))
    job = name_job(str(path), settings, Target(str(output), folder=folder))
    return len(detect_input(job, settings, Limits(all_frames=all_frames)))


@pytest.mark.parametrize("extension", ["webp", "png"])
def test_an_animation_keeps_frames_order_and_timing(
    animation: Path, frames: list[Image.Image], tmp_path: Path, extension: str
) -> None:
    output = tmp_path / f"edges.{extension}"
    assert detect(animation, output) == len(frames)
    with Image.open(output) as written:
        assert getattr(written, "n_frames", 1) == len(frames)
        for n, frame in enumerate(frames):
            written.seek(n)
            written.load()
            assert written.info["duration"] == DURATIONS[n]
            truth = detect_edges(np.asarray(frame))
            np.testing.assert_array_equal(np.asarray(written.convert("L")), truth)


def test_pages_of_several_sizes_stay_pages(tmp_path: Path) -> None:
    pages = [Image.new("L", (10 + n, 20 - n), 40 * n) for n in range(3)]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    output = tmp_path / "edges.tif"
    assert detect(tmp_path / "pages.tif", output) == 3
    with Image.open(output) as written:
        sizes = []
        for n in range(getattr(written, "n_frames", 1)):
            written.seek(n)
            sizes.append(written.size)
    assert sizes == [page.size for page in pages]


def test_pages_keep_their_resolutions(tmp_path: Path) -> None:
    resolutions = [(300.0, 300.0), (72.0, 150.0)]
    pages = [Image.new("L", (9, 7), 40 * n) for n in range(2)]
    for page, dpi in zip(pages, resolutions, strict=True):
        page.info["dpi"] = dpi
        page.encoderinfo = {"dpi": dpi}
    pages[0].save(
        tmp_path / "pages.tif", dpi=resolutions[0], save_all=True, append_images=pages[1:]
    )
    detect(tmp_path / "pages.tif", tmp_path / "edges.tif")
    with Image.open(tmp_path / "edges.tif") as written:
        for n, dpi in enumerate(resolutions):
            written.seek(n)
            assert tuple(map(float, written.info["dpi"])) == dpi


def test_a_folder_gets_a_numbered_file_per_frame(animation: Path, tmp_path: Path) -> None:
    detect(animation, tmp_path / "out", folder=True)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [f"moving-sobel-{n:04}.png" for n in range(1, 5)]


def test_one_frame_is_taken_unless_all_are_asked_for(animation: Path, tmp_path: Path) -> None:
    output = tmp_path / "edges.png"
    assert detect(animation, output, all_frames=False) == 1
    with Image.open(output) as written:
        assert getattr(written, "n_frames", 1) == 1
