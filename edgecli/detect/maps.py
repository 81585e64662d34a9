"""What to do with the responses of each edge map, decided before any pixel is read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.norms import Norm, Select, Strongest
from edgecli.detect.extents import crossings_of, rounding_of, white_of
from edgecli.errors import FilterError, UsageError
from edgecli.filters import FilterBank
from edgecli.lines.crossings import Cross
from edgecli.lines.gradients import Direction, Slope, slope_of, smooths
from edgecli.lines.region import Exclude, inside
from edgecli.lines.ridges import ROWS, Crest
from edgecli.lines.thinning import SUPPRESSION, Thin
from edgecli.lines.thresholds import AUTO, Levels, Threshold, fixed_levels
from edgecli.operators.operators import EdgeMap, largest_strength
from edgecli.operators.responses import Responses
from edgecli.paint.painting import Paint, Style
from edgecli.paint.rendering import (
    WHITE_MAPS,
    WHOLE_IMAGE_MAPS,
    Scale,
    choose_scale,
    rendered_dtype,
)
from edgecli.records import dataclass, field, replace
from edgecli.rows.graph import Graph, Tap
from edgecli.rows.samples import float_type

if TYPE_CHECKING:
    from edgecli.detect.points import Points, Thinning
    from edgecli.strokes.placing import Placing

SIZES = ("auto", "abs", "gain")
"""The maps of how large a response is, whatever its sign."""


@dataclass(frozen=True)
class Lines:
    """Which edges count: thinned, over a threshold, off the frame, inside a mask ``(H, W)``.

    Of lines one pixel wide, ends within ``close_gaps`` pixels that point at each other are joined,
    and those shorter than ``min_length`` pixels go: however they are written, as pixels or strokes.
    """

    thin: bool = False
    threshold: Threshold | None = None
    border: int = 0  # pixels of the map's frame
    mask: NDArray[np.bool_] | None = field(default=None, compare=False, repr=False)
    min_length: float = 0
    close_gaps: float = 0
    mask_name: str | None = field(default=None, compare=False)  # its file's, without a folder

    def __post_init__(self) -> None:
        if self.border < 0:
            raise UsageError(f"border must be 0 pixels or more, not {self.border}")
        for name in ("min_length", "close_gaps"):
            if not 0 <= (pixels := getattr(self, name)) < math.inf:
                raise UsageError(
                    f"{name.replace('_', '-')} must be a number of pixels from 0 up, not {pixels:g}"
                )

    @property
    def cleans(self) -> bool:
        """Whether some of the lines go, or gaps between them."""
        return self.min_length > 0 or self.close_gaps > 0

    def threshold_of(self, edge_map: EdgeMap) -> Threshold | None:
        """Return the threshold of a map; linked ones, such as Canny's, always have one."""
        return self.threshold or (AUTO if edge_map.linked else None)


@dataclass(frozen=True)
class Look:
    """How the strengths of a map become pixels: the settings that say so."""

    map: str
    depth: str | None
    style: Style
    gaps: str | None = None  # how what is no data is painted


@dataclass(frozen=True)
class Taps:
    """What is read of a graph for one edge map.

    ``strength`` is what is painted, ``before`` the strength of what thinning may drop for being
    under a threshold, or that a wide pen is yet to draw, where that is to be measured. Where
    ``thin`` is given, ``strength`` are the responses, and the reader itself finds the peaks of
    their magnitude.
    """

    strength: Tap
    angles: Tap | None = None
    picture: Tap | None = None
    before: Tap | None = None
    thin: Thin | None = None


@dataclass(frozen=True)
class MapPlan:
    """One edge map: what is read of the graph, which lines are kept, how the rest is painted.

    ``levels`` are the thresholds, if they are already known. ``thinning`` says in words how the
    map is thinned. ``picks`` tells whether most strengths are 0 because a step set them so.
    """

    edge_map: EdgeMap
    taps: Taps
    threshold: Threshold | None
    levels: Levels | None
    largest: float
    rounding: float  # strengths up to this may be rounding errors
    strength_type: np.dtype[Any]
    map: str
    paint: Paint
    thinning: str | None
    picks: bool
    halo: int  # rows that thinning needs on each side
    lines: Lines
    placing: Placing | None = None  # of located edge pixels, where they become strokes

    @property
    def whole(self) -> bool:
        """Whether pixels are known only after the last response."""
        return self.fits or self.lines.cleans or _chosen_late(self.threshold)

    @property
    def fits(self) -> bool:
        """Whether the scale follows from all strengths."""
        return self.threshold is None and self.map in WHOLE_IMAGE_MAPS

    @property
    def needs_white(self) -> bool:
        """Whether edges are drawn by what is white: scaled to it, or over a share of it."""
        if self.threshold is None:
            return self.map in WHITE_MAPS
        levels = self.threshold.low, self.threshold.high
        return any(level is not None and level.kind == "percent" for level in levels)

    @property
    def clips(self) -> Scale | None:
        """Return the scale if it may clip strengths; chosen lines and fitted scales clip none."""
        return None if self.fits or self.threshold else self.paint.scale


def check_lines(edge_map: EdgeMap, bank: FilterBank, lines: Lines) -> None:
    """Raise an error where lines cannot be cleaned, or filters not thinned or show no direction."""
    if lines.cleans and not (lines.thin or edge_map.thin or edge_map.linked):
        option = "min-length" if lines.min_length else "close-gaps"
        raise UsageError(
            f"{option} is of lines one pixel wide; add --thin, or drop --{option}",
            options=("min_length", "close_gaps"),
        )
    if edge_map.soft or edge_map.thin or not _looks_along(edge_map, lines):
        return
    own = bank.select(range(edge_map.start, edge_map.stop))
    slope = slope_of(own.weight)
    if edge_map.direction and (slope is None or not slope.both):
        raise FilterError(
            f"direction needs derivatives along two axes, not {', '.join(own.names[:3])}; "
            "use an operator such as sobel or gradient:2",
            options=("combine",),
        )
    if (lines.thin or edge_map.linked) and slope is None and (len(own) > 1 or smooths(own)):
        raise FilterError(
            f"thinning needs derivatives, not {', '.join(own.names[:3])}; use an operator such as "
            "sobel or gradient:2, or one second derivative such as log:2",
            options=("thin",),
        )


def numbers_dtype(
    edge_map: EdgeMap, lines: Lines, strength_type: np.dtype[Any], *, gaps: bool = False
) -> np.dtype[Any]:
    """Return the type of what ``raw`` writes: angles, lines of 0 and 1, or the strengths.

    Lines with ``gaps``, which are NaN, are floats.
    """
    if edge_map.direction or (gaps and lines.threshold_of(edge_map)):
        return np.dtype(np.float32)
    return np.dtype(np.uint8) if lines.threshold_of(edge_map) else strength_type


@dataclass(frozen=True)
class _Own:
    """The responses of one map, and what follows from the weights of its filters."""

    edge_map: EdgeMap
    tap: Tap  # planes · n channels
    shape: tuple[int, int, int]  # of the strengths: planes, height, width
    dtype: np.dtype[Any]  # of the responses
    slope: Slope | None
    separate: bool  # whether the image's planes were filtered alone


def plan_map(
    graph: Graph,
    responses: Responses,
    edge_map: EdgeMap,
    lines: Lines,
    look: Look,
    *,
    pixels: np.dtype[Any],
    picture: Tap | None,
    strokes: bool = False,
) -> MapPlan:
    """Add the steps of one edge map, of an image whose type is ``pixels``, to the graph.

    Those of ``strokes`` end in what the edge pixels are located by.
    """
    own = _own(graph, responses, edge_map, lines)
    largest = largest_strength(edge_map, responses.bounds)
    threshold = lines.threshold_of(edge_map)
    levels = fixed_levels(threshold, largest) if threshold else None
    rounding = rounding_of(edge_map, largest, pixels, responses)
    floor = max(rounding, levels.low if levels else 0.0)
    thins = _thin(own, lines, floor, rounding, unknown=responses.spoiled)
    strength_type = thins.dtype if thins else own.edge_map.strength_type(own.dtype)
    exclude = _exclude(own, responses, lines, graph.source_shape[1:], strength_type)
    peaks = _links(own, thins, threshold)
    points = _points_of(own, thins, responses) if strokes else None
    if points is not None:
        taps = Taps(points.add_to(graph, exclude))
    elif peaks and exclude is None and picture is None:
        taps = Taps(own.tap, thin=peaks)
    else:
        taps = _add_steps(graph, own, thins, exclude, picture, measures=levels is not None)
    late = strokes or lines.cleans or _chosen_late(threshold)
    if look.style.stroke > 1 and not late:
        from edgecli.lines.pen import Pen  # for those who ask for it

        pen = Pen(own.shape, strength_type, look.style.stroke, absolute=look.map in SIZES)
        before = taps.before or taps.strength
        taps = replace(taps, strength=graph.add(pen, taps.strength), before=before)
    tallest = 2 * largest if isinstance(thins, Cross) else largest  # from one sign to the other
    numbers = numbers_dtype(edge_map, lines, strength_type, gaps=look.gaps == "nan")
    sample_type = rendered_dtype(look.map, look.depth, pixels, numbers)
    share = crossings_of(responses, edge_map) if isinstance(thins, Cross) else 1.0
    white = white_of(look.map, responses, edge_map, largest * share)
    scale = choose_scale(look.map, white, sample_type, tallest)
    thinned = f"{SUPPRESSION}, interpolated" if edge_map.thin else None
    return MapPlan(
        edge_map, taps, threshold, levels, largest, rounding, strength_type, look.map,
        Paint(scale, sample_type, look.style, _gaps_in(look.gaps, sample_type)),
        thinning=thins.name if thins else thinned,
        picks=thins is not None or exclude is not None or edge_map.thin,
        halo=points.step.halo if points else thins.halo if thins else 0,
        lines=lines,
        placing=points.placing if points else None,
    )  # fmt: skip


def _gaps_in(gaps: str | None, samples: np.dtype[Any]) -> str | None:
    """Return how samples of a type show what is no data: floats need no transparency for it."""
    if samples.kind == "f":
        return "nan" if gaps == "alpha" else gaps
    return "alpha" if gaps == "alpha" else None


def _chosen_late(threshold: Threshold | None) -> bool:
    """Whether lines are known only after the last response: they are drawn wide then."""
    return threshold is not None and (threshold.whole or threshold.linked)


def _own(graph: Graph, responses: Responses, edge_map: EdgeMap, lines: Lines) -> _Own:
    """Return the responses of a map; where planes are merged, those of the strongest plane."""
    start, stop, planes = edge_map.start, edge_map.stop, responses.planes
    tap, size, count = responses.tap, responses.shape[1:], edge_map.count
    if planes == 1:
        tap = Tap(tap.place, start, stop)
    else:
        select = Select(
            (planes * count, *size), responses.dtype, start, responses.shape[0] // planes
        )
        tap = graph.add(select, tap) if select.shape != responses.shape else tap
        if responses.channels == "max":
            tap = graph.add(Strongest((count, *size), responses.dtype, edge_map.combine), tap)
            planes = 1
    slope = None
    if responses.slide is not None and not edge_map.thin and _looks_along(edge_map, lines):
        # Few need the slope, which takes a singular value decomposition.
        weight = responses.bank.select(range(start, stop)).weight
        slope = slope_of(weight, responses.slide.plan.spacing.stride)
    separate = responses.planes > 1
    return _Own(edge_map, tap, (planes, *size), responses.dtype, slope, separate)


def _points_of(own: _Own, thins: Thinning | None, responses: Responses) -> Points:
    """Return what locates the edges of a map."""
    from edgecli.detect.points import points_of  # for those who ask for strokes

    return points_of(own.edge_map, own.tap, own.shape, thins, responses)


def _looks_along(edge_map: EdgeMap, lines: Lines) -> bool:
    """Whether anything needs to know where the edges of a map point."""
    return edge_map.direction or edge_map.linked or lines.thin


def _thin(
    own: _Own, lines: Lines, floor: float, rounding: float, *, unknown: bool
) -> Thinning | None:
    """Choose how to thin; a linked operator by the nearest neighbours, as OpenCV does."""
    edge_map = own.edge_map
    if edge_map.thin or not (lines.thin or edge_map.linked):
        return None
    if edge_map.soft:
        return Crest(own.shape, floor, unknown)
    if own.slope is None:
        return Cross(own.shape, rounding, rounding, float_type(own.dtype), unknown)
    sectors, signed = edge_map.linked and not lines.thin, edge_map.count == 1
    strength_type = edge_map.strength_type(own.dtype)
    return Thin(own.shape, strength_type, own.slope, floor, sectors, signed, unknown)


def _links(own: _Own, thins: Thinning | None, threshold: Threshold | None) -> Thin | None:
    """Return how to thin where nothing but the peaks of a magnitude is needed, to be linked."""
    linked = threshold is not None and threshold.linked and not own.edge_map.direction
    if not linked or own.edge_map.combine != "magnitude" or own.separate:
        return None
    match thins:
        case Thin(signed=False, unknown=False):
            return thins
    return None


def _exclude(
    own: _Own,
    responses: Responses,
    lines: Lines,
    image: tuple[int, ...],
    strength_type: np.dtype[Any],
) -> Exclude | None:
    """Return the step that drops edges near the frame and outside the mask, if any is asked for."""
    if not lines.border and lines.mask is None:
        return None
    counted = None
    if lines.mask is not None:
        filters = range(own.edge_map.start, own.edge_map.stop)
        bank = responses.bank.select(filters) if responses.slide is not None else responses.bank
        counted = inside(lines.mask, (image[0], image[1]), bank, responses.slide)
    return Exclude(own.shape, strength_type, lines.border, counted)


def _add_steps(
    graph: Graph,
    own: _Own,
    thins: Thinning | None,
    exclude: Exclude | None,
    picture: Tap | None,
    *,
    measures: bool,
) -> Taps:
    """Add the steps from responses to strengths.

    ``measures`` says that strengths are wanted before thinning, which drops those under a
    threshold.
    """
    strength, before = own.tap, None
    if own.edge_map.count > 1:
        norm = Norm(own.shape, own.dtype, own.edge_map.combine, own.edge_map.count)
        strength = graph.add(norm, own.tap)
    if measures and isinstance(thins, Thin | Crest):
        before = graph.add(exclude, strength) if exclude else strength
    match thins:
        case Thin():
            strength = graph.add(thins, strength, own.tap)
        case Crest():
            strength = graph.add(thins, strength, grain=ROWS)
        case Cross():
            strength = graph.add(thins, strength)
    if exclude is not None:
        strength = graph.add(exclude, strength)
    angles = None
    if own.edge_map.direction and own.slope is not None:
        angles = graph.add(Direction((1, *own.shape[1:]), own.slope), strength, own.tap)
    return Taps(strength, angles, picture, before)
