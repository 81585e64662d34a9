"""Broken files of every format: an image or one clear line, and never half an image."""

from __future__ import annotations

import numpy as np
import pytest

from edgecli.errors import ImageError
from tests.pillow_files import SHOWN, Pixels, encode, frames_of, psd, scene
from tests.tiff_files import make_tiff

CORPUS = {
    "jpeg": encode(scene(), "JPEG"),
    "webp": encode(scene(), "WEBP"),
    "webp-lossless": encode(scene(), "WEBP", lossless=True),
    "avif": encode(scene(), "AVIF"),
    "jpeg2000": encode(scene(), "JPEG2000"),
    "gif": encode(scene(), "GIF"),
    "gif-moving": encode(scene(), "GIF", save_all=True, append_images=SHOWN[1:]),
    "webp-moving": encode(scene(), "WEBP", save_all=True, append_images=SHOWN[1:]),
    "png-moving": encode(scene(), "PNG", save_all=True, append_images=SHOWN[1:]),
    "png-palette": encode(scene().convert("P"), "PNG"),
    "tiff": encode(scene(), "TIFF"),
    "tiff-lzw": encode(scene(), "TIFF", compression="tiff_lzw"),
    "tiff-jpeg": encode(scene(), "TIFF", compression="jpeg"),
    "tiff-fax": encode(scene().convert("1"), "TIFF", compression="group4"),
    "tiff-pages": encode(scene(), "TIFF", save_all=True, append_images=SHOWN[1:]),
    "tiff-16": make_tiff(np.ones((20, 30, 3), np.uint16)),
    "tiff-tiles": make_tiff(np.ones((20, 30, 3), np.uint16), tile=(16, 16), compression="deflate"),
    "bmp": encode(scene(), "BMP"),
    "tga": encode(scene(), "TGA", compression="tga_rle"),
    "pcx": encode(scene(), "PCX"),
    "sgi": encode(scene(), "SGI"),
    "qoi": encode(scene(), "QOI"),
    "psd": psd(scene()),
    "ico": encode(scene(), "ICO"),
    "xbm": encode(scene().convert("1"), "XBM"),
}  # fmt: skip


def outcome(data: bytes) -> str | list[Pixels]:
    """Return all pixels, or the line of the error; anything else raises."""
    try:
        return frames_of(data, max_pixels=10**6)
    except ImageError as error:
        return str(error)


def is_one_line(text: str) -> bool:
    return text.startswith("image ") and "\n" not in text and len(text) < 400


@pytest.mark.parametrize("kind", CORPUS)
def test_a_file_cut_anywhere_is_an_error_or_the_image_never_half_of_it(
    kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    data = CORPUS[kind]
    whole = frames_of(data)
    for length in range(0, len(data), max(len(data) // 40, 1)):
        found = outcome(data[:length])
        if isinstance(found, str):
            assert is_one_line(found)
        else:
            for frame, expected in zip(found, whole, strict=True):
                assert (frame == expected).all()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", CORPUS)
def test_flipped_bytes_are_an_error_or_an_image(
    kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    generator = np.random.default_rng(0)
    for attempt in range(40):
        data = bytearray(CORPUS[kind])
        region = 100 if attempt % 2 else len(data)
        for place in generator.integers(0, region, generator.integers(1, 4)):
            data[place] = generator.integers(256)
        found = outcome(bytes(data))
        assert is_one_line(found) if isinstance(found, str) else found
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("data", [b"", b"x", b"II*\0", b"no image at all", bytes(1000)])
def test_what_is_no_image_is_said_to_be_none(data: bytes) -> None:
    found = outcome(data)
    assert isinstance(found, str)
    assert is_one_line(found)
