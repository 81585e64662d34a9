"""What headers say of depth, resolution and orientation, true or false."""

from __future__ import annotations

import io
from fractions import Fraction

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFile

from edgecli.images.pillow.reading import (
    bits_cut,
    decoder_names,
    dots_per_inch,
    exif_orientation,
    milliseconds,
)


class Opened(ImageFile.ImageFile):
    """An image that was opened with one decoder, as Pillow's plug-ins describe it."""

    def _open(self) -> None:
        self._mode, self._size = "RGB", (1, 1)


def opened(decoder: str, *arguments: object, mode: str = "RGB", format_: str = "X") -> Opened:
    image = Opened(io.BytesIO())
    image.tile = [ImageFile._Tile(decoder, (0, 0, 1, 1), 0, arguments)]
    image._mode, image.format = mode, format_
    return image


@pytest.mark.parametrize(
    ("decoder", "name", "bits"),
    [
        ("raw", "RGB", 0),
        ("raw", "RGB;16B", 16),
        ("raw", "RGBA;16L", 16),
        ("raw", "CMYK;16N", 16),
        ("zip", "LA;16B", 16),
        ("raw", "BGR;16", 0),  # 5, 6 and 5 bits
        ("raw", "BGR;15", 0),
        ("raw", "BGRA;15Z", 0),
        ("SGI16", "RGB", 16),
    ],
)
def test_raw_modes_tell_what_pillow_cuts(decoder: str, name: str, bits: int) -> None:
    assert bits_cut(opened(decoder, name, 0, 1), io.BytesIO()) == bits


def test_wide_modes_are_not_cut() -> None:
    for mode in ("I;16", "I;16B", "I", "F"):
        assert bits_cut(opened("raw", "I;16B", mode=mode), io.BytesIO()) == 0


@pytest.mark.parametrize(("flags", "bits"), [(0x00, 0), (0x40, 10), (0x60, 12), (0x0F, 0)])
def test_av1_says_its_bits_in_a_box(flags: int, bits: int) -> None:
    stream = io.BytesIO(b"\0" * 50 + b"av1C" + bytes([0x81, 0x04, flags, 0]) + b"\0" * 9)
    stream.seek(5)
    assert bits_cut(opened("raw", "RGB", format_="AVIF"), stream) == bits
    assert stream.tell() == 5


@pytest.mark.parametrize("data", [b"", b"av1C", b"av1C\x81", b"\0" * 100])
def test_an_avif_without_the_box_is_taken_as_it_is(data: bytes) -> None:
    assert bits_cut(opened("raw", "RGB", format_="AVIF"), io.BytesIO(data)) == 0


@pytest.mark.parametrize(
    ("depths", "bits"), [([7, 7, 7], 0), ([7, 11, 7], 12), ([0x8F, 7, 7], 16), ([], 0)]
)
def test_jpeg_2000_says_its_bits_for_each_component(depths: list[int], bits: int) -> None:
    size = b"\xff\x4f\xff\x51" + bytes(36) + len(depths).to_bytes(2)
    components = b"".join(bytes([depth, 1, 1]) for depth in depths)
    stream = io.BytesIO(b"box" + size + components)
    assert bits_cut(opened("jpeg2k", format_="JPEG2000"), stream) == bits


def test_real_files_of_8_bits_are_not_cut() -> None:
    for format_ in ("AVIF", "JPEG2000", "SGI", "PNG"):
        file = io.BytesIO()
        Image.new("RGB", (32, 32)).save(file, format_)
        with Image.open(file) as image:
            assert bits_cut(image, file) == 0


def test_a_real_avif_of_10_bits_is_cut() -> None:
    deep = np.zeros((32, 32, 3), np.uint16)
    _, data = cv2.imencode(".avif", deep, [cv2.IMWRITE_AVIF_DEPTH, 10])
    file = io.BytesIO(data.tobytes())
    with Image.open(file) as image:
        assert bits_cut(image, file) == 10


def test_decoders_are_named_with_how_the_samples_lie() -> None:
    assert decoder_names(opened("raw", "RGB;16B", 0, 1)) == ["", "raw", "RGB;16B"]


@pytest.mark.parametrize(
    ("stated", "dpi"),
    [
        ((300, 72), (300, 72)),
        ((Fraction(1, 2), 1.5), (0.5, 1.5)),
        (None, None),
        ((72,), None),
        ((0, 72), None),
        ((-1, 72), None),
        ((float("nan"), 72), None),
        ((float("inf"), 72), None),
        (("a", "b"), None),
        (72, None),
    ],
)
def test_a_resolution_is_two_positive_numbers(stated: object, dpi: object) -> None:
    assert dots_per_inch(stated) == dpi


@pytest.mark.parametrize(
    ("stated", "duration"),
    [(100, 100.0), (33.3, 33.3), (None, None), ("x", None), (float("nan"), None)],
)
def test_a_duration_is_a_number(stated: object, duration: float | None) -> None:
    assert milliseconds(stated) == duration


@pytest.mark.parametrize(("stated", "orientation"), [(6, 6), (0, 1), (9, 1), (65535, 1)])
def test_an_orientation_is_one_of_eight(stated: int, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = stated
    file = io.BytesIO()
    Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(file, "JPEG", exif=exif)
    with Image.open(file) as image:
        assert exif_orientation(image) == orientation


def test_exif_that_pillow_cannot_read_is_no_orientation() -> None:
    image = Image.new("L", (1, 1))
    image.info["exif"] = b"MM\0*\0\0\0\x08\0\x01"
    assert exif_orientation(image) == 1
