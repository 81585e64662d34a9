"""Pooling and upsampling: each channel separately, to fewer pixels or to more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from edgecli.geometry import Axis, Geometry, PaddingMode
from edgecli.networks.layers import Shape
from edgecli.records import dataclass
from edgecli.rows.base import Planes, Span
from edgecli.rows.memory import Memory

FLOAT = np.dtype(np.float32)


@dataclass(frozen=True)
class Pooling:
    """The step of a maximum or mean under a window: down the columns, then along the rows."""

    shape: Shape
    geometry: Geometry
    largest: bool
    counts_padding: bool = True

    dtype = FLOAT

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the window's rows, without padding."""
        return (self.geometry.rows.needed(start, stop, PaddingMode()),)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Reduce shifted views of the band."""
        rows, cols = self.geometry.rows, self.geometry.cols
        padded = self._pad(blocks[0], start, stop, memory)
        shape = (len(out), stop - start, *padded.shape[2:])
        tall = memory.take(shape, np.float32)
        reach = (stop - start - 1) * rows.stride + 1
        self._reduce([padded[:, i : i + reach : rows.stride] for i in range(rows.kernel)], tall)
        reach = (cols.output - 1) * cols.stride + 1
        self._reduce([tall[:, :, j : j + reach : cols.stride] for j in range(cols.kernel)], out)
        if not self.largest:
            np.multiply(out, self._shares(start, stop), out=out)

    def _shares(self, start: int, stop: int) -> Planes | np.float32:
        """Return the weight of each value in a window's mean, for rows ``[start, stop)``."""
        rows, cols = self.geometry.rows, self.geometry.cols
        if self.counts_padding or not any(self.geometry.padding):
            return np.float32(1 / (rows.kernel * cols.kernel))
        tall, wide = _inside(rows, start, stop), _inside(cols, 0, cols.output)
        shares: Planes = np.reciprocal(np.outer(tall, wide), dtype=np.float32)
        return shares.reshape(*shares.shape, *(1 for _ in self.shape[3:]))

    def _reduce(self, views: Sequence[Planes], out: Planes) -> None:
        combine = np.maximum if self.largest else np.add
        first = views[0]
        for view in views[1:]:
            first = combine(first, view, out=out)
        if first is views[0]:
            np.copyto(out, first)

    def _pad(self, block: Planes, start: int, stop: int, memory: Memory) -> Planes:
        """Return the rows that the windows read, padded with −∞ for a maximum, 0 for a mean."""
        rows, cols = self.geometry.rows, self.geometry.cols
        if not any(self.geometry.padding):
            return block
        low, high = rows.reach(start, stop)
        padded = memory.take((len(block), high - low, cols.padded, *block.shape[3:]), np.float32)
        padded.fill(-np.inf if self.largest else 0)
        top = max(-low, 0)
        padded[:, top : top + block.shape[1], cols.before : cols.before + cols.size] = block
        return padded


def _inside(axis: Axis, start: int, stop: int) -> Planes:
    """Count the input samples that windows ``[start, stop)`` see, without padding."""
    first = np.arange(start, stop) * axis.stride - axis.before
    seen = np.minimum(first + axis.kernel, axis.size) - np.maximum(first, 0)
    return seen.astype(np.float32)


@dataclass(frozen=True)
class Upsampling:
    """The step to sides ``scale`` times as long; what is beyond the output is not computed.

    An input pixel gives a run of ``scale`` outputs. Output p of each run samples the input at
    (p + ½)/scale − ½ from its pixel: the same two neighbours and weights in all runs.
    """

    shape: Shape
    scale: int
    bilinear: bool
    height: int  # of the input

    dtype = FLOAT

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the runs' rows, and for ``bilinear`` a neighbour on each side."""
        low, high = start // self.scale, (stop - 1) // self.scale + 1
        if self.bilinear:
            low, high = max(low - 1, 0), min(high + 1, self.height)
        return ((low, high),)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Mix columns while rows are few, then rows."""
        (block,) = blocks
        C, held, W, *images = block.shape
        ((low, _),) = self.needed(start, stop)
        first, last = start // self.scale - 1, (stop - 1) // self.scale + 1
        wide = memory.take((C, held, W + 2, *images), FLOAT)
        wide[:, :, 1:-1], wide[:, :, 0], wide[:, :, -1] = block, block[:, :, 0], block[:, :, -1]
        tall = memory.take((C, last + 1 - first, *out.shape[2:]), FLOAT)
        above, below = low - first, low - first + held
        with memory:
            self._stretch(wide, tall[:, above:below], 0, 2, memory)
        tall[:, :above], tall[:, below:] = tall[:, above, None], tall[:, below - 1, None]
        self._stretch(tall, out, start % self.scale, 1, memory)

    def _stretch(self, source: Planes, out: Planes, offset: int, axis: int, memory: Memory) -> None:
        """Fill ``out`` along an axis from ``offset`` in a run; ``source`` has a neighbour more."""
        shares = {share for pair in self._phases for share in pair[1:]}
        taken = {share: memory.take(source.shape, FLOAT) for share in shares}
        parts = {
            share: np.swapaxes(np.multiply(source, np.float32(share), out=room), axis, 0)
            for share, room in taken.items()
        }
        source, out = np.swapaxes(source, axis, 0), np.swapaxes(out, axis, 0)
        for phase in range(self.scale):
            begin = (phase - offset) % self.scale
            target, at = out[begin :: self.scale], 1 + (offset + begin) // self.scale
            if not self.bilinear:
                np.copyto(target, source[at : at + len(target)])
                continue
            step, near, far = self._phases[phase]
            at += step
            above, below = parts[near][at:], parts[far][at + 1 :]
            np.add(above[: len(target)], below[: len(target)], out=target)

    @cached_property
    def _phases(self) -> list[tuple[int, float, float]]:
        """Return of each place in a run where its first neighbour is, and both neighbours' shares.

        The same shares come again, so that each product is computed once.
        """
        places = ((phase + 0.5) / self.scale - 0.5 for phase in range(self.scale))
        pairs = ((math.floor(place), place % 1) for place in places if self.bilinear)
        return [(step, 1 - share, share) for step, share in pairs]
