"""An example of every step of the package, over maps of any size, for the laws of steps."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

import edgecli
from edgecli.conv import Slide, Slides, slide_over
from edgecli.conv.norms import Norm, Select, Strongest
from edgecli.filters import FilterBank, load_filter
from edgecli.geometry import Window, parse_padding_mode
from edgecli.images.white import Whitened
from edgecli.lines.crossings import Cross
from edgecli.lines.gradients import Direction, Slope
from edgecli.lines.pen import Pen
from edgecli.lines.region import Exclude
from edgecli.lines.ridges import Crest
from edgecli.lines.thinning import Thin
from edgecli.networks import layers
from edgecli.networks.steps import Input, prepare
from edgecli.operators.bank import Volume
from edgecli.operators.colour_gradient import lay_filter
from edgecli.operators.contours import SHRINK, Colours, Divide, Outlines, Steepness, Strength
from edgecli.operators.gaps import Filled, Missing, Spoil
from edgecli.paint.painting import Picture
from edgecli.rows.base import Planes, Step
from edgecli.strokes.locating import CrestPoints, CrossingPoints, LinePoints, SlopePoints

Array = NDArray[Any]

PAPER = (200, 10, 90)
SLOPE = Slope(((1.0, 0.0), (0.0, 0.5)), both=True)
FLOAT, INT16 = np.dtype(np.float32), np.dtype(np.int16)
DOUBLE, INT64 = np.dtype(np.float64), np.dtype(np.int64)


def steps_of_the_package() -> set[type]:
    """Return every class that computes rows and says which it needs, but for the protocol."""
    found = set()
    for module in pkgutil.walk_packages(edgecli.__path__, "edgecli."):
        if not module.name.startswith(("edgecli.training", "edgecli.__main__")):
            for one in vars(import_module(module.name)).values():
                steps = isinstance(one, type) and "compute" in vars(one) and hasattr(one, "needed")
                if steps and Protocol not in one.__bases__:
                    found.add(one)
    return found


@dataclass(frozen=True)
class Example:
    """A step, and the whole of its inputs.

    BLAS may add up floats in another order in matrices of another height, so that the bands of what
    multiplies matrices equal the whole but for rounding: those of ``rounded``.
    """

    step: Step
    inputs: tuple[Planes, ...]
    rounded: bool = False


@dataclass(frozen=True)
class Maker:
    """Draws inputs of the size in question, with ties, flat parts, and NaN among the floats."""

    random: np.random.Generator
    H: int
    W: int

    def bytes(self, channels: int) -> Array:
        """Draw an image."""
        return self.random.integers(0, 256, (channels, self.H, self.W), np.uint8)

    def whole(self, channels: int) -> Array:
        """Draw whole numbers of both signs."""
        return self.random.integers(-3, 4, (channels, self.H, self.W)).astype(np.int16)

    def gaps(self) -> Array:
        """Draw what is missing of an image, 1, where most is there."""
        return (self.random.random(self.size(1)) < 0.05).astype(np.uint8)

    def wide(self, channels: int) -> Array:
        """Draw whole numbers of 64 bits; those of some rows are too large for products."""
        numbers = self.random.integers(-3, 4, (channels, self.H, self.W)) * 2**40
        numbers[:, self.random.random(self.H) < 0.3] += 2**55 + 1
        return numbers

    def floats(self, channels: int, *batch: int) -> Array:
        """Draw floats of both signs."""
        return self.random.standard_normal((channels, self.H, self.W, *batch), np.float32)

    def soft(self) -> Array:
        """Draw one map of 0 to 1 in which many are equal."""
        return self.random.integers(0, 9, (1, self.H, self.W)).astype(np.float32) / 8

    def spoilt(self, channels: int) -> Array:
        """Draw floats, some of which are not finite."""
        values = self.floats(channels)
        values[self.random.random(values.shape) < 0.02] = self.random.choice([np.nan, np.inf])
        return values

    def size(self, channels: int) -> tuple[int, int, int]:
        """Return the shape of so many maps."""
        return channels, self.H, self.W

    def slide(self, spec: str | FilterBank, dtype: Any, depth: int = 1, **window: Any) -> Slide:
        """Lay a filter over the size in question, reflected at the border."""
        bank = load_filter(spec) if isinstance(spec, str) else spec
        reflect = parse_padding_mode("reflect")
        options: dict[str, Any] = {"padding": "same", "padding_mode": reflect} | window
        return slide_over(bank, Window(bank.kernel_size, **options), self.size(depth), dtype)

    def layer(self, layer: layers.Layer, *inputs: Array, batch: int | None = None) -> Example:
        """Lay a layer of a network over its inputs, with weights that are drawn."""
        shapes = [one.shape[:3] for one in inputs]
        if isinstance(layer, layers.Dense):
            shapes = [(one.size // (batch or 1),) for one in inputs]
        wanted = layers.weight_shape(layer, shapes)
        weight = None if wanted is None else self.random.standard_normal(wanted, np.float32)
        bias = None if wanted is None else self.random.standard_normal(wanted[0], np.float32)
        step = prepare(layer, shapes, layer.output_shape(shapes), weight, bias, batch)
        return Example(step, inputs, rounded=wanted is not None)


Make = Callable[[Maker], Example]


def _dense(m: Maker) -> FilterBank:
    """Draw two filters of depth 2."""
    return FilterBank(m.random.integers(-3, 4, (2, 2, 3, 4)).astype(float))


def _seen(m: Maker) -> FilterBank:
    """Draw what two filters of depth 1 see."""
    return FilterBank(m.random.integers(0, 2, (2, 1, 3, 5)).astype(float))


CONVOLUTIONS: dict[str, Make] = {
    "slide of whole numbers": lambda m: Example(m.slide("sobel", np.uint8), (m.bytes(1),)),
    "slide with stride": lambda m: Example(
        m.slide(_dense(m), np.uint8, 2, stride=(2, 3), dilation=(2, 1)), (m.bytes(2),)
    ),
    "slide of increments, around the image": lambda m: Example(
        m.slide("kirsch", np.uint8, padding_mode=parse_padding_mode("circular")), (m.bytes(1),)
    ),
    "slide of products": lambda m: Example(
        m.slide("canny:2", np.float32), (m.floats(1),), rounded=True
    ),
    "slide over what is not finite": lambda m: Example(
        m.slide("canny:1", np.float32), (m.spoilt(1),), rounded=True
    ),
    "slide in the Fourier domain": lambda m: Example(
        m.slide(FilterBank(m.random.normal(size=(1, 1, 13, 13))), np.float32),
        (m.floats(1),),
        rounded=True,
    ),
    "slide over wide numbers": lambda m: Example(
        m.slide(FilterBank(m.random.integers(-3, 4, (1, 1, 7, 9)).astype(float)), INT64),
        (m.wide(1),),
    ),
    "gaps that a channel tells": lambda m: Example(Missing(m.size(1), True), (m.gaps(),)),
    "gaps that are NaN": lambda m: Example(Missing(m.size(1), False), (m.spoilt(3),)),
    "gaps that are filled": lambda m: Example(
        Filled(m.size(3), FLOAT, 1.0), (m.floats(3), m.gaps())
    ),
    "gaps that spoil responses": lambda m: Example(
        Spoil(m.size(4), FLOAT, m.slide(_seen(m), np.uint8)), (m.whole(4), m.gaps())
    ),
    "slide in double precision": lambda m: Example(
        m.slide("canny:2", DOUBLE), (m.floats(1).astype(DOUBLE),), rounded=True
    ),
    "layer of planes": lambda m: Example(
        Slides((m.slide("sobel", np.uint8),) * 3, "relu"), (m.bytes(3),)
    ),
    "layer that sees NaN": lambda m: Example(
        Slides((m.slide("laplacian", np.float32),), "tanh"), (m.spoilt(1),)
    ),
    **{
        f"norm, {how}": lambda m, how=how: Example(  # type: ignore[misc]
            Norm(m.size(3), INT16, how, 2), (m.whole(6),)
        )
        for how in ("magnitude", "max", "sum")
    },
    "norm of wide numbers": lambda m: Example(Norm(m.size(1), INT64, "magnitude", 2), (m.wide(2),)),
    "select": lambda m: Example(Select(m.size(4), INT16, 1, 3), (m.whole(6),)),
    "strongest of one filter": lambda m: Example(
        Strongest(m.size(1), FLOAT, "none"), (m.floats(3),)
    ),
    "strongest of two": lambda m: Example(Strongest(m.size(2), INT16, "magnitude"), (m.whole(6),)),
}

LINES: dict[str, Make] = {
    **{
        f"thin, {sectors=}, {floor=}": lambda m, sectors=sectors, floor=floor: Example(  # type: ignore[misc]
            Thin(m.size(2), FLOAT, SLOPE, floor, sectors), (abs(m.floats(2)), m.floats(4))
        )
        for sectors in (True, False)
        for floor in (0, 1.5)
    },
    "thin, signed": lambda m: Example(
        Thin(m.size(1), INT16, Slope(((1.0,), (0.0,)), both=False), 0, signed=True),
        (m.whole(1),) * 2,
    ),
    "thin, unknown": lambda m: Example(
        Thin(m.size(1), FLOAT, SLOPE, 0, unknown=True), (abs(m.spoilt(1)), m.floats(2))
    ),
    "thin, wide numbers": lambda m: Example(
        Thin(m.size(1), INT64, SLOPE, 2, signed=True), (m.wide(1), m.wide(2))
    ),
    "thin, double precision": lambda m: Example(
        Thin(m.size(1), DOUBLE, SLOPE, 0.5), (abs(m.wide(1)) / 2**40, m.wide(2) / 2**40)
    ),
    "cross, wide numbers": lambda m: Example(
        Cross(m.size(1), 1, 0.5, DOUBLE), (m.wide(1) - 2**55,)
    ),
    "cross": lambda m: Example(Cross(m.size(2), 1, 0.5), (m.whole(2).astype(np.float32),)),
    "crest": lambda m: Example(Crest(m.size(1), 0.1), (m.soft(),)),
    **{
        f"pen of {width}": lambda m, width=width: Example(  # type: ignore[misc]
            Pen(m.size(2), INT16, width, absolute=True), (m.whole(2),)
        )
        for width in (2, 5)
    },
    "pen over what is not finite": lambda m: Example(Pen(m.size(1), FLOAT, 4), (m.spoilt(1),)),
    "exclude": lambda m: Example(
        Exclude(m.size(2), INT16, 2, m.random.random((m.H, m.W)) < 0.5), (m.whole(2),)
    ),
    "direction": lambda m: Example(Direction(m.size(1), SLOPE), (m.whole(1), m.whole(2))),
    "direction of wide numbers": lambda m: Example(
        Direction(m.size(1), SLOPE), (m.whole(1), m.wide(2))
    ),
}

POINTS: dict[str, Make] = {
    "points of slopes": lambda m: Example(
        SlopePoints(Thin(m.size(1), FLOAT, SLOPE, 0.5), "magnitude"), (m.floats(2),)
    ),
    "points of one response": lambda m: Example(
        SlopePoints(
            Thin(m.size(1), INT16, Slope(((1.0,), (0.0,)), both=False), 0, signed=True), "none"
        ),
        (m.whole(1),),
    ),
    "points of the largest, unknown": lambda m: Example(
        SlopePoints(Thin(m.size(1), FLOAT, SLOPE, 0, sectors=True, unknown=True), "max"),
        (m.spoilt(2),),
    ),
    "points of whole numbers": lambda m: Example(
        SlopePoints(Thin(m.size(1), INT16, SLOPE, 1), "max"), (m.whole(2),)
    ),
    "points of crests": lambda m: Example(CrestPoints(Crest(m.size(1), 0.1)), (m.soft(),)),
    "points of crossings": lambda m: Example(
        CrossingPoints(Cross(m.size(1), 1, 0.5), -1.0), (m.whole(1).astype(np.float32),)
    ),
    "points of lines": lambda m: Example(LinePoints(m.size(3)), (m.soft(), m.soft(), m.floats(2))),
}

PICTURES: dict[str, Make] = {
    "picture": lambda m: Example(Picture(m.size(3), PAPER), (m.bytes(4),)),
    "whitened": lambda m: Example(Whitened(m.size(4), 1023.0), (m.bytes(4),)),
    "volume, grey": lambda m: Example(
        Volume(m.size(1), np.dtype(np.uint8), "gray", PAPER), (m.bytes(4),)
    ),
    "volume, wide numbers": lambda m: Example(
        Volume(m.size(1), INT64, "gray", PAPER), (m.wide(3),)
    ),
    "colours": lambda m: Example(Colours(m.size(3), m.H, PAPER), (m.bytes(4),)),
    "colours of blocks": lambda m: Example(
        Colours((1, -(-m.H // SHRINK), -(-m.W // SHRINK)), m.H, PAPER, SHRINK), (m.bytes(2),)
    ),
    "steepness": lambda m: Example(
        Steepness(lay_filter("gradient:1.5", m.H, m.W), directed=True), (m.floats(3),), rounded=True
    ),
    "strength": lambda m: Example(
        Strength(m.size(1), (1.5, 3.0, 6.0)), tuple(abs(m.floats(1)) for _ in range(3))
    ),
    "outlines": lambda m: Example(Outlines(m.size(1)), (m.soft(), m.floats(2))),
    "divide": lambda m: Example(
        Divide(m.size(1)), (m.soft(), m.soft()[:, : -(-m.H // SHRINK), : -(-m.W // SHRINK)])
    ),
}

POOL: dict[str, Any] = {"kernel_size": (3, 2), "stride": (2, 1), "padding": "same"}

NETWORKS: dict[str, Make] = {
    "input": lambda m: Example(Input(m.size(1), 1.0, PAPER, tames=True), (m.spoilt(2),)),
    "convolution": lambda m: m.layer(
        layers.Convolution(4, (3, 3), padding="same", groups=2, activation="sigmoid"), m.floats(4)
    ),
    "convolution of a batch, folded": lambda m: m.layer(
        layers.Convolution(2, (3, 3), padding="same"), m.floats(2, 3), batch=3
    ),
    "convolution of a batch, one by one": lambda m: m.layer(
        layers.Convolution(2, (3, 3), stride=(1, 2), padding="same"), m.floats(2, 3), batch=3
    ),
    "largest": lambda m: m.layer(layers.MaxPool(**POOL), m.floats(2)),
    "mean": lambda m: m.layer(layers.AveragePool(**POOL), m.floats(2, 2), batch=2),
    "mean of what is inside": lambda m: m.layer(
        layers.AveragePool(**POOL, count_padding=False), m.floats(2)
    ),
    "nearest": lambda m: m.layer(layers.Upsample(3, "nearest"), m.floats(2)),
    "bilinear": lambda m: m.layer(layers.Upsample(2, "bilinear"), m.floats(2, 2), batch=2),
    "bilinear, threefold": lambda m: m.layer(layers.Upsample(3, "bilinear"), m.floats(2)),
    "softmax": lambda m: m.layer(layers.Activation("softmax"), m.floats(3)),
    "add": lambda m: m.layer(layers.Add(), *(m.floats(2) for _ in range(3))),
    "mean of maps": lambda m: m.layer(layers.Mean(), m.floats(2), m.floats(2)),
    "concatenate": lambda m: m.layer(layers.Concatenate(), m.floats(1), m.floats(2)),
    "flatten": lambda m: m.layer(layers.Flatten(), m.floats(2)),
    "dense": lambda m: m.layer(layers.Dense(5), m.floats(2).reshape(-1, 1, 1)),
}

EXAMPLES = CONVOLUTIONS | LINES | POINTS | PICTURES | NETWORKS
