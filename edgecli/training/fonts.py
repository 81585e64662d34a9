"""The fonts of the system, as far as their digits look like digits.

Fontconfig's ``fc-list`` names them. Where it is missing, or no font is installed, there are none.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Mask = NDArray[np.float32]
"""Ink of 0 to 1, ``(H, W)``, without a margin."""

Families = dict[str, list[str]]
"""The font files of each family."""

HEIGHT = 48  # px, of a font that digits are read from
SHAPE = 24  # px, of the square in which glyphs are compared
NEAREST = 3  # glyphs of other families that must be the same digit
HOLES = ({1, 2}, {0}, {0, 1}, {0}, {0, 1}, {0}, {1}, {0}, {2}, {1})
"""How many holes a digit may have: a 0 may hold a slash, a 2 a loop, and a 4 be open."""


def system_fonts() -> Families:
    """Return the fonts whose ten digits have the holes that digits have, by family."""
    families: Families = {}
    for line in _listed():
        family, _, path = line.partition("|")
        if path and has_holes(path):
            families.setdefault(family.split(",")[0], []).append(path)
    return families


def legible(families: Families) -> Families:
    """Return the fonts whose digits people read at a glance: they look like those of others."""
    fonts = [(family, path) for family, paths in families.items() for path in paths]
    shapes = np.array([[shape(glyph(path, digit)) for digit in range(10)] for _, path in fonts])
    kept: Families = {}
    for (family, path), plain in zip(fonts, alike(shapes, [one for one, _ in fonts]), strict=True):
        if plain:
            kept.setdefault(family, []).append(path)
    return kept


def _listed() -> list[str]:
    if shutil.which("fc-list") is None:
        return []
    asked = ["fc-list", "--format=%{family}|%{file}\n", ":scalable=true:charset=30-39"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603
    return sorted(set(done.stdout.splitlines()))


def has_holes(path: str) -> bool:
    """Return whether a font can be read and its digits have as many holes as digits have."""
    try:
        return all(holes(glyph(path, digit)) in HOLES[digit] for digit in range(10))
    except (OSError, ValueError):  # what Pillow raises for a broken font, and for an empty glyph
        return False


def alike(shapes: NDArray[np.float32], families: Sequence[str]) -> list[bool]:
    """Return of which fonts every digit looks most like the same digit in other families.

    ``shapes`` ``(N, 10, n)`` are unit vectors, as ``shape`` gives them. The three glyphs of other
    families that are nearest to a digit must all be that digit.

    >>> plain = np.eye(10, dtype=np.float32)
    >>> alike(np.array([plain, plain, plain, plain, plain[::-1]]), [*"ABCDE"])
    [True, True, True, True, False]
    """
    kept = []
    for font, family in zip(shapes, families, strict=True):
        others = shapes[[name != family for name in families]]
        near = np.argsort(-(font @ others.reshape(-1, font.shape[1]).T), kind="stable")[:, :NEAREST]
        kept.append(bool((near % 10 == np.arange(10)[:, None]).all()))
    return kept


def shape(mask: Mask) -> NDArray[np.float32]:
    """Return a glyph in the middle of 24×24 pixels, as high or as wide as those: a unit vector."""
    side = max(mask.shape)
    square = np.zeros((side, side), np.float32)
    top, left = ((side - length) // 2 for length in mask.shape)
    square[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    small = Image.fromarray(square).resize((SHAPE, SHAPE), Image.Resampling.BOX)
    ink = np.asarray(small, np.float32).ravel()
    return np.asarray(ink / np.linalg.norm(ink))


def glyph(path: str, digit: int) -> Mask:
    """Return a digit of a font; ValueError where the font leaves it empty."""
    font = ImageFont.truetype(path, HEIGHT)
    left, top, right, bottom = (round(side) for side in font.getbbox(str(digit)))
    if not (0 < right - left <= 4 * HEIGHT and 0 < bottom - top <= 4 * HEIGHT):
        raise ValueError(f"{path} draws no {digit}")
    image = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(image).text((-left, -top), str(digit), fill=255, font=font)
    return np.asarray(image, np.float32) / np.float32(255)


def holes(mask: Mask) -> int:
    """Return how many parts of the paper the ink encloses, if it is in one piece.

    That is 1 less Euler's number, which squares of 2×2 pixels tell (Gray, "Local properties of
    binary images in two dimensions", 1971): those with one pixel of ink, with three, and with two
    at opposite corners.

    >>> ring = np.ones((5, 5), np.float32) - np.pad(np.ones((3, 3), np.float32), 1)
    >>> holes(ring), holes(np.ones((4, 4), np.float32))
    (1, 0)
    """
    ink = np.pad(mask > 0.5, 1).astype(np.int8)
    a, b, c, d = ink[:-1, :-1], ink[:-1, 1:], ink[1:, :-1], ink[1:, 1:]
    total = a + b + c + d
    across = (total == 2) & (a == d)
    euler = int((total == 1).sum()) - int((total == 3).sum()) - 2 * int(across.sum())
    return 1 - euler // 4
