"""Figures as SVG: light and dark in one file, and animated by CSS alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from edgecli.lessons import look
from edgecli.lessons.look import PAINTS, Paint
from edgecli.lessons.shapes import Box, Drawing, Group, Label, Step

GLIDING = ("window", "target")
"""The groups of a step that glide to their places from those of the step before."""

STILL = "@media(prefers-reduced-motion:reduce){.k,.m,.g{animation:none!important}}"


def still_svg(drawing: Drawing) -> str:
    """Return the figure at its last position. The same figure gives the same text."""
    steps = drawing.steps
    kept = [group for step in steps for group in step.kept]
    groups = [*drawing.ground, *kept, *(steps[-1].moment if steps else ())]
    return _document(drawing, groups, _drawn(groups), "")


def animated_svg(drawing: Drawing) -> str:
    """Return the figure as an animation that begins again at its end.

    Who prefers reduced motion, and what knows no animation, sees the last position.
    """
    count = len(drawing.steps)
    moving = [group for step in drawing.steps for group in (*step.moment, *step.kept)]
    lines = [
        *_drawn(drawing.ground),
        *(f'<g class="k" style="animation-name:k{n}">{_joined(step.kept)}</g>'
          for n, step in enumerate(drawing.steps)),
        *(f'<g class="m{" z" if n == count - 1 else ""}" style="animation-name:m{n}">'
          f"{_joined(step.moment, n)}</g>" for n, step in enumerate(drawing.steps)),
    ]  # fmt: skip
    motion = "\n".join((*_motion(count), *_glides(drawing.steps), STILL))
    return _document(drawing, [*drawing.ground, *moving], lines, motion)


def _motion(count: int) -> Iterator[str]:
    """Yield the style that shows each step in its time, and the last for a while longer."""
    times = count + look.REST * (count > 1)
    time = f"{times * seconds_of(count):g}s step-end infinite"
    yield f".k,.m{{animation:{time}}}.m{{opacity:0}}.z{{opacity:1}}"
    for n in range(count):
        arrived = n + look.GLIDE * (n > 0)  # outputs wait for the window
        start, there, stop = (f"{100 * at / times:.6g}%" for at in (n, arrived, n + 1))
        before = "0%{opacity:0}" if n else ""
        gone = f"{stop}{{opacity:0}}" if n + 1 < count else ""
        yield f"@keyframes k{n}{{{before}{there}{{opacity:1}}}}"
        yield f"@keyframes m{n}{{{before}{start}{{opacity:1}}{gone}}}"


def _glides(steps: Sequence[Step]) -> Iterator[str]:
    """Yield the style that lets windows glide from where they were, at the start of each step."""
    times = len(steps) + look.REST
    yield f".g{{animation:{times * seconds_of(len(steps)):g}s linear infinite}}"
    for n, (before, after) in enumerate(pairwise(steps), 1):
        start, stop = (f"{100 * at / times:.6g}%" for at in (n, n + look.GLIDE))
        was = {group.name: group for group in before.moment}
        for group in after.moment:
            if group.name in GLIDING:
                dx, dy = _way(was[group.name].shapes[0], group.shapes[0])
                yield (
                    f"@keyframes {group.name}{n}{{{start}{{transform:translate({dx}px,{dy}px);"
                    f"animation-timing-function:ease-in-out}}{stop}{{transform:none}}}}"
                )


def _way(before: Box | Label, after: Box | Label) -> tuple[str, str]:
    return _px(before.x - after.x), _px(before.y - after.y)


def seconds_of(count: int) -> float:
    """Return how long a step is seen: less where there are many.

    >>> seconds_of(16), seconds_of(196)
    (2.0, 0.5)
    """
    return min(2.0, max(0.5, round(40.0 / max(count, 1), 1)))


def _document(drawing: Drawing, groups: Sequence[Group], lines: Iterable[str], motion: str) -> str:
    used = sorted({paint for group in groups for shape in group.shapes for paint in _paints(shape)})
    title, about = escape(drawing.title), escape(drawing.about)
    size = f'width="{look.WIDTH}" height="{look.HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {look.WIDTH} {look.HEIGHT}" '
        f'role="img" aria-label={quoteattr(drawing.title)}>',
        f"<title>{title}</title>",
        f"<desc>{about}</desc>",
        "<style>",
        "svg{color-scheme:light dark}",
        f"text{{font-family:{look.FONT};font-variant-numeric:tabular-nums;white-space:pre}}",
        *(f".{_name(paint)}{{{_css(PAINTS[paint], 0)}}}" for paint in used),
        "@media(prefers-color-scheme:dark){",
        *(f".{_name(paint)}{{{_css(PAINTS[paint], 1)}}}" for paint in used),
        "}",
        *([motion] if motion else []),
        "</style>",
        *lines,
        "</svg>",
        "",
    ]
    return "\n".join(parts)


def _paints(shape: Box | Label) -> list[str]:
    return [shape.paint] if isinstance(shape, Box) else [paint for _, paint in shape.runs]


def _name(paint: str) -> str:
    """Return a paint's class."""
    return f"p-{paint}"


def _css(paint: Paint, dark: int) -> str:
    """Return a paint's style on light or dark paper; what does not depend on it only on light."""
    parts = [f"fill:{paint.fill[dark] if paint.fill else 'none'}"]
    if paint.line:
        parts.append(f"stroke:{paint.line[dark]}")
    if not dark:
        parts += [f"stroke-width:{paint.width:g}"] if paint.line else []
        parts += [f"fill-opacity:{paint.opacity:g}"] if paint.opacity < 1 else []
        parts += ["font-weight:700"] if paint.bold else []
    return ";".join(parts)


def _drawn(groups: Iterable[Group], step: int | None = None) -> Iterator[str]:
    for group in groups:
        glides = step is not None and group.name in GLIDING
        motion = f' class="g" style="animation-name:{group.name}{step}"' if glides else ""
        yield f"<g data-name={quoteattr(group.name)}{motion}>"
        yield from map(_shape, group.shapes)
        yield "</g>"


def _joined(groups: Iterable[Group], step: int | None = None) -> str:
    return "\n".join(_drawn(groups, step))


def _shape(shape: Box | Label) -> str:
    if isinstance(shape, Box):
        size = f'width="{_px(shape.width)}" height="{_px(shape.height)}"'
        place = f'x="{_px(shape.x)}" y="{_px(shape.y)}"'
        return f'<rect class="{_name(shape.paint)}" {place} {size}/>'
    place = f'x="{_px(shape.x)}" y="{_px(shape.y)}" font-size="{_px(shape.size)}"'
    anchor = "" if shape.anchor == "start" else f' text-anchor="{shape.anchor}"'
    if len(shape.runs) == 1:
        ((text, paint),) = shape.runs
        return f'<text class="{_name(paint)}" {place}{anchor}>{escape(text)}</text>'
    runs = "".join(
        f'<tspan class="{_name(paint)}">{escape(text)}</tspan>' for text, paint in shape.runs
    )
    return f"<text {place}{anchor}>{runs}</text>"


def _px(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
