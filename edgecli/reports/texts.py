"""What reports say to people of filters and of one image's facts: labels and texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import hypot, isfinite
from numbers import Integral
from typing import TYPE_CHECKING, Any

from edgecli.filters import FilterBank
from edgecli.geometry import Axis
from edgecli.reports.facts import (
    EngineFacts,
    FilterFacts,
    ImageFacts,
    InputFacts,
    OutputFacts,
    PaddingFacts,
    PlaceFacts,
    Shape,
)
from edgecli.reports.tables import Row, times

if TYPE_CHECKING:
    from edgecli.strokes.measures import Measures

LARGEST_SHOWN = 9
"""Kernels of more rows or columns than this are described, not written out."""


def output_formula(axis: Axis) -> str:
    """Write the formula of an output size, filled in.

    >>> output_formula(Axis(480, 3, before=1, after=1))
    '⌊(480 + 2·1 − 3)/1⌋ + 1 = 480'
    >>> output_formula(Axis(5, 2, stride=2, before=0, after=1))
    '⌊(5 + 0 + 1 − 2)/2⌋ + 1 = 3'
    """
    both = axis.before == axis.after
    padding = f"2·{axis.before}" if both else f"{axis.before} + {axis.after}"
    return f"⌊({axis.size} + {padding} − {axis.span})/{axis.stride}⌋ + 1 = {axis.output}"


def number_text(number: Any, digits: int = 6) -> str:
    """Write a number with so many digits, one of an integer type with all.

    >>> number_text(100_000_001), number_text(100_000_001.5)
    ('100000001', '1e+08')
    """
    return f"{number:d}" if isinstance(number, Integral) else f"{number:.{digits}g}"


def place_text(told: PlaceFacts) -> str:
    """Write where an edge map lies.

    >>> place_text(PlaceFacts("EPSG:32632", (20, 0, 399960, 0, -20, 5000040), True))
    'EPSG:32632, pixels of 20 × 20, the upper left corner at 399960, 5000040'
    """
    text = told.crs or "coordinates whose system is not said"
    if told.transform is not None:
        a, b, c, d, e, f = told.transform
        wide, high = (number_text(size, 12) for size in (hypot(a, d), hypot(b, e)))
        corner = ", ".join(number_text(number, 12) for number in (c, f))
        text += f", pixels of {wide} × {high}, the upper left corner at {corner}"
    return text if told.written else f"{text}; not written: --world-file does, or --format tiff"


def kernel_lines(kernel: Any) -> list[str]:
    """Write a kernel ``(kH, kW)`` in columns that line up.

    >>> kernel_lines([[1.0, 0.0], [-10.0, 0.5]])
    ['   1    0', ' -10  0.5']
    """
    texts = [[number_text(value) for value in row] for row in kernel]
    width = max(len(text) for row in texts for text in row)
    return [" ".join(f"{text:>{width + 1}}" for text in row) for row in texts]


def map_lines(numbers: Any) -> list[str]:
    """Write a map of numbers ``(H, W)``, each column as wide as it must be.

    >>> map_lines([[0, 30], [-10, 0]])
    ['  0 30', '-10  0']
    """
    columns = [[number_text(value) for value in column] for column in zip(*numbers, strict=True)]
    padded = [[f"{text:>{max(map(len, column))}}" for text in column] for column in columns]
    return [" ".join(row) for row in zip(*padded, strict=True)]


def filter_facts(bank: FilterBank) -> list[FilterFacts]:
    """Return a fact for every filter of a bank."""
    _, depth, *size = bank.shape
    named = zip(bank.names, bank.ranks, strict=True)
    return [FilterFacts(name, (*size, depth), rank) for name, rank in named]


def layer_facts(bank: FilterBank) -> FilterFacts:
    """Return what the filters of one layer have in common; their rank is the largest."""
    count, depth, *size = bank.shape
    name, _, _ = bank.names[0].rpartition("-")
    return FilterFacts(name, (*size, depth), max(bank.ranks), count)


def filter_text(facts: FilterFacts) -> str:
    """Return a filter's name, shape and rank; of those of a layer how many there are."""
    if facts.count is not None:
        return f"{facts.name}: {facts.count} of {times(facts.shape)}"
    return f"{facts.name} {times(facts.shape)}, rank {facts.rank}"


def bank_rows(banks: Iterable[FilterBank]) -> Iterator[Row]:
    """Yield each filter's name and shape, and its kernels where they are small."""
    for bank in banks:
        for facts, weight in zip(filter_facts(bank), bank.weight, strict=True):
            lines = [filter_text(facts)]
            if max(bank.kernel_size) <= LARGEST_SHOWN:
                alike = (weight == weight[0]).all()
                for channel, kernel in enumerate(weight[:1] if alike else weight):
                    lines += [f"channel {channel}:"] if not alike else []
                    lines += kernel_lines(kernel)
            yield "filter", "\n".join(lines)


def layers_row(name: str, banks: Sequence[FilterBank]) -> Row:
    """Return a network's name with a line for the filters of each layer."""
    layers = [layer_facts(bank) for bank in banks]
    width = max(len(layer.name) for layer in layers)
    lines = (f"  {each.name:{width}} {each.count:4} of {times(each.shape)}" for each in layers)
    return "network", "\n".join([f"{name}, filters of {len(layers)} layers", *lines])


def parameters_row(weights: int, biases: int) -> Row:
    """Return how many parameters there are."""
    return "parameters", f"{weights:,} weights + {biases:,} biases = {weights + biases:,}"


def image_text(facts: InputFacts) -> str:
    """Return an image's format, shape and type."""
    return f"{facts.format} {times(facts.shape)} {facts.dtype}"


def way_texts(facts: ImageFacts) -> tuple[str, str, str]:
    """Return what the filters slide over, in which steps, and what is added around it."""
    return (
        f"{times(facts.convolved_shape)} ({facts.channels}) by {facts.operation}",
        f"{times(facts.stride)}, dilation {times(facts.dilation)}",
        padding_text(facts.padding),
    )


def padding_text(facts: PaddingFacts) -> str:
    """Return how many pixels are added on each side, and what they are."""
    return f"{facts.top},{facts.bottom},{facts.left},{facts.right} {facts.mode}"


def cost_rows(facts: ImageFacts) -> Iterator[Row]:
    """Yield what the filters cost, and what a dense layer would."""
    parameters, dense = facts.parameters, facts.fully_connected_parameters
    yield parameters_row(parameters.weights, parameters.biases)
    ratio = dense // max(parameters.total, 1)
    yield "fully connected", f"{dense:,} parameters, {ratio:,} times as many"
    yield from work_rows(facts.macs, facts.receptive_field, facts.connections_per_output)


def work_rows(macs: int, field: Shape, connections: int) -> Iterator[Row]:
    """Yield what is computed for all outputs, and what each depends on."""
    yield "MACs", f"{macs:,} multiply-adds, bias excluded"
    yield "receptive field", f"{times(field)}, {connections:,} connections per output"


def nan_rows(facts: ImageFacts) -> Iterator[Row]:
    """Yield what is no data, and how many samples were NaN, where that was counted."""
    if facts.no_data is not None:
        told = facts.no_data
        pixels = "" if told.pixels is None else f"{told.pixels:,} pixels, "
        yield "no data", f"{told.what}: {pixels}{told.policy}"
    if facts.nan is not None:
        yield "NaN", f"{facts.nan.samples:,} samples, {facts.nan.policy}"


def held_text(held: int) -> str:
    """Say what an image takes that can only be read whole.

    >>> held_text(4_160_000_000), held_text(1000)
    ('the image is held whole: about 4.2 GB', 'the image is held whole: less than 1 MB')
    """
    if held < 10**6:
        return "the image is held whole: less than 1 MB"
    size = f"{held / 1e9:.1f} GB" if held >= 10**9 else f"{held / 1e6:,.0f} MB"
    return f"the image is held whole: about {size}"


def engine_text(facts: EngineFacts, *, why: bool) -> str:
    """Return how a convolution was computed or, without a time, in which bands it will be."""
    text = f"{facts.method}, {facts.accumulator}" + f" ({facts.reason})" * why
    if facts.threads is not None and facts.seconds is not None:
        threads = f"{facts.threads} thread{'s' * (facts.threads != 1)}"
        return f"{text}, {threads}, {facts.seconds * 1000:.1f} ms"
    return text + f", bands of {facts.band_rows} rows" * why


def output_text(facts: OutputFacts) -> str:
    """Return what is known of an edge map."""
    what = "strokes" if facts.dtype is None else f"{facts.dtype}, map {facts.map}"
    text = f"{facts.path}: {what}"
    text += f", combine {facts.combine}" if facts.combine else ""
    text += f", {facts.thinning}" if facts.thinning else ""
    text += _threshold_text(facts)
    if facts.min is not None and facts.max is not None:
        text += f", responses {_value(facts.min)} … {_value(facts.max)}"
    if facts.clipped_fraction is not None:
        text += f", {facts.clipped_fraction:.2%} clipped"
    text += f", {facts.nan:,} without data" if facts.nan else ""
    text += f"; {strokes_text(facts.strokes)}" if facts.strokes else ""
    return text + ", kept as it was" * bool(facts.kept)


def strokes_text(strokes: Measures) -> str:
    """Return how many strokes there are, how long, and how far a pen travels between them.

    >>> from edgecli.strokes.measures import Measures
    >>> strokes_text(Measures(1200, 3, 5000, 81234.4, 310.5, 9000.6))
    '1,200 strokes (3 closed) of 5,000 points, 81,234.4 px long (310.5 at most), pen up 9,000.6 px'
    """
    length, longest, pen_up = (
        f"{value:,.1f}" for value in (strokes.length, strokes.longest, strokes.pen_up)
    )
    return (
        f"{strokes.count:,} stroke{'s' * (strokes.count != 1)} ({strokes.closed:,} closed) of "
        f"{strokes.points:,} point{'s' * (strokes.points != 1)}, {length} px long ({longest} at "
        f"most), pen up {pen_up} px"
    )


def _threshold_text(facts: OutputFacts) -> str:
    """Say which edges were kept: those over a strength, or over two of which one is beside."""
    if (threshold := facts.threshold) is None:
        return ""
    text = f", threshold {threshold.method}"
    if threshold.low is None or threshold.high is None or not isfinite(threshold.low):
        return text
    low, high = _value(threshold.low), _value(threshold.high)
    return f"{text} (over {low}" + f" beside {high}" * (low != high) + ")"


def _value(number: float) -> str:
    return number_text(number) if isfinite(number) else "none"
