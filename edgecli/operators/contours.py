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

Rows are computed in tiles of a fixed height, counted from the top, whichever band is wanted. The
last bit of a sum of floats depends on where a tile begins; with fixed tiles a band equals the same
rows of the whole image bit for bit.
"""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecli.conv.engine import Convolution
from edgecli.filters import FilterBank
from edgecli.geometry import ReceptiveField, bands
from edgecli.images.colour import WHITE, Colour, composite
from edgecli.lines.thinning import suppress
from edgecli.operators.colour_gradient import (
    Slab,
    direction,
    plan_gradient,
    plan_mean,
    respond,
    tensor,
)
from edgecli.operators.lab import Floats, finite, to_lab
from edgecli.operators.operators import EdgeMap
from edgecli.operators.responders import Account, Cut, Stopwatch
from edgecli.records import dataclass
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import Rows, Source
from edgecli.rows.blas import one_blas_thread
from edgecli.rows.samples import full_scale
from edgecli.rows.scratch import Scratch
from edgecli.rows.workers import run_bands

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
class ContourPlan:
    """Contours laid over an image ``(H, W, C)``: computes any band of them, on any thread.

    ``scales`` are derivatives of the image; ``fine`` is a derivative, and ``surround`` a mean, of
    the image made smaller by ``SHRINK``.
    """

    shape: tuple[int, int, int]
    scales: tuple[Convolution, ...]
    fine: Convolution
    surround: Convolution
    background: Colour = WHITE

    @property
    def steps(self) -> tuple[Convolution, ...]:
        """Return all convolutions, the mean last."""
        return *self.scales, self.fine, self.surround

    @property
    def band_rows(self) -> int:
        """Return the rows of a tile: bands that begin and end at tile borders waste nothing."""
        rows = TILE_PIXELS // self.shape[1] // FEWEST_ROWS * FEWEST_ROWS
        return min(max(rows, FEWEST_ROWS), MOST_ROWS)

    def needed(self, start: int, stop: int) -> tuple[int, int]:
        """Return the image rows that rows ``[start, stop)`` of the contours are computed from."""
        tiles = self._tiles(start, stop)
        near, far = self._near(*tiles), self._far(*tiles)
        return min(near[0], far[0]), max(near[1], far[1])

    def band(self, block: Rows, start: int, stop: int, out: NDArray[Any], scratch: Scratch) -> None:
        """Compute rows ``[start, stop)`` into ``out (stop − start, W)``: 0 off the contours.

        ``block (rows, W, C)`` holds the image rows ``needed(start, stop)``.
        """
        first, last = self._tiles(start, stop)
        origin, _ = self.needed(start, stop)
        for above, below in bands(last - first, self.band_rows):
            top, bottom = first + above, first + below
            low, high = self.needed(top, bottom)
            # BLAS on several threads would split its sums elsewhere, and so round them otherwise.
            with one_blas_thread():
                tile = self._tile(block[low - origin : high - origin], top, bottom, scratch)
            asked = slice(max(start, top) - top, min(stop, bottom) - top)
            out[max(top - start, 0) : bottom - start] = tile[asked]

    def _tiles(self, start: int, stop: int) -> tuple[int, int]:
        """Return the rows of all tiles that rows ``[start, stop)`` lie in."""
        rows = self.band_rows
        return start // rows * rows, min(-(-stop // rows) * rows, self.shape[0])

    def _around(self, top: int, bottom: int) -> tuple[int, int]:
        """Return the rows whose strengths thinning compares: one more on each side."""
        return max(top - 1, 0), min(bottom + 1, self.shape[0])

    def _near(self, top: int, bottom: int) -> tuple[int, int]:
        """Return the image rows that the strength is computed from."""
        cuts = [scale.needed(*self._around(top, bottom)) for scale in self.scales]
        return min(low for low, _ in cuts), max(high for _, high in cuts)

    def _far(self, top: int, bottom: int) -> tuple[int, int]:
        """Return the image rows that the surrounding strength is computed from."""
        averaged = self.surround.needed(top // SHRINK, -(-bottom // SHRINK))
        low, high = self.fine.needed(*averaged)
        return low * SHRINK, min(high * SHRINK, self.shape[0])

    def _tile(self, block: Rows, top: int, bottom: int, scratch: Scratch) -> Floats:
        """Compute the contours of one tile from the image rows that it needs."""
        origin, _ = self.needed(top, bottom)
        if self.shape[2] in {2, 4}:
            block = composite(block, self.background)
        block = finite(block)
        low, high = self._far(top, bottom)
        mean = self._surroundings(block[low - origin : high - origin], top, bottom, scratch)
        low, high = self._near(top, bottom)
        lines = self._lines(block[low - origin : high - origin], top, bottom, scratch)
        row, col = np.nonzero(lines)
        energy = np.square(lines[row, col] / (HALF + mean[row // SHRINK, col // SHRINK]))
        lines[row, col] = energy / (1 + energy)
        return lines

    def _lines(self, block: Rows, top: int, bottom: int, scratch: Scratch) -> Floats:
        """Return the strength of rows ``[top, bottom)``, thinned across the finest gradient."""
        slab = Slab(colours(block), self._near(top, bottom)[0])
        low, high = self._around(top, bottom)
        finest, *others = self.scales
        first = tensor(finest, slab, low, high, scratch)
        gx, gy = (part[top - low : bottom - low] for part in direction(first))
        product = first.steepness
        for scale in others:
            product *= tensor(scale, slab, low, high, scratch).steepness
        # Outside, the border repeats: a slope that ends there is no ridge.
        outside = (low == top, high == bottom), (1, 1)
        strength = geometric_mean(product)
        frame, inner = np.pad(strength, outside, mode="edge"), strength[top - low : bottom - low]
        lines = np.empty((bottom - top, self.shape[1]), np.float32)
        for start, stop in bands(bottom - top, THIN_ROWS):
            part = frame[start : stop + 2]
            slope = gx[start:stop], gy[start:stop]
            suppress(inner[start:stop], part, slope, FLOOR, lines[start:stop], scratch)
        return lines

    def _surroundings(self, block: Rows, top: int, bottom: int, scratch: Scratch) -> Floats:
        """Return the mean strength around each block of ``SHRINK`` pixels of a tile."""
        slab = Slab(colours(shrink(block, SHRINK)), self._far(top, bottom)[0] // SHRINK)
        cut = top // SHRINK, -(-bottom // SHRINK)
        low, high = self.surround.needed(*cut)
        strength = np.sqrt(tensor(self.fine, slab, low, high, scratch).steepness)
        strength *= np.float32(FINE_SCALE)
        mean: Floats = respond(self.surround, Slab(strength[np.newaxis], low), *cut, scratch)[0]
        return mean.copy()


@dataclass(frozen=True)
class Contouring:
    """Contours as a responder: one map of 0 to 1, in float32.

    No contour runs where the finest derivatives are 0, so ``bank`` is theirs; ``banks`` are those
    of all steps.
    """

    bank: FilterBank
    banks: tuple[FilterBank, ...]
    plan: ContourPlan

    dtype = np.dtype(np.float32)
    white = 1.0  # the strongest contour

    @property
    def convolution(self) -> Convolution:
        """Return that of the finest derivatives."""
        return self.plan.scales[0]

    @property
    def planes(self) -> int:
        """Return 3 for colours: L*, a* and b*."""
        return 3 if self.plan.shape[2] >= 3 else 1

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Return the image's size and 1."""
        return *self.plan.shape[:2], 1

    @property
    def uses_blas(self) -> bool:
        """Whether any step does."""
        return any(step.plan.uses_blas for step in self.plan.steps)

    @property
    def band_rows(self) -> int:
        """Return the rows of a tile."""
        return self.plan.band_rows

    @cached_property
    def account(self) -> Account:
        """Count the derivatives of every plane and the mean; show the coarsest's padding."""
        plan = self.plan
        macs = [prod(step.geometry.output_shape) * step.plan.weight.size for step in plan.steps]
        return Account(
            self.banks,
            plan.scales[-1].geometry,
            plan.scales[-1].padding_mode,
            receptive_field=self._surroundings,
            macs=self.planes * sum(macs[:-1]) + macs[-1],
            methods=tuple(step.plan.method for step in plan.steps),
            biases=0,
        )

    @property
    def _surroundings(self) -> tuple[int, int]:
        """Return the height and width of a mean of derivatives of means of blocks."""
        fine, around = (step.plan.weight.shape[2:] for step in (self.plan.fine, self.plan.surround))
        blocks = ReceptiveField().through(SHRINK, SHRINK)
        rows, cols = (blocks.through(f).through(a).size for f, a in zip(fine, around, strict=True))
        return rows, cols

    def largest(self, edge_map: EdgeMap) -> float:  # noqa: ARG002
        """Return 1, the upper bound of E² / (E² + …)."""
        return 1.0

    def read(self, source: Source, threads: int, watch: Stopwatch) -> Source:  # noqa: ARG002
        """Return the image as it is."""
        return source

    def needed(self, start: int, stop: int) -> Cut:
        """Return the rows that the tiles of a band need."""
        return self.plan.needed(start, stop)

    def prepare(self, block: Rows) -> Rows:
        """Return the pixels unchanged; every tile converts its own to L*, a* and b*."""
        return block

    def respond(self, pixels: Rows, cut: Cut, scratch: Scratch) -> NDArray[Any]:
        """Compute the lines ``(1, 1, rows, W)``."""
        shape = (1, 1, cut[1] - cut[0], self.plan.shape[1])
        responses = scratch.take("responses", shape, self.dtype)
        self.plan.band(pixels, *cut, responses[0, 0], scratch)
        return responses


def plan_contours(shape: tuple[int, int, int], background: Colour = WHITE) -> ContourPlan:
    """Plan contours over an image ``(H, W, C)``, C = 1 to 4; alpha is composited first.

    GeometryError for an image without pixels.

    >>> plan = plan_contours((3000, 4000, 3))
    >>> plan.band_rows, plan.needed(1280, 1408)
    (128, (1180, 1508))
    """
    height, width, _ = shape
    small = -(-height // SHRINK), -(-width // SHRINK)
    return ContourPlan(
        shape,
        tuple(plan_gradient(sigma, height, width) for sigma in SCALES),
        plan_gradient(FINE_SCALE, *small),
        plan_mean(SURROUND / SHRINK, *small),
        background,
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
    source = ArraySource.of(picture)
    plan = plan_contours(source.shape)
    out = np.empty(source.shape[:2], np.float32)

    def compute(cut: tuple[int, int], scratch: Scratch) -> None:
        (block,) = source.blocks([plan.needed(*cut)])
        plan.band(block, *cut, out[slice(*cut)], scratch)

    run_bands(bands(len(out), plan.band_rows), compute, threads)
    return out


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


def geometric_mean(product: Floats) -> Floats:
    """Return the geometric mean of three strengths from the product of three steepnesses.

    A strength is the root of the steepness times its σ; it is computed in place.
    """
    mean: Floats = np.cbrt(np.sqrt(product, out=product), out=product)
    mean *= np.float32(prod(SCALES) ** (1 / 3))
    return mean
