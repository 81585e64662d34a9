"""What is not read of a TIFF is refused by its name, with what to do."""

from __future__ import annotations

import io
import struct
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
        (50001, "WebP"),
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
        (
            17,
            {"t262": (1,)},
            "has 17 bands, more than the 16 that are read here; take one: gdal_translate -b 1 "
            "IN.tif OUT.tif",
        ),
        (4, {"t262": (5,)}, "has 16 bits per sample in CMYK, which is read with 8; save it as RGB"),
        (
            1,
            {"t262": (3,), "t320": (0,) * (3 << 16)},
            "has 16 bits per sample in palette, which is read with 8; save it as RGB",
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
            "is compressed with JPEG of 12 bits, which is not read here; use deflate",
        ),
        (1, {"t317": (9,)}, "has the unknown predictor 9; save it without"),
    ],
)
@pytest.mark.parametrize("planar", [False, True])
def test_samples_and_colours_are_named(
    C: int, tags: dict[str, Any], line: str, planar: bool
) -> None:
    compression = "deflate" if "t317" in tags else "none"
    data = tiff(C, "u2", planar=planar, compression=compression, **tags)
    assert refusal(data) == f"image x.tif {line}"


def test_gaps_in_what_pillow_decodes_are_named() -> None:
    data = tiff(t262=(3,), t320=(0,) * 768, t273=(0, 0), compression="deflate")
    assert refusal(data).startswith("image x.tif has tiles that were never written")


def test_what_pillow_does_not_know_is_said_to_be_so() -> None:
    """It takes the head of a big-endian BigTIFF for a classic one's."""
    tags = {256: 8, 257: 1, 258: 1, 259: 1, 262: 1, 273: 8, 277: 1, 278: 1, 279: 1}
    entries = [struct.pack(">HHQQ", tag, 16, 1, value) for tag, value in tags.items()]
    data = struct.pack(">2sHHHQQ", b"MM", 43, 8, 0, 16, len(tags)) + b"".join(entries) + bytes(8)
    assert refusal(data) == (
        "image x.tif is a TIFF of a kind that Pillow does not know; save it as grey or RGB of 8 "
        "bits"
    )


def test_a_page_that_is_whole_but_for_its_bytes_is_not_blamed_on_its_kind() -> None:
    file = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(file, "TIFF", compression="jpeg")
    data = bytearray(file.getvalue())
    data[20:] = data[20:].replace(b"\xff\xda", b"\x00\x00")
    assert "does not decode" in refusal(bytes(data))
