"""Settings laid over one image: everything that is known before a pixel is read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from edgecli.conv.engine import largest_number, rounded_sums
from edgecli.conv.plan import EXACT_TO
from edgecli.conv.products import DOUBLE
from edgecli.detect.made_by import made_by
from edgecli.detect.maps import Lines, Look, MapPlan, plan_map
from edgecli.detect.settings import Settings
from edgecli.geometry import Window, bands
from edgecli.images.made_by import MadeBy
from edgecli.images.white import whitened
from edgecli.operators.bank import lay_bank
from edgecli.operators.gaps import filled, missing_of, spoiled
from edgecli.operators.operators import EdgeMap
from edgecli.operators.responses import Responses
from edgecli.paint.painting import Picture
from edgecli.records import dataclass, replace
from edgecli.rows.base import Source, Span
from edgecli.rows.graph import IMAGE, Graph, Reader, Strip, Strips, Tap
from edgecli.rows.samples import full_scale

if TYPE_CHECKING:
    from edgecli.images.resizing import Resize

LINKED_PIXELS = 3 * 2**18
"""Pixels of a band whose edges are linked. That takes many calls on few pixels, and each may wait
for the interpreter: a third of the time in bands that stay in cache, as measured."""

MOST_STRIPS = 1024
"""Strips that are planned once, for all frames of a video."""


@dataclass(frozen=True, eq=False)
class Detection:
    """Settings laid over one image: the graph that gives its edge maps, every shape and type."""

    settings: Settings
    pixels: np.dtype[Any]
    graph: Graph
    responses: Responses
    plans: tuple[MapPlan, ...]

    @cached_property
    def maps(self) -> tuple[EdgeMap, ...]:
        """Return the edge maps."""
        return tuple(plan.edge_map for plan in self.plans)

    @cached_property
    def output_shape(self) -> tuple[int, int, int]:
        """Return height, width and number of feature maps, before they combine."""
        maps, height, width = self.responses.shape
        return height, width, maps

    @cached_property
    def map_shape(self) -> tuple[int, int, int]:
        """Return height, width and channels of each edge map."""
        _, height, width = self.responses.shape
        each = self.responses.channels == "each"
        return height, width, self.responses.planes if each else 1

    @cached_property
    def written_shape(self) -> tuple[int, int, int]:
        """Return height, width and channels of each edge map as written."""
        height, width, channels = self.map_shape
        hues = self.maps[0].direction and self.settings.map != "raw"
        painted = self.settings.style.channels(channels, hues=hues)
        return height, width, painted + (self.plans[0].paint.gaps == "alpha")

    @cached_property
    def made_by(self) -> MadeBy:
        """Return who makes the edge maps."""
        return made_by(self.settings)

    @property
    def carries_gaps(self) -> bool:
        """Whether what is written tells what is no data: strokes are where there is any."""
        clear = self.settings.finish is not None or self.settings.style.paper is None
        kinds = zip(self.plans, self.sample_types, strict=True)
        return clear or all(one.paint.gaps == "alpha" or kind.kind == "f" for one, kind in kinds)

    @property
    def paper(self) -> tuple[float, ...] | None:
        """Return the colour that no edge has, 0 to 1 in each channel; None if that is an image."""
        style, (_, _, channels) = self.settings.style, self.written_shape
        if style.overlay is not None:
            return None
        share = 0.5 if self.settings.map == "signed" else 0.0
        ends = zip(style.behind, style.ink, strict=True)
        mixed = tuple((paper + share * (ink - paper)) / 255 for paper, ink in ends)
        return mixed if channels >= 3 else mixed[:1]

    @property
    def keeps_colours(self) -> bool:
        """Whether the colours of an edge map are the image's own, of which its profile tells."""
        each = self.responses.channels == "each" and self.settings.map != "raw"
        return each or self.settings.style.overlay is not None

    @cached_property
    def sample_types(self) -> tuple[np.dtype[Any], ...]:
        """Return the type of each edge map's samples as written."""
        return tuple(plan.paint.sample_type for plan in self.plans)

    @property
    def needs_white(self) -> bool:
        """Whether what is seen depends on what is white in the image: edges of a bank may not."""
        settings = self.settings
        whole = settings.recipe is not None or settings.style.overlay is not None
        return whole or any(plan.needs_white for plan in self.plans)

    @property
    def keeps_small(self) -> bool:
        """Whether edges far below white are written as any others: floats of a bank are."""
        are_floats = all(kind.kind == "f" for kind in self.sample_types)
        return are_floats and self.settings.recipe is None and self.settings.style.overlay is None

    @cached_property
    def cuts(self) -> list[Span]:
        """Return the rows of every band of the edge maps."""
        return list(bands(self.responses.shape[1], self.band_rows))

    def strips(self, readers: Sequence[Reader]) -> Sequence[Strip]:
        """Plan a strip for every band: a few once for all readers of the same taps."""
        taps = tuple(reader.taps for reader in readers)
        strips = self._strips.get(taps)
        if strips is None:
            strips = Strips(self.graph, readers, self.cuts)
            if len(strips) <= MOST_STRIPS:
                strips = self._strips[taps] = [*strips]
        return strips

    @cached_property
    def _strips(self) -> dict[tuple[tuple[Tap, ...], ...], Sequence[Strip]]:
        return {}

    @cached_property
    def band_rows(self) -> int:
        """Return the rows of a band: with the rows that thinning needs, no more than fit."""
        responses = self.responses
        rows, slide = responses.band_rows, responses.slide
        linked = any(plan.threshold and plan.threshold.linked for plan in self.plans)
        if linked and slide is not None and self.settings.recipe is None:
            rows = slide.limit_rows(LINKED_PIXELS // responses.shape[2])
        return max(rows - 2 * max(plan.halo for plan in self.plans), 1)


def plan_detection(
    settings: Settings,
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
    *,
    exact: bool = True,
    gaps: bool = False,
    clear: bool = False,
) -> Detection:
    """Lay settings over an image ``(H, W, C)``; GeometryError where they do not fit.

    Sums of 64-bit integers are ``exact``, or float64. The image may have ``gaps``, which are told
    apart by its last channel, or NaN; they are ``clear`` where they are to be transparent.
    """
    height, width, channels = shape
    graph = Graph((channels, height, width))
    overlaid = settings.style.overlay is not None and settings.finish is None
    image = Tap(0, 0, channels - 1) if gaps and dtype.kind != "f" else IMAGE
    responses = _lay_operators(graph, settings, dtype, image, exact=exact)
    picture = None
    if overlaid:
        laid = Picture((1 if channels < 3 else 3, height, width), settings.background)
        whole = whitened(graph, settings.white, image, black=settings.black)
        picture = graph.add(laid, whole)
    shown = _gaps_shown(settings, gaps=gaps, clear=clear)
    look = Look(settings.map, settings.depth, settings.style, shown)
    plans = tuple(
        plan_map(
            graph,
            responses,
            one,
            _with_small_mask(settings.lines_of(one), settings.resize, (height, width)),
            look,
            pixels=dtype,
            picture=picture,
            strokes=settings.finish is not None,
        )
        for one in settings.maps
    )
    return Detection(settings, dtype, graph, responses, plans)


def _with_small_mask(lines: Lines, resize: Resize | None, size: tuple[int, int]) -> Lines:
    """Return lines whose mask has the size of the picture; one of the size it had is resized."""
    if lines.mask is None or resize is None:
        return lines
    from edgecli.images.resizing import resized_mask  # for those who ask for it

    return replace(lines, mask=resized_mask(lines.mask, resize, size))


def sums_fit(source: Source, detection: Detection) -> bool:
    """Whether 64 bits hold all sums of an image's whole numbers; if not, a note says so.

    An image of 64-bit integers is held whole; those of others always fit.
    """
    slide = detection.responses.slide
    if slide is None or source.dtype != np.int64:
        return True
    (rows,) = source.blocks([(0, source.shape[0])])
    largest, most = largest_number(rows), slide.plan.holds
    if largest <= (EXACT_TO[DOUBLE] if most is None else most):
        return True
    if most is None:  # weights are fractions
        source.info.notes.append(
            f"has whole numbers up to {largest:,}, rounded to float64's 53 bits"
        )
        return True
    source.info.notes.append(rounded_sums(largest))
    return False


def _gaps_shown(settings: Settings, *, gaps: bool, clear: bool) -> str | None:
    """Return how what is no data is painted."""
    if settings.nan == "ignore":
        return "zero"
    if clear and settings.style.paper is not None:
        return "alpha"
    return "nan" if gaps else None


def _lay_operators(
    graph: Graph, settings: Settings, dtype: np.dtype[Any], image: Tap, *, exact: bool
) -> Responses:
    """Add the steps of whatever finds the edges, and makes them NaN where there is no data.

    In floats NaN itself does the latter, but where there are many layers.
    """
    is_deep = settings.recipe is not None
    if image == IMAGE and not (is_deep and dtype.kind == "f"):
        responses = _lay_operator(graph, settings, dtype, image, exact=exact)
        return replace(responses, spoiled=dtype.kind == "f")
    missing = missing_of(graph, image)
    if is_deep:
        white = settings.white or full_scale(dtype)
        image = filled(graph, image, missing, dtype, white)
    responses = _lay_operator(graph, settings, dtype, image, exact=exact)
    return spoiled(graph, responses, missing)


def _lay_operator(
    graph: Graph, settings: Settings, dtype: np.dtype[Any], image: Tap, *, exact: bool
) -> Responses:
    """Add the steps of a network, of contours or of a bank."""
    if settings.recipe is not None:
        image = whitened(graph, settings.white, image, black=settings.black)
    if settings.network is not None:
        from edgecli.operators.soft import soft_responses  # loaded for those who ask for one

        scales, background = settings.scales, settings.background
        return soft_responses(graph, settings.network, scales, background, image)
    if settings.recipe is not None:
        from edgecli.operators.contours import contour_responses  # loaded for this recipe alone

        return contour_responses(graph, settings.recipe.recipe, settings.background, image)
    bank = settings.bank
    window = Window(
        bank.kernel_size,
        settings.stride,
        settings.dilation,
        settings.padding,
        settings.padding_mode,
    )
    return lay_bank(
        graph,
        bank,
        [operator.bank for operator in settings.operators],
        window,
        dtype,
        exact=exact,
        channels=settings.channels,
        activation=settings.activation,
        image=image,
        background=settings.background,
        white=settings.white,
    )
