"""What turns an image into feature maps: a bank that slides over it, or a recipe or a network.

The last two are in ``contours.py`` and ``networks/soft_map.py``, loaded for those who ask for them.
A responder computes any band of rows alone, on any thread, from the image rows that it says it
needs, and gives the facts for reports. What follows is the same for all of them: ``stages.py``,
``keeping.py``, ``painting.py``.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.activations import activate, activated_dtype
from edgecli.conv.engine import BAND_BYTES, Convolution
from edgecli.filters import FilterBank
from edgecli.geometry import Geometry, PaddingMode
from edgecli.images.colour import WHITE, Colour, to_volume
from edgecli.operators.operators import EdgeMap, largest_response
from edgecli.records import dataclass
from edgecli.rows.base import Rows, Source
from edgecli.rows.samples import full_scale, sample_range
from edgecli.rows.scratch import Scratch

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


@dataclass(frozen=True)
class Account:
    """What reports tell of a responder beside its shapes: its filters, and what they cost.

    ``banks`` are all filters, of each operator or step, in their own sizes. ``geometry`` and
    ``padding_mode`` are of the window over the image whose padding is shown.
    """

    banks: tuple[FilterBank, ...]
    geometry: Geometry
    padding_mode: PaddingMode
    receptive_field: tuple[int, int]  # height and width of the pixels that an output can depend on
    macs: int  # of the whole image, bias excluded
    methods: tuple[str, ...]  # of each convolution
    biases: int

    @property
    def weights(self) -> int:
        """Return the number of weights."""
        return sum(bank.weight.size for bank in self.banks)

    @property
    def method(self) -> str:
        """Return how the convolutions are computed: each way once."""
        return " + ".join(dict.fromkeys(self.methods))


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
    def uses_blas(self) -> bool:
        """Whether matrices are multiplied."""
        ...

    @property
    def band_rows(self) -> int:
        """The rows of a band that stays in cache."""
        ...

    @property
    def account(self) -> Account:
        """What reports tell, made only for them."""
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

    @cached_property
    def account(self) -> Account:
        """Count each operator's own filters at the depth of the volume."""
        convolution, (height, width, _) = self.convolution, self.output_shape
        rows, cols = convolution.geometry.rows, convolution.geometry.cols
        banks = tuple(bank.over(convolution.depth) for bank in self.own)
        return Account(
            banks,
            convolution.geometry,
            convolution.padding_mode,
            receptive_field=(rows.span, cols.span),
            macs=height * width * self.planes * sum(bank.weight.size for bank in banks),
            methods=(convolution.plan.method,),
            biases=self.bank.parameters[1],
        )

    def largest(self, edge_map: EdgeMap) -> float:
        """Return the bound that follows from the weights and the pixels that they may see."""
        return largest_response(self.bank, edge_map, *self._pixel_range, self.activation)

    @property
    def _pixel_range(self) -> tuple[float, float]:
        """Return the smallest and largest pixel, padding included; floats count as 0 to 1."""
        low, high = sample_range(self.pixels)
        if not any(self.convolution.geometry.padding):
            return low, high
        value = self.convolution.padding_mode.value  # 0 but for a constant
        return min(low, value), max(high, value)

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
