"""PNM as it is written: what others read, and what is read again."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.images.netpbm import PnmSink
from edgecli.rows.base import Sink
from tests.image_streams import images_in
from tests.pillow_files import rows_of

Pixels = NDArray[Any]


def decoded(data: bytes) -> list[Pixels]:
    return [rows_of(source) for source in images_in(data)]


def written(pictures: list[Pixels], cut: int = 2) -> bytes:
    file = io.BytesIO()
    for picture in pictures:
        in_colour = picture.shape[2] == 3
        sink: Sink = PnmSink(file, picture.shape, picture.dtype, in_colour=in_colour)
        for rows in (picture[:cut], picture[cut:]):
            sink.write(sink.encode(rows))
        sink.finish()
    return file.getvalue()


def picture_of(channels: int, dtype: str, shape: tuple[int, int] = (3, 5)) -> Pixels:
    random = np.random.default_rng(channels)
    return random.integers(0, np.iinfo(dtype).max + 1, (*shape, channels)).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_written_is_read_again(channels: int, dtype: str) -> None:
    pictures = [picture_of(channels, dtype), picture_of(channels, dtype, (1, 1))]
    for found, picture in zip(decoded(written(pictures)), pictures, strict=True):
        assert found.dtype == picture.dtype
        np.testing.assert_array_equal(found, picture)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [1, 3])
def test_others_read_what_is_written(channels: int, dtype: str) -> None:
    picture = picture_of(channels, dtype)
    data = written([picture])
    by_opencv = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert by_opencv is not None
    np.testing.assert_array_equal(by_opencv.reshape(picture.shape), picture[:, :, ::-1])
    if (channels, dtype) != (3, "uint16"):  # Pillow has no mode for it
        by_pillow = np.asarray(Image.open(io.BytesIO(data)))
        np.testing.assert_array_equal(by_pillow.reshape(picture.shape), picture)


def test_eight_bit_rows_are_written_from_their_own_memory() -> None:
    picture = picture_of(3, "uint8")
    sink = PnmSink(io.BytesIO(), picture.shape, picture.dtype, in_colour=True)
    assert np.shares_memory(np.frombuffer(sink.encode(picture), np.uint8), picture)
    assert bytes(sink.encode(picture[:, ::2])) == picture[:, ::2].tobytes()


def test_grey_rows_of_an_image_in_colour_are_repeated() -> None:
    sink = PnmSink(io.BytesIO(), (1, 2, 1), np.dtype(np.uint8), in_colour=True)
    assert bytes(sink.encode(np.array([[[1], [2]]], np.uint8))) == b"\1\1\1\2\2\2"
