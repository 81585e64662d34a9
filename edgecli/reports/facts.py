"""Facts of one image's report. Their fields, in order, are the keys of JSON: a contract.

A fact that is None was not computed, and is left out. A number that is not finite is null.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any

from edgecli.records import dataclass
from edgecli.rows.base import ImageInfo

if TYPE_CHECKING:
    from edgecli.strokes.measures import Measures

SCHEMA = "edgecli.report/1"

Shape = tuple[int, ...]


@dataclass(frozen=True)
class InputFacts:
    """The image as it is in its file."""

    path: str
    format: str
    shape: Shape
    dtype: str
    held_bytes: int | None = None  # of one that is planned, and can only be read whole


@dataclass(frozen=True)
class FilterFacts:
    """A filter; or all filters of a network's layer, whose largest rank is told."""

    name: str
    shape: Shape
    rank: int
    count: int | None = None


@dataclass(frozen=True)
class PaddingFacts:
    """Pixels that are added on each side, and what they are."""

    top: int
    bottom: int
    left: int
    right: int
    mode: str


@dataclass(frozen=True)
class Parameters:
    """Numbers that a filter or a layer has."""

    weights: int
    biases: int
    total: int


@dataclass(frozen=True)
class ThresholdFacts:
    """How edges are chosen, and the strengths that this comes to."""

    method: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class OutputFacts:
    """An edge map; ``min`` and ``max`` are of the response that was rendered.

    Where there are several maps, each has a ``name``, and what is true of its own filters alone:
    the facts of the image, from ``filters`` on, are then of all together. Negative padding counts
    pixels that are left out, where the largest filter fits around fewer. What is drawn has
    ``strokes``, and no pixels: no ``dtype``, ``map`` and ``clipped_fraction``.
    """

    path: str
    dtype: str | None = None
    name: str | None = None
    map: str | None = None
    combine: str | None = None
    thinning: str | None = None
    threshold: ThresholdFacts | None = None
    kept: bool | None = None
    clipped_fraction: float | None = None
    min: float | None = None
    max: float | None = None
    nan: int | None = None
    strokes: Measures | None = None
    filters: tuple[FilterFacts, ...] | None = None
    padding: PaddingFacts | None = None
    parameters: Parameters | None = None
    macs: int | None = None
    receptive_field: Shape | None = None
    connections_per_output: int | None = None


@dataclass(frozen=True)
class NanFacts:
    """How many samples were NaN, and what became of them."""

    samples: int
    policy: str


@dataclass(frozen=True)
class PlaceFacts:
    """Where an edge map lies, or what strokes are counted in: x = a·column + b·row + c, y so on.

    ``transform`` has a to f, of pixels counted from the upper left corner; points of control have
    none. ``written`` says whether outputs have it.
    """

    crs: str | None
    transform: tuple[float, ...] | None
    written: bool


@dataclass(frozen=True)
class NoDataFacts:
    """What of an image is no data, how many pixels were, and what became of them."""

    what: str
    pixels: int | None
    policy: str


@dataclass(frozen=True)
class EngineFacts:
    """How the convolution is computed, and how long that took if it was."""

    method: str
    accumulator: str
    threads: int | None = None
    seconds: float | None = None
    reason: str = ""
    band_rows: int | None = None


@dataclass(frozen=True)
class ImageFacts:
    """What one image's detection was, cost and gave; a contact sheet's tile has no ``input``."""

    schema: str | None
    made_by: str | None
    input: InputFacts | None
    resized: Shape | None  # height and width, where the image was made smaller first
    place: PlaceFacts | None  # where the image has one on a map
    filters: tuple[FilterFacts, ...]
    operation: str
    channels: str
    stride: Shape
    dilation: Shape
    padding: PaddingFacts
    convolved_shape: Shape
    output_shape: Shape
    parameters: Parameters
    fully_connected_parameters: int
    macs: int
    receptive_field: Shape
    connections_per_output: int
    white: float | None  # where one was given
    outputs: tuple[OutputFacts, ...]  # where there is one, JSON has it as "output"
    nan: NanFacts | None
    no_data: NoDataFacts | None  # where the image may have any
    warnings: tuple[str, ...] | None  # what is to be known of an image that was read all the same
    engine: EngineFacts


@dataclass(frozen=True)
class SheetFacts:
    """A contact sheet: its file, and what was done for every tile."""

    schema: str
    made_by: str
    input: InputFacts
    output: OutputFacts
    warnings: tuple[str, ...] | None
    tiles: tuple[ImageFacts, ...]


def input_facts(info: ImageInfo, *, planned: bool = False) -> InputFacts:
    """Return what a report tells of an image's file; what it takes, where nothing is read yet."""
    held = info.held if planned and info.held else None
    return InputFacts(info.path, info.format, info.shape, info.dtype, held)


def warnings_of(info: ImageInfo) -> tuple[str, ...] | None:
    """Return an image's notes, each once, if there are any."""
    return tuple(dict.fromkeys(info.notes)) or None


def as_object(fact: Any) -> Any:
    """Return facts as JSON holds them: dataclasses as objects without None, tuples as lists.

    >>> as_object(OutputFacts("a.png", "uint8", min=float("inf")))
    {'path': 'a.png', 'dtype': 'uint8', 'min': None}
    """
    if isinstance(fact, (str, int)):  # most are
        return fact
    if is_dataclass(fact):
        return {name: as_object(value) for name, value in _told(fact)}
    if isinstance(fact, dict):
        return {name: as_object(value) for name, value in fact.items()}
    if isinstance(fact, list | tuple):
        return [as_object(item) for item in fact]
    return None if isinstance(fact, float) and not isfinite(fact) else fact


def _told(fact: Any) -> Iterator[tuple[str, Any]]:
    for name in _names(fact.__class__):
        value = getattr(fact, name)
        if name == "outputs" and len(value) == 1:
            yield "output", value[0]
        elif value is not None:
            yield name, value


@cache  # for every image of a batch asks
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
