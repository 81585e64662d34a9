"""Pooling and upsampling: each channel separately, to fewer pixels or to more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgecli.geometry import Axis, Geometry, PaddingMode
from edgecli.networks.blocks import Block, Span
from edgecli.records import dataclass
from edgecli.rows.scratch import Scratch


@dataclass(frozen=True)
class Pooling:
    """The maximum or mean under a window: down the columns first, then along the rows."""

    geometry: Geometry
    largest: bool
    counts_padding: bool = True

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the window's rows, without padding."""
        return (self.geometry.rows.needed(start, stop, PaddingMode()),)

    def band(
        self, blocks: Sequence[Block], start: int, stop: int, out: Block, scratch: Scratch
    ) -> None:
        """Reduce shifted views of the band."""
        rows, cols = self.geometry.rows, self.geometry.cols
        padded = self._pad(blocks[0], start, stop, scratch)
        shape = (len(out), stop - start, *padded.shape[2:])
        tall = scratch.take("tall", shape, np.float32)
        reach = (stop - start - 1) * rows.stride + 1
        self._reduce([padded[:, i : i + reach : rows.stride] for i in range(rows.kernel)], tall)
        reach = (cols.output - 1) * cols.stride + 1
        self._reduce([tall[:, :, j : j + reach : cols.stride] for j in range(cols.kernel)], out)
        if not self.largest:
            np.multiply(out, self._shares(start, stop), out=out)

    def _shares(self, start: int, stop: int) -> Block | np.float32:
        """Return the weight of each value in a window's mean, for rows ``[start, stop)``."""
        rows, cols = self.geometry.rows, self.geometry.cols
        if self.counts_padding or not any(self.geometry.padding):
            return np.float32(1 / (rows.kernel * cols.kernel))
        tall, wide = _inside(rows, start, stop), _inside(cols, 0, cols.output)
        return np.reciprocal(np.outer(tall, wide), dtype=np.float32)[..., np.newaxis]

    def _reduce(self, views: Sequence[Block], out: Block) -> None:
        combine = np.maximum if self.largest else np.add
        first = views[0]
        for view in views[1:]:
            first = combine(first, view, out=out)
        if first is views[0]:
            np.copyto(out, first)

    def _pad(self, block: Block, start: int, stop: int, scratch: Scratch) -> Block:
        """Return the rows that the windows read, padded with −∞ for a maximum, 0 for a mean."""
        rows, cols = self.geometry.rows, self.geometry.cols
        if not any(self.geometry.padding):
            return block
        low, high = rows.reach(start, stop)
        padded = scratch.take(
            "pooled", (len(block), high - low, cols.padded, block.shape[3]), np.float32
        )
        padded.fill(-np.inf if self.largest else 0)
        top = max(-low, 0)
        padded[:, top : top + block.shape[1], cols.before : cols.before + cols.size] = block
        return padded


def _inside(axis: Axis, start: int, stop: int) -> Block:
    """Count the input samples that windows ``[start, stop)`` see, without padding."""
    first = np.arange(start, stop) * axis.stride - axis.before
    seen = np.minimum(first + axis.kernel, axis.size) - np.maximum(first, 0)
    return seen.astype(np.float32)


@dataclass(frozen=True)
class Upsampling:
    """Every side ``scale`` times as long; rows and columns beyond the output are not computed.

    An input pixel gives a run of ``scale`` outputs. Output p of each run samples the input at
    (p + ½)/scale − ½ from its pixel: the same two neighbours and weights in all runs.
    """

    scale: int
    bilinear: bool
    height: int  # of the input

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the runs' rows, and for ``bilinear`` a neighbour on each side."""
        low, high = start // self.scale, (stop - 1) // self.scale + 1
        if self.bilinear:
            low, high = max(low - 1, 0), min(high + 1, self.height)
        return ((low, high),)

    def band(
        self, blocks: Sequence[Block], start: int, stop: int, out: Block, scratch: Scratch
    ) -> None:
        """Mix rows, then columns."""
        block = blocks[0]
        C, held, W, N = block.shape
        ((low, _),) = self.needed(start, stop)
        first, last = start // self.scale - 1, (stop - 1) // self.scale + 1
        rows = np.clip(np.arange(first - low, last + 1 - low), 0, held - 1)
        wide = scratch.take("wide", (C, stop - start, W + 2, N), np.float32)
        self._stretch(block[:, rows], wide[:, :, 1:-1], start % self.scale, 1, scratch)
        wide[:, :, 0], wide[:, :, -1] = wide[:, :, 1], wide[:, :, -2]
        self._stretch(wide, out, 0, 2, scratch)

    def _stretch(self, source: Block, out: Block, offset: int, axis: int, scratch: Scratch) -> None:
        """Fill ``out`` along an axis from ``offset`` in a run; ``source`` has a neighbour more."""
        source, out = np.swapaxes(source, axis, 0), np.swapaxes(out, axis, 0)
        for phase in range(self.scale):
            begin = (phase - offset) % self.scale
            target = out[begin :: self.scale]
            if not len(target):
                continue
            at = 1 + (offset + begin) // self.scale
            if self.bilinear:
                self._mix(source, at, phase, target, scratch)
            else:
                np.copyto(target, source[at : at + len(target)])

    def _mix(self, source: Block, at: int, phase: int, target: Block, scratch: Scratch) -> None:
        place = (phase + 0.5) / self.scale - 0.5
        share = place % 1  # of the second neighbour
        at += -1 if place < 0 else 0
        near, far = (source[i : i + len(target)] for i in (at, at + 1))
        product = scratch.take("near", target.shape, np.float32)
        near = np.multiply(near, np.float32(1 - share), out=product)
        product = scratch.take("far", target.shape, np.float32)
        far = np.multiply(far, np.float32(share), out=product)
        np.add(near, far, out=target)
