"""From the edge pixels of a map to its strokes: joined, then cleaned."""

from __future__ import annotations

from edgecli.strokes import cleaning
from edgecli.strokes.base import Located, Strokes
from edgecli.strokes.cleaning import drop_spurs
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
    if close_gaps:
        graph = cleaning.close_gaps(graph, close_gaps)
    if min_length:
        graph = drop_spurs(graph, min_length)
    chains = join(graph)
    if min_length:
        chains = chains.select(chains.lengths(graph) >= min_length)
    return graph, chains
