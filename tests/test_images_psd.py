"""PSD and PSB: the merged picture in every mode and depth, without what was only selected."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from edgecli.errors import ImageError
from tests.pillow_files import Pixels, read, rows_of, sources_of

BITMAP, GREY, INDEXED, RGB, CMYK, MULTICHANNEL, DUOTONE, LAB = 0, 1, 2, 3, 4, 7, 8, 9
SIZE = (5, 11)


def planes_of(count: int, dtype: str = "u1") -> NDArray[Any]:
    generator = np.random.default_rng(count)
    if dtype == "f4":
        return generator.random((count, *SIZE)).astype(np.float32)
    return generator.integers(0, np.iinfo(dtype).max + 1, (count, *SIZE)).astype(dtype)


def packed(row: bytes) -> bytes:
    """Pack a row as Pillow packs one for TIFF, which is the same."""
    file = io.BytesIO()
    Image.frombytes("L", (len(row), 1), row).save(file, "TIFF", compression="packbits")
    with Image.open(io.BytesIO(file.getvalue())) as image:
        assert isinstance(image, TiffImageFile)
        start, size = image.tag_v2[273][0], image.tag_v2[279][0]
    return file.getvalue()[start : start + size]


def psd(
    rows: list[list[bytes]],
    mode: int,
    depth: int = 8,
    *,
    large: bool = False,
    compression: int = 0,
    colours: bytes = b"",
    resources: bytes = b"",
    layers: bytes = b"",
) -> bytes:
    """Return a file of the rows of each plane."""
    size = ">Q" if large else ">I"
    header = struct.pack(">4sH6xHIIHH", b"8BPS", 2 if large else 1, len(rows), *SIZE, depth, mode)
    sections = [header, struct.pack(">I", len(colours)), colours]
    sections += [struct.pack(">I", len(resources)), resources]
    sections += [struct.pack(size, len(layers)), layers, struct.pack(">H", compression)]
    flat = [row for plane in rows for row in plane]
    if compression == 1:
        flat = [packed(row) for row in flat]
        sections += [struct.pack(">I" if large else ">H", len(row)) for row in flat]
    return b"".join((*sections, *flat))


def rows_in(planes: NDArray[Any]) -> list[list[bytes]]:
    stored = planes.astype(planes.dtype.newbyteorder(">"))
    return [[row.tobytes() for row in plane] for plane in stored]


def layer_count(count: int, *, large: bool = False) -> bytes:
    size = ">Q" if large else ">I"
    return struct.pack(size + "h", 2, count) + bytes(4)


def resource(number: int, data: bytes, name: bytes = b"") -> bytes:
    padded = bytes([len(name)]) + name + bytes((len(name) + 1) % 2)
    return b"8BIM" + struct.pack(">H", number) + padded + struct.pack(">I", len(data)) + data


def pixels(planes: NDArray[Any]) -> Pixels:
    return planes.transpose(1, 2, 0)


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("compression", [0, 1])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize(("mode", "count"), [(GREY, 1), (DUOTONE, 1), (RGB, 3)])
def test_planes_are_the_pixels_at_every_depth(
    mode: int, count: int, dtype: str, compression: int, large: bool
) -> None:
    planes = planes_of(count, dtype)
    depth = 8 * planes.itemsize
    data = psd(rows_in(planes), mode, depth, large=large, compression=compression)
    source = read(data)
    np.testing.assert_array_equal(rows_of(source), pixels(planes), strict=True)
    assert (source.info.format, source.info.shape) == ("PSD", (*SIZE, count))


@pytest.mark.parametrize("compression", [0, 1])
def test_in_a_bitmap_one_is_black(compression: int) -> None:
    ink = np.random.default_rng(0).integers(0, 2, SIZE).astype(bool)
    rows = [[np.packbits(row).tobytes() for row in ink]]
    source = read(psd(rows, BITMAP, 1, compression=compression))
    assert source.info.dtype == "bool"
    assert (rows_of(source)[..., 0] == np.where(ink, 0, 255)).all()


def test_indexes_take_their_colours() -> None:
    indexes, colours = planes_of(1), np.random.default_rng(9).integers(0, 256, (256, 3))
    data = psd(rows_in(indexes), INDEXED, colours=colours.T.astype(np.uint8).tobytes())
    assert (rows_of(read(data)) == colours[indexes[0]]).all()
    assert read(data).info.shape == (*SIZE, 1)


def test_inks_are_stored_inverted() -> None:
    planes = planes_of(4)
    inks = Image.merge("CMYK", [Image.fromarray(255 - plane) for plane in planes])
    assert (rows_of(read(psd(rows_in(planes), CMYK))) == np.asarray(inks.convert("RGB"))).all()


def test_lab_becomes_rgb() -> None:
    planes = np.stack([np.full(SIZE, value, np.uint8) for value in (255, 128, 128)])
    assert (rows_of(read(psd(rows_in(planes), LAB))) >= 253).all()


# ---- what comes after the colours -------------------------------------------------------------


@pytest.mark.parametrize("layers", [b"", layer_count(1), layer_count(3)])
@pytest.mark.parametrize(("mode", "colours"), [(GREY, 1), (RGB, 3)])
def test_a_saved_selection_is_no_transparency(mode: int, colours: int, layers: bytes) -> None:
    planes = planes_of(colours + 1)
    source = read(psd(rows_in(planes), mode, layers=layers))
    assert (rows_of(source) == pixels(planes[:colours])).all()


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("extra", [1, 2])
@pytest.mark.parametrize(("mode", "colours"), [(GREY, 1), (DUOTONE, 1), (RGB, 3)])
def test_a_count_of_layers_below_zero_says_that_the_first_is(
    mode: int, colours: int, extra: int, large: bool
) -> None:
    planes = planes_of(colours + extra)
    planes[colours] = 255 * (planes[colours] > 99)
    data = psd(rows_in(planes), mode, large=large, layers=layer_count(-2, large=large))
    found = rows_of(read(data))
    assert (found[..., -1] == planes[colours]).all()
    seen = found[..., -1] == 255
    assert (found[seen] == pixels(planes[: colours + 1])[seen]).all()


@pytest.mark.parametrize(("dtype", "key"), [("u2", b"Lr16"), ("f4", b"Lr32")])
@pytest.mark.parametrize("large", [False, True])
def test_layers_of_more_bits_are_counted_in_a_block_of_their_own(
    dtype: str, key: bytes, large: bool
) -> None:
    size = ">Q" if large else ">I"
    other = b"8BIMcinf" + struct.pack(">I", 3) + bytes(4)
    block = b"8BIM" + key + struct.pack(size + "h", 2, -1) + bytes(2)
    planes = planes_of(4, dtype)
    depth = 8 * planes.itemsize
    for before in (b"", other):
        layers = struct.pack(size, 0) + bytes(4) + before + block
        source = read(psd(rows_in(planes), RGB, depth, large=large, layers=layers))
        assert source.shape == (*SIZE, 4)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_colours_that_were_laid_on_white_get_their_own_values_again(dtype: str) -> None:
    white = 1 if dtype == "f4" else np.iinfo(dtype).max
    own = planes_of(4, dtype)
    own[3] = np.maximum(own[3], white // 2 + white / 2 * (dtype == "f4"))
    alpha = own[3].astype(float) / white
    on_white = alpha * own[:3] + (1 - alpha) * white
    stored = np.stack([*on_white, own[3]])
    stored = stored.astype(dtype) if dtype == "f4" else np.rint(stored).astype(dtype)
    found = rows_of(read(psd(rows_in(stored), RGB, 8 * own.itemsize, layers=layer_count(-1))))
    tolerance = 1e-5 if dtype == "f4" else 1.5
    assert abs(found.astype(float) - pixels(own)).max() <= tolerance


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_colours_that_were_never_laid_on_white_stay_as_they_are(dtype: str) -> None:
    bare = planes_of(4, dtype)
    bare[:, 0, 0] = 0  # a clear pixel, which on white would be white
    found = rows_of(read(psd(rows_in(bare), RGB, 8 * bare.itemsize, layers=layer_count(-1))))
    assert (found == pixels(bare)).all()


def test_of_many_channels_the_first_is_taken_and_told() -> None:
    planes = planes_of(3)
    source = read(psd(rows_in(planes), MULTICHANNEL))
    assert (rows_of(source) == pixels(planes[:1])).all()
    assert source.info.notes == ["is a PSD of 3 channels, of which the first is taken"]


# ---- the rest ---------------------------------------------------------------------------------


def test_resolution_is_read_among_other_resources() -> None:
    told = struct.pack(">IHHIHH", 300 << 16, 1, 1, 72 << 16, 1, 1)
    others = resource(1000, b"odd") + b"\0" + resource(1001, b"even", b"name")
    resources = others + resource(1005, told, b"odd")
    assert read(psd(rows_in(planes_of(1)), GREY, resources=resources)).info.dpi == (300, 72)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"depth": 16, "mode": CMYK}, "is a PSD of CMYK with 16 bits per sample, which is not "
         "read here; save it with 8 bits, or as RGB"),
        ({"mode": 5}, "has a damaged PSD header; get the file whole again"),
        ({"depth": 7}, "has a damaged PSD header; get the file whole again"),
        ({"compression": 2}, "is a PSD compressed with ZIP, which is not read here; save it as "
         "TIFF"),
        ({"resources": resource(1057, struct.pack(">I?", 1, False) + b"\0")},
         "was saved without its merged picture; save it again with Photoshop's option to maximize "
         "compatibility, or as PNG"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why(options: dict[str, Any], line: str) -> None:
    given = {"mode": RGB, "depth": 8} | options
    with pytest.raises(ImageError) as caught:
        read(psd(rows_in(planes_of(4)), **given))
    assert str(caught.value) == f"image x {line}"


@pytest.mark.parametrize("compression", [0, 1])
def test_any_cut_is_told(compression: int) -> None:
    data = psd(rows_in(planes_of(3)), RGB, compression=compression, layers=layer_count(-1))
    for size in range(6, len(data)):
        with pytest.raises(ImageError, match=r"cut short|damaged"):
            read(data[:size])


def test_the_limit_holds_before_anything_is_read() -> None:
    with pytest.raises(ImageError, match="has 55 pixels, more than the limit 54"):
        next(sources_of(psd(rows_in(planes_of(1)), GREY), max_pixels=54))
