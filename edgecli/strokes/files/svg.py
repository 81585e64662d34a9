"""SVG: a path for every stroke, a layer for every edge map, as Inkscape and vpype know them.

Lengths are pixels of the image, by the ``viewBox``; ``width`` and ``height`` make them physical.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from html import escape

import numpy as np

from edgecli.geometry import bands
from edgecli.images.colour import Colour
from edgecli.paint.colormaps import WHITE
from edgecli.strokes.base import Curves, Drawing, Strokes
from edgecli.strokes.files.digits import AT_ONCE, joined, text_of
from edgecli.strokes.files.sheet import PLACES, Sheet

NAMESPACES = (
    'xmlns="http://www.w3.org/2000/svg" '
    'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"'
)

START, CURVE, DOT = b"\1", b"\2", b"\3"
"""Marks: a path begins; its curves begin; its only point is drawn by a line of no length."""

TEXTS = {START: b'"/>\n<path d="M', CURVE: b" C", DOT: b"h0"}


class SvgWriter:
    """The text of an SVG, in pieces."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet

    def begin(self) -> Iterator[bytes]:
        """Yield what precedes the edge maps: size, title, paper and picture."""
        sheet = self._sheet
        box = f'width="{sheet.width}" height="{sheet.height}"'
        yield (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<svg {NAMESPACES} version="1.1" {_size(sheet)} '
            f'viewBox="0 0 {sheet.width} {sheet.height}"{_background(sheet.paper)}>\n'
            f"<title>{as_xml(sheet.title)}</title>\n"
            f"<desc>Made by {as_xml(sheet.made)}\nCoordinates: {sheet.coordinates}.</desc>\n"
        ).encode()
        if sheet.picture is not None:
            kind = "png" if sheet.picture.startswith(b"\x89PNG") else "jpeg"
            yield f'<image {box} preserveAspectRatio="none" '.encode()
            yield f'href="data:image/{kind};base64,'.encode()
            yield base64.b64encode(sheet.picture)
            yield b'"/>\n'
        elif sheet.paper not in (None, WHITE):
            yield f'<rect {box} fill="{_hex(sheet.paper)}"/>\n'.encode()

    def draw(self, number: int, drawing: Drawing) -> Iterator[bytes]:
        """Yield the layer of an edge map; the number at its start is what plotters know it by."""
        sheet, label = self._sheet, f"{number} {drawing.name}"
        yield (
            f'<g id="layer{number}" inkscape:groupmode="layer" '
            f'inkscape:label="{escape(_legal(label))}" fill="none" stroke="{_hex(sheet.line)}" '
            f'stroke-width="{sheet.stroke:g}" stroke-linecap="round" stroke-linejoin="round">\n'
        ).encode()
        lines = drawing.strokes if drawing.curves is None else drawing.curves
        yield from _paths(lines)
        yield b"</g>\n"

    def end(self) -> Iterator[bytes]:
        """Yield what follows them."""
        yield b"</svg>\n"


def _paths(lines: Strokes | Curves) -> Iterator[bytes]:
    """Yield a path for each line."""
    before = np.full((len(lines.points), 1), ord(" "), np.uint8)
    after = np.zeros_like(before)
    first, last = lines.starts[:-1], lines.starts[1:] - 1
    before[first] = ord(START)
    after[last[lines.closed]] = ord("Z")
    if isinstance(lines, Curves):
        after[first[last > first]] = ord(CURVE)
    after[first[last == first]] = ord(DOT)
    ended = TEXTS[START].index(b"<")
    skipped = ended  # the first path has none before it
    for rows in bands(len(before), AT_ONCE):
        own = slice(*rows)
        x, y = (text_of(values, PLACES) for values in lines.points[own].T)
        text = joined([before[own], x, b",", y, after[own]])
        for mark, full in TEXTS.items():
            text = text.replace(mark, full)
        yield text[skipped:]
        skipped = 0
    if len(before):
        yield TEXTS[START][:ended]


def _size(sheet: Sheet) -> str:
    if sheet.pitch is None:
        return f'width="{sheet.width}" height="{sheet.height}"'
    across, down = sheet.pitch
    told = f'width="{sheet.width * across:.6g}mm" height="{sheet.height * down:.6g}mm"'
    return told if across == down else f'{told} preserveAspectRatio="none"'


def _background(paper: Colour | None) -> str:
    """Return the colour of the page itself.

    White paper is no more than that: a rectangle would be drawn by plotters, and cut by lasers.
    """
    return "" if paper is None else f' style="background:{_hex(paper)}"'


def _hex(colour: Colour | None) -> str:
    return "#" + "".join(f"{value:02x}" for value in colour or (0, 0, 0))


def as_xml(text: str) -> str:
    r"""Return a text as XML holds it; characters that it cannot hold are replaced.

    >>> as_xml("a<b & \x07\udcff")
    'a&lt;b &amp; ��'
    """
    return escape(_legal(text), quote=False)


def _legal(text: str) -> str:
    return re.sub("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "�", text)
