"""What to do with the responses of each edge map, decided before any pixel is read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.engine import Convolution, convolve
from edgecli.detect.linking import Linking
from edgecli.detect.ridges import Crest
from edgecli.detect.stages import Cross, Exclude, Stage, Thin
from edgecli.errors import FilterError, GeometryError, UsageError
from edgecli.filters import FilterBank
from edgecli.lines.gradients import Slope, slope_of, smooths
from edgecli.lines.thresholds import AUTO, Levels, Threshold, fixed_levels
from edgecli.operators.operators import EdgeMap, combined_dtype
from edgecli.operators.responders import Responder
from edgecli.paint.painting import Paint, Style
from edgecli.paint.rendering import (
    WHOLE_IMAGE_MAPS,
    Scale,
    choose_scale,
    rendered_dtype,
)
from edgecli.records import dataclass, field, replace

ROUNDING = 2.0**-18
"""As a share of the largest possible response: what rounding in float32 may leave of a zero sum."""


@dataclass(frozen=True)
class Lines:
    """Which edges count: thinned, over a threshold, off the frame, inside a mask ``(H, W)``."""

    thin: bool = False
    threshold: Threshold | None = None
    border: int = 0  # pixels of the map's frame
    mask: NDArray[np.bool_] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.border < 0:
            raise UsageError(f"border must be 0 pixels or more, not {self.border}")

    def threshold_of(self, edge_map: EdgeMap) -> Threshold | None:
        """Return the threshold of a map; linked ones, such as Canny's, always have one."""
        return self.threshold or (AUTO if edge_map.linked else None)


@dataclass(frozen=True)
class MapPlan:
    """One edge map: how responses combine, which stages follow, and how the rest is painted.

    ``slope`` is given where a stage or the painting needs the gradient. ``levels`` are the
    thresholds, if they are already known. ``linking`` leads straight to the lines where nothing
    else is asked for.
    """

    edge_map: EdgeMap
    slope: Slope | None
    stages: tuple[Stage, ...]
    threshold: Threshold | None
    levels: Levels | None
    largest: float
    strength: np.dtype[Any]
    map: str
    paint: Paint
    linking: Linking | None = None

    @property
    def halo(self) -> int:
        """Return the number of rows needed on each side of a band."""
        return sum(stage.halo for stage in self.stages)

    @property
    def whole(self) -> bool:
        """Whether pixels are known only after the last response."""
        if self.threshold is not None:
            return self.threshold.whole or self.threshold.linked
        return self.map in WHOLE_IMAGE_MAPS

    @property
    def clips(self) -> Scale | None:
        """Return the scale if it may clip strengths; chosen lines and fitted scales clip none."""
        return None if self.whole or self.threshold else self.paint.scale

    @property
    def thinning(self) -> str | None:
        """Return in words how the map is thinned."""
        if self.edge_map.thin:
            return Thin(0.0).name
        return next((s.name for s in self.stages if isinstance(s, Thin | Cross | Crest)), None)

    @property
    def drops(self) -> bool:
        """Whether thinning drops what a threshold would: less of the response is seen after it."""
        return self.levels is not None and any(isinstance(s, Thin | Crest) for s in self.stages)

    @property
    def picks(self) -> bool:
        """Whether most strengths are 0 because a step set them so."""
        return bool(self.stages) or self.edge_map.thin


def check_lines(edge_map: EdgeMap, bank: FilterBank, lines: Lines) -> None:
    """Raise FilterError where the filters of a map cannot be thinned or show no direction."""
    if edge_map.soft or not _looks_along(edge_map, lines):
        return
    own = bank.select(range(edge_map.start, edge_map.stop))
    slope = slope_of(own.weight)
    if edge_map.direction and (slope is None or not slope.both):
        raise FilterError(
            f"direction needs derivatives along two axes, not {', '.join(own.names[:3])}; "
            "use an operator such as sobel or gradient:2"
        )
    if (lines.thin or edge_map.linked) and slope is None and (len(own) > 1 or smooths(own)):
        raise FilterError(
            f"thinning needs derivatives, not {', '.join(own.names[:3])}; use an operator such as "
            "sobel or gradient:2, or one second derivative such as log:2"
        )


def numbers_dtype(edge_map: EdgeMap, lines: Lines, strength: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type of what ``raw`` writes: angles, lines of 0 and 1, or the strengths."""
    if edge_map.direction:
        return np.dtype(np.float32)
    return np.dtype(np.uint8) if lines.threshold_of(edge_map) else strength


def plan_map(
    edge_map: EdgeMap,
    responder: Responder,
    lines: Lines,
    *,
    pixels: np.dtype[Any],
    map_name: str,
    depth: str | None,
    style: Style,
) -> MapPlan:
    """Plan one edge map of a responder over an image whose type is ``pixels``."""
    convolution, response = responder.convolution, responder.dtype
    own = responder.bank.select(range(edge_map.start, edge_map.stop))
    along = _looks_along(edge_map, lines)  # else the slope, which takes an SVD, is not needed
    slope = slope_of(own.weight, convolution.plan.steps.stride) if along else None
    largest = responder.largest(edge_map)
    threshold = lines.threshold_of(edge_map)
    levels = fixed_levels(threshold, largest) if threshold else None
    rounding = largest * ROUNDING if response.kind == "f" else 0.0
    floor = max(rounding, levels.low if levels else 0.0)
    thins = _thin(edge_map, slope, lines, floor, rounding, unknown=pixels.kind == "f")
    strength = (
        np.dtype(np.float32) if isinstance(thins, Cross) else combined_dtype(edge_map, response)
    )
    numbers = numbers_dtype(edge_map, lines, strength)
    samples = rendered_dtype(map_name, depth, pixels, numbers)
    used = slope if edge_map.direction or isinstance(thins, Thin) else None
    stages = tuple(stage for stage in (thins, _exclude(own, convolution, lines)) if stage)
    tallest = 2 * largest if isinstance(thins, Cross) else largest  # from one sign to the other
    scale = choose_scale(map_name, responder.white, samples, tallest)
    plan = MapPlan(
        edge_map, used, stages, threshold, levels, largest, strength, map_name,
        Paint(scale, samples, style),
    )  # fmt: skip
    return replace(plan, linking=_linking(plan)) if responder.planes == 1 else plan


def _linking(plan: MapPlan) -> Linking | None:
    """Return how lines are found without what other maps need; None where something needs it."""
    magnitude = plan.edge_map.combine == "magnitude" and not plan.edge_map.direction
    linked = plan.threshold is not None and plan.threshold.linked
    if not (magnitude and linked) or plan.paint.style.overlay is not None:
        return None
    match plan:
        case MapPlan(slope=Slope() as slope, stages=(Thin(signed=False, unknown=False) as thin,)):
            return Linking(slope, thin)
    return None


def _looks_along(edge_map: EdgeMap, lines: Lines) -> bool:
    """Whether anything needs to know where the edges of a map point."""
    return edge_map.direction or edge_map.linked or lines.thin


def _thin(
    edge_map: EdgeMap,
    slope: Slope | None,
    lines: Lines,
    floor: float,
    rounding: float,
    *,
    unknown: bool,
) -> Thin | Cross | Crest | None:
    """Choose how to thin; a linked operator by the nearest neighbours, as OpenCV does."""
    if edge_map.thin or not (lines.thin or edge_map.linked):
        return None
    if edge_map.soft:
        return Crest(floor)
    if slope is None:
        return Cross(rounding, rounding)
    signed = edge_map.stop - edge_map.start == 1
    sectors = edge_map.linked and not lines.thin
    return Thin(floor, sectors=sectors, signed=signed, unknown=unknown)


def _exclude(bank: FilterBank, convolution: Convolution, lines: Lines) -> Exclude | None:
    if not lines.border and lines.mask is None:
        return None
    height = convolution.geometry.rows.output
    counted = None if lines.mask is None else inside(lines.mask, bank, convolution)
    return Exclude(lines.border, height, counted)


def inside(
    mask: NDArray[np.bool_], bank: FilterBank, convolution: Convolution
) -> NDArray[np.bool_]:
    """Return where a window sees nothing outside the mask: ``(H', W')`` for a mask ``(H, W)``.

    So neither what is outside nor the mask's border makes edges. GeometryError where the mask does
    not have the image's size.
    """
    rows, cols = convolution.geometry.rows, convolution.geometry.cols
    if mask.shape != (rows.size, cols.size):
        raise GeometryError(
            f"the mask is {mask.shape[0]}×{mask.shape[1]} and the image {rows.size}×{cols.size}; "
            "give a mask of the image's size"
        )
    seen = (bank.weight != 0).any(axis=(0, 1)).astype(np.float64)
    outside = convolve(
        ~mask,
        FilterBank(seen[np.newaxis, np.newaxis]),
        stride=convolution.plan.steps.stride,
        dilation=convolution.plan.steps.dilation,
        padding=convolution.geometry.padding,
        padding_mode="zeros",
    )
    return np.asarray(outside[0] < 0.5)
