"""Networks against torch: time, and memory beyond libraries and images.

    python -m tests.benchmarks.networks [--only REGEX] [--rounds N] [--json FILE]

Both have two threads. Every measurement is a process of its own, so that neither library's memory
counts in the other's; it runs once before it is timed. Before that, torch's values are compared
with ours. Without ``torch`` (tried with 2.13.0) only ours is shown.
"""

from __future__ import annotations

import json
import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from edgecli.networks.files import load_network
from edgecli.networks.forward import forward, share_rows
from edgecli.networks.layers import Convolution
from edgecli.networks.layout import cut_strips, lay_out
from edgecli.networks.network import INPUT, Network, Node
from edgecli.networks.steps import Input
from edgecli.networks.weights import random_weights
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import Planes, Span
from edgecli.rows.blas import one_blas_thread
from edgecli.rows.graph import Graph, Tap
from edgecli.rows.memory import Memory
from edgecli.rows.running import Running
from tests.benchmarks.timing import (
    Comparison,
    Cost,
    Limit,
    chosen,
    common_options,
    interleave,
    number,
    peak_memory,
    publish,
    run_apart,
    timed,
    verdict,
    who,
)

THREADS = 2
LARGEST_ERROR = 1e-5
"""A share of the largest value."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Work:
    """A network, the shape of its images, and the least ratio of torch's time to ours."""

    network: Callable[[], Network]
    shape: tuple[int, ...]
    least: float
    share_of_memory: float | None = None  # of torch's, at most


def six_layers() -> Network:
    """Return a network of six convolutions, each of 16 filters."""
    layer = Convolution(16, (3, 3), padding="same", activation="relu")
    names = [INPUT, *(f"conv{n}" for n in range(1, 7))]
    nodes = [Node(name, layer, (names[n],)) for n, name in enumerate(names[1:])]
    return Network("six", (3, 64, 64), tuple(nodes))


ALL_WORK = {
    "LeNet-5, 256 images": Work(partial(load_network, "lenet5"), (256, 3, 32, 32), 0.5),
    "six layers, 12 megapixels": Work(six_layers, (3, 3000, 4000), 0.7, 0.1),
    "learned, 12 megapixels": Work(partial(load_network, "learned"), (3, 3000, 4000), 0.7, 0.1),
    "learned-small, 12 megapixels": Work(
        partial(load_network, "learned-small"), (3, 3000, 4000), 0.7, 0.1
    ),
}


def with_weights(work: Work) -> Network:
    """Return the network with its weights, or with random ones that are always the same."""
    network = work.network()
    if network.weights:
        return network
    return replace(network, weights=random_weights(network.parameter_shapes(), 1))


def images(shape: Sequence[int]) -> Array:
    """Return random images."""
    return np.random.default_rng(2).random(shape, np.float32)


@dataclass(frozen=True)
class Dropping:
    """The reader that drops the rows of the last layer, where others would write them."""

    taps: tuple[Tap]
    grain: int = 1

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the same rows."""
        return ((start, stop),)

    def encode(self, blocks: Sequence[Planes], start: int, stop: int, memory: Memory) -> None:
        """Drop rows."""

    def write(self, encoded: None) -> None:
        """Write nothing."""


def run_ours(network: Network, pixels: Array) -> None:
    """Run a batch as a whole, and a large image strip by strip, as it would be written."""
    if pixels.ndim == 4:
        forward(network, pixels, THREADS)
        return
    C, H, W = pixels.shape
    graph = Graph((C, H, W))
    given = graph.add(Input((C, H, W), network.white), Tap(0))
    reader = Dropping((lay_out(network, (C, H, W), graph, given)[network.nodes[-1].name],))
    shares = [[share] for share in share_rows(network, H, THREADS)]
    strips = cut_strips(graph, [reader], shares, network.name)
    source = ArraySource.of(pixels.transpose(1, 2, 0))
    with one_blas_thread():
        Running(graph, source, [reader], strips, THREADS).write()


def torch_on_two_threads(network: Network) -> Callable[[Array], Array]:
    """Return a function from images to torch's values, which has as many threads as ours."""
    import torch

    from tests.torch_networks import torch_runner

    torch.set_num_threads(THREADS)
    return torch_runner(network)


def difference(work: Work) -> float:
    """Return the largest difference from torch's values, as a share of the largest value."""
    network = with_weights(work)
    pixels = images([min(side, 300) for side in work.shape])
    theirs = torch_on_two_threads(network)(pixels)
    return float(np.abs(forward(network, pixels) - theirs).max() / np.abs(theirs).max())


def peak() -> int:
    """Return the most bytes that this process has held."""
    return peak_memory(resource.getrusage(resource.RUSAGE_SELF))


def measure_here(work: Work, whose: str) -> Cost:
    """Run once for the memory and once for the time, in this process."""
    network, pixels = with_weights(work), images(work.shape)
    run: Callable[[Array], object] = partial(run_ours, network)
    if whose == "torch":
        run = torch_on_two_threads(network)
        run(pixels[..., :64, :64])  # what torch loads at its first run is not counted
    before = peak()
    run(pixels)
    held = peak() - before
    return Cost(timed(lambda: run(pixels)).seconds, peak=held)


def measure(name: str, whose: str) -> Cost:
    """Measure in a process of its own."""
    return Cost(**json.loads(run_apart("networks", "--here", whose, "--only", name)))


def compare(name: str, rounds: int) -> tuple[Comparison, list[Limit]]:
    """Let ours and torch take turns, and hold the difference and the memory to their limits."""
    work, limits = ALL_WORK[name], []
    peers = ["torch"] if find_spec("torch") else []
    if peers:
        limits.append(Limit(name, "difference", difference(work), LARGEST_ERROR, at_least=False))
    costs = interleave({one: partial(measure, name, one) for one in ("ours", *peers)}, rounds)
    ours, theirs = costs["ours"], costs.get("torch")
    if work.share_of_memory and theirs and theirs.peak and ours.peak:
        share = ours.peak / theirs.peak
        limits.append(
            Limit(name, "share of torch's memory", share, work.share_of_memory, at_least=False)
        )
    note = "" if theirs else "not installed"
    return Comparison(name, "torch", ours, theirs, work.least, note), limits


def row(line: Comparison) -> list[str]:
    """Return a row of the table; times in milliseconds, memory in megabytes."""
    costs = [line.ours, line.theirs]
    times = [number(cost.seconds * 1e3 if cost else None, ".1f") for cost in costs]
    held = [number(cost.peak / 1e6 if cost and cost.peak else None, ".0f") for cost in costs]
    return [line.work, who(line), *times, *held, *verdict(line)]


def main() -> None:
    """Measure the chosen work, print the tables and write the figures."""
    parser = common_options(__doc__, rounds=3)
    parser.add_argument("--here", choices=["ours", "torch"], help="measure one in this process")
    options = parser.parse_args()
    names = chosen(ALL_WORK, options.only)
    if options.here:
        cost = measure_here(ALL_WORK[names[0]], options.here)
        print(json.dumps({"seconds": cost.seconds, "peak": cost.peak}))
        return
    results = [compare(name, options.rounds) for name in names]
    lines = [line for line, _ in results]
    limits = [limit for _, more in results for limit in more]
    header = ["work", "peer", "ours ms", "peer ms", "ours MB", "peer MB", "ratio", "asked", "met"]
    publish(options.json, (header, [row(line) for line in lines]), lines, limits)


if __name__ == "__main__":
    main()
