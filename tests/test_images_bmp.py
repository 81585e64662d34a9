"""BMP whose header parts the bits of a pixel by masks."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edgecli.errors import ImageError
from tests.pillow_files import Pixels, encode, read, rows_of, sources_of

HEIGHT, WIDTH = 5, 7
Masks = tuple[int, int, int, int]
BGRA: Masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
UNUSED = ["has an alpha of zero everywhere, and is taken for opaque"]


def stored(bits: int) -> Pixels:
    generator = np.random.default_rng(bits)
    return generator.integers(0, 1 << bits, (HEIGHT, WIDTH)).astype(f"<u{bits // 8}")


def bmp(
    pixels: Pixels, masks: Masks, size: int = 124, *, height: int | None = None, kind: int = 3
) -> bytes:
    """Return a file with a header of ``size`` bytes, after which short ones have the masks."""
    rows = [row.tobytes() + bytes(-row.nbytes % 4) for row in pixels[::-1]]
    bits, resolution = 8 * pixels.itemsize, 3937
    told = (size, WIDTH, HEIGHT if height is None else height, 1, bits, kind, 0, resolution, 3937)
    header = struct.pack("<IiiHHIIiiII", *told, 0, 0)
    packed = struct.pack("<4I", *masks)[: 16 if kind == 6 or size >= 56 else 12]
    header = (header + packed).ljust(size, b"\0")
    return b"BM" + struct.pack("<I4xI", 0, 14 + len(header)) + header + b"".join(rows)


def parted(pixels: Pixels, masks: Masks, white: int = 255) -> Pixels:
    """Return the colours that masks take from pixels, one by one."""
    channels = [mask for mask in masks if mask]
    rows = np.empty((*pixels.shape, len(channels)), np.uint8 if white == 255 else np.uint16)
    for place in np.ndindex(rows.shape):
        mask = channels[place[-1]]
        unit = mask & -mask
        part = (int(pixels[place[:-1]]) & mask) // unit
        rows[place] = (2 * part * white + mask // unit) // (2 * (mask // unit))  # to nearest
    return rows


@pytest.mark.parametrize("size", [40, 52, 56, 108, 124])
@pytest.mark.parametrize(
    ("bits", "masks"),
    [
        (16, (0xF800, 0x07E0, 0x001F, 0)),
        (16, (0x7C00, 0x03E0, 0x001F, 0)),
        (16, (0x0F00, 0x00F0, 0x000F, 0)),
        (32, (0x00FF, 0xFF00, 0xFF0000, 0)),
        (32, (0x3F, 0x1FC0, 0x1FE000, 0)),
    ],
)
def test_masks_stand_in_every_header(bits: int, masks: Masks, size: int) -> None:
    pixels = stored(bits)
    source = read(bmp(pixels, masks, size))
    np.testing.assert_array_equal(rows_of(source), parted(pixels, masks), strict=True)
    assert source.info.dpi == pytest.approx((100, 100), abs=0.01)


@pytest.mark.parametrize(
    ("bits", "masks"),
    [
        (16, (0x7C00, 0x03E0, 0x001F, 0x8000)),
        (16, (0x0F00, 0x00F0, 0x000F, 0xF000)),
        (32, BGRA),
        (32, (0xFF00, 0xFF0000, 0xFF000000, 0xFF)),
    ],
)
def test_alpha_is_kept(bits: int, masks: Masks) -> None:
    pixels = stored(bits)
    for data in (bmp(pixels, masks, 56), bmp(pixels, masks), bmp(pixels, masks, 40, kind=6)):
        assert (rows_of(read(data)) == parted(pixels, masks)).all()


def test_a_short_header_has_no_mask_of_alpha() -> None:
    pixels = stored(32)
    assert (rows_of(read(bmp(pixels, BGRA, 40))) == parted(pixels, BGRA)[..., :3]).all()


@given(st.permutations([5, 6, 9, 10]), st.booleans())
def test_more_than_eight_bits_are_never_cut(widths: list[int], with_alpha: bool) -> None:
    starts = np.cumsum([0, *widths[:-1]])
    red, green, blue, alpha = (
        (1 << width) - 1 << int(start) for width, start in zip(widths, starts, strict=True)
    )
    masks = (red, green, blue, alpha if with_alpha else 0)
    white = 65535 if max(widths if with_alpha else widths[:3]) > 8 else 255
    pixels = stored(32)
    found = rows_of(read(bmp(pixels, masks)))
    np.testing.assert_array_equal(found, parted(pixels, masks, white), strict=True)


def test_the_first_row_may_come_first() -> None:
    pixels, masks = stored(16), (0xF800, 0x07E0, 0x001F, 0)
    assert (rows_of(read(bmp(pixels[::-1], masks, height=-HEIGHT))) == parted(pixels, masks)).all()


def test_opencv_writes_and_reads_the_same() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (9, 5, 4)).astype(np.uint8)
    _, data = cv2.imencode(".bmp", picture)
    assert (rows_of(read(data.tobytes())) == picture[..., [2, 1, 0, 3]]).all()


def test_an_alpha_of_zero_everywhere_is_unused() -> None:
    pixels = stored(32) & 0xFFFFFF
    source = read(bmp(pixels, BGRA))
    assert source.shape == (HEIGHT, WIDTH, 3)
    assert (rows_of(source) == parted(pixels, (*BGRA[:3], 0))).all()
    assert source.info.notes == UNUSED
    pixels[2, 3] |= 0x01000000
    assert read(bmp(pixels, BGRA)).shape == (HEIGHT, WIDTH, 4)


@pytest.mark.parametrize("masks", [(0xF0F0, 0x0F00, 0xF, 0), (0, 0xFF00, 0xFF, 0)])
def test_masks_that_part_nothing_are_refused(masks: Masks) -> None:
    with pytest.raises(ImageError, match="which do not part 16 bits into colours of up to 16"):
        read(bmp(stored(16), masks))


def test_any_cut_of_the_pixels_is_told() -> None:
    data = bmp(stored(32), BGRA)
    for size in (14 + 124, len(data) - 1):
        with pytest.raises(ImageError, match="of its 5 rows; get the file whole again"):
            read(data[:size])


def test_the_limit_holds() -> None:
    data = bmp(stored(32), BGRA)
    with pytest.raises(ImageError, match="has 35 pixels, more than the limit 34"):
        next(sources_of(data, max_pixels=34))


# ---- what Pillow reads ------------------------------------------------------------------------


@pytest.mark.parametrize(("bits", "count"), [(1, 2), (4, 2), (4, 16), (8, 2), (8, 16), (8, 256)])
def test_grey_palettes_are_read_with_the_bits_that_the_header_says(bits: int, count: int) -> None:
    indexes = np.random.default_rng(0).integers(0, count, (HEIGHT, WIDTH)).astype(np.uint8)
    greys = [0, 255] if count == 2 else list(range(count))
    unpacked = np.unpackbits(indexes[..., np.newaxis], axis=2)[..., 8 - bits :]
    rows = np.packbits(unpacked.reshape(HEIGHT, -1), axis=1)
    palette = b"".join(bytes([grey, grey, grey, 0]) for grey in greys)
    data = b"".join(row.tobytes().ljust(-(-WIDTH * bits // 32) * 4, b"\0") for row in rows[::-1])
    header = struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, bits, 0, 0, 0, 0, count, 0)
    start = b"BM" + struct.pack("<I4xI", 0, 54 + len(palette))
    found = rows_of(read(start + header + palette + data))
    assert (found == np.array(greys, np.uint8)[indexes][..., np.newaxis]).all()


def test_without_masks_a_fourth_byte_means_nothing() -> None:
    rgba = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 5, 4)).astype(np.uint8))
    data = bytearray(encode(rgba, "BMP"))
    data[30:34] = bytes(4)  # no compression, and so no masks
    assert read(bytes(data)).shape == (9, 5, 3)
