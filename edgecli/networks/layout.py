"""A network laid over images of one size: which rows each step computes and keeps.

All of it is known before any pixel is read, in integers, from the same geometry that the reports
print, and so is the memory before any is allocated. ``forward.py`` then runs the steps.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np

from edgecli.errors import GeometryError, NetworkError
from edgecli.networks.blocks import Operation, Span
from edgecli.networks.layers import Convolution, Shape, shape_text, weight_shape
from edgecli.networks.network import Network, Node
from edgecli.networks.operations import prepare
from edgecli.records import dataclass

STEP_ROWS = (64, 32, 16, 8)
"""Input rows per step, tried in turn until the memory fits STEP_BYTES; else the last is used."""

STEP_BYTES = 5 * 2**25
"""Target for the memory of all layers' rows in a step."""

LARGEST_BYTES = 2**32
"""Memory of all layers' rows above which a network is refused, whatever the step."""


@dataclass(frozen=True)
class Step:
    """One step: the rows that the input and each layer gain, and the first row that each keeps."""

    rows: tuple[Span, ...]
    kept: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Laid:
    """A network laid over ``batch`` images of one size: all that is known before reading pixels.

    Place 0 is the input, place 1 the first layer. ``shapes`` are ``(C, H, W)``, or ``(n, 1, 1)``
    for vectors; ``capacity`` is the number of rows that each place has room for.
    """

    network: Network
    batch: int
    shapes: tuple[Shape, ...]
    operations: tuple[Operation, ...]
    sources: tuple[tuple[int, ...], ...]  # for each layer, the places it reads
    steps: tuple[Step, ...]
    capacity: tuple[int, ...]

    @property
    def input_rows(self) -> list[Span]:
        """Return the image rows that each step takes, to be passed to ``stream``."""
        return [step.rows[0] for step in self.steps]

    @property
    def memory(self) -> int:
        """Return the bytes of all layers' rows, without the engine's working memory."""
        rows = zip(self.shapes, self.capacity, strict=True)
        return sum(4 * C * count * W * self.batch for (C, _, W), count in rows)


def lay_out(network: Network, shape: Shape, batch: int = 1, rows: int | None = None) -> Laid:
    """Lay a network over images ``(C, H, W)``, in steps of this many input rows.

    ``rows`` affects only time and memory; by default it is as many as fit STEP_BYTES.
    NetworkError where the network has no weights, GeometryError where it does not take such images
    or would need more than 4 GiB for its rows.
    """
    _check_shape(network, shape)
    try:
        shapes = network.shapes(shape)
    except NetworkError as error:
        raise GeometryError(f"network {network.name} over {shape_text(shape)}: {error}") from error
    operations = tuple(_prepare(network, node, shapes, batch) for node in network.nodes)
    sources = tuple(tuple(network.index[name] for name in node.inputs) for node in network.nodes)
    volumes = tuple(map(volume_shape, shapes.values()))
    for taken in STEP_ROWS if rows is None else (rows,):
        steps = tuple(_schedule(operations, sources, [s[1] for s in volumes], taken))
        capacity = _capacity(steps, volumes)
        laid = Laid(network, batch, volumes, operations, sources, steps, capacity)
        if laid.memory <= STEP_BYTES:
            break
    if laid.memory > LARGEST_BYTES:
        raise GeometryError(
            f"network {network.name} over {shape_text(shape)} needs {laid.memory:,} bytes for the "
            f"rows of its layers, more than {LARGEST_BYTES:,}; give a narrower image"
        )
    return laid


def volume_shape(shape: Shape) -> tuple[int, int, int]:
    """Return ``(C, H, W)``, or ``(n, 1, 1)`` for a vector."""
    C, H, W = shape if len(shape) == 3 else (*shape, 1, 1)
    return C, H, W


def _check_shape(network: Network, shape: Shape) -> None:
    expected = network.input_shape
    if shape[0] != expected[0] or (network.is_fixed and shape != expected):
        size = "images" if network.is_fixed else f"images of {expected[0]} channels, as"
        raise GeometryError(
            f"network {network.name} takes {size} {shape_text(expected)}, and this one is "
            f"{shape_text(shape)}; give one of that shape"
        )


def _prepare(network: Network, node: Node, shapes: dict[str, Shape], batch: int) -> Operation:
    inputs = [shapes[name] for name in node.inputs]
    weight, bias = (network.weights.get(f"{node.name}.{part}") for part in ("weight", "bias"))
    if isinstance(node.layer, Convolution) and node.layer.bank is not None:
        bank = node.layer.bank.over(inputs[0][0] // node.layer.groups)
        weight = bank.weight.astype(np.float32)
    elif weight is None and weight_shape(node.layer, inputs) is not None:
        raise NetworkError(
            f"network {network.name} has no weights for layer {node.name!r}; "
            "name a file of them, or draw them with random_weights"
        )
    return prepare(node.layer, inputs, weight, bias, batch)


def _schedule(
    operations: Sequence[Operation],
    sources: Sequence[tuple[int, ...]],
    heights: Sequence[int],
    rows: int,
) -> Iterator[Step]:
    """Yield what each step computes and keeps, until every place is done.

    A step takes ``rows`` input rows, and each layer at most its share of them: rows that become
    possible all at once, at the image's end or after upsampling, are spread over several steps.
    """
    shares = [max(-(-rows * height // heights[0]), 1) for height in heights]
    done = [0] * len(heights)
    while done != list(heights):
        before = tuple(done)
        done[0] = min(done[0] + rows, heights[0])
        for place, (operation, read) in enumerate(zip(operations, sources, strict=True), 1):
            available = [done[source] for source in read]
            most = min(done[place] + shares[place], heights[place])
            done[place] = _computable(operation, done[place], most, available)
        yield Step(tuple(zip(before, done, strict=True)), _kept(operations, sources, heights, done))


def _computable(operation: Operation, done: int, most: int, available: Sequence[int]) -> int:
    """Return how many output rows the available rows of each input allow."""

    def is_short(stop: int) -> bool:
        spans = operation.needed(done, stop)
        return any(high > rows for (_, high), rows in zip(spans, available, strict=True))

    return done + bisect_left(range(done + 1, most + 1), True, key=is_short)


def _kept(
    operations: Sequence[Operation],
    sources: Sequence[tuple[int, ...]],
    heights: Sequence[int],
    done: Sequence[int],
) -> tuple[int, ...]:
    """Return the first row of each place that a later layer will still read."""
    kept = list(done)
    for operation, read, start, height in zip(
        operations, sources, done[1:], heights[1:], strict=True
    ):
        if start < height:
            spans = operation.needed(start, height)
            for source, (low, _) in zip(read, spans, strict=True):
                kept[source] = min(kept[source], low)
    return tuple(kept)


def _capacity(steps: Sequence[Step], shapes: Sequence[Shape]) -> tuple[int, ...]:
    """Return room for the most rows that each place holds: those kept plus those of the step.

    Half as many again, so that a row is moved to the front at most twice; never more than all rows.
    """
    most, kept = [0] * len(shapes), (0,) * len(shapes)
    for step in steps:
        most = [max(m, stop - k) for m, (_, stop), k in zip(most, step.rows, kept, strict=True)]
        kept = step.kept
    return tuple(min(m + m // 2, shape[1]) for m, shape in zip(most, shapes, strict=True))
