"""Strokes for a pen, beside vpype and shapely: how far it travels undrawn, and how long that takes.

    python -m tests.benchmarks.pen [PICTURE...] [--operator NAME] [--rounds N] [--json FILE]

Without pictures, ten scenes are drawn. Peers get the same strokes, shuffled: ``vpype linesort``
orders them, with and without ``--two-opt``; ``shapely.simplify`` drops points within 0.1 pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import edgecli
from edgecli.strokes.base import Strokes
from edgecli.strokes.curves import fit_curves
from edgecli.strokes.ordering import order
from edgecli.strokes.simplifying import simplify
from edgecli.training.scenes import draw_scene
from tests.benchmarks.engine_work import optional
from tests.benchmarks.timing import (
    Comparison,
    Cost,
    Limit,
    common_options,
    interleave,
    number,
    publish,
    say,
    timed,
    verdict,
    who,
)

vpype, vpype_cli, shapely = (optional(name) for name in ("vpype", "vpype_cli", "shapely"))

SCENES = 10
EPS = 0.1  # pixels
TRAVEL = 1.1
"""What our travel may be at most, as a multiple of a peer's."""


def shuffled(picture: Any, operator: str) -> Strokes:
    """Return the strokes of a picture in an order by chance, with all their points."""
    found = edgecli.find_strokes(picture, operator, simplify=0)
    found = [found[n] for n in np.random.default_rng(1).permutation(len(found))]
    points = np.concatenate([stroke.points for stroke in found])
    return Strokes(
        points,
        np.concatenate([stroke.strength for stroke in found]),
        np.zeros(len(points), np.float32),
        np.cumsum([0, *(len(stroke.points) for stroke in found)]),
        np.array([stroke.closed for stroke in found]),
    )


def lines_of(strokes: Strokes) -> list[Any]:
    """Return polylines as both peers take them: of two points at least, rings closed."""
    return [
        np.concatenate([s.points, s.points[:1]]) if s.closed or len(s.points) == 1 else s.points
        for s in strokes
    ]


def ordered_by_vpype(options: str, document: Any) -> Any:
    """Return a document's only layer in vpype's order."""
    return vpype_cli.execute(f"linesort {options}", document).layers[1]


def of_ordering(
    name: str, strokes: Strokes, rounds: int
) -> Iterator[tuple[Comparison, Limit | None]]:
    """Yield a line for each way of vpype's, and how our travel compares."""
    contestants = {"ours": partial(timed, partial(order, strokes))}
    peers = {"vpype linesort": "", "vpype linesort --two-opt": "--two-opt"}
    travels = {}
    if vpype is not None:
        document = vpype.Document()
        document.add(vpype.LineCollection([line @ (1, 1j) for line in lines_of(strokes)]), 1)
        for peer, options in peers.items():
            run = partial(ordered_by_vpype, options, document)
            travels[peer] = run().pen_up_length()[0]
            contestants[peer] = partial(timed, run)
    costs = interleave(contestants, rounds)
    _, pen_up = order(strokes)
    work = f"order {len(strokes)} strokes of {name}"
    for peer in peers:
        line = Comparison(work, peer, costs["ours"], costs.get(peer), 1)
        travel = travels.get(peer)
        limit = Limit(work, f"travel / {peer}", pen_up / travel, TRAVEL, False) if travel else None
        yield line, limit


def of_simplifying(name: str, strokes: Strokes, rounds: int) -> Comparison:
    """Return how long dropping points takes, and shapely to do the same."""
    contestants = {"ours": partial(timed, partial(simplify, strokes, EPS))}
    if shapely is not None:
        lines = np.array([shapely.linestrings(line) for line in lines_of(strokes)])
        run = partial(shapely.simplify, lines, EPS, preserve_topology=False)
        contestants["shapely"] = partial(timed, run)
    costs = interleave(contestants, rounds)
    work = f"simplify {len(strokes.points)} points of {name}"
    return Comparison(work, "shapely.simplify", costs["ours"], costs.get("shapely"))


def of_curves(name: str, strokes: Strokes) -> Comparison:
    """Return how long Béziers take; no peer fits them within a distance."""
    cost = timed(partial(fit_curves, strokes, EPS))
    pieces = len(fit_curves(strokes, EPS).points) // 3
    work = f"fit curves to {len(strokes.points)} points of {name}"
    return Comparison(work, "", cost, None, note=f"{pieces} pieces")


def main() -> None:
    """Measure every picture, print the tables and write the figures."""
    parser = common_options(__doc__, 5)
    parser.add_argument("pictures", nargs="*", type=Path, metavar="PICTURE")
    parser.add_argument("--operator", default="canny:1.4", help="default: %(default)s")
    options = parser.parse_args()
    pictures: dict[str, Any] = {path.name: path for path in options.pictures}
    if not pictures:
        pictures = {f"scene {seed}": draw_scene(seed).picture for seed in range(SCENES)}
    lines: list[Comparison] = []
    limits: list[Limit] = []
    for name, picture in pictures.items():
        say(name)
        strokes = shuffled(picture, options.operator)
        for line, limit in of_ordering(name, strokes, options.rounds):
            lines.append(line)
            limits += [limit] if limit else []
        lines += [of_simplifying(name, strokes, options.rounds), of_curves(name, strokes)]
    rows = [
        [line.work, who(line), milliseconds(line.ours), milliseconds(line.theirs), *verdict(line)]
        for line in lines
    ]
    header = ["work", "peer", "ours ms", "theirs ms", "ratio", "asked", "met"]
    publish(options.json, (header, rows), lines, limits)


def milliseconds(cost: Cost | None) -> str:
    """Return a cost for people."""
    return number(cost.seconds * 1000 if cost else None, ".1f")


if __name__ == "__main__":
    main()
