"""What samples stand for: palettes, greys of few bits, transparent colours, Apple's variant."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from edgecli.errors import ImageError
from edgecli.images.colour import luma
from tests.png_files import (
    KINDS,
    SIGNATURE,
    Pixels,
    by_opencv,
    chunk,
    ihdr,
    last_bit_flipped,
    make_png,
    palette,
    random_samples,
    read_all,
    scanlines,
    source_of,
)

IGNORED = "has a tRNS chunk that does not fit its colours and is ignored"
BEYOND = "has pixels without a colour in its palette; they are black"
COLOURS = np.array([[9, 8, 7], [6, 5, 4], [200, 100, 50]], np.uint8)
PLTE = chunk(b"PLTE", COLOURS.tobytes())


def indexed(*indices: int) -> Pixels:
    """Return one row of palette indices, as samples."""
    return np.array(indices, np.uint8).reshape(1, -1, 1)


# ---- depths -----------------------------------------------------------------------------------


@pytest.mark.parametrize("W", [1, 2, 3, 7, 8, 9, 31])
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_greys_of_few_bits_are_spread_to_white(depth: int, W: int) -> None:
    samples = random_samples(5, W, 0, depth)
    data = make_png(samples, depth, 0)
    source = source_of(data)
    pixels = read_all(source)
    np.testing.assert_array_equal(pixels, samples * (255 // (2**depth - 1)))
    with Image.open(io.BytesIO(data)) as image:
        np.testing.assert_array_equal(pixels[..., 0], np.asarray(image.convert("L")))
    assert source.info.dtype == ("bool" if depth == 1 else "uint8")
    assert source.info.shape == source.shape == (5, W, 1)


@pytest.mark.parametrize("W", [1, 3, 8, 29])
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_palettes_of_every_depth_become_their_colours(depth: int, W: int) -> None:
    samples = random_samples(4, W, 3, depth)
    colours = palette(2**depth)
    source = source_of(make_png(samples, depth, 3, chunk(b"PLTE", colours)))
    assert (source.info.shape, source.shape, source.info.dtype) == ((4, W, 1), (4, W, 3), "uint8")
    expected = np.frombuffer(colours, np.uint8).reshape(-1, 3)[samples[..., 0]]
    np.testing.assert_array_equal(read_all(source), expected)


@pytest.mark.parametrize("depth", [1, 8])
def test_unused_bits_of_a_row_are_no_pixels(depth: int) -> None:
    lines = b"\0\xff" if depth == 8 else b"\0\x7f"
    start = SIGNATURE + ihdr(1, 1, depth, 3) + PLTE
    source = source_of(start + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND"))
    expected = [0, 0, 0] if depth == 8 else [9, 8, 7]
    assert read_all(source).tolist() == [[expected]]
    assert source.info.notes == ([BEYOND] if depth == 8 else [])


@pytest.mark.parametrize(("colour", "depth"), KINDS)
def test_grey_is_the_luma_of_a_palette_and_touches_nothing_else(colour: int, depth: int) -> None:
    before = [chunk(b"PLTE", palette(2**depth))] if colour == 3 else []
    data = make_png(random_samples(3, 11, colour, depth), depth, colour, *before)
    wanted = read_all(source_of(data))
    if colour == 3:
        wanted = luma(wanted)[..., np.newaxis]
    np.testing.assert_array_equal(read_all(source_of(data, grey=True)), wanted, strict=True)


# ---- palettes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("alphas", [b"\x00", b"\x80\x40", b"\xff\x00\x01", b"\xff"])
def test_a_palette_with_transparency_becomes_rgba(alphas: bytes) -> None:
    data = make_png(indexed(0, 1, 2, 1), 8, 3, PLTE, chunk(b"tRNS", alphas))
    pixels = read_all(source_of(data))
    opaque = [*alphas, 255, 255, 255][:3]
    assert pixels[0, :, 3].tolist() == [opaque[index] for index in (0, 1, 2, 1)]
    assert pixels[0, :3, :3].tolist() == COLOURS.tolist()
    np.testing.assert_array_equal(pixels, by_opencv(data))
    np.testing.assert_array_equal(pixels, read_all(source_of(data, grey=True)))


@pytest.mark.parametrize(
    "before",
    [
        (PLTE, chunk(b"tRNS", b"\x10\x20\x30\x40")),  # a fourth alpha for three colours
        (PLTE, chunk(b"tRNS", b"")),
        (chunk(b"tRNS", b"\x10"), PLTE),
    ],
    ids=["too long", "empty", "too early"],
)
def test_a_trns_that_does_not_fit_is_ignored_as_libpng_does(before: tuple[bytes, ...]) -> None:
    data = make_png(indexed(0, 1, 2), 8, 3, *before)
    source = source_of(data)
    pixels = read_all(source)
    assert pixels.tolist() == [COLOURS.tolist()]
    np.testing.assert_array_equal(pixels, by_opencv(data))
    assert source.info.notes == [IGNORED]


def test_more_colours_than_the_bits_can_name_do_not_count() -> None:
    data = make_png(indexed(0, 1), 1, 3, PLTE, chunk(b"tRNS", b"\x10\x20\x30"))
    source = source_of(data)
    np.testing.assert_array_equal(read_all(source), by_opencv(data))
    assert source.info.notes == [IGNORED]


@pytest.mark.parametrize("interlaced", [False, True])
def test_indices_beyond_the_palette_are_black_as_in_libpng(interlaced: bool) -> None:
    samples = np.array([[[0], [2], [3], [255]]] * 3, np.uint8)
    data = make_png(samples, 8, 3, PLTE, interlaced=interlaced)
    source = source_of(data)
    pixels = read_all(source, band=1)
    assert pixels[0].tolist() == [[9, 8, 7], [200, 100, 50], [0, 0, 0], [0, 0, 0]]
    np.testing.assert_array_equal(pixels, by_opencv(data))
    assert source.info.notes == [BEYOND]


@pytest.mark.parametrize(
    ("before", "rule"),
    [
        ((), "no palette"),
        ((chunk(b"PLTE", bytes(7)),), "1 to 256 colours"),
        ((chunk(b"PLTE"),), "1 to 256 colours"),
        ((chunk(b"PLTE", bytes(771)),), "1 to 256 colours"),
        ((chunk(b"PLTE", bytes(2**20 + 2)),), "1 to 256 colours"),
        ((PLTE, PLTE), "second PLTE"),
        ((last_bit_flipped(PLTE),), "PLTE chunk does not match its checksum"),
    ],
)
def test_a_palette_that_cannot_be_believed_is_refused(before: tuple[bytes, ...], rule: str) -> None:
    data = make_png(indexed(0, 1, 2), 8, 3, *before)
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) is None
    with pytest.raises(ImageError, match=rule):
        source_of(data)


@pytest.mark.parametrize("colour", [0, 2, 4, 6])
def test_a_palette_beside_other_colours_is_a_mere_suggestion(colour: int) -> None:
    samples = random_samples(2, 3, colour, 8)
    for length in (3, 7):
        source = source_of(make_png(samples, 8, colour, chunk(b"PLTE", bytes(length))))
        np.testing.assert_array_equal(read_all(source), samples)


# ---- transparent colours ----------------------------------------------------------------------


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(
    ("depth", "samples", "key", "expected"),
    [
        (1, [0, 1], 1, [[0, 255], [255, 0]]),
        (2, [0, 1, 2, 3], 2, [[0, 255], [85, 255], [170, 0], [255, 255]]),
        (4, [3, 15], 3, [[51, 0], [255, 255]]),
        (4, [3, 15], 0xFFF3, [[51, 0], [255, 255]]),  # only the image's bits count
        (8, [7, 64], 7, [[7, 0], [64, 255]]),
        (16, [256, 257], 257, [[256, 65535], [257, 0]]),
    ],
)
def test_a_transparent_grey_becomes_alpha(
    depth: int, samples: list[int], key: int, expected: list[list[int]], interlaced: bool
) -> None:
    row = np.array(samples).reshape(1, -1, 1)
    trns = chunk(b"tRNS", struct.pack(">H", key))
    source = source_of(make_png(row, depth, 0, trns, interlaced=interlaced))
    assert read_all(source).tolist() == [expected]
    assert source.info.shape == (1, len(samples), 1)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("depth", [8, 16])
def test_a_transparent_colour_becomes_alpha(depth: int, interlaced: bool) -> None:
    samples = random_samples(6, 5, 2, depth)
    trns = chunk(b"tRNS", struct.pack(">HHH", *samples[3, 2].tolist()))
    data = make_png(samples, depth, 2, trns, interlaced=interlaced)
    pixels = read_all(source_of(data))
    assert pixels[3, 2, 3] == 0
    np.testing.assert_array_equal(pixels, by_opencv(data))


# ---- Apple's variant --------------------------------------------------------------------------


def apple(pixels: Pixels, *, interlaced: bool = False) -> bytes:
    """Return RGB or RGBA as Xcode's pngcrush stores it: BGR, premultiplied, deflate alone."""
    H, W, C = pixels.shape
    colour, alpha = pixels[..., 2::-1].astype(int), pixels[..., 3:].astype(int)
    stored = (colour * alpha + 127) // 255 if C == 4 else colour
    lines = scanlines(np.concatenate((stored, alpha), axis=-1), 8, interlaced=interlaced)
    deflater = zlib.compressobj(wbits=-15)
    data = deflater.compress(lines) + deflater.flush()
    header = ihdr(W, H, 8, {3: 2, 4: 6}[C], 0, 0, int(interlaced))
    mark = chunk(b"CgBI", b"\x50\x00\x20\x02")
    return SIGNATURE + mark + header + chunk(b"IDAT", data) + chunk(b"IEND")


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("C", [3, 4])
def test_apples_variant_is_turned_back(C: int, interlaced: bool) -> None:
    pixels = np.random.default_rng(C).integers(0, 256, (11, 9, C)).astype(np.uint8)
    pixels[0, :, 3:] = 255
    source = source_of(apple(pixels, interlaced=interlaced))
    found = read_all(source)
    np.testing.assert_array_equal(found[0], pixels[0])
    error = np.abs(found.astype(int) - pixels)
    if C == 4:
        # premultiplied colours are rounded by up to half a level
        alpha = pixels[..., 3:].astype(int)
        np.testing.assert_array_equal(found[..., 3:], alpha)
        assert (2 * error[..., :3] * alpha <= 255 + alpha)[alpha[..., 0] > 0].all()
    else:
        assert not error.any()
    assert source.info.notes == ["is in Apple's variant of PNG; its colours were turned back"]


def test_apples_mark_on_an_ordinary_stream_changes_nothing() -> None:
    samples = random_samples(5, 4, 2, 8)
    data = make_png(samples, 8, 2)
    marked = data[:8] + chunk(b"CgBI", b"\x50\x00\x20\x02") + data[8:]
    source = source_of(marked)
    np.testing.assert_array_equal(read_all(source), samples)
    assert source.info.notes == []


def test_apples_variant_cut_short_is_refused() -> None:
    whole = apple(np.full((40, 30, 4), 77, np.uint8))
    for size in range(len(whole) - 13):
        with pytest.raises(ImageError, match=r"image x\.png is damaged"):
            read_all(source_of(whole[:size]))
