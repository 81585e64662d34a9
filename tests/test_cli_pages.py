"""One page of a file by its number, of any format that has pages or frames."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.detect.edges import detect_edges
from edgecli.rows.base import Rows
from tests.conftest import Refuse, Run, noise

FRAMES = [noise(12, 16, 3, seed=n) for n in range(3)]
SAVED: dict[str, dict[str, Any]] = {
    "x.tif": {},
    "x.webp": {"lossless": True},
    "x.png": {"blend": 0, "disposal": 0},
}
"""Formats that hold several pictures, and how Pillow keeps their pixels."""

HAS_GDAL = shutil.which("gdal_translate") and shutil.which("gdaladdo")


def save(path: Path, frames: list[Rows], **options: Any) -> None:
    first, *others = map(Image.fromarray, frames)
    first.save(path, save_all=True, append_images=others, **options)


def pixels(path: Path) -> NDArray[Any]:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.parametrize("name", sorted(SAVED))
@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_page_is_that_of_its_number(run: Run, tmp_path: Path, name: str, page: int) -> None:
    save(tmp_path / name, FRAMES, **SAVED[name])
    result = run("detect", tmp_path / name, "--page", str(page), "-o", tmp_path / "edges.png")
    assert result.stderr == ""  # the others are not missed
    expected = detect_edges(FRAMES[page - 1])
    np.testing.assert_array_equal(pixels(tmp_path / "edges.png"), expected)


def test_a_page_is_that_of_its_number_among_all_frames(run: Run, tmp_path: Path) -> None:
    save(tmp_path / "x.gif", FRAMES, optimize=False)
    run("detect", tmp_path / "x.gif", "--all-frames", "-o", f"{tmp_path}/all/")
    for page in (1, 2, 3):
        run("detect", tmp_path / "x.gif", "--page", str(page), "-o", tmp_path / "{frame}.png")
        theirs = tmp_path / "all" / f"x-sobel-{page:04}.png"
        assert (tmp_path / f"{page:04}.png").read_bytes() == theirs.read_bytes()


def test_a_page_of_a_stream_of_images_counts_them_all(run: Run, tmp_path: Path) -> None:
    data = b""
    for frame in FRAMES:
        Image.fromarray(frame).save(tmp_path / "one.png")
        data += (tmp_path / "one.png").read_bytes()
    result = run("detect", "-", "--page", "3", "-o", tmp_path / "edges.png", stdin=data)
    assert result.exit_code == 0, result.stderr
    np.testing.assert_array_equal(pixels(tmp_path / "edges.png"), detect_edges(FRAMES[2]))


@pytest.mark.parametrize("name", sorted(SAVED))
def test_a_page_beyond_the_last_is_told_how_many_there_are(
    refuse: Refuse, tmp_path: Path, name: str
) -> None:
    save(tmp_path / name, FRAMES, **SAVED[name])
    line = refuse("detect", tmp_path / name, "--page", "4", code=1)
    assert line.endswith("has 3 pages or frames, and none is number 4; give --page 1 to 3")


def test_one_page_and_all_of_them_are_not_both_asked_for(refuse: Refuse, tmp_path: Path) -> None:
    save(tmp_path / "x.tif", FRAMES)
    line = refuse("detect", tmp_path / "x.tif", "--page", "2", "--all-frames", code=2)
    assert line.endswith("one page is asked for, and all of them; drop --page or --all-frames")


def test_a_broken_page_is_no_fault_of_one_before_it(run: Run, tmp_path: Path) -> None:
    save(tmp_path / "x.tif", FRAMES)
    data = (tmp_path / "x.tif").read_bytes()
    (tmp_path / "cut.tif").write_bytes(data[:-200])  # of the last page's
    result = run("detect", tmp_path / "cut.tif", "--page", "2", "-o", tmp_path / "edges.png")
    assert result.exit_code == 0, result.stderr
    np.testing.assert_array_equal(pixels(tmp_path / "edges.png"), detect_edges(FRAMES[1]))


@pytest.mark.skipif(not HAS_GDAL, reason="needs GDAL's gdal_translate and gdaladdo")
def test_gdals_overviews_and_masks_are_no_pages(run: Run, tmp_path: Path) -> None:
    def gdal(*words: str) -> None:
        subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)

    for n, frame in enumerate(FRAMES, 1):
        Image.fromarray(np.dstack([frame, 255 - frame[..., 0]])).save(tmp_path / f"{n}.png")
        more = ("-co", "APPEND_SUBDATASET=YES") if n > 1 else ()
        masked = ("-b", "1", "-mask", "4", "--config", "GDAL_TIFF_INTERNAL_MASK", "YES")
        gdal("gdal_translate", "-q", *masked, *more, f"{n}.png", "pages.tif")
    gdal("gdaladdo", "-q", "pages.tif", "2", "4")
    gdal("gdal_translate", "-q", "-of", "COG", *masked, "1.png", "cog.tif")
    for name, count in (("pages.tif", 3), ("cog.tif", 1)):
        told = run("detect", tmp_path / name, "--all-frames", "-n", "--report", "json").stdout
        documents = told.splitlines() if count > 1 else [told]  # that of one has many lines
        shapes = [json.loads(text)["input"]["shape"] for text in documents]
        assert shapes == [[12, 16, 1]] * count
