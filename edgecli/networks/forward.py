"""A network run over images of any size: rows go in at the top, and come out of every layer.

The input arrives in steps of a few rows. At each step every layer computes the rows that what has
arrived allows, and keeps of its own only those that a later layer will still read: the halo of
its window, and the delay of the longer way where branches join. Nothing is computed twice, no
padding but that of the true border is ever seen, and memory follows the rows kept, not the image.

Which rows each step computes and keeps is known beforehand, in integers, from the same geometry
that the reports print; so is the memory, before any of it is taken.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecli.conv.blas import one_blas_thread
from edgecli.conv.engine import as_volume, cores
from edgecli.conv.scratch import Scratch
from edgecli.errors import GeometryError, NetworkError
from edgecli.geometry import bands
from edgecli.networks.blocks import Block, Operation, Span
from edgecli.networks.layers import Convolution, Shape, shape_text
from edgecli.networks.network import Network, Node
from edgecli.networks.operations import pieces, prepare

STEP_ROWS = (64, 32, 16, 8)
"""Rows of input per step that are tried until the memory fits STEP_BYTES, or at the last."""

STEP_BYTES = 5 * 2**25
"""Memory of all layers' rows that a step aims at."""

LARGEST_BYTES = 2**32
"""Memory of all layers' rows above which a network is refused, whatever the step."""

BATCH_IMAGES = 32
"""Images of a batch that are run side by side; more would fall out of the cache."""


@dataclass(frozen=True)
class Step:
    """One step: the rows that the input and each layer gain, and the first that each keeps."""

    rows: tuple[Span, ...]
    kept: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Laid:
    """A network laid over ``batch`` images of one size: all that is known before any pixel.

    Place 0 is the input, place 1 the first layer. ``shapes`` are ``(C, H, W)``, those of vectors
    ``(n, 1, 1)``; ``capacity`` is the rows that there is room for at each place.
    """

    network: Network
    batch: int
    shapes: tuple[Shape, ...]
    operations: tuple[Operation, ...]
    sources: tuple[tuple[int, ...], ...]  # of each layer, the places it reads
    steps: tuple[Step, ...]
    capacity: tuple[int, ...]

    @property
    def input_rows(self) -> list[Span]:
        """Return the image rows that each step takes in, to be given to ``stream``."""
        return [step.rows[0] for step in self.steps]

    @property
    def memory(self) -> int:
        """Return the bytes of all layers' rows, the engine's working memory left out."""
        rows = zip(self.shapes, self.capacity, strict=True)
        return sum(4 * C * count * W * self.batch for (C, _, W), count in rows)


def lay_out(network: Network, shape: Shape, batch: int = 1, rows: int | None = None) -> Laid:
    """Lay a network over images ``(C, H, W)``, in steps of so many input rows.

    ``rows`` changes time and memory alone; by default it is as many as fit STEP_BYTES.
    NetworkError where it has no weights, GeometryError where it takes no such image or would
    need more than 4 GiB for its rows.
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
    """Return ``(C, H, W)``, a vector's as ``(n, 1, 1)``."""
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
    elif weight is None and f"{node.name}.weight" in network.parameter_shapes():
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

    A step takes so many input rows, and each layer at most its share of that: what becomes
    possible all at once, where the image ends or upsampling follows, is spread over steps.
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
    """Return how far the output gets with so many rows of each input."""

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
    """Return room for the most rows that each place holds: those kept, and those of the step.

    Half as much again, so that a row is moved to the front twice at most; never over all rows.
    """
    most, kept = [0] * len(shapes), (0,) * len(shapes)
    for step in steps:
        most = [max(m, stop - k) for m, (_, stop), k in zip(most, step.rows, kept, strict=True)]
        kept = step.kept
    return tuple(min(m + m // 2, shape[1]) for m, shape in zip(most, shapes, strict=True))


class _Buffer:
    """The rows of one place that are still needed."""

    def __init__(self, shape: Shape, capacity: int, batch: int) -> None:
        C, _, W = shape
        self._array = np.empty((C, capacity, W, batch), np.float32)
        self._first = 0  # the row at index 0
        self._kept = self._stop = 0

    def extend(self, span: Span) -> None:
        """Make room for rows; those no longer kept give way."""
        start, stop = span
        if stop - self._first > self._array.shape[1]:
            self._array[:, : start - self._kept] = self.rows(self._kept, start)
            self._first = self._kept

    def keep(self, row: int) -> None:
        """Forget the rows before this one."""
        self._kept = row

    def rows(self, start: int, stop: int) -> Block:
        """Return a view of rows that are held."""
        return self._array[:, start - self._first : stop - self._first]


class _Memory(threading.local):
    """Each worker thread's own buffers; they go when the thread ends."""

    def __init__(self) -> None:
        self.scratch = Scratch()


Job = Callable[[Scratch], None]


@contextmanager
def _workers(threads: int) -> Iterator[Callable[[list[Job]], None]]:
    """Give a function that runs jobs to their end, on so many threads."""
    memory = _Memory()

    def run(job: Job) -> None:
        with np.errstate(all="ignore"):  # NaN and infinities pass through, as in the input
            job(memory.scratch)

    def run_here(jobs: list[Job]) -> None:
        for job in jobs:
            run(job)

    if threads == 1:
        yield run_here
        return
    with ThreadPoolExecutor(threads, "edgecli") as executor:

        def run_apart(jobs: list[Job]) -> None:
            if len(jobs) == 1:
                run(jobs[0])
            else:
                list(executor.map(run, jobs))

        yield run_apart


def stream(
    laid: Laid, blocks: Iterable[Block], threads: int | None = None
) -> Iterator[list[Block]]:
    """Yield, step by step, the rows that each place gained: the input's first, the output's last.

    ``blocks`` are the images' rows ``(C, rows, W, N)`` as ``laid.input_rows`` says. Rows that are
    yielded are views ``(C, rows, W, N)``, valid until the next step.
    """
    threads = threads or cores()
    places = zip(laid.shapes, laid.capacity, strict=True)
    buffers = [_Buffer(shape, capacity, laid.batch) for shape, capacity in places]
    with one_blas_thread(), _workers(threads) as run:
        for step, block in zip(laid.steps, blocks, strict=True):
            for buffer, span in zip(buffers, step.rows, strict=True):
                buffer.extend(span)
            np.copyto(buffers[0].rows(*step.rows[0]), block)
            for place in range(1, len(buffers)):
                run(_jobs(laid, place, step.rows[place], buffers, threads))
            yield [b.rows(*span) for b, span in zip(buffers, step.rows, strict=True)]
            for buffer, row in zip(buffers, step.kept, strict=True):
                buffer.keep(row)


def _jobs(
    laid: Laid, place: int, rows: Span, buffers: Sequence[_Buffer], threads: int
) -> list[Job]:
    """Cut a layer's new rows into jobs."""
    operation, sources = laid.operations[place - 1], laid.sources[place - 1]
    C, _, W = laid.shapes[place]

    def job(start: int, stop: int) -> Job:
        spans = operation.needed(start, stop)
        blocks = [buffers[s].rows(*span) for s, span in zip(sources, spans, strict=True)]
        out = buffers[place].rows(start, stop)
        return lambda scratch: operation.band(blocks, start, stop, out, scratch)

    return [job(*piece) for piece in pieces(operation, rows, 4 * C * W * laid.batch, threads)]


def forward(network: Network, images: ArrayLike, threads: int | None = None) -> NDArray[np.float32]:
    """Return what the last layer makes of an image ``(C, H, W)``, or of a batch of them.

    The result is ``(C', H', W')`` or ``(n,)``, of a batch ``(N, …)``; numbers are taken as they
    are, whatever ``white`` says. Images are run in bands on all threads, batches on a thread each
    for a part of them. Raises NetworkError and GeometryError as ``lay_out``.
    """
    array = np.asarray(images)
    if array.ndim == 4 and array.dtype.kind in "buif" and len(array):
        return _forward_batch(network, array, threads or cores())
    volume = as_volume(array)
    laid = lay_out(network, volume.shape)
    out = np.empty(laid.shapes[-1], np.float32)
    blocks = (volume[:, low:high, :, np.newaxis] for low, high in laid.input_rows)
    for step, gained in zip(laid.steps, stream(laid, blocks, threads), strict=True):
        start, stop = step.rows[-1]
        out[:, start:stop] = gained[-1][..., 0]
    return out.reshape(_output_shape(network, laid))


def _forward_batch(network: Network, images: NDArray[Any], threads: int) -> NDArray[np.float32]:
    """Run parts of a batch side by side."""
    size = min(BATCH_IMAGES, -(-len(images) // threads))
    laid = {n: lay_out(network, images.shape[1:], n) for n in {size, len(images) % size} - {0}}
    first = next(iter(laid.values()))
    out = np.empty((len(images), *first.shapes[-1]), np.float32)

    def run(start: int, stop: int) -> None:
        part = images[start:stop].transpose(1, 2, 3, 0)
        plan = laid[stop - start]
        blocks = (part[:, low:high] for low, high in plan.input_rows)
        for step, gained in zip(plan.steps, stream(plan, blocks, 1), strict=True):
            rows = slice(*step.rows[-1])
            out[start:stop, :, rows] = gained[-1].transpose(3, 0, 1, 2)

    with one_blas_thread(), ThreadPoolExecutor(threads) as executor:
        list(executor.map(run, *zip(*bands(len(images), size), strict=True)))
    return out.reshape(len(images), *_output_shape(network, first))


def _output_shape(network: Network, laid: Laid) -> Shape:
    """Return the last layer's shape, a vector's as ``(n,)``."""
    return network.shapes(laid.shapes[0])[network.nodes[-1].name]
