"""What is white in an image, where that is not its type's full scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from edgecli.errors import UsageError
from edgecli.records import dataclass
from edgecli.rows.base import Planes, Rowwise
from edgecli.rows.graph import IMAGE, Graph, Tap
from edgecli.rows.memory import Memory
from edgecli.rows.samples import full_scale


@dataclass(frozen=True)
class Whitened(Rowwise):
    """The step that gives an image as floats, black being 0 and white 1.0; what is opaque, too.

    ``white`` is how much more than ``black`` is white.
    """

    shape: tuple[int, ...]
    white: float
    black: float = 0.0

    dtype: np.dtype[Any] = np.dtype(np.float32)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Measure the colours by black and white, and alpha by what its type says."""
        (image,) = blocks
        colours = image
        if self.black:
            colours = np.subtract(image, image.dtype.type(self.black), out=out, casting="unsafe")
        np.divide(colours, np.float32(self.white), out=out, casting="unsafe")
        if len(image) in (2, 4):
            np.divide(image[-1], np.float32(full_scale(image.dtype)), out=out[-1], casting="unsafe")


def check_white(white: float | None) -> None:
    """Raise UsageError for a number that cannot be white."""
    if white is not None and not 0 < white < math.inf:
        raise UsageError(f"white must be a number above 0, not {white:g}; give 255 or another")


def whitened(graph: Graph, white: float | None, image: Tap = IMAGE, *, black: float = 0.0) -> Tap:
    """Return an image, all of a place or its colours, for what measures it by its type's white.

    Without a number that is white, this is the image itself.
    """
    if white is None:
        return image
    channels, *size = graph.shape(image.place)
    return graph.add(Whitened((image.last or channels, *size), white, black), image)
