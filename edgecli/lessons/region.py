"""What a figure shows of an image: all of a small grid, or the surroundings of one output pixel."""

from __future__ import annotations

from edgecli.errors import GeometryError
from edgecli.geometry import Axis, Geometry
from edgecli.records import dataclass

LARGEST, LARGEST_VOLUME = 16, 10
"""The longest side of a grid that is drawn whole, and of one of several channels."""

LARGEST_WINDOW = 16

LARGEST_PADDED = 24

NEAR, MOST_NEAR = 11, 5
"""Around a pixel: so many samples that its neighbours see, and so many neighbours in a line."""


@dataclass(frozen=True)
class Part:
    """Along one axis: the positions shown of the input, padding included, and of the output."""

    shown: range
    outputs: range
    whole: bool


@dataclass(frozen=True)
class Region:
    """What is shown of an image and its output."""

    rows: Part
    cols: Part

    @property
    def whole(self) -> bool:
        """Return whether that is all."""
        return self.rows.whole and self.cols.whole


def whole_region(geometry: Geometry, channels: int) -> Region:
    """Return all of a small grid; GeometryError, with advice, of a larger one."""
    region = region_at(geometry, (0, 0), channels)
    if region.whole:
        return region
    height, width, largest = geometry.rows.size, geometry.cols.size, _largest(channels)
    if max(height, width) > largest:
        deep = f"×{channels}" if channels > 1 else ""
        raise GeometryError(
            f"a figure of every position is of grids up to {largest}×{largest}{deep}, and this one "
            f"is {height}×{width}{deep}; show one with --at 0,0, or make it smaller with --resize "
            f"max:{largest}"
        )
    raise GeometryError(
        f"with its padding the grid has {geometry.rows.padded}×{geometry.cols.padded} cells, more "
        f"than {LARGEST_PADDED} in a line; pad less, or show one position with --at 0,0"
    )


def region_at(geometry: Geometry, at: tuple[int, int], channels: int) -> Region:
    """Return what is shown around an output pixel; GeometryError for windows too large to draw."""
    rows, cols = geometry.rows, geometry.cols
    if max(rows.span, cols.span) > LARGEST_WINDOW:
        raise GeometryError(
            f"a figure has room for windows up to {LARGEST_WINDOW}×{LARGEST_WINDOW}, and this one "
            f"covers {rows.span}×{cols.span}; have it as text: leave out -o"
        )
    return Region(_part(rows, at[0], channels), _part(cols, at[1], channels))


def _largest(channels: int) -> int:
    return LARGEST if channels == 1 else LARGEST_VOLUME


def _part(axis: Axis, at: int, channels: int) -> Part:
    """Return what is shown along an axis.

    >>> _part(Axis(640, 3, before=1, after=1), 100, 1)
    Part(shown=range(97, 104), outputs=range(98, 103), whole=False)
    """
    if axis.size <= _largest(channels) and axis.padded <= LARGEST_PADDED:
        return Part(range(-axis.before, axis.size + axis.after), range(axis.output), True)
    count = max(1, min(MOST_NEAR, (NEAR - axis.span) // axis.stride + 1, axis.output))
    start = min(max(at - count // 2, 0), axis.output - count)
    return Part(range(*axis.reach(start, start + count)), range(start, start + count), False)
