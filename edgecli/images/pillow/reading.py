"""Every other format, through Pillow: animated PNG, JPEG, WebP, BMP and rarer ones.

An image is decoded whole and turned into rows a few at a time, so that there is never a second copy
of it. Samples of more than 8 bits are never cut to 8, as Pillow does to 48-bit PNGs, 16-bit SGI,
10-bit AVIF and 12-bit colour JPEG 2000: those are refused. TIFF is ``tiff``'s.
"""

from __future__ import annotations

import io
import itertools
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, cast

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from edgecli.errors import ImageError
from edgecli.images import mending
from edgecli.images.jpeg.warnings import watch
from edgecli.images.limits import MORE_FRAMES, check_pixels, image_name
from edgecli.images.pillow.guard import copy_rows, guarded, is_known, open_image
from edgecli.images.pillow.holding import held_bytes
from edgecli.images.profiles import rgb_profile
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import ImageInfo, Rows, Source

_ORIENTATION = 274  # the tag of EXIF and TIFF
_ANIMATED = {"WEBP", "PNG", "AVIF"}
_COLOURED = {"P", "RGB", "RGBA", "RGBa", "PA"}  # modes that an RGB profile is of
_LATE = {"WEBP", "AVIF", "JPEG", "MPO", "JPEG2000"}  # all is known of these before they are decoded
_MOVING = _ANIMATED | {"MPO"}  # formats of several frames; a photo's may hold no other picture

# Pillow's modes of more than 8 bits, and the types that hold them.
WIDE_TYPES = dict.fromkeys(("I;16", "I;16L", "I;16B", "I;16N"), "uint16")
WIDE_TYPES |= {"I": "int32", "F": "float32"}
# Pillow's modes of 8 bits: the mode that rows are turned into, without and with transparency.
_ROW_MODES = {
    **dict.fromkeys(("1", "L"), ("L", "LA")),
    **dict.fromkeys(("P", "RGB"), ("RGB", "RGBA")),
    **dict.fromkeys(("LA", "La"), ("LA", "LA")),
    **dict.fromkeys(("PA", "RGBA", "RGBa"), ("RGBA", "RGBA")),
    **dict.fromkeys(("RGBX", "CMYK", "YCbCr", "LAB", "HSV"), ("RGB", "RGB")),
}
_LUMA_MODES = {"RGB", "P", "YCbCr"}  # Pillow turns these into luma by our formula


def read_images(
    file: BinaryIO,
    path: str,
    *,
    max_pixels: int,
    grey: bool = False,
    all_frames: bool = False,
    unread: bool = False,
) -> Iterator[Source]:
    """Yield the first image of a file, or every frame of it, as rows of pixels.

    Sources have 1 to 4 channels of uint8, uint16, int16, int32 or float32: palettes, CMYK, YCbCr
    and Lab become RGB, bilevel images 0 and 255, transparency alpha. Frames of animations are
    composed as they are shown. ``grey`` allows decoding luma alone. With ``unread`` pixels are
    decoded only where rows are asked for, and what shows in them is not told. A stream that cannot
    seek is read whole. Each source must be read before the next is asked for. Raises ImageError for
    whatever is wrong with the file.
    """
    with guarded(path, max_pixels):
        stream = _seekable(file)
    sources = _frames(stream, path, max_pixels, grey=grey, all_frames=all_frames, unread=unread)
    yield from sources if all_frames else itertools.islice(sources, 1)


def _seekable(file: BinaryIO) -> BinaryIO:
    """Return a stream that can seek; a pipe is read on if its first bytes are known."""
    if file.seekable():
        file.seek(0)
        return file
    head = file.read(18)
    if not is_known(head):
        raise UnidentifiedImageError
    return io.BytesIO(head + file.read())


def _frames(
    stream: BinaryIO, path: str, max_pixels: int, *, grey: bool, all_frames: bool, unread: bool
) -> Iterator[Source]:
    with guarded(path, max_pixels):
        image = open_image(stream)
        _spread_transparency(image)
    # The default image of some animated PNGs is for viewers that cannot show the animation.
    first = 1 if all_frames and getattr(image, "default_image", False) else 0
    for number in itertools.count():
        with guarded(image_name(path, number), max_pixels):
            if not _show(image, first + number):
                return
            late = unread and image.format in _LATE
            source = decoded(image, stream, path, number, max_pixels, grey, late=late)
            if not all_frames and image.format in _ANIMATED and getattr(image, "n_frames", 1) > 1:
                source.info.notes.append(MORE_FRAMES)
        yield source


def _show(image: ImageFile.ImageFile, frame: int) -> bool:
    """Go to a frame; return False after the last."""
    if frame == 0:
        return True
    if image.format not in _MOVING:
        return False
    try:
        image.seek(frame)
    except EOFError:
        return False
    return True


def _would_be_cut(name: str, bits: int, channels: int) -> ImageError:
    """Return the error of samples that would lose some of their bits."""
    return ImageError(
        f"image {name} has {bits} bits per sample in {channels} channels, which cannot be decoded "
        "without loss here; convert it to PNG or PNM"
    )


def decoded(
    image: ImageFile.ImageFile,
    stream: BinaryIO,
    path: str,
    frame: int,
    max_pixels: int,
    grey: bool,
    *,
    late: bool = False,
) -> PillowSource:
    """Decode an image that was opened, or let it be decoded ``late``, when rows are asked for.

    ImageError if it is too large, or would be shortened.
    """
    name, channels = image_name(path, frame), len(image.getbands())
    check_pixels(name, image.width * image.height, max_pixels)
    if bits := bits_cut(image, stream):
        raise _would_be_cut(name, bits, channels)
    shape = (image.height, image.width, channels)
    stored = {"1": "bool", **WIDE_TYPES}.get(image.mode, "uint8")
    if grey and image.mode == "RGB":
        image.draft("L", image.size)  # only a JPEG's decoder heeds it
    count_warnings, notes = watch(image), _others_in(image)
    held = held_bytes(image)
    picture = image if late else mending.load(image, stream, notes)
    dpi, orientation = dots_per_inch(image.info.get("dpi")), exif_orientation(image)
    duration, format_ = milliseconds(image.info.get("duration")), image.format or "unknown"
    info = ImageInfo(
        path, format_, shape, stored, dpi, orientation, frame, duration, held=held, notes=notes,
        profile=rgb_profile(image.info.get("icc_profile")) if image.mode in _COLOURED else None,
    )  # fmt: skip
    return PillowSource(picture, info, grey=grey, warnings=count_warnings())


def of_pillow(image: Image.Image) -> ArraySource:
    """Return the rows of an image that a program holds, as a file's would be read."""
    shape = (image.height, image.width, len(image.getbands()))
    stored = {"1": "bool", **WIDE_TYPES}.get(image.mode, "uint8")
    info = ImageInfo("array", "array", shape, stored)
    (rows,) = PillowSource(image, info, grey=False).blocks([(0, image.height)])
    return ArraySource(rows, info)


def _others_in(image: ImageFile.ImageFile) -> list[str]:
    """Return a note on the pictures of an icon that are not taken."""
    sizes = image.info.get("sizes", ()) if image.format == "ICO" else ()
    size = f"{image.height}×{image.width}"
    return [f"has pictures of {len(sizes)} sizes, of which {size} is taken"] * (len(sizes) > 1)


class PillowSource:
    """A decoded image, turned into rows a few at a time.

    ``warnings`` counts those of libjpeg, or is None where nothing counts them.
    """

    def __init__(
        self, image: Image.Image, info: ImageInfo, *, grey: bool, warnings: int | None = None
    ) -> None:
        self.info, self._image, self.warnings = info, image, warnings
        if warnings:
            times = "once" if warnings == 1 else f"{warnings:,} times"
            info.notes.append(
                f"holds corrupt JPEG data (libjpeg warns {times}); parts of it may be wrong"
            )
        self._mode, self.dtype = _row_mode(image, grey=grey)
        # Pillow has no 16-bit grey with alpha: a transparent grey becomes alpha here
        self._transparent = image.info.get("transparency") if self.dtype == np.uint16 else None
        self._colours = Image.getmodebands(self._mode)
        self.shape = (image.height, image.width, self._colours + (self._transparent is not None))

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        """Yield rows ``[start, stop)`` for each range; see ``Source.blocks``."""
        for start, stop in ranges:
            rows = np.empty((stop - start, *self.shape[1:]), self.dtype)
            name = image_name(self.info.path, self.info.frame)
            with guarded(name, self._image.width * self._image.height):
                copy_rows(self._image, self._mode, start, rows[..., : self._colours])
            if self._transparent is not None:
                rows[..., 1] = np.where(rows[..., 0] == self._transparent, 0, 65535)
            yield rows

    def close(self) -> None:
        """Release the pixels."""
        self._image = Image.new("L", (1, 1))


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


# --- facts of headers, in this package's terms ----------------------------------------------------


def bits_cut(image: ImageFile.ImageFile, stream: BinaryIO) -> int:
    """Return the bits per sample of a file that Pillow would cut to 8, or 0 if it would not."""
    if image.mode in WIDE_TYPES:
        return 0
    for name in decoder_names(image):
        # BGR;16 is 5 + 6 + 5 bits in all, while RGB;16B and its like are 16 for each sample
        if name == "SGI16" or re.match(r"(?!BGR).*;16", name):
            return 16
    if image.format not in {"AVIF", "JPEG2000"}:
        return 0
    position = stream.tell()
    stream.seek(0)
    head = stream.read(1 << 16)
    bits = _av1_bits(head) if image.format == "AVIF" else max(jpeg2000_depths(head), default=8)
    stream.seek(position)
    return bits if bits > 8 else 0


def decoder_names(image: ImageFile.ImageFile) -> list[str]:
    """Return Pillow's names of the decoders for an image, and of how its samples are stored."""
    names = [""]
    for decoder, _, _, arguments in image.tile:
        given = arguments if isinstance(arguments, tuple) else (arguments,)
        names += [name for name in (decoder, *given) if isinstance(name, str)]
    return names


def _av1_bits(head: bytes) -> int:
    """Return the bits per sample from an AVIF's AV1CodecConfigurationBox (AV1-ISOBMFF, 2.3.3)."""
    at = head.find(b"av1C")
    flags = head[at + 6] if 0 <= at < len(head) - 6 else 0
    is_high, is_twelve = flags & 0x40, flags & 0x20
    return (12 if is_twelve else 10) if is_high else 8


def jpeg2000_depths(head: bytes) -> list[int]:
    """Return the bits of each component from a JPEG 2000's SIZ segment (ISO 15444-1, A.5.1)."""
    at = head.find(b"\xff\x4f\xff\x51")
    components = int.from_bytes(head[at + 40 : at + 42]) if at >= 0 else 0
    return [(depth & 0x7F) + 1 for depth in head[at + 42 : at + 42 + 3 * components : 3]]


def dots_per_inch(stated: object) -> tuple[float, float] | None:
    """Return a resolution if it is two positive numbers."""
    try:
        across, down = (float(value) for value in cast(tuple[float, float], stated))
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (across, down) if 0 < across < math.inf and 0 < down < math.inf else None


def exif_orientation(image: Image.Image) -> int:
    """Return EXIF's 1 to 8, or 1 if there is none; call it when the pixels are loaded."""
    try:
        stated = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # the pixels are good, even if EXIF is not
        return 1
    return stated if isinstance(stated, int) and 1 <= stated <= 8 else 1


def milliseconds(stated: object) -> float | None:
    """Return a duration if it is a number."""
    return float(stated) if isinstance(stated, int | float) and math.isfinite(stated) else None
