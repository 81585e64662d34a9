"""From a planned image to the figures that are asked for."""

from __future__ import annotations

from edgecli.detect.plan import Detection
from edgecli.lessons.facts import Lesson, open_lesson
from edgecli.lessons.figure import check_drawable, draw_lesson
from edgecli.lessons.region import Region, region_at, whole_region
from edgecli.lessons.writing import write_figure
from edgecli.rows.base import Source

Place = tuple[int, int]


def write_figures(
    detection: Detection,
    source: Source,
    at: Place | None,
    output: str,
    *,
    blank: bool = False,
    answers: str | None = None,
) -> Lesson:
    """Draw one position of an output, or all, and return the lesson that it is of.

    ``blank`` leaves the outputs empty; a figure that has them goes to ``answers``. GeometryError
    where a figure has no room, UsageError where it cannot show what slides.
    """
    check_drawable(detection)
    geometry = detection.responses.account().geometry
    depth = detection.responses.volume[2]
    region = whole_region(geometry, depth) if at is None else region_at(geometry, at, depth)
    rows = region.rows.outputs
    # Of a grid that is drawn whole no row is left out, even one that no window reaches.
    needed = None if region.rows.whole else (rows.start, rows.stop)
    lesson = open_lesson(detection, source, needed)
    moves = at is None
    places = _places(region)
    if at is not None:
        places = [place for place in places if place <= at]
    write_figure(draw_lesson(lesson, region, places, blank=blank), output, moves=moves)
    if answers is not None:
        if at is not None:  # all that was left empty; the position in question is the last
            places = [*(place for place in _places(region) if place != at), at]
        write_figure(draw_lesson(lesson, region, places), answers, moves=moves)
    return lesson


def _places(region: Region) -> list[Place]:
    return [(row, col) for row in region.rows.outputs for col in region.cols.outputs]
