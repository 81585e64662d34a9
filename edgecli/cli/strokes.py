"""What the options of strokes mean."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from edgecli.cli.options import Options
from edgecli.errors import UsageError

if TYPE_CHECKING:
    from edgecli.strokes.base import Finish
    from edgecli.strokes.files.sheet import Size


def make_finish(options: Options) -> Finish:
    """Return how strokes are simplified; the points of a table only where that is asked for."""
    from edgecli.strokes.base import Finish  # for those who ask for strokes

    simplify = options.simplify
    if simplify is None:
        simplify = 0.0 if options.format == "points" else Finish.simplify
    if not simplify < inf:
        raise UsageError(f"simplify must be at least 0 pixels, not {simplify:g}")
    return Finish(simplify=simplify, curves=options.curves)


def make_size(options: Options) -> Size | None:
    """Return how large a drawing is to be, if that is asked for."""
    if options.size is None:
        return None
    from edgecli.strokes.files.sheet import parse_size

    return parse_size(options.size)


def stroke_colours(options: Options) -> tuple[str | None, str | None]:
    """Return the colours of strokes and of their paper: black on none, but for what was asked for.

    >>> stroke_colours(Options()), stroke_colours(Options(paper="navy"))
    (('black', 'none'), (None, 'navy'))
    """
    line, paper = options.line, options.paper
    if options.overlay is not None or options.invert or options.colormap is not None:
        return line, paper
    bare = options.alpha_out or paper in (None, "none")
    return line or ("black" if bare else None), "none" if bare else paper
