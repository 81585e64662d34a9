"""The engine against its peers, inside one process.

    python -m tests.benchmarks.engine [--only REGEX] [--rounds N] [--megapixels 24] [--json FILE]

Two threads each. Results of one filter go to memory that was used before (``out=``, ``dst=``,
``output=``): fresh memory would cost everyone the same page faults. The floor is the
time to copy the image. Before anything is timed, every peer's result is compared with ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    machine,
    number,
    print_limits,
    print_table,
    say,
    timed,
    write_json,
    yes_or_no,
)

FLOAT_ERROR = 1e-4
"""Of the largest response: float32 sums of thousands of products in another order."""


def difference(work: Work, peer: Peer, result: Array, theirs: Array) -> str:
    """Say how a peer's result differs from ours, or return nothing where they agree."""
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


def measure(work: Work, rounds: int) -> Iterator[tuple[Comparison, Cost]]:
    """Check every peer, let those that agree take turns with ours, and compare the medians."""
    notes = {peer.name: "not installed" for peer in work.peers if peer.run is None}
    result = work.ours()
    for peer in work.peers:
        if peer.run is not None and (note := difference(work, peer, result, peer.run())):
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
    """Return a wall time for the table."""
    return "" if cost is None else f"{cost.seconds * 1e3:.1f}"


def print_lines(lines: Sequence[tuple[Comparison, Cost]]) -> None:
    """Print a line for each peer of each row; times in milliseconds."""
    header = ["work", "peer", "ours ms", "copy ms", "peer ms", "ratio", "asked", "met"]
    rows = [
        [
            line.work,
            line.peer + (f": {line.note}" if line.note else ""),
            milliseconds(line.ours),
            milliseconds(copy),
            milliseconds(line.theirs),
            number(line.ratio, ".2f"),
            number(line.least, ".2g"),
            yes_or_no(line.met),
        ]
        for line, copy in lines
    ]
    print_table(header, rows)


def layer_limits(comparisons: Sequence[Comparison]) -> list[Limit]:
    """Return the geometric mean over the layers, where they were measured."""
    ratios = [c.ratio for c in comparisons if c.work.startswith("layer") and c.ratio]
    if not ratios:
        return []
    mean = geometric_mean(ratios)
    return [Limit("layers", "geometric mean of the ratios to torch", mean, 1.0, at_least=True)]


def main() -> None:
    """Measure the chosen work, print the tables and write the figures."""
    parser = common_options(__doc__, rounds=9)
    parser.add_argument("--megapixels", type=float, default=24.0, help="default: %(default)s")
    options = parser.parse_args()
    limit_threads()
    work = all_work(options.megapixels)
    lines: list[tuple[Comparison, Cost]] = []
    for name in chosen(work, options.only):
        say(name)
        lines += measure(work[name](), options.rounds)
    comparisons = [line for line, _ in lines]
    limits = layer_limits(comparisons)
    print(", ".join(f"{name} {value}" for name, value in machine().items()), end="\n\n")
    print_lines(lines)
    print_limits(limits)
    write_json(options.json, comparisons, limits)


if __name__ == "__main__":
    main()
