"""From the pixels of a file to the planes that filters slide over, a band of rows at a time."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import ImageError, UsageError, meant
from edgecli.geometry import bands
from edgecli.rows.base import Rows

Colour = tuple[int, int, int]
"""Red, green and blue, each 0 to 255."""

CHANNELS = ("gray", "rgb", "each", "max", "red", "green", "blue")
"""The values of ``--channels``."""

WHITE: Colour = (255, 255, 255)

# Rec. 601 luma, 0.299 R + 0.587 G + 0.114 B, in 16-bit fractions: the weights add to 65536, and
# are those of Pillow's convert("L") and of libjpeg.
_LUMA_WEIGHTS = (19595, 38470, 7471)

_PIXELS_AT_ONCE = 1 << 18  # the intermediate planes stay in the cache; fewer take longer to call

# The seventeen colour names of CSS 2.1.
COLOURS = {
    "aqua": "00ffff", "black": "000000", "blue": "0000ff", "fuchsia": "ff00ff", "gray": "808080",
    "green": "008000", "lime": "00ff00", "maroon": "800000", "navy": "000080", "olive": "808000",
    "orange": "ffa500", "purple": "800080", "red": "ff0000", "silver": "c0c0c0", "teal": "008080",
    "white": "ffffff", "yellow": "ffff00",
}  # fmt: skip


def parse_colour(text: str) -> Colour:
    """Return the colour that a name, ``#rgb``, ``#rrggbb`` or ``r,g,b`` stands for.

    Raises UsageError for anything else.

    >>> parse_colour("white"), parse_colour("#f80"), parse_colour("0, 128, 255")
    ((255, 255, 255), (255, 136, 0), (0, 128, 255))
    """
    plain = text.strip().lower()
    digits = COLOURS.get(plain, plain.removeprefix("#") if plain.startswith("#") else "")
    if re.fullmatch(r"[0-9a-f]{3}", digits):
        digits = "".join(2 * digit for digit in digits)
    if re.fullmatch(r"[0-9a-f]{6}", digits):
        red, green, blue = bytes.fromhex(digits)
        return red, green, blue
    if match := re.fullmatch(r"([0-9]{1,3})\s*,\s*([0-9]{1,3})\s*,\s*([0-9]{1,3})", plain):
        red, green, blue = map(int, match.groups())
        if max(red, green, blue) <= 255:
            return red, green, blue
    forms = "give #rrggbb, r,g,b with numbers from 0 to 255, or one of"
    advice = meant(plain, COLOURS) or f"{forms} {', '.join(COLOURS)}"
    raise UsageError(f"colour {text!r} is unknown; {advice}")


def colour_text(colour: Colour) -> str:
    """Return a colour's name, or ``#rrggbb``.

    >>> colour_text((255, 0, 0)), colour_text((255, 136, 0))
    ('red', '#ff8800')
    """
    digits = bytes(colour).hex()
    return next((name for name, own in COLOURS.items() if own == digits), f"#{digits}")


def volume_channels(channels: str, source_channels: int) -> int:
    """Return how many planes ``to_volume`` makes of an image with 1 to 4 channels.

    >>> [volume_channels(channels, 4) for channels in CHANNELS]
    [1, 3, 3, 3, 1, 1, 1]
    >>> [volume_channels(channels, 2) for channels in CHANNELS]
    [1, 3, 1, 1, 1, 1, 1]
    """
    keeps_colours = channels in {"each", "max"} and source_channels >= 3
    return 3 if channels == "rgb" or keeps_colours else 1


def to_volume(rows: Rows, channels: str, background: Colour = WHITE) -> NDArray[Any]:
    """Turn rows ``(rows, W, C)`` into planes ``(volume_channels, rows, W)``.

    Alpha (C = 2 or 4) is composited over ``background`` first. ``channels`` is one of CHANNELS.
    A grey image counts as three equal channels for ``rgb`` and for each colour, as one for ``each``
    and ``max``. The type stays. Planes may be views. Raises ImageError as ``composite`` does.

    >>> to_volume(np.uint8([[[255, 0, 0], [0, 0, 255]]]), "gray")
    array([[[76, 29]]], dtype=uint8)
    """
    if rows.shape[2] in {2, 4}:
        rows = composite(rows, background)
    if channels == "gray":
        return luma(rows)[np.newaxis]
    if channels in {"red", "green", "blue"}:
        plane = ("red", "green", "blue").index(channels) if rows.shape[2] == 3 else 0
        return np.ascontiguousarray(rows[np.newaxis, :, :, plane])
    planes = np.ascontiguousarray(rows.transpose(2, 0, 1))
    if channels == "rgb" and len(planes) == 1:
        return np.broadcast_to(planes, (3, *planes.shape[1:]))
    return planes


def luma(rows: Rows) -> NDArray[Any]:
    """Return the Rec. 601 luma ``(rows, W)`` of rows ``(rows, W, 3)``; grey rows are their own.

    Integers are (19595 R + 38470 G + 7471 B + 32768) >> 16, as Pillow's ``convert("L")`` computes
    them for uint8; floats are 0.299 R + 0.587 G + 0.114 B. The type stays.

    >>> luma(np.uint16([[[65535, 65535, 65535], [0, 65535, 0]]]))
    array([[65535, 38469]], dtype=uint16)
    """
    if rows.shape[2] == 1:
        return rows[:, :, 0]
    by_type = {"uint8": _luma8, "float32": _luma_of_floats, "float64": _luma_of_floats}
    compute = by_type.get(rows.dtype.name, _luma_of_wide)
    plane = np.empty(rows.shape[:2], rows.dtype)
    for start, stop in bands(len(rows), max(_PIXELS_AT_ONCE // rows.shape[1], 1)):
        plane[start:stop] = compute(rows[start:stop])
    return plane


def _luma8(rows: Rows) -> NDArray[np.uint8]:
    """Compute the luma of uint8 rows by Pillow, whose loop in C takes half of NumPy's time."""
    from PIL import Image

    height, width, _ = rows.shape
    pixels = np.ascontiguousarray(rows)
    picture = Image.frombuffer("RGB", (width, height), pixels, "raw", "RGB", 0, 1)
    return np.asarray(picture.convert("L"))


def _luma_of_wide(rows: Rows) -> NDArray[Any]:
    """Compute the luma of other integers; of uint16 it is at most 65536 · 65535 + 32768 < 2³²."""
    if rows.dtype == np.int64:  # 65536 a + b, b from 0 to 65535: what is of a needs no rounding
        whole: NDArray[Any] = (rows >> 16) @ np.array(_LUMA_WEIGHTS)
        rest = _luma_of_wide((rows & 0xFFFF).astype(np.uint16))
        whole += rest
        return whole
    lanes = np.dtype(np.uint32 if rows.dtype == np.uint16 else np.int64)
    total = np.full(rows.shape[:2], 32768, lanes)
    for plane, weight in zip(rows.transpose(2, 0, 1), _LUMA_WEIGHTS, strict=True):
        total += np.multiply(plane, lanes.type(weight), dtype=lanes)
    total >>= 16
    return total.astype(rows.dtype)


def _luma_of_floats(rows: Rows) -> NDArray[Any]:
    with np.errstate(over="ignore", invalid="ignore"):  # infinities of both signs give NaN
        plane: NDArray[Any] = rows @ np.array([0.299, 0.587, 0.114], rows.dtype)
    return plane


def composite(rows: Rows, background: Colour = WHITE) -> Rows:
    """Lay grey-alpha or RGBA rows over a colour; return grey or RGB rows of the same type.

    c·α + b·(1 − α), where α is the alpha sample over the type's maximum (1.0 for floats), and
    the background b, or its luma, is scaled to the same range. Integers are rounded to the nearest,
    exactly. Raises ImageError for signed integers, in which no value means opaque.

    >>> composite(np.uint8([[[0, 255], [0, 128], [0, 0]]]), (255, 255, 255))[0, :, 0]
    array([  0, 127, 255], dtype=uint8)
    """
    colour, alpha = rows[:, :, :-1], rows[:, :, -1:]
    if rows.dtype.kind == "f":
        paper = _scaled(background, colour, 1 / 255)
        with np.errstate(over="ignore", invalid="ignore"):  # 0 · ∞ is NaN
            mixed: Rows = colour * alpha + paper * (1 - alpha)
        return mixed
    if rows.dtype not in (np.uint8, np.uint16):
        raise ImageError(
            f"an alpha channel of {rows.dtype} has no opaque value; remove the alpha channel"
        )
    opaque = int(np.iinfo(rows.dtype).max)
    if alpha.min(initial=opaque) == opaque:
        return colour
    return _blended(colour, alpha, _scaled(background, colour, opaque // 255), opaque)


def _blended(colour: Rows, alpha: Rows, background: Rows, opaque: int) -> Rows:
    """Return the rounded mean of two colours, weighted by alpha in units of 1 / ``opaque``.

    Division by n = 2ᵇ − 1 is exact as ⌊(t + ⌊t / 2ᵇ⌋) / 2ᵇ⌋ with t = x + 2ᵇ⁻¹, for x ≤ n²; the
    sum fits lanes of 2b bits (Jim Blinn, "Three Wrongs Make a Right", 1995).
    """
    bits = colour.dtype.itemsize * 8
    lanes: np.dtype[Any] = np.dtype(f"u{2 * colour.dtype.itemsize}")
    total = np.multiply(colour, alpha, dtype=lanes)
    total += np.multiply(background, opaque - alpha, dtype=lanes)
    total += lanes.type(1 << (bits - 1))
    total += total >> bits
    total >>= bits
    return total.astype(colour.dtype)


def _scaled(background: Colour, colour: Rows, scale: float) -> Rows:
    """Return the background as one pixel, ``(C,)``, in the rows' range and type."""
    pixel: Rows = np.array([[background]], np.uint8)
    if colour.shape[2] == 1:
        pixel = luma(pixel)[:, :, np.newaxis]
    scaled: Rows = (pixel[0, 0] * np.float64(scale)).astype(colour.dtype)
    return scaled
