"""The engine against its peers, inside one process.

    python -m tests.benchmarks.engine [--only REGEX] [--rounds N] [--megapixels 24] [--json FILE]

Two threads each. Results of one filter go to memory that was used before (``out=``, ``dst=``,
``output=``), since page faults of fresh memory cost everyone the same. The floor is the time to
copy the image. Before anything is timed, every peer's result is compared with ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from statistics import geometric_mean

import numpy as np

from tests.benchmarks.engine_work import Array, Peer, Run, Work, all_work, limit_threads
from tests.benchmarks.timing import (
    Comparison,
    Cost,
    Limit,
    chosen,
    common_options,
    interleave,
    publish,
    say,
    timed,
    verdict,
    who,
)

Line = tuple[Comparison, Cost]
"""A comparison, and what it costs to copy the image."""

FLOAT_ERROR = 1e-4
"""A share of the largest response, for float32 sums of thousands of products in another order."""


def difference(work: Work, peer: Peer, result: Array, theirs: Array) -> str:
    """Return how a peer's result differs from ours, or nothing where they agree."""
    expected = np.squeeze(peer.as_ours(theirs))
    result = np.squeeze(result)
    if peer.share < 1:
        expected = expected[: -work.border, : -work.border]
        result = result[: expected.shape[0], : expected.shape[1]]
    if result.shape != expected.shape:
        return f"shape {expected.shape}, ours {result.shape}"
    largest = float(np.abs(result.astype(np.float64)).max())
    allowed = work.rounding + (FLOAT_ERROR * largest if result.dtype.kind == "f" else 0)
    error = float(np.abs(result.astype(np.float64) - expected).max())
    return "" if error <= allowed else f"differs by {error:.3g} of {largest:.3g}"


def measure(
    work: Work, rounds: int, differ: Callable[[Work, Peer, Array, Array], str]
) -> Iterator[Line]:
    """Check every peer, let those that agree take turns with ours, and compare the medians."""
    notes = {peer.name: "not installed" for peer in work.peers if peer.run is None}
    result = work.ours()
    for peer in work.peers:
        if peer.run is not None and (note := differ(work, peer, result, peer.run())):
            notes[peer.name] = note
    del result
    contestants: dict[str, Run] = {"ours": work.ours, "copy": work.image.copy}
    contestants |= {p.name: p.run for p in work.peers if p.run and p.name not in notes}
    costs = interleave({name: partial(timed, run) for name, run in contestants.items()}, rounds)
    for peer in work.peers:
        cost = costs.get(peer.name)
        theirs = Cost(cost.seconds / peer.share) if cost else None
        note = notes.get(peer.name, "")
        line = Comparison(work.name, peer.name, costs["ours"], theirs, peer.least, note)
        yield line, costs["copy"]


def milliseconds(cost: Cost | None) -> str:
    """Return a wall time as a cell of the table."""
    return "" if cost is None else f"{cost.seconds * 1e3:.1f}"


def table(lines: Sequence[Line]) -> tuple[list[str], list[list[str]]]:
    """Return the header, and a row for each peer of each work; times in milliseconds."""
    header = ["work", "peer", "ours ms", "copy ms", "peer ms", "ratio", "asked", "met"]
    rows = []
    for line, copy in lines:
        times = map(milliseconds, (line.ours, copy, line.theirs))
        rows.append([line.work, who(line), *times, *verdict(line)])
    return header, rows


def layer_limits(comparisons: Sequence[Comparison]) -> list[Limit]:
    """Return the geometric mean over the layers, if they were measured."""
    ratios = [c.ratio for c in comparisons if c.work.startswith("layer") and c.ratio]
    if not ratios:
        return []
    mean = geometric_mean(ratios)
    return [Limit("layers", "geometric mean of the ratios to torch", mean, 1.0, at_least=True)]


def main(
    description: str | None,
    rounds: int,
    rows: Callable[[float], dict[str, Callable[[], Work]]],
    differ: Callable[[Work, Peer, Array, Array], str],
) -> None:
    """Measure the chosen work, print the tables and write the figures."""
    parser = common_options(description, rounds)
    parser.add_argument("--megapixels", type=float, default=24.0, help="default: %(default)s")
    options = parser.parse_args()
    limit_threads()
    work = rows(options.megapixels)
    lines: list[Line] = []
    for name in chosen(work, options.only):
        say(name)
        lines += measure(replace(work[name](), name=name), options.rounds, differ)
    comparisons = [line for line, _ in lines]
    publish(options.json, table(lines), comparisons, layer_limits(comparisons))


if __name__ == "__main__":
    main(__doc__, 9, all_work, difference)
