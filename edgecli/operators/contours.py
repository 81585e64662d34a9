"""Contours: the outlines of things in a photo rather than its texture, from colour and scale.

    Lab        sRGB to CIE L*a*b*, a* and b* counted ``CHROMA`` times
    gradient   the length of the colour gradient, at three scales: Di Zenzo's tensor
    strength   the geometric mean of the three: large where there is an edge at every scale
    thinning   lines one pixel wide, across the gradient of the finest scale
    division   by the mean of fine gradients nearby: none beside an outline, many in texture

The constants below score best on the validation photos of BSDS500, as measured by
``tests/benchmarks/quality.py``; their optima are flat.

The tensor: S. Di Zenzo, "A note on the gradient of a multi-image", Computer Vision, Graphics and
Image Processing 33 (1986). The scales, each derivative times its σ: T. Lindeberg, "Edge detection
and ridge detection with automatic scale selection", IJCV 30 (1998). The division: D. J. Heeger,
"Normalization of cell responses in cat striate cortex", Visual Neuroscience 9 (1992).

Each line above is a step of a graph. Strips are tiles of a fixed height, counted from the top: the
last bit of a sum of floats depends on where a strip begins, so with fixed tiles every thread count
gives the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecli.conv import Slide, Slides
from edgecli.filters import FilterBank
from edgecli.geometry import bands
from edgecli.images.colour import WHITE, Colour, composite
from edgecli.lines.peaks import suppress
from edgecli.operators.colour_gradient import lay_filter, steepest, tensor
from edgecli.operators.lab import Floats, to_lab
from edgecli.operators.responses import Account, Responses
from edgecli.records import dataclass
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import Planes, Rows, Span
from edgecli.rows.graph import IMAGE, Graph, Tap
from edgecli.rows.memory import Memory
from edgecli.rows.running import Filling, fill
from edgecli.rows.samples import finite, full_scale

FLOAT = np.dtype(np.float32)

SCALES = (1.5, 3.0, 6.0)
"""Standard deviations in pixels of the Gaussians whose derivatives give the strength."""

CHROMA = np.float32(2.0)
"""How much more a* and b* count than L*: colour changes at outlines, but not under shading."""

SHRINK = 2
"""Side in pixels of the blocks that are averaged to make the smaller picture for surroundings."""

FINE_SCALE = 0.5
"""Standard deviation of the derivatives in that picture, in its pixels: fine enough for texture."""

SURROUND = 24.0
"""Standard deviation of the Gaussian over which strength is averaged, in pixels."""

HALF = np.float32(0.04)
"""The strength that gives 0.5 with nothing around it; an edge from black to white has 0.4."""

FLOOR = 1e-3
"""Weaker than a step of one 8-bit level, 0.4 / 255: no edge."""

TILE_PIXELS, FEWEST_ROWS, MOST_ROWS = 2**20, 32, 128
"""Pixels of a tile, and bounds on its rows: each pixel takes about 120 bytes of working memory."""

THIN_ROWS = 16
"""Rows that are thinned together: few enough for their data to stay in cache."""


@dataclass(frozen=True)
class Colours:
    """The step from an image to planes whose differences show outlines: L*, and a* and b* doubled.

    The image is first made smaller: the mean of each block of ``side`` × ``side`` pixels.
    """

    shape: tuple[int, int, int]
    height: int  # of the image
    background: Colour
    side: int = 1

    dtype = FLOAT

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the rows of the blocks."""
        return ((start * self.side, min(stop * self.side, self.height)),)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Composite, shrink and convert."""
        rows = blocks[0].transpose(1, 2, 0)
        rows = finite(composite(rows, self.background) if rows.shape[2] in {2, 4} else rows)
        out[...] = colours(shrink(rows, self.side) if self.side > 1 else rows)


@dataclass(frozen=True)
class Steepness:
    """The step that gives the square of the steepest slope of all channels at one scale.

    With ``directed`` the slope's direction, along x and along y, is two planes more.
    """

    slide: Slide
    directed: bool = False

    dtype = FLOAT

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return one plane, or three."""
        return (3 if self.directed else 1, *self.slide.geometry.output_shape)

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the rows under the derivatives' window."""
        return self.slide.needed(start, stop)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Work out Di Zenzo's tensor."""
        found = tensor(self.slide, blocks[0], start, stop, memory)
        out[0] = found.steepness
        if self.directed:
            out[1], out[2] = steepest(found)


@dataclass(frozen=True)
class Strength:
    """The step that gives the geometric mean of the strengths at every scale.

    A strength is the root of the steepness times its σ.
    """

    shape: tuple[int, int, int]
    sigmas: tuple[float, ...]

    dtype = FLOAT

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the same rows of every scale."""
        return ((start, stop),) * len(self.sigmas)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Multiply, and take the root: the square root of one scale, the sixth root of three."""
        np.copyto(out, blocks[0])
        for block in blocks[1:]:
            np.multiply(out, block, out=out)
        np.sqrt(out, out=out)
        if len(blocks) == 3:
            np.cbrt(out, out=out)
        np.multiply(out, np.float32(prod(self.sigmas) ** (1 / len(self.sigmas))), out=out)


@dataclass(frozen=True)
class Outlines:
    """The step that thins strengths across the finest gradient, its second input."""

    shape: tuple[int, int, int]

    dtype = FLOAT

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the strengths of a row more on each side, and the same rows of the gradient."""
        return (max(start - 1, 0), min(stop + 1, self.shape[1])), (start, stop)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Thin a few rows at a time."""
        (strength,), (gx, gy) = blocks
        (low, high), _ = self.needed(start, stop)
        # Outside, the border repeats: a slope that ends there is no ridge.
        frame = np.pad(strength, ((low == start, high == stop), (1, 1)), mode="edge")
        for top, bottom in bands(stop - start, THIN_ROWS):
            with memory:
                part = frame[top : bottom + 2]
                slope = gx[top:bottom], gy[top:bottom]
                suppress(part[1:-1, 1:-1], part, slope, FLOOR, out[0, top:bottom], memory)


@dataclass(frozen=True)
class Divide:
    """The step that divides lines by the mean strength around them, its second input."""

    shape: tuple[int, int, int]

    dtype = FLOAT

    def needed(self, start: int, stop: int) -> tuple[Span, ...]:
        """Return the same rows of the lines, and those of the blocks that they lie in."""
        return (start, stop), (start // SHRINK, -(-stop // SHRINK))

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Divide where a line is."""
        (lines,), (mean,) = blocks
        np.copyto(out[0], lines)
        row, col = np.nonzero(lines)
        around = mean[(row + start) // SHRINK - start // SHRINK, col // SHRINK]
        energy = np.square(lines[row, col] / (HALF + around))
        out[0, row, col] = energy / (1 + energy)


@dataclass(frozen=True)
class Contours:
    """Contours laid over an image: what gives them, and the slides that they are made with.

    They were thinned from the strengths and by the gradient of ``crests``.
    """

    tap: Tap
    crests: tuple[Tap, Tap]
    tile_rows: int
    scales: tuple[Slide, ...]
    fine: Slide
    surround: Slide

    @property
    def slides(self) -> tuple[Slide, ...]:
        """Return all slides, the mean last."""
        return *self.scales, self.fine, self.surround


def lay_contours(graph: Graph, background: Colour = WHITE, image: Tap = IMAGE) -> Contours:
    """Add the steps of contours to a graph, whose ``image`` is ``(C, H, W)``.

    Alpha is composited first. GeometryError for an image without pixels.

    >>> graph = Graph((3, 3000, 4000))
    >>> lay_contours(graph).tile_rows
    128
    """
    channels, height, width = graph.source_shape
    planes = 3 if channels >= 3 else 1
    h, w = -(-height // SHRINK), -(-width // SHRINK)
    scales = tuple(lay_filter(f"gradient:{sigma}", height, width) for sigma in SCALES)
    fine = lay_filter(f"gradient:{FINE_SCALE}", h, w)
    surround = lay_filter(f"gaussian:{SURROUND / SHRINK}", h, w)

    colour = graph.add(Colours((planes, height, width), height, background), image)
    finest, *coarser = (
        graph.add(Steepness(slide, directed=number == 0), colour)
        for number, slide in enumerate(scales)
    )
    steep = Tap(finest.place, 0, 1)
    strength = graph.add(Strength((1, height, width), SCALES), steep, *coarser)
    gradient = Tap(finest.place, 1, 3)
    lines = graph.add(Outlines((1, height, width)), strength, gradient)

    small = graph.add(Colours((planes, h, w), height, background, SHRINK), image)
    texture = graph.add(Strength((1, h, w), (FINE_SCALE,)), graph.add(Steepness(fine), small))
    mean = graph.add(Slides((surround,)), texture)
    contours = graph.add(Divide((1, height, width)), lines, mean)
    crests = strength, gradient
    return Contours(contours, crests, _tile_rows(width), scales, fine, surround)


def _tile_rows(width: int) -> int:
    """Return the height of a tile."""
    rows = TILE_PIXELS // width // FEWEST_ROWS * FEWEST_ROWS
    return min(max(rows, FEWEST_ROWS), MOST_ROWS)


def contour_responses(
    graph: Graph, banks: Sequence[FilterBank], background: Colour = WHITE, image: Tap = IMAGE
) -> Responses:
    """Let contours be the one feature map of an image, of 0 to 1; ``banks`` are those of all steps.

    No contour runs where the finest derivatives are 0, so a mask counts under their window.
    """
    laid = lay_contours(graph, background, image)
    C, H, W = graph.source_shape
    planes = 3 if C >= 3 else 1
    return Responses(
        tap=laid.tap,
        channels="rgb" if C >= 3 else "gray",
        planes=1,
        volume=(H, W, planes),
        shape=(1, H, W),
        dtype=FLOAT,
        bank=banks[0],
        slide=laid.scales[0],
        bounds=(1.0,),  # of E² / (E² + …)
        white=1.0,
        uses_blas=any(slide.plan.uses_blas for slide in laid.slides),
        band_rows=laid.tile_rows,
        account=lambda: _account(laid, tuple(banks), planes),
        crests=laid.crests,
    )


def _account(laid: Contours, banks: tuple[FilterBank, ...], planes: int) -> Account:
    """Count the derivatives of every plane and the mean; show the coarsest's padding."""
    macs = [prod(one.geometry.output_shape) * one.plan.weight.size for one in laid.slides]
    fine, around = (one.plan.weight.shape[2:] for one in (laid.fine, laid.surround))
    rows, cols = (SHRINK * (f + a - 1) for f, a in zip(fine, around, strict=True))
    finest, coarsest = laid.scales[0], laid.scales[-1]
    return Account(
        banks,
        coarsest.geometry,
        coarsest.padding_mode,
        receptive_field=(rows, cols),
        macs=planes * sum(macs[:-1]) + macs[-1],
        methods=tuple(one.plan.method for one in laid.slides),
        biases=0,
        accumulator=finest.dtype,
        reason=finest.plan.reason,
    )


def contours(picture: ArrayLike, threads: int | None = None) -> NDArray[np.float32]:
    """Return the contours of a picture as lines one pixel wide, ``(H, W)`` of 0 to 1.

    ``picture`` is ``(H, W)`` or ``(H, W, C)``, as Pillow, OpenCV and scikit-image hold it (RGB
    order; alpha is composited on white): integers of 0 to their type's maximum or floats of 0 to
    1. A line of strength E becomes E² / (E² + (0.04 + T)²), T being the mean strength of the
    texture around it; 0.55 is the threshold that best separates outlines from texture.
    Raises ImageError and GeometryError.

    >>> picture = np.zeros((9, 8), np.uint8)
    >>> picture[:, 4:] = 200
    >>> (contours(picture) > 0)[4].tolist()
    [False, False, False, False, True, False, False, False]
    """
    volume = ArraySource.of(picture).array.transpose(2, 0, 1)
    graph = Graph(volume.shape)
    laid = lay_contours(graph)
    reader = Filling(laid.tap, np.empty((1, *volume.shape[1:]), np.float32))
    strips = [graph.strip([reader], [cut]) for cut in bands(volume.shape[1], laid.tile_rows)]
    fill(graph, reader, volume, strips, threads)
    found: NDArray[np.float32] = reader.out[0]
    return found


def colours(rows: Rows) -> Floats:
    """Return planes ``(C, rows, W)`` whose differences show outlines: L*, and a* and b* doubled."""
    planes = to_lab(rows)
    planes[1:] *= CHROMA
    return planes


def shrink(rows: Rows, side: int) -> Floats:
    """Return the mean of each block of ``side`` × ``side`` pixels, as floats of 0 to 1.

    Where a block extends past the last row or column, that is repeated.

    >>> shrink(np.uint8([[[0], [255], [0]]]), 2)[..., 0].tolist()
    [[0.5, 0.0]]
    """
    lacking = [(0, -length % side) for length in rows.shape[:2]]
    whole = np.pad(rows, (*lacking, (0, 0)), mode="edge")
    total = np.zeros((len(whole) // side, whole.shape[1] // side, whole.shape[2]), np.float32)
    for i in range(side):
        for j in range(side):
            total += whole[i::side, j::side]
    total *= np.float32(1 / (side * side * full_scale(rows.dtype)))
    return total
