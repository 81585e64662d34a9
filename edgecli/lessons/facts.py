"""The arithmetic of a window over an image, as facts: made once, whoever writes or draws them.

Numbers are Python's own, so that sums of whole numbers are exact however large they are. Maps are
the engine's, in 64 bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.conv.activations import activate
from edgecli.conv.engine import Slide as Slider
from edgecli.conv.norms import norm, norm_dtype
from edgecli.conv.plan import plan_convolution
from edgecli.detect.plan import Detection
from edgecli.errors import GeometryError, UsageError
from edgecli.filters import FilterBank
from edgecli.geometry import Geometry, PaddingMode, Window
from edgecli.images.colour import to_volume
from edgecli.operators.operators import EdgeMap
from edgecli.records import dataclass, replace
from edgecli.rows.base import Source, Span
from edgecli.rows.memory import Memory

Numbers = NDArray[Any]
"""An array of Python's numbers."""

COLOURS = ("red", "green", "blue")


@dataclass(frozen=True, eq=False)
class Patch:
    """Part of an image and its padding: ``values (C, h, w)``, and which of them are ``padding``.

    Its first sample stands at row ``top``, column ``left`` of the image; padding has positions
    below 0 and beyond the last.
    """

    values: Numbers
    padding: NDArray[np.bool_]  # (h, w)
    rows: Sequence[int]
    cols: Sequence[int]


@dataclass(frozen=True, eq=False)
class Sum:
    """One filter's sum of products at one position, and what its activation makes of it."""

    name: str
    weight: Numbers  # (C, kH, kW)
    products: Numbers  # (C, kH, kW), pixel times weight
    bias: float | None
    activation: str

    @property
    def rows(self) -> Numbers:
        """Return the sum of each row of each kernel, ``(C, kH)``."""
        sums: Numbers = self.products.sum(axis=2)
        return sums

    @property
    def subtotals(self) -> Numbers:
        """Return the sum of each channel, ``(C,)``."""
        sums: Numbers = self.rows.sum(axis=1)
        return sums

    @property
    def total(self) -> Any:
        """Return the sum of all products and the bias, before any activation."""
        return self.subtotals.sum() + (self.bias or 0)

    @cached_property
    def response(self) -> Any:
        """Return what the activation makes of the total."""
        if self.activation == "none":
            return self.total
        return _number(activate(np.array([float(self.total)]), self.activation)[0])


@dataclass(frozen=True)
class Combined:
    """What becomes of the responses of one edge map: their norm, or the only one as it is."""

    name: str
    how: str
    parts: tuple[float, ...]
    value: float


@dataclass(frozen=True, eq=False)
class View:
    """The window over planes that are filtered together: all, or one where each is alone."""

    channels: tuple[int, ...]
    window: Numbers  # (C, kH, kW)
    sums: tuple[Sum, ...]
    maps: tuple[Combined, ...]


@dataclass(frozen=True, eq=False)
class Slide:
    """One position of the window: where it lies, and all that comes of it.

    ``rows`` and ``cols`` are those of the taps, in the image; ``padding (kH, kW)`` says which taps
    lie outside it. There is one view, or one for each colour that is filtered alone.
    """

    row: int
    col: int
    rows: tuple[int, ...]
    cols: tuple[int, ...]
    padding: NDArray[np.bool_]
    views: tuple[View, ...]


@dataclass(frozen=True, eq=False)
class Lesson:
    """An image, or some of its rows, under a bank that slides: ``volume (planes · C_in, h, W)``.

    The first of its rows is the image's row ``first``.
    """

    detection: Detection
    volume: NDArray[Any]
    first: int

    @property
    def bank(self) -> FilterBank:
        """Return the filters."""
        return self.detection.responses.bank

    @property
    def activation(self) -> str:
        """Return what is done to each response."""
        return self.detection.settings.activation

    @property
    def geometry(self) -> Geometry:
        """Return where the window lands."""
        return self._slider.geometry

    @property
    def padding_mode(self) -> PaddingMode:
        """Return what stands outside the image."""
        return self._slider.padding_mode

    @property
    def _slider(self) -> Slider:
        slide = self.detection.responses.slide
        assert slide is not None  # noqa: S101 (open_lesson refuses what has none)
        return slide

    @property
    def channels(self) -> tuple[str, ...]:
        """Return the names of the channels."""
        chosen = self.detection.responses.channels
        return COLOURS if len(self.volume) == 3 else (chosen,)

    @property
    def combined(self) -> list[EdgeMap]:
        """Return the edge maps that are made of several feature maps."""
        return [edge_map for edge_map in self.detection.maps if edge_map.count > 1]

    @property
    def strongest(self) -> bool:
        """Whether of several colours, each filtered alone, the strongest gives the output."""
        return self.detection.responses.channels == "max" and self.detection.responses.planes > 1

    def positions(self) -> Iterator[tuple[int, int]]:
        """Yield every row and column of the output, in the order of reading."""
        height, width = self.geometry.output_shape
        return ((row, col) for row in range(height) for col in range(width))

    def patch(self, rows: Sequence[int], cols: Sequence[int]) -> Patch:
        """Return what stands at rows and columns of the image, padding included."""
        geometry, mode = self.geometry, self.padding_mode
        height, width = geometry.rows.size, geometry.cols.size
        values = np.full((len(self.volume), len(rows), len(cols)), _number(mode.value), object)
        for i, r in enumerate(mode.source(row, height) for row in rows):
            for j, c in enumerate(mode.source(col, width) for col in cols):
                if r is not None and c is not None:
                    values[:, i, j] = self.volume[:, r - self.first, c].tolist()
        inside = [[0 <= r < height and 0 <= c < width for c in cols] for r in rows]
        return Patch(values, ~np.array(inside), rows, cols)

    def slide(self, row: int, col: int) -> Slide:
        """Write out an output pixel, one of ``positions``."""
        geometry = self.geometry
        places = zip((geometry.rows, geometry.cols), (row, col), strict=True)
        rows, cols = (
            range(start := axis.reach(at, at + 1)[0], start + axis.span, axis.dilation)
            for axis, at in places
        )
        patch = self.patch(rows, cols)
        planes = self.detection.responses.planes
        depth = len(patch.values) // planes
        views = tuple(
            self._view(range(n * depth, (n + 1) * depth), patch.values[n * depth : (n + 1) * depth])
            for n in range(planes)
        )
        return Slide(row, col, tuple(rows), tuple(cols), patch.padding, views)

    def _view(self, channels: Sequence[int], window: Numbers) -> View:
        filters = zip(self.bank.names, self._weights, self._biases, strict=True)
        sums = tuple(
            Sum(name, weight, window * weight + 0, bias, self.activation)  # 0 instead of −0
            for name, weight, bias in filters
        )
        responses = [one.response for one in sums]
        maps = tuple(_combined(edge_map, responses) for edge_map in self.detection.maps)
        return View(tuple(channels), window, sums, maps)

    @cached_property
    def _weights(self) -> list[Numbers]:
        return [np.vectorize(_number, otypes=[object])(weight) for weight in self.bank.weight]

    @cached_property
    def _biases(self) -> list[float | None]:
        return [_number(bias) if self.bank.has_bias else None for bias in self.bank.bias]

    def maps(self, start: int, stop: int) -> NDArray[Any]:
        """Return rows ``[start, stop)`` of every feature map, as the engine computes them.

        They are int64 or float64, ``(planes · C_out, rows, W')``, after the activation.
        """
        slide = self._slider
        planes = self.detection.responses.planes
        groups = self.volume.reshape(planes, -1, *self.volume.shape[1:])
        if slide.dtype.kind == "f":  # the sums that are written out have 64 bits, too
            settings = self.detection.settings
            window = Window(
                self.bank.kernel_size,
                settings.stride,
                settings.dilation,
                settings.padding,
                settings.padding_mode,
            )
            slide = replace(slide, plan=plan_convolution(self.bank, window, np.float64))
        ((low, high),) = slide.needed(start, stop)
        maps = []
        for group in groups:
            out = np.empty((slide.filters, stop - start, slide.shape[2]), slide.dtype)
            block = group[:, low - self.first : high - self.first]
            slide.compute([block], start, stop, out, Memory())
            maps.append(out.astype(np.int64) if out.dtype.kind == "i" else out)
        values = np.concatenate(maps)
        smooth = self.activation not in ("none", "relu")
        return activate(values.astype(np.float64) if smooth else values, self.activation)

    def edge_maps(self, start: int, stop: int) -> list[tuple[str, NDArray[Any]]]:
        """Return rows of every feature map by its name, then of those that are combined of them."""
        maps = self.maps(start, stop)
        named = list(zip(self.bank.names, maps, strict=False))
        for edge_map in self.combined:
            own = maps[edge_map.start : edge_map.stop]
            named.append((edge_map.name, norm_of(own, edge_map)))
        return named


def open_lesson(detection: Detection, source: Source, outputs: Span | None = None) -> Lesson:
    """Read the rows of an image that output rows ``[start, stop)`` need, or all of them."""
    slide = detection.responses.slide
    rows = (0, source.shape[0])
    if outputs is not None and slide is not None:
        (rows,) = slide.needed(*outputs)
    (block,) = source.blocks([rows])
    volume = to_volume(block, detection.responses.channels, detection.settings.background)
    return Lesson(detection, volume, rows[0])


def check_traceable(detection: Detection) -> None:
    """Raise UsageError for contours and networks, which no one window makes."""
    if (network := detection.settings.network) is not None:
        raise UsageError(
            f"{network.name} is a network, no sum of products under one window; "
            f"'edgecli network run' shows what each of its layers makes of an image"
        )
    if (recipe := detection.settings.recipe) is not None:
        raise UsageError(
            f"{recipe.name} is no sum of products under one window; trace one of its filters, "
            f"such as {recipe.bank.names[0]}"
        )


def check_position(output: tuple[int, int], row: int, col: int) -> None:
    """Raise GeometryError where the output, of a height and width, has no such pixel."""
    height, width = output
    if not (0 <= row < height and 0 <= col < width):
        raise GeometryError(
            f"output pixel {row},{col} is outside the {height}×{width} output; "
            f"rows are 0 to {height - 1}, columns 0 to {width - 1}"
        )


def norm_of(responses: NDArray[Any], edge_map: EdgeMap) -> NDArray[Any]:
    """Return how responses ``(n, H, W)`` combine at every pixel, ``(H, W)``."""
    kind = norm_dtype(edge_map.combine, len(responses), np.dtype(np.float64))
    total = np.empty(responses.shape[1:], kind)
    norm(responses.astype(np.float64), edge_map.combine, total, Memory())
    return total


def _combined(edge_map: EdgeMap, responses: Sequence[float]) -> Combined:
    parts = tuple(responses[edge_map.start : edge_map.stop])
    if len(parts) == 1:
        return Combined(edge_map.name, "none", parts, parts[0])
    array = np.array(parts, np.float64)[:, np.newaxis, np.newaxis]
    return Combined(edge_map.name, edge_map.combine, parts, _number(norm_of(array, edge_map)[0, 0]))


def _number(value: Any) -> Any:
    """Return a number as Python has it; a whole one is an int.

    >>> _number(np.float64(3)), _number(0.5)
    (3, 0.5)
    """
    plain = value.item() if isinstance(value, np.generic) else value
    whole = isinstance(plain, float) and plain.is_integer() and abs(plain) < 2**53
    return int(plain) if whole else plain
