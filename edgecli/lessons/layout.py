"""Where sheets of cells stand on a slide: the arrangement in which all numbers are largest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from edgecli.lessons import look
from edgecli.records import dataclass

CAPTION_ROOM = 30.0  # px above each sheet
FOOT_ROOM = 34.0  # px below each block, for its shape
NUMBER = 0.5  # of a cell: the largest number in it
INNER = 0.86  # of a cell's width, for the number

SMALLEST_CELL = 1.0  # px: what needs smaller ones does not fit

Pair = tuple[int, int]


@dataclass(frozen=True)
class Block:
    """Sheets of one size that stand together: ``count`` of ``rows × cols`` cells.

    ``widest`` is the longest number in a cell, in sizes of its text. ``grids`` are the ways in
    which the sheets may stand: down and across. Each takes ``least`` px of width, for its caption.
    """

    rows: int
    cols: int
    count: int
    widest: float
    grids: Sequence[Pair]
    least: float = 0.0

    def pitch(self, cell: float) -> float:
        """Return the px that a sheet takes of a slide's width."""
        return max(self.cols * cell, self.least)


@dataclass(frozen=True)
class Placed:
    """A block in its place: the corner of every sheet, and the box of all."""

    corners: tuple[tuple[float, float], ...]
    x: float
    y: float
    width: float
    height: float
    pitch: float


@dataclass(frozen=True)
class Arrangement:
    """How the blocks of a slide stand side by side, and the px of a cell."""

    grids: tuple[Pair, ...]
    cell: float
    smallest: float  # px of the smallest number


def number_size(cell: float, widest: float) -> float:
    """Return the size in px of numbers in cells, the widest of so many sizes of its text."""
    return min(NUMBER * cell, INNER * cell / max(widest, 0.01))


def grids_of(count: int) -> list[Pair]:
    """Return the ways in which so many sheets may stand, down and across.

    >>> grids_of(3)
    [(3, 1), (2, 2), (1, 3)]
    """
    return [(-(-count // across), across) for across in range(1, count + 1)]


def arrange(blocks: Sequence[Block], room: float, height: float) -> Arrangement:
    """Return the arrangement of blocks, from left to right, with the largest numbers.

    The grids of the first two blocks go together: channels that stand side by side have kernels
    that do.
    """
    return max(_arrangements(blocks, room, height), key=lambda one: (one.smallest, one.cell))


def _arrangements(blocks: Sequence[Block], room: float, height: float) -> Iterator[Arrangement]:
    first, second, third = blocks
    if first.count == 1:
        together = [(first.grids[0], grid) for grid in second.grids]
    else:
        together = list(zip(first.grids, second.grids, strict=True))
    for (one, two), three in product(together, third.grids):
        grids = (one, two, three)
        cell = min(
            _across(blocks, grids, room),
            *(_down(block, grid, height) for block, grid in zip(blocks, grids, strict=True)),
        )
        sizes = (number_size(cell, block.widest) for block in blocks)
        yield Arrangement(grids, cell, min(sizes))


def _across(blocks: Sequence[Block], grids: Sequence[Pair], room: float) -> float:
    """Return the px of a cell with which all blocks fill the room's width.

    Sheets that are narrower than their captions no longer shrink with their cells.
    """
    pairs = [(block, across) for block, (_, across) in zip(blocks, grids, strict=True)]
    room -= sum((across - 1) * look.GAP for _, across in pairs) + look.GROUP_GAP * (len(pairs) - 1)
    cell = look.LARGEST_CELL
    while True:
        fixed = sum(one.least * n for one, n in pairs if one.cols * cell <= one.least)
        cols = sum(one.cols * n for one, n in pairs if one.cols * cell > one.least)
        fitting = (room - fixed) / cols if cols else cell
        if fitting >= cell or cell < SMALLEST_CELL:
            return cell
        cell = max(fitting, cell * 0.9)


def _down(block: Block, grid: Pair, height: float) -> float:
    """Return the px of a cell with which a block fills the room's height."""
    return (height - FOOT_ROOM - grid[0] * CAPTION_ROOM) / (block.rows * grid[0])


def place(
    blocks: Sequence[Block], arrangement: Arrangement, top: float, height: float
) -> list[Placed]:
    """Return every block in its place, all in the middle of a slide's width and of a height."""
    cell = arrangement.cell
    sizes = [
        (
            across * block.pitch(cell) + (across - 1) * look.GAP,
            down * (block.rows * cell + CAPTION_ROOM),
        )
        for block, (down, across) in zip(blocks, arrangement.grids, strict=True)
    ]
    used = sum(width for width, _ in sizes) + (len(sizes) - 1) * look.GROUP_GAP
    x = (look.WIDTH - used) / 2
    placed = []
    for block, (_, across), (width, high) in zip(blocks, arrangement.grids, sizes, strict=True):
        y = top + (height - FOOT_ROOM - high) / 2
        corners = tuple(
            (
                x + n % across * (block.pitch(cell) + look.GAP),
                y + n // across * (block.rows * cell + CAPTION_ROOM) + CAPTION_ROOM,
            )
            for n in range(block.count)
        )
        placed.append(Placed(corners, x, y, width, high, block.pitch(cell)))
        x += width + look.GROUP_GAP
    return placed
