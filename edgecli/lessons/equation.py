"""The sums of one position as lines of a figure: products, subtotals, bias, activation, norm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite

from edgecli.lessons.facts import Lesson, Slide, Sum
from edgecli.lessons.look import FONTS, LEADING
from edgecli.lessons.shapes import BOLD, Run, width_of
from edgecli.lessons.words import combination, factor, value
from edgecli.records import dataclass, replace

DIGITS = 3
"""So many digits of a number in a figure that is not whole; before its point, all up to a million.
"""

FORMS = ("rows", "channels", "totals")
"""A line for each row of the only kernel, or for each channel; or how many products there are."""


NO_LABEL: Run = ("", "soft")


@dataclass(frozen=True)
class Line:
    """What is summed, in a word, and the sum."""

    label: Run
    runs: tuple[Run, ...]

    @property
    def text(self) -> str:
        """Return the sum as it is read."""
        return "".join(text for text, _ in self.runs)


@dataclass(frozen=True)
class Fit:
    """A way to write sums: the form, the size of the text, and the px that labels and all take."""

    form: str
    size: float
    label: float
    width: float
    height: float


SOME_BOLD = 1.02
"""How much wider a line is for what is bold in it."""

LONGEST_NAME = 28  # characters


def short(name: str) -> str:
    """Return a filter's name as a slide has room for it."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def number(of: float) -> str:
    """Write a number as figures show it.

    >>> number(-1.2345), number(1234.5), number(12345678)
    ('−1.23', '1234', '12345678')
    """
    return value(as_shown(of))


def as_shown(of: float) -> float:
    """Return a number with the digits that figures show."""
    if not isinstance(of, float) or not isfinite(of):
        return of
    return round(of) if 10 ** (DIGITS - 1) <= abs(of) < 1e6 else float(f"{of:.{DIGITS}g}")


def is_rounded(of: float) -> bool:
    """Return whether a figure shows less of a number than there is."""
    return isfinite(of) and as_shown(of) != of


def lines_of(lesson: Lesson, slide: Slide, form: str) -> list[Line]:
    """Return the lines of one position."""
    view = slide.views[0]
    lines: list[Line] = []
    for n, one in enumerate(view.sums):
        bold = f"map-{n}-bold"
        own = list(_sum_lines(lesson, slide, one, form, bold))
        if len(view.sums) > 1:  # the last line of a filter has its name
            own[-1] = replace(own[-1], label=(short(one.name), bold))
        lines += own
    for n, edge_map in enumerate(lesson.combined, len(view.sums)):
        combined = next(each for each in view.maps if each.name == edge_map.name)
        left = combination(combined.how, [as_shown(part) for part in combined.parts])
        bold = f"map-{n}-bold"
        lines.append(
            Line((short(combined.name), bold), _equals(((left, "ink"),), combined.value, bold))
        )
    return lines


def _sum_lines(lesson: Lesson, slide: Slide, one: Sum, form: str, bold: str) -> Iterator[Line]:
    """Yield a filter's lines; the last ends in what the output gets."""
    parts = [] if form == "totals" else list(_parts(lesson, one, by_rows=form == "rows"))
    whole = len(parts) == 1 and one.bias is None
    for part in parts:
        left = _products(slide, one, part)
        yield Line(part.label, _equals(left, part.total, bold if whole else part.paint))
    last: tuple[Run, ...] = ()
    if not whole:
        summed = _summands(parts) or ((f"Σ {one.products.size} products", "ink"),)
        last = _equals((*summed, *_bias(one.bias)), one.total, bold)
    if lesson.activation != "none":
        activated = ((f"{lesson.activation}({number(one.total)})", "ink"),)
        last += ((",  ", "soft"),) * bool(last) + _equals(activated, one.response, bold)
    if last:
        yield Line(NO_LABEL, last)


@dataclass(frozen=True)
class Part:
    """Some rows of one kernel, the sum of their products, and how that is drawn."""

    channel: int
    name: str
    rows: tuple[int, ...]
    total: float
    label: Run
    paint: str


def _parts(lesson: Lesson, one: Sum, *, by_rows: bool) -> Iterator[Part]:
    """Yield what has a line: each kernel, or each of its rows; a channel's first has its name."""
    all_rows = tuple(range(one.weight.shape[1]))
    for c, name in enumerate(lesson.channels):
        several = len(lesson.channels) > 1
        paint = f"{name}-bold" if several else "strong"
        for k, rows in enumerate([(i,) for i in all_rows] if by_rows else [all_rows]):
            label = (name, paint) if several and not k else NO_LABEL
            yield Part(c, name, rows, one.rows[c][list(rows)].sum(), label, paint)


def _equals(left: tuple[Run, ...], result: float, paint: str) -> tuple[Run, ...]:
    return (*left, (" = ", "ink"), (number(result), paint))


def _summands(parts: Sequence[Part]) -> tuple[Run, ...]:
    """Return subtotals in the colours of their channels."""
    runs: list[Run] = []
    for part in parts:
        runs += [(" + ", "soft")] * bool(runs) + [(factor(as_shown(part.total)), part.paint)]
    return tuple(runs)


def _bias(bias: float | None) -> tuple[Run, ...]:
    if bias is None:
        return ()
    return (" + ", "soft"), (factor(as_shown(bias)), "strong"), (" bias", "soft")


def _products(slide: Slide, one: Sum, part: Part) -> tuple[Run, ...]:
    runs: list[Run] = []
    window = slide.views[0].window[part.channel]
    for i in part.rows:
        for j, weight in enumerate(one.weight[part.channel, i]):
            if runs:
                runs.append((" + ", "soft"))
            pixel = factor(as_shown(window[i, j]))
            runs.append((pixel, "padding" if slide.padding[i, j] else part.name))
            runs.append((f"·{factor(as_shown(weight))}", "ink"))
    return tuple(runs)


def fits(lesson: Lesson, slides: Sequence[Slide], width: float, height: float) -> list[Fit]:
    """Return the ways in which the sums of all positions fit into a width and a height.

    Only where products fit at no size are they counted instead.
    """
    ways: list[Fit] = []
    for form in FORMS if len(lesson.channels) == 1 else FORMS[1:]:
        if form == FORMS[-1] and ways:
            break
        written = [lines_of(lesson, slide, form) for slide in slides]
        count = max(map(len, written), default=0)
        lines = [line for lines in written for line in lines]
        label = max((width_of(line.label[0]) for line in lines), default=0.0) * BOLD
        label += label > 0  # a space
        longest = max((width_of(line.text) for line in lines), default=0.0) * SOME_BOLD
        for size in FONTS:
            wide, high = (label + longest) * size, count * size * LEADING
            if (wide <= width and high <= height) or (form, size) == (FORMS[-1], FONTS[-1]):
                ways.append(Fit(form, size, label * size, wide, high))
    return ways
