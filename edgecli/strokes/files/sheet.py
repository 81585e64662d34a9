"""What strokes are drawn on: an image's extent in pixels and on paper, and who drew what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import ceil, floor, log10

import numpy as np

from edgecli.errors import UsageError
from edgecli.images.colour import Colour
from edgecli.records import dataclass
from edgecli.rows.place import NOWHERE, Place
from edgecli.strokes.base import Points

MILLIMETRES = {"mm": 1.0, "cm": 10.0, "in": 25.4, "pt": 25.4 / 72, "px": 25.4 / 96}
"""The units of a size; ``px`` is CSS's, of which an inch has 96."""

COORDINATES = (
    "x to the right, y down, in pixels of the image, which covers 0 to {width} by 0 to {height}: "
    "the centre of its first pixel is 0.5, 0.5"
)
"""What every file says of its coordinates."""

PLACES = 3
"""Decimals of a coordinate in pixels: a tenth of what edges are located to."""


DIGITS = 15
"""Digits that floats hold."""


@dataclass(frozen=True)
class Size:
    """How large a drawing is to be, in millimetres; None follows from the other."""

    width: float
    height: float | None = None

    def __str__(self) -> str:
        return f"{self.width:g}mm" if self.height is None else f"{self.width:g}x{self.height:g}mm"

    def share(self, width: float, height: float) -> float:
        """Return how many times as large a drawing is that fits within, its shape kept."""
        across = self.width / width
        return across if self.height is None else min(across, self.height / height)


def parse_size(text: str | None) -> Size | None:
    """Read ``WIDTHxHEIGHT`` or ``WIDTH`` and a unit; UsageError for anything else.

    >>> parse_size("180x120mm"), parse_size("4in")
    (Size(width=180.0, height=120.0), Size(width=101.6, height=None))
    """
    if text is None:
        return None
    number = r"(\d+(?:\.\d*)?|\.\d+)"
    match = re.fullmatch(rf"{number}(?:x{number})?\s*([a-z]*)", text.strip().lower())
    if match is None or (match[3] and match[3] not in MILLIMETRES):
        units = ", ".join(MILLIMETRES)
        raise UsageError(
            f"size {text!r} is neither a width nor WIDTHxHEIGHT with one of the units {units}; "
            "write it as 180x120mm"
        )
    if not match[3]:
        raise UsageError(f"size {text!r} has no unit; write {text.strip()}mm, or cm, in, pt, px")
    lengths = [float(part) * MILLIMETRES[match[3]] for part in match.group(1, 2) if part]
    if not 0 < min(lengths) <= max(lengths) < 1e6:
        raise UsageError(f"size {text!r} is not between 0 and a kilometre; write it as 180x120mm")
    return Size(*lengths)


@dataclass(frozen=True)
class Sheet:
    """An image's width and height in pixels, how they are drawn, and what is said of them.

    ``pitch`` are the millimetres of a pixel across and down, None where nothing says so. Lines of
    the colour ``line`` are ``stroke`` pixels wide, on ``paper`` or on nothing, or on the
    ``picture``, an encoded PNG or JPEG. ``title`` names the image; ``made`` says how it was made.
    """

    width: int
    height: int
    pitch: tuple[float, float] | None = None
    line: Colour = (0, 0, 0)
    paper: Colour | None = None
    stroke: float = 1.0
    title: str = ""
    made: str = "edgecli"
    picture: bytes | None = None
    place: Place | None = None  # of the image on a map, where formats of maps are to have it

    @property
    def coordinates(self) -> str:
        """Say what coordinates mean."""
        return COORDINATES.format(width=self.width, height=self.height)

    @property
    def unit(self) -> str:
        """Say what coordinates on the map are counted in."""
        system = self.place.system if self.place is not None else NOWHERE
        return "of the map, whose system is not said" if system == NOWHERE else f"of {system}"

    @property
    def corners(self) -> Points:
        """Return the image's corners ``(4, 2)``, on the map if it has a place there."""
        across, down = np.meshgrid((0.0, self.width), (0.0, self.height))
        return self.placed(np.stack([across.ravel(), down.ravel()], axis=1))

    def placed(self, points: Points) -> Points:
        """Return where points of the image are on the map, or the points themselves."""
        return points if self.place is None else self.place.at(points)

    @property
    def places(self) -> int:
        """Return the decimals of coordinates: on the map as fine as PLACES of a pixel."""
        pixel = self.place.pixel if self.place is not None else None
        if pixel is None:
            return PLACES
        largest = max(np.abs(self.corners).max(), 1.0)
        return max(min(PLACES - floor(log10(min(pixel))), DIGITS - ceil(log10(largest))), 0)


def pitch_of(
    size: Size | None, dpi: Sequence[float] | None, width: int, height: int
) -> tuple[float, float] | None:
    """Return the millimetres of a pixel: as asked for, else by an image's resolution, if any.

    Pixels keep their shape: those of a fax are twice as high as wide, however large it is drawn.

    >>> pitch_of(None, (25.4, 12.7), 10, 10), pitch_of(Size(10), None, 100, 50)
    ((1.0, 2.0), (0.1, 0.1))
    >>> pitch_of(Size(10), (25.4, 12.7), 100, 50)
    (0.1, 0.2)
    """
    is_known = dpi is not None and all(1 <= one <= 1e6 for one in dpi)
    across, down = dpi if dpi is not None and is_known else (1.0, 1.0)
    if size is not None:
        shape = round(across / down, 9)  # of a pixel: its height in widths, without last bits
        pitch = size.share(width, height * shape)
        return pitch, pitch * shape
    return (25.4 / across, 25.4 / down) if is_known else None
