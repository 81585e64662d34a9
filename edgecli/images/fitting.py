"""A sign on paper, found in an image and brought to where a network expects it.

A digit in a scan or a photo is of any size, anywhere, dark on light or light on dark. Networks that
read are trained on signs of one size in the middle: 20 of 32 pixels, black on white.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from edgecli.errors import ImageError
from edgecli.images.colour import WHITE, to_volume
from edgecli.images.resizing import Resize, resized
from edgecli.records import dataclass
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import Rows, Source, Span
from edgecli.rows.samples import full_scale

Grey = NDArray[np.float64]
"""Brightness ``(H, W)``."""

PLAUSIBLE = (-1.0, 2.0)  # brightness; white is 1, and resampling and sharpening overshoot it
SHARE = 20 / 32  # of the longer side of a sign, in the height that it is brought to
WAYS = {
    "gray": "made grey",
    "red": "seen by its red alone",
    "green": "seen by its green alone",
    "blue": "seen by its blue alone",
}
"""Channels in which a sign is sought, until there is one: ink may be as bright as its paper."""

LOOKED_AT = 640  # px of an image's longer side, in which its sign is sought
FITTED = 160  # px of a longer side are enough to tell how the light falls
FAINTEST = 0.04  # of white: ink that differs less from its paper is none
LARGE = 200  # px of a longer side from which on a pen is wider than dirt
CLEAR = 0.4  # of the strongest ink: what is fainter is dirt, shade or the blur of an outline


def fitted(
    source: Source, shape: tuple[int, ...], white: float | None = None, black: float = 0.0
) -> Source:
    """Return the sign in an image as one of ``shape (C, H, W)``, dark on white; notes say how.

    ``white`` is how much more than ``black`` is white, by default what the image's type says.
    ImageError where nothing stands out from the paper.
    """
    C, H, W = shape
    small = resized(source, Resize(width=LOOKED_AT, height=LOOKED_AT))
    (rows,) = small.blocks([(0, small.shape[0])])
    for how in WAYS:
        grey = _brightness(rows, how, white or full_scale(rows.dtype), black)
        if found := find_sign(grey):
            break
    else:
        raise ImageError(
            f"image {source.info.path} shows no sign that stands out from its paper; "
            "give the part of it that shows one"
        )
    ink = _placed(found, (H, W))
    source.info.notes.append(_told(found, WAYS[how], small.info.scale, shape))
    pixels = np.rint(255 * (1 - ink)).astype(np.uint8)
    return ArraySource(np.repeat(pixels[..., np.newaxis], C, axis=2), source.info)


def _brightness(rows: Rows, channels: str, white: float, black: float) -> Grey:
    """Return what a picture's channels say of its brightness; what is no number is as the rest."""
    grey = (np.asarray(to_volume(rows, channels, WHITE)[0], np.float64) - black) / white
    finite = np.isfinite(grey)
    grey = np.where(finite, grey, np.median(grey[finite]) if finite.any() else 0)
    return np.asarray(grey.clip(*PLAUSIBLE))


@dataclass(frozen=True, eq=False)
class Sign:
    """Ink of 0 to 1 ``(H, W)``, the rows and columns that it fills, and whether it is the light."""

    ink: Grey
    rows: Span
    cols: Span
    light: bool


def find_sign(grey: Grey) -> Sign | None:
    """Return the ink in a picture of 0 to 1, or None where none stands out from its paper."""
    apart = grey - paper(grey)
    light = float((apart**3).sum()) > 0  # ink is far from the paper, on one side of it
    ink = without_specks((apart if light else -apart).clip(0))
    most = float(ink.max())
    if most < FAINTEST:
        return None
    ink = (ink / np.median(ink[ink > most / 2])).clip(0, 1)
    strong = np.asarray(ink > CLEAR)
    rows, cols = (_span(np.any(strong, axis=axis)) for axis in (1, 0))
    return Sign(ink, rows, cols, light)


def without_specks(ink: Grey) -> Grey:
    """Return ink without what is narrower than 3 pixels, where the picture is large enough."""
    if max(ink.shape) < LARGE:
        return ink
    image = Image.fromarray(ink.astype(np.float32))
    opened = np.asarray(image.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.MaxFilter(3)))
    return np.asarray(opened, np.float64) if opened.max() > ink.max() / 2 else ink


def paper(grey: Grey) -> Grey:
    """Return the brightness of paper under a sign: a quadratic surface through what is no ink.

    That is how light falls off towards one side, or towards all corners. Pixels far from the
    surface are left out, and it is laid anew, until only paper is left.
    """
    H, W = grey.shape
    y, x = (np.linspace(-1, 1, n) if n > 1 else np.zeros(1) for n in (H, W))
    few = slice(None, None, -(-max(H, W) // FITTED))
    values, some = grey[few, few].ravel(), _powers(x[few], y[few])
    surface = np.full(values.shape, float(np.median(values)))
    for _ in range(8):
        apart = np.abs(values - surface)
        near = apart <= max(2.5 * float(np.median(apart)), FAINTEST / 2)
        weights = np.linalg.lstsq(some[near], values[near])[0]
        surface = some @ weights
    return np.asarray((_powers(x, y) @ weights).reshape(H, W))


def _powers(x: Grey, y: Grey) -> Grey:
    """Return 1, x, y, x², xy and y² of every pixel, ``(H · W, 6)``."""
    across, down = (one.ravel() for one in np.meshgrid(x, y))
    one = np.ones(across.shape)
    return np.stack([one, across, down, across**2, across * down, down**2], -1)


def _span(filled: NDArray[np.bool_]) -> Span:
    places = np.flatnonzero(filled)
    return int(places[0]), int(places[-1]) + 1


def _placed(sign: Sign, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return the ink at the size of a network's signs, in the middle of ``shape``."""
    (top, bottom), (left, right) = sign.rows, sign.cols
    scale = SHARE * min(shape) / max(bottom - top, right - left)
    height, width = (max(round(n * scale), 1) for n in (bottom - top, right - left))
    image = Image.fromarray(sign.ink[top:bottom, left:right].astype(np.float32))
    small = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
    ink = np.zeros(shape, np.float32)
    y, x = (shape[0] - height) // 2, (shape[1] - width) // 2
    ink[y : y + height, x : x + width] = small / max(float(small.max()), 1e-6)
    return ink


def _told(sign: Sign, how: str, scale: tuple[float, float], shape: tuple[int, ...]) -> str:
    """Say what was done, in the image's own pixels."""
    rows, cols = (
        f"{round(start * one)}–{round(stop * one) - 1}"
        for (start, stop), one in zip((sign.rows, sign.cols), reversed(scale), strict=True)
    )
    inverted = ", inverted" if sign.light else ""
    tall, wide = shape[1:]
    return (
        f"was cropped to rows {rows} and columns {cols}{inverted}, {how} and brought to the "
        f"middle of {tall}×{wide} pixels"
    )
