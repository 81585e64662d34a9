"""Where strokes turn sharply, and in which direction they go elsewhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgecli.records import dataclass
from edgecli.strokes.runs import Complex, Numbers

ARM = 4
"""Points on each side of one, between whose furthest and it the direction is measured.

Located points scatter by a tenth of a pixel: over four, that is 2° of direction.
"""

SHARP = 0.5
"""The cosine of the angle from which a turn is a corner, 60°: a circle of radius 4 has none."""

REACH = 4
"""Points on each side that tell the direction where the path is steady."""

STEADY = 0.99
"""The cosine, 8°, within which it is: of its direction over 4 points and over 1.

Over more points the scatter of each matters less, but details are cut off. On ten photos this takes
as few pieces as directions over 1 point, on circles as few as over 4, which is 10 % less.
"""


@dataclass(frozen=True, eq=False)
class Path:
    """Strokes as points x + iy, the start of a closed one again at its end.

    ``before`` and ``after`` are the numbers of a point's neighbours: across the start of a closed
    stroke, and a point's own at an open end. ``sharp`` are corners and open ends, ``cut`` these and
    the starts of closed strokes.
    """

    points: Complex
    before: Numbers
    after: Numbers
    sharp: NDArray[np.bool_]
    cut: NDArray[np.bool_]

    def sections(self) -> tuple[Numbers, Numbers]:
        """Return the first and last points of what lies between cuts, or is a point alone."""
        cuts = self.cut.nonzero()[0]
        following = np.append(cuts[1:], -1)
        joined = self.after[cuts] == cuts + 1
        alone = (self.before[cuts] == cuts) & (self.after[cuts] == cuts)
        starts = joined | alone
        return cuts[starts], np.where(alone, cuts, following)[starts]

    def direction(self, at: Numbers, sign: int) -> Complex:
        """Return the direction along the path at points, of length 1; back if ``sign`` is −1.

        That is between points on both sides, at corners and ends on one side.
        """
        back, ahead = self.before[at], self.after[at]
        near = self._between(at, back, ahead, sign)
        for _ in range(REACH - 1):
            back = np.where(self.sharp[back], back, self.before[back])
            ahead = np.where(self.sharp[ahead], ahead, self.after[ahead])
        wide = self._between(at, back, ahead, sign)
        return np.where((near * wide.conj()).real > STEADY, wide, near)

    def _between(self, at: Numbers, back: Numbers, ahead: Numbers, sign: int) -> Complex:
        sharp = self.sharp[at]
        start = np.where(sharp & (sign > 0), at, back)
        stop = np.where(sharp & (sign < 0), at, ahead)
        step = sign * (self.points[stop] - self.points[start])
        length = np.abs(step)
        return step / np.where(length > 0, length, 1)


def path_of(points: Complex, starts: Numbers, closed: NDArray[np.bool_]) -> Path:
    """Return the path of strokes, each from ``starts[n]`` on."""
    first, last = starts[:-1], starts[1:] - 1
    before, after = np.arange(len(points)) - 1, np.arange(len(points)) + 1
    before[first] = np.where(closed, np.maximum(last - 1, first), first)
    after[last] = np.where(closed, np.minimum(first + 1, last), last)
    sharp = _corners(points, before, after)
    sharp[first[~closed]] = sharp[last[~closed]] = True
    cut = sharp.copy()
    cut[first] = cut[last] = True
    return Path(points, before, after, sharp, cut)


def _corners(points: Complex, before: Numbers, after: Numbers) -> NDArray[np.bool_]:
    """Return where the path turns by 60° or more, and most among the points around."""
    back, ahead = before, after
    for _ in range(ARM - 1):
        back, ahead = before[back], after[ahead]
    coming, going = points - points[back], points[ahead] - points
    straight = (coming * going.conj()).real
    lengths = np.abs(coming) * np.abs(going)
    far = (before[before] != before) & (after[after] != after)  # two points from an open end
    found = (far & (straight <= SHARP * lengths) & (lengths > 0)).nonzero()[0]
    cosine = np.ones(len(points))
    cosine[found] = straight[found] / lengths[found]
    back = ahead = found
    sharpest = np.ones(len(found), np.bool_)
    for _ in range(ARM):
        back, ahead = before[back], after[ahead]
        # Of neighbours that turn alike, the first; at an end a point is its own neighbour.
        sharpest &= (cosine[found] < cosine[back]) & (cosine[found] <= cosine[ahead])
    corners = np.zeros(len(points), np.bool_)
    corners[found[sharpest]] = True
    return corners
