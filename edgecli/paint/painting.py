"""Edges to pixels: strengths, or the lines chosen from them, in grey, colour or transparency."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import UsageError
from edgecli.images.colour import composite
from edgecli.paint.colormaps import colour, invert, overlay, wheel
from edgecli.paint.rendering import Extremes, Scale, render
from edgecli.records import dataclass
from edgecli.rows.base import Planes, Rows, Rowwise
from edgecli.rows.memory import Memory
from edgecli.rows.samples import full_scale

Colour = tuple[int, int, int]
"""Red, green and blue, 0 to 255 each."""


@dataclass(frozen=True)
class Style:
    """How edges look beyond grey; UsageError for options that exclude each other.

    ``overlay`` is the colour of edges laid on the image, ``alpha`` makes them opaque and the rest
    transparent.
    """

    colormap: str | None = None
    invert: bool = False
    overlay: Colour | None = None
    alpha: bool = False

    def __post_init__(self) -> None:
        if self.overlay is not None and (self.alpha or self.invert):
            other = "--alpha-out" if self.alpha else "--invert"
            raise UsageError(f"edges are laid on the image or not; drop --overlay or {other}")

    @property
    def plain(self) -> bool:
        """Whether edges are grey on black."""
        return self == Style()

    def channels(self, responses: int, *, hues: bool) -> int:
        """Return the number of channels of the pixels, given that of the responses."""
        if self.overlay is not None:
            return 3
        coloured = hues or self.colormap is not None
        return (3 if coloured else responses) + self.alpha


@dataclass(frozen=True)
class Shown:
    """What is painted in a run of rows, each ``(rows, cols, C)``.

    ``angles`` are radians, ``picture`` the image's own rows as 0 … 1, grey or RGB.
    """

    strength: Rows
    angles: Rows | None = None
    picture: Rows | None = None


@dataclass(frozen=True)
class Picture(Rowwise):
    """The step that gives an image as floats of 0 to 1, grey or RGB, for edges to be laid on."""

    shape: tuple[int, int, int]
    background: Colour

    dtype = np.dtype(np.float32)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Composite, and scale to the type's white."""
        rows = blocks[0].transpose(1, 2, 0)
        colours = composite(rows, self.background) if rows.shape[2] in (2, 4) else rows
        white = np.float32(full_scale(rows.dtype))
        np.divide(colours.transpose(2, 0, 1), white, out=out, dtype=np.float32)


@dataclass(frozen=True)
class Paint:
    """How the strengths of one map become pixels of type ``sample_type``.

    ``scale`` renders strengths, None where the numbers themselves are written (``raw``).
    """

    scale: Scale | None
    sample_type: np.dtype[Any]
    style: Style = Style()

    def __call__(
        self,
        shown: Shown,
        seen: Extremes,
        memory: Memory,
        edges: NDArray[np.bool_] | None = None,
    ) -> Rows:
        """Return the pixels of a run of rows.

        ``seen`` has the extremes of the strengths, ``edges`` is True on the lines that were chosen.
        """
        if self.scale is None:
            return self._numbers(shown, edges)
        if edges is None:
            samples = np.empty(shown.strength.shape, self.sample_type)
            render(shown.strength, self.scale, samples, memory, seen)
        else:
            white = np.asarray(full_scale(self.sample_type), self.sample_type)
            samples = np.multiply(edges.view(np.uint8), white, dtype=self.sample_type)
        return (
            samples if self.style.plain and shown.angles is None else self._colour(samples, shown)
        )

    def _numbers(self, shown: Shown, edges: NDArray[np.bool_] | None) -> Rows:
        numbers = shown.strength if shown.angles is None else shown.angles
        if edges is None:
            return numbers.astype(self.sample_type)
        if shown.angles is None:
            return edges.astype(self.sample_type)
        return np.where(edges, numbers, np.float32(np.nan))

    def _colour(self, samples: Rows, shown: Shown) -> Rows:
        style, white = self.style, full_scale(self.sample_type)
        lines = self._lines(samples, shown)
        if style.overlay is not None:
            on = np.array(style.overlay) / 255 if lines is None else lines / np.float32(white)
            if shown.picture is None:
                raise ValueError("an overlay needs the picture")
            return overlay(shown.picture, samples, on)
        if style.alpha:
            ink = np.full_like(samples, white) if lines is None else lines
            return np.concatenate([invert(ink) if style.invert else ink, samples], axis=-1)
        pixels = samples if lines is None else lines
        return invert(pixels) if style.invert else pixels

    def _lines(self, samples: Rows, shown: Shown) -> Rows | None:
        """Return the colours of the lines; None where they have none of their own."""
        solid = np.full_like(samples, full_scale(self.sample_type))
        if shown.angles is not None:
            light = solid if self.style.alpha or self.style.overlay is not None else samples
            return wheel(light, shown.angles[..., 0])
        return colour(samples, self.style.colormap) if self.style.colormap is not None else None
