"""Edge maps and animations that Pillow writes, read back."""

from __future__ import annotations

import io
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from edgecli.errors import OutputError, UsageError
from edgecli.images.pillow.writing import PillowSink, check_writable, save_frames
from tests.pillow_files import (
    HEIGHT,
    LIMIT,
    WIDTH,
    OneWay,
    Pixels,
    by_pillow,
    frames_of,
    read_images,
    rows_of,
    scene,
)


def edges(C: int = 1, height: int = HEIGHT, width: int = WIDTH) -> Pixels:
    return np.asarray(scene(height, width))[:, :, :C].copy()


def sunk(format_: str, rows: Pixels, **options: Any) -> bytes:
    file = OneWay()
    shape = cast(tuple[int, int, int], rows.shape)
    sink = PillowSink(file, format_, shape, rows.dtype, **options)
    for top in range(0, len(rows), 7):
        sink.write(sink.encode(rows[top : top + 7]))
    assert file.getvalue() == b""
    sink.finish()
    return file.getvalue()


@pytest.mark.parametrize("C", [1, 3])
def test_webp_is_lossless(C: int) -> None:
    rows = edges(C)
    assert (by_pillow(sunk("webp", rows), "L" if C == 1 else "RGB") == rows).all()


@pytest.mark.parametrize("C", [1, 3])
def test_jpeg_is_close_and_keeps_the_resolution(C: int) -> None:
    rows = edges(C)
    data = sunk("jpeg", rows, dpi=(300, 300))
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.mode) == ("JPEG", "L" if C == 1 else "RGB")
        assert image.info["dpi"] == (300, 300)
        assert "icc_profile" not in image.info
        difference = np.asarray(image).reshape(rows.shape).astype(int) - rows
    assert abs(difference).mean() < 3


@pytest.mark.parametrize(
    ("format_", "shape", "message"),
    [
        ("jpeg", (9, 65501, 1), "jpeg holds at most 65,500 pixels a side, not 9×65501; use"),
        ("webp", (16384, 9, 3), "webp holds at most 16,383 pixels a side, not 16384×9; use"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_before_any_work(
    format_: str, shape: tuple[int, int, int], message: str
) -> None:
    with pytest.raises(OutputError, match=message):
        check_writable(format_, shape, np.dtype(np.uint8))
    with pytest.raises(OutputError, match=message):
        PillowSink(io.BytesIO(), format_, shape, np.dtype(np.uint8))


@pytest.mark.parametrize(
    ("format_", "C", "dtype", "message"),
    [
        ("jpeg", 1, "uint16", "jpeg cannot hold uint16 samples; use --depth 8, or --format tiff"),
        ("webp", 1, "float32", "webp cannot hold float32 samples; use --depth 8"),
        ("jpeg", 2, "uint8", "jpeg cannot hold 2 channels; use --format tiff or npy"),
    ],
)
def test_kinds_that_do_not_fit_are_refused(format_: str, C: int, dtype: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_writable(format_, (4, 4, C), np.dtype(dtype))


@pytest.mark.parametrize(("format_", "C"), [("png", 1), ("png", 3), ("webp", 1), ("webp", 3)])
def test_frames_there_and_back(format_: str, C: int) -> None:
    frames = [edges(C), 255 - edges(C), edges(C)[::-1]]
    file = OneWay()
    save_frames(file, format_, frames, [100, None, 250])
    sources = read_images(io.BytesIO(file.getvalue()), "x", max_pixels=LIMIT, all_frames=True)
    for source, frame, duration in zip(sources, frames, (100, 100, 250), strict=True):
        assert (rows_of(source)[..., :1] == frame[..., :1]).all()
        assert source.info.duration == duration


@pytest.mark.parametrize("format_", ["png", "webp"])
def test_one_frame_is_an_image(format_: str) -> None:
    file = OneWay()
    save_frames(file, format_, [edges()], [None])
    assert (frames_of(file.getvalue())[0][..., :1] == edges()).all()


def test_frames_of_different_sizes_are_one_clear_line() -> None:
    with pytest.raises(OutputError, match="webp cannot be encoded"):
        save_frames(OneWay(), "webp", [edges(), edges(1, 5, 5)], [None, None])
