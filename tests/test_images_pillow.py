"""Pillow's formats: every mode to the bit, every frame, from files and pipes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, BinaryIO, cast

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from edgecli.errors import ImageError
from edgecli.images.limits import MORE_FRAMES
from edgecli.images.sources import oriented
from tests.pillow_files import (
    HEIGHT,
    LIMIT,
    SHOWN,
    WIDTH,
    Pipe,
    as_mode,
    by_pillow,
    encode,
    frames_of,
    psd,
    read,
    read_images,
    rows_of,
    scene,
    sources_of,
)
from tests.tiff_files import make_tiff

# ---- modes and formats ------------------------------------------------------------------------

# mode, format, the mode that its rows have, stored channels, stored type
KINDS = [
    ("1", "BMP", "L", 1, "bool"),
    ("L", "JPEG", "L", 1, "uint8"),
    ("L", "BMP", "L", 1, "uint8"),
    ("L", "TGA", "L", 1, "uint8"),
    ("LA", "TGA", "LA", 2, "uint8"),
    ("P", "BMP", "RGB", 1, "uint8"),
    ("P", "GIF", "RGB", 1, "uint8"),
    ("P", "PCX", "RGB", 1, "uint8"),
    ("RGB", "JPEG", "RGB", 3, "uint8"),
    ("RGB", "BMP", "RGB", 3, "uint8"),
    ("RGB", "WEBP", "RGB", 3, "uint8"),
    ("RGB", "JPEG2000", "RGB", 3, "uint8"),
    ("RGB", "TGA", "RGB", 3, "uint8"),
    ("RGB", "PCX", "RGB", 3, "uint8"),
    ("RGB", "SGI", "RGB", 3, "uint8"),
    ("RGB", "QOI", "RGB", 3, "uint8"),
    ("RGBA", "WEBP", "RGBA", 4, "uint8"),
    ("RGBA", "ICO", "RGBA", 4, "uint8"),
    ("CMYK", "JPEG", "RGB", 4, "uint8"),
    ("CMYK", "TIFF", "RGB", 4, "uint8"),
    ("YCbCr", "JPEG", "RGB", 3, "uint8"),
    ("LAB", "TIFF", "RGB", 3, "uint8"),
]


@pytest.mark.parametrize(("mode", "format_", "row_mode", "channels", "dtype"), KINDS)
def test_every_mode_of_every_format_is_what_pillow_makes_of_it(
    mode: str, format_: str, row_mode: str, channels: int, dtype: str
) -> None:
    image = as_mode(scene(32, 32), mode)
    options = {"sizes": [(32, 32)]} if format_ == "ICO" else {}
    data = encode(image, format_, **options)
    source = read(data)
    assert (source.info.format, source.info.dtype) == (format_, dtype)
    assert source.info.shape == (32, 32, channels)
    np.testing.assert_array_equal(rows_of(source), by_pillow(data, row_mode))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK"])
def test_blocks_are_slices_of_the_whole(mode: str) -> None:
    data = encode(scene().convert(mode), "TIFF", compression="tiff_lzw")
    whole = rows_of(read(data))
    ranges = [(0, 5), (3, 17), (16, 30), (29, 30)]
    for (start, stop), block in zip(ranges, read(data).blocks(ranges), strict=True):
        assert (block == whole[start:stop]).all()


def test_ycbcr_is_shown_in_one_way_however_it_is_packed() -> None:
    """By libtiff: what Pillow itself makes of an uncompressed one is off by one here and there."""
    image = as_mode(scene(32, 32), "YCbCr")
    plain, packed = (encode(image, "TIFF", compression=how) for how in (None, "tiff_lzw"))
    np.testing.assert_array_equal(rows_of(read(plain)), rows_of(read(packed)))
    np.testing.assert_array_equal(rows_of(read(packed)), by_pillow(packed, "RGB"))


def test_bilevel_is_black_and_white() -> None:
    image = Image.fromarray(np.eye(9, dtype=bool))
    assert (rows_of(read(encode(image, "BMP")))[..., 0] == np.eye(9) * 255).all()


def test_photoshop_files_show_their_composite() -> None:
    assert (rows_of(read(psd(scene()))) == np.asarray(scene())).all()


def test_a_wide_image_is_turned_in_small_pieces() -> None:
    image = scene(3, 70_000)
    assert (rows_of(read(encode(image, "BMP"))) == np.asarray(image)).all()


# ---- never cut to 8 bits ----------------------------------------------------------------------


@pytest.mark.parametrize("C", [1, 3, 4])
def test_a_16_bit_tiff_of_opencv_is_whole(C: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 65536, (9, 8, C)).astype(np.uint16)
    bgr = pixels[:, :, [2, 1, 0, 3][:C]] if C > 1 else pixels
    _, data = cv2.imencode(".tif", np.ascontiguousarray(bgr))
    np.testing.assert_array_equal(rows_of(read(data.tobytes())), pixels, strict=True)


def test_16_bit_jpeg_2000_is_whole_in_grey_and_refused_in_colour() -> None:
    grey = np.random.default_rng(0).integers(0, 65536, (32, 32)).astype(np.uint16)
    data = encode(Image.fromarray(grey), "JPEG2000")
    np.testing.assert_array_equal(rows_of(read(data))[..., 0], grey, strict=True)
    _, colour = cv2.imencode(".jp2", np.zeros((32, 32, 3), np.uint16))
    with pytest.raises(ImageError, match="16 bits per sample in 3 channels"):
        read(colour.tobytes())


def test_16_bit_sgi_is_refused() -> None:
    with pytest.raises(ImageError, match="16 bits per sample in 3 channels"):
        read(encode(scene(), "SGI", bpc=2))


# ---- JPEG -------------------------------------------------------------------------------------


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_grey_of_a_jpeg_is_the_luma_that_it_stores(subsampling: int) -> None:
    data = encode(scene(), "JPEG", subsampling=subsampling)
    source = read(data, grey=True)
    assert (source.shape, source.info.shape) == ((HEIGHT, WIDTH, 1), (HEIGHT, WIDTH, 3))
    with Image.open(io.BytesIO(data)) as image:
        image.draft("L", image.size)
        stored = np.asarray(image)
    assert (rows_of(source)[..., 0] == stored).all()
    assert abs(stored.astype(int) - by_pillow(data, "L")[..., 0]).max() <= 2


@pytest.mark.parametrize("format_", ["WEBP", "BMP", "QOI"])
def test_grey_of_other_formats_is_pillows_luma(format_: str) -> None:
    data = encode(scene(), format_)
    assert (rows_of(read(data, grey=True)) == by_pillow(data, "L")).all()


def test_grey_of_a_jpeg_in_rgb_is_its_luma() -> None:
    data = encode(scene(), "JPEG", keep_rgb=True, quality=100)
    assert read(data).shape == (HEIGHT, WIDTH, 3)
    difference = rows_of(read(data, grey=True)).astype(int) - by_pillow(data, "L")
    assert abs(difference).max() <= 1


def test_grey_does_not_touch_cmyk_alpha_or_16_bits() -> None:
    cmyk = encode(scene().convert("CMYK"), "JPEG")
    assert (rows_of(read(cmyk, grey=True)) == by_pillow(cmyk, "RGB")).all()
    assert read(encode(as_mode(scene(), "RGBA"), "WEBP"), grey=True).shape[2] == 4
    assert read(make_tiff(np.ones((3, 3, 3), np.uint16)), grey=True).shape[2] == 3


# ---- what headers say besides -----------------------------------------------------------------


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "LZW"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_reported_and_turns_the_image_upright(
    orientation: int, format_: str
) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    image = scene().convert("P" if format_ == "PNG" else "RGB")
    lzw = {"compression": "tiff_lzw"} if format_ == "LZW" else {}
    data = encode(image, "TIFF" if lzw else format_, exif=exif, **lzw)
    source = read(data)
    assert source.info.orientation == orientation
    assert source.shape[:2] == source.info.shape[:2] == (HEIGHT, WIDTH)
    with Image.open(io.BytesIO(data)) as opened:
        expected = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    upright = oriented(rows_of(source), orientation)
    assert (upright == expected).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_upright_image_is_a_view(orientation: int) -> None:
    rows = np.zeros((2, 3, 1))
    assert np.shares_memory(oriented(rows, orientation), rows)


def test_the_rest_of_exif_may_be_broken() -> None:
    data = encode(scene(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert read(data).info.orientation == 1


@pytest.mark.parametrize(
    ("format_", "dpi"),
    [("JPEG", (300, 72)), ("PNG", (300, 72)), ("BMP", (300, 72)), ("TIFF", (300, 72))],
)
def test_resolution_is_kept(format_: str, dpi: tuple[int, int]) -> None:
    data = encode(scene().convert("P" if format_ == "PNG" else "RGB"), format_, dpi=dpi)
    assert read(data).info.dpi == pytest.approx(dpi, abs=0.02)


@pytest.mark.parametrize("format_", ["JPEG", "WEBP", "GIF"])
def test_no_resolution_is_made_up(format_: str) -> None:
    assert read(encode(scene(), format_)).info.dpi is None


# ---- frames -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format_", "options"),
    [("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {}), ("AVIF", {"quality": 100})],
)
def test_every_frame_of_an_animation_is_what_pillow_shows(
    format_: str, options: dict[str, Any]
) -> None:
    durations = [100, 250, 40]
    data = encode(
        SHOWN[0], format_, save_all=True, append_images=SHOWN[1:], duration=durations, **options
    )
    count = 0
    sources = sources_of(data, all_frames=True)
    with Image.open(io.BytesIO(data)) as image:
        for source in sources:
            image.seek(count)
            assert (rows_of(source) == np.asarray(image.convert("RGB"))).all()
            assert (source.info.frame, source.info.duration) == (count, durations[count])
            count += 1
    assert count == 3
    first = read(data)
    assert (rows_of(first) == frames_of(data)[0]).all()
    assert first.info.notes == [MORE_FRAMES]
    alone = encode(SHOWN[0], format_, save_all=True, **options)
    assert read(alone).info.notes == []


def test_the_default_image_of_an_animated_png_is_no_frame() -> None:
    data = encode(SHOWN[0], "PNG", save_all=True, append_images=SHOWN[1:], default_image=True)
    first, second = frames_of(data)
    assert (first == np.asarray(SHOWN[1])).all()
    assert (second == np.asarray(SHOWN[2])).all()


def test_pages_of_a_tiff_keep_their_own_sizes_and_kinds() -> None:
    images = [
        scene(5, 6),
        scene(7, 4).convert("1"),
        scene(3, 3).convert("P"),
        scene(2, 9).convert("F"),
    ]
    data = encode(images[0], "TIFF", save_all=True, append_images=images[1:])
    found = frames_of(data)
    for image, page, mode in zip(images, found, ("RGB", "L", "RGB", "F"), strict=True):
        expected = np.asarray(image.convert(mode)).reshape(page.shape)
        np.testing.assert_array_equal(page, expected, strict=True)


def test_one_image_is_one_frame() -> None:
    for format_ in ("JPEG", "BMP", "PNG", "QOI", "JPEG2000"):
        assert len(frames_of(encode(scene(), format_))) == 1


# ---- streams ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "format_", ["JPEG", "WEBP", "TIFF", "GIF", "PNG", "BMP", "AVIF", "JPEG2000", "QOI"]
)
def test_a_pipe_gives_what_the_file_gives(format_: str) -> None:
    data = encode(scene(), format_)
    pipe = cast(BinaryIO, io.BufferedReader(Pipe(data)))
    source = next(read_images(pipe, "-", max_pixels=LIMIT))
    assert (rows_of(source) == rows_of(read(data))).all()


def test_a_pipe_of_something_else_is_not_read_on() -> None:
    raw = Pipe(b"\1no image" * 100_000)
    with pytest.raises(ImageError, match="image - is in no format that can be read here"):
        next(read_images(cast(BinaryIO, io.BufferedReader(raw)), "-", max_pixels=LIMIT))
    assert raw.given < 20_000


def test_the_file_belongs_to_the_caller(tmp_path: Path) -> None:
    for format_ in ("JPEG", "TIFF", "GIF", "WEBP"):
        path = tmp_path / format_
        path.write_bytes(encode(scene(), format_))
        with path.open("rb") as file:
            for source in read_images(file, str(path), max_pixels=LIMIT, all_frames=True):
                rows_of(source)
                source.close()
            assert not file.closed
