"""A network as a picture: SVG in which every layer's volume is drawn to scale.

There are three linear scales, and the drawing states them: one for height (up) and width (to the
back), one for channels (to the right), and one for vectors, which are bars. Kernels lie on the
volumes that they slide over, on the scale of these. Volumes that are too many for one line go on
in the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgecli.networks.network import INPUT, LayerFacts, Slide, Summary, padding_words
from edgecli.networks.svg import CHARACTER, arrow, line, page, polygon, text
from edgecli.records import dataclass, replace

TALLEST = 150.0  # px of the largest side of any volume, and of the longest vector
DEEPEST = 60.0  # px of the most channels
THINNEST = 2.0  # px of whatever would be too thin to see
SLANT = (0.35, 0.35)  # px to the right and up for each px to the back
GAP, MARGIN = 30.0, 24.0  # px between boxes, and around the drawing
ARCS = 40.0  # px above the boxes for arcs
LINE = 15.0  # px from one line of text to the next
BELOW = 6.5 * LINE  # px of what is written below the boxes
WIDEST = 1280.0  # px of a line of boxes, unless a single one is wider

COLOURS = {
    "convolution": "#4c78a8",
    "max-pool": "#e45756",
    "average-pool": "#e45756",
    "dense": "#54a24b",
    "upsample": "#b279a2",
    "add": "#f58518",
    "mean": "#f58518",
    "concatenate": "#f58518",
}
OTHER = "#9d9da1"

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A volume in its place, in px: left edge, size of the front, depth behind it, and ground.

    ``made`` says in two lines how it is made of the box before it, or of others.
    """

    shape: tuple[int, ...]
    captions: tuple[str, str, str]
    made: tuple[str, str]
    colour: str
    width: float
    height: float
    depth: float
    left: float = 0.0
    ground: float = 0.0
    row: int = 0

    @property
    def top(self) -> float:
        """Return the uppermost px of the front."""
        return self.ground - self.height

    @property
    def right(self) -> float:
        """Return the rightmost px, which is at the back."""
        return self.left + self.width + SLANT[0] * self.depth

    @property
    def middle(self) -> float:
        """Return the px halfway across the front."""
        return self.left + self.width / 2

    @property
    def half(self) -> float:
        """Return the px that the captions take on either side of the middle."""
        return max(map(len, self.captions)) * CHARACTER / 2

    def place(self, row: float, col: float) -> Point:
        """Return where a pixel's corner is on the right face, on which rows and columns lie."""
        H, W = self.shape[:2]
        back = self.depth * col / W
        x = self.left + self.width + SLANT[0] * back
        return x, self.top - SLANT[1] * back + self.height * row / H


def draw_network(summary: Summary) -> str:
    """Return an SVG of the network's volumes, input first, with what makes each of the others.

    Arcs join layers that are not next to each other. The same summary gives the same text.
    """
    joined = list(_joined(summary))
    jumps = [(start, stop) for start, stop in joined if start < stop - 1]
    boxes = _placed(_boxes(summary), ARCS if jumps else 0.0)
    scales = _scales(summary)
    ends = [max(box.right, box.middle + box.half) for box in boxes]
    width = max(*ends, *(MARGIN + len(words) * CHARACTER * 0.9 for words in scales)) + MARGIN
    below = boxes[-1].ground + BELOW
    lines = [part for box in boxes for part in _drawn(box)]
    for n, layer in enumerate(summary.layers, 1):
        if (n - 1, n) in joined:
            lines += _step(layer, boxes[n - 1], boxes[n])
        lines += _made(boxes[n])
    together = [pair for pair in ((boxes[a], boxes[b]) for a, b in jumps) if _in_one_row(*pair)]
    lines += [_arc(start, stop) for start, stop in together]
    for n, words in enumerate(scales):
        lines.append(text(MARGIN, below + (n + 1) * LINE, words, "soft", "start"))
    height = below + len(scales) * LINE + MARGIN
    return page(summary, width, height, lines)


def _joined(summary: Summary) -> Iterator[tuple[int, int]]:
    """Yield the places of every layer's inputs, and its own."""
    places = {INPUT: 0} | {layer.name: n for n, layer in enumerate(summary.layers, 1)}
    for layer in summary.layers:
        yield from ((places[name], places[layer.name]) for name in layer.inputs)


def _in_one_row(start: Box, stop: Box) -> bool:
    return start.row == stop.row


def _largest(summary: Summary) -> tuple[int, int, int]:
    """Return the largest side, the most channels and the longest vector."""
    shapes = [summary.input_shape, *(layer.output_shape for layer in summary.layers)]
    volumes = [shape for shape in shapes if len(shape) == 3]
    sides = max(max(shape[:2]) for shape in volumes)
    channels = max(shape[2] for shape in volumes)
    return sides, channels, max((shape[0] for shape in shapes if len(shape) == 1), default=1)


def _boxes(summary: Summary) -> Iterator[Box]:
    """Yield a box for the input and each layer, without its place."""
    largest, previous = _largest(summary), INPUT
    yield _box(INPUT, "", summary.input_shape, 0, ("", ""), largest)
    for layer in summary.layers:
        made = step_words(layer, previous)
        yield _box(layer.name, layer.kind, layer.output_shape, layer.parameters, made, largest)
        previous = layer.name


def _box(
    name: str,
    kind: str,
    shape: tuple[int, ...],
    parameters: int,
    made: tuple[str, str],
    largest: tuple[int, int, int],
) -> Box:
    counted = f"{parameters:,} parameters" if parameters else ""
    captions = name, "×".join(map(str, shape)), counted
    return Box(shape, captions, made, COLOURS.get(kind, OTHER), *_extent(shape, largest))


def _extent(shape: Sequence[int], largest: tuple[int, int, int]) -> tuple[float, float, float]:
    """Return width, height and depth in px. Channels go to the right, columns to the back."""
    sides, channels, vector = largest
    if len(shape) == 1:
        return 10.0, max(shape[0] / vector * TALLEST, THINNEST), 10.0
    H, W, C = shape
    high, deep = (max(side / sides * TALLEST, THINNEST) for side in (H, W))
    return max(C / channels * DEEPEST, THINNEST), high, deep


def step_words(layer: LayerFacts, previous: str) -> tuple[str, str]:
    """Return in two lines what a layer does, and of which others than the ``previous`` one.

    >>> from edgecli.networks.files import load_network
    >>> [step_words(layer, "") for layer in load_network("lenet5").summary().layers[:1]]
    [('conv 5×5, stride 1', 'of input')]
    """
    word = {"convolution": "conv"}.get(layer.kind, layer.kind)
    more: list[str] = []
    if (slide := layer.slide) is not None:
        word += f" {_sides(slide.kernel_size, always=True)}, stride {_sides(slide.stride)}"
        more += _around(slide)
    others = [name for name in layer.inputs if name != previous]
    if others:
        more.append(f"{'of' if len(others) == len(layer.inputs) else 'and'} {', '.join(others)}")
    return word, ", ".join(more)


def _around(slide: Slide) -> Iterator[str]:
    if any(slide.padding):
        yield f"padding {padding_words(slide)}"
    if max(slide.dilation) > 1:
        yield f"dilation {_sides(slide.dilation)}"


def _sides(sides: tuple[int, int], *, always: bool = False) -> str:
    return f"{sides[0]}" if sides[0] == sides[1] and not always else f"{sides[0]}×{sides[1]}"


def _placed(boxes: Iterator[Box], above: float) -> list[Box]:
    """Put boxes beside each other, none of whose words meet, and go on below where it is full."""
    placed: list[Box] = []
    high = above + TALLEST * (1 + SLANT[1])
    row, left = 0, MARGIN
    for box in boxes:
        made = max(map(len, box.made)) * CHARACTER + 2 * MARGIN
        reach = max(box.half, box.width / 2)
        if placed:
            last = placed[-1]
            words = max(made, last.half + box.half + 2 * CHARACTER)
            left = max(last.right + GAP, last.middle + words - box.width / 2)
            if left + reach > WIDEST:
                row, left = row + 1, MARGIN + max(made - box.width / 2, reach)
        else:
            left = MARGIN + reach - box.width / 2
        ground = MARGIN + high + row * (high + BELOW + MARGIN)
        placed.append(replace(box, left=left, ground=ground, row=row))
    return placed


def _drawn(box: Box) -> Iterator[str]:
    """Yield the front, top and right face of a box, then its captions."""
    left, right, top, ground = box.left, box.left + box.width, box.top, box.ground
    x, y = SLANT[0] * box.depth, SLANT[1] * box.depth
    faces: tuple[tuple[list[Point], float], ...] = (
        ([(left, ground), (right, ground), (right, top), (left, top)], 0.9),
        ([(left, top), (right, top), (right + x, top - y), (left + x, top - y)], 0.6),
        ([(right, ground), (right + x, ground - y), (right + x, top - y), (right, top)], 0.75),
    )
    for corners, opacity in faces:
        yield polygon("face", corners, f' fill="{box.colour}" fill-opacity="{opacity}"')
    for n, caption in enumerate(box.captions):
        yield text(box.middle, ground + (n + 4) * LINE, caption, "soft" if n == 2 else "")


def _step(layer: LayerFacts, start: Box, stop: Box) -> Iterator[str]:
    """Yield the arrow from one box to the next, and the kernel that slides over the first."""
    y, away = stop.ground + LINE, 4.0
    if not _in_one_row(start, stop):
        yield line(start.middle + away, start.ground + LINE, start.right + GAP, start.ground + LINE)
        yield arrow(MARGIN, y, stop.middle - away, y)
        return
    yield arrow(start.middle + away, y, stop.middle - away, y)
    if layer.slide is not None:
        yield from _kernel(layer.slide, start, stop)


def _made(box: Box) -> Iterator[str]:
    """Yield how a box is made of others, left of its middle and below the arrow."""
    for n, words in enumerate(box.made):
        x = box.middle - MARGIN - max(map(len, box.made)) * CHARACTER / 2
        yield text(x, box.ground + (n + 2) * LINE, words, "soft")


def _kernel(slide: Slide, start: Box, stop: Box) -> Iterator[str]:
    """Yield a kernel on the volume, the way that it slides, and lines to the value it makes."""
    rows, cols, output = _under(slide, start, stop)
    near, far = ([start.place(row, col) for row in rows] for col in cols)
    made = stop.left, stop.top + stop.height * (output + 0.5) / stop.shape[0]
    yield from (line(*corner, *made, ' stroke-dasharray="2 2"') for corner in far)
    middle, free = sum(rows) / 2, start.shape[1] - cols[1]
    if start.depth * free / start.shape[1] > 2 * LINE:
        yield arrow(*start.place(middle, cols[1]), *start.place(middle, cols[1] + free / 4))
    yield polygon("kernel", (*near, *far[::-1]))


def _under(slide: Slide, start: Box, stop: Box) -> tuple[Point, Point, int]:
    """Return the rows and the columns, as ``[from, to]``, that a kernel lies on, and the output.

    It makes the first column's value a third of the way down. Padding is not drawn.
    """
    output = stop.shape[0] // 3
    firsts = output * slide.stride[0] - slide.padding[0], -slide.padding[2]
    spans = []
    for n, scale in enumerate((start.height, start.depth)):
        reach = (slide.kernel_size[n] - 1) * slide.dilation[n] + 1
        low, high = max(firsts[n], 0), min(firsts[n] + reach, start.shape[n])
        spans.append((low, max(high, low + THINNEST * start.shape[n] / scale)))
    return spans[0], spans[1], output


def _arc(start: Box, stop: Box) -> str:
    """Return a dashed arc from the top of one box to that of another."""
    (x, y), (to_x, to_y) = _top(start), _top(stop)
    over = start.ground - TALLEST * (1 + SLANT[1]) - ARCS
    return (
        f'<path class="line arc" d="M {x:.1f} {y:.1f} C {x:.1f} {over:.1f} {to_x:.1f} {over:.1f} '
        f'{to_x:.1f} {to_y:.1f}"/>'
    )


def _top(box: Box) -> Point:
    """Return the middle of a box's top face."""
    x, y = (slant * box.depth / 2 for slant in SLANT)
    return box.middle + x, box.top - y


def _scales(summary: Summary) -> list[str]:
    sides, channels, vector = _largest(summary)
    scales = [
        f"{TALLEST / sides:.3g} px for a pixel's height and width",
        f"{DEEPEST / channels:.3g} px for a channel",
    ]
    if any(len(layer.output_shape) == 1 for layer in summary.layers):
        scales.append(f"{TALLEST / vector:.3g} px for a value of a vector")
    least = f"Nothing is thinner than {THINNEST:g} px."
    kernels = any(layer.slide for layer in summary.layers)
    slid = " Yellow: the window, where it slides over a volume."
    return [f"Drawn to scale: {', '.join(scales)}.", least + slid * kernels]
