"""GeoJSON (RFC 7946): a LineString for every stroke, a Point for one of a single point.

Coordinates are those of the map on which the image has a place, in the system that ``crs`` names:
GeoJSON of 2008 has that member (section 3), and GDAL and QGIS still read it; longitude and latitude
on WGS 84 are what RFC 7946 means without. Of other images they are pixels, y down, as the file
says: they are no place on Earth.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.rows.base import Span
from edgecli.rows.place import System
from edgecli.strokes.base import Drawing, Strokes
from edgecli.strokes.files.digits import AT_ONCE, Column, decimals_of, joined, text_of
from edgecli.strokes.files.sheet import PLACES, Sheet
from edgecli.strokes.measures import drawn_points, lengths_of, mean_strengths

APART, NUMBER, LENGTH, STRENGTH, NULL, NEXT = b"\1", b"\2", b"\3", b"\4", b"\5", b"\6"
"""Marks: the end of a stroke; what is before its facts; what is no number; between points."""

LINE, RING, DOT, DRAWN, DOTTED = b"\7", b"\x0e", b"\x0f", b"\x10", b"\x11"
"""Marks: the geometry of an open stroke, of a closed one, of a point; their ends."""

TEXTS = {
    NUMBER: b',\n{"type":"Feature","properties":{"stroke":',
    STRENGTH: b',"strength":',
    NULL: b"null",
    LINE: b',"closed":false},"geometry":{"type":"LineString","coordinates":[[',
    RING: b',"closed":true},"geometry":{"type":"LineString","coordinates":[[',
    DOT: b',"closed":false},"geometry":{"type":"Point","coordinates":[',
    NEXT: b"],[",
    DRAWN: b"]]}}",
    DOTTED: b"]}}",
}


WGS84 = 4326
"""The EPSG's number of longitude and latitude as RFC 7946 has them."""


class GeoJsonWriter:
    """The text of a FeatureCollection, in pieces."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet, self._skipped = sheet, 1  # the first feature follows no comma

    def begin(self) -> Iterator[bytes]:
        """Yield what precedes the features: who made them, and what coordinates mean.

        A collection may have a member of its own (RFC 7946, 6.1), but none named ``coordinates``
        (7.1).
        """
        sheet = self._sheet
        on_map = f"x to the right or east, y up or north, {sheet.unit}"
        about = {
            "made": sheet.made,
            "image": sheet.title,
            "axes": sheet.coordinates if sheet.place is None else on_map,
            "lengths": "pixels",
        }
        crs = "" if sheet.place is None else _crs(sheet.place.system)
        named = f'"type":"FeatureCollection",{crs}"edgecli":{json.dumps(about)}'
        yield f'{{{named},"features":['.encode()

    def draw(self, number: int, drawing: Drawing) -> Iterator[bytes]:
        """Yield the features of an edge map, a line each."""
        del number
        strokes = drawing.strokes
        lengths, strengths = lengths_of(strokes), mean_strengths(strokes)
        places = decimals_of(strengths)
        texts = {LENGTH: f',"filter":{json.dumps(drawing.name)},"length":'.encode(), **TEXTS}
        for start, stop in _runs(strokes.starts):
            own = slice(start, stop)
            facts = joined([
                NUMBER, text_of(np.arange(start + 1, stop + 1), 0),
                LENGTH, text_of(lengths[own], PLACES),
                STRENGTH, _or_null(strengths[own], places), _kinds(strokes, own), APART,
            ])  # fmt: skip
            points = _points(self._sheet, strokes, own).split(APART)
            parts = zip(facts.split(APART), points, strict=True)
            text = b"".join(chain.from_iterable(parts))
            for mark, full in texts.items():
                text = text.replace(mark, full)
            yield text[self._skipped :]
            self._skipped = 0

    def end(self) -> Iterator[bytes]:
        """Yield what follows them."""
        yield b"\n]}\n"


def _crs(system: System) -> str:
    """Return the member that names a system; null, where that is not known, is not WGS 84."""
    if system.epsg == WGS84:
        return ""
    name = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{system.epsg}"}}
    return f'"crs":{json.dumps(name if system.epsg is not None else None)},'


def _runs(starts: NDArray[np.int64]) -> Iterator[Span]:
    """Yield runs of strokes with few points together, or of one."""
    start, count = 0, len(starts) - 1
    while start < count:
        fit = int(np.searchsorted(starts, starts[start] + AT_ONCE, "right")) - 1
        stop = max(fit, start + 1)
        yield start, stop
        start = stop


def _kinds(strokes: Strokes, own: slice) -> Column:
    """Return the mark that begins the geometry of each stroke."""
    alone = np.diff(strokes.starts[own.start : own.stop + 1]) == 1
    kinds = np.where(alone, ord(DOT), np.where(strokes.closed[own], ord(RING), ord(LINE)))
    return kinds.astype(np.uint8)[:, np.newaxis]


def _points(sheet: Sheet, strokes: Strokes, own: slice) -> bytes:
    """Return the points of strokes; a closed one ends with its first point."""
    places, sizes = drawn_points(strokes.starts[own.start : own.stop + 1], strokes.closed[own])
    last = np.cumsum(sizes) - 1
    after = np.full((len(places), 2), (ord(NEXT), 0), np.uint8)
    after[last, 0] = np.where(sizes > 1, ord(DRAWN), ord(DOTTED))
    after[last, 1] = ord(APART)
    x, y = (text_of(values, sheet.places) for values in sheet.placed(strokes.points[places]).T)
    return joined([x, b",", y, after])


def _or_null(values: NDArray[Any], places: int) -> Column:
    """Return numbers; JSON has none that are not finite."""
    finite = np.isfinite(values)
    text = text_of(np.where(finite, values, 0), places)
    text[~finite] = 0
    text[~finite, 0] = ord(NULL)
    return text
