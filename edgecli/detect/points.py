"""How the edge pixels of a map are located: chosen by how they are thinned."""

from __future__ import annotations

from edgecli.lines.crossings import Cross
from edgecli.lines.gradients import growth
from edgecli.lines.region import Exclude
from edgecli.lines.ridges import ROWS, Crest
from edgecli.lines.thinning import Thin
from edgecli.operators.operators import EdgeMap
from edgecli.operators.responses import Responses
from edgecli.records import dataclass, replace
from edgecli.rows.graph import Graph, Tap
from edgecli.strokes.locating import PLANES, CrestPoints, CrossingPoints, LinePoints, SlopePoints
from edgecli.strokes.placing import Placing, placing_of

Thinning = Thin | Cross | Crest


@dataclass(frozen=True)
class Points:
    """What locates the edge pixels of a map, and where those are in the image."""

    step: SlopePoints | CrestPoints | CrossingPoints | LinePoints
    taps: tuple[Tap, ...]
    placing: Placing

    def add_to(self, graph: Graph, exclude: Exclude | None) -> Tap:
        """Add the steps to a graph; edges that do not count are dropped."""
        located = graph.add(self.step, *self.taps, grain=ROWS)
        if exclude is None:
            return located
        return graph.add(replace(exclude, shape=self.step.shape, dtype=self.step.dtype), located)


def points_of(
    edge_map: EdgeMap,
    tap: Tap,
    shape: tuple[int, int, int],
    thins: Thinning | None,
    responses: Responses,
) -> Points:
    """Return what locates the edges of a map whose responses are ``tap``."""
    weight = responses.bank.weight[edge_map.start : edge_map.stop]
    if responses.slide is None:
        placing = Placing(shift=(0.5 + responses.lean, 0.5 + responses.lean))
    else:
        placing = placing_of(responses.slide.geometry, weight)
    match thins:
        case Thin():
            return Points(SlopePoints(thins, edge_map.combine), (tap,), placing)
        case Crest():
            return Points(CrestPoints(thins), (tap,), placing)
        case Cross():
            return Points(CrossingPoints(thins, growth(weight)), (tap,), placing)
    assert responses.crests is not None  # noqa: S101 (it is thin already)
    return Points(LinePoints((PLANES, *shape[1:])), (tap, *responses.crests), placing)
