"""Small pictures: thumbnails for browsers, and contact sheets of captioned edge maps.

Memory stays small: JPEGs are decoded at a fraction of their size, others shrunk band by band.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import closing, suppress
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from edgecli.errors import ImageError
from edgecli.geometry import bands
from edgecli.images import magic
from edgecli.images.colour import composite
from edgecli.images.files import open_images
from edgecli.images.pillow import exif_orientation
from edgecli.images.pillow_guard import guarded, open_image
from edgecli.rows.base import Rows, Source
from edgecli.rows.samples import full_scale

SIDE = 384  # pixels of the longer side
TINY = 96  # up to this longer side nothing is lost: PNG, where JPEG would blur single pixels
QUALITY = 82

_BY_PILLOW = (magic.JPEG, magic.PNG, b"RIFF")  # JPEG, PNG and WebP
# Pillow's modes of 8 bits, and the modes to shrink them in.
_MODES = {"1": "L", "L": "L", **dict.fromkeys(("P", "RGB", "CMYK", "YCbCr"), "RGB")}
_MODES |= {"LA": "RGBA", "PA": "RGBA", "RGBA": "RGBA"}

# EXIF's orientations but 1, which is upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_AT_ONCE = 1 << 25  # pixels that Pillow may decode whole
_ROWS_OF = 1 << 20  # pixels of a band


def thumbnail(path: str, *, max_pixels: int) -> bytes:
    """Return a JPEG, or a PNG if it is tiny, of the first image of a file, upright.

    The longer side has at most SIDE pixels; transparency is laid on white. Integers of 16 bits are
    scaled to 8, signed numbers so that zero is mid-grey and the strongest black or white, other
    numbers by their maximum. Raises ImageError.
    """
    picture, orientation = _by_pillow(path, max_pixels) or _by_bands(path, max_pixels)
    if orientation in _TURNS:
        picture = picture.transpose(_TURNS[orientation])
    buffer = io.BytesIO()
    picture.save(buffer, "PNG" if max(picture.size) <= TINY else "JPEG", quality=QUALITY)
    return buffer.getvalue()


def _by_pillow(path: str, max_pixels: int) -> tuple[Image.Image, int] | None:
    """Shrink common formats of 8 bits, and return the orientation too; None for other images.

    None as well where Pillow fails: what it refuses of a PNG or JPEG may be read all the same.
    """
    with suppress(ImageError), guarded(path, max_pixels), open(path, "rb") as file:
        if not file.read(8).startswith(_BY_PILLOW):
            return None
        image = open_image(file)
        if image.mode not in _MODES or image.width * image.height > _AT_ONCE:
            return None
        image.draft("RGB", (2 * SIDE, 2 * SIDE))  # only a JPEG's decoder heeds it
        clear = image.has_transparency_data
        picture = image.convert("RGBA" if clear else _MODES[image.mode])
        picture.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
        if clear:
            paper = Image.new("RGBA", picture.size, "white")
            picture = Image.alpha_composite(paper, picture).convert("RGB")
        return picture, exif_orientation(image)
    return None


def _by_bands(path: str, max_pixels: int) -> tuple[Image.Image, int]:
    images = open_images(path, max_pixels=max_pixels)  # holds the file open
    with closing(next(images)) as source:
        height, width, _ = source.shape
        box = max(max(height, width) // SIDE, 1)
        means = _shrunk(source, box)
    pixels = np.ascontiguousarray(_eight_bits(means))
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    scale = min(SIDE / max(height, width), 1)
    fitting = max(round(width * scale), 1), max(round(height * scale), 1)
    whole = (0, 0, width / box, height / box)  # the last boxes may be cut
    return picture.resize(fitting, Image.Resampling.BOX, whole), source.info.orientation


def _shrunk(source: Source, box: int) -> Rows:
    """Return the means over boxes of pixels, in the pixels' type."""
    height, width, _ = source.shape
    ranges = bands(height, max(_ROWS_OF // (width * box), 1) * box)
    return np.concatenate([_means(block, box) for block in source.blocks(ranges)])


def _means(rows: Rows, box: int) -> Rows:
    """Return the mean of every box; boxes at the right and the bottom edge may be cut.

    >>> _means(np.uint8([[[1], [3], [7]], [[1], [3], [9]]]), 2)[:, :, 0]
    array([[2, 8]], dtype=uint8)
    """
    opaque = composite(rows) if rows.shape[2] in {2, 4} else rows
    if box == 1:
        return opaque
    tops, lefts = (np.arange(0, size, box) for size in opaque.shape[:2])
    sums = np.add.reduceat(np.add.reduceat(opaque, tops, 0, np.float64), lefts, 1)
    heights = np.diff(tops, append=opaque.shape[0])
    widths = np.diff(lefts, append=opaque.shape[1])
    means: Rows = sums / (heights[:, None] * widths)[..., None]
    return means.astype(rows.dtype)


def _eight_bits(pixels: Rows) -> NDArray[np.uint8]:
    """Scale samples of any type to 8 bits.

    >>> _eight_bits(np.float32([[[-2.0], [0.0], [1.0]]]))[0, :, 0]
    array([  0, 128, 191], dtype=uint8)
    >>> _eight_bits(np.uint16([[[0], [257], [65535]]]))[0, :, 0]
    array([  0,   1, 255], dtype=uint8)
    """
    if pixels.dtype == np.uint8:
        return pixels
    numbers: NDArray[Any] = np.nan_to_num(pixels.astype(np.float64), posinf=0, neginf=0)
    if pixels.dtype == np.uint16:
        levels = numbers / 257
    elif numbers.min() < 0:
        levels = 127.5 + numbers * (127.5 / np.abs(numbers).max())
    elif pixels.dtype.kind == "f" and numbers.max() <= 1:
        levels = numbers * 255
    else:
        levels = numbers * (255 / max(numbers.max(), 1))
    return np.rint(levels).astype(np.uint8)


# --- contact sheets -------------------------------------------------------------------------------

TILE = 320  # pixels of the longer side of a map
GAP = 12
CAPTION = 22  # height of a line of text
PAPER, INK = 24, 232  # grey levels


def small(pixels: Rows) -> NDArray[np.uint8]:
    """Return a map ``(H, W, 1 or 3)`` in 8 bits of RGB, its longer side at most TILE pixels."""
    levels = np.clip(pixels.astype(np.float32) * np.float32(255 / full_scale(pixels.dtype)), 0, 255)
    eight = np.rint(levels).astype(np.uint8)
    image = Image.fromarray(eight[..., 0] if eight.shape[2] == 1 else eight)
    image.thumbnail((TILE, TILE), Image.Resampling.BOX)
    return np.asarray(image.convert("RGB"))


def contact_sheet(maps: Sequence[tuple[str, NDArray[np.uint8]]]) -> NDArray[np.uint8]:
    """Return one RGB picture ``(H, W, 3)`` of captions and small maps ``(h, w, 3)``, in rows."""
    columns = ceil(sqrt(len(maps)))
    height = max(tile.shape[0] for _, tile in maps) + CAPTION + GAP
    width = max(tile.shape[1] for _, tile in maps) + GAP
    size = (columns * width + GAP, ceil(len(maps) / columns) * height + GAP)
    sheet = Image.new("RGB", size, (PAPER,) * 3)
    draw = ImageDraw.Draw(sheet)
    font: Any = ImageFont.load_default(CAPTION * 2 / 3)
    for n, (caption, tile) in enumerate(maps):
        x, y = GAP + n % columns * width, GAP + n // columns * height
        sheet.paste(Image.fromarray(tile), (x, y))
        draw.text((x, y + tile.shape[0] + 2), caption, fill=(INK,) * 3, font=font)
    return np.asarray(sheet)
