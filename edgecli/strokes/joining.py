"""From edge pixels to strokes: lines are followed from pixel to pixel, and through junctions."""

from __future__ import annotations

from edgecli.strokes.base import Located, Strokes


def trace(located: Located, min_length: float = 0, close_gaps: float = 0) -> Strokes:
    """Return the lines of an edge map as strokes, joined and cleaned."""
    raise NotImplementedError
