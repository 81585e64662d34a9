"""Precision over recall as a picture: SVG, with the lines of equal F behind the curve."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

import numpy as np

from edgecli.evaluate.scores import Floats, Scores

SIDE = 400.0  # px from 0 to 1
LEFT, TOP, RIGHT, BELOW = 60.0, 48.0, 350.0, 56.0  # px around
LINE = 14.0  # px from one label to the next

PUBLISHED = (
    (0.80, "people (Arbeláez et al. 2011)"),
    (0.788, "HED (Xie and Tu 2015)"),
    (0.746, "structured forests (Dollár and Zitnick 2015)"),
    (0.726, "gPb-owt-ucm (Arbeláez et al. 2011)"),
    (0.60, "Canny (Arbeláez et al. 2011)"),
)
"""ODS on the 200 test photos of BSDS500, as those papers give it."""

STYLE = """
text{font:12px sans-serif;fill:#333}.title{font-size:15px;font-weight:bold}
.frame{fill:#fff;stroke:#999}.equal{fill:none;stroke:#bbb;stroke-dasharray:3 3}
.known{fill:none;stroke:#b9a3d9}.curve{fill:none;stroke:#c0392b;stroke-width:2.5}
.best{fill:#c0392b}.small{font-size:10px;fill:#777}rect.page{fill:#fff}
@media(prefers-color-scheme:dark){text{fill:#ddd}.small{fill:#999}rect.page{fill:#161616}
.frame{fill:#1e1e1e;stroke:#666}.equal{stroke:#444}.known{stroke:#6b5590}
.curve{stroke:#ff7b66}.best{fill:#ff7b66}}
"""


def draw_curve(name: str, scores: Scores, *, published: bool) -> str:
    """Return the SVG of scores; ``published`` adds what papers report of the Berkeley photos."""
    width, height = LEFT + SIDE + RIGHT, TOP + SIDE + BELOW
    size = f'width="{width:.0f}" height="{height:.0f}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width:.0f} {height:.0f}">',
        f"<title>{escape(name)}: precision and recall</title><style>{STYLE}</style>",
        f'<rect class="page" {size}/>',
        f'<rect class="frame" x="{LEFT:g}" y="{TOP:g}" width="{SIDE:g}" height="{SIDE:g}"/>',
        _text(LEFT, 28, f"{name}: ODS {scores.ods.f:.3f}, OIS {scores.ois.f:.3f}, "
              f"AP {scores.ap:.3f}", "title"),
        *_axes(),
        *(line for tenth in range(1, 10) for line in _equal(tenth / 10)),
        *(_known(published)),
        *_curve(scores),
        "</svg>\n",
    ]  # fmt: skip
    return "\n".join(lines)


def _axes() -> Iterator[str]:
    for tenth in range(0, 11, 2):
        x, y = _place(tenth / 10, 0)
        yield _text(x, y + 18, f"{tenth / 10:g}", anchor="middle")
        x, y = _place(0, tenth / 10)
        yield _text(x - 8, y + 4, f"{tenth / 10:g}", anchor="end")
    yield _text(LEFT + SIDE / 2, TOP + SIDE + 42, "recall", anchor="middle")
    turned = f'transform="rotate(-90 18 {TOP + SIDE / 2:g})"'
    yield _text(18, TOP + SIDE / 2, "precision", anchor="middle", more=turned)


def _equal(f: float, css: str = "equal") -> Iterator[str]:
    """Draw where F has one value: recall from F / (2 − F) to 1."""
    recall = f / (2 - f) + (1 - f / (2 - f)) * np.linspace(0, 1, 80) ** 2
    yield _line(recall, f * recall / (2 * recall - f), css)
    if css == "equal":
        x, y = _place(1, f / (2 - f))
        yield _text(x + 6, y + 4, f"F {f:g}", "small")


def _known(published: bool) -> Iterator[str]:
    """Draw what was published, with labels that do not touch, the best on top."""
    free, first = TOP, _place(1, PUBLISHED[0][0] / (2 - PUBLISHED[0][0]))[1]
    for f, who in PUBLISHED if published else ():
        yield from _equal(f, "known")
        x, y = _place(1, f / (2 - f))
        free = max(free + LINE, y)
        yield f'<path class="known" d="M{x + 36:.1f} {y:.1f}L{x + 44:.1f} {free:.1f}"/>'
        yield _text(x + 48, free + 4, f"{f:g} {who}", "small")
    if published:
        yield _text(
            LEFT + SIDE + 48, first - LINE, "published, on BSDS500's 200 test photos", "small"
        )


def _curve(scores: Scores) -> Iterator[str]:
    recall, precision = scores.curve
    marked = recall + precision > 0
    yield _line(recall[marked], precision[marked], "curve")
    x, y = _place(scores.ods.recall, scores.ods.precision)
    yield f'<circle class="best" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'


def _line(recall: Floats, precision: Floats, css: str) -> str:
    places = (_place(*both) for both in zip(recall, precision, strict=True))
    return f'<polyline class="{css}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>'


def _place(recall: float, precision: float) -> tuple[float, float]:
    return LEFT + SIDE * float(recall), TOP + SIDE * (1 - float(precision))


def _text(
    x: float, y: float, text: str, css: str = "", anchor: str = "start", more: str = ""
) -> str:
    named = f' class="{css}"' * bool(css)
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f"<text{named} {place} {more}>{escape(text)}</text>".replace(" >", ">")
