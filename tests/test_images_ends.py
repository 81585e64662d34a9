"""Where an image ends: every format that says so, whatever follows it."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from edgecli.images import magic
from edgecli.images.ends import is_animated, one_image
from tests.image_streams import Live, piped
from tests.pillow_files import SHOWN, encode, scene


def run_lengths(row: bytes, height: int) -> bytes:
    """Return a grey BMP of equal rows, a run of one pixel each: BI_RLE8, whose size is stated."""
    rows = (b"".join(bytes([1, value]) for value in row) + b"\0\0") * height + b"\0\1"
    colours = b"".join(bytes([value] * 3 + [0]) for value in range(256))
    fields = 40, len(row), height, 1, 8, 1, len(rows), 0, 0, 256, 0
    header = struct.pack("<IiiHHIIiiII", *fields) + colours
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + len(header)) + header + rows


MOVING = {"save_all": True, "append_images": SHOWN[1:]}
IMAGES = {
    "png": encode(scene(), "PNG"),
    "png-moving": encode(scene(), "PNG", **MOVING),
    "gif": encode(scene(), "GIF"),
    "gif-moving": encode(scene(), "GIF", **MOVING),
    "gif-comment": encode(scene(), "GIF", comment=b"x" * 999),
    "webp": encode(scene(), "WEBP"),
    "webp-odd": encode(scene(3, 5), "WEBP", lossless=True),
    "webp-moving": encode(scene(), "WEBP", **MOVING),
    **{f"bmp-{mode}": encode(scene().convert(mode), "BMP") for mode in ("1", "L", "P", "RGB")},
    "bmp-RGBA": encode(scene().convert("RGBA"), "BMP"),
    "bmp-runs": run_lengths(bytes(range(1, 30)), height=3),
    "bmp-os2": b"BM" + struct.pack("<IHHIIHHHH", 26 + 36, 0, 0, 26, 12, 3, 3, 1, 24) + bytes(36),
}


@pytest.mark.parametrize("kind", IMAGES)
@pytest.mark.parametrize("tail", [b"", b"tail", b"\0" * 99])
def test_an_image_is_taken_and_what_follows_it_stays(kind: str, tail: bytes) -> None:
    data = IMAGES[kind]
    pipe = piped(data + tail, step=13)
    assert one_image(pipe, data[:64]).read() == data
    assert pipe.read() == tail


@pytest.mark.parametrize("kind", IMAGES)
def test_no_byte_is_waited_for_that_is_not_the_images(kind: str) -> None:
    data = IMAGES[kind]
    assert one_image(piped(Live(data, 10**6)), data[:64]).read() == data


@pytest.mark.parametrize("kind", IMAGES)
def test_of_a_cut_image_everything_is_taken(kind: str) -> None:
    data = IMAGES[kind]
    for size in range(14, len(data), max(len(data) // 30, 1)):
        cut = piped(data[:size])
        assert one_image(cut, data[:size][:64]).read() == data[:size]
        assert cut.read() == b""


def test_the_rows_of_a_bmp_count_for_more_than_the_size_that_it_states() -> None:
    data = bytearray(IMAGES["bmp-RGB"])
    data[2:6] = bytes(4)
    pipe = piped(bytes(data) + b"tail")
    assert one_image(pipe, bytes(data[:64])).read() == data
    assert pipe.read() == b"tail"


def test_other_formats_have_the_stream_to_themselves() -> None:
    pipe = piped(encode(scene(), "TIFF"))
    assert one_image(pipe, b"II*\0") is pipe


@pytest.mark.parametrize(("kind", "moving"), [("png", False), ("png-moving", True)])
def test_an_animated_png_is_told_before_anything_is_taken(kind: str, moving: bool) -> None:
    for stream in (piped(IMAGES[kind]), io.BytesIO(IMAGES[kind])):
        assert is_animated(stream) is moving
        assert stream.read() == IMAGES[kind]
    assert not is_animated(io.BytesIO(magic.PNG))


def test_these_are_the_images_that_pillow_reads() -> None:
    for data in IMAGES.values():
        with Image.open(io.BytesIO(data)) as image:
            image.load()
