"""Steps run by themselves: in bands of any height, in memory that holds what others left in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgecli.geometry import bands
from edgecli.rows.base import Planes, Step
from edgecli.rows.memory import Memory

GARBAGE = (0xFF, 0x7E)
"""Bytes that memory is filled with: as floats they are NaN, and as large as floats can be."""


def dirty_memory(byte: int = GARBAGE[0], size: int = 2**20) -> Memory:
    """Return working memory full of such bytes."""
    memory = Memory()
    with memory:
        memory.take((size,), np.uint8).fill(byte)
    return memory


def compute_band(
    step: Step, inputs: Sequence[Planes], start: int, stop: int, memory: Memory
) -> Planes:
    """Compute rows ``[start, stop)`` from copies of no more than the rows that the step needs."""
    blocks = []
    for whole, (low, high) in zip(inputs, step.needed(start, stop), strict=True):
        assert 0 <= low < high <= whole.shape[1]
        blocks.append(whole[:, low:high].copy())
        blocks[-1].flags.writeable = False
    channels, _, *rest = step.shape
    out = np.empty((channels, stop - start, *rest), step.dtype)
    out.view(np.uint8).fill(GARBAGE[0])
    with memory, np.errstate(all="ignore"):  # as the executor does
        step.compute(blocks, start, stop, out, memory)
    return out


def in_bands(
    step: Step, inputs: Sequence[Planes], rows: int, memory: Memory | None = None
) -> Planes:
    """Compute all that a step gives, in bands of so many rows."""
    memory = memory or Memory()
    cuts = bands(step.shape[1], rows)
    return np.concatenate([compute_band(step, inputs, *cut, memory) for cut in cuts], axis=1)


def whole(step: Step, *inputs: Planes) -> Planes:
    """Compute all that a step gives at once."""
    return in_bands(step, inputs, step.shape[1])
