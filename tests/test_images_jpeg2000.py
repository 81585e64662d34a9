"""JPEG 2000 of any bits: as bright as the same numbers in a PGM."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.errors import ImageError
from edgecli.images.jpeg2000 import read_images
from edgecli.rows.base import Source

Pixels = NDArray[Any]


def jpeg2000(numbers: Pixels, bits: int) -> bytes:
    """Return numbers losslessly compressed, with so many bits for their depth.

    Pillow writes 8 or 16. A file stores each number less half of its depth's range.
    """
    whole = 8 if bits <= 8 else 16
    moved = numbers.astype(int) + 2 ** (whole - 1) - 2 ** (bits - 1)
    file = io.BytesIO()
    image = Image.fromarray(moved.astype(f"u{whole // 8}"))
    image.save(file, "JPEG2000", no_jp2=True, irreversible=False, mct=0)
    data = bytearray(file.getvalue())
    at = data.index(b"\xff\x51") + 40
    for channel in range(1 if numbers.ndim == 2 else numbers.shape[2]):
        assert data[at + 3 * channel] == whole - 1
        data[at + 3 * channel] = bits - 1
    return bytes(data)


def read(data: bytes, **options: Any) -> tuple[Source, Pixels]:
    (source,) = read_images(io.BytesIO(data), "x.j2k", max_pixels=10**6, **options)
    (rows,) = source.blocks([(0, source.shape[0])])
    assert (rows.shape, rows.dtype) == (source.shape, source.dtype)
    return source, rows


def spread(numbers: Pixels, bits: int) -> Pixels:
    full = 255 if bits <= 8 else 65535
    rounded: Pixels = np.floor(numbers * full / (2**bits - 1) + 0.5)
    return rounded.astype("u1" if bits <= 8 else "u2")


@pytest.mark.parametrize("bits", [2, 3, 5, 7, 8, 9, 10, 12, 14, 15, 16])
def test_white_is_white_whatever_the_bits(bits: int) -> None:
    numbers = np.random.default_rng(bits).integers(0, 2**bits, (40, 50))
    numbers[0, :2] = 0, 2**bits - 1
    source, rows = read(jpeg2000(numbers, bits))
    np.testing.assert_array_equal(rows[:, :, 0], spread(numbers, bits), strict=True)
    assert source.info.dtype == rows.dtype.name


@pytest.mark.parametrize("bits", [5, 8])
def test_colours_are_spread_too(bits: int) -> None:
    numbers = np.random.default_rng(bits).integers(0, 2**bits, (40, 50, 3))
    _, rows = read(jpeg2000(numbers, bits))
    np.testing.assert_array_equal(rows, spread(numbers, bits))
    _, grey = read(jpeg2000(numbers, bits), grey=True)
    assert grey.shape[2] == (1 if bits == 8 else 3)


def test_more_bits_than_pillow_keeps_are_refused() -> None:
    data = bytearray(jpeg2000(np.zeros((8, 8), int), 16))
    data[data.index(b"\xff\x51") + 40] = 23
    with pytest.raises(ImageError, match=r"x\.j2k has 24 bits per sample, of which Pillow keeps"):
        read(bytes(data))
