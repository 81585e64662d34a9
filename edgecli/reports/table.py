"""The report for people: each fact a label and a text, formulas filled in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from edgecli.detect.jobs import Result
from edgecli.detect.sheet import Sheet
from edgecli.filters import FilterBank
from edgecli.geometry import Axis
from edgecli.reports.facts import Facts, image_facts, layer_facts, sheet_facts

LARGEST_SHOWN = 9
"""Kernels of more rows or columns than this are described, not written out."""

CONTROLS = dict.fromkeys({*range(32), *range(127, 160)} - {ord("\n")})
"""What a file's name may hold and no table shows: a terminal would obey it."""


def table_rows(result: Result) -> list[tuple[str, str]]:
    """Return the report of one image as labels and texts; a text may have several lines."""
    facts = image_facts(result)
    return [("input", _input(facts)), *_result_rows(result, facts)]


def sheet_rows(sheet: Sheet) -> list[tuple[str, str]]:
    """Return the report of one contact sheet: the input, and what was done for every tile."""
    facts = sheet_facts(sheet)
    tiles = zip(sheet.results, facts["tiles"], strict=True)
    told = [row for result, tile in tiles for row in _result_rows(result, tile)]
    return [("input", _input(facts)), *told]


def _result_rows(result: Result, facts: Facts) -> list[tuple[str, str]]:
    return [
        *_filters(result),
        ("slides over", _volume(facts)),
        *_sizes(result, facts),
        *_costs(facts),
        *_nans(facts),
        ("engine", _engine(facts)),
        *_outputs(facts),
    ]


def as_text(rows: Sequence[tuple[str, str]]) -> str:
    """Return labels and texts in two columns, as files and pipes take them: never cut or folded.

    >>> print(as_text([("input", "a.png"), ("filter", "1  2"), ("filter", "3  4")]), end="")
    input   a.png
    filter  1  2
            3  4
    """
    width = max((len(label) for label, _ in rows), default=0)
    text, previous = "", ""
    for label, lines in rows:
        shown = "" if label == previous else label
        for line in lines.split("\n"):
            text += f"{shown:{width}}  {line}".rstrip() + "\n"
            shown = ""
        previous = label
    return text


def times(sizes: list[int] | tuple[int, ...]) -> str:
    """Write a shape.

    >>> times([480, 640, 1])
    '480×640×1'
    """
    return "×".join(str(size) for size in sizes)


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


def kernel_lines(kernel: Any) -> list[str]:
    """Write a kernel ``(kH, kW)`` in columns that line up.

    >>> kernel_lines([[1.0, 0.0], [-10.0, 0.5]])
    ['   1    0', ' -10  0.5']
    """
    texts = [[f"{value:.6g}" for value in row] for row in kernel]
    width = max(len(text) for row in texts for text in row)
    return [" ".join(f"{text:>{width + 1}}" for text in row) for row in texts]


def bank_lines(bank: FilterBank, largest: int = LARGEST_SHOWN) -> Iterator[tuple[str, str]]:
    """Yield each filter's name and shape, and its kernels where they are small."""
    for name, weight, rank in zip(bank.names, bank.weight, bank.ranks, strict=True):
        C, H, W = weight.shape
        lines = [f"{name} {H}×{W}×{C}, rank {rank}"]
        if max(H, W) <= largest:
            alike = (weight == weight[0]).all()
            for channel, kernel in enumerate(weight[:1] if alike else weight):
                lines += [f"channel {channel}:"] if not alike else []
                lines += kernel_lines(kernel)
        yield "filter", "\n".join(lines)


def layer_lines(name: str, banks: Sequence[FilterBank]) -> tuple[str, str]:
    """Return a network's name with a line for the filters of each layer."""
    facts = [layer_facts(bank) for bank in banks]
    width = max(len(fact["name"]) for fact in facts)
    lines = (
        f"  {fact['name']:{width}} {fact['count']:4} of {times(fact['shape'])}" for fact in facts
    )
    return "network", "\n".join([f"{name}, filters of {len(facts)} layers", *lines])


def _input(facts: Facts) -> str:
    image = facts["input"]
    return f"{image['path']}: {image['format']} {times(image['shape'])} {image['dtype']}"


def _filters(result: Result) -> Iterator[tuple[str, str]]:
    banks, network = result.detection.responses.account().banks, result.detection.settings.network
    if network is not None:
        yield layer_lines(network.name, banks)
        return
    for bank in banks:
        yield from bank_lines(bank)


def _volume(facts: Facts) -> str:
    padding = facts["padding"]
    sides = ",".join(str(padding[side]) for side in ("top", "bottom", "left", "right"))
    return (
        f"{times(facts['convolved_shape'])} ({facts['channels']}) by {facts['operation']}, "
        f"stride {times(facts['stride'])}, dilation {times(facts['dilation'])}, "
        f"padding {sides} {padding['mode']}"
    )


def _sizes(result: Result, facts: Facts) -> Iterator[tuple[str, str]]:
    geometry = result.detection.responses.account().geometry
    yield "height", output_formula(geometry.rows)
    yield "width", output_formula(geometry.cols)
    yield "feature maps", times(facts["output_shape"])


def _costs(facts: Facts) -> Iterator[tuple[str, str]]:
    parameters, dense = facts["parameters"], facts["fully_connected_parameters"]
    weights, biases, total = (parameters[key] for key in ("weights", "biases", "total"))
    ratio = dense // max(total, 1)
    yield "parameters", f"{weights:,} weights + {biases:,} biases = {total:,}"
    yield "fully connected", f"{dense:,} parameters, {ratio:,} times as many"
    yield "MACs", f"{facts['macs']:,} multiply-adds, bias excluded"
    field, connections = facts["receptive_field"], facts["connections_per_output"]
    yield "receptive field", f"{times(field)}, {connections:,} connections per output"


def _nans(facts: Facts) -> Iterator[tuple[str, str]]:
    if nan := facts.get("nan"):
        yield "NaN", f"{nan['samples']:,} samples, {nan['policy']}"


def _engine(facts: Facts) -> str:
    engine = facts["engine"]
    text = f"{engine['method']}, {engine['accumulator']} ({engine['reason']})"
    if "seconds" in engine:
        threads = "1 thread" if engine["threads"] == 1 else f"{engine['threads']} threads"
        return f"{text}, {threads}, {engine['seconds'] * 1000:.1f} ms"
    return f"{text}, bands of {engine['band_rows']} rows"


def _outputs(facts: Facts) -> Iterator[tuple[str, str]]:
    for output in facts.get("outputs") or [facts["output"]]:
        combine = f", combine {output['combine']}" if "combine" in output else ""
        text = f"{output['path']}: {output['dtype']}, map {output['map']}{combine}{_lines(output)}"
        if "min" in output:
            text += f", responses {_value(output['min'])} … {_value(output['max'])}"
            if "clipped_fraction" in output:
                text += f", {output['clipped_fraction']:.2%} clipped"
            text += f", {output['nan']:,} NaN" if "nan" in output else ""
        yield "output", text + ", kept as it was" * output.get("kept", False)


def _lines(output: Facts) -> str:
    """Say how the edges were thinned and which were kept."""
    text = f", {output['thinning']}" if "thinning" in output else ""
    threshold = output.get("threshold")
    if threshold is None:
        return text
    text += f", threshold {threshold['method']}"
    if threshold.get("low") is None:
        return text
    low, high = _value(threshold["low"]), _value(threshold["high"])
    return f"{text} (over {low})" if low == high else f"{text} (over {low} beside {high})"


def _value(number: float | None) -> str:
    return "none" if number is None else f"{number:.6g}"
