"""Damaged PNGs: one clear line, or every pixel; never another exception, never wrong pixels."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from collections import deque
from typing import Any, BinaryIO, cast

import numpy as np
import pytest

from edgecli.errors import ImageError
from edgecli.images.png.reading import open_png
from tests.png_files import (
    SIGNATURE,
    Pixels,
    chunk,
    ihdr,
    last_bit_flipped,
    make_png,
    read_all,
    source_of,
)

# 4 × 3 pixels of RGB: four lines of a filter's number and nine bytes, which may be any
LINES = b"".join(bytes([kind, *range(kind, 10 * kind, kind)]) for kind in (1, 2, 3, 4))
HEADER = SIGNATURE + ihdr(3, 4, 8, 2)
DATA = zlib.compress(LINES)
IDAT = chunk(b"IDAT", DATA)
END = chunk(b"IEND")


def with_data(data: bytes) -> bytes:
    return HEADER + chunk(b"IDAT", data) + END


def decoded(data: bytes) -> Pixels:
    return np.concatenate(list(source_of(data).blocks([(0, 2), (2, 4)])))


EXIF = b"II*\0" + struct.pack("<IHHHIHH", 8, 1, 0x0112, 3, 1, 6, 0)
PIXELS = decoded(HEADER + IDAT + END)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "does not start with the PNG signature"),
        (b"GIF89a" + bytes(40), "does not start with the PNG signature"),
        (SIGNATURE, "first chunk is not an IHDR"),
        ((SIGNATURE + ihdr(3, 4))[:32], "ends inside its IHDR chunk"),
        (SIGNATURE + chunk(b"IDAT", bytes(13)), "first chunk is not an IHDR"),
        (SIGNATURE + chunk(b"IHDR", bytes(14)), "first chunk is not an IHDR of 13 bytes"),
        (SIGNATURE + last_bit_flipped(ihdr(3, 4)), "IHDR chunk does not match its checksum"),
        (SIGNATURE + ihdr(0, 4), "4 × 0 is no size"),
        (SIGNATURE + ihdr(3, 0), "0 × 3 is no size"),
        (SIGNATURE + ihdr(2**31, 1), "no size"),
        (SIGNATURE + ihdr(3, 4, 3, 0), "colour type 0 with 3 bits"),
        (SIGNATURE + ihdr(3, 4, 4, 2), "colour type 2 with 4 bits"),
        (SIGNATURE + ihdr(3, 4, 16, 3), "colour type 3 with 16 bits"),
        (SIGNATURE + ihdr(3, 4, 8, 5), "colour type 5"),
        (SIGNATURE + ihdr(3, 4, 8, 0, 1, 0, 0), "coding methods 1, 0, 0"),
        (SIGNATURE + ihdr(3, 4, 8, 0, 0, 64, 0), "coding methods 0, 64, 0"),
        (SIGNATURE + ihdr(3, 4, 8, 0, 0, 0, 2), "coding methods 0, 0, 2"),
        (HEADER, "ends before its pixels"),
        (HEADER + END, "ends before its pixels"),
        (HEADER + ihdr(3, 4) + IDAT, "second IHDR"),
        (HEADER + 2 * chunk(b"PLTE", bytes(3)) + IDAT, "second PLTE"),
        (HEADER + last_bit_flipped(chunk(b"PLTE", bytes(3))) + IDAT, "PLTE chunk does not match"),
        (HEADER + chunk(b"JDAT") + IDAT, "save it as plain PNG"),
        (HEADER + chunk(b"pHYs", bytes(9))[:-2], "ends inside its pHYs chunk"),
        (HEADER + chunk(b"a\0b!") + IDAT, "where a chunk should start"),
        (HEADER + b"\xff\xff\xff\xfftEXt", "where a chunk should start"),
        (HEADER + last_bit_flipped(IDAT), "IDAT chunk does not match"),
        (HEADER + chunk(b"IDAT"), "ends inside its pixels"),
        (with_data(DATA[:-1]), "ends inside its pixels"),
        (with_data(DATA[: len(DATA) // 2]), "ends inside its pixels"),
        (
            HEADER + chunk(b"IDAT", DATA[:9]) + chunk(b"tEXt") + chunk(b"IDAT", DATA[9:]),
            "ends inside its pixels",
        ),
        (with_data(zlib.compress(LINES[:-1])), "fewer rows"),
        (with_data(zlib.compress(b"")), "fewer rows"),
        (with_data(b"\x00" + DATA[1:]), "incorrect header check"),
        (with_data(DATA[:2] + b"\xff" * 9), "invalid block type"),
        (with_data(last_bit_flipped(DATA)), "incorrect data check"),
        (with_data(zlib.compress(b"\x05" + LINES[1:])), "row filter 5"),
        (with_data(zlib.compress(LINES[:-10] + b"\xff" + LINES[-9:])), "row filter 255"),
    ],
)
def test_damage_is_named(data: bytes, rule: str) -> None:
    with pytest.raises(ImageError) as caught:
        decoded(data)
    assert rule in str(caught.value)
    assert "\n" not in str(caught.value)


TAIL = ["is cut short or damaged after its pixels, which are all there"]


@pytest.mark.parametrize(
    ("data", "notes"),
    [
        (HEADER + IDAT + END + b"anything at all", []),
        (HEADER + chunk(b"tEXt", b"a\0b") + chunk(b"fooB") + IDAT + END, []),
        (HEADER + chunk(b"PLTE", bytes(6)) + IDAT + END, []),
        (HEADER + IDAT + chunk(b"tIME", bytes(7)) + END, []),
        (HEADER + IDAT + chunk(b"IDAT", b"more") + END, []),
        (HEADER + IDAT + chunk(b"tEXt") + chunk(b"IDAT", b"more") + END, []),
        (HEADER + IDAT + chunk(b"IEND", b"more"), []),
        (with_data(DATA + b"more"), []),
        (with_data(zlib.compress(LINES + b"more")), []),
        (HEADER + IDAT, TAIL),
        ((HEADER + IDAT + END)[:-3], TAIL),
        (HEADER + IDAT + chunk(b"tIME", bytes(7)), TAIL),
        (HEADER + IDAT + chunk(b"tIME", bytes(7))[:-5], TAIL),
        (HEADER + IDAT + b"no chunk at all", TAIL),
        (HEADER + IDAT + chunk(b"PLTE", bytes(3))[:-1] + b"x" + END, TAIL),
        (HEADER + IDAT + END[:-1] + b"x", TAIL),
        (
            HEADER + last_bit_flipped(chunk(b"tEXt", b"a")) + IDAT + END,
            ["has a wrong checksum in its tEXt chunk, which is ignored"],
        ),
        (
            HEADER + IDAT + 2 * last_bit_flipped(chunk(b"tIME", bytes(7))) + END,
            2 * ["has a wrong checksum in its tIME chunk, which is ignored"],
        ),
        (
            HEADER + IDAT + chunk(b"eXIf", EXIF) + END,
            ["has its orientation after its pixels; it is read as stored"],
        ),
        (HEADER + chunk(b"eXIf", EXIF) + IDAT + chunk(b"eXIf", EXIF) + END, []),  # as of libvips
    ],
)
def test_what_loses_no_pixel_is_forgiven(data: bytes, notes: list[str]) -> None:
    source = source_of(data)
    np.testing.assert_array_equal(read_all(source), PIXELS)
    assert source.info.notes == notes


@pytest.mark.parametrize("interlaced", [False, True])
def test_a_wrong_checksum_of_pixels_is_an_error_interlaced_or_not(interlaced: bool) -> None:
    whole = make_png(np.arange(30).reshape(5, 6, 1), 8, 0, interlaced=interlaced)
    at = whole.index(b"IEND") - 5
    for data in (whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], whole[: at - 4]):
        with pytest.raises(ImageError, match="its IDAT chunk"):
            read_all(source_of(data))


@pytest.mark.parametrize("kind", [b"tRNS", b"pHYs", b"eXIf"])
def test_what_a_broken_chunk_says_is_not_believed(kind: bytes) -> None:
    said = {b"tRNS": bytes(6), b"pHYs": b"\0\0\1\0\0\0\1\0\1", b"eXIf": EXIF}[kind]
    broken = source_of(HEADER + last_bit_flipped(chunk(kind, said)) + IDAT + END)
    assert (broken.shape[2], broken.info.dpi, broken.info.orientation) == (3, None, 1)
    ignored = f"has a wrong checksum in its {kind.decode()} chunk, which is ignored"
    assert broken.info.notes == [ignored]
    sound = source_of(HEADER + chunk(kind, said) + IDAT + END)
    assert (sound.shape[2], sound.info.dpi, sound.info.orientation) != (3, None, 1)


# ---- the place where the file stands afterwards -----------------------------------------------


@pytest.mark.parametrize("rows", [0, 1, 4])
def test_the_file_is_left_right_behind_the_end(rows: int) -> None:
    file = io.BytesIO(HEADER + IDAT + chunk(b"tIME", bytes(7)) + END + b"the next image")
    source = open_png(file, "x.png", max_pixels=100)
    blocks = source.blocks([(0, rows)] if rows else [])
    deque(blocks, maxlen=0)
    source.skip_rest()
    assert file.read() == b"the next image"


def test_no_byte_is_taken_behind_the_last_chunk() -> None:
    file = io.BytesIO(2 * (HEADER + IDAT + END))
    for _ in range(2):
        source = open_png(file, "x.png", max_pixels=100)
        np.testing.assert_array_equal(read_all(source), PIXELS)
    assert file.read() == b""


def try_to_read(data: bytes) -> Pixels | None:
    try:
        return decoded(data)
    except ImageError:
        return None


EXTRAS = chunk(b"eXIf", EXIF) + chunk(b"pHYs", bytes(9)) + chunk(b"tRNS", bytes(6))
VICTIM = HEADER + EXTRAS + IDAT + END


def test_cut_at_every_byte() -> None:
    whole = decoded(VICTIM)
    last_needed = VICTIM.index(b"IEND") - 4
    for size in range(len(VICTIM)):
        pixels = try_to_read(VICTIM[:size])
        assert (pixels is not None) == (size >= last_needed)
        assert pixels is None or np.array_equal(pixels, whole)


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80, 0xFF])
def test_every_byte_flipped(flip: int) -> None:
    whole = decoded(VICTIM)
    first, pixels_at, end = (VICTIM.index(kind) - 4 for kind in (b"eXIf", b"IDAT", b"IEND"))
    for place in range(len(VICTIM)):
        flipped = VICTIM[:place] + bytes([VICTIM[place] ^ flip]) + VICTIM[place + 1 :]
        pixels = try_to_read(flipped)
        if pixels is None:
            assert place < end
        else:  # what is lost is at most the transparent colour
            assert first <= place < pixels_at or place >= end
            np.testing.assert_array_equal(pixels[..., :3], whole[..., :3])


def test_a_failing_disk_is_named() -> None:
    class Disk(io.RawIOBase):
        def readinto(self, _: Any) -> int:
            raise OSError(5, "Input/output error")

    with pytest.raises(ImageError, match=r"image x\.png cannot be read: Input/output error"):
        open_png(cast(BinaryIO, Disk()), "x.png", max_pixels=2**31)


def test_a_long_chunk_that_is_not_needed_is_not_held() -> None:
    file = io.BytesIO(HEADER + chunk(b"eXIf", EXIF + bytes(2**24)) + IDAT)
    tracemalloc.start()
    source = open_png(file, "x.png", max_pixels=2**31)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert source.info.orientation == 1
    assert peak < 2**20
