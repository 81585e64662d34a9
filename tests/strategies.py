"""What the tests of the engine draw: images, banks and windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from edgecli.filters import FilterBank
from tests.reference import SOURCES, Pads

MODES = sorted(SOURCES)


@dataclass(frozen=True)
class Case:
    """One drawn convolution."""

    image: NDArray[Any]  # (C, H, W)
    bank: FilterBank
    stride: tuple[int, int]
    dilation: tuple[int, int]
    pads: Pads
    mode: str


@st.composite
def cases(draw: st.DrawFn, dtypes: tuple[str, ...] = ("uint8",), integer: bool = True) -> Case:
    """Draw a convolution whose window fits the padded image."""
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    dilation = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    kernel = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    pads = draw(st.tuples(*[st.integers(0, 6)] * 4))
    least = [
        max(dilation[a] * (kernel[a] - 1) + 1 - pads[2 * a] - pads[2 * a + 1], 1) for a in (0, 1)
    ]
    channels = draw(st.integers(1, 3))
    size = [draw(st.integers(low, low + 8)) for low in least]
    image = draw(npst.arrays(draw(st.sampled_from(dtypes)), (channels, *size), elements=None))
    if image.dtype.kind == "f":
        image = np.nan_to_num(image, nan=0.5, posinf=1, neginf=-1).clip(-1, 1)
    filters = draw(st.integers(1, 3))
    weights = st.integers(-9, 9) if integer else st.floats(-2, 2, width=16)
    depth = draw(st.sampled_from([1, channels]))
    weight = draw(npst.arrays("float64", (filters, depth, *kernel), elements=weights))
    return Case(image, FilterBank(weight), stride, dilation, pads, draw(st.sampled_from(MODES)))
