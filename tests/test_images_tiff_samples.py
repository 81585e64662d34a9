"""TIFF samples against a TIFF maker of plain Python, OpenCV and Pillow."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from edgecli.errors import ImageError
from edgecli.images.nodata import told_apart
from edgecli.images.tiff.directories import read_directories
from tests.tiff_files import COMPRESSIONS, Order, make_tiff
from tests.tiff_reading import read, whole

Pixels = NDArray[Any]

# What a row of each stored type becomes. Values of the last three are seen first.
ROW_TYPES = {
    "u1": "u1", "i1": "i1", "u2": "u2", "i2": "i2", "i4": "i4", "f2": "f4", "f4": "f4", "f8": "f8",
    "u4": "u1", "i8": "u1", "u8": "u1",
}  # fmt: skip


def noise(*shape: int, dtype: str = "u2", low: int = 0) -> Pixels:
    return np.random.default_rng(0).integers(low, 120, shape).astype(dtype)


def known(data: bytes) -> Pixels:
    """Return the rows of a file whose pixels of no data are told apart."""
    source = told_apart(read(data), None, (0, 0, 0))
    (rows,) = source.blocks([(0, source.shape[0])])
    return rows


@pytest.mark.parametrize("tile", [(7, None), (16, 16)])
@pytest.mark.parametrize("weights", [None, (0.2126, 0.7152, 0.0722)])
@pytest.mark.parametrize("predictor", [1, 2])
def test_ycbcr_in_planes_is_what_it_is_together(
    tile: tuple[int, int | None], weights: tuple[float, ...] | None, predictor: int, tmp_path: Path
) -> None:
    pixels = noise(40, 53, 3, dtype="u1")
    kind: dict[str, Any] = {"photometric": "ycbcr", "compression": "zlib", "subsampling": (1, 1)}
    kind |= {"rowsperstrip": 7} if tile[1] is None else {"tile": tile}
    if weights:
        numbers = tuple(n for weight in weights for n in (round(10_000 * weight), 10_000))
        kind["extratags"] = [(529, 5, 3, numbers, True)]
    together, planes = tmp_path / "together.tif", tmp_path / "planes.tif"
    tifffile.imwrite(together, pixels, **kind)
    kind |= {"planarconfig": "separate", "predictor": predictor > 1}
    tifffile.imwrite(planes, pixels.transpose(2, 0, 1), **kind)
    expected = whole(together.read_bytes())
    np.testing.assert_array_equal(whole(planes.read_bytes()), expected)
    assert (expected != pixels).mean() > 0.5


@pytest.mark.parametrize("bits", [4, 8, 16])
def test_no_data_of_a_palette_is_a_number_of_it_not_a_colour(bits: int) -> None:
    indices = noise(8, 6, 1, dtype="u1") % 13
    data = {4: (indices[:, ::2] << 4) + indices[:, 1::2], 8: indices, 16: indices.astype("<u2")}
    colours = tuple(np.repeat([5, 5, 9, 5, 80] * 8, 3 * 2**bits // 40 + 1)[: 3 * 2**bits].tolist())
    kind: dict[str, Any] = {"t262": (3,), "t320": colours, "t42113": b"3\0"}
    file = make_tiff(data[bits], t256=(6,), t258=(bits,), **kind)
    np.testing.assert_array_equal(known(file)[..., -1:], indices != 3)
    np.testing.assert_array_equal(known(file)[..., :-1], whole(file))
    wide = np.dstack([indices, np.full_like(indices, 255)])
    for other in (0, 2):  # a sample of no known kind, or alpha
        beside = make_tiff(wide, **(kind | {"t320": colours[:768], "t338": (other,)}))
        np.testing.assert_array_equal(known(beside)[..., -1:], indices != 3)


# ---- every kind -------------------------------------------------------------------------------


@pytest.mark.parametrize("C", [1, 2, 3, 4])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("stored", ROW_TYPES)
def test_every_type_and_byte_order_is_read_truly(stored: str, order: Order, C: int) -> None:
    pixels = noise(7, 5, C, dtype=stored)
    source = read(make_tiff(pixels, order=order))
    assert (source.info.shape, source.info.dtype) == ((7, 5, C), pixels.dtype.name)
    expected = pixels.astype(ROW_TYPES[stored])
    np.testing.assert_array_equal(whole(make_tiff(pixels, order=order)), expected, strict=True)


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("tile", [(3, None), (100, None), (1, None), (16, 16), (16, 32)])
@pytest.mark.parametrize("stored", ["u2", "f4"])
def test_every_arrangement_is_put_together(
    stored: str, tile: tuple[int, int | None], planar: bool, compression: str
) -> None:
    pixels = noise(21, 37, 3, dtype=stored)
    data = make_tiff(pixels, tile=tile, planar=planar, compression=compression)
    np.testing.assert_array_equal(whole(data), pixels, strict=True)


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("tile", [(3, None), (16, 16)])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("stored", "predictor"),
    [("i1", 2), ("u2", 2), ("i2", 2), ("i4", 2), ("u4", 2), ("f4", 2), ("f4", 3), ("f8", 3)],
)
def test_predictors_are_undone(
    stored: str, predictor: int, order: Order, tile: tuple[int, int | None], planar: bool
) -> None:
    pixels = noise(21, 37, 3, dtype=stored)
    data = make_tiff(
        pixels, order=order, tile=tile, planar=planar, compression="deflate", predictor=predictor
    )
    np.testing.assert_array_equal(whole(data), pixels.astype(ROW_TYPES[stored]))


def test_a_predictor_without_compression_predicts_nothing() -> None:
    pixels = noise(5, 6, 1)
    assert (whole(make_tiff(pixels, t317=(2,))) == pixels).all()


@pytest.mark.parametrize("compression", [1, 5, 8, 32773])
@pytest.mark.parametrize("stored", ["u1", "i1", "u2", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("C", [1, 3, 4])
def test_what_opencv_writes_is_what_was_meant(C: int, stored: str, compression: int) -> None:
    pixels = noise(40, 30, C, dtype=stored)
    in_order = pixels[:, :, [2, 1, 0, 3][:C]] if C > 1 else pixels
    options = [cv2.IMWRITE_TIFF_COMPRESSION, compression]
    done, data = cv2.imencode(".tif", np.ascontiguousarray(in_order), options)
    assert done
    np.testing.assert_array_equal(whole(data.tobytes()), pixels.astype(ROW_TYPES[stored]))


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
def test_what_pillow_writes_is_what_pillow_reads(mode: str, compression: str) -> None:
    grey = Image.fromarray(noise(20, 30, dtype="u1"))
    file = io.BytesIO()
    (grey if mode in {"I;16", "I", "F", "1"} else grey.convert("RGB")).convert(mode).save(
        file, "TIFF", compression=compression
    )
    target = {"1": "L", "P": "RGB", "CMYK": "RGB"}.get(mode, mode)
    with Image.open(file) as image:
        expected = np.asarray(image.convert(target))
    np.testing.assert_array_equal(whole(file.getvalue()).squeeze(), expected)


# ---- samples that mean something else ---------------------------------------------------------


@pytest.mark.parametrize("stored", ["u1", "u2"])
def test_white_is_zero_is_inverted(stored: str) -> None:
    pixels = noise(5, 6, 1, dtype=stored)
    expected = np.iinfo(stored).max - pixels
    assert (whole(make_tiff(pixels, t262=(0,))) == expected).all()


def test_white_is_zero_leaves_alpha_and_signed_samples() -> None:
    pixels = noise(5, 6, 2)
    assert (whole(make_tiff(pixels, t262=(0,)))[..., 1] == pixels[..., 1]).all()
    signed = noise(5, 6, 1, dtype="i2", low=-9)
    assert (whole(make_tiff(signed, t262=(0,))) == signed).all()


@pytest.mark.parametrize(("C", "colours"), [(2, 1), (4, 3)])
def test_premultiplied_alpha_is_undone(C: int, colours: int) -> None:
    pixels = np.full((1, 3, C), 20000, np.uint16)
    pixels[0, :, -1] = [65535, 40000, 0]
    result = whole(make_tiff(pixels, t338=(1,)))
    assert result[0, :, -1].tolist() == [65535, 40000, 0]
    expected = np.array([20000, round(20000 * 65535 / 40000), 0])
    assert (result[0, :, :colours] == expected[:, np.newaxis]).all()
    floats = np.array([[[0.25, 0.5], [0.5, 0.0]]], np.float32)
    assert whole(make_tiff(floats, t338=(1,))).tolist() == [[[0.5, 0.5], [0.0, 0.0]]]


@pytest.mark.parametrize("stored", ["f4", "f8"])
def test_floats_that_are_no_colours_make_no_warning(stored: str) -> None:
    special = np.array([0, 1, -1, 1e-30, 1e30, np.nan, np.inf, -np.inf], stored)
    pixels = np.stack(np.meshgrid(special, special), axis=-1)
    assert whole(make_tiff(pixels, t338=(1,))).shape == (8, 8, 2)


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("stored", ["u1", "u2", "f4"])
@pytest.mark.parametrize(
    ("C", "photometric", "extra", "taken", "told"),
    [
        (4, 2, (0,), [0, 1, 2], "red, green and blue alone were"),
        (5, 2, (2, 0), [0, 1, 2, 3], "red, green and blue and the transparency were"),
        (5, 2, (0, 2), [0, 1, 2, 4], "red, green and blue and the transparency were"),
        (3, 1, (0, 0), [0], "the first alone was"),
        (5, 1, (0, 0, 0, 0), [0], "the first alone was"),
        (4, 1, (0, 2, 0), [0, 2], "the first and the transparency were"),
    ],
)
def test_bands_beyond_colour_and_alpha_are_left_out_and_told_of(
    C: int,
    photometric: int,
    extra: tuple[int, ...],
    taken: list[int],
    told: str,
    stored: str,
    planar: bool,
) -> None:
    pixels = noise(5, 6, C, dtype=stored)
    tags: dict[str, Any] = {"t338": extra, "t262": (photometric,)}
    data = make_tiff(pixels, planar=planar, compression="deflate", **tags)
    source = read(data)
    assert (source.info.shape, source.shape) == ((5, 6, C), (5, 6, len(taken)))
    assert source.info.notes == [
        f"has {C} bands, of which {told} taken; to take another, save it by itself: "
        f"gdal_translate -b {C} IN.tif OUT.tif"
    ]
    assert (whole(data) == pixels[..., taken]).all()


@pytest.mark.parametrize(
    ("stored", "number"),
    [("u4", 2**32 - 1), ("i8", -(2**63)), ("i8", 2**53 + 1), ("u8", 2**63 - 1), ("f8", 1e300)],
)
def test_wide_numbers_stay_exact(stored: str, number: float) -> None:
    rows = whole(make_tiff(np.array([[[0], [number]]], stored)))
    assert rows.ravel().tolist() == [0, number]


def test_values_beyond_int64_are_refused() -> None:
    with pytest.raises(ImageError, match=r"whole numbers up to 9,223,372,036,854,775,808, beyond"):
        whole(make_tiff(np.array([[[0], [2**63]]], np.uint64)))


# ---- what is not there --------------------------------------------------------------------------


def sparse(pixels: Pixels, number: int, compression: str, **options: Any) -> bytes:
    """Return a file of tiles 16×16, of which one was never written."""
    data = make_tiff(pixels, tile=(16, 16), compression=compression)
    (directory,) = read_directories(io.BytesIO(data), "x.tif")
    offsets, counts = (list(directory.tags[tag]) for tag in (324, 325))
    offsets[number] = counts[number] = 0
    places: dict[str, Any] = {"t324": tuple(offsets), "t325": tuple(counts)}
    return make_tiff(pixels, tile=(16, 16), compression=compression, **places, **options)


@pytest.mark.parametrize("compression", ["none", "deflate"])
@pytest.mark.parametrize("stored", ["u1", "u2", "f4"])
@pytest.mark.parametrize(("number", "place"), [(0, np.s_[:16, :16]), (3, np.s_[16:, 16:])])
def test_tiles_never_written_count_as_zero(
    number: int, place: Any, stored: str, compression: str
) -> None:
    pixels = noise(21, 29, 1, dtype=stored, low=1)
    data = sparse(pixels, number, compression)
    pixels[place] = 0
    np.testing.assert_array_equal(whole(data), pixels, strict=True)
    note = "has 1 of 4 strips or tiles never written; their pixels count as 0"
    assert read(data).info.notes == [note]


@pytest.mark.parametrize("text", [b"-9999\0", b"nan\0"])
def test_tiles_never_written_are_no_data(text: bytes) -> None:
    pixels = noise(21, 29, 1, dtype="f4", low=1)
    found = known(sparse(pixels, 0, "deflate", t42113=text))
    assert np.isnan(found[:16, :16]).all()
    assert np.count_nonzero(np.isnan(found)) == 256
    integers = noise(21, 29, 1, dtype="i2", low=1)
    found = whole(sparse(integers, 0, "none", t42113=b"-9999\0"))
    assert (found[:16, :16] == -9999).all()


def test_nothing_is_written_of_a_page() -> None:
    data = make_tiff(noise(7, 5, 3), compression="deflate", t273=(0, 0, 0), t279=(0, 0, 0))
    assert whole(data).max() == 0


@pytest.mark.parametrize("stored", ["f2", "f4", "f8"])
@pytest.mark.parametrize(
    "text", [b"-9999", b" -9.999e3 \0", b"-9999.0\0junk", b"-9999 -9999", b"-9999,0"]
)
def test_floats_that_stand_for_no_data_are_nan(text: bytes, stored: str) -> None:
    pixels = noise(5, 6, 1, dtype=stored)
    pixels[1:3, 2] = np.dtype(stored).type(-9999)
    pixels[4] = np.inf
    is_missing = pixels == pixels.dtype.type(-9999)
    found = known(make_tiff(pixels, t42113=text))
    assert (np.isnan(found) == is_missing).all()
    assert (found == pixels)[~is_missing].all()


@pytest.mark.parametrize(
    ("stored", "text"),
    [("f4", b"-3.40282e+38"), ("f4", b"-3.4028234663852886e+38"), ("f8", b"-1.79769e+308"),
     ("f4", b"-1.7976931348623157e+308")],
)  # fmt: skip
@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_float_is_no_data_with_however_many_digits(
    stored: str, text: bytes, sign: int
) -> None:
    pixels = noise(5, 6, 1, dtype=stored)
    pixels[1:3, 2] = -sign * np.finfo(stored).max
    pixels[4] = sign * np.finfo(stored).max
    found = known(make_tiff(pixels, t42113=text if sign > 0 else text[1:]))
    is_missing = pixels == -sign * np.finfo(stored).max
    assert (np.isnan(found) == is_missing).all()
    assert (found == pixels)[~is_missing].all()


@pytest.mark.parametrize("text", [b"nan", b"n/a", b"", b"1e999", b"-"])
def test_no_data_that_is_no_number_of_the_page_changes_nothing(text: bytes) -> None:
    pixels = noise(5, 6, 1, dtype="f4")
    assert (known(make_tiff(pixels, t42113=text)) == pixels).all()


def test_whole_numbers_that_stand_for_no_data_are_told_apart() -> None:
    pixels = noise(5, 6, 3, dtype="u1", low=1)
    pixels[0, 0, :2] = 0
    for is_there in (False, True):
        pixels[0, 0, 2] = 1 - is_there
        data = make_tiff(pixels, t42113=b"0")
        assert (whole(data) == pixels).all()
        found = known(data)
        assert (found[..., :3] == pixels).all()
        assert np.argwhere(found[..., 3] == 0).tolist() == [[0, 0]] * is_there


@pytest.mark.parametrize(("bits", "stated"), [(8, 200), (4, 9), (12, 4000), (16, 60000)])
@pytest.mark.parametrize("white_is_zero", [False, True])
def test_numbers_for_no_data_are_those_that_are_stored(
    bits: int, stated: int, white_is_zero: bool
) -> None:
    pixels = np.arange(stated - 3, stated + 3, dtype=np.uint16).reshape(2, 3)
    ours: Any = {"t257": (4,), "t256": (3,), "t258": (bits,), "t262": (1 - white_is_zero,)}
    rows = np.zeros((4, -(-3 * bits // 8), 1), np.uint8)
    for n, row in enumerate((*pixels, *pixels)):
        line = np.packbits(np.array([*"".join(f"{one:0{bits}b}" for one in row)], np.uint8))
        rows[n, :, 0] = line
    if bits == 16:  # little-endian, as the file is
        rows = np.concatenate([pixels, pixels]).astype("<u2").view(np.uint8)[..., np.newaxis]
    found = known(make_tiff(rows, t42113=b"%d" % stated, **ours))
    missing = np.concatenate([pixels, pixels]) == stated
    np.testing.assert_array_equal(found[..., -1] == 0, missing)


def test_tiles_may_stand_under_the_tags_of_strips() -> None:
    pixels = noise(21, 29, 1)
    data = make_tiff(pixels, tile=(16, 16))
    (directory,) = read_directories(io.BytesIO(data), "x.tif")
    moved: dict[str, Any] = {
        "t273": directory.tags[324],
        "t279": directory.tags[325],
        "t324": None,
        "t325": None,
    }
    assert (whole(make_tiff(pixels, tile=(16, 16), **moved)) == pixels).all()
