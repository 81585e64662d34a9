"""Damaged PNGs: one clear line, or every pixel; never another exception, never wrong pixels."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from typing import Any, BinaryIO, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from edgecli.errors import ImageError
from edgecli.images.png import PngSource, open_png

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def ihdr(width: int, height: int, depth: int = 8, colour: int = 0, *methods: int) -> bytes:
    return chunk(
        b"IHDR", struct.pack(">IIBB", width, height, depth, colour) + bytes(methods or (0, 0, 0))
    )


# 4 × 3 pixels of RGB: four lines of a filter's number and nine bytes, which may be any
LINES = b"".join(bytes([kind, *range(kind, 10 * kind, kind)]) for kind in (1, 2, 3, 4))
HEADER = SIGNATURE + ihdr(3, 4, 8, 2)
DATA = zlib.compress(LINES)
IDAT = chunk(b"IDAT", DATA)
END = chunk(b"IEND")


def with_data(data: bytes) -> bytes:
    return HEADER + chunk(b"IDAT", data) + END


def last_bit_flipped(part: bytes) -> bytes:
    return part[:-1] + bytes([part[-1] ^ 1])


def source_of(data: bytes) -> PngSource:
    return open_png(io.BytesIO(data), "x.png", max_pixels=2**31)


def read_all(data: bytes) -> NDArray[Any]:
    return np.concatenate(list(source_of(data).blocks([(0, 2), (2, 4)])))


PIXELS = read_all(HEADER + IDAT + END)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "is not a PNG"),
        (b"GIF89a" + bytes(40), "is not a PNG"),
        (SIGNATURE, "ends inside its header"),
        (SIGNATURE + chunk(b"IDAT", bytes(13)), "first chunk is not an IHDR"),
        (SIGNATURE + chunk(b"IHDR", bytes(14)), "first chunk is not an IHDR of 13 bytes"),
        (SIGNATURE + last_bit_flipped(ihdr(3, 4)), "checksum of its IHDR"),
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
        (HEADER + ihdr(3, 4) + IDAT, "unexpected IHDR"),
        (HEADER + chunk(b"CgBI", b"1234") + IDAT, "unexpected CgBI"),
        (HEADER + last_bit_flipped(chunk(b"tEXt", b"a")) + IDAT, "tEXt chunk does not match"),
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
        read_all(data)
    assert rule in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        HEADER + IDAT,
        (HEADER + IDAT + END)[:-3],
        HEADER + IDAT + END + b"anything at all",
        HEADER + chunk(b"tEXt", b"a\0b") + chunk(b"fooB") + IDAT,
        HEADER + chunk(b"PLTE", bytes(6)) + IDAT,
        HEADER + IDAT + chunk(b"tIME", bytes(7)) + END,
        HEADER + IDAT + chunk(b"IDAT", b"more") + END,
        with_data(DATA + b"more"),
        with_data(zlib.compress(LINES + b"more")),
    ],
    ids=[
        "no IEND",
        "cut in IEND",
        "data after IEND",
        "unknown ancillary",
        "suggested palette",
        "chunk after IDAT",
        "IDAT after the stream",
        "data after the stream",
        "stream too long",
    ],
)
def test_what_loses_no_pixel_is_forgiven(data: bytes) -> None:
    np.testing.assert_array_equal(read_all(data), PIXELS)


def try_to_read(data: bytes) -> NDArray[Any] | None:
    try:
        return read_all(data)
    except ImageError:
        return None


EXIF = b"II*\0" + struct.pack("<IHHHIHH", 8, 1, 0x0112, 3, 1, 6, 0)
EXTRAS = chunk(b"eXIf", EXIF) + chunk(b"pHYs", bytes(9)) + chunk(b"tRNS", bytes(6))
VICTIM = HEADER + EXTRAS + IDAT + END


def test_cut_at_every_byte() -> None:
    whole = read_all(VICTIM)
    last_needed = VICTIM.index(b"IEND") - 4
    for size in range(len(VICTIM)):
        pixels = try_to_read(VICTIM[:size])
        assert (pixels is not None) == (size >= last_needed)
        assert pixels is None or np.array_equal(pixels, whole)


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80, 0xFF])
def test_every_byte_flipped(flip: int) -> None:
    whole = read_all(VICTIM)
    end = VICTIM.index(b"IEND") - 4
    for place in range(len(VICTIM)):
        flipped = VICTIM[:place] + bytes([VICTIM[place] ^ flip]) + VICTIM[place + 1 :]
        pixels = try_to_read(flipped)
        assert pixels is None or (place >= end and np.array_equal(pixels, whole))


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
