"""Pictures that are drawn of boxes and lines of text, and animations of them as GIF.

Text is set in the font that Pillow brings along, so that it looks alike on every machine. It lacks
some signs of arithmetic: those are drawn.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from edgecli.errors import UsageError
from edgecli.records import dataclass

Point = tuple[float, float]

STROKES: dict[str, tuple[float, tuple[tuple[Point, ...], ...]]] = {
    "−": (0.6, (((0.08, 0.3), (0.52, 0.3)),)),
    "×": (0.6, (((0.12, 0.12), (0.48, 0.48)), ((0.12, 0.48), (0.48, 0.12)))),
    "√": (0.6, (((0.05, 0.35), (0.15, 0.4), (0.3, 0.0), (0.55, 0.78)),)),
    "²": (0.38, (((0.06, 0.66), (0.12, 0.74), (0.24, 0.74), (0.27, 0.64), (0.06, 0.42),
                  (0.3, 0.42)),)),
    "Σ": (0.6, (((0.52, 0.62), (0.5, 0.7), (0.08, 0.7), (0.3, 0.36), (0.08, 0.0), (0.5, 0.0),
                 (0.52, 0.08)),)),
    "∗": (0.5, (((0.25, 0.1), (0.25, 0.5)), ((0.08, 0.2), (0.42, 0.4)),
                ((0.08, 0.4), (0.42, 0.2)))),
}  # fmt: skip
"""Signs that the font lacks: how wide they are, and lines from point to point; y is up from the
baseline, all in sizes of the text."""

FINE = 4  # signs are drawn so much larger, and made smaller, so that their edges are smooth

COLOURS = 128
"""Colours of a GIF: those of the paints, and what lies between them at the edges of letters."""


@dataclass(frozen=True)
class Ink:
    """The colour of a text, ``#rrggbb``, and whether it is bold."""

    colour: str
    bold: bool = False


class Canvas:
    """A picture in RGB to draw on; what is drawn later lies above."""

    def __init__(self, width: int, height: int, image: Image.Image | None = None) -> None:
        self.image = image or Image.new("RGB", (width, height))
        self._draw = ImageDraw.Draw(self.image, "RGBA")

    def copy(self) -> Canvas:
        """Return another canvas with the same picture."""
        return Canvas(*self.image.size, self.image.copy())

    def box(
        self,
        corner: Point,
        size: Point,
        *,
        fill: str | None,
        opacity: float = 1.0,
        line: str | None = None,
        width: float = 1.0,
    ) -> None:
        """Draw a rectangle; its line lies around its edge, half within."""
        (x, y), (w, h) = corner, size
        if fill is not None:
            colour = f"{fill}{round(opacity * 255):02x}"
            self._draw.rectangle((round(x), round(y), round(x + w), round(y + h)), colour)
        if line is not None:
            thick = max(round(width), 1)
            out = thick // 2
            box = (round(x) - out, round(y) - out, round(x + w) + out, round(y + h) + out)
            self._draw.rectangle(box, outline=line, width=thick)

    def text(self, place: Point, size: float, runs: Sequence[tuple[str, Ink]], anchor: str) -> None:
        """Write a line on its baseline, that begins, ends or has its middle at a place."""
        x, y = place
        parts = [(part, ink) for text, ink in runs for part in _parts(text)]
        length = sum(_length(part, size) for part, _ in parts)
        x -= {"start": 0.0, "middle": length / 2, "end": length}[anchor]
        for part, ink in parts:
            if part in STROKES:
                self._sign((x, y), size, part, ink)
            else:
                stroke = size / 40 if ink.bold else 0
                self._draw.text((x, y), part, ink.colour, _font(size), "ls", stroke_width=stroke)
            x += _length(part, size)

    def _sign(self, place: Point, size: float, sign: str, ink: Ink) -> None:
        mask = _mask(sign, size, ink.bold)
        corner = round(place[0]), round(place[1]) - round(size)
        self.image.paste(ink.colour, corner, mask)


@lru_cache(64)
def _mask(sign: str, size: float, bold: bool) -> Image.Image:
    """Return how much of each pixel a sign covers; its baseline is ``size`` below the top."""
    side = round(size * 1.2)
    mask = Image.new("L", (side * FINE, side * FINE))
    draw, base = ImageDraw.Draw(mask), round(size)
    width = max(round(FINE * size * (0.11 if bold else 0.075)), 1)
    for points in STROKES[sign][1]:
        line = [(FINE * dx * size, FINE * (base - dy * size)) for dx, dy in points]
        draw.line(line, 255, width, joint="curve")
    return mask.resize((side, side), Image.Resampling.BOX)


def _parts(text: str) -> Iterator[str]:
    """Yield runs of text that the font has, and the signs between them that it lacks.

    >>> list(_parts("5·(−1)"))
    ['5·(', '−', '1)']
    """
    part = ""
    for sign in text:
        if sign in STROKES:
            yield from (part,) if part else ()
            yield sign
            part = ""
        else:
            part += sign
    if part:
        yield part


def _length(part: str, size: float) -> float:
    return STROKES[part][0] * size if part in STROKES else _font(size).getlength(part)


@lru_cache(64)
def _font(size: float) -> Any:
    try:
        return ImageFont.load_default(size)
    except (ImportError, OSError) as error:
        raise UsageError(
            "Pillow has no FreeType here, which letters are drawn by; have the figure as SVG"
        ) from error


def animation(frames: Sequence[Canvas], seconds: float, rest: float = 0.0) -> bytes:
    """Return a GIF that shows canvases for so long each, again and again.

    The last is shown for a ``rest`` longer, and has all colours that any of them has.
    """
    palette = frames[-1].image.quantize(COLOURS, Image.Quantize.MEDIANCUT)
    pictures = [one.image.quantize(palette=palette, dither=Image.Dither.NONE) for one in frames]
    file = io.BytesIO()
    duration = [round(seconds * 1000)] * len(pictures)
    duration[-1] += round(rest * 1000)
    pictures[0].save(
        file, "GIF", save_all=True, append_images=pictures[1:], duration=duration, loop=0
    )
    return file.getvalue()
