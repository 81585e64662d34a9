"""Streams of images of several formats, in files and pipes, one at a time."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgecli.errors import ImageError
from edgecli.images.files import has_more_now
from edgecli.rows.base import ImageInfo, Source
from tests.conftest import Run
from tests.image_streams import Live, images_in, piped
from tests.pillow_files import SHOWN, encode, rows_of

FORMATS = ("PPM", "PNG", "JPEG", "BMP", "GIF", "WEBP")
FRAMES = {format_: [encode(image, format_) for image in SHOWN] for format_ in FORMATS}
FRAMES |= {"palette PNG": [encode(image.convert("P"), "PNG") for image in SHOWN]}
FRAMES |= {"plain PPM": [b"P3 1 1 255 1 2 3\n", b"P1 1 1 1 ", b"P2 2 1 255 1 2\n#\n"]}
PFM = ((b"Pf", 60), (b"PF", 180), (b"Pf", 60))  # of 5 by 3 pixels
FRAMES |= {"PFM": [b"%s\n5 3\n-1\n" % kind + bytes(size) for kind, size in PFM]}
MIXED = [FRAMES[format_][number % 3] for number, format_ in enumerate((*FRAMES, *FRAMES))]


def alone(data: bytes) -> tuple[ImageInfo, bytes]:
    source = next(images_in(data))
    return source.info, rows_of(source).tobytes()


def check_all(sources: Iterable[Source], frames: list[bytes]) -> None:
    for number, (source, data) in enumerate(zip(sources, frames, strict=True)):
        info, pixels = alone(data)
        assert rows_of(source).tobytes() == pixels
        assert (source.info.path, source.info.frame) == ("x.img", number)
        assert (source.info.format, source.info.shape) == (info.format, info.shape)
        assert source.info.notes == []


@pytest.mark.parametrize("format_", FRAMES)
@pytest.mark.parametrize("all_frames", [False, True])
def test_a_pipe_gives_all_images_of_any_format(format_: str, all_frames: bool) -> None:
    for between in (b"", b"\n", b"\0" * 70):
        pipe = piped(between.join(FRAMES[format_]), step=61)
        check_all(images_in(pipe, all_frames=all_frames), FRAMES[format_])


def test_formats_may_change_from_image_to_image() -> None:
    check_all(images_in(piped(b"".join(MIXED))), MIXED)


@pytest.mark.parametrize("format_", FRAMES)
@pytest.mark.parametrize("all_frames", [False, True])
def test_a_file_gives_what_a_pipe_gives(format_: str, all_frames: bool) -> None:
    stream = b"".join([*FRAMES[format_], *MIXED])
    frames = [*FRAMES[format_], *MIXED]
    check_all(images_in(stream, all_frames=all_frames), frames)


@pytest.mark.parametrize("format_", FRAMES)
def test_no_image_waits_for_the_next_one(format_: str) -> None:
    frames = FRAMES[format_]
    live = Live(frames[0], 10**6)
    sources = images_in(piped(live))
    for number, data in enumerate(frames):
        if number:
            live.data += data
        if len(data) > 64:  # a reader needs as many to know a format
            assert rows_of(next(sources)).tobytes() == alone(data)[1]
    assert len(frames[0]) > 64 or format_ == "plain PPM"


@pytest.mark.parametrize("format_", ["PPM", "PNG", "palette PNG", "JPEG"])
def test_rows_that_nobody_asked_for_are_passed_over(format_: str) -> None:
    second = FRAMES[format_][1]
    for number, source in enumerate(images_in(piped(b"".join(FRAMES[format_])))):
        if number == 0:
            assert len(list(source.blocks([(3, 5), (4, 6)]))) == 2
        if number == 1:
            assert rows_of(source).tobytes() == alone(second)[1]
        source.close()
    assert number == 2


def test_damage_in_rows_that_nobody_needs_is_a_note() -> None:
    frame = FRAMES["PNG"][0]
    at = frame.index(b"IDAT") + 90
    stream = frame[:at] + bytes([frame[at] ^ 1]) + frame[at + 1 :] + frame
    (source,) = images_in(piped(stream))
    assert source.info.notes == ["is damaged in rows that were not needed"]
    with pytest.raises(ImageError, match=r"^image x\.img is damaged"):
        rows_of(next(images_in(piped(stream))))


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG"])
def test_all_frames_of_animations_in_a_stream(format_: str) -> None:
    moving = encode(SHOWN[0], format_, save_all=True, append_images=SHOWN[1:], lossless=True)
    still = FRAMES["PPM"][1]
    firsts = [rows_of(source).shape for source in images_in(piped(moving + still + moving))]
    assert firsts == [(30, 43, 3)] * 3
    shown = [
        (source.info.frame, rows_of(source).tobytes())
        for source in images_in(piped(still + moving + still), all_frames=True)
    ]
    assert [frame for frame, _ in shown] == [0, 1, 2, 3, 4]
    assert shown[0][1] == shown[4][1] == SHOWN[1].tobytes()
    if format_ != "GIF":  # which has fewer colours
        assert [pixels for _, pixels in shown[1:4]] == [image.tobytes() for image in SHOWN]


@pytest.mark.parametrize("format_", FRAMES)
def test_what_is_no_image_is_left_out_with_a_note(format_: str) -> None:
    for last in images_in(piped(b"".join(FRAMES[format_]) + b"%PDF")):
        rows_of(last)
    assert last.info.notes == ["is followed by 4 bytes that are no image; they are left out"]
    assert last.info.frame == 2


@pytest.mark.parametrize("format_", FORMATS)
def test_an_error_tells_the_number_of_the_image(format_: str) -> None:
    sources = images_in(piped(b"".join(FRAMES[format_])[:-40]))
    for _ in range(2):
        rows_of(next(sources))
    with pytest.raises(ImageError, match=r"^image 3 of x\.img "):
        rows_of(next(sources))


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP"])
def test_frames_in_are_frames_out(run: Run, format_: str) -> None:
    stream = b"".join(FRAMES[format_])
    result = run("detect", "-", "-o", "-", "--format", "ppm", "-q", stdin=stream)
    shapes = [rows_of(source).shape for source in images_in(result.stdout_bytes)]
    assert shapes == [(30, 43, 3)] * 3
    film = run("detect", "-", "-o", "-", "--format", "y4m", "-q", stdin=stream).stdout_bytes
    assert film.count(b"FRAME\n") == 3
    moving = run("detect", "-", "-o", "-", "--all-frames", "-q", stdin=stream).stdout_bytes
    with Image.open(io.BytesIO(moving)) as image:
        assert getattr(image, "n_frames", 1) == 3


def test_a_file_of_several_pngs_gives_as_many_maps(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(b"".join(FRAMES["PNG"]))
    assert run("detect", tmp_path / "in" / "a.png", "-o", tmp_path / "a.png").exit_code == 0
    assert run("batch", tmp_path / "in", "-o", tmp_path / "out").exit_code == 0
    assert len(list(tmp_path.glob("a*.png"))) == len(list((tmp_path / "out").glob("*.png"))) == 3


def test_whether_more_is_there_now(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr(sys, "stdin", os.fdopen(reading))
    assert not has_more_now("-")
    os.write(writing, b"P5 1 1 255 A")
    assert has_more_now("-")
    assert os.read(reading, 99) == b"P5 1 1 255 A"
    assert not has_more_now("-")
    os.close(writing)
    assert has_more_now("-")
    assert has_more_now("a.png")
    sys.stdin.close()


def test_a_large_image_is_followed_too() -> None:
    large = np.zeros((300, 400, 3), np.uint8)
    stream = b"".join(encode(Image.fromarray(large), name) for name in ("PNG", "JPEG", "PPM"))
    assert [rows_of(source).shape for source in images_in(piped(stream))] == [(300, 400, 3)] * 3
