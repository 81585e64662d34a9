"""A network run over arrays of any size, in strips on all threads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecli.conv.engine import as_volume
from edgecli.geometry import bands
from edgecli.networks.layers import Shape
from edgecli.networks.layout import cut_strips, lay_out
from edgecli.networks.network import Network
from edgecli.records import dataclass
from edgecli.rows.base import Span
from edgecli.rows.blas import one_blas_thread
from edgecli.rows.graph import Graph, Strip, Tap
from edgecli.rows.memory import Memory
from edgecli.rows.running import Filling, fill, fill_strip
from edgecli.rows.workers import chosen_threads, for_each

BATCH_IMAGES = 32  # that run side by side; more would not fit the cache
PLANS_KEPT = 4  # with the networks' weights, in the order of products
TALLEST_STRIP = 512  # output rows at most: the rows that it needs are held as long as it runs


def forward(network: Network, images: ArrayLike, threads: int | None = None) -> NDArray[np.float32]:
    """Return the last layer's output for an image ``(C, H, W)``, or for a batch of them.

    The result is ``(C', H', W')`` or ``(n,)``, for a batch ``(N, …)``; values are used unchanged,
    whatever ``white`` says. One image runs in strips on all threads, a batch in parts with a thread
    each. Raises NetworkError and GeometryError like ``lay_out``.
    """
    array, threads = np.asarray(images), chosen_threads(threads)
    if array.ndim == 4 and array.dtype.kind in "buif" and len(array):
        return _forward_batch(network, array, threads)
    volume = as_volume(array).astype(np.float32, copy=False)
    plan = _planned(network, volume.shape, threads)
    reader = plan.filling()
    fill(plan.graph, reader, volume, plan.strips, threads)
    return reader.out.reshape(network.shapes(volume.shape)[network.nodes[-1].name])


def share_rows(
    network: Network, height: int, threads: int, tallest: int | None = None
) -> list[Span]:
    """Cut the rows of a network's output into strips: one for each thread, or more of them.

    A strip computes the rows within the receptive field of its edges again, so it should be taller
    than twice the field. Where strips are fewer than threads, several threads share each.
    """
    field = network.receptive_field[0]
    strips = -(-height // (tallest or TALLEST_STRIP))
    strips = min(-(-strips // threads) * threads, max(height // (2 * field), 1))
    return list(bands(height, -(-height // strips)))


def _forward_batch(network: Network, images: NDArray[Any], threads: int) -> NDArray[np.float32]:
    """Run parts of a batch side by side."""
    size = min(BATCH_IMAGES, -(-len(images) // threads))
    shape: Shape = images.shape[1:]
    last = network.nodes[-1].name
    out = np.empty((len(images), *network.shapes(shape)[last]), np.float32)
    parts = {n: _planned(network, shape, 1, n) for n in {size, len(images) % size} - {0}}

    def run(part: Span, memory: Memory) -> None:
        volume = images[slice(*part)].transpose(1, 2, 3, 0)
        plan = parts[part[1] - part[0]]
        reader, (strip,) = plan.filling(), plan.strips
        fill_strip(plan.graph, reader, np.ascontiguousarray(volume, np.float32), strip, memory)
        out[slice(*part)] = reader.out.transpose(3, 0, 1, 2).reshape(-1, *out.shape[1:])

    with one_blas_thread():
        for_each(bands(len(images), size), run, threads)
    return out


@dataclass(frozen=True)
class _Plan:
    """A network laid out over images of one shape, and the strips of its output."""

    graph: Graph
    tap: Tap
    strips: Sequence[Strip]

    def filling(self) -> Filling:
        """Return a reader with an array for the output."""
        return Filling(self.tap, np.empty(self.graph.shape(self.tap.place), np.float32))


@lru_cache(PLANS_KEPT)  # a photo of half a megapixel takes a tenth less time when it is planned
def _planned(network: Network, shape: Shape, threads: int, count: int | None = None) -> _Plan:
    """Plan an image ``(C, H, W)``, which is held anyway, or ``count`` side by side in one strip."""
    graph = Graph(shape if count is None else (*shape, count))
    tap = lay_out(network, shape, graph, Tap(0), count)[network.nodes[-1].name]
    height = graph.shape(tap.place)[1]
    shares = [(0, height)] if count else share_rows(network, height, threads, tallest=height)
    reader = Filling(tap, np.empty(0, np.float32))  # nothing is allocated before it is known to fit
    return _Plan(
        graph, tap, cut_strips(graph, [reader], [[share] for share in shares], network.name)
    )
