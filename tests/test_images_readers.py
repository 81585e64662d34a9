"""Which reader a file comes to: by its first bytes, and whether all its frames are wanted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgecli.errors import ImageError
from edgecli.images.files import open_images
from edgecli.images.limits import MORE_FRAMES
from tests.image_streams import images_in, piped
from tests.png_files import Pixels, apng, make_png, random_samples

STILL = random_samples(9, 7, 2, 16)
FRAMES = [random_samples(5, 6, 2, 8), 255 - random_samples(5, 6, 2, 8)]


def frames_of(path: Path) -> list[Pixels]:
    images = open_images(str(path), max_pixels=10**6, all_frames=True)
    return [block for image in images for block in image.blocks([(0, image.shape[0])])]


def frames_of_pipe(data: bytes) -> list[Pixels]:
    images = images_in(piped(data), all_frames=True)
    return [block for image in images for block in image.blocks([(0, image.shape[0])])]


@pytest.mark.parametrize("interlaced", [False, True])
def test_all_frames_of_a_still_png_are_its_one_picture(tmp_path: Path, interlaced: bool) -> None:
    data = make_png(STILL, 16, 2, interlaced=interlaced)
    (tmp_path / "still.png").write_bytes(data)
    for (found,) in (frames_of(tmp_path / "still.png"), frames_of_pipe(data)):
        np.testing.assert_array_equal(found, STILL, strict=True)


def test_all_frames_of_an_animated_png_come_from_files_and_pipes(tmp_path: Path) -> None:
    data = apng(FRAMES, 8, 2)
    (tmp_path / "moving.png").write_bytes(data)
    for found in (frames_of(tmp_path / "moving.png"), frames_of_pipe(data)):
        np.testing.assert_array_equal(found, FRAMES)


def test_the_first_picture_of_an_animation_is_read_alone(tmp_path: Path) -> None:
    path = tmp_path / "moving.png"
    path.write_bytes(apng(FRAMES, 8, 2))
    (image,) = open_images(str(path), max_pixels=10**6)
    assert image.info.notes == [MORE_FRAMES]


def test_an_animation_of_16_bit_colours_is_refused_and_its_first_picture_is_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "moving.png"
    path.write_bytes(apng([STILL, STILL], 16, 2))
    with pytest.raises(ImageError, match="leave out --all-frames to read its first picture"):
        frames_of(path)
    images = open_images(str(path), max_pixels=10**6)
    (found,) = next(images).blocks([(0, 9)])
    np.testing.assert_array_equal(found, STILL)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"\x8a" + data[1:],
        lambda data: data.replace(b"\r\n", b"\n"),
        lambda data: data.replace(b"\r\n", b"\r\r\n", 1),
        lambda data: data.replace(b"\x89", b"\x09", 1),
        lambda data: data.replace(b"PNG", b"png", 1),
    ],
)
def test_a_signature_that_a_transfer_damaged_is_named(tmp_path: Path, damage: object) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(damage(make_png(STILL, 16, 2)))  # type: ignore[operator]
    with pytest.raises(ImageError, match="it does not start with the PNG signature; get a whole"):
        next(open_images(str(path), max_pixels=10**6))


@pytest.mark.parametrize(("bits", "advised"), [(16, False), (8, True)])
def test_all_frames_is_advised_only_where_it_reads_them(
    tmp_path: Path, bits: int, advised: bool
) -> None:
    path = tmp_path / "moving.png"
    path.write_bytes(apng([random_samples(9, 7, 3, bits)] * 2, bits, 2))
    (note,) = next(open_images(str(path), max_pixels=99)).info.notes
    assert ("--all-frames" in note) == advised
