"""The PNG reader against a PNG maker of plain Python, Pillow and OpenCV."""

from __future__ import annotations

import io
import itertools
import struct
import threading
import tracemalloc
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, cast

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edgecli.errors import ImageError
from edgecli.images.png import reading as png
from edgecli.images.png.reading import open_png
from tests.png_files import (
    ALL_FILTERS,
    COLOUR_TYPES,
    LIMIT,
    SIGNATURE,
    Pixels,
    chunk,
    ihdr,
    make_png,
    random_samples,
    read_all,
    scanlines,
    source_of,
)

PIXEL_KINDS = list(itertools.product((1, 2, 3, 4), (8, 16)))
SHAPES = [(1, 1), (1, 7), (7, 1), (3, 5), (6, 17), (3, 1031)]


def of_pixels(pixels: Pixels, *before: bytes, kinds: Sequence[int] = ALL_FILTERS) -> bytes:
    """Return a PNG of pixels ``(H, W, C)`` as they are stored."""
    colour, depth = COLOUR_TYPES[pixels.shape[2]], 8 * pixels.itemsize
    return make_png(pixels, depth, colour, *before, kinds=kinds)


def header_of(pixels: Pixels) -> bytes:
    H, W, C = pixels.shape
    return SIGNATURE + ihdr(W, H, 8 * pixels.itemsize, COLOUR_TYPES[C])


def random_pixels(H: int, W: int, C: int, depth: int) -> Pixels:
    return random_samples(H, W, COLOUR_TYPES[C], depth)


SMALL = random_pixels(4, 3, 3, 8)
SMALL_HEADER = header_of(SMALL)
SMALL_DATA = zlib.compress(scanlines(SMALL, 8))
SMALL_PNG = of_pixels(SMALL)


class Pipe:
    """A stream of short reads that can do nothing but read."""

    def __init__(self, data: bytes, counts: Sequence[int] = (1, 2, 3, 5, 8)) -> None:
        self.left = data
        self.taken = 0
        self._counts = itertools.cycle(counts)

    def read(self, size: int) -> bytes:
        assert size > 0
        size = min(size, next(self._counts))
        piece, self.left = self.left[:size], self.left[size:]
        self.taken += len(piece)
        return piece


# ---- right pixels ----------------------------------------------------------------------------


@pytest.mark.parametrize(("C", "depth"), PIXEL_KINDS)
@pytest.mark.parametrize(
    ("shape", "kinds"),
    [
        *((shape, (0, 4, 1, 3, 2)) for shape in SHAPES),
        *((shape, (kind,)) for shape in [(6, 17), (3, 1031)] for kind in range(5)),
        ((3, 1031), (0, 2)),
    ],
)
def test_every_kind_of_pixel_and_row_filter(
    shape: tuple[int, int], C: int, depth: int, kinds: tuple[int, ...]
) -> None:
    pixels = random_pixels(*shape, C, depth)
    source = source_of(of_pixels(pixels, kinds=kinds))
    assert source.shape == source.info.shape == pixels.shape
    decoded = read_all(source)
    assert decoded.dtype == source.dtype == source.info.dtype == pixels.dtype
    np.testing.assert_array_equal(decoded, pixels)


@pytest.mark.parametrize(
    ("C", "depth"), [kind for kind in PIXEL_KINDS if kind[1] == 8 or kind[0] == 1]
)
def test_agrees_with_pillow(C: int, depth: int) -> None:
    data = of_pixels(random_pixels(9, 13, C, depth))
    with Image.open(io.BytesIO(data)) as image:
        expected = np.asarray(image).reshape(9, 13, C)
    np.testing.assert_array_equal(read_all(source_of(data)), expected)


@pytest.mark.parametrize(("C", "depth"), [kind for kind in PIXEL_KINDS if kind[0] != 2])
def test_agrees_with_opencv(C: int, depth: int) -> None:
    data = of_pixels(random_pixels(9, 13, C, depth))
    expected = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED))
    to_rgb = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[C]
    np.testing.assert_array_equal(
        read_all(source_of(data)), expected.reshape(9, 13, C)[..., to_rgb]
    )


@pytest.mark.parametrize("level", [0, 1, 9])
@pytest.mark.parametrize("batch", [1, 40, 2**19])
def test_rows_are_right_whatever_the_batch(
    monkeypatch: pytest.MonkeyPatch, batch: int, level: int
) -> None:
    monkeypatch.setattr(png, "_BATCH", batch)
    pixels = random_pixels(23, 6, 3, 16)
    data = zlib.compress(scanlines(pixels, 16, (1, 4, 2, 0, 3)), level)
    source = source_of(header_of(pixels) + chunk(b"IDAT", data))
    np.testing.assert_array_equal(read_all(source, band=7), pixels)


def test_idat_may_be_split_anywhere() -> None:
    for cut in range(len(SMALL_DATA) + 1):
        parts = chunk(b"IDAT", SMALL_DATA[:cut]) + chunk(b"IDAT", SMALL_DATA[cut:])
        decoded = read_all(source_of(SMALL_HEADER + parts + chunk(b"IEND")))
        np.testing.assert_array_equal(decoded, SMALL)


def test_idat_may_be_single_bytes_among_empty_chunks() -> None:
    pieces = [chunk(b"IDAT") + chunk(b"IDAT", bytes([byte])) for byte in SMALL_DATA]
    decoded = read_all(source_of(SMALL_HEADER + b"".join(pieces) + chunk(b"IEND")))
    np.testing.assert_array_equal(decoded, SMALL)


@pytest.mark.parametrize("counts", [(1,), (1, 2, 3, 5, 8), (2**20,)])
def test_a_pipe_of_short_reads(counts: tuple[int, ...]) -> None:
    pixels = random_pixels(12, 31, 2, 16)
    pipe = Pipe(of_pixels(pixels), counts)
    source = open_png(cast(BinaryIO, pipe), "-", max_pixels=LIMIT)
    np.testing.assert_array_equal(read_all(source), pixels)


@st.composite
def rising_ranges(draw: st.DrawFn, H: int) -> list[tuple[int, int]]:
    """Draw ranges of rows whose starts and stops never decrease."""
    starts = sorted(draw(st.lists(st.integers(0, H - 1), min_size=1, max_size=8)))
    stops = sorted(draw(st.integers(start + 1, H)) for start in starts)
    return list(zip(starts, stops, strict=True))


@given(rising_ranges(11))
def test_blocks_may_overlap_and_leave_gaps(ranges: list[tuple[int, int]]) -> None:
    pixels = random_pixels(11, 3, 2, 8)
    blocks = list(source_of(of_pixels(pixels)).blocks(ranges))
    for (start, stop), block in zip(ranges, blocks, strict=True):
        np.testing.assert_array_equal(block, pixels[start:stop])


def test_no_thread_reads_on_when_blocks_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png, "_BATCH", 8)
    source = source_of(of_pixels(random_pixels(50, 5, 3, 8)))
    blocks = source.blocks([(0, 1), (1, 50)])
    next(blocks)
    assert any(thread.name.startswith("edgecli-ahead") for thread in threading.enumerate())
    del blocks
    assert not any(thread.name.startswith("edgecli-ahead") for thread in threading.enumerate())


# ---- what a PNG says beside its pixels -------------------------------------------------------


@pytest.mark.parametrize(("C", "depth"), [(1, 8), (1, 16), (3, 8), (3, 16)])
def test_trns_makes_one_colour_transparent(C: int, depth: int) -> None:
    pixels = random_pixels(5, 4, C, depth)
    key = pixels[2, 3].astype(">u2")
    pixels[4, 1] = pixels[2, 3]
    pixels[0, 0, -1] = pixels[2, 3, -1] + 1
    source = source_of(of_pixels(pixels, chunk(b"tRNS", key.tobytes())))
    assert source.info.shape == pixels.shape
    assert source.shape == (5, 4, C + 1)
    decoded = read_all(source)
    is_key = (pixels == pixels[2, 3]).all(axis=-1)
    np.testing.assert_array_equal(decoded[..., :C], pixels)
    np.testing.assert_array_equal(decoded[..., C], np.where(is_key, 0, 2**depth - 1))
    assert 2 <= is_key.sum() < is_key.size


def test_trns_of_8_bits_ignores_the_high_byte() -> None:
    pixels = np.array([[[7], [8]]], np.uint8)
    decoded = read_all(source_of(of_pixels(pixels, chunk(b"tRNS", b"\xff\x07"))))
    assert decoded.tolist() == [[[7, 0], [8, 255]]]


@pytest.mark.parametrize(("C", "trns"), [(1, b""), (1, b"\0\0\0"), (3, b"\0\0"), (4, bytes(6))])
def test_a_senseless_trns_is_ignored(C: int, trns: bytes) -> None:
    source = source_of(of_pixels(random_pixels(2, 2, C, 8), chunk(b"tRNS", trns)))
    assert source.shape == (2, 2, C)
    assert source.info.notes == ["has a tRNS chunk that does not fit its colours and is ignored"]


@pytest.mark.parametrize(
    ("phys", "dpi"),
    [
        (struct.pack(">IIB", 11811, 5906, 1), (299.9994, 150.0124)),
        (struct.pack(">IIB", 11811, 5906, 0), None),
        (struct.pack(">IIB", 0, 5906, 1), None),
        (b"\0\0\0\1", None),
    ],
)
def test_phys_gives_dots_per_inch(phys: bytes, dpi: tuple[float, float] | None) -> None:
    info = source_of(of_pixels(SMALL, chunk(b"pHYs", phys))).info
    assert info.dpi == (dpi and pytest.approx(dpi))


def exif(order: str, tag: int = 0x0112, kind: int = 3, value: int = 6) -> bytes:
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    other = struct.pack(order + "HHIHH", 0x0100, 3, 1, 5, 0)
    entry = struct.pack(order + "HHIHH", tag, kind, 1, value, 0)
    return mark + struct.pack(order + "IH", 8, 2) + other + entry


def long_exif(order: str, value: int = 6) -> bytes:
    """Return an orientation of 32 bits, as some programs write it."""
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    return mark + struct.pack(order + "IHHHII", 8, 1, 0x0112, 4, 1, value)


@pytest.mark.parametrize(
    ("data", "orientation"),
    [
        (exif("<"), 6),
        (exif(">"), 6),
        (b"Exif\0\0" + exif(">", value=8), 8),
        (exif("<", value=0), 1),
        (exif("<", value=9), 1),
        (exif("<", kind=2), 1),
        (long_exif("<"), 6),
        (long_exif(">"), 6),
        (long_exif(">", value=2**16 + 6), 1),
        (exif("<", tag=0x0113), 1),
        (b"II*\0" + b"\xff" * 8, 1),
        (b"JUNK" + exif("<"), 1),
        (b"", 1),
    ],
)
def test_exif_gives_the_orientation(data: bytes, orientation: int) -> None:
    source = source_of(of_pixels(SMALL, chunk(b"eXIf", data)))
    assert source.info.orientation == orientation


@given(st.sampled_from([b"II*\0", b"MM\0*"]), st.binary(max_size=80))
def test_any_exif_gives_an_orientation(order: bytes, rest: bytes) -> None:
    source = source_of(of_pixels(SMALL, chunk(b"eXIf", order + rest)))
    assert 1 <= source.info.orientation <= 8


def test_the_first_chunk_of_a_kind_counts() -> None:
    twice = chunk(b"eXIf", exif("<", value=3)) + chunk(b"eXIf", exif("<", value=5))
    assert source_of(of_pixels(SMALL, twice)).info.orientation == 3


def test_max_pixels_is_checked_before_anything_else_is_read() -> None:
    pipe = Pipe(SIGNATURE + ihdr(2**16, 2**16) + b"anything")
    with pytest.raises(ImageError) as caught:
        open_png(cast(BinaryIO, pipe), "x.png", max_pixels=2**31)
    assert str(caught.value) == (
        "image x.png has 4,294,967,296 pixels, more than the limit 2,147,483,648; "
        "raise it with --max-pixels"
    )
    assert pipe.taken == 33  # the signature and IHDR
    assert source_of(SMALL_PNG, max_pixels=12).shape == (4, 3, 3)


# ---- memory ----------------------------------------------------------------------------------


@pytest.fixture(name="peak")
def traced_peak() -> Iterator[Any]:
    """Give a function that tells the peak of memory in MiB since the test began."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()


def zeros_deflated(size: int) -> bytes:
    deflater = zlib.compressobj(1)
    pieces = [deflater.compress(bytes(2**20)) for _ in range(size // 2**20)]
    return b"".join(pieces) + deflater.flush()


def test_a_bomb_stops_at_the_declared_size(peak: Any) -> None:
    bomb = SMALL_HEADER + chunk(b"IDAT", zeros_deflated(2**26))
    assert read_all(source_of(bomb)).tolist() == np.zeros((4, 3, 3)).tolist()
    assert peak() < 8


def test_memory_follows_the_block_not_the_image(peak: Any) -> None:
    H, W = 2**13, 2**12 - 1
    data = chunk(b"IDAT", zeros_deflated(H * (1 + W)))
    source = source_of(SIGNATURE + ihdr(W, H) + data)
    for block in source.blocks((start, start + 64) for start in range(0, H, 64)):
        assert not block.any()
    assert peak() < 8


def test_a_row_that_does_not_fit_the_memory_is_refused() -> None:
    data = SIGNATURE + ihdr(2**31 - 1, 2**31 - 1, 16, 6) + chunk(b"IDAT")
    blocks = source_of(data, max_pixels=2**62).blocks([(0, 2**20)])
    with pytest.raises(ImageError, match=r"2,147,483,647 × 2,147,483,647 × 4; use a machine"):
        next(blocks)


@pytest.mark.parametrize("apart", [False, True])
def test_frames_that_are_not_taken_are_told(apart: bool) -> None:
    still, moving = Image.new("L", (3, 2)), Image.new("L", (3, 2), 9)
    file = io.BytesIO()
    still.save(file, "PNG", save_all=True, append_images=[moving], default_image=apart)
    (note,) = source_of(file.getvalue()).info.notes
    assert note.startswith("has more frames than the one taken")
