"""A page about edges as a flatbed scanner sees it: slightly turned, unevenly lit, noisy."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from .noise import fractal, smoothstep, to_bytes

SIZE = (620, 877)  # A4 at 75 dots per inch
SCALE = 3  # how much larger the page is drawn, so that turning and shrinking smooth the letters
INK = 38
TURN = 0.7  # degrees
MARGIN, GUTTER = 58, 26
TEXT, LEADING = 12.6, 18.6
COLUMN = (SIZE[0] - 2 * MARGIN - GUTTER) / 2

TITLE = "Where a picture changes"
SUBTITLE = "A short note on edges, filters and the cost of finding them"

LEFT = (
    "An edge is a place where brightness changes quickly. A camera records only numbers, one "
    "for each pixel, so an edge must be read off the differences between neighbours.",
    "# Filters",
    "A filter is a small grid of weights. It is laid over the picture, each weight is multiplied "
    "by the pixel under it, and the sum of the products becomes one pixel of the result. Then "
    "the filter moves on by one place.",
    "The filter in Table 1 adds the column on its left and subtracts the column on its right. "
    "On an even surface the two cancel and the answer is zero. Where bright meets dark they do "
    "not, and the answer is large.",
    "The sign tells the direction: bright to dark gives a positive answer, dark to bright a "
    "negative one. Whoever wants both takes the absolute value.",
)
RIGHT = (
    "# Padding",
    "A filter of width f fits into a row of n pixels at n - f + 1 places, so the result is "
    "smaller than the picture, and pixels at the border are used less often than those inside. "
    "A frame of p extra pixels helps with both. For odd f and p = (f - 1) / 2 the size stays "
    "the same.",
    "# Strides",
    "The filter may also jump s pixels at a time. The result then has (n + 2p - f) / s + 1 "
    "values in each row, rounded down, since the filter must lie wholly inside the frame.",
    "# Shared parameters",
    "The same nine weights serve every place in the picture. A detector that is useful in one "
    "corner is useful in the others, and nine numbers are far fewer than one for every pair of "
    "pixels. So few are easier to learn from examples, too.",
)


class Sheet:
    """A white page to write on, in units of final pixels."""

    def __init__(self) -> None:
        self.image = Image.new("L", (SIZE[0] * SCALE, SIZE[1] * SCALE), 255)
        self.pen = ImageDraw.Draw(self.image)

    def font(self, size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        """Return Pillow's own typeface at this size."""
        return ImageFont.load_default(size * SCALE)

    def width(self, text: str, size: float) -> float:
        """Return how wide a text is."""
        return self.pen.textlength(text, self.font(size)) / SCALE

    def write(self, x: float, y: float, text: str, size: float, bold: bool = False) -> None:
        """Write a text with its left top corner at (x, y)."""
        weight = 1 if bold else 0
        at = (x * SCALE, y * SCALE)
        self.pen.text(at, text, fill=INK, font=self.font(size), stroke_width=weight)

    def centred(self, x: float, y: float, text: str, size: float, bold: bool = False) -> None:
        """Write a text around x."""
        self.write(x - self.width(text, size) / 2, y, text, size, bold)

    def line(self, points: Sequence[tuple[float, float]], width: float = 1.0) -> None:
        """Draw a line through the points."""
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self.pen.line(scaled, fill=INK, width=round(width * SCALE), joint="curve")


def justified(sheet: Sheet, x: float, y: float, text: str) -> float:
    """Set a paragraph in a column with both sides flush, and return where it ends."""
    lines = broken(sheet, text)
    for number, words in enumerate(lines):
        free = COLUMN - sum(sheet.width(word, TEXT) for word in words)
        last = number == len(lines) - 1
        gap = sheet.width(" ", TEXT) if last else free / max(len(words) - 1, 1)
        at = x
        for word in words:
            sheet.write(at, y, word, TEXT)
            at += sheet.width(word, TEXT) + gap
        y += LEADING
    return y + 6


def broken(sheet: Sheet, text: str) -> list[list[str]]:
    """Return a text as lines of words that fit the column."""
    lines: list[list[str]] = [[]]
    for word in text.split():
        if sheet.width(" ".join([*lines[-1], word]), TEXT) > COLUMN:
            lines.append([])
        lines[-1].append(word)
    return lines


def column(sheet: Sheet, x: float, y: float, paragraphs: Sequence[str]) -> float:
    """Set headings (marked "# ") and paragraphs below each other, and return where they end."""
    for text in paragraphs:
        if text.startswith("# "):
            sheet.write(x, y + 4, text[2:], 14.5, bold=True)
            y += 29
        else:
            y = justified(sheet, x, y, text)
    return y


def table(sheet: Sheet, x: float, y: float) -> None:
    """Draw the filter that finds upright edges."""
    cell = 27.0
    for row in range(4):
        sheet.line([(x, y + row * cell), (x + 3 * cell, y + row * cell)])
        sheet.line([(x + row * cell, y), (x + row * cell, y + 3 * cell)])
        for place, weight in enumerate(("1", "0", "-1")):
            if row < 3:
                sheet.centred(x + (place + 0.5) * cell, y + row * cell + 7, weight, 11)
    sheet.centred(x + 1.5 * cell, y + 3 * cell + 10, "Table 1. A filter for", 9)
    sheet.centred(x + 1.5 * cell, y + 3 * cell + 22, "upright edges.", 9)


def graph(sheet: Sheet, x: float, y: float) -> None:
    """Draw brightness along a row, and its slope below."""
    wide, high = 230.0, 52.0
    t = np.linspace(0, 1, 120)
    rise = 1 / (1 + np.exp(-(t - 0.3) * 45)) - 0.65 / (1 + np.exp(-(t - 0.68) * 30))
    slope = np.gradient(rise)
    slope = slope / np.abs(slope).max()
    for top, curve, base, label in ((y, rise, 1.0, "brightness"), (y + 66, slope, 0.5, "slope")):
        sheet.line(
            [(x, top - 4), (x, top + high), (x, top + high * base), (x + wide, top + high * base)]
        )
        level = top + high * base - curve * high * base * 0.9
        sheet.line(list(zip(x + t * wide, level, strict=True)), 1.7)
        sheet.write(x + wide - sheet.width(label, 9), top - 4, label, 9)
    sheet.centred(x + wide / 2, y + 130, "Figure 1. Brightness along a row; where it", 9)
    sheet.centred(x + wide / 2, y + 142, "changes, the slope stands out from zero.", 9)


def typeset() -> Image.Image:
    """Return the page as it was printed."""
    sheet = Sheet()
    middle, right = SIZE[0] / 2, MARGIN + COLUMN + GUTTER
    sheet.centred(middle, 58, TITLE, 29)
    sheet.centred(middle, 98, SUBTITLE, 11.5)
    sheet.line([(MARGIN, 124), (SIZE[0] - MARGIN, 124)], 1.3)
    end = column(sheet, MARGIN, 142, LEFT)
    table(sheet, MARGIN + COLUMN / 2 - 40, end + 14)
    end = column(sheet, right, 138, RIGHT)
    graph(sheet, right + 3, end + 16)
    sheet.centred(middle, 822, "- 7 -", 10)
    return sheet.image


def draw() -> NDArray[np.uint8]:
    """Return the scanned page, (height, width) bytes."""
    turned = typeset().rotate(TURN, Image.Resampling.BICUBIC, fillcolor=255)
    blurred = turned.filter(ImageFilter.GaussianBlur(1.2))
    print_ = np.asarray(blurred.resize(SIZE, Image.Resampling.LANCZOS), np.float32) / 255
    height, width = print_.shape
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    # The lid does not close at the left: the light falls off there and towards the foot.
    lamp = 0.93 - 0.07 * y - 0.16 * smoothstep(0.12, 0.0, x) - 0.05 * (x - 0.6) ** 2
    fibres = 0.006 * fractal(1024, 0.6, seed=21)[:height, :width]
    return to_bytes(print_ * lamp + fibres, grain=1.6, seed=22)
