"""Networks against torch and ONNX Runtime: time, and memory beyond libraries and images.

    python -m tests.benchmarks.networks [--only REGEX] [--rounds N] [--json FILE]

All have two threads. Every measurement is a process of its own, so that no library's memory counts
in another's; the work is run once before it is timed, and then for half a second. Before that, the
peers' values are compared with ours. Peers that are not installed are left out (tried with torch
2.13.0, ONNX Runtime 1.32). Figures of a busy machine say little: it is told how busy it was.
"""

from __future__ import annotations

import json
import resource
import statistics
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
    busy,
    busy_words,
    chosen,
    common_options,
    interleave,
    number,
    peak_memory,
    publish,
    run_apart,
    say,
    timed,
    verdict,
    who,
)

THREADS = 2
HELD = 2**21
"""Pixels from which an image comes in strips; smaller ones are planned once, as peers plan."""

LARGEST_ERROR = 1e-5
"""A share of the largest value."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Work:
    """A network, the shape of its images, and the least ratios of peers' times to ours."""

    network: Callable[[], Network]
    shape: tuple[int, ...]
    torch: float | None = None
    onnx: float | None = None
    share_of_memory: float | None = None  # of torch's, at most

    def least(self, peer: str) -> float | None:
        """Return the ratio that is asked for."""
        return self.torch if peer == "torch" else self.onnx


def six_layers() -> Network:
    """Return a network of six convolutions, each of 16 filters."""
    layer = Convolution(16, (3, 3), padding="same", activation="relu")
    names = [INPUT, *(f"conv{n}" for n in range(1, 7))]
    nodes = [Node(name, layer, (names[n],)) for n, name in enumerate(names[1:])]
    return Network("six", (3, 64, 64), tuple(nodes))


LEARNED, SMALL = (partial(load_network, name) for name in ("learned", "learned-small"))

ALL_WORK = {
    "LeNet-5, 256 images": Work(partial(load_network, "lenet5"), (256, 3, 32, 32), 0.5, 0.5),
    "six layers, 12 megapixels": Work(six_layers, (3, 3000, 4000), 0.7, None, 0.1),
    "learned, 480 × 320": Work(LEARNED, (3, 320, 480), 1.2, 0.7),
    "learned, 1.2 megapixels": Work(LEARNED, (3, 960, 1280), 1.5, 0.9),
    "learned, 12 megapixels": Work(LEARNED, (3, 3000, 4000), 3, 1.2, 0.1),
    "learned-small, 480 × 320": Work(SMALL, (3, 320, 480), None, 0.7),
    "learned-small, 12 megapixels": Work(SMALL, (3, 3000, 4000), 0.7, 0.7, 0.1),
}

PEERS = {"torch": "torch", "ONNX Runtime": "onnxruntime"}
"""Whom ours is compared with, and the package that each is."""

TIMED = 0.5  # seconds, at least

ABSENT = "not installed"


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
    """Run what is held as a whole, and a large image strip by strip, as it would be written."""
    if pixels.ndim == 4 or pixels[0].size < HELD:
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


def peer_of(peer: str, network: Network, shape: tuple[int, ...]) -> Callable[[Array], Array]:
    """Return a function from images of a shape to a peer's values, on as many threads as ours."""
    if peer == "ONNX Runtime":
        from tests.onnx_networks import onnx_runner

        return onnx_runner(network, shape, THREADS)
    import torch

    from tests.torch_networks import torch_runner

    torch.set_num_threads(THREADS)
    return torch_runner(network)


def difference(work: Work, peer: str) -> float:
    """Return the largest difference from a peer's values, as a share of the largest value."""
    network = with_weights(work)
    pixels = images([min(side, 300) for side in work.shape])
    theirs = peer_of(peer, network, pixels.shape)(pixels)
    return float(np.abs(forward(network, pixels) - theirs).max() / np.abs(theirs).max())


def peak() -> int:
    """Return the most bytes that this process has held."""
    return peak_memory(resource.getrusage(resource.RUSAGE_SELF))


def measure_here(work: Work, whose: str) -> Cost:
    """Run once for the memory and some times for the time, in this process."""
    network, pixels = with_weights(work), images(work.shape)
    run: Callable[[Array], object] = partial(run_ours, network)
    if whose != "ours":
        run = peer_of(whose, network, work.shape)
    if whose == "torch":
        run(pixels[..., :64, :64])  # what torch loads at its first run is not counted
    before = peak()
    run(pixels)
    held, seconds = peak() - before, [timed(lambda: run(pixels)).seconds]
    while sum(seconds) < TIMED:
        seconds.append(timed(lambda: run(pixels)).seconds)
    return Cost(statistics.median(seconds), peak=held)


def measure(name: str, whose: str) -> Cost:
    """Measure in a process of its own."""
    return Cost(**json.loads(run_apart("networks", "--here", whose, "--only", f"^{name}$")))


def compare(name: str, rounds: int) -> tuple[list[Comparison], list[Limit]]:
    """Let ours and peers take turns, and hold the differences and the memory to their limits."""
    say(f"measuring {name}")
    work, limits = ALL_WORK[name], []
    peers = [peer for peer, package in PEERS.items() if find_spec(package)]
    for peer in peers:
        error = difference(work, peer)
        limits.append(Limit(name, f"difference from {peer}", error, LARGEST_ERROR, at_least=False))
    costs = interleave({one: partial(measure, name, one) for one in ("ours", *peers)}, rounds)
    ours, theirs = costs["ours"], costs.get("torch")
    if work.share_of_memory and theirs and theirs.peak and ours.peak:
        share = ours.peak / theirs.peak
        limits.append(
            Limit(name, "share of torch's memory", share, work.share_of_memory, at_least=False)
        )
    lines = [
        Comparison(
            name, peer, ours, costs.get(peer), work.least(peer), "" if peer in costs else ABSENT
        )
        for peer in PEERS
    ]
    return lines, limits


def row(line: Comparison) -> list[str]:
    """Return a row of the table; times in milliseconds, memory in megabytes."""
    costs = [line.ours, line.theirs]
    times = [number(cost.seconds * 1e3 if cost else None, ".1f") for cost in costs]
    held = [number(cost.peak / 1e6 if cost and cost.peak else None, ".0f") for cost in costs]
    return [line.work, who(line), *times, *held, *verdict(line)]


def main() -> None:
    """Measure the chosen work, print the tables and write the figures."""
    parser = common_options(__doc__, rounds=3)
    whose = ["ours", *PEERS]
    parser.add_argument("--here", choices=whose, help="measure one in this process")
    options = parser.parse_args()
    names = chosen(ALL_WORK, options.only)
    if options.here:
        cost = measure_here(ALL_WORK[names[0]], options.here)
        print(json.dumps({"seconds": cost.seconds, "peak": cost.peak}))
        return
    load = [busy()]
    results = [compare(name, options.rounds) for name in names]
    load.append(busy())
    lines = [line for more, _ in results for line in more]
    limits = [limit for _, more in results for limit in more]
    header = ["work", "peer", "ours ms", "peer ms", "ours MB", "peer MB", "ratio", "asked", "met"]
    print(busy_words(*load), end="\n\n")
    publish(options.json, (header, [row(line) for line in lines]), lines, limits)


if __name__ == "__main__":
    main()
