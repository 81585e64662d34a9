"""Which TIFF pages are read truly, which are left to Pillow, and which are refused."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.errors import ImageError
from edgecli.images.streams import ForwardReader
from edgecli.images.tiff.directories import read_directories
from edgecli.images.tiff.layout import Layout, page_layout
from tests.tiff_files import make_tiff


def pixels(C: int = 1, dtype: str = "u2") -> NDArray[Any]:
    return np.arange(20 * C).reshape(4, 5, C).astype(dtype)


def layout(data: bytes, max_pixels: int = 2**31) -> Layout:
    file = io.BytesIO(data)
    (directory,) = read_directories(file, "x.tif")
    return page_layout(directory, ForwardReader(file, "x.tif"), max_pixels)


def test_a_strip_is_a_tile_as_wide_as_the_image() -> None:
    found = layout(make_tiff(pixels(3), tile=(3, None)))
    assert (found.tiles.width, found.tiles.heights, found.across) == (5, (3, 1), 1)
    assert (found.row_bytes, found.planes, found.taken, found.alpha) == (30, 1, (0, 1, 2), None)


def test_tiles_keep_their_size_at_the_edges() -> None:
    found = layout(make_tiff(pixels(3), tile=(16, 16), planar=True))
    assert (found.tiles.width, found.tiles.heights, found.across) == (16, (16,), 1)
    assert (found.row_bytes, found.planes, found.tile_samples) == (32, 3, 1)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"t256": None}, "is a TIFF without a size"),
        ({"t257": (0,)}, "is a TIFF without a size"),
        ({"t277": (0,)}, "is a TIFF without a size"),
        ({"t278": (0,)}, "is a TIFF without all of its strips or tiles"),
        ({"t273": None}, "is a TIFF without all of its strips or tiles"),
        ({"t273": (8,)}, "is a TIFF without all of its strips or tiles"),
        ({"t257": (2**31,), "t256": (1,)}, "is a TIFF without all of its strips or tiles"),
        ({"t256": (70000,), "t257": (70000,)}, "has 4,900,000,000 pixels, more than the limit 2"),
        ({"t284": (2,), "t277": (2,), "t258": (16, 16)}, "has 2 strips or tiles of 4"),
    ],
)
def test_a_page_that_cannot_be_is_one_clear_line(tags: dict[str, Any], message: str) -> None:
    with pytest.raises(ImageError) as caught:
        layout(make_tiff(pixels(), **tags))
    assert str(caught.value).startswith(f"image x.tif {message}")


def test_compressed_strips_need_their_sizes() -> None:
    with pytest.raises(ImageError, match="has 0 strips or tiles of 2"):
        layout(make_tiff(pixels(), compression="deflate", t279=None))
    assert layout(make_tiff(pixels(), t279=None)) is not None


def test_tiles_may_not_be_larger_than_any_image() -> None:
    data = make_tiff(pixels(), tile=(16, 16), t322=(2**20,), t323=(2**20,))
    with pytest.raises(ImageError, match="has tiles of 1,099,511,627,776 pixels; raise --max-pix"):
        layout(data)
    assert layout(make_tiff(pixels(), tile=(16, 16)), max_pixels=20) is not None


def test_the_limit_is_checked_first() -> None:
    file = io.BytesIO()
    Image.new("P", (50, 40)).save(file, "TIFF")
    assert layout(file.getvalue(), max_pixels=2000).shape == (40, 50, 1)
    with pytest.raises(ImageError, match=r"has 2,000 pixels, more than the limit 1,999"):
        layout(file.getvalue(), max_pixels=1999)


def test_a_page_without_a_word_on_its_colours_is_taken_for_what_it_holds() -> None:
    assert layout(make_tiff(pixels(), t262=None)).photometric == 1
    assert layout(make_tiff(pixels(3), t262=None)).photometric == 2
    fax = layout(make_tiff(pixels(), t262=None, t258=(1,), t259=(4,)))
    assert fax.photometric == 0


def test_only_what_predicts_has_a_predictor() -> None:
    assert layout(make_tiff(pixels(), compression="deflate", t317=(2,))).predictor == 2
    assert layout(make_tiff(pixels(), t317=(2,))).predictor == 1
    assert layout(make_tiff(pixels(), t317=(9,))).predictor == 1
