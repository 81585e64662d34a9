"""Networks, what they cost and what they made of an image: a layer per row."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

from edgecli.networks.maps import Run
from edgecli.networks.network import LayerFacts, Slide, Summary, padding_words
from edgecli.networks.seeing import Sight
from edgecli.records import dataclass, replace
from edgecli.reports.facts import Parameters, input_facts, warnings_of
from edgecli.reports.formats import Report
from edgecli.reports.tables import Column, Object, Table, one_line, times

SUMMARY_SCHEMA = "edgecli.network/1"
RUN_SCHEMA = "edgecli.network-run/1"


def _names(*titles: str) -> tuple[Column, ...]:
    return tuple(Column(title, rule=" --- ") for title in titles)


def _figures(*titles: str, unit: str = "") -> tuple[Column, ...]:
    return tuple(Column(title, ">", " ---: ", unit) for title in titles)


COLUMNS = (
    *_names("layer", "type"),
    *_figures(
        "kernel",
        "stride",
        "padding",
        "output shape",
        "size",
        "weights",
        "biases",
        "parameters",
        "MACs",
        "field",
        "jump",
    ),
    *_figures("connected", unit="%"),
    *_figures("bytes"),
)
DENSE_COLUMNS = _figures("n_in × n_out", "fully connected", "ratio")
SIGHT_COLUMNS = _figures("output", "sees rows", "sees columns")
WRITTEN = Column("written to", rule=" ---: ")
RUN_COLUMNS = *_names("layer", "type"), *_figures("output shape", "min", "max")
CLASSES = Column("likeliest classes", rule=" --- ")


@dataclass(frozen=True)
class NetworkTotals:
    """The sums over all layers; those of dense layers are None where they are not asked for."""

    parameters: int
    macs: int
    weights: int
    biases: int
    activation_size: int
    memory_bytes: int
    fully_connected_parameters: int | None = None
    fully_connected_ratio: float | None = None


def summary_report(
    summary: Summary, *, compare: bool = False, sights: Sequence[Sight] = ()
) -> Report:
    """Return the report of a network; ``compare`` adds what dense layers would need.

    ``sights`` add what one output sees, and which outputs of the layers before it see that.
    """
    layers, totals = summary.layers, _totals(summary.layers, compare=compare)
    facts = {
        "schema": SUMMARY_SCHEMA,
        "name": summary.name,
        "input_shape": summary.input_shape,
        "layers": [_costs(layer) | (_dense(layer) if compare else {}) for layer in layers],
        "totals": totals,
    }
    columns = COLUMNS + DENSE_COLUMNS * compare
    rows = [row[: len(columns)] for row in (*map(_cells, layers), _total_cells(totals))]
    if sights:
        seen = {sight.name: sight for sight in sights}
        facts["sees"] = [_sees(sight) for sight in sights]
        columns += SIGHT_COLUMNS
        cells = [_sight_cells(seen.get(name)) for name in (*(one.name for one in layers), "")]
        rows = [[*row, *more] for row, more in zip(rows, cells, strict=True)]
    title = f"{summary.name}, input {times(summary.input_shape)}"
    note = "MACs are multiply-adds of weights; bytes are float32 outputs and parameters."
    return Report(facts, Table(columns, rows, title, note))


def _costs(layer: LayerFacts) -> Object:
    return {
        "name": layer.name,
        "type": layer.kind,
        **_slide(layer.slide),
        "output_shape": layer.output_shape,
        "activation_size": layer.activation_size,
        "parameters": Parameters(layer.weights, layer.biases, layer.parameters),
        "macs": layer.macs,
        "receptive_field": layer.receptive_field,
        "jump": _jump(layer),
        "connections_per_output": layer.connections,
        "connection_share": layer.connection_share,
        "memory_bytes": layer.memory,
        "inputs": layer.inputs,
    }


def _slide(slide: Slide | None) -> Object:
    """Return how a window moves; None, too, where there is none."""
    if slide is None:
        return dict.fromkeys(("kernel_size", "stride", "dilation", "padding"))
    sides = zip(("top", "bottom", "left", "right"), slide.padding, strict=True)
    return {
        "kernel_size": slide.kernel_size,
        "stride": slide.stride,
        "dilation": slide.dilation,
        "padding": dict(sides),
    }


def _slide_cells(slide: Slide | None) -> list[object]:
    if slide is None:
        return [None] * 3
    kernel: object = slide.kernel_size
    if max(slide.dilation) > 1:
        kernel = f"{times(slide.kernel_size)} dilated {times(slide.dilation)}"
    return [kernel, slide.stride, padding_words(slide)]


def _sees(sight: Sight) -> Object:
    """Return the first and last row and column that an output sees; those outside are padding."""
    (top, bottom), (left, right) = sight.rows, sight.cols
    return {
        "layer": sight.name,
        "output": sight.output,
        "rows": (top, bottom - 1),
        "columns": (left, right - 1),
    }


def _sight_cells(sight: Sight | None) -> list[object]:
    if sight is None:
        return [None] * 3
    output = "all" if sight.output is None else f"{sight.output[0]},{sight.output[1]}"
    return [output, *(f"{start} to {stop - 1}" for start, stop in (sight.rows, sight.cols))]


def _jump(layer: LayerFacts) -> tuple[float, ...]:
    return tuple(int(jump) if jump == int(jump) else jump for jump in layer.jump)


def _dense(layer: LayerFacts) -> Object:
    """Return what a dense layer would need; None for layers without weights."""
    dense = layer.fully_connected_parameters if layer.weights else None
    ratio = round(dense / layer.parameters, 1) if dense else None
    return {"fully_connected_parameters": dense, "fully_connected_ratio": ratio}


def _totals(layers: Sequence[LayerFacts], *, compare: bool) -> NetworkTotals:
    summed = "parameters", "macs", "weights", "biases", "activation_size", "memory"
    totals = NetworkTotals(*(sum(getattr(layer, name) for layer in layers) for name in summed))
    if not compare:
        return totals
    dense = sum(layer.fully_connected_parameters for layer in layers if layer.weights)
    ratio = round(dense / totals.parameters, 1) if totals.parameters else nan
    return replace(totals, fully_connected_parameters=dense, fully_connected_ratio=ratio)


def _cells(layer: LayerFacts) -> list[object]:
    factors = f"{layer.inputs_size} × {layer.activation_size}" if layer.weights else None
    return [
        layer.name, layer.kind, *_slide_cells(layer.slide), layer.output_shape,
        layer.activation_size, layer.weights, layer.biases, layer.parameters, layer.macs,
        layer.receptive_field, _jump(layer),
        layer.connection_share, layer.memory, factors, *_dense(layer).values(),
    ]  # fmt: skip


def _total_cells(sums: NetworkTotals) -> list[object]:
    return [
        "total", *[None] * 5, sums.activation_size, sums.weights, sums.biases, sums.parameters,
        sums.macs, None, None, None, sums.memory_bytes,
        None, sums.fully_connected_parameters, sums.fully_connected_ratio,
    ]  # fmt: skip


def run_report(run: Run) -> Report:
    """Return the report of a network run on an image."""
    layers = [(m.name, m.kind, m.output_shape, m.smallest, m.largest, m.path) for m in run.layers]
    names = ("name", "type", "output_shape", "min", "max", "output")
    facts = {
        "schema": RUN_SCHEMA,
        "network": run.network,
        "input": input_facts(run.info),
        **({"warnings": told} if (told := warnings_of(run.info)) else {}),
        "random_weights": run.random_weights,
        "layers": [
            {name: fact for name, fact in zip(names, layer, strict=True) if fact is not None}
            for layer in layers
        ],
        **({"classes": run.classes} if run.classes else {}),
        "engine": {"threads": run.threads, "seconds": round(run.seconds, 6)},
    }
    columns, rows = _run_table(run, layers)
    title = one_line(f"{run.network} on {run.info.path}, {times(run.info.shape)}")
    note = f"{run.seconds * 1000:.1f} ms on {run.threads} thread{'s' * (run.threads != 1)}."
    return Report(facts, Table(columns, rows, title, note))


def _run_table(
    run: Run, layers: Sequence[Sequence[object]]
) -> tuple[tuple[Column, ...], list[tuple[object, ...]]]:
    """Return columns and rows: where layers were written if they were, the last one's classes."""
    columns, rows = RUN_COLUMNS, [tuple(layer[:-1]) for layer in layers]
    if run.layers[0].path is not None:
        columns = *columns, WRITTEN
        rows = [
            (*row, m.path and one_line(m.path)) for row, m in zip(rows, run.layers, strict=True)
        ]
    if run.classes:
        columns = *columns, CLASSES
        told = ", ".join(f"{one.name} {one.probability:.2%}" for one in run.classes)
        rows = [*((*row, None) for row in rows[:-1]), (*rows[-1], told)]
    return columns, rows
