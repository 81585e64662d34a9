"""What to do to an image, and that laid over one image: everything known before a pixel is read."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from edgecli.conv.activations import ACTIVATIONS
from edgecli.conv.engine import Convolution, plan_over
from edgecli.edges.operators import COMBINATIONS, EdgeMap, Operator, edge_maps, merge_banks
from edgecli.edges.painting import Style
from edgecli.edges.planning import Lines, MapPlan, check_lines, plan_map
from edgecli.edges.rendering import DEPTHS, MAPS, Scale
from edgecli.edges.responders import Contouring, Responder, Sliding
from edgecli.errors import UsageError
from edgecli.filters import FilterBank
from edgecli.geometry import Border, Padding, Window
from edgecli.images.colour import CHANNELS, volume_channels
from edgecli.images.nan import NAN_CHOICES
from edgecli.records import dataclass, field

if TYPE_CHECKING:
    from edgecli.networks import Network

REPLICATE = Border("replicate")
"""What detection pads with by default: zeros would draw a false frame."""

SEPARATE_PLANES = ("each", "max")
"""Choices of channels that filter every colour plane alone."""

CHOICES = {
    "channels": CHANNELS,
    "activation": ACTIVATIONS,
    "combine": COMBINATIONS,
    "map": MAPS,
    "depth": tuple(DEPTHS),
    "nan": NAN_CHOICES,
}
"""The settings that are words, and what they can be."""

OF_BANKS = {
    "padding": "padding",
    "border": "padding-mode",
    "stride": "stride",
    "dilation": "dilation",
    "convolve": "convolve",
    "channels": "channels",
    "bias": "bias",
    "activation": "activation",
    "combine": "combine",
}
"""The settings that only a bank that slides can have, and their options."""


@dataclass(frozen=True)
class Settings:
    """What to do to an image, whichever it is: the options of ``detect``.

    UsageError for a choice that does not exist, FilterError where filters and biases do not fit
    together: both before any image is touched.
    """

    operators: tuple[Operator, ...]
    padding: Padding = "same"
    border: Border = REPLICATE
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    convolve: bool = False
    channels: str | None = None
    bias: tuple[float, ...] = ()  # one for all filters, or one each; () keeps the filters' own
    activation: str = "none"
    combine: str | None = None
    map: str = "abs"
    depth: str | None = None
    lines: Lines = field(default_factory=Lines)
    style: Style = field(default_factory=Style)
    scales: tuple[float, ...] = (1.0,)  # at which a network looks at the image
    nan: str = "propagate"
    background: tuple[int, int, int] = (255, 255, 255)
    threads: int | None = None
    measured: bool = True  # whether anyone will ask for the responses' extremes
    apart: bool = False  # whether each operator is to run alone, as on a contact sheet

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            value = getattr(self, name)
            if value is not None and value not in choices:
                raise UsageError(f"{name} {value!r} is unknown; choose from {', '.join(choices)}")
        if self.apart and len(self.operators) > 1:
            return
        if self.recipe is not None:
            self._check_recipe(self.recipe.name)
        if self.scales != (1.0,) and self.network is None:
            raise UsageError("scales are of networks such as learned; drop --scales")
        for edge_map in self.maps:
            check_lines(edge_map, self.bank, self.lines)
            self._check_style(edge_map)

    def _check_recipe(self, name: str) -> None:
        """Raise UsageError for other filters beside a recipe, and for options of banks."""
        if len(self.operators) > 1:
            raise UsageError(
                f"{name} is made alone; give no other --filter beside it, and run detect once more"
            )
        for setting, option in OF_BANKS.items():
            if getattr(self, setting) != getattr(Settings, setting):  # the field's default
                raise UsageError(f"{name} has its own filters and takes no --{option}; drop it")

    def _check_style(self, edge_map: EdgeMap) -> None:
        """Raise UsageError for ways to draw a map that do not go together."""
        drawn = edge_map.direction or self.style.colormap or self.style.alpha or self.style.overlay
        if self.channels == "each" and drawn:
            raise UsageError(
                "channels 'each' has a colour of its own at every pixel; use --channels max for "
                "directions, colour maps, overlays and transparency"
            )
        if self.map == "raw" and not self.style.plain:
            raise UsageError("map 'raw' writes numbers, which have no colour; use another --map")
        if self.map == "signed" and (edge_map.direction or self.lines.threshold):
            raise UsageError("map 'signed' shows responses of both signs; use --map abs or gain")
        if self.style.overlay is not None and (self.stride != (1, 1) or self.padding != "same"):
            raise UsageError(
                "an overlay needs a map of the image's size; use stride 1, padding same"
            )

    @cached_property
    def bank(self) -> FilterBank:
        """Return the filters of every operator as one bank, flipped where asked."""
        bank = merge_banks([operator.bank for operator in self.operators])
        if self.bias:
            bank = bank.with_bias(self.bias)
        return bank.flipped() if self.convolve else bank

    @property
    def recipe(self) -> Operator | None:
        """Return the operator that is no sliding bank, if one is asked for."""
        return next((operator for operator in self.operators if not operator.slides), None)

    @cached_property
    def network(self) -> Network | None:
        """Return the network that answers to the image, if one does; NetworkError if unfit."""
        if self.recipe is None or self.recipe.network is None:
            return None
        from edgecli.networks.soft_map import load_edge_network  # for those who ask for one

        return load_edge_network(self.recipe.network)

    @property
    def grey(self) -> bool:
        """Whether the image's luma is all that is looked at."""
        luma = self.channels in (None, "gray") and self.bank.depth == 1
        return luma and self.recipe is None and self.style.overlay is None

    @property
    def maps(self) -> tuple[EdgeMap, ...]:
        """Return the edge maps that the settings ask for."""
        return edge_maps(self.operators, self.combine)


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
        bank.kernel_size, settings.stride, settings.dilation, settings.padding, settings.border
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


def _plan_contours(
    settings: Settings, recipe: Operator, shape: tuple[int, int, int], dtype: np.dtype[Any]
) -> Detection:
    """Lay contours over an image, in all its colours."""
    from edgecli.edges.contours import plan_contours  # with all its steps, for this recipe alone

    plan = plan_contours(shape, settings.background)
    channels = "rgb" if shape[2] >= 3 else "gray"
    responder = Contouring(recipe.bank, recipe.recipe, plan)
    return Detection(settings, settings.maps, channels, dtype, responder)


def _plan_network(
    settings: Settings, network: Network, shape: tuple[int, int, int], dtype: np.dtype[Any]
) -> Detection:
    """Lay a network over an image, in the channels that it takes."""
    from edgecli.networks.soft_map import plan_soft_map

    pictured = settings.style.overlay is not None
    soft = plan_soft_map(network, settings.scales, shape, settings.background, pictured=pictured)
    channels = "gray" if soft.planes == 1 else "rgb"
    return Detection(settings, settings.maps, channels, dtype, soft)


def parse_scales(text: str | None) -> tuple[float, ...]:
    """Read the scales that a network looks at; UsageError for what there are not.

    >>> parse_scales("0.5,1"), parse_scales(None)
    ((1.0, 0.5), (1.0,))
    """
    if text is None:
        return (1.0,)
    from edgecli.networks import scales

    return scales.parse_scales(text)
