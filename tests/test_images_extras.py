"""HEIC and JPEG XL, through the packages of the extra `formats`."""

from __future__ import annotations

import io
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgecli.errors import ImageError
from edgecli.images.jpeg_xl import parse_header
from edgecli.images.limits import MORE_FRAMES
from tests.pillow_files import encode, frames_of, read, rows_of, scene, sources_of

# ---- HEIC -------------------------------------------------------------------------------------


@pytest.fixture
def heif() -> Any:
    return import_module("pillow_heif")


def written(heif: Any, mode: str, pixels: np.ndarray[Any, Any], **options: Any) -> bytes:
    file = heif.from_bytes(mode, pixels.shape[1::-1], pixels.tobytes())
    out = io.BytesIO()
    file.save(out, quality=-1, chroma=444, matrix_coefficients=0, **options)
    return out.getvalue()


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_heic_of_8_bits_is_what_was_written(heif: Any, mode: str) -> None:
    pixels = np.asarray(scene(32, 48).convert(mode))
    source = read(written(heif, mode, pixels))
    found = rows_of(source).astype(int)
    assert (source.info.format, source.info.dtype) == ("HEIC", "uint8")
    assert abs(found[..., :3] - pixels.reshape(*pixels.shape[:2], -1)[..., :3]).max() <= 2


def test_10_bits_become_16_by_the_whole_range(heif: Any) -> None:
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    pixels = np.dstack([ramp, ramp[::-1], ramp.T])
    source = read(written(heif, "RGB;16", np.ascontiguousarray(pixels)))
    found = rows_of(source)
    assert (source.info.dtype, found.max()) == ("uint16", 65535)
    assert abs(found.astype(int) - pixels).max() <= 3 * 64


def test_pictures_after_the_first_are_frames(heif: Any) -> None:
    first, second = scene(32, 48), scene(16, 24)
    out = io.BytesIO()
    file = heif.from_pillow(first)
    file.add_from_pillow(second)
    file.save(out)
    assert [frame.shape for frame in frames_of(out.getvalue())] == [(32, 48, 3), (16, 24, 3)]
    (one,) = sources_of(out.getvalue())
    assert (one.shape, one.info.notes) == ((32, 48, 3), [MORE_FRAMES])


def test_a_heic_that_is_cut_or_too_large_is_one_line(heif: Any) -> None:
    data = written(heif, "RGB", np.asarray(scene(32, 48)))
    with pytest.raises(ImageError, match="has 1,536 pixels, more than the limit 1,535"):
        next(sources_of(data, max_pixels=1535))
    for size in range(16, len(data), len(data) // 40):
        with pytest.raises(ImageError, match=r"^image x .*; get the file whole again$"):
            rows_of(read(data[:size]))


# ---- JPEG XL ----------------------------------------------------------------------------------


@pytest.fixture
def jxl() -> Any:
    return import_module("pillow_jxl")


@pytest.mark.parametrize("container", [False, True])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.usefixtures("jxl")
def test_a_jpeg_xl_of_8_bits_is_what_was_written(mode: str, container: bool) -> None:
    picture = scene(32, 48).convert(mode)
    source = read(encode(picture, "JXL", lossless=True, use_container=container))
    expected = np.asarray(picture).reshape(32, 48, -1)
    np.testing.assert_array_equal(rows_of(source), expected, strict=True)
    assert source.info.format == "JPEG XL"


@pytest.mark.usefixtures("jxl")
def test_16_bits_of_grey_are_whole() -> None:
    grey = np.random.default_rng(0).integers(0, 65536, (32, 48)).astype(np.uint16)
    found = rows_of(read(encode(Image.fromarray(grey), "JXL", lossless=True)))
    np.testing.assert_array_equal(found[..., 0], grey, strict=True)


@pytest.mark.usefixtures("jxl")
def test_a_jpeg_xl_that_is_cut_or_too_large_is_one_line() -> None:
    data = encode(scene(32, 48), "JXL", lossless=True, use_container=True)
    with pytest.raises(ImageError, match="has 1,536 pixels, more than the limit 1,535"):
        next(sources_of(data, max_pixels=1535))
    for size in range(12, len(data), len(data) // 40):
        with pytest.raises(ImageError, match=r"^image x .*; get the file whole again$"):
            rows_of(read(data[:size]))


def bits(*fields: tuple[int, int]) -> bytes:
    """Return a codestream of numbers, each of so many bits."""
    number, at = 0, 0
    for value, count in fields:
        number |= value << at
        at += count
    return b"\xff\n" + number.to_bytes(-(-at // 8), "little")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([(1, 1), (3, 5), (1, 3), (1, 1)], (32, 32, 8, False)),  # a square in units of 8
        ([(1, 1), (3, 5), (0, 3), (5, 5), (1, 1)], (48, 32, 8, False)),
        ([(0, 1), (0, 2), (99, 9), (5, 3), (1, 1)], (177, 100, 8, False)),  # 16 : 9
        ([(0, 1), (3, 2), (99_999, 30), (0, 3), (2, 2), (7, 18), (1, 1)], (8, 100_000, 8, False)),
        ([(1, 1), (3, 5), (1, 3), (0, 1), (0, 1), (0, 1), (1, 2)], (32, 32, 10, False)),
        ([(1, 1), (3, 5), (1, 3), (0, 1), (0, 1), (0, 1), (3, 2), (15, 6)], (32, 32, 16, False)),
        ([(1, 1), (3, 5), (1, 3), (0, 1), (0, 1), (1, 1), (0, 2)], (32, 32, 32, False)),
        (
            [
                *((1, 1), (3, 5), (1, 3), (0, 1), (1, 1), (5, 3)),  # all else, turned by 5
                *((1, 1), (1, 1), (0, 5), (1, 3)),  # meant to be shown in another size
                *((0, 1), (1, 1), (0, 2), (2, 2), (7, 8), (0, 2), (0, 1)),  # moving
                *((0, 1), (2, 2)),
            ],
            (32, 32, 12, True),
        ),
    ],
)
def test_the_header_says_size_and_depth(
    fields: list[tuple[int, int]], expected: tuple[int, int, int, bool]
) -> None:
    header = parse_header(bits(*fields))
    assert (header.width, header.height, header.bits, header.is_animated) == expected


def test_a_header_that_ends_too_soon_is_an_error() -> None:
    with pytest.raises(IndexError):
        parse_header(b"\xff\n\x01")
