"""What an image takes of memory that Pillow decodes: all of it is held at once.

Bytes for each pixel, as measured: what Pillow keeps, and what the library of a format takes until
it is done.
"""

from __future__ import annotations

from typing import Any

from PIL import ImageFile

_STORED = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}
_WIDEST = 4  # bytes of a pixel in every other mode

_CANVASES = 12
"""Of WebP: two canvases of libwebp's decoder of animations, which Pillow decodes all by, and the
bytes that it is given of one."""


def held_bytes(image: ImageFile.ImageFile) -> int:
    """Return about how many bytes an image takes while it is decoded, its file not counted."""
    stored, channels = _STORED.get(image.mode, _WIDEST), len(image.getbands())
    match image.format:
        case "WEBP":
            stored += _CANVASES
        case "AVIF":
            stored += 2 * channels  # its planes, and the pixels made of them
        case "JPEG2000":
            stored += 5 * channels  # numbers of 32 bits, and the pixels made of them
        case "JPEG" | "MPO" if image.info.get("progressive"):
            return image.width * image.height * stored + _coefficients(image)
    return image.width * image.height * stored


def _coefficients(image: Any) -> int:
    """Return the bytes of a progressive JPEG's coefficients, which come in several scans."""
    sides = [(across, down) for _, across, down, _ in image.layer]
    most: int = max(across for across, _ in sides) * max(down for _, down in sides)
    samples: int = sum(across * down for across, down in sides)
    return 2 * int(image.width * image.height) * samples // most
