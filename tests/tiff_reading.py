"""TIFF files in memory, read whole as ``detect`` reads them."""

from __future__ import annotations

import io
from typing import Any

from numpy.typing import NDArray

from edgecli.images.tiff.reading import read_images
from edgecli.rows.base import Source


def read(data: bytes, max_pixels: int = 2**31) -> Source:
    """Return the one page of a file."""
    (source,) = read_images(io.BytesIO(data), "x.tif", max_pixels=max_pixels)
    return source


def whole(data: bytes) -> NDArray[Any]:
    """Return all rows of a page, which are of the shape and type that it announces."""
    source = read(data)
    (rows,) = source.blocks([(0, source.shape[0])])
    assert (rows.shape, rows.dtype) == (source.shape, source.dtype)
    return rows
