"""TIFF: deep samples by ``tiff_samples``, the others page by page through Pillow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from PIL import TiffImagePlugin, UnidentifiedImageError

from edgecli.errors import ImageError
from edgecli.images.limits import image_name
from edgecli.images.orientation import oriented
from edgecli.images.pillow_guard import guarded, open_image
from edgecli.images.pillow_source import PillowSource, check_decodable, cut_message, decoded
from edgecli.images.tiff import Directory, Tag, read_directories
from edgecli.images.tiff_samples import tiff_source
from edgecli.records import replace
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import Source

FORMATS = (TiffImagePlugin.TiffImageFile.format,)


def read_pages(stream: BinaryIO, path: str, max_pixels: int, *, grey: bool) -> Iterator[Source]:
    """Yield every page of a TIFF, which must be read before the next is asked for."""
    for number, directory in enumerate(read_directories(stream, path)):
        source = tiff_source(stream, path, directory, number, max_pixels)
        yield source or _tiff_by_pillow(stream, path, directory, number, max_pixels, grey=grey)


def _tiff_by_pillow(
    stream: BinaryIO, path: str, directory: Directory, number: int, max_pixels: int, *, grey: bool
) -> Source:
    """Decode a page whose samples have 8 bits or less, and leave it as it is stored."""
    name = image_name(path, number)
    bits, samples = max(directory.tags.get(Tag.BITS, (1,))), directory.value(Tag.SAMPLES, 1)
    with guarded(name, max_pixels):
        try:
            image = open_image(stream, FORMATS)
            image.seek(number)
        except UnidentifiedImageError as error:
            raise ImageError(cut_message(name, bits, samples)) from error
        check_decodable(image, stream, name, max_pixels)
        source = decoded(image, path, number, grey=grey)
        info = replace(source.info, dpi=directory.dpi, orientation=directory.orientation)
        if info.orientation == 1:
            return PillowSource(image, info, grey=grey)
        # Pillow has turned the image upright, which is for the caller to choose
        (upright,) = source.blocks([(0, source.shape[0])])
        stored = oriented(upright, {6: 8, 8: 6}.get(info.orientation, info.orientation))
        return ArraySource(stored, replace(info, shape=(*stored.shape[:2], info.shape[2])))
