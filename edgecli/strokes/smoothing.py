"""Lines drawn as calmly as their edges are known.

Noise moves the crests of a soft map by some tenths of a pixel, another way at every pixel: a pen
that goes through all of them trembles. Along a line the mean of neighbours is more certain than
each of them. Means alone would draw curves inward; so what they take away of a line is added once
more, as a mean, too ("twicing": J. W. Tukey, *Exploratory Data Analysis*, 1977): circles keep
their radius.
"""

from __future__ import annotations

import numpy as np

from edgecli.records import dataclass
from edgecli.strokes.graph import Graph, Numbers
from edgecli.strokes.joining import Chains
from edgecli.strokes.runs import Complex, plane

ROUNDS = 4
"""Means that follow each other, of ¼ of the neighbours each: as wide as a Gaussian of σ = √2.

On the ten photos that this was chosen by, lines of ``learned`` turn by 14° a pixel before, by 7° in
two rounds, by 6° in four, 5° in eight; and eight make corners visibly round.
"""

FARTHEST = 0.5
"""Pixels that a point moves at most: so almost every edge pixel keeps a stroke within 0.75."""


def calmed(graph: Graph, chains: Chains) -> Graph:
    """Return the graph with its nodes on the calmer lines; chains are the lines through them.

    Free ends stay. A line that ends on another one ends where that is drawn.
    """
    own = plane(graph.points(np.arange(len(graph.alive))))
    lines = _inner(chains, len(own))
    mean = lines.means(own)
    off = mean + lines.means(own - mean) - own
    off *= np.minimum(FARTHEST / np.maximum(np.abs(off), FARTHEST), 1)
    return graph.moved((own + off).view(np.float64).reshape(-1, 2))


@dataclass(frozen=True, eq=False)
class _Lines:
    """The nodes that lines go through, and those before and after; a node may be there twice."""

    nodes: Numbers
    before: Numbers
    after: Numbers
    times: Numbers  # (N,), of all nodes: how often lines go through

    def means(self, values: Complex) -> Complex:
        """Return values of all nodes, smoothed along the lines."""
        for _ in range(ROUNDS):
            change = values[self.before] + values[self.after] - 2 * values[self.nodes]
            parts = (np.bincount(self.nodes, part, len(values)) for part in _parts(change))
            real, imaginary = (part / self.times for part in parts)
            values = values + (real + 1j * imaginary) / 4
        return values


def _parts(values: Complex) -> tuple[Numbers, Numbers]:
    return values.real, values.imag


def _inner(chains: Chains, count: int) -> _Lines:
    """Return what is within the chains of a graph of so many nodes."""
    order, after = chains.order, chains.after()
    before = np.empty_like(after)
    before[after] = np.arange(len(after), dtype=after.dtype)
    inner = np.ones(len(order), bool)
    inner[chains.starts[:-1]] = inner[chains.starts[1:] - 1] = chains.closed
    (here,) = inner.nonzero()
    nodes = order[here]
    times = np.maximum(np.bincount(nodes, minlength=count), 1)
    return _Lines(nodes, order[before[here]], order[after[here]], times)
