"""What figures are made of: boxes and texts in their places, in groups with names.

Whoever writes a file draws them in their order: as SVG, or as the pixels of a GIF.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edgecli.records import dataclass

EM = {
    " ": 0.32, "·": 0.32, ".": 0.32, ",": 0.32, "(": 0.4, ")": 0.4, "|": 0.34, "[": 0.4, "]": 0.4,
    "+": 0.84, "−": 0.84, "=": 0.84, "√": 0.64, "²": 0.41, "∗": 0.5, "×": 0.84, "…": 1.0,
    "m": 0.98, "w": 0.82, "M": 0.87, "W": 0.99, "Σ": 0.64, "-": 0.37, "i": 0.29, "l": 0.29,
}  # fmt: skip
"""How wide characters are, in sizes of the text: those of DejaVu Sans, wider than most fonts."""

OTHER_EM = 0.64

BOLD = 1.1
"""How much wider bold text is at most."""


@dataclass(frozen=True)
class Box:
    """A rectangle, in px, and its paint."""

    x: float
    y: float
    width: float
    height: float
    paint: str


Run = tuple[str, str]
"""A text, and its paint."""


@dataclass(frozen=True)
class Label:
    """A line of text: ``x`` is its start, middle or end, as ``anchor`` says, ``y`` its baseline."""

    x: float
    y: float
    size: float
    runs: tuple[Run, ...]
    anchor: str = "start"

    @property
    def text(self) -> str:
        """Return the whole line."""
        return "".join(text for text, _ in self.runs)


@dataclass(frozen=True)
class Group:
    """Shapes that belong together, by a name."""

    name: str
    shapes: tuple[Box | Label, ...]


@dataclass(frozen=True)
class Step:
    """One position of the window: what is seen in its time alone, and what is seen from then on."""

    moment: tuple[Group, ...]
    kept: tuple[Group, ...]


@dataclass(frozen=True)
class Drawing:
    """A figure: what never changes, and its steps, in their order; the last is the still's.

    ``about`` says how it was made.
    """

    title: str
    about: str
    ground: tuple[Group, ...]
    steps: Sequence[Step]


def width_of(text: str) -> float:
    """Return how wide a text is at most, in sizes of its font.

    >>> round(width_of("3·(−1)"), 2)
    3.24
    """
    return sum(EM.get(character, OTHER_EM) for character in text)


def widest(texts: Iterable[str]) -> float:
    """Return the width of the widest text."""
    return max(map(width_of, texts), default=0.0)


def centred(box: Box, text: str, paint: str, size: float) -> Label:
    """Return a text in the middle of a box; digits are 0.72 of their size high."""
    middle, base = box.x + box.width / 2, box.y + box.height / 2 + 0.36 * size
    return Label(middle, base, size, ((text, paint),), "middle")
