"""One curve for each of many pieces: least squares, and Newton's method for where points belong.

Points are complex numbers x + iy: the real part of a · conj(b) is their scalar product.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.records import dataclass, replace
from edgecli.strokes.runs import Complex, Floats, Numbers, furthest, ranges


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of paths: the points ``first`` to ``last``, both included, and directions there.

    Both directions, of length 1, look into the piece.
    """

    first: Numbers
    last: Numbers
    ahead: Complex
    back: Complex

    def select(self, chosen: NDArray[Any]) -> Pieces:
        """Return some of the pieces."""
        return Pieces(*(a[chosen] for a in (self.first, self.last, self.ahead, self.back)))

    def split(self, middle: Numbers, direction: Complex) -> Pieces:
        """Return the pieces in two, which go straight on where they meet."""
        return Pieces(
            np.concatenate([self.first, middle]),
            np.concatenate([middle, self.last]),
            np.concatenate([self.ahead, direction]),
            np.concatenate([-direction, self.back]),
        )

    def between(self, points: Complex) -> Complex:
        """Return the Béziers ``(4, K)`` of pieces with no point between their ends.

        Their handles cut a straight line in three. Of a direction that is away from where the
        other end is by over 60° they know nothing: it would make a curl.
        """
        start, stop = points[self.first], points[self.last]
        third = (stop - start) / 3
        length = np.abs(third)
        ahead, back = (
            np.where((d * way.conj()).real < length / 2, way, d * length)
            for d, way in ((self.ahead, third), (self.back, -third))
        )
        return np.stack([start, start + ahead, stop + back, stop])

    def curves(self, points: Complex, lengths: Floats) -> Complex:
        """Return the Béziers ``(4, K)`` with handles as long as ``lengths (2, K)``."""
        start, stop = points[self.first], points[self.last]
        return np.stack(
            [start, start + lengths[0] * self.ahead, stop + lengths[1] * self.back, stop]
        )


@dataclass(frozen=True, eq=False)
class Fit:
    """The points of pieces, one after another, and where on their curves they belong.

    ``place`` is the curve's parameter, 0 to 1. Piece n has the next ``counts[n]`` of the points.
    """

    pieces: Pieces
    counts: Numbers
    numbers: Numbers
    points: Complex
    place: Floats
    way: Floats  # (K,)

    @property
    def begins(self) -> Numbers:
        """Where each piece begins among the points."""
        return self.counts.cumsum() - self.counts

    def select(self, chosen: NDArray[np.bool_]) -> Fit:
        """Return some of the pieces."""
        own = np.repeat(chosen, self.counts)
        return Fit(
            self.pieces.select(chosen),
            self.counts[chosen],
            self.numbers[own],
            self.points[own],
            self.place[own],
            self.way[chosen],
        )

    def lengths(self, straight: Complex) -> Floats:
        """Return how long the handles are ``(2, K)`` that come nearest to the points.

        A curve is p₀ (B₀ + B₁) + p₃ (B₂ + B₃) + α ahead B₁ + β back B₂, with the Bernstein
        polynomials Bₙ of the places: the normal equations of α and β are two by two. Where they
        have no sensible solution, as the handles of a line, the lengths are those of ``straight``.
        """
        t = self.place
        s = 1 - t
        one, other = 3 * s * s * t, 3 * s * t * t
        start, _, _, stop = (np.repeat(end, self.counts) for end in straight)
        rest = self.points - start - (stop - start) * (t * t * t + other)
        begins = self.begins
        a, b, c = (np.add.reduceat(p, begins) for p in (one * one, one * other, other * other))
        b = b * (self.pieces.ahead * self.pieces.back.conj()).real
        along = (np.add.reduceat(rest * one, begins) * self.pieces.ahead.conj()).real
        against = (np.add.reduceat(rest * other, begins) * self.pieces.back.conj()).real
        determinant = a * c - b * b
        sound = determinant > 1e-9 * a * c
        determinant = np.where(sound, determinant, 1)
        found = np.stack([along * c - against * b, against * a - along * b]) / determinant
        third = np.abs(straight[3] - straight[0]) / 3
        sound &= (found > 0.03 * third).all(axis=0) & (found < self.way).all(axis=0)
        return np.where(sound, found, third)

    def powers(self, curves: Complex) -> list[Complex]:
        """Return the curves' coefficients of 1, t, t² and t³ for each point."""
        p0, p1, p2, p3 = curves
        powers = (p0, 3 * (p1 - p0), 3 * (p0 - 2 * p1 + p2), p3 - p0 + 3 * (p1 - p2))
        return [np.repeat(power, self.counts) for power in powers]

    def furthest(self, curves: Complex) -> tuple[Numbers, Floats]:
        """Return which point of each piece is furthest from its place on the curve, and how far."""
        c0, c1, c2, c3 = self.powers(curves)
        t = self.place
        off = ((c3 * t + c2) * t + c1) * t + c0 - self.points
        worst, square = furthest(off.real**2 + off.imag**2, self.begins, self.counts)
        return self.numbers[worst], np.sqrt(square)

    def moved(self, curves: Complex) -> Fit:
        """Return the same with places nearer to the points: a step of Newton's for each.

        The place t nearest to p on the curve B is a zero of (B(t) − p) · B′(t).
        """
        c0, c1, c2, c3 = self.powers(curves)
        t = self.place
        off = ((c3 * t + c2) * t + c1) * t + c0 - self.points
        first, second = (3 * t * c3 + 2 * c2) * t + c1, 6 * t * c3 + 2 * c2
        slope = first.real**2 + first.imag**2 + (off * second.conj()).real
        step = (off * first.conj()).real / np.where(slope > 0, slope, np.inf)
        return replace(self, place=(t - step).clip(0, 1))


def laid_out(points: Complex, pieces: Pieces) -> Fit:
    """Return the points of pieces, placed by how far along they are from point to point."""
    numbers, _ = ranges(pieces.first, pieces.last + 1)
    counts = pieces.last + 1 - pieces.first
    begins = counts.cumsum() - counts
    own = points[numbers]
    along = np.abs(np.diff(own, prepend=own[:1]))
    along[begins] = 0
    along = along.cumsum()
    along -= np.repeat(along[begins], counts)
    way = along[begins + counts - 1]
    place = along / np.repeat(np.where(way > 0, way, 1), counts)
    return Fit(pieces, counts, numbers, own, place, way)
