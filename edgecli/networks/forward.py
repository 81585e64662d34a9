"""A network run over images of any size: rows go in at the top, and come out of every layer.

The input arrives in steps of a few rows. At each step every layer computes all rows that its input
so far allows, and keeps only those of its own that a later layer will still read: the halo of that
layer's window, and the delay of the longer path where branches join. Nothing is computed twice,
padding is used only at the image's true border, and memory follows the rows kept, not the image.
``layout.py`` plans the steps.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecli.conv.engine import as_volume
from edgecli.geometry import bands
from edgecli.networks.blocks import Block, Span
from edgecli.networks.layers import Shape
from edgecli.networks.layout import Laid, lay_out
from edgecli.networks.network import Network
from edgecli.networks.operations import pieces
from edgecli.rows.blas import one_blas_thread
from edgecli.rows.scratch import Scratch
from edgecli.rows.workers import chosen_threads

BATCH_IMAGES = 32
"""Images of a batch that run side by side; more would not fit the cache."""


class _Buffer:
    """The rows of one place (the input or a layer) that are still needed."""

    def __init__(self, shape: Shape, capacity: int, batch: int) -> None:
        C, _, W = shape
        self._array = np.empty((C, capacity, W, batch), np.float32)
        self._first = 0  # the row at index 0
        self._kept = self._stop = 0

    def extend(self, span: Span) -> None:
        """Make room for new rows, dropping those no longer kept."""
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
    """Each worker thread's own buffers, freed when the thread ends."""

    def __init__(self) -> None:
        self.scratch = Scratch()


Job = Callable[[Scratch], None]


@contextmanager
def _workers(threads: int) -> Iterator[Callable[[list[Job]], None]]:
    """Yield a function that runs jobs to completion on this many threads."""
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

    ``blocks`` are the images' rows ``(C, rows, W, N)``, cut as in ``laid.input_rows``. The rows
    yielded are views ``(C, rows, W, N)``, valid until the next step.
    """
    threads = chosen_threads(threads)
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
    """Return the last layer's output for an image ``(C, H, W)``, or for a batch of them.

    The result is ``(C', H', W')`` or ``(n,)``, for a batch ``(N, …)``; values are used unchanged,
    whatever ``white`` says. One image runs in bands on all threads, a batch in parts with a thread
    each. Raises NetworkError and GeometryError like ``lay_out``.
    """
    array = np.asarray(images)
    if array.ndim == 4 and array.dtype.kind in "buif" and len(array):
        return _forward_batch(network, array, chosen_threads(threads))
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
    """Return the last layer's shape, ``(n,)`` for a vector."""
    return network.shapes(laid.shapes[0])[network.nodes[-1].name]
