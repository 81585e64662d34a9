"""Large TIFFs: deflated tiles that tifffile, Pillow, OpenCV and GDAL read, whatever the threads."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from edgecli.images.made_by import MadeBy, is_ours
from edgecli.images.tiff.deflated import LARGE, SIDE, TilesSink, begin_tiles, bound_of
from edgecli.images.tiff.described import Page
from edgecli.images.tiff.reading import read_images
from edgecli.images.tiff.writing import page_sink, write_pages
from edgecli.rows.workers import shared_workers
from tests.conftest import Run

Pixels = NDArray[Any]

TYPES = ("uint8", "uint16", "int16", "int32", "int64", "float32", "float64")


def picture(*shape: int, dtype: str = "uint8") -> Pixels:
    """Return smooth and noisy parts, and an even one, of both signs where there are two."""
    rng = np.random.default_rng(7)
    ramp = np.add.outer(np.arange(shape[0]), np.arange(shape[1]))[..., np.newaxis]
    values = ramp % 251 + rng.integers(0, 3, shape)
    values[shape[0] // 2 :, : shape[1] // 2] = 0
    if np.dtype(dtype).kind != "u":
        values -= 120
    return (values * (0.37 if np.dtype(dtype).kind == "f" else 1)).astype(dtype)


def tiles(rows: Pixels, band: int = 50, threads: int | None = 1, **said: Any) -> bytes:
    file = io.BytesIO()
    with shared_workers():
        (sink,) = begin_tiles(file, [Page(rows.shape, rows.dtype, **said)], threads=threads)
        for top in range(0, len(rows), band):
            sink.write(sink.encode(rows[top : top + band]))
        sink.finish()
    return file.getvalue()


def tag(data: bytes, number: int) -> Any:
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        return file.pages[0].tags[number].value  # type: ignore[union-attr]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", TYPES)
def test_tifffile_reads_what_was_written(dtype: str, channels: int) -> None:
    rows = picture(301, 517, channels, dtype=dtype)
    read = tifffile.imread(io.BytesIO(tiles(rows)))
    np.testing.assert_array_equal(read, rows if channels > 1 else rows[..., 0], strict=True)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", TYPES)
def test_what_was_written_is_what_is_read_here(dtype: str, channels: int) -> None:
    rows = picture(301, 517, channels, dtype=dtype)
    (source,) = read_images(io.BytesIO(tiles(rows)), "x.tif", max_pixels=10**6)
    (read,) = source.blocks([(0, 301)])
    np.testing.assert_array_equal(read, rows)


@pytest.mark.parametrize(("dtype", "channels"), [("uint8", 1), ("uint8", 3), ("float32", 1)])
def test_pillow_and_opencv_read_it(dtype: str, channels: int) -> None:
    rows = picture(301, 517, channels, dtype=dtype)
    data = tiles(rows)
    with Image.open(io.BytesIO(data)) as image:
        np.testing.assert_array_equal(np.asarray(image).reshape(rows.shape), rows)
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert read is not None
    np.testing.assert_array_equal(read.reshape(rows.shape)[..., ::-1], rows)


@pytest.mark.skipif(shutil.which("gdalinfo") is None, reason="GDAL is not installed")
@pytest.mark.parametrize(("dtype", "channels"), [("uint8", 1), ("int16", 1), ("float64", 1)])
def test_gdal_reads_it(dtype: str, channels: int, tmp_path: Path) -> None:
    rows = picture(301, 517, channels, dtype=dtype)
    (tmp_path / "a.tif").write_bytes(tiles(rows))
    args = ("-q", "-co", "COMPRESS=NONE", tmp_path / "a.tif", tmp_path / "b.tif")
    subprocess.run(["gdal_translate", *args], check=True)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "b.tif"), rows[..., 0])
    told = subprocess.run(
        ["gdalinfo", tmp_path / "a.tif"], capture_output=True, text=True, check=True
    )
    assert "COMPRESSION=DEFLATE" in told.stdout
    assert f"Block={SIDE}x{SIDE}" in told.stdout


def test_threads_and_bands_of_any_number_give_the_same_bytes() -> None:
    rows = picture(700, 3000, 1)
    made = {tiles(rows, band, threads) for band in (1, 13, 256, 700) for threads in (1, 2, 5)}
    assert len(made) == 1


def test_even_tiles_are_stored_once() -> None:
    rows = np.zeros((4 * SIDE, 4 * SIDE, 1), np.uint8)
    rows[:20, :20] = np.arange(20, dtype=np.uint8)[:, np.newaxis]
    rows[2 * SIDE :] = 9
    data = tiles(rows)
    offsets, counts = tag(data, 324), tag(data, 325)
    assert len(offsets) == 16
    assert len({*offsets}) == 3  # noise, zeros, nines
    assert sum(dict(zip(offsets, counts, strict=True)).values()) < 1000
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(data)), rows[..., 0])
    with Image.open(io.BytesIO(data)) as image:
        np.testing.assert_array_equal(np.asarray(image), rows[..., 0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tiles_of_no_data_are_even_too(dtype: str) -> None:
    data = tiles(np.full((600, 600, 1), np.nan, dtype), no_data=np.nan)
    assert len({*tag(data, 324)}) == 1
    assert np.isnan(tifffile.imread(io.BytesIO(data))).all()
    assert tag(data, 42113) == "nan"


def test_the_pixels_of_an_even_tile_may_have_colours_that_differ() -> None:
    rows = np.full((300, 300, 3), (1, 2, 3), np.uint8)
    data = tiles(rows)
    assert len({*tag(data, 324)}) == 1
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(data)), rows)


@pytest.mark.parametrize(
    ("dtype", "channels", "predictor"),
    [("uint8", 1, 1), ("uint8", 3, 2), ("uint16", 4, 2), ("int64", 3, 1), ("float32", 1, 1)],
)
def test_the_predictor_follows_from_what_is_stored(
    dtype: str, channels: int, predictor: int
) -> None:
    assert tag(tiles(picture(9, 9, channels, dtype=dtype)), 317) == predictor


def test_rows_of_very_wide_images_are_cut_into_low_tiles() -> None:
    page = Page((40, 2**20, 1), np.dtype(np.uint8))
    (sink,) = begin_tiles(file := io.BytesIO(), [page], threads=1)
    sink.write(sink.encode(np.zeros((40, 2**20, 1), np.uint8)))
    sink.finish()
    assert tag(file.getvalue(), 323) == 16
    assert len(file.getvalue()) < 200_000  # the places of 12,288 tiles


def test_over_4_gib_at_most_it_is_a_bigtiff() -> None:
    for side, magic in ((70_000, b"II+\0"), (60_000, b"II*\0")):
        page = Page((side, side, 1), np.dtype(np.uint8))
        begin_tiles(file := io.BytesIO(), [page], threads=1)
        assert file.getvalue()[:4] == magic
        assert bound_of([page]) > side**2


def test_a_bigtiff_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = picture(300, 400, 1)
    file = io.BytesIO()
    monkeypatch.setattr("edgecli.images.tiff.deflated.LARGEST_CLASSIC", 0)
    (sink,) = begin_tiles(file, [Page(rows.shape, rows.dtype)], threads=1)
    sink.write(sink.encode(rows))
    sink.finish()
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(file.getvalue())), rows[..., 0])


def test_a_page_says_what_it_is_told() -> None:
    data = tiles(picture(9, 9, 1), no_data=-9999.0, name="sobel-x", number=(1, 3), dpi=(72.0, 96.0))
    said = [tag(data, number) for number in (285, 297, 42113, 282, 283)]
    assert said == ["sobel-x", (1, 3), "-9999", (72, 1), (96, 1)]


def test_pages_follow_each_other() -> None:
    frames = [picture(300, 200, 1), picture(2100, 2100, 1, dtype="int16"), picture(5, 9, 3)]
    pages = [Page(frame.shape, frame.dtype, number=(n, 3)) for n, frame in enumerate(frames)]
    file = io.BytesIO()
    write_pages(file, frames, pages, threads=2)
    with tifffile.TiffFile(io.BytesIO(file.getvalue())) as read:
        assert len(read.pages) == 3
        for frame, page in zip(frames, read.pages, strict=True):
            np.testing.assert_array_equal(page.asarray().reshape(frame.shape), frame)
        numbers = [page.tags[297].value for page in read.pages]  # type: ignore[union-attr]
    assert numbers == [(0, 3), (1, 3), (2, 3)]
    sources = read_images(io.BytesIO(file.getvalue()), "x.tif", max_pixels=10**7, all_frames=True)
    for frame, source in zip(frames, sources, strict=True):
        (rows,) = source.blocks([(0, len(frame))])
        np.testing.assert_array_equal(rows, frame)


def test_only_large_pages_are_tiles_and_none_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    class Out:
        buffer = io.BytesIO()

    small, large = (Page((LARGE // 1024 - n, 1024, 1), np.dtype(np.uint8)) for n in (1, 0))
    assert isinstance(page_sink(io.BytesIO(), large), TilesSink)
    assert not isinstance(page_sink(io.BytesIO(), small), TilesSink)
    monkeypatch.setattr(sys, "stdout", Out)
    assert not isinstance(page_sink(Out.buffer, large), TilesSink)


def test_large_maps_are_the_same_by_file_and_pipe_and_know_who_made_them(
    tmp_path: Path, run: Run
) -> None:
    rows = picture(2100, 2100, 1)[..., 0]
    tifffile.imwrite(tmp_path / "in.tif", rows)
    made = []
    for threads in (1, 3):
        out = tmp_path / f"out-{threads}.tif"
        run("detect", tmp_path / "in.tif", "-o", out, "--threads", str(threads))
        made.append(out.read_bytes())
        assert is_ours(str(out))
    assert made[0] == made[1]
    assert tag(made[0], 259) == 8
    piped = run("detect", tmp_path / "in.tif", "-o", "-", "--format", "tiff").stdout_bytes
    assert tag(piped, 259) == 1
    np.testing.assert_array_equal(
        tifffile.imread(io.BytesIO(piped)), tifffile.imread(tmp_path / "out-1.tif")
    )


def test_who_made_it_is_said_first() -> None:
    file = io.BytesIO()
    page = Page((10**5, 10**5, 1), np.dtype(np.uint8))
    begin_tiles(file, [page], MadeBy("edgecli detect"), threads=1)
    assert b"edgecli" in file.getvalue()[:4096]


def test_large_maps_of_an_image_are_pages_written_at_once(tmp_path: Path, run: Run) -> None:
    rows = picture(2100, 2100, 1)[..., 0]
    tifffile.imwrite(tmp_path / "in.tif", rows)
    maps = ("-f", "sobel-x", "-f", "canny:2", "--map", "auto")
    run("detect", tmp_path / "in.tif", *maps, "-o", tmp_path / "both.tif")
    run("detect", tmp_path / "in.tif", *maps, "-o", tmp_path / "{filter}.tif")
    with tifffile.TiffFile(tmp_path / "both.tif") as file:
        assert [page.tags[285].value for page in file.pages] == ["sobel-x", "canny:2"]  # type: ignore[union-attr]
        both = [page.asarray() for page in file.pages]
    for name, page in zip(("sobel-x", "canny-2"), both, strict=True):
        np.testing.assert_array_equal(page, tifffile.imread(tmp_path / f"{name}.tif"))
