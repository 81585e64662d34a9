"""Lines as wide as a pen: the step that draws every pixel as a disc, grey dilation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.records import dataclass
from edgecli.rows.base import Planes, Span
from edgecli.rows.memory import Memory


@dataclass(frozen=True)
class Pen:
    """The step that gives the strongest of ``(C, H, W)`` within a disc of ``width`` pixels.

    ``absolute`` takes the size of strengths that have a sign. NaN is weaker than any number.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    width: int
    absolute: bool = False

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the rows that the pen touches these from."""
        return (pen_span(self.width, start, stop, self.shape[1]),)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Draw every plane."""
        ((low, _),) = self.needed(start, stop)
        for plane, drawn in zip(blocks[0], out, strict=True):
            with memory:
                sizes = plane
                if self.absolute:
                    sizes = np.abs(plane, out=memory.take(plane.shape, plane.dtype))
                draw(sizes, start - low, self.width, drawn, memory)


def pen_span(width: int, start: int, stop: int, height: int) -> Span:
    """Return which of ``height`` rows a pen touches rows ``[start, stop)`` from."""
    return max(start - width // 2, 0), min(stop + (width - 1) // 2, height)


def chords(width: int) -> list[int]:
    """Return how many pixels of each row a disc covers: those whose centres lie in it.

    >>> chords(1), chords(3), chords(4), chords(5)
    ([1], [3, 3, 3], [2, 4, 4, 2], [3, 5, 5, 5, 3])
    """
    centres = [2 * place - (width - 1) for place in range(width)]  # from the middle, in halves
    return [sum(x * x + y * y <= width * width for x in centres) for y in centres]


def draw(plane: NDArray[Any], above: int, width: int, out: NDArray[Any], memory: Memory) -> None:
    """Fill rows ``out (rows, W)`` with the strongest within a disc; ``plane`` has rows around.

    ``above`` of them precede the first of ``out``. The odd pixel of an even width is drawn to the
    right and below. A row of the disc is a run of columns: the maxima of short runs grow into those
    of longer ones.
    """
    rows, columns = out.shape
    left = top = width // 2
    frame = memory.take((rows + width - 1, columns + width - 1), out.dtype)
    frame[...] = -np.inf if out.dtype.kind == "f" else np.iinfo(out.dtype).min
    frame[top - above : top - above + len(plane), left : left + columns] = plane
    run = memory.take((len(frame), columns), out.dtype)
    run[...] = frame[:, left : left + columns]
    out[...] = frame[top : top + rows, left : left + columns]
    lengths = chords(width)
    for length in range(1, max(lengths) + 1):
        if length > 1:  # to the left first, as the longer half
            shift = -(length // 2) if length % 2 == 0 else length // 2
            np.fmax(run, frame[:, left + shift : left + shift + columns], out=run)
        for place in (place for place, one in enumerate(lengths) if one == length):
            # The pen's row at ``place`` is drawn from the source's row that far above.
            first = width - 1 - place
            np.fmax(out, run[first : first + rows], out=out)
