"""DXF as AutoCAD's Release 12 has it, which every program for drawing and cutting reads.

A polyline for every stroke, a layer for every edge map; y up, in units of the map on which the
image lies; of other images in millimetres, or in pixels where nothing says how large they are.
Source of the group codes: Autodesk's "DXF Reference", Release 12.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import floor, log10

import numpy as np

from edgecli.geometry import bands
from edgecli.strokes.base import Drawing, Points, Strokes
from edgecli.strokes.files.digits import AT_ONCE, joined, text_of
from edgecli.strokes.files.sheet import PLACES, Sheet

OPEN, CLOSED, VERTEX, DOT, Y, END = b"\1", b"\2", b"\3", b"\4", b"\5", b"\6"
"""Marks: a polyline begins, open or closed; a point of it, or one that is a stroke; its end."""

COLOURS = (7, 1, 5, 3, 6, 4, 2)
"""AutoCAD's colours of layers, one after another: black, red, blue, green, magenta, cyan, yellow.

The first is white on dark ground."""

LONGEST_NAME = 31
"""The longest name of a layer."""


class DxfWriter:
    """The text of a DXF, in pieces; the layers are named before anything is drawn."""

    def __init__(self, sheet: Sheet, names: list[str]) -> None:
        self._sheet = sheet
        self._on_map = sheet.place is not None
        self._scale = np.array(sheet.pitch or (1.0, 1.0))
        self._places = max(PLACES - floor(log10(self._scale.min())), 0)
        if self._on_map:
            self._places = sheet.places
        self._layers = layer_names(names)

    def begin(self) -> Iterator[bytes]:
        """Yield the header, and a table of the layers."""
        sheet = self._sheet
        corners = self._placed(np.array(((0.0, 0.0), (sheet.width, 0.0), (0.0, sheet.height),
                                         (sheet.width, sheet.height))))  # fmt: skip
        told = [f"Made by {_legal(sheet.made)}", f"Image {_legal(sheet.title)}"]
        told.append(self._unit(corners.min(axis=0), corners.max(axis=0)))
        rows = [f"999\n{line}" for line in told]
        rows += ["0\nSECTION", "2\nHEADER", "9\n$ACADVER", "1\nAC1009"]
        for name, (x, y) in (("MIN", corners.min(axis=0)), ("MAX", corners.max(axis=0))):
            rows += [f"9\n$EXT{name}", f"10\n{self._text(x)}", f"20\n{self._text(y)}", "30\n0"]
        if sheet.pitch is not None and not self._on_map:
            rows += ["9\n$MEASUREMENT", "70\n1", "9\n$INSUNITS", "70\n4"]
        rows += ["0\nENDSEC", "0\nSECTION", "2\nTABLES"]
        rows += ["0\nTABLE", "2\nLTYPE", "70\n1", "0\nLTYPE", "2\nCONTINUOUS", "70\n0"]
        rows += ["3\nSolid line", "72\n65", "73\n0", "40\n0", "0\nENDTAB"]
        rows += ["0\nTABLE", "2\nLAYER", f"70\n{len(self._layers)}"]
        for number, name in enumerate(self._layers):
            rows += ["0\nLAYER", f"2\n{name}", "70\n0", f"62\n{COLOURS[number % len(COLOURS)]}"]
            rows += ["6\nCONTINUOUS"]
        rows += ["0\nENDTAB", "0\nENDSEC", "0\nSECTION", "2\nENTITIES", ""]
        yield "\n".join(rows).encode("ascii")

    def draw(self, number: int, drawing: Drawing) -> Iterator[bytes]:
        """Yield the polylines of an edge map; a stroke of one point is a point."""
        layer = f"8\n{self._layers[number - 1]}\n"
        texts = {
            OPEN: f"0\nPOLYLINE\n{layer}66\n1\n10\n0\n20\n0\n30\n0\n70\n0\n",
            CLOSED: f"0\nPOLYLINE\n{layer}66\n1\n10\n0\n20\n0\n30\n0\n70\n1\n",
            VERTEX: f"0\nVERTEX\n{layer}10\n",
            DOT: f"0\nPOINT\n{layer}10\n",
            Y: "\n20\n",
            END: f"0\nSEQEND\n{layer}",
        }
        for text in self._marked(drawing.strokes):
            for mark, full in texts.items():
                text = text.replace(mark, full.encode("ascii"))  # noqa: PLW2901 (in steps)
            yield text

    def _marked(self, strokes: Strokes) -> Iterator[bytes]:
        before = np.zeros((len(strokes.points), 1), np.uint8)
        what, after = np.full_like(before, ord(VERTEX)), before.copy()
        first, last = strokes.starts[:-1], strokes.starts[1:] - 1
        long = last > first
        before[first[long]] = ord(OPEN)
        before[first[long & strokes.closed]] = ord(CLOSED)
        what[first[~long]] = ord(DOT)
        after[last[long]] = ord(END)
        for rows in bands(len(before), AT_ONCE):
            own = slice(*rows)
            x, y = (text_of(values, self._places) for values in self._placed(strokes.points[own]).T)
            yield joined([before[own], what[own], x, Y, y, b"\n", after[own]])

    def _unit(self, lowest: Points, highest: Points) -> str:
        """Say what coordinates mean, and from where to where the image is."""
        sheet = self._sheet
        unit = "pixels of the image" if sheet.pitch is None else "millimetres"
        unit = f"units {_legal(sheet.unit)}" if self._on_map else unit
        (left, bottom), (right, top) = (map(self._text, corner) for corner in (lowest, highest))
        return (
            f"Coordinates: x to the right, y up, in {unit}; the image covers {left} to {right} by "
            f"{bottom} to {top}"
        )

    def _text(self, number: float) -> str:
        return f"{number:.12g}" if self._on_map else f"{number:.6g}"

    def _placed(self, points: Points) -> Points:
        """Return points with y up, in the file's unit."""
        if self._on_map:
            return self._sheet.placed(points)
        up = np.array((0.0, self._sheet.height)) + points * np.array((1.0, -1.0))
        placed: Points = up * self._scale
        return placed

    def end(self) -> Iterator[bytes]:
        """Yield the end of the file."""
        yield b"0\nENDSEC\n0\nEOF\n"


def layer_names(names: list[str]) -> list[str]:
    """Return names as layers may have them, none twice: capitals, digits, $, - and _, 31 at most.

    >>> layer_names(["canny:1.4", "canny_1.4", "ü"])
    ['CANNY_1_4', 'CANNY_1_4-2', 'LAYER']
    """
    made: list[str] = []
    for name in names:
        plain = re.sub(r"[^A-Z0-9$_-]+", "_", name.upper()).strip("_")[:LONGEST_NAME] or "LAYER"
        own, again = plain, 1
        while own in made:
            again += 1
            own = f"{plain[: LONGEST_NAME - len(str(again)) - 1]}-{again}"
        made.append(own)
    return made


def _legal(text: str) -> str:
    r"""Return a text on one line, in ASCII, as Release 12 knows no other.

    >>> _legal("a\nb é")
    'a?b ?'
    """
    return re.sub("[^ -~]", "?", text)
