"""Figures as GIF, for programs that know no SVG: on light paper, as they cannot know of dark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from edgecli.images.canvas import Canvas, Ink, animation
from edgecli.lessons import look
from edgecli.lessons.look import INK, PAINTS
from edgecli.lessons.shapes import Box, Drawing, Group, Label
from edgecli.lessons.svg import seconds_of

LIGHT = 0


def gif(drawing: Drawing, *, moves: bool) -> bytes:
    """Return a frame for each position, one after another, again and again; or the last alone."""
    frames = list(_frames(drawing))
    seconds = seconds_of(len(frames))
    return animation(frames if moves else frames[-1:], seconds, look.REST * seconds)


def _frames(drawing: Drawing) -> Iterator[Canvas]:
    ground = Canvas(look.WIDTH, look.HEIGHT)
    _draw(ground, drawing.ground)
    for step in drawing.steps:
        _draw(ground, step.kept)
        frame = ground.copy()
        _draw(frame, step.moment)
        yield frame


def _draw(canvas: Canvas, groups: Iterable[Group]) -> None:
    for group in groups:
        for shape in group.shapes:
            if isinstance(shape, Box):
                _box(canvas, shape)
            else:
                _label(canvas, shape)


def _box(canvas: Canvas, box: Box) -> None:
    paint = PAINTS[box.paint]
    canvas.box(
        (box.x, box.y),
        (box.width, box.height),
        fill=paint.fill and paint.fill[LIGHT],
        opacity=paint.opacity,
        line=paint.line and paint.line[LIGHT],
        width=paint.width,
    )


def _label(canvas: Canvas, label: Label) -> None:
    paints = [(text, PAINTS[paint]) for text, paint in label.runs]
    runs = [(text, Ink((paint.fill or INK)[LIGHT], paint.bold)) for text, paint in paints]
    canvas.text((label.x, label.y), label.size, runs, label.anchor)
