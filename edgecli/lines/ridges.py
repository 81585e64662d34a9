"""Lines one pixel wide along the crests of a soft edge map, as networks give it.

An edge in such a map is a ridge some pixels wide, not a step: it has no gradient at its crest. So
each pixel is compared with its neighbours across the ridge: in the direction in which the smoothed
map curves downward most, the first eigenvector of its second derivatives. The values compared are
not smoothed: on photos, smoothing them did more harm than good.

Soft maps thinned by second derivatives: P. Dollár and C. L. Zitnick, "Fast edge detection using
structured forests", IEEE TPAMI 37 (2015). Ridges by eigenvectors: C. Steger, "An unbiased detector
of curvilinear structures", IEEE TPAMI 20 (1998).

Everything is a sum of neighbours in a fixed order, so that a band equals the same rows of the whole
map bit for bit; scale factors, powers of two, are left out where only directions matter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgecli.geometry import bands
from edgecli.lines.peaks import TINY, Floats, suppress
from edgecli.lines.thinning import SUPPRESSION
from edgecli.records import dataclass
from edgecli.rows.base import Planes, Span
from edgecli.rows.memory import Memory

SMOOTHING = (1, 2, 1, 2, 1, 1)
"""How far each sum of two neighbours reaches, along rows and columns: σ = 1.7 pixels."""

REACH = sum(SMOOTHING) // 2 + 1
"""Pixels on each side that a pixel's result depends on."""

FLAT = np.float32(2.0 ** (2 * len(SMOOTHING) - 20))
"""A smoothed map, a sum of 2¹² values, that changes by less is flat: 2⁻²⁰ of white is rounding."""

ROWS = 64
"""Rows that are thinned together: few enough for their data to stay in cache."""


@dataclass(frozen=True)
class Crest:
    """The step that keeps lines one pixel wide: the crests of a soft map of values from 0 up.

    Strengths up to ``floor`` are no edges. What may be ``unknown``, NaN, is no line and stays NaN.
    """

    shape: tuple[int, int, int]
    floor: float
    unknown: bool = False

    name = f"{SUPPRESSION}, across ridges"
    halo = REACH
    dtype = np.dtype(np.float32)

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return ``REACH`` rows more on each side, where the map has them."""
        return ((max(start - REACH, 0), min(stop + REACH, self.shape[1])),)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Thin every plane; beyond the map's border the outermost values repeat."""
        ((low, high),) = self.needed(start, stop)
        lacking = (REACH - (start - low), REACH - (high - stop)), (REACH, REACH)
        for plane, thinned in zip(blocks[0], out, strict=True):
            wide = np.pad(plane, lacking, mode="edge")
            for first, last in bands(len(thinned), ROWS):
                with memory:
                    part = wide[first : last + 2 * REACH]
                    crests(part, self.floor, thinned[first:last], memory)
            if self.unknown:
                np.copyto(thinned, np.nan, where=np.isnan(wide[REACH:-REACH, REACH:-REACH]))


def crests(wide: Floats, floor: float, out: Floats, memory: Memory) -> tuple[Floats, Floats]:
    """Copy to ``out (rows, cols)`` the strengths over ``floor`` on a crest; 0 elsewhere.

    ``wide (rows + 2 · REACH, cols + 2 · REACH)`` holds the strengths and what is around them.
    Returns the direction across.
    """
    soft = smoothed(wide, memory)
    slope = across(soft, memory)
    spare = REACH - 1
    frame, strength = wide[spare:-spare, spare:-spare], wide[REACH:-REACH, REACH:-REACH]
    suppress(strength, frame, slope, floor, out, memory)
    _drop_flat(soft, out, memory)
    return slope


def _drop_flat(soft: Floats, out: Floats, memory: Memory) -> None:
    """Drop crests where the smoothed map is flat: of an even picture they are rounding errors."""
    step = memory.take(out.shape, np.float32)
    np.subtract(soft[1:-1, 1:-1], soft[1:-1, 2:], out=step)
    rows, cols = ((np.abs(step, out=step) < FLAT) & (out > 0)).nonzero()  # few, of a photo
    here = soft[rows + 1, cols + 1]
    others = (soft[rows + down, cols + right] for down, right in ((0, 1), (1, 0), (2, 1)))
    is_flat = np.all([np.abs(other - here) < FLAT for other in others], axis=0)
    out[rows[is_flat], cols[is_flat]] = 0


def across(values: Floats, memory: Memory) -> tuple[Floats, Floats]:
    """Return the direction ``(x, y)``, of any length, in which a map curves downward most.

    ``values (rows + 2, cols + 2)`` has a halo of one pixel; the results are ``(rows, cols)``. Where
    all directions are equal it is along the row.

    >>> ridge = np.zeros((3, 5), np.float32)
    >>> ridge[1] = 1
    >>> x, y = across(ridge, Memory())
    >>> bool(y[0, 1] > 1e6 * x[0, 1])
    True
    """
    up, here, low = values[:-2], values[1:-1], values[2:]
    right, left, middle = slice(2, None), slice(None, -2), slice(1, -1)
    shape = up.shape[0], up.shape[1] - 2
    a, b, term, x, y = (memory.take(shape, np.float32) for _ in range(5))
    # a = Hyy − Hxx and b = −2 Hxy: twice the direction's angle is that of (a, b).
    np.add(up[:, middle], low[:, middle], out=a)
    np.subtract(a, np.add(here[:, left], here[:, right], out=term), out=a)
    np.add(up[:, right], low[:, left], out=b)
    np.subtract(b, np.add(up[:, left], low[:, right], out=term), out=b)
    np.multiply(b, np.float32(0.5), out=b)
    _halved(a, b, (x, y), term)
    return x, y


def _halved(a: Floats, b: Floats, out: tuple[Floats, Floats], term: Floats) -> None:
    """Fill a direction at half the angle of (a, b): (r + a, b) or (b, r − a), r being its length.

    The one in which nothing cancels is taken.
    """
    x, y = out
    np.multiply(a, a, out=x)
    np.multiply(b, b, out=y)
    np.sqrt(np.add(x, y, out=x), out=x)
    np.add(x, np.abs(a, out=term), out=x)
    np.add(x, TINY, out=x)  # along the row where there is no direction
    np.copyto(y, b)
    turned = a < 0
    np.copyto(term, x)
    np.copyto(x, y, where=turned)
    np.copyto(y, term, where=turned)


def smoothed(values: Floats, memory: Memory) -> Floats:
    """Add to each value the one a step ahead, for every step, along rows and then columns.

    In both directions the result is smaller by the sum of the steps.
    """
    targets = [memory.take(values.shape, np.float32) for _ in range(2)]
    for number, step in enumerate(SMOOTHING * 2):
        if number < len(SMOOTHING):
            near, far = values[:, :-step], values[:, step:]
        else:
            near, far = values[:-step], values[step:]
        rows, cols = near.shape
        values = np.add(near, far, out=targets[number % 2][:rows, :cols])
    return values
