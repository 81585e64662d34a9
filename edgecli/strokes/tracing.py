"""From the edge pixels of a map to its strokes, or to the pixels of the lines that stay."""

from __future__ import annotations

import numpy as np

from edgecli.lines.positions import Positions
from edgecli.records import dataclass
from edgecli.strokes.base import Located, Strokes
from edgecli.strokes.cleaning import bridge, prune
from edgecli.strokes.graph import Graph, Numbers, connect
from edgecli.strokes.joining import Chains, join
from edgecli.strokes.smoothing import calmed


def trace(
    located: Located, min_length: float = 0, close_gaps: float = 0, *, calm: bool = False
) -> Strokes:
    """Return the lines of an edge map as strokes.

    Gaps of up to ``close_gaps`` pixels are closed between ends that point at each other, then
    spurs at junctions that are shorter than ``min_length`` go, then strokes that are. Lines of
    uncertain points are drawn ``calm``.
    """
    graph, chains = _find_lines(connect(located), min_length, close_gaps, calm=calm)
    return chains.strokes(graph)


@dataclass(frozen=True, eq=False)
class Changes:
    """What cleaning does to the pixels of lines, each given as row · width + column.

    ``drawn`` are the pixels of closed gaps, in order; they are as strong as the ends ``like``.
    """

    gone: Positions
    drawn: Positions
    like: Positions


def clean(place: Positions, width: int, min_length: float, close_gaps: float) -> Changes:
    """Return what cleaning does to the pixels of a map: those stay whose strokes stay.

    Lines are measured as if they went smoothly through their pixels, as strokes do.
    """
    graph = smoothed(connect(centred(place, width)))
    bridged, chains = _find_lines(graph, min_length, close_gaps)
    stays = np.zeros(len(place), bool)
    stays[chains.order] = True
    stays[graph.merged.gone] = stays[graph.merged.into]
    gaps = bridged.gaps[stays[bridged.gaps].all(axis=1)]
    drawn, like = _draw(place[gaps], width)
    drawn, which = np.unique(drawn, return_index=True)
    new = ~np.isin(drawn, place[stays])
    return Changes(place[~stays], drawn[new], like[which[new]])


def centred(place: Positions, width: int) -> Located:
    """Return edge pixels located where they are, at their centres."""
    row, column = np.divmod(place, width)
    ones = np.ones(len(place), np.float32)
    return Located(width, place, np.stack([column, row], axis=1) + 0.5, ones, ones)


def smoothed(graph: Graph) -> Graph:
    """Return a graph whose lines are straight where pixels are the steps of a stair.

    Every point that is not an end moves to the middle between it and the mean of its neighbours:
    on the stairs of a line at 45° they all come to lie on the line.
    """
    degrees = graph.degrees()
    points = graph.points(np.arange(len(degrees)))
    (inner,) = (degrees > 1).nonzero()
    heads = points[graph.tails.reshape(-1, 2)[:, ::-1].ravel()]
    around = [np.bincount(graph.tails, along, len(points))[inner] for along in heads.T]
    points[inner] += np.stack(around, axis=1) / degrees[inner, np.newaxis]
    points[inner] /= 2
    return graph.moved(points)


def _find_lines(
    graph: Graph, min_length: float, close_gaps: float, *, calm: bool = False
) -> tuple[Graph, Chains]:
    """Return the graph with its gaps closed, and the lines that stay."""
    if close_gaps:
        graph = bridge(graph, close_gaps)
    chains = join(prune(graph, min_length) if min_length else graph)
    if calm:
        graph = calmed(graph, chains)
    if min_length:
        chains = chains.select(chains.lengths(graph) >= min_length)
    return graph, chains


def _draw(ends: Numbers, width: int) -> tuple[Positions, Positions]:
    """Return the pixels between pairs of pixels, and for each the nearer one of its pair."""
    (row, column), (rows, columns) = np.divmod(ends[:, 0], width), np.divmod(ends[:, 1], width)
    steps = np.maximum(np.abs(rows - row), np.abs(columns - column))
    gap = np.arange(len(ends)).repeat(steps - 1)
    step = np.arange(1, len(gap) + 1) - ((steps - 1).cumsum() - (steps - 1))[gap]
    share = step / steps[gap]
    y, x = (
        np.floor(start[gap] + (stop - start)[gap] * share + 0.5).astype(np.int64)
        for start, stop in ((row, rows), (column, columns))
    )
    return y * width + x, ends[gap, (share > 0.5).astype(np.int64)]
