"""What passes between layers, and the interface of every operation on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgecli.rows.scratch import Scratch

Block = NDArray[np.float32]
"""Rows of N volumes, ``(C, rows, W, N)``; a vector is a volume of one row and one column."""

Span = tuple[int, int]
"""Rows ``[start, stop)``."""


class Operation(Protocol):
    """A layer laid over inputs of one size, with its weights."""

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the rows of each input that output rows ``[start, stop)`` are computed from."""
        ...

    def band(
        self, blocks: Sequence[Block], start: int, stop: int, out: Block, scratch: Scratch
    ) -> None:
        """Compute output rows ``[start, stop)`` from blocks that hold the rows needed."""
        ...
