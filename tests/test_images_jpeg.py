"""JPEG: cut at every place, in streams, with more pictures behind, and in codings out of reach."""

from __future__ import annotations

import io
import re
import struct
from typing import BinaryIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.errors import ImageError
from tests.image_streams import images_in, piped
from tests.pillow_files import SHOWN, encode, rows_of, scene

KINDS = {
    "colour": encode(scene(), "JPEG"),
    "full-chroma": encode(scene(), "JPEG", subsampling=0, quality=95),
    "grey": encode(scene().convert("L"), "JPEG"),
    "flat": encode(Image.new("L", (43, 30), 77), "JPEG"),
    "optimised": encode(scene(), "JPEG", optimize=True),
    "progressive": encode(scene(), "JPEG", progressive=True),
    "grey-progressive": encode(scene().convert("L"), "JPEG", progressive=True),
    "restarts": encode(scene(), "JPEG", restart_marker_blocks=2),
    "cmyk": encode(scene().convert("CMYK"), "JPEG"),
}
NO_END = "lacks its end marker; every pixel is there"
FRAMES = [encode(image, "JPEG") for image in SHOWN]
WITH_EXIF = encode(scene(), "JPEG", exif=Image.Exif())
MPO = encode(SHOWN[0], "MPO", save_all=True, append_images=SHOWN[1:])


def read(stream: bytes | BinaryIO, *, all_frames: bool = False) -> list[NDArray[np.uint8]]:
    return [rows_of(source) for source in images_in(stream, all_frames=all_frames)]


def notes(stream: bytes | BinaryIO) -> list[list[str]]:
    sources = list(images_in(stream))  # JPEGs are decoded as they are opened
    return [source.info.notes for source in sources]


def decoded(data: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def without_height(data: bytes) -> bytes:
    """Tell the height of a JPEG behind its first scan, as T.81 B.2.5 lets devices do."""
    frame = re.search(rb"\xff[\xc0-\xc2]..\x08", data, re.DOTALL)
    assert frame
    at = frame.end()
    scan = data.index(b"\xff\xda") + 2
    behind = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]").search(data, scan)
    assert behind
    told = b"\xff\xdc\0\4" + data[at : at + 2]
    return data[:at] + b"\0\0" + data[at + 2 : behind.start()] + told + data[behind.start() :]


@pytest.mark.parametrize("kind", KINDS)
def test_a_height_may_stand_behind_the_first_scan(kind: str) -> None:
    (whole,) = read(KINDS[kind])
    late = without_height(KINDS[kind])
    for stream in (late, piped(late)):
        (found,) = read(stream)
        np.testing.assert_array_equal(found, whole)
    (source,) = images_in(late[:-2])
    assert source.info.notes == [NO_END]
    np.testing.assert_array_equal(rows_of(source), whole)


def test_a_height_that_is_nowhere_is_refused() -> None:
    late = without_height(KINDS["colour"])
    with pytest.raises(ImageError, match="does not decode"):
        read(late.replace(b"\xff\xdc", b"\xff\xfe"))


# --- without an end marker ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_jpeg_is_read_where_every_pixel_is_there_and_else_refused(kind: str) -> None:
    data = KINDS[kind]
    (whole,) = read(data)
    for missing in (1, 2):
        (source,) = images_in(data[:-missing])
        assert source.info.notes == [NO_END]
        np.testing.assert_array_equal(rows_of(source), whole)
    scan = data.index(b"\xff\xda")
    for size in (*range(scan, len(data) - 2), *range(30, scan, 50)):
        with pytest.raises(ImageError, match=r"^image x\.img (is cut short|does not decode)"):
            read(data[:size])


@pytest.mark.parametrize("kind", ["colour", "grey", "restarts", "optimised", "cmyk"])
@pytest.mark.parametrize("tail", [bytes(99), b"SEFT" * 20, bytes(range(256)) + b"\xff\xc4\xff\xe1"])
def test_something_else_may_stand_in_its_place(kind: str, tail: bytes) -> None:
    data = KINDS[kind]
    (source,) = images_in(data[:-2] + tail)
    assert source.info.notes == [NO_END]
    np.testing.assert_array_equal(rows_of(source), read(data)[0])


def test_a_scan_that_is_missing_as_a_whole_is_noticed() -> None:
    data = KINDS["progressive"]
    cut = data[: data.rindex(b"\xff\xc4")]  # before the tables of the last scan
    with pytest.raises(ImageError, match="is cut short"):
        read(cut)
    assert decoded(cut + b"\xff\xd9").shape == (30, 43, 3)  # for libjpeg that is an image


# --- streams --------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [5, 1000])
def test_frames_follow_each_other_in_files_and_pipes(step: int) -> None:
    for stream in (b"".join(FRAMES), piped(b"".join(FRAMES), step), piped(b"\n\0".join(FRAMES))):
        for found, frame in zip(read(stream), FRAMES, strict=True):
            np.testing.assert_array_equal(found, decoded(frame))


def test_frames_may_lack_their_end_markers() -> None:
    stream = b"".join(frame[:-2] for frame in FRAMES)
    assert notes(piped(stream)) == [[NO_END]] * 3
    for found, frame in zip(read(stream), FRAMES, strict=True):
        np.testing.assert_array_equal(found, decoded(frame))


def test_a_thumbnail_in_exif_is_no_frame() -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0\0\0" + KINDS["flat"]
    data = encode(scene(), "JPEG", exif=exif)
    for stream in (data, piped(data + FRAMES[1])):
        np.testing.assert_array_equal(read(stream)[0], decoded(data))


# --- photos, with what cameras put behind them ----------------------------------------------------


def test_the_pictures_of_an_index_are_a_part_of_the_photo() -> None:
    for stream in (MPO, piped(MPO)):
        assert notes(stream) == [[]]
    first, second = read(piped(MPO + FRAMES[1]))
    np.testing.assert_array_equal(first, decoded(MPO))
    np.testing.assert_array_equal(second, decoded(FRAMES[1]))


def test_all_frames_are_the_pictures_of_the_index_too() -> None:
    whole = read(MPO, all_frames=True)
    assert len(whole) == 3
    for found, expected in zip(read(piped(MPO), all_frames=True), whole, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert len(read(piped(MPO + FRAMES[1]), all_frames=True)) == 4


def test_an_index_that_an_editor_left_behind_takes_nothing() -> None:
    alone = MPO[: MPO.index(b"\xff\xd9") + 2]
    assert notes(alone) == [[]]
    assert len(read(piped(alone + FRAMES[1]))) == 2
    broken = alone.replace(b"MPF\0", b"MPF\0" + b"\xff" * 12)
    assert len(read(broken)) == 1


@pytest.mark.parametrize("tail", [b"\0\0\0\x18ftypmp42" + bytes(999), b"SEFH", bytes(99)])
def test_what_a_camera_puts_behind_a_photo_is_no_news(tail: bytes) -> None:
    assert notes(WITH_EXIF + tail) == [[]]
    assert notes(MPO + tail) == [[]]


def test_a_jpeg_behind_a_photo_is_another_image_in_a_pipe_alone() -> None:
    assert notes(piped(WITH_EXIF + FRAMES[1])) == [[], []]
    assert notes(WITH_EXIF + FRAMES[1]) == [
        [
            "is a photo with another JPEG behind it, which is left out; to read both, pipe them: "
            "cat x.img | edgecli detect -"
        ]
    ]


def test_what_follows_a_jpeg_but_is_none_is_left_out_with_a_note() -> None:
    for stream in (FRAMES[0] + b"junk", piped(FRAMES[0] + b"junk")):
        assert notes(stream) == [["is followed by 4 bytes that are no image; they are left out"]]


# --- codings out of reach -------------------------------------------------------------------------


def with_frame(marker: int, bits: int = 8) -> bytes:
    """A JPEG that says to be of another coding than it is."""
    data = bytearray(KINDS["colour"])
    at = data.index(b"\xff\xc0")
    data[at + 1], data[at + 4] = marker, bits
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (with_frame(0xC1, 12), r"has 12 bits per sample, .* djpeg x\.img > OUT\.pnm"),
        (with_frame(0xC3, 16), r"has 16 bits per sample"),
        (with_frame(0xC3), r"is coded without loss, .* ffmpeg -i x\.img OUT\.png"),
        (with_frame(0xC5), "is coded hierarchically"),
        (with_frame(0xCB), r"is coded arithmetically, .* jpegtran x\.img > OUT\.jpg"),
        (with_frame(0xF7, 12), r"is a JPEG-LS, .* ffmpeg -i x\.img OUT\.png"),
    ],
)
def test_the_reason_of_a_refusal_is_the_coding(data: bytes, said: str) -> None:
    with pytest.raises(ImageError, match=rf"^image x\.img {said}"):
        read(data)


def test_damage_in_an_ordinary_coding_is_no_matter_of_coding() -> None:
    data = KINDS["colour"].replace(b"\xff\xc4", b"\xff\xc4\0\0", 1)
    with pytest.raises(ImageError, match="does not decode"):
        read(data)


def test_broken_headers_end_in_one_line() -> None:
    data = KINDS["colour"]
    for at in range(2, data.index(b"\xff\xda") + 14):
        for value in (0, 1, 0xD9, 0xFF):
            bent = data[:at] + bytes([value]) + data[at + 1 :]
            try:
                read(bent)
            except ImageError as error:
                assert "\n" not in str(error)  # noqa: PT017 (both ends are right)


@pytest.mark.parametrize("order", "<>")
def test_an_index_may_be_of_either_byte_order_and_lie(order: str) -> None:
    magic = b"II*\0" if order == "<" else b"MM\0*"
    tag = struct.pack(f"{order}HHII", 0xB002, 7, 32, 26)
    base = 2 + 4 + 4  # the start of the JPEG, of the segment and of the index
    true = 2 + 4 + 4 + 58 + len(FRAMES[0]) - 2 - base
    for place, images in ((true, 2), (true + 1, 3), (2**32 - 1, 3), (9, 3), (0, 3)):
        entries = struct.pack(f"{order}8I", 0, 9, 0, 0, 0, 2**32 - 1, place, 0)
        index = b"MPF\0" + magic + struct.pack(f"{order}IH", 8, 1) + tag + bytes(4) + entries
        photo = b"\xff\xd8\xff\xe2" + (len(index) + 2).to_bytes(2) + index + FRAMES[0][2:]
        assert len(read(piped(photo + FRAMES[1] + FRAMES[2]))) == images


def test_a_jpeg_whose_header_is_broken_is_not_taken_for_another_format() -> None:
    data = encode(scene(), "JPEG")
    at = data.index(b"\xff\xc0") + 5
    with pytest.raises(ImageError, match=r"does not decode \(its header makes no sense\)"):
        read(data[:at] + bytes(2) + data[at + 2 :])  # a height of 0
