"""What the drawings of networks share: a page in light and dark, texts, arrows."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from xml.sax.saxutils import escape

from edgecli.images.made_by import MadeBy
from edgecli.networks.network import Summary

CHARACTER = 6.8  # px of the widest character at 11 px, rounded up

STYLE = """
text{font:11px sans-serif;fill:#111}.soft{fill:#595959}.big{font-size:20px;font-weight:bold}
.middling{font-size:15px}.page{fill:#fff}.face{stroke:#333;stroke-width:.6}
.line{fill:none;stroke:#555}.arc{stroke-dasharray:4 3}.head{fill:#555}
.kernel{fill:#ffd54a;stroke:#333;stroke-width:.6}.dense{fill:#f58518}.few{fill:#4c78a8}
.lens{fill:#fff;stroke:#555;stroke-width:1.5}
@media(prefers-color-scheme:dark){text{fill:#eee}.soft{fill:#aaa}.page,.lens{fill:#161616}
.face{stroke:#ddd}.line,.lens{stroke:#aaa}.head{fill:#aaa}.few{fill:#72a5d8}}
"""
"""Colours on a white page, and on a dark one where whoever looks prefers it."""


def page(
    summary: Summary, width: float, height: float, lines: Iterable[str], more: str = ""
) -> str:
    """Return a whole SVG of so many px, that says by which command it is made.

    ``more`` are the command's options besides the input's shape.
    """
    shape = "x".join(map(str, summary.input_shape))
    made = MadeBy(f"edgecli network summary {shlex.quote(summary.name)} --input {shape}{more}")
    size = f'width="{width:.0f}" height="{height:.0f}"'
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width:.0f} {height:.0f}">',
        f"<title>{escape(summary.name)}</title><desc>Made by {escape(str(made))}</desc>",
        f"<style>{STYLE}</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path class="head" d="M0 0L8 4L0 8Z"/></marker></defs>',
        f'<rect class="page" {size}/>',
        *lines,
        "</svg>\n",
    ])  # fmt: skip


def text(x: float, y: float, words: str, css: str = "", anchor: str = "middle") -> str:
    """Return a text; ``css`` is its class."""
    named = f' class="{css}"' * bool(css)
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{escape(words)}</text>'


def line(x: float, y: float, to_x: float, to_y: float, more: str = "") -> str:
    """Return a straight line."""
    return f'<path class="line" d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}"{more}/>'


def arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    """Return a straight line with a head at its end."""
    return line(x, y, to_x, to_y, ' marker-end="url(#head)"')


def polygon(css: str, corners: Iterable[tuple[float, float]], more: str = "") -> str:
    """Return a filled polygon."""
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return f'<polygon class="{css}" points="{points}"{more}/>'
