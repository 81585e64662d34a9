"""Colours for edge maps: a few perceptually even colour maps, made from a handful of anchors.

Anchors are given in Oklab, where equal distances look equally large (B. Ottosson, "A perceptual
color space for image processing", 2020), with the lightness of his later estimate, which is more
accurate in the dark ("Okhsv and Okhsl", 2021). Lightness grows in equal steps from black or nearly
black to white or nearly white, so that a map reads the same when printed in grey.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.images.colour import Colour
from edgecli.rows.samples import full_scale

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)

ANCHORS = {
    # lightness, then Oklab's green … red and blue … yellow
    "ember": (
        (0.0, 0.0, 0.0),
        (0.25, 0.09, 0.045),
        (0.5, 0.165, 0.09),
        (0.75, 0.07, 0.15),
        (1.0, 0.0, 0.0),
    ),
    "ice": ((0.0, 0.0, 0.0), (0.33, 0.0, -0.12), (0.66, -0.06, -0.09), (1.0, 0.0, 0.0)),
    "moss": ((0.15, 0.03, -0.06), (0.42, -0.03, -0.06), (0.68, -0.1, 0.04), (0.95, -0.04, 0.15)),
    "violet": ((0.0, 0.0, 0.0), (0.33, 0.09, -0.1), (0.66, 0.11, -0.05), (1.0, 0.0, 0.0)),
}
"""Colours at equal steps; lightness grows evenly through them."""

COLORMAPS = tuple(ANCHORS)

WHEEL_LIGHTNESS, WHEEL_CHROMA = 0.74, 0.115
"""Nearly the largest circle of hues of one lightness that a screen can show."""

_TO_LMS = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_TO_LINEAR_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)
"""The inverse matrices of Ottosson's Oklab, to linear sRGB."""


def oklab_to_srgb(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sRGB samples of 0 … 1 for Oklab colours ``(…, 3)``, clipped to sRGB's gamut.

    The transfer curve is that of IEC 61966-2-1.

    >>> oklab_to_srgb(np.array([1.0, 0, 0])).round(3).tolist()
    [1.0, 1.0, 1.0]
    """
    linear = np.clip((lab @ _TO_LMS.T) ** 3 @ _TO_LINEAR_RGB.T, 0, 1)
    curved: NDArray[np.float64] = np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055
    )
    return curved


def _oklab_lightness(even: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Oklab's lightness for Ottosson's later one: the inverse of his toe function."""
    k1, k2 = 0.206, 0.03
    k3 = (1 + k1) / (1 + k2)
    lightness: NDArray[np.float64] = even * (even + k1) / (k3 * (even + k2))
    return lightness


@cache
def palette(name: str, size: int = 256, *, dark: bool = False) -> NDArray[np.float32]:
    """Return ``size`` colours ``(size, 3)`` of a map, 0 … 1 each, from weak to strong.

    A ``dark`` one goes from white to the dark end of the map.
    The ``wheel`` is a full circle of hues that begins at red for 0.
    """
    if name == "wheel":
        angles = np.arange(size) * (2 * np.pi / size)
        around = WHEEL_CHROMA * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        lab = np.column_stack([np.full(size, WHEEL_LIGHTNESS), around])
    else:
        anchors = np.array(ANCHORS[name])
        if dark:
            anchors = np.array([(1.0, 0.0, 0.0), *anchors[-2::-1]])
        places = np.linspace(0, len(anchors) - 1, size)
        lab = np.stack([np.interp(places, range(len(anchors)), a) for a in anchors.T], axis=1)
        lab[:, 0] = _oklab_lightness(lab[:, 0])
    colours = oklab_to_srgb(lab).astype(np.float32)
    colours.flags.writeable = False
    return colours


def colour(samples: NDArray[Any], name: str, *, dark: bool = False) -> NDArray[Any]:
    """Return samples ``(rows, cols, 1)`` in a map's colours: ``(rows, cols, 3)`` of that type.

    Where ``dark``, the map goes from white paper to its dark end.
    """
    white, colours = full_scale(samples.dtype), palette(name, dark=dark)
    if samples.dtype == np.uint8:
        table = np.rint(colours * 255).astype(np.uint8)
        coloured: NDArray[Any] = table[samples[..., 0]]
        return coloured
    places = np.clip(samples[..., 0] / np.float32(white), 0, 1) * 255
    low = np.minimum(places.astype(np.intp), 254)
    share = (places - low)[..., np.newaxis]
    mixed = colours[low] * (1 - share) + colours[low + 1] * share
    return _samples(mixed, samples.dtype)


def wheel(
    samples: NDArray[Any], angles: NDArray[np.float32], paper: Colour = BLACK
) -> NDArray[Any]:
    """Return the hue of each angle, the stronger on ``paper`` the larger its sample.

    ``samples (rows, cols, 1)`` are strengths, ``angles (rows, cols)`` radians; NaN is paper. The
    result is ``(rows, cols, 3)`` of the samples' type.
    """
    turns = np.nan_to_num(angles) * np.float32(256 / (2 * np.pi))
    hues = palette("wheel")[np.rint(turns).astype(np.intp) & 255]
    light = np.where(np.isnan(angles), 0, samples[..., 0] / np.float32(full_scale(samples.dtype)))
    share = light[..., np.newaxis].astype(np.float32)
    mixed = hues * share
    if paper != BLACK:
        mixed += np.array(paper, np.float32) / 255 * (1 - share)
    return _samples(mixed, samples.dtype)


def drawn(samples: NDArray[Any], line: Colour, paper: Colour) -> NDArray[Any]:
    """Return strengths as shares of a line's colour on paper: paper + s · (line − paper).

    Greys keep the channels of ``samples (rows, cols, C)``; colours make three of one.
    """
    ends = np.array([paper, line], np.float64)
    if is_grey(line) and is_grey(paper):
        ends = ends[:, :1]
    if samples.dtype == np.uint8:
        shares = np.arange(256)[:, np.newaxis] / 255
        table = np.rint(ends[0] + shares * (ends[1] - ends[0])).astype(np.uint8)
        if len(ends[0]) == 1:
            grey: NDArray[Any] = table[:, 0][samples]
            return grey
        coloured: NDArray[Any] = table[samples[..., 0]]
        return coloured
    first, last = (ends / 255).astype(np.float32)
    share = samples / np.float32(full_scale(samples.dtype))
    return _samples(first + share * (last - first), samples.dtype)


def is_grey(colour: Colour) -> bool:
    """Return whether a colour has no hue.

    >>> is_grey((9, 9, 9)), is_grey((9, 9, 8))
    (True, False)
    """
    return len(set(colour)) == 1


def overlay(picture: NDArray[Any], samples: NDArray[Any], colours: NDArray[Any]) -> NDArray[Any]:
    """Lay edges on a picture: the stronger a pixel's edge, the more of the edge's colour it gets.

    ``picture (rows, cols, 1 or 3)`` and the edges' ``colours`` are 0 … 1 in float32; ``samples
    (rows, cols, 1)`` give the strength, and their type that of the result ``(rows, cols, 3)``.
    """
    share = samples / np.float32(full_scale(samples.dtype))
    return _samples(picture + (colours - picture) * share, samples.dtype)


def _samples(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.kind != "f":
        values = np.rint(np.clip(values, 0, 1) * full_scale(dtype))
    return values.astype(dtype, copy=False)
