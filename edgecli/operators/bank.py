"""A bank of filters as an operator: it slides over the planes of an image."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from edgecli.conv import Slide, Slides, slide_over
from edgecli.filters import FilterBank
from edgecli.geometry import Window
from edgecli.images.colour import WHITE, Colour, to_volume, volume_channels
from edgecli.operators.operators import response_bounds
from edgecli.operators.responses import Account, Responses
from edgecli.records import dataclass
from edgecli.rows.base import Planes, Rowwise
from edgecli.rows.graph import IMAGE, Graph, Tap
from edgecli.rows.memory import Memory
from edgecli.rows.samples import full_scale, sample_range

SEPARATE_PLANES = ("each", "max")
"""Choices of channels that filter every colour plane alone."""


@dataclass(frozen=True)
class Volume(Rowwise):
    """The step from an image to the planes ``(depth, H, W)`` that filters slide over."""

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    channels: str
    background: Colour

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Convert rows."""
        out[...] = to_volume(blocks[0].transpose(1, 2, 0), self.channels, self.background)


def lay_bank(
    graph: Graph,
    bank: FilterBank,
    own: Sequence[FilterBank],
    window: Window,
    pixels: np.dtype[Any],
    *,
    exact: bool = True,
    channels: str | None = None,
    activation: str = "none",
    image: Tap = IMAGE,
    background: Colour = WHITE,
    white: float | None = None,
) -> Responses:
    """Let a bank slide over an image's planes; GeometryError where it does not fit.

    ``image`` are its colours, and alpha. ``own`` are the banks that ``bank`` was joined from, in
    their own sizes. Sums of 64-bit integers are ``exact``, or float64. ``white`` is the pixel that
    counts as white, if not the type's.
    """
    channels = channels or ("gray" if bank.depth == 1 else "rgb")
    source, (depth, H, W) = _add_volume(graph, image, channels, pixels, background)
    planes = depth if channels in SEPARATE_PLANES else 1
    bank = bank.over(depth // planes)
    slide = slide_over(bank, window, (depth // planes, H, W), pixels if exact else np.float64)
    slides = Slides((slide,) * planes, activation)
    return Responses(
        tap=graph.add(slides, source),
        channels=channels,
        planes=planes,
        volume=(H, W, depth),
        shape=slides.shape,
        dtype=slides.dtype,
        bank=bank,
        slide=slide,
        bounds=response_bounds(bank, *_pixel_range(slide, pixels, white), activation),
        white=white or full_scale(pixels),
        uses_blas=slide.plan.uses_blas,
        band_rows=slide.band_rows,
        account=cache(lambda: _account(slide, bank, planes, own)),
    )


def _add_volume(
    graph: Graph, image: Tap, channels: str, pixels: np.dtype[Any], background: Colour
) -> tuple[Tap, tuple[int, int, int]]:
    """Return where the planes are that filters slide over, and their shape; a grey image has it."""
    C, H, W = graph.source_shape
    C = image.last or C
    shape = volume_channels(channels, C), H, W
    if C == shape[0] == 1:
        return image, shape
    return graph.add(Volume(shape, pixels, channels, background), image), shape


def _pixel_range(slide: Slide, pixels: np.dtype[Any], white: float | None) -> tuple[float, float]:
    """Return the smallest and largest pixel, padding included; floats count as 0 to 1."""
    low, high = sample_range(pixels, white)
    if not any(slide.geometry.padding):
        return low, high
    value = slide.padding_mode.value  # 0 but for a constant
    return min(low, value), max(high, value)


def _account(slide: Slide, bank: FilterBank, planes: int, own: Sequence[FilterBank]) -> Account:
    """Count each operator's own filters at the depth of the volume."""
    rows, cols = slide.geometry.rows, slide.geometry.cols
    banks = tuple(bank.over(slide.depth) for bank in own)
    return Account(
        banks,
        slide.geometry,
        slide.padding_mode,
        receptive_field=(rows.span, cols.span),
        macs=rows.output * cols.output * planes * sum(bank.weight.size for bank in banks),
        methods=(slide.plan.method,),
        biases=bank.parameters[1],
        accumulator=slide.dtype,
        reason=slide.plan.reason,
    )
