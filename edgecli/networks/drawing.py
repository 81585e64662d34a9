"""A network as a picture: SVG in which every layer's volume is drawn to scale.

There are three linear scales, and the drawing states them: one for height (up) and width (to the
back), one for channels (to the right), and one for vectors, which are bars.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from edgecli.networks.network import INPUT, Summary
from edgecli.records import dataclass

TALLEST = 150.0  # px of the largest side of any volume, and of the longest vector
DEEPEST = 60.0  # px of the most channels
THINNEST = 2.0  # px of whatever would be too thin to see
SLANT = (0.35, 0.35)  # px to the right and up for each px to the back
GAP, MARGIN = 60.0, 24.0  # px between boxes, and around the drawing
ARCS = 40.0  # px above the boxes for arcs
CHARACTER = 6.8  # px of the widest character, rounded up
LINE = 15.0  # px from one line of text to the next

COLOURS = {
    "convolution": "#4c78a8",
    "max-pool": "#e45756",
    "average-pool": "#e45756",
    "dense": "#54a24b",
    "upsample": "#b279a2",
    "add": "#f58518",
    "concatenate": "#f58518",
}
OTHER = "#9d9da1"


@dataclass(frozen=True)
class Box:
    """A volume in its place: left edge and size of the front, and the depth behind it, in px."""

    captions: tuple[str, str, str]
    colour: str
    left: float
    width: float
    height: float
    depth: float

    @property
    def right(self) -> float:
        """Return the rightmost px, which is at the back."""
        return self.left + self.width + SLANT[0] * self.depth

    @property
    def middle(self) -> float:
        """Return the px halfway across the front."""
        return self.left + self.width / 2


def draw_network(summary: Summary) -> str:
    """Return an SVG of the network's volumes, input first, with shapes and parameters below.

    Arcs join layers that are not next to each other. The same summary gives the same text.
    """
    jumps = list(_jumps(summary))
    boxes = _boxes(summary)
    ground = MARGIN + (ARCS if jumps else 0.0) + TALLEST * (1 + SLANT[1])
    width = max(boxes[-1].right + GAP, 640.0)
    height = ground + 5 * LINE + MARGIN
    size = f'width="{width:.0f}" height="{height:.0f}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width:.0f} {height:.0f}" '
        'font-family="sans-serif" font-size="11">',
        f"<title>{escape(summary.name)}</title>",
        f'<rect {size} fill="white"/>',
    ]
    lines += [line for box in boxes for line in _drawn(box, ground)]
    lines += [_arc(boxes[start], boxes[stop], ground) for start, stop in jumps]
    lines += [_text(MARGIN, ground + 4.6 * LINE, _scales(summary), "start", "#666"), "</svg>", ""]
    return "\n".join(lines)


def _largest(summary: Summary) -> tuple[int, int, int]:
    """Return the largest side, the most channels and the longest vector."""
    shapes = [summary.input_shape, *(layer.output_shape for layer in summary.layers)]
    volumes = [shape for shape in shapes if len(shape) == 3]
    sides = max(max(shape[:2]) for shape in volumes)
    channels = max(shape[2] for shape in volumes)
    return sides, channels, max((shape[0] for shape in shapes if len(shape) == 1), default=1)


def _boxes(summary: Summary) -> list[Box]:
    largest = _largest(summary)
    described = [(INPUT, INPUT, summary.input_shape, 0)]
    described += [(one.name, one.kind, one.output_shape, one.parameters) for one in summary.layers]
    boxes: list[Box] = []
    left, reach = MARGIN + GAP / 2, 0.0
    for name, kind, shape, parameters in described:
        width, height, depth = _extent(shape, largest)
        counted = f"{parameters:,} parameters" if parameters else ""
        captions = name, "×".join(map(str, shape)), counted
        # Captions are centred, and must not run into each other.
        half = max(map(len, captions)) * CHARACTER / 2
        if boxes:
            clear = boxes[-1].middle + reach + half - width / 2
            left = max(boxes[-1].right + GAP / 2, clear)
        reach = half + CHARACTER
        boxes.append(Box(captions, COLOURS.get(kind, OTHER), left, width, height, depth))
    return boxes


def _extent(shape: Sequence[int], largest: tuple[int, int, int]) -> tuple[float, float, float]:
    """Return width, height and depth in px. Channels go to the right, columns to the back."""
    sides, channels, vector = largest
    if len(shape) == 1:
        return 10.0, max(shape[0] / vector * TALLEST, THINNEST), 10.0
    H, W, C = shape
    high, deep = (max(side / sides * TALLEST, THINNEST) for side in (H, W))
    return max(C / channels * DEEPEST, THINNEST), high, deep


def _drawn(box: Box, ground: float) -> Iterator[str]:
    """Yield the front, top and right face of a box, then its captions."""
    right, top = box.left + box.width, ground - box.height
    x, y = SLANT[0] * box.depth, SLANT[1] * box.depth
    faces = (
        ([(box.left, ground), (right, ground), (right, top), (box.left, top)], 0.9),
        ([(box.left, top), (right, top), (right + x, top - y), (box.left + x, top - y)], 0.6),
        ([(right, ground), (right + x, ground - y), (right + x, top - y), (right, top)], 0.75),
    )
    for corners, opacity in faces:
        points = " ".join(f"{px:.1f},{py:.1f}" for px, py in corners)
        yield (
            f'<polygon points="{points}" fill="{box.colour}" fill-opacity="{opacity}" '
            'stroke="#333" stroke-width="0.6"/>'
        )
    for n, caption in enumerate(box.captions):
        colour = "#111" if n < 2 else "#666"
        yield _text(box.middle, ground + (n + 1.2) * LINE, caption, "middle", colour)


def _jumps(summary: Summary) -> Iterator[tuple[int, int]]:
    """Yield the places of two joined layers that are not next to each other."""
    places = {INPUT: 0} | {layer.name: n for n, layer in enumerate(summary.layers, 1)}
    for layer in summary.layers:
        for name in layer.inputs:
            if places[name] != places[layer.name] - 1:
                yield places[name], places[layer.name]


def _arc(start: Box, stop: Box, ground: float) -> str:
    """Return a dashed arc from the top of one box to that of another."""
    (x, y), (to_x, to_y), over = _top(start, ground), _top(stop, ground), MARGIN / 2
    return (
        f'<path d="M {x:.1f} {y:.1f} C {x:.1f} {over:.1f} {to_x:.1f} {over:.1f} '
        f'{to_x:.1f} {to_y:.1f}" fill="none" stroke="#555" stroke-dasharray="4 3"/>'
    )


def _top(box: Box, ground: float) -> tuple[float, float]:
    """Return the middle of a box's top face."""
    x, y = (slant * box.depth / 2 for slant in SLANT)
    return box.middle + x, ground - box.height - y


def _scales(summary: Summary) -> str:
    sides, channels, vector = _largest(summary)
    scales = [
        f"{TALLEST / sides:.3g} px for a pixel's height and width",
        f"{DEEPEST / channels:.3g} px for a channel",
    ]
    if any(len(layer.output_shape) == 1 for layer in summary.layers):
        scales.append(f"{TALLEST / vector:.3g} px for a value of a vector")
    return f"Drawn to scale: {', '.join(scales)}; nothing is thinner than {THINNEST:g} px."


def _text(x: float, y: float, text: str, anchor: str, colour: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">'
        f"{escape(text)}</text>"
    )
