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
            own[-1] = replace(own[-1], label=(one.name, bold))
        lines += own
    for n, edge_map in enumerate(lesson.combined, len(view.sums)):
        combined = next(each for each in view.maps if each.name == edge_map.name)
        left = combination(combined.how, [as_shown(part) for part in combined.parts])
        bold = f"map-{n}-bold"
        lines.append(Line((combined.name, bold), _equals(((left, "ink"),), combined.value, bold)))
    return lines


def _sum_lines(lesson: Lesson, slide: Slide, one: Sum, form: str, bold: str) -> Iterator[Line]:
    """Yield a filter's lines; the last ends in what the output gets."""
    channels, kernel_rows = one.weight.shape[:2]
    rows = [[i] for i in range(kernel_rows)] if form == "rows" else [[*range(kernel_rows)]]
    whole = channels == len(rows) == 1 and one.bias is None
    parts: list[tuple[float, str]] = []
    for c, name in enumerate(lesson.channels):
        for k, taps in enumerate(rows):
            total = one.rows[c][taps].sum()
            paint = f"{name}-bold" if channels > 1 else "strong"
            parts.append((total, paint))
            left: tuple[Run, ...] = ((f"Σ {one.products[c].size} products", "ink"),)
            if form != "totals":
                left = _products(slide, one, c, taps, name)
            label = (name, paint) if channels > 1 and not k else NO_LABEL
            yield Line(label, _equals(left, total, bold if whole else paint))
    last: tuple[Run, ...] = ()
    if not whole:
        last = _equals(_summands(parts, one.bias), one.total, bold)
    if lesson.activation != "none":
        activated = ((f"{lesson.activation}({number(one.total)})", "ink"),)
        last += ((",  ", "soft"),) * bool(last) + _equals(activated, one.response, bold)
    if last:
        yield Line(NO_LABEL, last)


def _equals(left: tuple[Run, ...], result: float, paint: str) -> tuple[Run, ...]:
    return (*left, (" = ", "ink"), (number(result), paint))


def _summands(parts: Sequence[tuple[float, str]], bias: float | None) -> tuple[Run, ...]:
    """Return subtotals, and the bias after them."""
    runs: list[Run] = []
    for part, paint in parts:
        runs += [(" + ", "soft")] * bool(runs) + [(factor(as_shown(part)), paint)]
    if bias is not None:
        runs += [(" + ", "soft"), (factor(as_shown(bias)), "strong"), (" bias", "soft")]
    return tuple(runs)


def _products(
    slide: Slide, one: Sum, channel: int, rows: Sequence[int], paint: str
) -> tuple[Run, ...]:
    runs: list[Run] = []
    window = slide.views[0].window[channel]
    for i in rows:
        for j, weight in enumerate(one.weight[channel, i]):
            if runs:
                runs.append((" + ", "soft"))
            pixel = factor(as_shown(window[i, j]))
            runs.append((pixel, "padding" if slide.padding[i, j] else paint))
            runs.append((f"·{factor(as_shown(weight))}", "ink"))
    return tuple(runs)


def fits(lesson: Lesson, slides: Sequence[Slide], width: float, height: float) -> Iterator[Fit]:
    """Yield the ways in which the sums of all positions fit into a width and a height.

    Only where products fit at no size are they left out.
    """
    for form in FORMS if len(lesson.channels) == 1 else FORMS[1:]:
        wanted = [lines_of(lesson, slide, form) for slide in slides]
        count = max(map(len, wanted), default=0)
        label = max((width_of(line.label[0]) for lines in wanted for line in lines), default=0.0)
        longest = max((width_of(line.text) for lines in wanted for line in lines), default=0.0)
        label = label * BOLD + (label > 0)
        found = False
        for size in FONTS:
            wide, high = (label + longest * 1.02) * size, count * size * LEADING
            if wide <= width and high <= height:
                found = True
                yield Fit(form, size, label * size, wide, high)
        if found and form == FORMS[1]:
            return
