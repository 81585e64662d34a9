"""The ways in which people write digits: strokes of a pen in a box one wide and one high.

Every function draws one digit from the random numbers given: it chooses among the ways of writing
it (a 7 with or without a crossbar, a 4 open or closed, a 2 with or without a loop), and moves what
may vary. ``skeleton`` then shakes the points, adds the hooks of a hasty pen, and draws the curves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from edgecli.records import dataclass
from edgecli.training.fields import Random

Path = NDArray[np.float64]
"""Points ``(n, 2)`` along a stroke, each x (to the right) and y (down)."""

Points = Sequence[tuple[float, float]]
FINE = 12  # points sampled between two control points


@dataclass(frozen=True)
class Stroke:
    """Control points of a smooth curve that turns sharply at the points of these numbers."""

    points: Points
    corners: tuple[int, ...] = ()


def skeleton(random: Random, digit: int) -> list[Path]:
    """Return the strokes of one digit as somebody may write it, about one wide and one high."""
    shake = random.uniform(0.01, 0.06)
    soft = random.random() * 0.6  # how readily this hand rounds corners
    return [_traced(random, stroke, shake, soft) for stroke in DIGITS[digit](random)]


def _traced(random: Random, stroke: Stroke, shake: float, soft: float) -> Path:
    points = np.array(stroke.points, np.float64)
    points = points + random.normal(0, shake, points.shape)
    kept = [n for n in stroke.corners if random.random() > soft]
    pieces = np.split(np.arange(len(points)), kept) if kept else [np.arange(len(points))]
    ends = [*(piece[0] for piece in pieces[1:]), None]
    parts = []
    for piece, end in zip(pieces, ends, strict=True):
        chosen = piece if end is None else np.append(piece, end)
        parts.append(curve(points[chosen]))
    path = np.concatenate(parts)
    return _hooked(random, path) if random.random() < 0.25 else path


def curve(points: Path) -> Path:
    """Return fine points of a Catmull-Rom spline through these.

    >>> curve(np.array([[0.0, 0.0], [1.0, 2.0]]))[[0, 6, 12]].tolist()
    [[0.0, 0.0], [0.5, 1.0], [1.0, 2.0]]
    """
    if len(points) < 3:
        return np.linspace(points[0], points[-1], FINE + 1)
    wide = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    a, b, c, d = (wide[n : n + len(points) - 1, None] for n in range(4))
    t = np.linspace(0, 1, FINE, endpoint=False)[:, None]
    fine = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.concatenate([fine.reshape(-1, 2), points[-1:]])


def _hooked(random: Random, path: Path) -> Path:
    """Return a stroke with the short hook of a pen that sets down or leaves."""
    start = random.random() < 0.5
    ordered = path[::-1] if start else path
    way = ordered[-1] - ordered[-4]
    turn = random.normal(0, 1.2)
    c, s = math.cos(turn), math.sin(turn)
    way = np.array([c * way[0] - s * way[1], s * way[0] + c * way[1]])
    length = random.uniform(0.03, 0.14) / max(float(np.hypot(*way)), 1e-6)
    hook = np.linspace(ordered[-1], ordered[-1] + way * length, 4)[1:]
    longer = np.concatenate([ordered, hook])
    return longer[::-1] if start else longer


def _ring(
    random: Random,
    centre: tuple[float, float],
    radii: tuple[float, float],
    start: float,
    turns: float,
) -> list[tuple[float, float]]:
    """Return control points around an ellipse; angles in turns, from the right clockwise."""
    count = max(round(abs(turns) * 9), 3)
    angles = 2 * math.pi * (start + np.linspace(0, turns, count))
    drift = 1 + random.normal(0, 0.08) * np.linspace(0, 1, count)
    xs = centre[0] + radii[0] * drift * np.cos(angles)
    ys = centre[1] + radii[1] * drift * np.sin(angles)
    return list(zip(xs.tolist(), ys.tolist(), strict=True))


def zero(random: Random) -> list[Stroke]:
    """Return an oval, perhaps not quite closed or overlapping; now and then with a slash."""
    way = 1 if random.random() < 0.2 else -1
    turns = way * random.normal(1.0, 0.06)
    start = random.normal(-0.2, 0.1)
    wide = random.uniform(0.25, 0.5)
    strokes = [Stroke(_ring(random, (0.5, 0.5), (wide, 0.5), start, turns))]
    if random.random() < 0.03:
        strokes.append(Stroke([(0.85, 0.1), (0.15, 0.9)]))
    return strokes


def one(random: Random) -> list[Stroke]:
    """Return a downstroke, with or without a flag and a foot."""
    kind = random.random()
    bow = random.normal(0, 0.03)
    down = [(0.5, 0.0), (0.5 + bow, 0.5), (0.5, 1.0)]
    strokes = [Stroke(down)]
    if kind < 0.5:
        reach, drop = random.uniform(0.08, 0.4), random.uniform(0.05, 0.38)
        strokes = [Stroke([(0.5 - reach, drop), *down], (1,))]
    if 0.35 < kind < 0.6:
        left, right = random.uniform(0.1, 0.4, 2)
        strokes.append(Stroke([(0.5 - left, 1.0), (0.5 + right, 1.0)]))
    return strokes


def two(random: Random) -> list[Stroke]:
    """Return a hook at the top, and a base that is straight, wavy or looped."""
    u = random.uniform
    right, waist = u(0.75, 0.95), u(0.5, 0.7)
    top = [(u(0.0, 0.2), u(0.12, 0.35)), (u(0.35, 0.55), 0.0), (right, u(0.18, 0.35))]
    kind = random.random()
    if kind < 0.45:
        base = [(waist, u(0.55, 0.7)), (u(0.0, 0.15), u(0.92, 1.0)), (1.0, u(0.88, 1.02))]
        return [Stroke([*top, *base], (4,))]
    if kind < 0.6:
        base = [(waist, u(0.55, 0.7)), (u(0.0, 0.15), 0.95), (0.45, u(0.86, 0.93)), (1.0, 1.0)]
        return [Stroke([*top, *base], (4,))]
    if kind < 0.9:
        low = u(0.85, 0.97)
        loop = [
            (waist, 0.65),
            (u(0.2, 0.35), low),
            (u(0.0, 0.1), low + 0.02),
            (u(0.05, 0.15), u(0.7, 0.83)),
        ]
        tail = [(u(0.35, 0.5), u(0.78, 0.9)), (u(0.9, 1.1), u(0.88, 1.02))]
        return [Stroke([*top, *loop, *tail])]
    corner = [(u(0.0, 0.15), u(0.0, 0.08)), (0.88, 0.02), (u(0.02, 0.15), 0.96), (1.0, 0.98)]
    return [Stroke(corner, (1, 2))]


def three(random: Random) -> list[Stroke]:
    """Return two bows that meet in a corner or a small loop; the upper one may be angular."""
    u = random.uniform
    middle = (u(0.2, 0.55), u(0.4, 0.52))
    low = [(u(0.82, 1.0), u(0.62, 0.78)), (u(0.4, 0.6), 1.0), (u(-0.05, 0.15), u(0.78, 0.97))]
    if random.random() < 0.18:
        flat = [(u(0.0, 0.2), u(0.0, 0.06)), (u(0.75, 0.95), u(0.0, 0.05)), middle]
        return [Stroke([*flat, *low], (1, 2))]
    top = [(u(0.0, 0.2), u(0.06, 0.25)), (u(0.4, 0.55), 0.0), (u(0.75, 0.92), u(0.15, 0.3))]
    if random.random() < 0.25:
        x, y = middle
        loop = [(x + 0.05, y + 0.02), (x - 0.08, y), (x - 0.02, y - 0.07), (x + 0.14, y + 0.03)]
        return [Stroke([*top, *loop, *low])]
    return [Stroke([*top, middle, *low], (3,))]


def four(random: Random) -> list[Stroke]:
    """Return a 4 that is open or closed, of one stroke or two."""
    u = random.uniform
    bar, over = u(0.5, 0.72), u(0.8, 1.0)
    stem, foot = u(0.6, 0.85), u(-0.08, 0.08)
    kind = random.random()
    if kind < 0.4:  # open: a corner, then a stem
        elbow = (u(0.0, 0.12), bar + u(-0.04, 0.04))
        corner = Stroke([(u(0.05, 0.35), u(0.0, 0.12)), elbow, (over, bar + u(-0.08, 0.05))], (1,))
        return [corner, Stroke([(stem, u(-0.05, 0.3)), (stem + foot, 1.0)])]
    if kind < 0.6:  # open and round: a cup, then a stem
        cup = [
            (u(0.0, 0.2), u(0.0, 0.1)),
            (u(0.0, 0.12), bar - 0.12),
            (0.3, bar),
            (stem, bar - u(0.0, 0.12)),
        ]
        return [Stroke(cup), Stroke([(stem + 0.05, u(0.0, 0.12)), (stem + foot, 1.0)])]
    if kind < 0.75:  # open, with the pen on the paper
        pen = [(u(0.0, 0.25), u(0.0, 0.1)), (u(0.0, 0.12), bar), (stem - 0.05, bar - u(0.02, 0.12))]
        return [Stroke([*pen, (stem + 0.05, u(0.0, 0.15)), (stem + foot, 1.0)], (1, 2, 3))]
    start = (stem + u(-0.05, 0.05), 0.0)
    side = (u(0.0, 0.1), bar)
    if kind < 0.93:  # closed: down the slope, along the bar, then a stem
        slope = Stroke(
            [start, (u(0.25, 0.4), bar * 0.55), side, (over, bar + u(-0.05, 0.05))], (2,)
        )
        return [slope, Stroke([start, (stem + foot, 1.0)])]
    loop = [(stem + foot, 1.0), (stem, 0.5), start, side, (over, bar)]
    return [Stroke(loop, (2, 3))]


def five(random: Random) -> list[Stroke]:
    """Return a 5 of one stroke or two, angular or like an S."""
    u = random.uniform
    left, neck = u(0.08, 0.3), u(0.36, 0.5)
    bowl = [(u(0.45, 0.6), neck - u(0.0, 0.09)), (u(0.82, 1.0), u(0.6, 0.75)), (u(0.4, 0.6), 1.0)]
    bowl.append((u(-0.05, 0.12), u(0.82, 0.98)))
    kind = random.random()
    if kind < 0.45:
        down = Stroke([(left + 0.05, u(0.0, 0.08)), (left, neck), *bowl], (1,))
        bar = Stroke([(left + u(0.0, 0.2), u(-0.02, 0.1)), (u(0.75, 1.1), u(-0.08, 0.08))])
        return [down, bar]
    end = (u(0.75, 1.05), u(-0.04, 0.08))
    if kind < 0.85:
        return [Stroke([end, (left + 0.06, 0.04), (left, neck), *bowl], (1, 2))]
    return [Stroke([end, (u(0.4, 0.5), 0.0), (u(0.12, 0.25), 0.2), (0.35, neck - 0.05), *bowl[1:]])]


def six(random: Random) -> list[Stroke]:
    """Return a downstroke that curls into a loop of any size."""
    u = random.uniform
    top, wide = u(0.42, 0.66), u(0.7, 0.95)
    down = [(u(0.45, 0.95), 0.0), (u(0.2, 0.42), u(0.25, 0.38)), (u(0.0, 0.12), u(0.62, 0.75))]
    bowl = [(u(0.35, 0.5), 1.0), (wide, u(0.7, 0.82)), (u(0.4, 0.55), top)]
    end = (u(0.02, 0.22), u(top + 0.12, 0.88))
    return [Stroke([*down, *bowl, end] if random.random() < 0.9 else [*down, *bowl])]


def seven(random: Random) -> list[Stroke]:
    """Return a bar and a slope, with or without a serif and a crossbar."""
    u = random.uniform
    right, foot = (u(0.82, 1.0), u(0.0, 0.1)), (u(0.2, 0.6), 1.0)
    bar = [(u(0.0, 0.12), u(0.0, 0.14)), right]
    if random.random() < 0.3:
        bar = [(u(0.0, 0.1), u(0.15, 0.3)), (u(0.02, 0.12), u(0.0, 0.08)), right]
    if random.random() < 0.25:
        bar[-1:] = [(0.4, u(0.06, 0.14)), right]
    corner = len(bar) - 1
    bend = ((right[0] + foot[0]) / 2 - u(-0.04, 0.14), u(0.4, 0.6))
    corners = (corner,) if len(bar) < 3 else (1, corner)
    strokes = [Stroke([*bar, bend, foot], corners)]
    if random.random() < 0.3:
        x, y = bend
        left, width = u(0.12, 0.35), u(0.12, 0.35)
        strokes.append(Stroke([(x - left, y + u(-0.05, 0.08)), (x + width, y + u(-0.08, 0.05))]))
    return strokes


def eight(random: Random) -> list[Stroke]:
    """Return an 8 of one stroke, closed or not, or of two rings."""
    u = random.uniform
    waist, top, low = u(0.4, 0.55), u(0.25, 0.42), u(0.3, 0.5)
    if random.random() < 0.2:
        upper = _ring(
            random, (0.5, waist / 2), (top, waist / 2), u(0, 1), random.normal(1.03, 0.05)
        )
        half = (1 - waist) / 2
        lower = _ring(random, (0.5, waist + half), (low, half), u(0, 1), random.normal(1.03, 0.05))
        return [Stroke(upper), Stroke(lower)]
    mid = (u(0.42, 0.58), waist)
    start = (0.5 + top * u(0.5, 1.1), u(0.08, 0.25))
    first = [start, (u(0.4, 0.55), 0.0), (0.5 - top, u(0.16, 0.26)), mid]
    bowl = [(0.5 + low, u(0.68, 0.8)), (u(0.4, 0.6), 1.0), (0.5 - low, u(0.7, 0.82))]
    back = (mid[0] + u(-0.06, 0.06), waist + u(-0.06, 0.06))
    end = (start[0] + u(-0.08, 0.08), start[1] + u(-0.1, 0.12))
    points = [*first, *bowl, back, end]
    if random.random() < 0.25:  # written the other way round
        points = [(1 - x, y) for x, y in points]
    return [Stroke(points)]


def nine(random: Random) -> list[Stroke]:
    """Return a loop with a tail, straight, bent or hooked."""
    u = random.uniform
    right, low = u(0.75, 0.95), u(0.38, 0.58)
    start = (right + u(-0.12, 0.03), u(0.08, 0.28))
    loop = [start, (u(0.4, 0.55), 0.0), (u(0.0, 0.12), u(0.22, 0.32)), (u(0.3, 0.5), low)]
    back = (right - u(-0.02, 0.08), u(0.12, 0.3))
    kind = random.random()
    if kind < 0.55:
        tail = [(right - u(0.0, 0.12), 0.6), (right - u(0.0, 0.4), 1.0)]
        return [Stroke([*loop, back, *tail], (4,) if random.random() < 0.6 else ())]
    if kind < 0.85:
        tail = [(right, u(0.5, 0.65)), (u(0.5, 0.75), u(0.9, 1.0)), (u(0.05, 0.35), u(0.88, 1.0))]
        return [Stroke([*loop, back, *tail], (4,) if random.random() < 0.4 else ())]
    ring = _ring(random, (right / 2, low / 2), (right / 2, low / 2), u(-0.1, 0.1), -u(0.95, 1.08))
    return [Stroke(ring), Stroke([(right, u(0.0, 0.2)), (right - u(-0.05, 0.3), 1.0)])]


DIGITS: tuple[Callable[[Random], list[Stroke]], ...] = (
    zero, one, two, three, four, five, six, seven, eight, nine,
)  # fmt: skip
"""How each digit is written."""
