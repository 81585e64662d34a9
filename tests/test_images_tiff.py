"""TIFF directories and edge maps, read back by Pillow, OpenCV and by ourselves."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from edgecli.errors import ImageError
from edgecli.images.tiff.described import Page
from edgecli.images.tiff.directories import LONG, SHORT, Tag, directory_bytes, read_directories
from edgecli.images.tiff.reading import read_images
from edgecli.images.tiff.writing import TiffSink, write_pages

Pixels = NDArray[Any]
TYPES = ("uint8", "uint16", "int16", "int32", "float32")
HEAD = struct.pack("<2sHI", b"II", 42, 8)


def noise(*shape: int, dtype: str = "uint8") -> Pixels:
    low = 0 if dtype.startswith("u") else -100
    return np.random.default_rng(0).integers(low, 200, shape).astype(dtype)


class Pipe(io.BytesIO):
    """A file that can only be appended to."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: object) -> int:
        raise io.UnsupportedOperation

    tell = seek


def tiff(rows: Pixels, band: int = 7, dpi: tuple[float, float] | None = None) -> bytes:
    file = Pipe()
    sink = TiffSink(file, Page(rows.shape, rows.dtype, dpi))
    for top in range(0, len(rows), band):
        sink.write(sink.encode(rows[top : top + band]))
    sink.finish()
    return file.getvalue()


def pages(data: bytes) -> list[Pixels]:
    sources = read_images(io.BytesIO(data), "x.tif", max_pixels=2**31, all_frames=True)
    return [next(source.blocks([(0, source.shape[0])])) for source in sources]


# ---- written ----------------------------------------------------------------------------------


@pytest.mark.parametrize("C", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", TYPES)
def test_an_edge_map_comes_back(dtype: str, C: int) -> None:
    rows = noise(37, 23, C, dtype=dtype)
    (back,) = pages(tiff(rows))
    np.testing.assert_array_equal(back, rows, strict=True)


@pytest.mark.parametrize("C", [1, 3])
@pytest.mark.parametrize("dtype", TYPES)
def test_opencv_reads_every_kind(dtype: str, C: int) -> None:
    rows = noise(37, 23, C, dtype=dtype)
    back = cv2.imdecode(np.frombuffer(tiff(rows), np.uint8), cv2.IMREAD_UNCHANGED)
    assert back is not None
    np.testing.assert_array_equal(back.reshape(rows.shape)[:, :, ::-1], rows, strict=True)


@pytest.mark.parametrize(
    ("dtype", "C"),
    [*((dtype, 1) for dtype in TYPES), ("uint8", 2), ("uint8", 3), ("uint8", 4)],
)
def test_pillow_reads_what_it_can_hold(dtype: str, C: int) -> None:
    rows = noise(37, 23, C, dtype=dtype)
    with Image.open(io.BytesIO(tiff(rows))) as image:
        np.testing.assert_array_equal(np.asarray(image).reshape(rows.shape), rows)


def test_bands_of_any_height_give_the_same_bytes() -> None:
    rows = noise(20, 9, 3, dtype="int16")
    assert len({tiff(rows, band) for band in (1, 3, 20)}) == 1


def test_rows_of_any_byte_order_and_layout_are_taken() -> None:
    rows = noise(6, 5, 3, dtype="int16")
    for given_rows in (rows.astype(">i2"), np.asfortranarray(rows), rows[:, ::-1][:, ::-1]):
        sink = TiffSink(io.BytesIO(), Page((6, 5, 3), rows.dtype))
        assert sink.encode(given_rows) == rows.tobytes()


def test_strips_are_low_and_follow_each_other() -> None:
    data = tiff(np.zeros((3000, 1000, 1), np.uint8))
    (directory,) = read_directories(io.BytesIO(data), "x.tif")
    offsets, counts = (directory.tags[tag] for tag in (Tag.STRIP_OFFSETS, Tag.STRIP_BYTES))
    assert len(offsets) == 3
    assert max(counts) <= 2**20
    assert [*offsets[1:], len(data)] == [a + b for a, b in zip(offsets, counts, strict=True)]


@pytest.mark.parametrize("dpi", [(72.0, 300.0), (72.5, 0.1), (1e9, 3.0)])
def test_resolution_is_kept(dpi: tuple[float, float]) -> None:
    (directory,) = read_directories(io.BytesIO(tiff(noise(2, 2, 1), dpi=dpi)), "x.tif")
    assert directory.dpi == (min(dpi[0], 1e6), dpi[1])
    with Image.open(io.BytesIO(tiff(noise(2, 2, 1), dpi=dpi))) as image:
        assert tuple(map(float, image.info["dpi"])) == pytest.approx(directory.dpi)


def test_no_resolution_is_made_up() -> None:
    (directory,) = read_directories(io.BytesIO(tiff(noise(2, 2, 1))), "x.tif")
    assert directory.dpi is None


def test_over_4_gib_it_is_a_bigtiff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "big.tif"
    shape = (70_000, 70_000, 1)
    with path.open("wb") as file:
        sink = TiffSink(file, Page(shape, np.dtype(np.uint8)))
        sink.write(sink.encode(np.full((1, 70_000, 1), 7, np.uint8)))
        head = file.tell() - 70_000
        file.truncate(head + 70_000**2)  # the rest is a hole, which reads as zeros
    with path.open("rb") as file:
        (directory,) = read_directories(file, "big.tif")
        (source,) = read_images(file, "big.tif", max_pixels=2**33)
        (first,) = source.blocks([(0, 2)])
    last = directory.tags[Tag.STRIP_OFFSETS][-1] + directory.tags[Tag.STRIP_BYTES][-1]
    assert last == path.stat().st_size
    assert first.mean(axis=(1, 2)).tolist() == [7, 0]
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with Image.open(path) as image:
        assert image.size == (70_000, 70_000)


def test_pages_of_any_sizes_and_types_come_back_in_order() -> None:
    frames = [
        noise(5, 7, 3),
        noise(3, 1, 1, dtype="float32"),
        noise(1, 1, 1),
        noise(9, 3, 3, dtype="int16"),
    ]
    file = Pipe()
    write_pages(file, frames, [Page(frame.shape, frame.dtype) for frame in frames])
    back = pages(file.getvalue())
    for frame, page in zip(frames, back, strict=True):
        np.testing.assert_array_equal(page, frame, strict=True)
    (ok, found) = cv2.imdecodemulti(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_UNCHANGED)
    assert ok
    assert [page.shape[:2] for page in found] == [frame.shape[:2] for frame in frames]


# ---- directories ------------------------------------------------------------------------------


@given(
    st.dictionaries(
        st.sampled_from(list(Tag)),
        st.lists(st.integers(0, 2**16 - 1), min_size=1, max_size=5).map(tuple),
        max_size=8,
    ),
    st.sampled_from([SHORT, LONG]),
)
def test_a_directory_written_is_the_directory_read(
    tags: dict[Tag, tuple[int, ...]], kind: int
) -> None:
    entries = [(tag, kind, values) for tag, values in sorted(tags.items())]
    data = HEAD + directory_bytes(entries, 8)
    (directory,) = read_directories(io.BytesIO(data), "x.tif")
    assert directory.tags == tags


def test_the_places_of_many_tiles_are_written_in_parts() -> None:
    places = np.arange(10_000)
    data = directory_bytes([(Tag.TILE_OFFSETS, LONG, places.tolist())], 8)
    np.testing.assert_array_equal(np.frombuffer(data[-40_000:], "<u4"), places)


def test_big_endian_directories_are_read() -> None:
    entry = struct.pack(">HHIHH", Tag.WIDTH, SHORT, 1, 300, 0)
    data = struct.pack(">2sHIH", b"MM", 42, 8, 1) + entry + bytes(4)
    (directory,) = read_directories(io.BytesIO(data), "x.tif")
    assert directory.tags == {Tag.WIDTH: (300,)}
    big = struct.pack(">2sHHHQQ", b"MM", 43, 8, 0, 16, 1)
    big += struct.pack(">HHQHHI", Tag.WIDTH, SHORT, 1, 300, 0, 0) + bytes(8)
    (directory,) = read_directories(io.BytesIO(big), "x.tif")
    assert directory.tags == {Tag.WIDTH: (300,)}


def test_centimetres_are_turned_into_inches() -> None:
    entries = [
        (Tag.X_RESOLUTION, 5, (100, 1)),
        (Tag.Y_RESOLUTION, 5, (50, 1)),
        (Tag.RESOLUTION_UNIT, SHORT, (3,)),
    ]
    (directory,) = read_directories(io.BytesIO(HEAD + directory_bytes(entries, 8)), "x.tif")
    assert directory.dpi == pytest.approx((254, 127))


@pytest.mark.parametrize("numbers", [(0, 1), (1, 0)])
def test_a_resolution_of_nothing_is_none(numbers: tuple[int, int]) -> None:
    entries = [(Tag.X_RESOLUTION, 5, numbers), (Tag.Y_RESOLUTION, 5, (1, 1))]
    (directory,) = read_directories(io.BytesIO(HEAD + directory_bytes(entries, 8)), "x.tif")
    assert directory.dpi is None


def test_a_chain_that_bites_its_tail_ends() -> None:
    data = HEAD + directory_bytes([(Tag.WIDTH, SHORT, (1,))], 8, following=8)
    assert len(list(read_directories(io.BytesIO(data), "x.tif"))) == 1


def test_tags_that_point_to_more_than_the_file_are_an_error() -> None:
    entry = struct.pack("<HHII", Tag.STRIP_OFFSETS, LONG, 2**30, 8)
    data = HEAD + struct.pack("<H", 1) + entry + bytes(4)
    with pytest.raises(ImageError, match="is cut short or has a broken directory"):
        list(read_directories(io.BytesIO(data), "x.tif"))


def test_pages_that_all_point_to_the_same_data_are_an_error() -> None:
    shared = bytes(400)
    data = struct.pack("<2sHI", b"II", 42, 8 + len(shared)) + shared
    for _ in range(10):
        following = len(data) + 18
        entry = struct.pack("<HHII", Tag.STRIP_OFFSETS, LONG, 100, 8)
        data += struct.pack("<H", 1) + entry + struct.pack("<I", following)
    with pytest.raises(ImageError, match="broken directory"):
        list(read_directories(io.BytesIO(data), "x.tif"))


def test_no_page_is_an_error() -> None:
    with pytest.raises(ImageError, match="is a TIFF without pages"):
        list(read_directories(io.BytesIO(b"II*\0" + bytes(4)), "x.tif"))


@given(st.binary(max_size=80), st.sampled_from([b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"]))
def test_any_bytes_are_directories_or_one_clear_line(data: bytes, magic: bytes) -> None:
    try:
        lines = [str(page.dpi) for page in read_directories(io.BytesIO(magic + data), "x.tif")]
    except ImageError as error:
        lines = [str(error)]
    assert lines
    assert all("\n" not in line for line in lines)
