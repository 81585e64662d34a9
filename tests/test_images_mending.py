"""What Pillow takes otherwise than specifications and other programs: XBM, PCX, TGA, icons."""

from __future__ import annotations

import io
import struct
from typing import BinaryIO, cast

import numpy as np
import pytest
from PIL import Image

from edgecli.errors import ImageError
from edgecli.images.readers import HEAD, Opened, read_images
from tests.pillow_files import SINCE_13, Pipe, Pixels, encode, read, rows_of, scene

UNUSED = ["has an alpha of zero everywhere, and is taken for opaque"]
INK = np.random.default_rng(0).integers(0, 2, (4, 13)).astype(bool)
BLACK, WHITE, RED, BLUE = bytes(3), b"\xff\xff\xff", b"\xff\0\0", b"\0\0\xff"


@SINCE_13
def test_ink_of_an_xbm_is_black() -> None:
    bits = np.packbits(INK, axis=1, bitorder="little")
    numbers = ", ".join(f"0x{byte:02x}" for byte in bits.ravel())
    for start in ("", "/* drawn\n by hand */\n"):
        size = "#define a_width 13\n#define a_height 4\n"
        text = f"{start}{size}static char a_bits[] = {{\n{numbers}}};"
        assert (rows_of(read(text.encode()))[..., 0] == np.where(INK, 0, 255)).all()


def pcx(colours: bytes) -> bytes:
    """Return a bitmap of INK whose header has a palette; each byte is a run of its own."""
    header = struct.pack("<BBBBHHHHHH", 10, 5, 1, 1, 0, 0, 12, 3, 72, 72)
    header += colours.ljust(48, b"\0") + bytes([0, 1]) + struct.pack("<HH", 2, 1) + bytes(58)
    packed = np.packbits(INK, axis=1).tobytes()
    return header + b"".join(bytes([0xC1, byte]) for byte in packed)


@pytest.mark.parametrize(
    ("colours", "zero", "one"),
    [
        (b"", BLACK, WHITE),
        (BLACK + WHITE, BLACK, WHITE),
        (WHITE + WHITE, BLACK, WHITE),
        (WHITE + BLACK, WHITE, BLACK),
        (RED + BLUE, RED, BLUE),
    ],
)
def test_a_bitmap_of_pcx_has_the_colours_of_its_palette_if_they_differ(
    colours: bytes, zero: bytes, one: bytes
) -> None:
    source = read(pcx(colours))
    assert (rows_of(source) == np.where(INK[..., np.newaxis], [*one], [*zero])).all()
    assert source.info.dtype == "bool"


@pytest.mark.parametrize("cut", [0, 1, 400])
def test_a_pcx_whose_palette_was_cut_off_is_told(cut: int) -> None:
    whole = encode(scene(32, 32).convert("P"), "PCX")
    source = read(whole[: len(whole) - cut])
    told = ["lacks the palette at its end; its numbers are taken for greys"]
    assert source.info.notes == (told if cut else [])
    assert source.shape[2] == (1 if cut else 3)


# ---- TGA --------------------------------------------------------------------------------------


def tga(pixels: Pixels, kind: int, *, alpha: int = 0, origin: int = 0x20, colours: Pixels) -> bytes:
    """Return a file of pixels ``(H, W, bytes)``; ``colours`` ``(n, bytes)`` are its map, if any."""
    height, width, size = pixels.shape
    count, depth = (len(colours), 8 * colours.shape[1]) if colours.size else (0, 0)
    header = struct.pack("<BBBHHB4x", 0, bool(count), kind, 0, count, depth)
    header += struct.pack("<HHBB", width, height, 8 * size, origin | alpha)
    turned = pixels[:: 1 if origin & 0x20 else -1, :: -1 if origin & 0x10 else 1]
    return header + colours.tobytes() + turned.tobytes()


NO_MAP = np.empty((0, 0), np.uint8)
ORIGINS = pytest.mark.parametrize("origin", [0, 0x10, 0x20, 0x30])


def drawn(size: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (5, 7, size)).astype(np.uint8)


def five_bits(pixels: Pixels) -> Pixels:
    """Return the RGB of pixels of 16 bits, as Pillow spreads 5 bits."""
    (numbers,) = np.moveaxis(pixels.copy().view("<u2"), 2, 0)
    return np.stack([(numbers >> shift & 31) * 255 // 31 for shift in (10, 5, 0)], 2)


@ORIGINS
def test_every_corner_may_come_first(origin: int) -> None:
    for size, order, kind in ((1, [0], 3), (2, [0, 1], 3), (3, [2, 1, 0], 2), (4, [2, 1, 0, 3], 2)):
        data = tga(drawn(size), kind, origin=origin, colours=NO_MAP)
        assert (rows_of(read(data)) == drawn(size)[..., order]).all()


@ORIGINS
def test_the_odd_bit_of_16_is_alpha_where_the_header_says_so(origin: int) -> None:
    pixels = drawn(2)
    plain = rows_of(read(tga(pixels, 2, origin=origin, colours=NO_MAP)))
    assert (plain == five_bits(pixels)).all()
    rgba = rows_of(read(tga(pixels, 2, alpha=1, origin=origin, colours=NO_MAP)))
    assert (rgba[..., :3] == plain).all()
    assert (rgba[..., 3] == np.where(pixels[..., 1] & 0x80, 255, 0)).all()


@pytest.mark.parametrize("size", [2, 3, pytest.param(4, marks=SINCE_13)])
def test_maps_have_colours_of_two_three_or_four_bytes(size: int) -> None:
    colours = np.random.default_rng(1).integers(0, 256, (16, size)).astype(np.uint8)
    indexes = drawn(1) % 16
    data = tga(indexes, 1, colours=colours)
    looked_up = colours[indexes[..., 0]]
    expected = five_bits(looked_up) if size == 2 else looked_up[..., [2, 1, 0, 3][:size]]
    assert (rows_of(read(data)) == expected).all()


@pytest.mark.parametrize("alpha", [0, 8])
def test_an_alpha_of_zero_everywhere_is_unused(alpha: int) -> None:
    pixels = drawn(4)
    pixels[..., 3] = 0
    source = read(tga(pixels, 2, alpha=alpha, colours=NO_MAP))
    assert (rows_of(source) == pixels[..., [2, 1, 0]]).all()
    assert source.info.notes == UNUSED
    pixels[4, 6, 3] = 1
    assert read(tga(pixels, 2, alpha=alpha, colours=NO_MAP)).shape == (5, 7, 4)


@pytest.mark.parametrize("compression", [None, "tga_rle"])
@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA"])
def test_a_pipe_is_known_for_a_tga_by_its_header(mode: str, compression: str | None) -> None:
    data = encode(scene().convert(mode), "TGA", compression=compression)
    pipe = cast(BinaryIO, io.BufferedReader(Pipe(data)))
    (source,) = read_images(Opened(data[:HEAD], pipe, "-", 10**6))
    assert (rows_of(source) == rows_of(read(data))).all()


def test_a_comment_comes_before_the_pixels() -> None:
    for comment in (b"painted by me", b"ten bytes!"):
        data = bytearray(tga(drawn(3), 2, origin=0, colours=NO_MAP))
        data[0], data[18:18] = len(comment), comment
        assert (rows_of(read(bytes(data))) == drawn(3)[..., ::-1]).all()


def test_a_tga_of_15_bits_is_refused_as_one() -> None:
    data = bytearray(tga(drawn(2), 2, colours=NO_MAP))
    data[16] = 15
    with pytest.raises(ImageError) as caught:
        read(bytes(data))
    assert str(caught.value) == (
        "image x is of a kind that is not read here (unknown TGA mode); save it as PNG where it "
        "is shown"
    )


# ---- icons ------------------------------------------------------------------------------------


def test_of_an_icon_the_largest_picture_is_taken_and_told() -> None:
    data = encode(scene(64, 64), "ICO", sizes=[(16, 16), (48, 48), (32, 32)])
    source = read(data)
    assert source.shape[:2] == (48, 48)
    assert source.info.notes == ["has pictures of 3 sizes, of which 48×48 is taken"]


def test_one_picture_needs_no_word() -> None:
    assert read(encode(scene(32, 32), "ICO", sizes=[(32, 32)])).info.notes == []


def test_an_icon_whose_alpha_is_unused_is_opaque() -> None:
    picture = Image.fromarray(np.dstack([np.asarray(scene(32, 32)), np.zeros((32, 32), np.uint8)]))
    source = read(encode(picture, "ICO", sizes=[(32, 32)], bitmap_format="bmp"))
    assert (rows_of(source) == np.asarray(scene(32, 32))).all()
    assert source.info.notes == UNUSED
