"""From the edge pixels of a map to its strokes: joined, then cleaned."""

from __future__ import annotations

from edgecli.strokes.base import Located, Strokes
from edgecli.strokes.graph import Graph, connect
from edgecli.strokes.joining import Chains, join


def trace(located: Located, min_length: float = 0, close_gaps: float = 0) -> Strokes:
    """Return the lines of an edge map as strokes."""
    graph, chains = follow_lines(located, min_length, close_gaps)
    return chains.strokes(graph)


def follow_lines(
    located: Located, min_length: float = 0, close_gaps: float = 0
) -> tuple[Graph, Chains]:
    """Return the graph of the edge pixels and the lines in it."""
    graph = connect(located)
    chains = join(graph)
    if min_length:
        chains = chains.select(chains.lengths(graph) >= min_length)
    return graph, chains
