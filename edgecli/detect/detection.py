"""Settings laid over one image: everything known before a pixel is read."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from edgecli.conv.engine import Convolution, plan_over
from edgecli.detect.planning import MapPlan, plan_map
from edgecli.detect.settings import Settings
from edgecli.filters import FilterBank
from edgecli.geometry import Window
from edgecli.images.colour import volume_channels
from edgecli.operators.operators import EdgeMap, Operator
from edgecli.operators.responders import Responder, Sliding
from edgecli.paint.rendering import Scale
from edgecli.records import dataclass

if TYPE_CHECKING:
    from edgecli.networks import Network

SEPARATE_PLANES = ("each", "max")
"""Choices of channels that filter every colour plane alone."""


@dataclass(frozen=True)
class Detection:
    """Settings laid over one image: every shape and type, before any pixel is read."""

    settings: Settings
    maps: tuple[EdgeMap, ...]
    channels: str
    pixels: np.dtype[Any]
    responder: Responder

    @property
    def bank(self) -> FilterBank:
        """Return the filters that slide; of a recipe, the finest."""
        return self.responder.bank

    @property
    def convolution(self) -> Convolution:
        """Return ``bank`` laid over the image."""
        return self.responder.convolution

    @property
    def planes(self) -> int:
        """Return the colour planes that are filtered alone; 1 where the filter covers them all."""
        return self.responder.planes

    @property
    def volume_shape(self) -> tuple[int, int, int]:
        """Return height, width and channels of what the filters slide over."""
        geometry = self.convolution.geometry
        return geometry.rows.size, geometry.cols.size, self.planes * self.convolution.depth

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Return height, width and number of feature maps, before they combine."""
        return self.responder.output_shape

    @property
    def map_shape(self) -> tuple[int, int, int]:
        """Return height, width and channels of each edge map."""
        height, width, _ = self.output_shape
        return height, width, self.planes if self.channels == "each" else 1

    @property
    def written_shape(self) -> tuple[int, int, int]:
        """Return height, width and channels of each edge map as written."""
        height, width, channels = self.map_shape
        hues = self.maps[0].direction and self.settings.map != "raw"
        return height, width, self.settings.style.channels(channels, hues=hues)

    @cached_property
    def plans(self) -> tuple[MapPlan, ...]:
        """Return what is done with the responses of each edge map."""
        settings = self.settings
        return tuple(
            plan_map(
                edge_map,
                self.responder,
                settings.lines,
                pixels=self.pixels,
                map_name=settings.map,
                depth=settings.depth,
                style=settings.style,
            )
            for edge_map in self.maps
        )

    @property
    def halo(self) -> int:
        """Return the rows of responses that a band needs on each side."""
        return max(plan.halo for plan in self.plans)

    @property
    def band_rows(self) -> int:
        """Return the rows of a band: no more than the responder's with the halo around them."""
        return max(self.responder.band_rows - 2 * self.halo, 1)

    @property
    def responses(self) -> tuple[np.dtype[Any], ...]:
        """Return the type of each edge map before it is rendered."""
        return tuple(plan.strength for plan in self.plans)

    @property
    def samples(self) -> tuple[np.dtype[Any], ...]:
        """Return the type of each edge map's samples as written."""
        return tuple(plan.paint.samples for plan in self.plans)

    @property
    def scales(self) -> tuple[Scale | None, ...]:
        """Return how each map is rendered; None for the numbers themselves."""
        return tuple(plan.paint.scale for plan in self.plans)


def plan_detection(
    settings: Settings, shape: tuple[int, int, int], dtype: np.dtype[Any]
) -> Detection:
    """Lay settings over an image ``(H, W, C)``; GeometryError where they do not fit."""
    if settings.network is not None:
        return _plan_network(settings, settings.network, shape, dtype)
    if settings.recipe is not None:
        return _plan_contours(settings, settings.recipe, shape, dtype)
    bank = settings.bank
    channels = settings.channels or ("gray" if bank.depth == 1 else "rgb")
    depth = volume_channels(channels, shape[2])
    planes = depth if channels in SEPARATE_PLANES else 1
    bank = bank.over(depth // planes)
    window = Window(
        bank.kernel_size,
        settings.stride,
        settings.dilation,
        settings.padding,
        settings.padding_mode,
    )
    convolution = plan_over(bank, window, (depth // planes, shape[0], shape[1]), dtype)
    sliding = Sliding(
        bank,
        tuple(operator.bank for operator in settings.operators),
        convolution,
        channels,
        planes,
        dtype,
        settings.activation,
        folds=_only_largest(settings) and convolution.folds,
        linked=_links(settings),
        drops_nan=settings.nan == "ignore",
        background=settings.background,
    )
    return Detection(settings, settings.maps, channels, dtype, sliding)


def _only_largest(settings: Settings) -> bool:
    """Whether nothing but the largest response of all filters is asked for."""
    (first, *others), lines = settings.maps, settings.lines
    thinned = lines.thin or first.linked or first.direction
    plain = settings.activation == "none" and not thinned
    return first.combine == "max" and not others and plain


def _links(settings: Settings) -> bool:
    """Whether hysteresis follows."""
    thresholds = map(settings.lines.threshold_of, settings.maps)
    return any(threshold.linked for threshold in thresholds if threshold)


def _plan_contours(
    settings: Settings, recipe: Operator, shape: tuple[int, int, int], dtype: np.dtype[Any]
) -> Detection:
    """Lay contours over an image, in all its colours."""
    from edgecli.operators.contours import Contouring, plan_contours  # loaded for this recipe alone

    plan = plan_contours(shape, settings.background)
    channels = "rgb" if shape[2] >= 3 else "gray"
    responder = Contouring(recipe.bank, recipe.recipe, plan)
    return Detection(settings, settings.maps, channels, dtype, responder)


def _plan_network(
    settings: Settings, network: Network, shape: tuple[int, int, int], dtype: np.dtype[Any]
) -> Detection:
    """Lay a network over an image, in the channels that it takes."""
    from edgecli.detect.soft_map import plan_soft_map

    pictured = settings.style.overlay is not None
    soft = plan_soft_map(network, settings.scales, shape, settings.background, pictured=pictured)
    channels = "gray" if soft.planes == 1 else "rgb"
    return Detection(settings, settings.maps, channels, dtype, soft)
