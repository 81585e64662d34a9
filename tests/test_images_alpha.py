"""A picture that is wholly transparent is never silent."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from edgecli.images.alpha import watched
from edgecli.rows.arrays import ArraySource
from tests.pillow_files import Pixels, encode, read, rows_of

TRANSPARENT = ["is wholly transparent, so that nothing of it is seen but the background"]


def notes_after(picture: Pixels, ranges: list[tuple[int, int]]) -> list[str]:
    source = watched(ArraySource.of(picture))
    for (start, stop), block in zip(ranges, source.blocks(ranges), strict=True):
        assert (block == picture[start:stop]).all()
    return source.info.notes


@pytest.mark.parametrize("C", [2, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_it_is_told_when_the_last_row_has_passed(C: int, dtype: type) -> None:
    picture: Pixels = np.ones((6, 3, C), dtype)
    picture[..., -1] = 0
    assert notes_after(picture, [(0, 4), (2, 5)]) == []
    assert notes_after(picture, [(0, 4), (2, 6)]) == TRANSPARENT
    assert notes_after(picture, [(0, 3), (4, 6)]) == []  # a row that nobody saw
    picture[5, 2, -1] = 1
    assert notes_after(picture, [(0, 4), (2, 6)]) == []


@pytest.mark.parametrize("C", [1, 3])
def test_pictures_without_alpha_are_not_watched(C: int) -> None:
    source = ArraySource.of(np.zeros((6, 3, C), np.uint8))
    assert watched(source) is source


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "TIFF", "GIF"])
def test_formats_of_true_alpha_stay_transparent(format_: str) -> None:
    options = {"lossless": True, "exact": True} if format_ == "WEBP" else {}
    source = read(encode(Image.new("RGBA", (9, 5), (200, 9, 8, 0)), format_, **options))
    assert not rows_of(source)[..., 3].any()
    assert source.info.notes == TRANSPARENT
