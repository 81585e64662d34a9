"""Feature maps laid over one image: the steps that give them, whatever the operator is.

A bank slides, contours and networks are graphs of steps; what follows is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgecli.conv import Slide
from edgecli.filters import FilterBank
from edgecli.geometry import Geometry, PaddingMode
from edgecli.records import dataclass, replace
from edgecli.rows.graph import Tap


@dataclass(frozen=True)
class Account:
    """What reports tell of an operator beside its shapes: its filters, and what they cost.

    ``banks`` are all filters, of each operator or step, in their own sizes. ``geometry`` and
    ``padding_mode`` are of the window over the image whose padding is shown.
    """

    banks: tuple[FilterBank, ...]
    geometry: Geometry
    padding_mode: PaddingMode
    receptive_field: tuple[int, int]  # height and width of the pixels that an output depends on
    macs: int  # of the whole image, bias excluded
    methods: tuple[str, ...]  # of each convolution
    biases: int
    accumulator: np.dtype[Any]
    reason: str  # for the accumulator

    @property
    def weights(self) -> int:
        """Return the number of weights."""
        return sum(bank.weight.size for bank in self.banks)

    def part(self, start: int, stop: int) -> Account:
        """Return what belongs to some of the filters, ``[start, stop)`` of one operator."""
        for bank in self.banks:
            if start < len(bank):
                break
            start, stop = start - len(bank), stop - len(bank)
        # A whole bank knows the ranks of its filters already.
        own = bank if stop - start == len(bank) else bank.select(range(start, stop))
        geometry = self.geometry.inside(own.kernel_size)
        return replace(
            self,
            banks=(own,),
            geometry=geometry,
            receptive_field=(geometry.rows.span, geometry.cols.span),
            macs=self.macs * own.weight.size // self.weights,
            biases=self.biases * len(own) // sum(map(len, self.banks)),
        )

    @property
    def method(self) -> str:
        """Return how the convolutions are computed: each way once."""
        return " + ".join(dict.fromkeys(self.methods))


@dataclass(frozen=True, eq=False)
class Responses:
    """What gives the feature maps ``(planes · C_out, H', W')``, and what later steps must know.

    ``bank`` gives edges their direction. ``slide`` lays it over the image, so that a mask counts
    only where its whole window is inside; it is None where each pixel stands for itself.
    ``bounds`` are the largest absolute values of each of the C_out maps, ``white`` the value that
    is drawn white unless the map says otherwise. Of lines that are thin already, ``crests`` are the
    strengths ``(1, H', W')`` and the gradient ``(2, H', W')`` that they were thinned by. A map
    shows edges ``lean`` pixels up and left of where they are. Responses that are ``spoiled`` may
    be NaN, where there is no data; they are floats then, also if they were ``whole`` numbers.
    """

    tap: Tap
    channels: str  # what the filters slide over
    planes: int  # that are filtered alone
    volume: tuple[int, int, int]  # height, width and channels of what the filters slide over
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    bank: FilterBank
    slide: Slide | None
    bounds: tuple[float, ...]
    white: float
    uses_blas: bool
    band_rows: int
    account: Callable[[], Account]  # made for reports alone
    crests: tuple[Tap, Tap] | None = None
    spoiled: bool = False
    whole: bool = False
    lean: float = 0.0
