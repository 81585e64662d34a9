"""One map against what people drew: counts, or merits, at every threshold."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import ImageError, UsageError
from edgecli.evaluate.matching import Mask, match
from edgecli.evaluate.merit import merit
from edgecli.evaluate.thinning import thin
from edgecli.evaluate.truths import Pair, bright_paper, read_truths
from edgecli.images.colour import to_volume
from edgecli.images.files import open_images
from edgecli.images.limits import note_lines
from edgecli.records import dataclass
from edgecli.rows.samples import full_scale

DIAGONAL = 0.0075
"""The share of the diagonal within which pixels belong together, as in the BSDS benchmark."""

LARGEST_SHARE, LARGEST_PIXELS = 0.1, 100
"""The largest tolerances: beyond them anything would match anything, and the search have no end."""


@dataclass(frozen=True)
class Tolerance:
    """How far apart pixels that belong together may be: a share of the diagonal, or pixels."""

    share: float = DIAGONAL
    pixels: float | None = None

    def over(self, shape: tuple[int, ...]) -> float:
        """Return pixels, for a map ``(H, W)``."""
        return self.share * math.hypot(*shape) if self.pixels is None else self.pixels

    def __str__(self) -> str:
        return f"{self.share:g}" if self.pixels is None else f"{self.pixels:g}px"


def parse_tolerance(text: str) -> Tolerance:
    """Read a share of the diagonal, or pixels.

    >>> str(parse_tolerance("0.0075")), parse_tolerance("2px").over((30, 40))
    ('0.0075', 2.0)
    """
    number = text.strip().removesuffix("px")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    in_pixels = number != text.strip()
    if not 0 <= value <= (LARGEST_PIXELS if in_pixels else LARGEST_SHARE):
        raise UsageError(
            f"tolerance {text!r} is neither a share of the diagonal, up to {LARGEST_SHARE}, "
            f"nor pixels, up to {LARGEST_PIXELS}px; write 0.0075 or 2px"
        )
    return Tolerance(pixels=value) if in_pixels else Tolerance(share=value)


class Measured(NamedTuple):
    """What a pair comes to at every threshold, and lines on what was read for it."""

    values: NDArray[Any]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Measure:
    """How a map is measured: by counts ``(thresholds, 4)``, or by Pratt's merits.

    Called with a pair of files, on any process. Maps are thinned at every threshold unless told
    not to be.
    """

    levels: tuple[float, ...]
    tolerance: Tolerance = Tolerance()
    thins: bool = True
    pratt: bool = False
    max_pixels: int = 2**31

    def __call__(self, pair: Pair) -> Measured:
        """Return what the pair comes to; ImageError where its sizes differ or it is unreadable."""
        notes: list[str] = []
        strength = read_strength(pair.map, self.max_pixels, notes)
        truths = read_truths(pair.truths, self.max_pixels, notes)
        for path, truth in zip(pair.truths * len(truths), truths, strict=False):
            if truth.shape != strength.shape:
                sizes = ["×".join(map(str, one)) for one in (strength.shape, truth.shape)]
                raise ImageError(
                    f"map {pair.map} is {sizes[0]} and its truth {path} {sizes[1]}; "
                    "give maps of the truth's size"
                )
        return Measured(np.array([*self.at_levels(strength, truths)]), tuple(notes))

    def at_levels(self, strength: NDArray[Any], truths: list[Mask]) -> Iterator[Any]:
        """Yield what is measured at each threshold: anew only where pixels have gone."""
        measured: Callable[..., Any] = self._merits if self.pratt else self._counts
        before, count = None, -1
        for level in self.levels:
            marked = strength >= level
            if (left := int(np.count_nonzero(marked))) != count:
                before, count = measured(thin(marked) if self.thins else marked, truths), left
            yield before

    def _counts(self, edges: Mask, truths: list[Mask]) -> list[int]:
        distance = self.tolerance.over(edges.shape)
        hit, found, drawn = np.zeros(edges.shape, bool), 0, 0
        for truth in truths:
            ours, theirs = match(edges, truth, distance)
            hit |= ours
            found += int(theirs.sum())
            drawn += int(truth.sum())
        return [found, drawn, int(hit.sum()), int(edges.sum())]

    @staticmethod
    def _merits(edges: Mask, truths: list[Mask]) -> float:
        return float(np.mean([merit(edges, truth) for truth in truths]))


def read_strength(path: str, max_pixels: int, notes: list[str]) -> NDArray[np.float64]:
    """Return a map's strengths ``(H, W)`` of 0 to 1; ImageError for any others.

    What is to be known of the file is added to ``notes``.
    """
    images = open_images(path, max_pixels=max_pixels)
    with closing(next(images)) as source:
        (rows,) = source.blocks([(0, source.shape[0])])
    volume = to_volume(rows, "gray", (0, 0, 0))[0]
    white = full_scale(volume.dtype) if volume.max(initial=0) > 1 else 1.0  # lines of 0 and 1
    strength: NDArray[np.float64] = volume.astype(np.float64) / white
    low, high = float(strength.min()), float(strength.max())
    if not 0 <= low <= high <= 1:  # NaN among them
        raise ImageError(
            f"map {path} has strengths of {low:g} to {high:g}, not of 0 to 1; "
            "write it with 8 or 16 bits, or as floats of 0 to 1"
        )
    notes += note_lines(source.info)
    notes += bright_paper(f"map {path}", strength >= 0.5)
    return strength
