"""The sheets of a figure: input, kernels and outputs as cells with numbers, in their places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from edgecli.lessons import look
from edgecli.lessons.equation import number
from edgecli.lessons.facts import Lesson, Patch, Slide
from edgecli.lessons.layout import (
    CAPTION_ROOM,
    Arrangement,
    Block,
    Placed,
    arrange,
    grids_of,
    number_size,
    place,
)
from edgecli.lessons.region import Region
from edgecli.lessons.shapes import BOLD, Box, Group, Label, centred, widest, width_of
from edgecli.records import dataclass

ROOM = look.WIDTH - 2 * look.MARGIN
Corner = tuple[float, float]
LONGEST_CAPTION = 140.0  # px
PILE = 24.0  # px of a small pile of sheets, across and down


@dataclass(eq=False, frozen=True)
class Sheets:
    """What stands on the sheets: the part of the input that is shown, kernels and edge maps."""

    lesson: Lesson
    region: Region

    @cached_property
    def patch(self) -> Patch:
        """Return the part of the input that is shown."""
        return self.lesson.patch(self.region.rows.shown, self.region.cols.shown)

    @cached_property
    def maps(self) -> list[tuple[str, Any]]:
        """Return the part of every map that is shown, as the engine computes it, by its name."""
        rows, cols = self.region.rows.outputs, self.region.cols.outputs
        named = self.lesson.edge_maps(rows.start, rows.stop)
        return [(name, values[:, cols.start : cols.stop]) for name, values in named]

    @cached_property
    def kernels(self) -> Any:
        """Return the weights, ``(C_out, C_in, kH, kW)``."""
        return self.lesson.bank.weight

    @cached_property
    def blocks(self) -> tuple[Block, Block, Block]:
        """Return the sizes of the three blocks: input, kernels, outputs."""
        channels, height, width = self.patch.values.shape
        filters, _, kH, kW = self.kernels.shape
        (_, first), *_ = self.maps
        names, maps = self.lesson.bank.names, [name for name, _ in self.maps]
        seen, rooms = max(_widest(values) for _, values in self.maps), [0.0, 0.0]
        across, kernels = [(1, channels), (channels, 1)], [(filters, channels), (channels, filters)]
        if channels == 1:  # captions of channels are short, and span the kernels of a filter
            across, kernels = [(1, 1)], grids_of(filters)
            rooms = [_caption_room(["input"]), _caption_room(names if filters > 1 else ["kernel"])]
        output = _caption_room(maps if len(maps) > 1 else ["output"])
        return (
            Block(height, width, channels, _widest(self.patch.values), across, rooms[0]),
            Block(kH, kW, filters * channels, _widest(self.kernels), kernels, rooms[1]),
            Block(len(first), len(first[0]), len(maps), seen, grids_of(len(maps)), output),
        )

    def arrange(self, height: float) -> Arrangement:
        """Return how the sheets stand in a height."""
        return arrange(self.blocks, ROOM, height)

    @property
    def numbers(self) -> Iterator[Any]:
        """Yield all numbers on the sheets."""
        for values in (self.patch.values, self.kernels, *(values for _, values in self.maps)):
            yield from np.ravel(values).tolist()


def _caption_room(names: Iterable[str]) -> float:
    """Return the px that captions take, unless they are very long."""
    return min(widest(names) * BOLD * look.CAPTION, LONGEST_CAPTION)


def _widest(values: Any) -> float:
    return widest(number(each) for each in np.ravel(values).tolist())


def _pile(x: float, y: float, names: Sequence[str]) -> Iterator[Box]:
    """Yield small sheets that lie behind each other, the first in front, on a line of text.

    The sheets themselves stand side by side, as those behind would hide their numbers.
    """
    behind = len(names) - 1
    step = min(PILE / 5, PILE / 2 / behind)
    side = PILE - behind * step
    for n, name in reversed([*enumerate(names)]):
        yield Box(x + n * step, y + 6 - side - n * step, side, side, f"{name}-pile")


@dataclass(eq=False, frozen=True)
class Table:
    """The sheets in their places."""

    sheets: Sheets
    cell: float
    input: Placed
    kernels: Placed
    outputs: Placed
    side_by_side: bool  # channels, and then the kernels of each filter

    @classmethod
    def laid(cls, sheets: Sheets, arrangement: Arrangement, top: float, height: float) -> Table:
        """Lay sheets out in a height."""
        first, second, third = place(sheets.blocks, arrangement, top, height)
        side_by_side = arrangement.grids[0][0] == 1
        return cls(sheets, arrangement.cell, first, second, third, side_by_side)

    def ground(self) -> Iterator[Group]:
        """Yield what never changes: all sheets, those of the outputs empty, and their captions."""
        yield from self._input()
        yield from self._kernels()
        yield from self._outputs()
        yield Group("signs", tuple(self._signs()))

    def _input(self) -> Iterator[Group]:
        patch, names = self.sheets.patch, self.sheets.lesson.channels
        for name, values, corner in zip(names, patch.values, self.input.corners, strict=True):
            caption, size = name if len(names) > 1 else "input", self._size(patch.values)
            shapes: list[Box | Label] = [
                self._caption(corner, caption, f"{name}-bold", self.input.pitch)
            ]
            for i, j in np.ndindex(values.shape):
                kind = "padding" if patch.padding[i, j] else name
                ink = "padding" if kind == "padding" else "ink"
                shapes += self._cell(corner, i, j, values[i, j], kind, ink, size)
            shapes.append(self._around(corner, values.shape, f"{name}-edge"))
            yield Group(f"input {name}", tuple(shapes))

    def _kernels(self) -> Iterator[Group]:
        channels, filters = self.sheets.lesson.channels, self.sheets.lesson.bank.names
        for f, c in np.ndindex(self.sheets.kernels.shape[:2]):
            values = self.sheets.kernels[f, c]
            place = f * len(channels) + c if self.side_by_side else c * len(filters) + f
            corner = self.kernels.corners[place]
            shapes: list[Box | Label] = []
            if (c == 0 and self.side_by_side) or not self.side_by_side:
                caption = filters[f] if len(filters) > 1 else "kernel"
                paint = f"map-{f}-bold" if len(filters) > 1 else "strong"
                room = self.kernels.pitch
                if self.side_by_side:  # the other kernels of a filter have no captions
                    room = room * len(channels) + look.GAP * (len(channels) - 1)
                shapes.append(self._caption(corner, caption, paint, room))
            size = self._size(self.sheets.kernels)
            for i, j in np.ndindex(values.shape):
                shapes += self._cell(corner, i, j, values[i, j].item(), channels[c], "ink", size)
            shapes.append(self._around(corner, values.shape, f"{channels[c]}-edge"))
            yield Group(f"kernel {filters[f]} {channels[c]}", tuple(shapes))

    def _outputs(self) -> Iterator[Group]:
        named = zip(self.sheets.maps, self.outputs.corners, strict=True)
        for n, ((name, values), corner) in enumerate(named):
            caption = name if len(self.sheets.maps) > 1 else "output"
            shapes: list[Box | Label] = [
                self._caption(corner, caption, f"map-{n}-bold", self.outputs.pitch)
            ]
            shapes += [self._box(corner, i, j, "empty") for i, j in np.ndindex(values.shape)]
            yield Group(f"output {name}", tuple(shapes))

    def _signs(self) -> Iterator[Box | Label]:
        for before, after, sign in (
            (self.input, self.kernels, "∗"),
            (self.kernels, self.outputs, "="),
        ):
            x = (before.x + before.width + after.x) / 2
            middle = self.input.y + (self.input.height + CAPTION_ROOM) / 2
            yield Label(x, middle + 14, 44, ((sign, "soft"),), "middle")
        blocks = (self.input, self.kernels, self.outputs)
        for block, foot, names in zip(blocks, self._feet(), self._piled(), strict=True):
            pile = PILE + 8 if len(names) > 1 else 0.0
            size = min(look.CAPTION, (block.width + look.GROUP_GAP - 8 - pile) / width_of(foot))
            x, y = block.x + (block.width + pile) / 2, block.y + block.height + 26
            yield Label(x, y, size, ((foot, "soft"),), "middle")
            if pile:
                yield from _pile(x - width_of(foot) * size / 2 - pile, y, names)

    def _piled(self) -> tuple[Sequence[str], ...]:
        """Return the colours of the sheets that lie behind each other in each volume."""
        channels, filters = self.sheets.lesson.channels, len(self.sheets.kernels)
        return channels, channels, [f"map-{n}" for n in range(filters)]

    def _feet(self) -> tuple[str, str, str]:
        """Return the shapes of input, filters and output, and which part of them is shown."""
        lesson, region = self.sheets.lesson, self.sheets.region
        height, width, depth = lesson.detection.responses.volume
        filters, channels, *size = self.sheets.kernels.shape
        deep = f"×{depth}" if depth > 1 else ""
        many = f"{filters} filters " if filters > 1 else ""
        kernel = "×".join(map(str, size)) + (f"×{channels}" if channels > 1 else "")
        maps = f"×{filters}" if filters > 1 else ""
        out = "{}×{}".format(*lesson.geometry.output_shape)
        rows, cols = region.rows.shown, region.cols.shown
        of = "" if region.whole else (
            f": rows {rows[0]} to {rows[-1]}, columns {cols[0]} to {cols[-1]}".replace("-", "−")
        )  # fmt: skip
        return f"{height}×{width}{deep}{of}", f"{many}{kernel}", f"{out}{maps}"

    def numbers(self, row: int, col: int) -> Iterator[Group]:
        """Yield what a position of the output gets on every sheet that shows it."""
        rows, cols = self.sheets.region.rows.outputs, self.sheets.region.cols.outputs
        i, j = row - rows.start, col - cols.start
        named = zip(self.sheets.maps, self.outputs.corners, strict=True)
        for n, ((name, values), corner) in enumerate(named):
            size = self.map_sizes[n]
            shapes = self._cell(corner, i, j, values[i, j].item(), f"map-{n}", "ink", size)
            yield Group(f"output {name} {row},{col}", tuple(shapes))

    def window(self, slide: Slide) -> Group:
        """Return the window over every sheet of the input."""
        rows, cols = self.sheets.region.rows, self.sheets.region.cols
        i, j = slide.rows[0] - rows.shown.start, slide.cols[0] - cols.shown.start
        span = slide.rows[-1] - slide.rows[0] + 1, slide.cols[-1] - slide.cols[0] + 1
        shapes: list[Box] = []
        for name, corner in zip(self.sheets.lesson.channels, self.input.corners, strict=True):
            for row in slide.rows:
                shapes += [
                    self._box(corner, row - rows.shown.start, col - cols.shown.start, f"{name}-tap")
                    for col in slide.cols
                ]
            shapes.append(self._around(corner, span, f"{name}-frame", (i, j)))
        return Group("window", tuple(shapes))

    def edges(self) -> Group:
        """Return the edges of the outputs' sheets, which lie above what fills them."""
        named = enumerate(zip(self.sheets.maps, self.outputs.corners, strict=True))
        boxes = (self._around(at, values.shape, f"map-{n}-edge") for n, ((_, values), at) in named)
        return Group("edges", tuple(boxes))

    def target(self, slide: Slide) -> Group:
        """Return a frame around what a position gives, on every sheet of the output."""
        rows, cols = self.sheets.region.rows.outputs, self.sheets.region.cols.outputs
        at = slide.row - rows.start, slide.col - cols.start
        corners = enumerate(self.outputs.corners)
        boxes = (self._around(corner, (1, 1), f"map-{n}-frame", at) for n, corner in corners)
        return Group("target", tuple(boxes))

    def _cell(
        self, corner: Corner, i: int, j: int, of: Any, kind: str, ink: str, size: float
    ) -> list[Box | Label]:
        box = self._box(corner, i, j, f"{kind}-cell")
        return [box, centred(box, number(of), ink, size)]

    def _size(self, values: Any) -> float:
        return number_size(self.cell, _widest(values))

    @cached_property
    def map_sizes(self) -> list[float]:
        """Return the size of the numbers on each sheet of the output."""
        return [self._size(values) for _, values in self.sheets.maps]

    def _box(self, corner: Corner, i: int, j: int, paint: str) -> Box:
        return self._around(corner, (1, 1), paint, (i, j))

    def _around(
        self,
        corner: Corner,
        size: Sequence[int],
        paint: str,
        at: tuple[int, int] = (0, 0),
    ) -> Box:
        (x, y), s = corner, self.cell
        return Box(x + at[1] * s, y + at[0] * s, size[1] * s, size[0] * s, paint)

    def _caption(self, corner: Corner, text: str, paint: str, room: float) -> Label:
        size = min(look.CAPTION, room / (width_of(text) * BOLD))
        return Label(corner[0], corner[1] - 8, size, ((text, paint),))
