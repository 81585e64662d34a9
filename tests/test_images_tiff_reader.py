"""What is read beside samples: palettes of 8 bits, and the previews of cameras' files."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.errors import ImageError, TooLargeError
from edgecli.images.tiff.reading import read_images
from edgecli.rows.base import Source
from tests.conftest import Run
from tests.tiff_files import Page, Tags, make_pages, make_tiff

Pixels = NDArray[Any]
DEVELOP = "develop it first (darktable, RawTherapee, dcraw)"
REDUCED: Tags = {254: (1,)}
MOSAIC: Tags = {262: (32803,)}


def noise(height: int, width: int, C: int = 3, dtype: str = "u1") -> Pixels:
    return np.random.default_rng(height).integers(0, 200, (height, width, C)).astype(dtype)


def read(data: bytes, **options: Any) -> tuple[Source, Pixels]:
    options = {"max_pixels": 10_000} | options
    (source,) = read_images(io.BytesIO(data), "x.nef", **options)
    (rows,) = source.blocks([(0, source.shape[0])])
    return source, rows


# ---- palettes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", ["none", "deflate"])
@pytest.mark.parametrize("unit", [1, 257], ids=["8 bits", "16 bits"])
def test_a_palette_is_of_16_bits_unless_all_of_it_fits_8(unit: int, compression: str) -> None:
    indices = noise(7, 9, 1)
    palette = np.random.default_rng(0).integers(0, 256, (3, 256))
    colours = tuple((palette * unit).ravel().tolist())
    _, rows = read(make_tiff(indices, compression=compression, t262=(3,), t320=colours))
    np.testing.assert_array_equal(rows, palette[:, indices[:, :, 0]].transpose(1, 2, 0))


# ---- pages wherever their directories are --------------------------------------------------------


@pytest.mark.parametrize("as_file", [False, True])
def test_pillow_decodes_the_directory_that_was_chosen(as_file: bool, tmp_path: Path) -> None:
    """It looks for the first one alone; libtiff in it, for the one at a place in the file."""
    palette = tuple((257 * np.arange(256).repeat(3).reshape(256, 3).T).ravel().tolist())
    bits = np.packbits(noise(8, 16, 1)[:, :, 0] > 99, axis=1)[:, :, None]
    hidden = Page(noise(8, 16, 1), {262: (3,), 320: palette})
    bilevel = Page(bits, {256: (16,), 258: (1,)})
    data = make_pages(Page(noise(2, 3), REDUCED, (hidden,)), bilevel)
    path = tmp_path / "x.tif"
    path.write_bytes(data)
    with path.open("rb") if as_file else io.BytesIO(data) as file:
        sources = read_images(file, "x.tif", max_pixels=10_000, all_frames=True)
        first, second = (next(source.blocks([(0, 8)])) for source in sources)
    np.testing.assert_array_equal(first, noise(8, 16, 1).repeat(3, 2))
    np.testing.assert_array_equal(second, (noise(8, 16, 1) > 99) * 255)


def test_jpeg_as_it_once_was_is_read_from_the_directory_that_was_chosen() -> None:
    """Its parts lie about the file, where libtiff finds them."""
    jpeg, pixels = jpeg_of(24, 32)
    first = make_pages(Page(noise(6, 8)))
    place = len(first)
    tags: Tags = {256: (32,), 257: (24,), 259: (6,), 278: (24,), 513: (place,), 514: (len(jpeg),)}
    data = make_pages(Page(noise(6, 8)), jpeg_page(jpeg, tags))
    assert data[place:].startswith(jpeg)
    sources = read_images(io.BytesIO(data), "x.tif", max_pixels=10_000, all_frames=True)
    shapes = []
    for source in sources:
        (rows,) = source.blocks([(0, source.shape[0])])
        shapes.append(rows.shape)
    assert shapes == [(6, 8, 3), (24, 32, 3)]
    luma = np.array([0.299, 0.587, 0.114])  # its colours are of blocks, which few smooth alike
    assert np.abs(rows @ luma - pixels @ luma).mean() < 4


# ---- cameras ------------------------------------------------------------------------------------


def jpeg_of(height: int, width: int) -> tuple[bytes, Pixels]:
    file = io.BytesIO()
    Image.fromarray(noise(height, width)).save(file, "JPEG")
    with Image.open(file) as image:
        return file.getvalue(), np.asarray(image)


def jpeg_page(data: bytes, tags: Tags) -> Page:
    """Return a page whose strip is a JPEG by itself."""
    bytes_ = np.frombuffer(data, np.uint8)[np.newaxis, :, np.newaxis]
    return Page(bytes_, {258: (8, 8, 8), 259: (7,), 262: (6,), 277: (3,), 339: None, **tags})


def note(preview: str, sensor: str = "") -> list[str]:
    return [
        f"is a camera raw file of which only a preview can be read, {preview}{sensor}; for the "
        f"whole picture {DEVELOP}"
    ]


SENSOR = Page(noise(30, 40, 1, "u2"), MOSAIC)


@pytest.mark.parametrize("all_frames", [False, True])
def test_the_preview_is_taken_with_a_word_of_the_sensors_data(*, all_frames: bool) -> None:
    data = make_pages(Page(noise(6, 8), REDUCED, (SENSOR,)))
    source, rows = read(data, all_frames=all_frames)
    np.testing.assert_array_equal(rows, noise(6, 8))
    assert source.info.notes == note("6×8", " of 30×40")


def test_the_largest_preview_is_taken() -> None:
    jpeg, pixels = jpeg_of(24, 32)
    large = jpeg_page(jpeg, {256: (32,), 257: (24,), 278: (24,), **REDUCED})
    data = make_pages(Page(noise(6, 8), {**REDUCED, 274: (6,)}, (SENSOR, large)))
    source, rows = read(data)
    np.testing.assert_array_equal(rows, pixels)
    assert source.info.orientation == 6
    assert source.info.notes == note("24×32", " of 30×40")
    cut = data.replace(jpeg[-300:], bytes(300))
    assert read(cut.replace(jpeg[:200], bytes(200)))[0].shape == (6, 8, 3)


def test_a_jpeg_may_stand_where_no_size_is_stated() -> None:
    jpeg, pixels = jpeg_of(24, 32)
    nowhere: Tags = dict.fromkeys((256, 257, 273, 278, 279))
    place = len(make_pages(SENSOR))  # right after the part, which is written first
    page = jpeg_page(jpeg, {**nowhere, 259: (6,), 513: (place,), 514: (len(jpeg),)})
    page.parts = (SENSOR,)
    source, rows = read(make_pages(page))
    np.testing.assert_array_equal(rows, pixels)
    assert source.info.notes == note("24×32", " of 30×40")


def test_sensor_data_may_be_a_page_like_others() -> None:
    preview = noise(6, 8)
    source, rows = read(make_pages(Page(preview, REDUCED), SENSOR))
    np.testing.assert_array_equal(rows, preview)
    assert source.info.notes == note("6×8", " of 30×40")
    source, rows = read(make_pages(Page(preview), SENSOR))
    np.testing.assert_array_equal(rows, preview)
    assert source.info.notes == [f"is a preview of what a camera's sensor saw; {DEVELOP}"]


def test_canons_head_tells_where_the_sensors_data_are() -> None:
    """Its compression is that of the previews, and larger than these."""
    jpeg, pixels = jpeg_of(24, 32)
    start = struct.pack("<2sHI2sBBI", b"II", 42, 0, b"CR", 2, 0, 0)
    sensor = jpeg_page(jpeg_of(30, 40)[0], {256: (40,), 257: (30,), 259: (6,), 262: None})
    preview = jpeg_page(jpeg, {256: (32,), 257: (24,), 259: (6,), 262: None})
    data = bytearray(make_pages(preview, sensor, start=start))
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    data[12:16] = data[first + 2 + 12 * count :][:4]
    source, rows = read(bytes(data))
    np.testing.assert_array_equal(rows, pixels)
    assert source.info.notes == note("24×32", " of 30×40")


@pytest.mark.parametrize(
    "tags", [MOSAIC, {262: (34892,)}, {259: (34713,)}, {50706: (1,), **MOSAIC}]
)
def test_without_a_preview_it_is_refused_by_what_it_is(tags: Tags) -> None:
    with pytest.raises(ImageError) as caught:
        read(make_pages(Page(noise(6, 8, 1, "u2"), tags)))
    assert str(caught.value) == (
        f"image x.nef is a camera raw file without a preview that can be read; {DEVELOP}"
    )


@pytest.mark.parametrize("magic", [b"IIRO", b"IIRS", b"IIU\0"])
def test_cameras_with_heads_of_their_own_are_known(magic: bytes, run: Run, tmp_path: Path) -> None:
    data = make_pages(Page(noise(6, 8), {}), start=magic + bytes(4))
    path = tmp_path / "x.orf"
    path.write_bytes(data)
    result = run("detect", path)
    assert result.exit_code == 0
    assert result.stderr == f"edgecli: image {path} {note('6×8')[0]}\n"


def test_the_limit_is_of_previews_too() -> None:
    with pytest.raises(TooLargeError):
        read(make_pages(Page(noise(6, 8), REDUCED, (SENSOR,))), max_pixels=40)
