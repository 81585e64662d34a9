"""Where edges count: off the frame of the map, and inside a mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.conv import Slide, convolve
from edgecli.errors import GeometryError
from edgecli.filters import FilterBank
from edgecli.records import dataclass
from edgecli.rows.base import Planes, Rowwise
from edgecli.rows.memory import Memory


@dataclass(frozen=True, eq=False)
class Exclude(Rowwise):
    """The step that drops edges near the frame of the map ``(C, H, W)`` or outside a mask."""

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    border: int  # pixels
    counted: NDArray[np.bool_] | None = None  # (H, W)

    def compute(
        self, blocks: Sequence[Planes], start: int, stop: int, out: Planes, memory: Memory
    ) -> None:
        """Set what does not count to 0."""
        np.copyto(out, blocks[0])
        if self.counted is not None:
            out[:, ~self.counted[start:stop]] = 0
        if self.border:
            out[:, :, : self.border] = 0
            out[:, :, -self.border :] = 0
            out[:, : max(self.border - start, 0)] = 0
            out[:, max(self.shape[1] - self.border - start, 0) :] = 0


def inside(
    mask: NDArray[np.bool_], shape: tuple[int, int], bank: FilterBank, slide: Slide | None
) -> NDArray[np.bool_]:
    """Return where a window sees nothing outside the mask: ``(H', W')`` for a mask ``(H, W)``.

    So neither what is outside nor the mask's border makes edges. ``shape`` is the image's; where
    no ``slide`` of the bank is given, a pixel sees itself alone. GeometryError where the mask does
    not have the image's size.
    """
    if mask.shape != shape:
        raise GeometryError(
            f"the mask is {mask.shape[0]}×{mask.shape[1]} and the image {shape[0]}×{shape[1]}; "
            "give a mask of the image's size"
        )
    if slide is None:
        return mask
    seen = (bank.weight != 0).any(axis=(0, 1)).astype(np.float64)
    outside = convolve(
        ~mask,
        FilterBank(seen[np.newaxis, np.newaxis]),
        stride=slide.plan.spacing.stride,
        dilation=slide.plan.spacing.dilation,
        padding=slide.geometry.padding,
        padding_mode="zeros",
    )
    return np.asarray(outside[0] < 0.5)
