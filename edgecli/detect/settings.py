"""What to do to an image, whichever it is: the options of ``detect``, checked together."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from edgecli.conv.activations import ACTIVATIONS
from edgecli.detect.maps import Lines, check_lines
from edgecli.errors import UsageError
from edgecli.filters import FilterBank
from edgecli.geometry import Padding, PaddingMode
from edgecli.images.colour import CHANNELS
from edgecli.images.sources import NAN_CHOICES
from edgecli.images.white import check_white
from edgecli.lines.thresholds import AUTO
from edgecli.operators.operators import COMBINATIONS, EdgeMap, Operator, edge_maps, merge_banks
from edgecli.paint.colormaps import BLACK, WHITE
from edgecli.paint.painting import Style
from edgecli.paint.rendering import DEPTHS, MAPS
from edgecli.records import dataclass, field, replace
from edgecli.rows.base import NoData

if TYPE_CHECKING:
    from edgecli.images.resizing import Resize
    from edgecli.networks import Network
    from edgecli.strokes.base import Finish
    from edgecli.strokes.files.sheet import Size

REPLICATE = PaddingMode("replicate")
"""What detection pads with by default: zeros would draw a false frame."""

CHOICES = {
    "channels": CHANNELS,
    "activation": ACTIVATIONS,
    "combine": COMBINATIONS,
    "map": MAPS,
    "depth": tuple(DEPTHS),
    "nan": NAN_CHOICES,
}
"""The settings that are words, and what they can be."""

OF_BANKS = (
    "padding", "padding_mode", "stride", "dilation", "convolve", "channels", "bias", "activation",
    "combine",
)  # fmt: skip
"""The settings that only a bank that slides can have."""

LOOKS = ("line", "paper", "stroke", "invert", "alpha_out", "overlay")
"""The options of lines and of their paper."""


@dataclass(frozen=True)
class Settings:
    """What to do to an image, whichever it is: the options of ``detect``.

    UsageError for a choice that does not exist, FilterError where filters and biases do not fit
    together: both before any image is touched. Without operators they are what the tiles of a
    contact sheet share, and fit together once an operator is there.
    """

    operators: tuple[Operator, ...]
    padding: Padding = "same"
    padding_mode: PaddingMode = REPLICATE
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    convolve: bool = False
    channels: str | None = None
    bias: tuple[float, ...] = ()  # one for all filters, or one each; () keeps the filters' own
    activation: str = "none"
    combine: str | None = None
    map: str = "auto"
    depth: str | None = None
    lines: Lines = field(default_factory=Lines)
    style: Style = field(default_factory=Style)
    scales: tuple[float, ...] = (1.0,)  # at which a network looks at the image
    nan: str = "propagate"
    nodata: NoData | None = None  # what is no data, where not what the file says
    white: float | None = None  # the sample that is white, where not what its type says
    black: float = 0.0  # the one from which that is counted: other than 0 in no picture
    background: tuple[int, int, int] = (255, 255, 255)
    resize: Resize | None = None  # the image, before anything looks at it
    finish: Finish | None = None  # of strokes; None where edge maps are pixels
    size: Size | None = None  # of a drawing on paper
    auto_orient: bool = True  # as its EXIF says
    threads: int | None = None

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            value = getattr(self, name)
            if value is not None and value not in choices:
                raise UsageError(f"{name} {value!r} is unknown; choose from {', '.join(choices)}")
        check_white(self.white)
        if not self.operators:
            return
        if self.recipe is not None:
            self._check_recipe(self.recipe.name)
        if self.scales != (1.0,) and self.network is None:
            raise UsageError(
                "scales are of networks such as learned; drop --scales", options=("scales",)
            )
        if self.finish is not None:
            self._check_strokes()
        for edge_map in self.maps:
            check_lines(edge_map, self.bank, self.lines_of(edge_map))
            self._check_style(edge_map)

    def _check_recipe(self, name: str) -> None:
        """Raise UsageError for other filters beside a recipe, and for options of banks."""
        if len(self.operators) > 1:
            raise UsageError(
                f"{name} is made alone; give no other --filter beside it, and run detect once more"
            )
        for setting in OF_BANKS:
            if getattr(self, setting) != getattr(Settings, setting):  # the field's default
                option = setting.replace("_", "-")
                raise UsageError(
                    f"{name} has its own filters and takes no --{option}; drop it",
                    options=(setting,),
                )

    def _check_strokes(self) -> None:
        """Raise UsageError for what pixels have, and strokes do not."""
        if self.map in ("raw", "signed"):
            raise UsageError(
                f"map {self.map!r} is of pixels, and strokes have none; drop --map",
                options=("map",),
            )
        for name in ("depth", "colormap"):
            if getattr(self, name, None) or getattr(self.style, name, None):
                raise UsageError(
                    f"{name} is of pixels, and strokes have none; drop --{name}", options=(name,)
                )
        if self.channels == "each":
            raise UsageError(
                "channels 'each' has edges of its own in every colour, and strokes are of one map; "
                "use --channels max",
                options=("channels",),
            )
        if any(edge_map.direction for edge_map in self.maps):
            raise UsageError(
                "strokes are of magnitudes, and know their angles: write --format points, and drop "
                "--combine",
                options=("combine",),
            )

    def _check_style(self, edge_map: EdgeMap) -> None:
        """Raise UsageError for ways to draw a map that do not go together."""
        style, direction = self.style, edge_map.direction
        if self.channels == "each" and (drawn := self._of_one_colour(edge_map)):
            raise UsageError(
                "channels 'each' has a colour of its own at every pixel; use --channels max for "
                "directions, colour maps, overlays, and other lines and paper",
                options=("channels", *drawn),
            )
        if self.map == "raw" and not style.plain:
            raise UsageError(
                "map 'raw' writes numbers, which have no colour; use another --map",
                options=("map", "colormap", *LOOKS),
            )
        if direction and (style.colormap or style.line):
            option = "colormap" if style.colormap else "line"
            raise UsageError(
                f"directions have hues of their own; drop --{option}", options=(option, "combine")
            )
        if direction and style.stroke > 1:
            raise UsageError(
                "a stroke would mix the hues of directions; drop --stroke",
                options=("stroke", "combine"),
            )
        if self.map == "signed":
            self._check_signed(edge_map)
        if style.overlay is not None and (self.stride != (1, 1) or self.padding != "same"):
            raise UsageError(
                "an overlay needs a map of the image's size; use stride 1, padding same",
                options=("overlay", "stride", "padding"),
            )

    def _of_one_colour(self, edge_map: EdgeMap) -> tuple[str, ...]:
        """Return the options that give a map other colours than an image's own."""
        style = self.style
        paper = style.paper not in (BLACK, WHITE)
        drawn = {
            "combine": edge_map.direction, "colormap": style.colormap, "overlay": style.overlay,
            "line": style.line, "paper": paper, "alpha_out": paper,
        }  # fmt: skip
        return tuple(name for name, given in drawn.items() if given)

    def _check_signed(self, edge_map: EdgeMap) -> None:
        """Raise UsageError for what has no sign."""
        if self.style.stroke > 1:
            raise UsageError(
                "a stroke is of strengths without a sign; use --map abs or gain",
                options=("map", "stroke"),
            )
        if edge_map.direction or self.lines.threshold:
            raise UsageError(
                "map 'signed' shows responses of both signs; use --map auto or gain",
                options=("map", "combine", "threshold", "hysteresis"),
            )

    def lines_of(self, edge_map: EdgeMap) -> Lines:
        """Return which edges of a map count: strokes are thinned, and linked unless told."""
        if self.finish is None:
            return self.lines
        thin = self.lines.thin or not edge_map.linked
        return replace(self.lines, thin=thin, threshold=self.lines.threshold or AUTO)

    @cached_property
    def bank(self) -> FilterBank:
        """Return the filters of every operator as one bank, flipped where asked."""
        banks = [operator.bank for operator in self.operators]
        # Each turns about its own centre, so that it is placed as it would be alone.
        bank = merge_banks([bank.flipped() for bank in banks] if self.convolve else banks)
        return bank.with_bias(self.bias) if self.bias else bank

    @property
    def recipe(self) -> Operator | None:
        """Return the operator that is not a sliding bank, if one is asked for."""
        return next((operator for operator in self.operators if not operator.slides), None)

    @cached_property
    def network(self) -> Network | None:
        """Return the network that finds the edges, if one does; NetworkError if it cannot."""
        if self.recipe is None or self.recipe.network is None:
            return None
        from edgecli.operators.soft import load_edge_network  # for those who ask for one

        return load_edge_network(self.recipe.network)

    @property
    def grey(self) -> bool:
        """Whether the image's luma is all that is looked at."""
        luma = self.channels in (None, "gray") and self.bank.depth == 1
        if isinstance(self.nodata, int | float):  # which all colours must be
            return False
        return luma and self.recipe is None and self.style.overlay is None

    @property
    def maps(self) -> tuple[EdgeMap, ...]:
        """Return the edge maps that the settings ask for."""
        return edge_maps(self.operators, self.combine)


def parse_scales(text: str | None) -> tuple[float, ...]:
    """Read the scales at which a network looks at an image; UsageError for any others.

    >>> parse_scales("0.5,1"), parse_scales(None)
    ((1.0, 0.5), (1.0,))
    """
    if text is None:
        return (1.0,)
    from edgecli.networks import scales

    return scales.parse_scales(text)
