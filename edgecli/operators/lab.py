"""Perceptual colour: from sRGB samples to CIE L*a*b*, a band of rows at a time.

Equal distances in L*a*b* are about equally visible, whichever colours they separate. So an edge
between two colours of equal brightness counts just as one between two greys does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.rows.base import Rows
from edgecli.rows.samples import full_scale

Floats = NDArray[np.float32]

XYZ_OF_RGB = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
"""Linear sRGB to CIE XYZ: the primaries and the white of IEC 61966-2-1:1999, D65, at full precision
(B. Lindbloom, "RGB/XYZ Matrices")."""

WHITE = XYZ_OF_RGB.sum(axis=1)
"""XYZ of D65, given by R = G = B = 1: 0.95047, 1, 1.08883."""

OF_WHITE = (XYZ_OF_RGB.T / WHITE).T.astype(np.float32)
"""Linear sRGB to X, Y and Z relative to white's."""

SPLICE = 6 / 29
"""The value of f at which it changes from a line to a cube root, CIE 15:2004."""


def to_lab(rows: Rows) -> Floats:
    """Turn rows ``(rows, W, C)``, C = 1 or 3, into planes ``(C, rows, W)`` of L*, a* and b* / 100.

    Black is 0 and white 1 in L*. Grey gives L* alone, as a* and b* would be 0. Integers are sRGB
    samples of 0 to their type's maximum, floats of 0 to 1; floats beyond that continue the curves.

    >>> print((100 * to_lab(np.uint8([[[255, 0, 0]]]))).round(2).ravel())
    [53.24 80.09 67.2 ]
    """
    light = [linear(plane) for plane in rows.transpose(2, 0, 1)]
    if len(light) == 1:
        return _lightness(_response(light[0]))[np.newaxis]
    x, y, z = (_response(_weighted(weights, light)) for weights in OF_WHITE)
    return np.stack([_lightness(y), np.float32(5) * (x - y), np.float32(2) * (y - z)])


def linear(samples: NDArray[Any]) -> Floats:
    """Return the linear light of sRGB samples, 1 for white: IEC 61966-2-1:1999.

    >>> linear(np.uint8([0, 255])).tolist()
    [0.0, 1.0]
    """
    if samples.dtype in (np.uint8, np.uint16):
        return np.take(_light_of(samples.dtype.name), samples)
    return _linear(samples / np.float32(full_scale(samples.dtype)))


@cache
def _light_of(dtype: str) -> Floats:
    """Return the linear light of every sample value of a type: 256 or 65536 of them."""
    largest = np.iinfo(dtype).max
    return _linear(np.arange(largest + 1) / largest)


def _linear(encoded: NDArray[Any]) -> Floats:
    curve = np.power((np.maximum(encoded, 0.04045) + 0.055) / 1.055, 2.4)
    return np.where(encoded > 0.04045, curve, encoded / 12.92).astype(np.float32, copy=False)


def _weighted(weights: Floats, planes: Sequence[Floats]) -> Floats:
    total: Floats = weights[0] * planes[0]
    for weight, plane in zip(weights[1:], planes[1:], strict=True):
        total += weight * plane
    return total


def _response(light: Floats) -> Floats:
    """Return f: the cube root, and below (6/29)³ its tangent at that point."""
    line = light * np.float32(1 / (3 * SPLICE**2)) + np.float32(4 / 29)
    return np.where(light > SPLICE**3, np.cbrt(light), line)


def _lightness(response: Floats) -> Floats:
    """Return L*/100 = (116 f(Y) − 16) / 100."""
    lightness: Floats = response * np.float32(1.16) - np.float32(0.16)
    return lightness
