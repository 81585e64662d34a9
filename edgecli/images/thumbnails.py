"""Small pictures: thumbnails for browsers, and contact sheets of captioned edge maps.

Memory stays small: JPEGs are decoded at a fraction of their size, others shrunk band by band.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from math import ceil, isqrt, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from edgecli.errors import ImageError
from edgecli.geometry import bands
from edgecli.images import magic
from edgecli.images.colour import composite
from edgecli.images.files import open_images
from edgecli.images.pillow.guard import guarded, open_image
from edgecli.images.pillow.reading import exif_orientation
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


def thumbnail(path: str, *, max_pixels: int, lines: bool = False) -> bytes:
    """Return a JPEG, or a PNG if it is tiny, of the first image of a file, upright.

    The longer side has at most SIDE pixels; transparency is laid on white. Integers of 16 bits are
    scaled to 8, signed numbers so that zero is mid-grey and the strongest black or white, other
    numbers by their maximum. Of a map of ``lines`` none is lost. Raises ImageError.
    """
    by_pillow = None if lines else _by_pillow(path, max_pixels)
    picture, orientation = by_pillow or _by_bands(path, max_pixels, lines=lines)
    if orientation in _TURNS:
        picture = picture.transpose(_TURNS[orientation])
    buffer = io.BytesIO()
    picture.save(buffer, "PNG" if max(picture.size) <= TINY else "JPEG", quality=QUALITY)
    return buffer.getvalue()


def jpeg(pixels: Rows) -> bytes:
    """Return pixels as a JPEG, to be looked at: in 8 bits of RGB, transparency laid on mid-grey."""
    buffer = io.BytesIO()
    Image.fromarray(_rgb(pixels)).save(buffer, "JPEG", quality=88)
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


def _by_bands(path: str, max_pixels: int, *, lines: bool) -> tuple[Image.Image, int]:
    images = open_images(path, max_pixels=max_pixels)  # holds the file open
    with closing(next(images)) as source:
        height, width, _ = source.shape
        box = max(max(height, width) // SIDE, 1)
        lines = lines and source.dtype.kind == "u"  # other numbers have a scale of the whole
        boxes = _shrunk(source, box, _lines if lines else _means)
    pixels = np.ascontiguousarray(_eight_bits(boxes))
    scale = min(SIDE / max(height, width), 1)
    fitting = max(round(height * scale), 1), max(round(width * scale), 1)
    if lines:
        return _picture(shrink_lines(pixels, fitting)), source.info.orientation
    whole = (0, 0, width / box, height / box)  # the last boxes may be cut
    picture = _picture(pixels).resize(fitting[::-1], Image.Resampling.BOX, whole)
    return picture, source.info.orientation


def _picture(pixels: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def _shrunk(source: Source, box: int, shrink: Callable[[Rows, int], Rows]) -> Rows:
    """Return the pixels that ``shrink`` makes of boxes, band by band."""
    height, width, _ = source.shape
    ranges = bands(height, max(_ROWS_OF // (width * box), 1) * box)
    return np.concatenate([shrink(block, box) for block in source.blocks(ranges)])


def _lines(rows: Rows, box: int) -> Rows:
    """Return a pixel for every box in 8 bits: that of a line, where there is one."""
    opaque = _eight_bits(composite(rows) if rows.shape[2] in {2, 4} else rows)
    height, width, _ = opaque.shape
    return shrink_lines(opaque, (ceil(height / box), ceil(width / box)))


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


def rgb_of(rows: Rows) -> NDArray[np.uint8]:
    """Return an image ``(H, W, C)`` of any samples in 8 bits of RGB; transparency is white.

    >>> rgb_of(np.uint16([[[65535]]])).tolist()
    [[[255, 255, 255]]]
    """
    opaque = _eight_bits(composite(rows) if rows.shape[2] in {2, 4} else rows)
    return np.repeat(opaque, 3, axis=2) if opaque.shape[2] == 1 else opaque


def scaled(picture: NDArray[np.uint8], fitting: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a picture in 8 bits of RGB, of another height and width."""
    how = Image.Resampling.BOX if picture.shape[0] > fitting[0] else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(picture).resize(fitting[::-1], how))


# --- contact sheets -------------------------------------------------------------------------------

TILE = 480  # pixels of the longer side of a map; smaller ones keep theirs
GAP = 12
CAPTION = 22  # height of a line of text
PAPER, FRAME, INK = 255, 208, 32  # grey levels
MIDDLE = 128, 128, 128


def tile(pixels: Rows, *, lines: bool = False, picture: Rows | None = None) -> NDArray[np.uint8]:
    """Return a map ``(H, W, C)`` in 8 bits of RGB, its longer side at most TILE pixels.

    Transparency is laid on mid-grey, which shows light and dark lines alike. A map of ``lines`` is
    shrunk so that none is lost (``shrink_lines``); ``picture`` is what they are laid on, if any.
    """
    rgb = _rgb(pixels)
    height, width, _ = rgb.shape
    scale = TILE / max(height, width)
    if scale >= 1:
        return rgb
    fitting = max(round(height * scale), 1), max(round(width * scale), 1)
    if lines:
        return shrink_lines(rgb, fitting, None if picture is None else _rgb(picture))
    return np.asarray(Image.fromarray(rgb).resize(fitting[::-1], Image.Resampling.BOX))


def _rgb(pixels: Rows) -> NDArray[np.uint8]:
    """Return samples in 8 bits of RGB: those of 16 bits are scaled, floats are 0 to 1."""
    rows = pixels
    if pixels.dtype != np.uint8:
        to_white = np.float32(255 / full_scale(pixels.dtype))
        levels = np.nan_to_num(pixels.astype(np.float32)) * to_white
        rows = np.rint(np.clip(levels, 0, 255)).astype(np.uint8)
    if rows.shape[2] in {2, 4}:
        rows = composite(rows, MIDDLE)
    return np.repeat(rows, 3, axis=2) if rows.shape[2] == 1 else rows


def shrink_lines(
    pixels: NDArray[np.uint8],
    fitting: tuple[int, int],
    picture: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """Shrink lines to a height and width so that one of a single pixel stays as strong as it was.

    Each cell takes what differs most, in each channel, from the paper: the ``picture`` that the
    lines are laid on, or the map's most common level.

    >>> lines = np.zeros((4, 6, 1), np.uint8)
    >>> lines[:, 1] = 90
    >>> shrink_lines(lines, (2, 3))[..., 0].tolist()
    [[90, 0, 0], [90, 0, 0]]
    >>> shrink_lines(255 - lines, (1, 2))[..., 0].tolist()
    [[165, 255]]
    """
    paper = _commonest(pixels) if picture is None else picture
    tops, lefts = (np.arange(n) * size // n for n, size in zip(fitting, pixels.shape, strict=False))
    away = pixels.astype(np.int16) - paper
    most, least = (_of_cells(ufunc, away, tops, lefts) for ufunc in (np.maximum, np.minimum))
    if picture is not None:
        image = Image.fromarray(picture)
        paper = np.asarray(image.resize(fitting[::-1], Image.Resampling.BOX))
    furthest = paper + np.where(most >= -least, most, least)
    return np.clip(furthest, 0, 255).astype(np.uint8)


def _commonest(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the most common level of each channel."""
    channels = pixels.reshape(-1, pixels.shape[2]).T
    return np.array([np.bincount(one).argmax() for one in channels], np.uint8)


def _of_cells(
    ufunc: np.ufunc, pixels: NDArray[Any], tops: NDArray[Any], lefts: NDArray[Any]
) -> NDArray[Any]:
    """Reduce the pixels of each cell; ``tops`` and ``lefts`` are where cells begin."""
    reduced: NDArray[Any] = ufunc.reduceat(ufunc.reduceat(pixels, tops, 0), lefts, 1)
    return reduced


def columns_of(count: int) -> int:
    """Return the columns of so many tiles: nearly a square's, with few places left empty.

    >>> [columns_of(count) for count in (1, 2, 3, 4, 5, 12, 14)]
    [1, 2, 3, 2, 3, 4, 5]
    """
    return min(range(ceil(sqrt(count)), isqrt(3 * count) + 1), key=lambda n: -count % n)


def contact_sheet(maps: Sequence[tuple[str, NDArray[np.uint8]]]) -> NDArray[np.uint8]:
    """Return one RGB picture ``(H, W, 3)`` of captions and small maps ``(h, w, 3)``, in rows."""
    columns = columns_of(len(maps))
    font: Any = ImageFont.load_default(CAPTION * 2 / 3)
    height = max(pixels.shape[0] for _, pixels in maps) + CAPTION + GAP
    longest = min(max(ceil(font.getlength(caption)) for caption, _ in maps), TILE)
    width = max(longest, *(pixels.shape[1] for _, pixels in maps)) + GAP
    size = (columns * width + GAP, ceil(len(maps) / columns) * height + GAP)
    sheet = Image.new("RGB", size, (PAPER,) * 3)
    draw = ImageDraw.Draw(sheet)
    for n, (caption, pixels) in enumerate(maps):
        x, y = GAP + n % columns * width, GAP + n // columns * height
        right, bottom = x + pixels.shape[1], y + pixels.shape[0]
        draw.rectangle((x - 1, y - 1, right, bottom), outline=(FRAME,) * 3)
        sheet.paste(Image.fromarray(pixels), (x, y))
        draw.text((x, bottom + 2), caption, fill=(INK,) * 3, font=font)
    return np.asarray(sheet)
