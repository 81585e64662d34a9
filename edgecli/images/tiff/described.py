"""What the pages of a TIFF say of themselves, however their samples are stored."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from edgecli.images import Resolution
from edgecli.images.made_by import MadeBy
from edgecli.images.tiff.directories import LONG, RATIONAL, SHORT, TEXT, UNDEFINED, Entry, Tag
from edgecli.images.tiff.geo import place_entries
from edgecli.records import dataclass
from edgecli.rows.place import Place

_SAMPLE_FORMATS = {"u": 1, "i": 2, "f": 3}


@dataclass(frozen=True)
class Page:
    """An image ``(H, W, C)`` as a page, and what the page says of it.

    ``no_data`` is the number that stands for a missing sample, ``name`` what the page is called,
    ``number`` which it is of how many, from 0.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    dpi: Resolution = None
    place: Place | None = None
    no_data: float | None = None
    name: str | None = None
    number: tuple[int, int] | None = None
    profile: bytes | None = None  # ICC's

    @property
    def row_bytes(self) -> int:
        """Bytes of a row of samples."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    @property
    def size(self) -> int:
        """Bytes of all samples."""
        return self.shape[0] * self.row_bytes


def page_entries(page: Page) -> list[Entry]:
    """Return the tags of a page, but for those that say where its samples are."""
    H, W, C = page.shape
    entries: list[Entry] = [
        (Tag.WIDTH, LONG, [W]),
        (Tag.HEIGHT, LONG, [H]),
        (Tag.BITS, SHORT, [8 * page.dtype.itemsize] * C),
        (Tag.PHOTOMETRIC, SHORT, [2 if C >= 3 else 1]),  # RGB, or black is 0
        (Tag.SAMPLES, SHORT, [C]),
        (Tag.PLANAR, SHORT, [1]),
        (Tag.SAMPLE_FORMAT, SHORT, [_SAMPLE_FORMATS[page.dtype.kind]] * C),
        *_resolution(page.dpi),
        *place_entries(page.place),
    ]
    if C in {2, 4}:
        entries.append((Tag.EXTRA_SAMPLES, SHORT, [2]))  # alpha that is not multiplied in
    if page.name:
        entries.append((Tag.PAGE_NAME, TEXT, _text(page.name)))
    if page.number is not None:
        entries.append((Tag.PAGE_NUMBER, SHORT, [min(n, 2**16 - 1) for n in page.number]))
    if page.profile is not None:
        entries.append((Tag.PROFILE, UNDEFINED, page.profile))
    if page.no_data is not None:
        entries.append((Tag.NO_DATA, TEXT, _text(f"{page.no_data:.17g}")))
    return entries


def text_entries(made_by: MadeBy | None) -> list[Entry]:
    """Return the tags that say who made a page; the first one lies before the strips' places."""
    if made_by is None:
        return []
    told = {Tag.DESCRIPTION: str(made_by), Tag.SOFTWARE: made_by.software}
    return [(tag, TEXT, _text(text)) for tag, text in told.items()]


def _resolution(dpi: Resolution) -> list[Entry]:
    if dpi is None:
        return []
    return [
        (Tag.X_RESOLUTION, RATIONAL, _rational(dpi[0])),
        (Tag.Y_RESOLUTION, RATIONAL, _rational(dpi[1])),
        (Tag.RESOLUTION_UNIT, SHORT, [2]),  # inches
    ]


def _text(text: str) -> bytes:
    return text.encode() + b"\0"


def _rational(number: float) -> tuple[int, int]:
    fraction = Fraction(min(number, 1e6)).limit_denominator(1000)
    return fraction.numerator, fraction.denominator
