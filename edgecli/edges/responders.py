"""What turns an image into feature maps: a bank that slides over it, or a recipe of several.

A responder computes any band of rows alone, on any thread, from the image rows that it says it
needs, and gives the facts for reports. What follows is the same for all of them: ``stages.py``,
``keeping.py``, ``painting.py``.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.activations import activate, activated_dtype
from edgecli.conv.engine import BAND_BYTES, Convolution
from edgecli.conv.scratch import Scratch
from edgecli.edges.operators import EdgeMap, largest_response
from edgecli.edges.rendering import full_scale
from edgecli.filters import FilterBank
from edgecli.geometry import Border, Geometry, ReceptiveField
from edgecli.images.base import Rows, Source
from edgecli.images.colour import WHITE, Colour, to_volume
from edgecli.records import dataclass

if TYPE_CHECKING:
    from edgecli.edges.contours import ContourPlan  # loaded only where contours are computed

FOLDED_MAPS = 3
"""Responses that are kept at a time where only the largest counts: it, the last and the next."""

LINKED_PIXELS = 3 * 2**18
"""Pixels of a band whose edges are linked. That takes many calls on few pixels, and each may wait
for the interpreter: a third of the time in bands that stay in cache, as measured."""

Array = NDArray[Any]
Cut = tuple[int, int]
"""Rows ``[start, stop)`` of the feature maps."""


class Stopwatch:
    """Seconds of work done while rows are read."""

    def __init__(self) -> None:
        self.seconds = 0.0


class Responder(Protocol):
    """Feature maps laid over one image."""

    @property
    def bank(self) -> FilterBank:
        """The filters that give edges their direction, and say which pixels near them count."""
        ...

    @property
    def convolution(self) -> Convolution:
        """``bank`` laid over the image."""
        ...

    @property
    def banks(self) -> tuple[FilterBank, ...]:
        """All filters, of each operator or step, in their own sizes."""
        ...

    @property
    def planes(self) -> int:
        """Number of colour planes that are filtered separately."""
        ...

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Height, width and number of feature maps, before they combine."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the responses."""
        ...

    @property
    def white(self) -> float:
        """The response that is drawn white unless the map says otherwise."""
        ...

    @property
    def geometry(self) -> Geometry:
        """The widest window over the image, with its padding."""
        ...

    @property
    def receptive_field(self) -> tuple[int, int]:
        """Height and width of the pixels that an output can depend on."""
        ...

    @property
    def macs(self) -> int:
        """Multiply-adds of the whole image, bias excluded."""
        ...

    @property
    def method(self) -> str:
        """How the convolutions are computed."""
        ...

    @property
    def uses_blas(self) -> bool:
        """Whether matrices are multiplied."""
        ...

    @property
    def band_rows(self) -> int:
        """The rows of a band that stays in cache."""
        ...

    @property
    def border(self) -> Border:
        """What lies outside the image."""
        ...

    @property
    def parameters(self) -> tuple[int, int]:
        """Weights and biases."""
        ...

    def largest(self, edge_map: EdgeMap) -> float:
        """Return the largest absolute value that an edge map can have."""
        ...

    def read(self, source: Source, threads: int, watch: Stopwatch) -> Source:
        """Return the source of the rows that ``needed`` refers to: the image's, or made from them.

        The time to make them is added to ``watch``.
        """
        ...

    def needed(self, start: int, stop: int) -> Cut:
        """Return the image rows that rows ``[start, stop)`` are computed from."""
        ...

    def prepare(self, block: Rows) -> Array:
        """Return the image rows as ``respond`` takes them."""
        ...

    def respond(self, pixels: Array, cut: Cut, scratch: Scratch) -> Array:
        """Return the responses ``(planes, C_out, rows, W')`` of rows ``cut``.

        C_out is 1 where only their combination is wanted and can be computed directly.
        """
        ...


@dataclass(frozen=True)
class Sliding:
    """A bank that slides over the planes of an image.

    With ``folds`` it gives only the largest absolute response of all filters.
    """

    bank: FilterBank
    own: tuple[FilterBank, ...]  # each operator's bank, before merging
    convolution: Convolution
    channels: str
    planes: int
    pixels: np.dtype[Any]
    activation: str = "none"
    folds: bool = False
    linked: bool = False  # hysteresis follows
    drops_nan: bool = False
    background: Colour = WHITE

    @property
    def banks(self) -> tuple[FilterBank, ...]:
        """Return each operator's bank at the depth of the volume."""
        return tuple(bank.over(self.convolution.depth) for bank in self.own)

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Return height, width and number of feature maps of all planes."""
        maps, height, width = self.convolution.output_shape
        return height, width, self.planes * maps

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the accumulator's type, or what the activation makes of it."""
        return activated_dtype(self.activation, self.convolution.plan.accumulator)

    @property
    def white(self) -> float:
        """Return the image's full scale: responses keep its units."""
        return full_scale(self.pixels)

    @property
    def geometry(self) -> Geometry:
        """Return the window's."""
        return self.convolution.geometry

    @property
    def receptive_field(self) -> tuple[int, int]:
        """Return the window's span."""
        return self.geometry.rows.span, self.geometry.cols.span

    @property
    def macs(self) -> int:
        """Return one per weight and pixel."""
        height, width, _ = self.output_shape
        return height * width * self.planes * sum(bank.weight.size for bank in self.banks)

    @property
    def method(self) -> str:
        """Return the plan's."""
        return self.convolution.plan.method

    @property
    def uses_blas(self) -> bool:
        """Return the plan's."""
        return self.convolution.plan.uses_blas

    @property
    def band_rows(self) -> int:
        """Return the engine's, or more where less is kept or more follows."""
        engine = self.convolution
        if self.folds:
            return engine.limit_rows(BAND_BYTES // engine.row_bytes(FOLDED_MAPS))
        if self.linked:
            return engine.limit_rows(LINKED_PIXELS // engine.output_shape[2])
        return engine.band_rows

    @property
    def border(self) -> Border:
        """Return what the image is padded with."""
        return self.convolution.border

    @property
    def parameters(self) -> tuple[int, int]:
        """Count those of each operator's own filters."""
        return sum(bank.weight.size for bank in self.banks), self.bank.parameters[1]

    def largest(self, edge_map: EdgeMap) -> float:
        """Return the bound that follows from the weights and white."""
        return largest_response(self.bank, edge_map, self.white)

    def read(self, source: Source, threads: int, watch: Stopwatch) -> Source:  # noqa: ARG002
        """Return the image as it is."""
        return source

    def needed(self, start: int, stop: int) -> Cut:
        """Return the rows under the window."""
        return self.convolution.needed(start, stop)

    def prepare(self, block: Rows) -> Array:
        """Return the volume ``(C, rows, W)`` that the bank slides over."""
        return to_volume(block, self.channels, self.background)

    def respond(self, pixels: Array, cut: Cut, scratch: Scratch) -> Array:
        """Slide over every plane, then activate."""
        convolution = self.convolution
        maps, _, width = convolution.output_shape
        shape = (self.planes, 1 if self.folds else maps, cut[1] - cut[0], width)
        responses = scratch.take("responses", shape, convolution.plan.accumulator)
        planes = pixels.reshape(len(responses), -1, *pixels.shape[1:])
        for plane, out in zip(planes, responses, strict=True):
            if self.folds:
                convolution.largest(plane, *cut, out[0], scratch)
            else:
                convolution.band(plane, *cut, out, scratch)
        if responses.dtype.kind == "f" and self.drops_nan:
            responses[np.isnan(responses)] = 0
        return activate(responses, self.activation)


@dataclass(frozen=True)
class Contouring:
    """Contours: one map of 0 to 1 from the gradients of all colours at several scales.

    No contour runs where the finest derivatives are 0, so ``bank`` is theirs.
    """

    bank: FilterBank
    banks: tuple[FilterBank, ...]
    plan: ContourPlan

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
    def dtype(self) -> np.dtype[Any]:
        """Return float32."""
        return np.dtype(np.float32)

    @property
    def white(self) -> float:
        """Return 1, the strongest contour."""
        return 1.0

    @property
    def geometry(self) -> Geometry:
        """Return that of the coarsest derivatives."""
        return self.plan.scales[-1].geometry

    @property
    def receptive_field(self) -> tuple[int, int]:
        """Return that of the surroundings: a mean of derivatives of means of blocks."""
        from edgecli.edges.contours import SHRINK

        plan = self.plan
        rows, cols = (
            ReceptiveField().through(SHRINK, SHRINK).through(fine).through(around).size
            for fine, around in zip(
                plan.fine.plan.weight.shape[2:], plan.surround.plan.weight.shape[2:], strict=True
            )
        )
        return rows, cols

    @property
    def macs(self) -> int:
        """Return those of the derivatives of every plane and of the mean."""
        derivatives = sum(_macs(step) for step in (*self.plan.scales, self.plan.fine))
        return self.planes * derivatives + _macs(self.plan.surround)

    @property
    def method(self) -> str:
        """Return the methods of all steps, each once."""
        return " + ".join(dict.fromkeys(step.plan.method for step in self._steps))

    @property
    def uses_blas(self) -> bool:
        """Whether any step does."""
        return any(step.plan.uses_blas for step in self._steps)

    @property
    def band_rows(self) -> int:
        """Return the rows of a tile."""
        return self.plan.band_rows

    @property
    def _steps(self) -> tuple[Convolution, ...]:
        return *self.plan.scales, self.plan.fine, self.plan.surround

    @property
    def border(self) -> Border:
        """Return the border that the derivatives replicate."""
        return self.convolution.border

    @property
    def parameters(self) -> tuple[int, int]:
        """Count the weights of every step."""
        return sum(bank.weight.size for bank in self.banks), 0

    def largest(self, edge_map: EdgeMap) -> float:  # noqa: ARG002
        """Return 1, the upper bound of E² / (E² + …)."""
        return 1.0

    def read(self, source: Source, threads: int, watch: Stopwatch) -> Source:  # noqa: ARG002
        """Return the image as it is."""
        return source

    def needed(self, start: int, stop: int) -> Cut:
        """Return the rows that the tiles of a band need."""
        return self.plan.needed(start, stop)

    def prepare(self, block: Rows) -> Array:
        """Return the pixels unchanged; every tile converts its own to L*, a* and b*."""
        return block

    def respond(self, pixels: Array, cut: Cut, scratch: Scratch) -> Array:
        """Compute the lines ``(1, 1, rows, W)``."""
        shape = (1, 1, cut[1] - cut[0], self.plan.shape[1])
        responses = scratch.take("responses", shape, self.dtype)
        self.plan.band(pixels, *cut, responses[0, 0], scratch)
        return responses


def _macs(step: Convolution) -> int:
    return prod(step.geometry.output_shape) * int(step.plan.weight.size)
