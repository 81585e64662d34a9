"""GeoJSON (RFC 7946): a LineString for every stroke, a Point for one of a single point.

Coordinates are pixels of the image, y down, as the file says: they are no place on Earth.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.rows.base import Span
from edgecli.strokes.base import Drawing, Strokes
from edgecli.strokes.files.digits import AT_ONCE, Column, decimals_of, joined, text_of
from edgecli.strokes.files.sheet import PLACES, Sheet
from edgecli.strokes.measures import lengths_of, mean_strengths

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
        about = {
            "made": sheet.made,
            "image": sheet.title,
            "axes": sheet.coordinates,
            "lengths": "pixels",
        }
        yield f'{{"type":"FeatureCollection","edgecli":{json.dumps(about)},"features":['.encode()

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
            parts = zip(facts.split(APART), _points(strokes, own).split(APART), strict=True)
            text = b"".join(chain.from_iterable(parts))
            for mark, full in texts.items():
                text = text.replace(mark, full)
            yield text[self._skipped :]
            self._skipped = 0

    def end(self) -> Iterator[bytes]:
        """Yield what follows them."""
        yield b"\n]}\n"


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


def _points(strokes: Strokes, own: slice) -> bytes:
    """Return the points of strokes; a closed one ends with its first point."""
    starts = strokes.starts[own.start : own.stop + 1]
    first, sizes = starts[:-1], np.diff(starts)
    again = strokes.closed[own] & (sizes > 1)
    places = np.insert(
        np.arange(starts[0], starts[-1]), (starts[1:] - starts[0])[again], first[again]
    )
    last = np.cumsum(sizes + again) - 1
    after = np.full((len(places), 2), (ord(NEXT), 0), np.uint8)
    after[last, 0] = np.where(sizes > 1, ord(DRAWN), ord(DOTTED))
    after[last, 1] = ord(APART)
    x, y = (text_of(values, PLACES) for values in strokes.points[places].T)
    return joined([x, b",", y, after])


def _or_null(values: NDArray[Any], places: int) -> Column:
    """Return numbers; JSON has none that are not finite."""
    finite = np.isfinite(values)
    text = text_of(np.where(finite, values, 0), places)
    text[~finite] = 0
    text[~finite, 0] = ord(NULL)
    return text
