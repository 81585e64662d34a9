"""The PNG writer, read back by Pillow, OpenCV and the project's own reader."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from edgecli.errors import OutputError
from edgecli.images.png.reading import open_png
from edgecli.images.png.writing import PngSink

Pixels = NDArray[Any]

SHAPES = [(1, 1), (1, 9), (9, 1), (5, 4), (67, 33)]
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
UINT8, UINT16 = np.dtype(np.uint8), np.dtype(np.uint16)


def picture(H: int, W: int, C: int, dtype: np.dtype[Any]) -> Pixels:
    """Return noise above a smooth ramp, over a plain lower half, as edge maps are."""
    random = np.random.default_rng([H, W, C])
    pixels = np.zeros((H, W, C), dtype)
    upper = pixels[: (H + 1) // 2]
    ramp = 700 * np.add.outer(np.arange(len(upper)), np.arange(W))[..., np.newaxis]
    upper[...] = ramp + random.integers(0, 300, upper.shape)
    return pixels


def bands_of(pixels: Pixels, height: int) -> list[Pixels]:
    return [pixels[start : start + height] for start in range(0, len(pixels), height)]


def written(bands: Sequence[Pixels], threads: int = 1, **options: Any) -> bytes:
    H = sum(len(band) for band in bands)
    file = io.BytesIO()
    sink = PngSink(file, (H, *bands[0].shape[1:]), bands[0].dtype, **options)
    with ThreadPoolExecutor(threads) as pool:
        for encoded in pool.map(sink.encode, bands):
            sink.write(encoded)
    sink.finish()
    return file.getvalue()


def chunks_of(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return kinds and data, by a parser of the test's own that checks every CRC."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, place = [], 8
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        body = data[place + 4 : place + 8 + length]
        assert struct.unpack_from(">I", data, place + 8 + length) == (zlib.crc32(body),)
        chunks.append((body[:4], body[4:]))
        place += 12 + length
    return chunks


def inflated(data: bytes) -> bytes:
    """Return the scanlines; zlib checks the Adler-32."""
    stream = zlib.decompressobj()
    scanlines = stream.decompress(
        b"".join(body for kind, body in chunks_of(data) if kind == b"IDAT")
    )
    assert stream.eof
    assert not stream.unused_data
    return scanlines


def read_back(data: bytes) -> Pixels:
    source = open_png(io.BytesIO(data), "x.png", max_pixels=2**31)
    return next(source.blocks([(0, source.shape[0])]))


@pytest.mark.parametrize("dtype", [UINT8, UINT16])
@pytest.mark.parametrize("C", [1, 2, 3, 4])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("height", [1, 5, 100])
def test_our_reader_gives_the_pixels_back(
    shape: tuple[int, int], C: int, dtype: np.dtype[Any], height: int
) -> None:
    pixels = picture(*shape, C, dtype)
    decoded = read_back(written(bands_of(pixels, height)))
    assert decoded.dtype == dtype
    np.testing.assert_array_equal(decoded, pixels)


@pytest.mark.parametrize(
    ("C", "dtype"), [(1, UINT8), (2, UINT8), (3, UINT8), (4, UINT8), (1, UINT16)]
)
@pytest.mark.parametrize("shape", SHAPES)
def test_pillow_gives_the_pixels_back(shape: tuple[int, int], C: int, dtype: np.dtype[Any]) -> None:
    pixels = picture(*shape, C, dtype)
    with Image.open(io.BytesIO(written(bands_of(pixels, 4)))) as image:
        assert image.mode == (MODES[C] if dtype == UINT8 else "I;16")
        np.testing.assert_array_equal(np.asarray(image).reshape(pixels.shape), pixels)


@pytest.mark.parametrize("dtype", [UINT8, UINT16])
@pytest.mark.parametrize("C", [1, 3, 4])
@pytest.mark.parametrize("shape", SHAPES)
def test_opencv_gives_the_pixels_back(shape: tuple[int, int], C: int, dtype: np.dtype[Any]) -> None:
    pixels = picture(*shape, C, dtype)
    data = np.frombuffer(written(bands_of(pixels, 4)), np.uint8)
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED)).reshape(pixels.shape)
    to_rgb = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[C]
    assert decoded.dtype == dtype
    np.testing.assert_array_equal(decoded[..., to_rgb], pixels)


@pytest.mark.parametrize("threads", [2, 3])
def test_the_file_does_not_depend_on_threads(threads: int) -> None:
    bands = bands_of(picture(67, 33, 3, UINT8), 5)
    assert written(bands, threads) == written(bands)


def test_the_file_does_not_depend_on_how_the_rows_lie_in_memory() -> None:
    pixels = picture(12, 10, 3, UINT16)
    planar = np.moveaxis(np.ascontiguousarray(np.moveaxis(pixels, 2, 0)), 0, 2)
    spaced = np.repeat(pixels, 2, axis=0)[::2]
    assert written([planar]) == written([pixels]) == written([spaced])


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.sampled_from([1, 2, 3, 4]))
def test_bands_of_any_heights_join(heights: list[int], C: int) -> None:
    pixels = picture(sum(heights), 6, C, UINT8)
    cuts = np.cumsum(heights)[:-1]
    np.testing.assert_array_equal(read_back(written(np.split(pixels, cuts))), pixels)


def test_encode_keeps_its_input() -> None:
    pixels = picture(9, 5, 1, UINT16)
    before = pixels.copy()
    written([pixels])
    np.testing.assert_array_equal(pixels, before)


def filters_of(pixels: Pixels) -> list[int]:
    row_bytes = pixels.shape[1] * pixels.shape[2] * pixels.itemsize
    return list(inflated(written([pixels]))[:: 1 + row_bytes])


def test_smooth_bands_are_filtered_by_up() -> None:
    ramp = np.add.outer(np.arange(6), np.arange(40)).astype(np.uint8)[..., np.newaxis]
    assert filters_of(ramp) == [0, 2, 2, 2, 2, 2]


def test_bands_of_sparse_rows_are_left_as_they_are() -> None:
    sparse = np.zeros((6, 40, 1), np.uint8)
    sparse[::2, 7] = 255
    assert filters_of(sparse) == [0, 0, 0, 0, 0, 0]


def test_the_file_holds_nothing_but_the_image() -> None:
    kinds = [kind for kind, _ in chunks_of(written(bands_of(picture(9, 5, 3, UINT8), 4)))]
    assert kinds == [b"IHDR", *[b"IDAT"] * 5, b"IEND"]


def test_a_band_too_long_for_a_chunk_is_split(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = picture(9, 5, 3, UINT8)
    monkeypatch.setattr("edgecli.images.png.writing.MAX_FIELD", 50)
    data = written([pixels])
    assert max(len(body) for _, body in chunks_of(data)) == 50
    np.testing.assert_array_equal(read_back(data), pixels)


@pytest.mark.parametrize("dpi", [(72.0, 72.0), (300.0, 150.0), (0.5, 25400.0)])
def test_dpi_is_kept(dpi: tuple[float, float]) -> None:
    data = written([picture(2, 2, 1, UINT8)], dpi=dpi)
    info = open_png(io.BytesIO(data), "x.png", max_pixels=4).info
    assert info.dpi == pytest.approx(dpi, abs=0.0127)  # half a pixel per metre


@pytest.mark.parametrize(
    "dpi", [None, (0.0, 0.0), (-1.0, 72.0), (float("nan"), 72.0), (72.0, float("inf")), (1e9, 1e9)]
)
def test_no_or_senseless_dpi_writes_none(dpi: tuple[float, float] | None) -> None:
    data = written([picture(2, 2, 1, UINT8)], dpi=dpi)
    assert b"pHYs" not in data
    assert data == written([picture(2, 2, 1, UINT8)])


@pytest.mark.parametrize(
    ("shape", "rule"),
    [
        ((1, 2**31, 1), "not 1 × 2,147,483,648; write .npy"),
        ((0, 4, 1), "not 0 × 4"),
    ],
)
def test_what_no_png_can_hold_is_refused(shape: tuple[int, int, int], rule: str) -> None:
    with pytest.raises(OutputError) as caught:
        PngSink(io.BytesIO(), shape, UINT8)
    assert rule in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_band_in_flight_takes_about_twice_its_bytes() -> None:
    rows = np.zeros((64, 2**15, 1), np.uint8)
    sink = PngSink(io.BytesIO(), (64, 2**15, 1), UINT8)
    tracemalloc.start()
    sink.encode(rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.5 * rows.nbytes  # beside the rows themselves
