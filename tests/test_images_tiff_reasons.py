"""What is not read of a TIFF is refused by its name, with what to do."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgecli.errors import ImageError
from edgecli.images.tiff.reading import read_images
from tests.tiff_files import make_tiff

DEFLATE = "use deflate: gdal_translate -co COMPRESS=DEFLATE IN.tif OUT.tif"


def refusal(data: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        next(read_images(io.BytesIO(data), "x.tif", max_pixels=10_000))
    return str(caught.value)


def tiff(C: int = 1, dtype: str = "u1", **tags: Any) -> bytes:
    return make_tiff(np.arange(20 * C).reshape(4, 5, C).astype(dtype), **tags)


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (34887, "LERC"),
        (34712, "JPEG 2000"),
        (33005, "JPEG 2000"),
        (50002, "JPEG XL"),
        (34934, "JPEG XR"),
        (34661, "JBIG"),
        (12345, "an unknown method"),
    ],
)
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_a_compression_is_named(number: int, name: str, dtype: str) -> None:
    line = f"image x.tif is compressed with {name} ({number}), which is not read here; {DEFLATE}"
    assert refusal(tiff(dtype=dtype, t259=(number,))) == line
    assert refusal(tiff(C=3, dtype=dtype, t259=(number,))) == line


@pytest.mark.parametrize(
    ("C", "tags", "line"),
    [
        (1, {"t258": (24,)}, "has 24 bits per sample; save it with 8, 16 or 32"),
        (1, {"t339": (6,)}, "has complex samples; save their magnitudes, as floats"),
        (
            3,
            {"t258": (16, 8, 16)},
            "has samples of several kinds, of 16, 8, 16 bits; save them all as one kind",
        ),
        (3, {"t262": (8,)}, "has 16 bits per sample in Lab, which is read with 8; save it as RGB"),
        (
            4,
            {"t262": (5,), "t258": (32,)},
            "has 32 bits per sample in CMYK, which is read with 16; save it as RGB",
        ),
        (
            4,
            {"t262": (5,), "t258": (12,)},
            "has 12 bits per sample in CMYK, which is not read here; save it with 8",
        ),
        (
            1,
            {"t262": (3,), "t258": (32,), "t320": (0, 0, 0)},
            "has 32 bits per sample in palette, which is read with 16; save it as RGB",
        ),
        (
            1,
            {"t262": (3,), "t258": (8,), "t320": None},
            "is a palette picture without its palette; get the file whole again",
        ),
        (
            1,
            {"t262": (2,)},
            "has 1 of the samples of RGB alone; get the file whole again",
        ),
        (
            4,
            {"t262": (6,), "t258": (8,)},
            "has YCbCr with 4 samples, which is not read here; save it as RGB",
        ),
        (
            3,
            {"t262": (6,), "t258": (8,), "t284": (2,)},
            "has YCbCr in planes of several sizes, which is not read here; save it as RGB",
        ),
        (
            3,
            {"t262": (32845,)},
            "has colours of a kind (LogLuv) that is not read here; save it as RGB",
        ),
        (1, {"t262": (99,)}, "has colours of a kind (99) that is not read here; save it as RGB"),
        (
            1,
            {"t259": (7,), "t258": (12,)},
            f"is compressed with JPEG of 12 bits, which is not read here; {DEFLATE}",
        ),
        (
            1,
            {"t259": (7,)},
            f"is compressed with lossless JPEG of 16 bits, which is not read here; {DEFLATE}",
        ),
        (1, {"t317": (9,)}, "has the unknown predictor 9; save it without"),
        (1, {"t317": (3,)}, "has the unknown predictor 3; save it without"),
        (1, {"t258": (12,), "t317": (2,)}, "has the unknown predictor 2; save it without"),
        (
            1,
            {"t259": (4,)},
            "has samples of 16 bits, 1 together, in a compression for others; get the file whole "
            "again",
        ),
    ],
)
@pytest.mark.parametrize("planar", [False, True])
def test_samples_and_colours_are_named(
    C: int, tags: dict[str, Any], line: str, planar: bool
) -> None:
    compression = "deflate" if "t317" in tags else "none"
    data = tiff(C, "u2", planar=planar, compression=compression, **tags)
    assert refusal(data) == f"image x.tif {line}"


def test_a_page_that_is_whole_but_for_its_bytes_is_not_blamed_on_its_kind() -> None:
    file = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(file, "TIFF", compression="jpeg")
    data = bytearray(file.getvalue())
    data[20:] = data[20:].replace(b"\xff\xda", b"\x00\x00")
    (source,) = read_images(io.BytesIO(bytes(data)), "x.tif", max_pixels=10_000)
    with pytest.raises(ImageError, match="does not decode"):
        list(source.blocks([(0, 64)]))
