"""How figures look: the size of a slide, its colours in light and dark, and how each part is drawn.

Colours go with the gallery's. Whatever is drawn names a *paint*; nothing else knows a colour.
"""

from __future__ import annotations

from edgecli.records import dataclass

WIDTH, HEIGHT = 1280, 720  # px: 16:9, as projectors show slides
MARGIN = 48.0
TITLE, CAPTION, SMALL = 30.0, 20.0, 15.0  # px of text
GAP, GROUP_GAP = 18.0, 72.0  # px between sheets, and between input, kernels and output
LARGEST_CELL = 70.0
FONTS = (34.0, 31.0, 28.0, 25.0, 22.0, 20.0, 18.0, 16.0, 14.5, 13.0)  # px of written-out sums
LEADING = 1.36  # of a line of a sum, in sizes of its text
REST = 2  # steps that an animation stands still at its end
GLIDE = 0.25  # of a step, in which the window glides to its place

FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"

Pair = tuple[str, str]
"""A colour on light paper, and on dark."""

PAPER: Pair = ("#fffefb", "#141413")
INK: Pair = ("#1f1e1b", "#eceae5")
SOFT: Pair = ("#68655e", "#a19d94")
LINE: Pair = ("#cfcbc1", "#45433f")
WHITE: Pair = ("#ffffff", "#1f1f1d")

STRONG: dict[str, Pair] = {
    "gray": ("#2f55c5", "#9db5ff"),
    "red": ("#b3261e", "#ff9c8f"),
    "green": ("#23702c", "#86d792"),
    "blue": ("#2f55c5", "#9db5ff"),
    "map-0": ("#a34a00", "#f7b96b"),
    "map-1": ("#7535b0", "#cda8f7"),
    "map-2": ("#0b6e66", "#71d8cb"),
    "map-3": ("#a81d66", "#f79cca"),
    "map-4": ("#5b5f00", "#cfd35f"),
    "map-5": ("#8a3b2a", "#e8a090"),
    "map-6": ("#005f87", "#7cc6ec"),
    "map-7": ("#4d4d52", "#c4c4cc"),
    "map-8": ("#1f1e1b", "#eceae5"),
    "padding": ("#7d6a2e", "#d1bd7c"),
}
"""The colours of texts and outlines: of each channel, of each map, of padding."""

TINTS: dict[str, Pair] = {
    "gray": ("#eef1fb", "#1d2237"),
    "red": ("#fbebe8", "#361d1a"),
    "green": ("#e8f4e8", "#182e1b"),
    "blue": ("#e9eefb", "#1a2340"),
    "map-0": ("#fdf0e1", "#33240f"),
    "map-1": ("#f3eafa", "#291c36"),
    "map-2": ("#e3f3f1", "#122d2a"),
    "map-3": ("#fae8f1", "#351a29"),
    "map-4": ("#f3f4dc", "#2a2b10"),
    "map-5": ("#f9ebe7", "#33201b"),
    "map-6": ("#e3f1f8", "#132b38"),
    "map-7": ("#efeff1", "#28282c"),
    "map-8": ("#f0efec", "#2b2a28"),
    "padding": ("#f3ecd6", "#2d2817"),
}
"""The colours of cells."""

MOST_MAPS = sum(name.startswith("map-") for name in STRONG)


@dataclass(frozen=True)
class Paint:
    """How a box or a text is drawn: what fills it, how much of that, and its outline."""

    fill: Pair | None = None
    opacity: float = 1.0
    line: Pair | None = None
    width: float = 0.0
    bold: bool = False


PAINTS: dict[str, Paint] = {
    "paper": Paint(PAPER),
    "ink": Paint(INK),
    "strong": Paint(INK, bold=True),
    "soft": Paint(SOFT),
    "empty": Paint(WHITE, line=LINE, width=1.0),
}
for _name, _pair in STRONG.items():
    PAINTS[_name] = Paint(_pair)
    PAINTS[f"{_name}-bold"] = Paint(_pair, bold=True)
    PAINTS[f"{_name}-cell"] = Paint(TINTS[_name], line=LINE, width=1.0)
    PAINTS[f"{_name}-tap"] = Paint(_pair, opacity=0.2)
    PAINTS[f"{_name}-frame"] = Paint(line=_pair, width=3.5)
    PAINTS[f"{_name}-edge"] = Paint(line=_pair, width=1.5)
    PAINTS[f"{_name}-pile"] = Paint(TINTS[_name], line=_pair, width=1.5)
