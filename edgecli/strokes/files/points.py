"""Points as CSV: every point of every stroke, with its strength and the direction across the edge.

``stroke`` counts from 1; ``x`` and ``y`` are pixels of the image, y down; ``angle`` is in radians,
the direction in which brightness grows, as ``--combine direction`` has it. Of an image with a place
on a map ``map_x`` and ``map_y`` are coordinates there. A closed stroke ends with its first point
again, so that the table tells its whole length, and that it is closed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edgecli.geometry import bands
from edgecli.strokes.base import Drawing, Points
from edgecli.strokes.files.digits import AT_ONCE, Column, decimals_of, joined, text_of
from edgecli.strokes.files.sheet import PLACES, Sheet
from edgecli.strokes.measures import drawn_points

HEADER = b"stroke,x,y,strength,angle"
ON_MAP = b",map_x,map_y"

ANGLE_PLACES = 4
"""Decimals of an angle: 0.006 degrees."""


class PointsWriter:
    """The text of a table of points, in pieces."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet

    def begin(self) -> Iterator[bytes]:
        """Yield the header."""
        yield HEADER + (b"" if self._sheet.place is None else ON_MAP) + b"\n"

    def draw(self, number: int, drawing: Drawing) -> Iterator[bytes]:
        """Yield a row for every point, and one more for each closed stroke."""
        del number
        strokes = drawing.strokes
        places = decimals_of(strokes.strength)
        order, sizes = drawn_points(strokes.starts, strokes.closed)
        numbers = np.repeat(np.arange(1, len(strokes) + 1), sizes)
        for rows in bands(len(numbers), AT_ONCE):
            own = order[slice(*rows)]
            x, y = (text_of(values, PLACES) for values in strokes.points[own].T)
            strength = text_of(strokes.strength[own], places)
            angle = text_of(strokes.angle[own], ANGLE_PLACES)
            yield joined([
                text_of(numbers[slice(*rows)], 0), b",", x, b",", y, b",", strength, b",", angle,
                *self._on_map(strokes.points[own]), b"\n",
            ])  # fmt: skip

    def _on_map(self, points: Points) -> list[Column | bytes]:
        """Return the columns of the map, if there is one."""
        sheet = self._sheet
        if sheet.place is None:
            return []
        x, y = (text_of(values, sheet.places) for values in sheet.placed(points).T)
        return [b",", x, b",", y]

    def end(self) -> Iterator[bytes]:
        """Yield nothing more."""
        yield from ()
