"""How edges are asked to look, in words, and the style that this comes to."""

from __future__ import annotations

from edgecli.errors import UsageError
from edgecli.images.colour import Colour, parse_colour
from edgecli.paint.colormaps import BLACK, WHITE
from edgecli.paint.painting import Style


def choose_style(
    *,
    colormap: str | None = None,
    invert: bool = False,
    line: str | None = None,
    paper: str | None = None,
    overlay: str | None = None,
    alpha_out: bool = False,
    stroke: int = 1,
) -> Style:
    """Return how edges look: ``invert`` puts them on white paper, ``alpha_out`` on none.

    Colours are words. UsageError for what says twice what is behind the lines.

    >>> choose_style(invert=True).paper, choose_style(line="red").line
    ((255, 255, 255), (255, 0, 0))
    """
    drawn = {"--invert": invert, "--alpha-out": alpha_out, "--line": line, "--paper": paper}
    given = [name for name, value in drawn.items() if value]
    transparent = alpha_out or paper == "none"
    if overlay is not None and given:
        raise UsageError(
            f"edges are laid on the image, or drawn on paper; drop --overlay or {given[0]}"
        )
    if paper not in (None, "none") and (invert or alpha_out):
        raise UsageError(f"the paper is named twice; drop {given[0]} or --paper")
    if colormap and invert and transparent:
        raise UsageError("a colour map without paper has nothing to invert; drop --invert")
    ink = None if line is None else parse_colour(line)
    behind: Colour | None = WHITE if invert else BLACK
    if transparent:
        ink, behind = ink or (BLACK if invert else None), None
    elif paper is not None:
        behind = parse_colour(paper)
    on_image = None if overlay is None else parse_colour(overlay)
    return Style(colormap, ink, behind, on_image, stroke)
