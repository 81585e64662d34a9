"""From edge pixels to what is drawn: joined, cleaned, ordered for a pen, simplified."""

from __future__ import annotations

from edgecli.strokes.base import Drawing, Finish, Located
from edgecli.strokes.ordering import order
from edgecli.strokes.simplifying import simplify
from edgecli.strokes.tracing import trace


def draw(
    located: Located,
    finish: Finish,
    name: str,
    *,
    min_length: float = 0,
    close_gaps: float = 0,
    threads: int = 1,
    calm: bool = False,
) -> Drawing:
    """Return the drawing of an edge map's pixels; ``name`` is the map's.

    Lines of points that are uncertain, as those of networks, are drawn ``calm``.

    Curves are fitted to every located point, as strokes are simplified from them: so each is within
    ``finish.simplify`` of all. Where that is 0, no point is left out.
    """
    pixels, strokes = len(located), trace(located, min_length, close_gaps, calm=calm)
    del located  # what is joined holds the points; of millions each copy counts
    strokes, pen_up = order(strokes, threads)
    curves = None
    if finish.curves:
        from edgecli.strokes.curves import fit_curves  # few ask for them

        curves = fit_curves(strokes, finish.simplify)
    simple = simplify(strokes, finish.simplify, threads) if finish.simplify else strokes
    return Drawing(name, simple, curves, pen_up, pixels)
