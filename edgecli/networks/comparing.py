"""Why convolutions: what layers with shared weights need against fully connected ones, to scale.

Two areas for each layer: all weights that a dense layer between the same volumes would have, and
the parameters that the convolution has. The second is mostly a dot, so a lens enlarges it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod, sqrt

from edgecli.networks.network import INPUT, LayerFacts, Summary
from edgecli.networks.svg import line, page, text
from edgecli.records import dataclass

WIDTH, HEIGHT = 1280.0, 720.0  # px of a slide; more layers than fit make it longer
MARGIN, TITLE = 40.0, 90.0  # px around, and for what stands above
PANEL = 560.0  # px from one row of layers to the next
AREA = 330.0  # px of a side of the larger area
LENS = 70.0  # px of the lens's radius
BAR, LONGEST = 14.0, 280.0  # px of a bar's thickness and of the longer bar
LINE = 22.0  # px from one line of text to the next
SEEN = 40.0  # px of a side below which an area needs the lens


@dataclass(frozen=True)
class Panel:
    """One layer's comparison, in its place."""

    layer: LayerFacts
    inputs: tuple[tuple[int, ...], ...]  # the shapes of what it reads
    left: float
    top: float

    @property
    def dense(self) -> int:
        """Return the weights of a fully connected layer between the same volumes."""
        return self.layer.fully_connected_parameters


def draw_comparison(summary: Summary) -> str:
    """Return an SVG that sets every layer with weights against a fully connected one, to scale.

    Layers that are fully connected themselves are named, not drawn. The same summary gives the same
    text.
    """
    weighted = [layer for layer in summary.layers if layer.weights]
    drawn = [layer for layer in weighted if layer.kind != "dense"]
    across = WIDTH / 2
    shapes = {INPUT: summary.input_shape} | {one.name: one.output_shape for one in summary.layers}
    panels = [
        Panel(
            one, tuple(shapes[name] for name in one.inputs),
            MARGIN + n % 2 * across, TITLE + n // 2 * PANEL,
        )
        for n, one in enumerate(drawn)
    ]  # fmt: skip
    lines = [text(MARGIN, 40, f"{summary.name}: {_whole(weighted)}", "big", "start")]
    lines.append(text(MARGIN, 66, _others(weighted), "middling soft", "start"))
    lines += [part for panel in panels for part in _panel(panel)]
    rows = max(-(-len(drawn) // 2), 1)
    height = max(HEIGHT, TITLE + rows * PANEL + MARGIN / 2)
    return page(summary, WIDTH, height, lines, " --compare fully-connected")


def _whole(layers: Sequence[LayerFacts]) -> str:
    few = sum(layer.parameters for layer in layers)
    many = sum(layer.fully_connected_parameters for layer in layers)
    if not few:
        return "no layer has weights"
    return f"{few:,} numbers, where fully connected layers would need {many:,}"


def _others(layers: Sequence[LayerFacts]) -> str:
    """Say which layers are not drawn, and why."""
    scale = "Areas and bars are to scale within a layer, bars of 1 px at least."
    dense = [layer.name for layer in layers if layer.kind == "dense"]
    if not dense:
        return scale
    are = "is" if len(dense) == 1 else "are"
    return f"{scale} {', '.join(dense)} {are} fully connected anyway."


def _panel(panel: Panel) -> Iterator[str]:
    layer, x, y = panel.layer, panel.left, panel.top
    yield text(x, y + 24, f"{layer.name}: {_shapes(panel)}", "big", "start")
    yield from _areas(panel)
    yield from _bars(panel, y + 64 + AREA + LINE)
    for n, words in enumerate(_sentences(panel)):
        yield text(x, y + 64 + AREA + (4 + n) * LINE, words, "middling", "start")


def _areas(panel: Panel) -> Iterator[str]:
    """Yield both areas on one scale, and a lens on the smaller where it would not be seen."""
    few, many = panel.layer.parameters, panel.dense
    unit = AREA / sqrt(max(few, many))
    x, y = panel.left, panel.top + 64
    side, own = unit * sqrt(many), unit * sqrt(few)
    yield _square("dense", x, y + AREA - side, side)
    yield text(x, y - 10, f"fully connected: {many:,} weights", "middling", "start")
    at = x + AREA + 30
    yield _square("few", at, y + AREA - own, own)
    yield text(at, y - 10, f"convolution: {few:,}", "middling", "start")
    if own < SEEN:
        yield from _lens(at + own / 2, y + AREA - own / 2, own)


def _lens(x: float, y: float, side: float) -> Iterator[str]:
    """Yield a lens above a small square at its middle, through which it looks enlarged."""
    by = LENS / side
    by = max(int(by // 10 * 10 if by >= 20 else by), 2)
    middle_x, middle_y = x + LENS + 20, y - AREA / 2
    ring = side / 2 + 3
    for corner in (-1, 1):
        yield line(
            x + corner * ring * 0.8, y - ring * 0.6,
            middle_x + corner * LENS * 0.94, middle_y + LENS * 0.34,
        )  # fmt: skip
    yield f'<circle class="line" cx="{x:.1f}" cy="{y:.1f}" r="{ring:.1f}"/>'
    yield f'<circle class="lens" cx="{middle_x:.1f}" cy="{middle_y:.1f}" r="{LENS:g}"/>'
    yield _square("few", middle_x - side * by / 2, middle_y - side * by / 2, side * by)
    yield text(middle_x, middle_y - LENS - 10, f"magnified {by:,} times", "soft")


def _bars(panel: Panel, y: float) -> Iterator[str]:
    """Yield what one output reads, of all inputs, as bars to scale."""
    layer = panel.layer
    for n, (css, count) in enumerate((("dense", layer.inputs_size), ("few", layer.connections))):
        top, long = y + n * LINE, max(LONGEST * count / layer.inputs_size, 1)
        yield (
            f'<rect class="{css}" x="{panel.left:.1f}" y="{top:.1f}" '
            f'width="{long:.2f}" height="{BAR:g}"/>'
        )
    yield text(
        panel.left + LONGEST + 12, y + BAR - 1, f"each output reads {layer.inputs_size:,} inputs",
        "middling", "start",
    )  # fmt: skip
    yield text(
        panel.left + max(LONGEST * layer.connection_share, 1) + 12, y + LINE + BAR - 1,
        f"here {layer.connections:,}, {100 * layer.connection_share:.3g} %", "middling", "start",
    )  # fmt: skip


def _shapes(panel: Panel) -> str:
    return f"{_joined(panel.inputs, '×')} → {_joined([panel.layer.output_shape], '×')}"


def _joined(shapes: Sequence[Sequence[int]], sign: str) -> str:
    return " + ".join(sign.join(map(str, shape)) for shape in shapes)


def _sentences(panel: Panel) -> Iterator[str]:
    """Yield the sentence for the slide, in lines that fit its column."""
    layer = panel.layer
    *places, count = layer.output_shape
    if layer.slide is not None:
        kernel = *layer.slide.kernel_size, layer.connections // prod(layer.slide.kernel_size)
        biased = " and a bias each" * (layer.biases > 0)
        filters = f"{count} filter{'s' * (count != 1)} of {_joined([kernel], '×')}{biased}"
        yield f"{filters}, used at {_joined([places], '×')} places:"
    ratio = panel.dense / layer.parameters
    work = f"{_joined(panel.inputs, '·')} × {_joined([layer.output_shape], '·')}"
    yield f"{layer.parameters:,} numbers do the work of {work}"
    yield f"= {panel.dense:,} weights, {_times(ratio)} as many."


def _times(ratio: float) -> str:
    """Write how many times; less than ten with one digit behind the point.

    >>> _times(31690.1), _times(2.04)
    ('31,690 times', '2.0 times')
    """
    return f"{ratio:,.0f} times" if ratio >= 10 else f"{ratio:.1f} times"


def _square(css: str, x: float, y: float, side: float) -> str:
    place = f'x="{x:.2f}" y="{y:.2f}" width="{side:.3f}" height="{side:.3f}"'
    return f'<rect class="{css}" {place}/>'
