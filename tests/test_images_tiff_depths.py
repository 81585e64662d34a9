"""TIFF samples that do not fill bytes: as bright as the same numbers in a PGM."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgecli.images import netpbm
from tests.tiff_files import make_tiff
from tests.tiff_reading import whole

Pixels = NDArray[Any]


def packed(numbers: Pixels, bits: int) -> Pixels:
    """Return rows of numbers as bytes, ``(H, bytes, 1)``, the most significant bit first."""
    rows = []
    for row in numbers.reshape(len(numbers), -1):
        digits = "".join(f"{number:0{bits}b}" for number in row)
        digits += "0" * (-len(digits) % 8)
        rows.append([int(digits[at : at + 8], 2) for at in range(0, len(digits), 8)])
    return np.array(rows, np.uint8)[:, :, np.newaxis]


def packed_tiff(numbers: Pixels, bits: int, **options: Any) -> bytes:
    _, W, C = numbers.shape
    options = {"t262": (2 if C >= 3 else 1,)} | options
    return make_tiff(
        packed(numbers, bits), t256=(W,), t258=(bits,) * C, t277=(C,), t339=None, **options
    )


def pgm_of(numbers: Pixels, bits: int) -> Pixels:
    """Return the same numbers read from a PGM of the same white."""
    H, W, C = numbers.shape
    head = f"P2 {W * C} {H} {2**bits - 1} " + " ".join(map(str, numbers.ravel()))
    source = netpbm.read_image(io.BytesIO(head.encode()), "x.pgm", max_pixels=2**31)
    (rows,) = source.blocks([(0, H)])
    return rows.reshape(numbers.shape)


@pytest.mark.parametrize("C", [1, 3])
@pytest.mark.parametrize("compression", ["none", "deflate"])
@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15])
def test_white_is_white_whatever_the_bits(bits: int, compression: str, C: int) -> None:
    numbers = np.random.default_rng(bits).integers(0, 2**bits, (9, 7, C))
    numbers[0, 0] = 2**bits - 1
    expected = pgm_of(numbers, bits)
    assert expected.max() == np.iinfo(expected.dtype).max
    found = whole(packed_tiff(numbers, bits, compression=compression))
    np.testing.assert_array_equal(found, expected, strict=True)


def test_packed_tiles_fill_their_type_too() -> None:
    numbers = np.random.default_rng(0).integers(0, 4096, (16, 32, 1))
    halves = np.concatenate([packed(numbers[:, :16], 12), packed(numbers[:, 16:], 12)], axis=1)
    tags: dict[str, Any] = {"t256": (32,), "t258": (12,), "t322": (16,), "t339": None}
    data = make_tiff(halves, tile=(16, 24), **tags)
    np.testing.assert_array_equal(whole(data), pgm_of(numbers, 12), strict=True)


def test_colours_of_one_bit_are_read() -> None:
    numbers = np.random.default_rng(0).integers(0, 2, (5, 7, 3))
    assert (whole(packed_tiff(numbers, 1)) == 255 * numbers).all()


def test_white_is_zero_is_inverted_after_spreading() -> None:
    numbers = np.array([[[0], [4095], [1]]])
    assert whole(packed_tiff(numbers, 12, t262=(0,))).ravel().tolist() == [65535, 0, 65535 - 16]
