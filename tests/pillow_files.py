"""Pictures in Pillow's formats, and how tests read them back."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

import numpy as np
import PIL
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from edgecli.images import pipes, readers
from edgecli.rows.base import Source

Pixels = NDArray[Any]
LIMIT = 2**31
HEIGHT, WIDTH = 30, 43

SINCE_13 = pytest.mark.skipif(
    int(PIL.__version__.split(".")[0]) < 13, reason="Pillow 12 does not read it"
)


def scene(height: int = HEIGHT, width: int = WIDTH) -> Image.Image:
    """Return smooth colours with some noise, so that every codec has work."""
    y, x = np.mgrid[:height, :width]
    planes = [127 + 120 * np.sin(x / 9 + shift) * np.cos(y / 7 - shift) for shift in range(3)]
    noise = np.random.default_rng(0).integers(0, 8, (height, width, 3))
    return Image.fromarray(np.clip(np.stack(planes, 2) + noise, 0, 255).astype(np.uint8))


def as_mode(image: Image.Image, mode: str) -> Image.Image:
    """Convert, with alpha that differs from pixel to pixel."""
    if mode == "LAB":
        return Image.merge("LAB", image.split())
    turned = image.convert(mode)
    if mode.endswith("A"):
        turned.putalpha(image.getchannel(1))
    return turned


def encode(image: Image.Image, format_: str, **options: Any) -> bytes:
    file = io.BytesIO()
    more = {"append_images": [one.copy() for one in options.pop("append_images", ())]}
    # copies, as Pillow leaves a format's settings in images that it saves
    image.copy().save(file, format_, **options, **more)
    return file.getvalue()


def read_images(file: BinaryIO, path: str, *, max_pixels: int, **options: bool) -> Iterator[Source]:
    """Yield the images of a file or a pipe as any command reads them."""
    stream = file if file.seekable() else cast(BinaryIO, pipes.Pipe(file))
    head = pipes.peek(stream, readers.HEAD)
    return readers.read_images(readers.Opened(head, stream, path, max_pixels, **options))


def read(data: bytes, **options: bool) -> Source:
    return next(sources_of(data, **options))


def sources_of(data: bytes, *, max_pixels: int = LIMIT, **options: bool) -> Iterator[Source]:
    """Yield the images of a file in memory."""
    return read_images(io.BytesIO(data), "x", max_pixels=max_pixels, **options)


def rows_of(source: Source) -> Pixels:
    (rows,) = source.blocks([(0, source.shape[0])])
    assert (rows.shape, rows.dtype) == (source.shape, source.dtype)
    return rows


def frames_of(data: bytes, max_pixels: int = LIMIT) -> list[Pixels]:
    return [rows_of(source) for source in sources_of(data, max_pixels=max_pixels, all_frames=True)]


def by_pillow(data: bytes, mode: str) -> Pixels:
    with Image.open(io.BytesIO(data)) as image:
        pixels = np.asarray(image.convert(mode))
    return pixels.reshape(*pixels.shape[:2], -1)


SHOWN = [scene(), scene().rotate(180), ImageOps.mirror(scene())]
"""The frames of animations."""


def psd(image: Image.Image) -> bytes:
    """Return a Photoshop file of the composite alone, which Pillow does not write."""
    header = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, image.height, image.width, 8, 3)
    planes = b"".join(channel.tobytes() for channel in image.split())
    return header + bytes(12) + bytes(2) + planes  # no palette, resources, layers, compression


class Pipe(io.RawIOBase):
    """Bytes that can be read once and not sought."""

    def __init__(self, data: bytes) -> None:
        self._rest = io.BytesIO(data)
        self.given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._rest.readinto(memoryview(buffer)[:1000])
        self.given += count
        return count


class OneWay(io.BytesIO):
    """A file that can only be appended to."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: object) -> int:
        raise io.UnsupportedOperation

    tell = seek
