"""How long it takes to join a million edge pixels into strokes, and how much memory.

    python -m tests.benchmarks.joining [--rounds N] [--pixels N]

The pixels are those of ``canny:2`` on the benchmarks' photo, again and again, located off
their centres at random. Joining runs on one core: what is told is processor time, which does not
depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import statistics
import time
import tracemalloc
from typing import Any

import numpy as np

import edgecli
from edgecli.records import replace
from edgecli.strokes.base import Located
from edgecli.strokes.tracing import centred, trace
from tests.benchmarks.pictures import photo

SECONDS = 1.0
BYTES = 60
"""What joining a million pixels may take at most, and each of them in memory beside itself."""

CLEANED: dict[str, Any] = {"min_length": 10.0, "close_gaps": 5.0}


def edge_pixels(count: int) -> Located:
    """Return the first edge pixels of photos laid below each other."""
    edges = edgecli.detect_edges(photo(1500, 2000), "canny:2") > 0
    many = np.tile(edges, (-(-count // edges.sum()), 1))
    pixels = centred(np.flatnonzero(many)[:count], many.shape[1])
    off = np.random.default_rng(0).normal(0, 0.2, pixels.points.shape)
    return replace(pixels, points=pixels.points + off)


def main() -> None:
    """Time joining alone, then with cleaning."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pixels", type=int, default=1_000_000)
    options = parser.parse_args()
    pixels = edge_pixels(options.pixels)
    for name, cleaning in (("joined", {}), ("joined and cleaned", CLEANED)):
        seconds = []
        for _ in range(options.rounds):
            start = time.process_time()
            strokes = trace(pixels, **cleaning)
            seconds.append(time.process_time() - start)
        tracemalloc.start()
        trace(pixels, **cleaning)
        peak = tracemalloc.get_traced_memory()[1] / len(pixels)
        tracemalloc.stop()
        median = statistics.median(seconds)
        met = name != "joined" or (median <= SECONDS and peak <= BYTES)
        print(
            f"{name}: {len(pixels):,} pixels, {len(strokes):,} strokes, {median:.2f} s, "
            f"{peak:.0f} bytes a pixel{'' if met else f', more than {SECONDS} s or {BYTES} bytes'}"
        )


if __name__ == "__main__":
    main()
