"""Slides have room for all that is on them: nothing is cut, nothing lies over anything else."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecli.cli.options import Options
from edgecli.cli.request import make_request
from edgecli.detect.plan import plan_detection
from edgecli.lessons import look
from edgecli.lessons.facts import open_lesson
from edgecli.lessons.figure import draw_lesson
from edgecli.lessons.layout import Block, arrange, grids_of
from edgecli.lessons.region import region_at
from edgecli.lessons.shapes import BOLD, Box, Drawing, Group, Label, width_of
from edgecli.rows.arrays import ArraySource
from tests.conftest import noise
from tests.test_lessons_figures import CASES

Room = tuple[float, float, float, float]
"""Left, top, right, bottom, in px."""

PHOTO = noise(40, 60, 3)


def drawn(picture: Any, at: tuple[int, int], **options: Any) -> Drawing:
    """Return a figure of a position, after all that come before it."""
    request = make_request(Options(**options))
    source = ArraySource.of(picture)
    detection = plan_detection(request.settings, source.shape, source.dtype)
    geometry = detection.responses.account().geometry
    region = region_at(geometry, at, detection.responses.volume[2])
    lesson = open_lesson(detection, source)
    places = [(r, c) for r in region.rows.outputs for c in region.cols.outputs if (r, c) <= at]
    return draw_lesson(lesson, region, places)


def room_of(label: Label) -> Room:
    """Return the room that a text takes at most."""
    wide = sum(
        width_of(text) * (BOLD if look.PAINTS[paint].bold else 1) for text, paint in label.runs
    )
    wide *= label.size
    left = label.x - {"start": 0.0, "middle": wide / 2, "end": wide}[label.anchor]
    return left, label.y - 0.73 * label.size, left + wide, label.y


def still(drawing: Drawing) -> Iterator[Group]:
    yield from drawing.ground
    for step in drawing.steps:
        yield from step.kept
    yield from drawing.steps[-1].moment


def apart(one: Room, other: Room) -> bool:
    slack = 0.5
    return (
        one[2] <= other[0] + slack
        or other[2] <= one[0] + slack
        or one[3] <= other[1] + slack
        or other[3] <= one[1] + slack
    )


def check(drawing: Drawing) -> None:
    shapes = [shape for group in still(drawing) for shape in group.shapes]
    texts = [(one.text, room_of(one)) for one in shapes if isinstance(one, Label)]
    for text, (left, top, right, bottom) in texts:
        assert left >= 8, text
        assert top >= 0, text
        assert right <= look.WIDTH - 8, text
        assert bottom <= look.HEIGHT, text
    for (one, room), (other, place) in combinations(texts, 2):
        assert apart(room, place), (one, other)
    sheets = rooms_of(shapes, "-edge")
    assert all(apart(one, other) for one, other in combinations(sheets, 2))
    around = [*sheets, *(room for _, room in texts)]
    assert all(apart(one, other) for one in rooms_of(shapes, "-pile") for other in around)


def rooms_of(shapes: list[Box | Label], kind: str) -> list[Room]:
    boxes = [one for one in shapes if isinstance(one, Box) and one.paint.endswith(kind)]
    return [(one.x, one.y, one.x + one.width, one.y + one.height) for one in boxes]


def test_a_pile_has_a_sheet_for_each_channel_and_the_first_in_front() -> None:
    drawing = drawn(PHOTO[:8, :8], (0, 0), filters=("vertical",), channels="rgb")
    (signs,) = (group for group in drawing.ground if group.name == "signs")
    piles = [one.paint for one in signs.shapes if isinstance(one, Box)]
    assert piles == 2 * ["blue-pile", "green-pile", "red-pile"]


def options_of(args: tuple[str, ...]) -> dict[str, Any]:
    """Return options as the command line has them."""
    filters: list[str] = []
    given: dict[str, Any] = {}
    words = list(args)
    while words:
        name = words.pop(0).removeprefix("--").replace("-", "_")
        if name == "convolve":
            given[name] = True
        elif name == "_f":
            filters.append(words.pop(0))
        else:
            given[name] = words.pop(0)
    return {"filters": tuple(filters), **given}


@pytest.mark.parametrize("name", CASES)
def test_grids(name: str) -> None:
    for size in ((6, 6), (16, 16), (4, 9)):
        grid = np.random.default_rng(0).integers(0, 100, size).astype(np.uint8)
        check(drawn(grid, (0, 0), **options_of(CASES[name])))
        check(drawn(grid * 9.7 - 300, (1, 1), **options_of(CASES[name])))


@pytest.mark.parametrize("channels", ["gray", "rgb"])
@pytest.mark.parametrize(
    "filters",
    [("vertical",), ("sobel",), ("kirsch",), ("gaussian:1",), ("roberts", "log:1", "1 2; 3 4")],
)
def test_photos(channels: str, filters: tuple[str, ...]) -> None:
    for at in ((0, 0), (20, 30), (39, 59)):
        check(drawn(PHOTO, at, filters=filters, channels=channels))


def test_long_names_are_made_smaller(tmp_path: Path) -> None:
    file = tmp_path / "a-filter-whose-name-goes-on-and-on-beyond-all-that-is-reasonable.txt"
    file.write_text("1 0 -1\n1 0 -1\n", encoding="utf-8")
    other = file.with_name(f"another-{file.name}")
    other.write_bytes(file.read_bytes())
    check(drawn(PHOTO[:9, :9, 0], (3, 3), filters=(str(file), str(other))))


def test_the_arrangement_with_the_largest_numbers_is_chosen() -> None:
    grid, kernel = Block(6, 6, 1, 1.0, [(1, 1)]), Block(3, 3, 1, 1.0, [(1, 1)])
    wide = [grid, kernel, Block(4, 4, 2, 1.0, grids_of(2))]
    assert arrange(wide, 1184, 500).grids[2] == (1, 2)
    assert arrange(wide, 700, 900).grids[2] == (2, 1)
