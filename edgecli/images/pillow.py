"""Every other format, through Pillow: rare PNGs, JPEG, WebP, TIFF, BMP, GIF and more.

TIFFs go page by page through ``pillow_tiff``; all others are images, or frames of animations, that
``pillow_source`` decodes.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from typing import BinaryIO

from PIL import ImageFile, UnidentifiedImageError

from edgecli.images import magic
from edgecli.images.limits import image_name
from edgecli.images.pillow_guard import guarded, is_known, open_image
from edgecli.images.pillow_source import check_decodable, decoded
from edgecli.rows.base import Source

_MOVING = {"GIF", "WEBP", "PNG", "AVIF", "MPO"}


def read_images(
    file: BinaryIO, path: str, *, max_pixels: int, grey: bool = False, all_frames: bool = False
) -> Iterator[Source]:
    """Yield the first image of a file, or every frame or page of it, as rows of pixels.

    Sources have 1 to 4 channels of uint8, uint16, int16, int32 or float32: palettes become RGB,
    bilevel images 0 and 255, CMYK, YCbCr and Lab RGB; transparency becomes alpha. Frames of
    animations are composed as they are shown. ``grey`` allows decoding luma alone. The size is
    checked before pixels are decoded. A stream that cannot seek is read whole. Each source must be
    read before the next is asked for. Raises ImageError for whatever is wrong with the file.
    """
    with guarded(path, max_pixels):
        stream, head = _seekable(file)
    if head.startswith(magic.TIFF):
        from edgecli.images.pillow_tiff import read_pages

        sources = read_pages(stream, path, max_pixels, grey=grey)
    else:
        sources = _frames(stream, path, max_pixels, grey=grey, all_frames=all_frames)
    yield from sources if all_frames else itertools.islice(sources, 1)


def _seekable(file: BinaryIO) -> tuple[BinaryIO, bytes]:
    """Return a stream that can seek, and its first bytes; a pipe is only read on if they fit."""
    if file.seekable():
        file.seek(0)
        return file, file.read(16)
    head = file.read(16)
    if not is_known(head):
        raise UnidentifiedImageError
    return io.BytesIO(head + file.read()), head


def _frames(
    stream: BinaryIO, path: str, max_pixels: int, *, grey: bool, all_frames: bool
) -> Iterator[Source]:
    with guarded(path, max_pixels):
        image = open_image(stream)
    # The default image of some animated PNGs is for viewers that cannot show the animation.
    first = 1 if all_frames and getattr(image, "default_image", False) else 0
    for number in itertools.count():
        name = image_name(path, number)
        with guarded(name, max_pixels):
            if not _show(image, first + number):
                return
            check_decodable(image, stream, name, max_pixels)
            source = decoded(image, path, number, grey=grey)
        yield source


def _show(image: ImageFile.ImageFile, frame: int) -> bool:
    """Go to a frame; False after the last."""
    if frame == 0:
        return True
    if image.format not in _MOVING:
        return False
    try:
        image.seek(frame)
    except EOFError:
        return False
    return True
