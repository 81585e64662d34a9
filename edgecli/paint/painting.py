"""Edges to pixels: strengths, or the lines chosen from them, in grey, colour or transparency."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import UsageError
from edgecli.images.colour import Colour, composite, luma
from edgecli.paint.colormaps import BLACK, WHITE, colour, drawn, is_grey, overlay, wheel
from edgecli.paint.rendering import Extremes, Scale, render
from edgecli.records import dataclass, replace
from edgecli.rows.base import Planes, Rows, Rowwise
from edgecli.rows.memory import Memory
from edgecli.rows.samples import full_scale

WIDEST = 99
"""The widest stroke, in pixels."""


@dataclass(frozen=True)
class Style:
    """How edges look; UsageError for what does not go together.

    They are drawn in the colour ``line`` on ``paper``, which None makes transparent, by a round
    pen ``stroke`` pixels wide. A line of None is white, or black where the paper is light. A
    ``colormap`` goes from black or white paper, or has edges opaque. ``overlay`` is the colour of
    edges laid on the image, which is their paper then.
    """

    colormap: str | None = None
    line: Colour | None = None
    paper: Colour | None = BLACK
    overlay: Colour | None = None
    stroke: int = 1

    def __post_init__(self) -> None:
        if self.line is not None and self.line == self.paper:
            raise UsageError("nothing is seen of lines in the colour of their paper; drop --line")
        if self.colormap is not None and self.line is not None:
            raise UsageError("a colour map colours the lines; drop --colormap or --line")
        if self.colormap is not None and self.paper not in (BLACK, WHITE, None):
            raise UsageError(
                "a colour map is on black paper, white or none; drop --colormap or --paper"
            )

    @property
    def plain(self) -> bool:
        """Whether edges are white on black, a pixel wide."""
        return self == Style()

    @property
    def ink(self) -> Colour:
        """Return the colour of the lines."""
        if self.line is not None:
            return self.line
        return BLACK if self.paper is not None and is_light(self.paper) else WHITE

    @property
    def behind(self) -> Colour:
        """Return the paper's colour; where there is none, one that the lines are seen on."""
        return self.paper or (BLACK if is_light(self.ink) else WHITE)

    def channels(self, responses: int, *, hues: bool) -> int:
        """Return the number of channels of the pixels, given that of the responses."""
        if self.overlay is not None:
            return 3
        grey = is_grey(self.ink) and is_grey(self.paper or BLACK)
        coloured = hues or self.colormap is not None or not grey
        return (3 if coloured else responses) + (self.paper is None)


def is_light(colour: Colour) -> bool:
    """Return whether a colour is nearer to white than to black."""
    return bool(luma(np.array([[colour]], np.uint16))[0, 0] > 127)


@dataclass(frozen=True)
class Shown:
    """What is painted in a run of rows, each ``(rows, cols, C)``.

    ``angles`` are radians, ``picture`` the image's own rows as 0 … 1, grey or RGB.
    """

    strength: Rows
    angles: Rows | None = None
    picture: Rows | None = None
    missing: NDArray[np.bool_] | None = None  # (rows, cols), where strengths are of no data


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

    ``scale`` renders strengths, None where the numbers themselves are written (``raw``). What is no
    data is NaN in floats and paper else; ``gaps`` that are ``alpha`` are transparent, ``nan`` also
    in lines, or ``zero``.
    """

    scale: Scale | None
    sample_type: np.dtype[Any]
    style: Style = Style()
    gaps: str | None = None

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
        pixels = self._painted(shown, seen, memory, edges)
        if self.gaps == "zero" and seen.nans:
            return np.nan_to_num(pixels, copy=False, nan=0.0, posinf=np.inf, neginf=-np.inf)
        if shown.missing is None:
            return pixels
        if self.gaps == "nan":
            pixels[shown.missing] = np.nan
            return pixels
        alpha = np.where(shown.missing, 0, full_scale(self.sample_type)).astype(self.sample_type)
        return np.concatenate([pixels, alpha[..., np.newaxis]], axis=-1)

    def _painted(
        self, shown: Shown, seen: Extremes, memory: Memory, edges: NDArray[np.bool_] | None
    ) -> Rows:
        if self.scale is None:
            return self._numbers(shown, edges)
        if edges is None:
            samples = np.empty(shown.strength.shape, self.sample_type)
            render(shown.strength, self.scale, samples, memory, seen)
        else:
            white = np.asarray(full_scale(self.sample_type), self.sample_type)
            samples = np.multiply(edges.view(np.uint8), white, dtype=self.sample_type)
        return samples if shown.angles is None and self._bare else self._colour(samples, shown)

    @cached_property
    def _bare(self) -> bool:
        """Whether samples are pixels as they are."""
        return replace(self.style, stroke=1).plain

    def _numbers(self, shown: Shown, edges: NDArray[np.bool_] | None) -> Rows:
        numbers = shown.strength if shown.angles is None else shown.angles
        if edges is None:
            return numbers.astype(self.sample_type)
        if shown.angles is None:
            return edges.astype(self.sample_type)
        return np.where(edges, numbers, np.float32(np.nan))

    def _colour(self, samples: Rows, shown: Shown) -> Rows:
        style, white = self.style, full_scale(self.sample_type)
        if style.overlay is None and style.paper is not None:
            return self._on_paper(samples, shown, style.paper)
        lines = self._lines(samples, shown)
        if style.overlay is None:
            ink = drawn(np.full_like(samples, white), style.ink, BLACK) if lines is None else lines
            return np.concatenate([ink, samples], axis=-1)
        if shown.picture is None:
            raise ValueError("an overlay needs the picture")
        on = np.array(style.overlay) / 255 if lines is None else lines / np.float32(white)
        return overlay(shown.picture, samples, on)

    def _on_paper(self, samples: Rows, shown: Shown, paper: Colour) -> Rows:
        if shown.angles is not None:
            return wheel(samples, shown.angles[..., 0], paper)
        if self.style.colormap is not None:
            return colour(samples, self.style.colormap, dark=paper == WHITE)
        return drawn(samples, self.style.ink, paper)

    def _lines(self, samples: Rows, shown: Shown) -> Rows | None:
        """Return the colours of lines that have their own, whatever is behind them."""
        if shown.angles is not None:
            solid = np.full_like(samples, full_scale(self.sample_type))
            return wheel(solid, shown.angles[..., 0])
        return colour(samples, self.style.colormap) if self.style.colormap is not None else None
