"""Facts of image headers in this package's terms, above all the depth, which Pillow conceals.

Pillow opens 48-bit PNGs, 16-bit SGI, 10-bit AVIF and 12-bit colour JPEG 2000 as 8-bit images
without a word.
"""

from __future__ import annotations

import math
import re
from typing import BinaryIO, cast

from PIL import Image, ImageFile

_ORIENTATION = 274  # the tag of EXIF and TIFF

WIDE_TYPES = {
    **dict.fromkeys(("I;16", "I;16L", "I;16B", "I;16N"), "uint16"),
    "I": "int32",
    "F": "float32",
}
"""Pillow's modes of more than 8 bits, and the types that hold them."""


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
    bits = (_av1_bits if image.format == "AVIF" else _jpeg2000_bits)(stream.read(1 << 16))
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


def _jpeg2000_bits(head: bytes) -> int:
    """Return the most bits per sample from a JPEG 2000's SIZ segment (ISO 15444-1, A.5.1)."""
    at = head.find(b"\xff\x4f\xff\x51")
    components = int.from_bytes(head[at + 40 : at + 42]) if at >= 0 else 0
    depths = head[at + 42 : at + 42 + 3 * components : 3]
    return max(((depth & 0x7F) + 1 for depth in depths), default=8)


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
