"""One image that Pillow has opened: what it may hold, decoded, and handed out in rows.

Pillow decodes an image whole. Here it is decoded once and turned into rows a few at a time, so
that there is never a second copy of it. Samples of more than 8 bits are never cut to 8.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, cast

import numpy as np
from PIL import Image, ImageFile

from edgecli.errors import ImageError
from edgecli.images.limits import check_pixels, image_name
from edgecli.images.pillow_guard import copy_rows, guarded
from edgecli.images.pillow_headers import (
    WIDE_TYPES,
    bits_cut,
    decoder_names,
    dots_per_inch,
    exif_orientation,
    milliseconds,
)
from edgecli.rows.base import ImageInfo, Rows

# Pillow's modes of 8 bits: the mode that rows are turned into, without and with transparency.
_ROW_MODES = {
    "1": ("L", "LA"),
    "L": ("L", "LA"),
    "P": ("RGB", "RGBA"),
    "RGB": ("RGB", "RGBA"),
    **dict.fromkeys(("LA", "La"), ("LA", "LA")),
    **dict.fromkeys(("PA", "RGBA", "RGBa"), ("RGBA", "RGBA")),
    **dict.fromkeys(("RGBX", "CMYK", "YCbCr", "LAB", "HSV"), ("RGB", "RGB")),
}
_LUMA_MODES = {"RGB", "P", "YCbCr"}  # those that Pillow turns into luma by the same formula


def check_decodable(
    image: ImageFile.ImageFile, stream: BinaryIO, name: str, max_pixels: int
) -> None:
    """Raise ImageError for an image that is too large, or that Pillow would shorten."""
    check_pixels(name, image.width * image.height, max_pixels)
    if image.mode not in _ROW_MODES | WIDE_TYPES:
        raise ImageError(f"image {name} has pixels of the kind {image.mode}; convert it to PNG")
    if bits := bits_cut(image, stream):
        raise ImageError(cut_message(name, bits, len(image.getbands())))


def cut_message(name: str, bits: int, channels: int) -> str:
    """Return the refusal to decode samples that would lose some of their bits."""
    return (
        f"image {name} has {bits} bits per sample in {channels} channels, which cannot be decoded "
        "without loss here; convert it to PNG or PNM"
    )


def decoded(image: ImageFile.ImageFile, path: str, frame: int, *, grey: bool) -> PillowSource:
    """Decode an image that was opened; it is turned into rows later."""
    shape = (image.height, image.width, len(image.getbands()))
    stored = {"1": "bool", **WIDE_TYPES}.get(image.mode, "uint8")
    if grey and image.mode == "RGB":
        image.draft("L", image.size)  # only a JPEG's decoder heeds it
    _spread_transparency(image)
    image.load()
    info = ImageInfo(
        path,
        image.format or "unknown",
        shape,
        stored,
        dots_per_inch(image.info.get("dpi")),
        exif_orientation(image),
        frame,
        milliseconds(image.info.get("duration")),
    )
    return PillowSource(image, info, grey=grey)


class PillowSource:
    """A decoded image, turned into rows a few at a time."""

    def __init__(self, image: Image.Image, info: ImageInfo, *, grey: bool = False) -> None:
        self.info = info
        self._name = image_name(info.path, info.frame)
        self._image = image
        self._mode, self.dtype = _row_mode(image, grey=grey)
        # Pillow has no 16-bit grey with alpha: a transparent grey becomes alpha here
        self._transparent = image.info.get("transparency") if self.dtype == np.uint16 else None
        channels = Image.getmodebands(self._mode) + (self._transparent is not None)
        self.shape = (image.height, image.width, channels)

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        """Yield rows ``[start, stop)`` for each range; see ``Source.blocks``."""
        for start, stop in ranges:
            rows = np.empty((stop - start, *self.shape[1:]), self.dtype)
            with guarded(self._name, self._image.width * self._image.height):
                copy_rows(self._image, self._mode, start, rows[..., : self._colours])
            if self._transparent is not None:
                rows[..., 1] = np.where(rows[..., 0] == self._transparent, 0, 65535)
            yield rows

    def close(self) -> None:
        """Let go of the pixels."""
        self._image = Image.new("L", (1, 1))

    @property
    def _colours(self) -> int:
        """Channels that come from Pillow."""
        return Image.getmodebands(self._mode)


def _row_mode(image: Image.Image, *, grey: bool) -> tuple[str, np.dtype[Any]]:
    """Return the mode that rows of an image are turned into, and their type."""
    if image.mode == "I":
        low, high = cast(tuple[int, int], image.getextrema())
        return "I", np.dtype("uint16" if low >= 0 and high <= 65535 else "int32")
    if image.mode in WIDE_TYPES:
        return image.mode, np.dtype(WIDE_TYPES[image.mode])
    opaque, transparent = _ROW_MODES[image.mode]
    mode = transparent if image.has_transparency_data else opaque
    return "L" if grey and mode == "RGB" and image.mode in _LUMA_MODES else mode, np.dtype("uint8")


def _spread_transparency(image: ImageFile.ImageFile) -> None:
    """Scale the transparent grey of a PNG of 1, 2 or 4 bits as Pillow scales the pixels."""
    scale = {"1": 255, "L;2": 255 // 3, "L;4": 255 // 15}.get(decoder_names(image)[-1])
    if image.format == "PNG" and scale and "transparency" in image.info:
        image.info["transparency"] = min(image.info["transparency"] * scale, 255)
