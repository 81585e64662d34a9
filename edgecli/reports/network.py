"""Networks, what they cost and what they made of an image: a layer per row."""

from __future__ import annotations

from collections.abc import Sequence

from edgecli.networks.maps import Run
from edgecli.networks.network import LayerFacts, Summary
from edgecli.reports.facts import Parameters, input_facts
from edgecli.reports.formats import Report
from edgecli.reports.tables import Column, Object, Table, times
from edgecli.reports.texts import threads_text

SUMMARY_SCHEMA = "edgecli.network/1"
RUN_SCHEMA = "edgecli.network-run/1"


def _names(*titles: str) -> tuple[Column, ...]:
    return tuple(Column(title, rule=" --- ") for title in titles)


def _figures(*titles: str, unit: str = "") -> tuple[Column, ...]:
    return tuple(Column(title, ">", " ---: ", unit) for title in titles)


COLUMNS = (
    *_names("layer", "type"),
    *_figures("output shape", "size", "weights", "biases", "parameters", "MACs", "field", "jump"),
    *_figures("connected", unit="%"),
    *_figures("bytes"),
)
DENSE_COLUMNS = _figures("n_in × n_out", "fully connected", "ratio")
RUN_COLUMNS = (
    *_names("layer", "type"),
    *_figures("output shape", "min", "max"),
    Column("written to", rule=" ---: "),
)


def summary_report(summary: Summary, *, compare: bool = False) -> Report:
    """Return the report of a network; ``compare`` adds the dense layers' figures."""
    totals = _totals(summary.layers)
    facts = {
        "schema": SUMMARY_SCHEMA,
        "name": summary.name,
        "input_shape": summary.input_shape,
        "layers": [_compared(_costs(layer), compare=compare) for layer in summary.layers],
        "totals": _compared(totals, compare=compare),
    }
    columns = COLUMNS + DENSE_COLUMNS * compare
    cells = [*map(_cells, summary.layers), _total_cells(totals)]
    return Report(
        facts,
        Table(
            columns,
            [row[: len(columns)] for row in cells],
            f"{summary.name}, input {times(summary.input_shape)}",
            "MACs are multiply-adds of weights; bytes are float32 outputs and parameters.",
        ),
    )


def _compared(facts: Object, *, compare: bool) -> Object:
    """Return facts without those of dense layers, unless they are asked for."""
    return {
        name: fact
        for name, fact in facts.items()
        if compare or not name.startswith("fully_connected_")
    }


def _costs(layer: LayerFacts) -> Object:
    return {
        "name": layer.name,
        "type": layer.kind,
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
        "fully_connected_parameters": _dense(layer),
        "fully_connected_ratio": _ratio(_dense(layer), layer.parameters),
    }


def _totals(layers: Sequence[LayerFacts]) -> Object:
    dense = sum(_dense(layer) or 0 for layer in layers)
    parameters = sum(layer.parameters for layer in layers)
    return {
        "parameters": parameters,
        "macs": sum(layer.macs for layer in layers),
        "weights": sum(layer.weights for layer in layers),
        "biases": sum(layer.biases for layer in layers),
        "activation_size": sum(layer.activation_size for layer in layers),
        "memory_bytes": sum(layer.memory for layer in layers),
        "fully_connected_parameters": dense,
        "fully_connected_ratio": _ratio(dense, parameters),
    }


def _cells(layer: LayerFacts) -> list[object]:
    factors = f"{layer.inputs_size} × {layer.activation_size}" if layer.weights else None
    return [
        layer.name, layer.kind, layer.output_shape, layer.activation_size, layer.weights,
        layer.biases, layer.parameters, layer.macs, layer.receptive_field, _jump(layer),
        layer.connection_share, layer.memory,
        factors, _dense(layer), _ratio(_dense(layer), layer.parameters),
    ]  # fmt: skip


def _total_cells(totals: Object) -> list[object]:
    named = ("activation_size", "weights", "biases", "parameters", "macs")
    dense = totals["fully_connected_parameters"], totals["fully_connected_ratio"]
    sums = [totals[name] for name in named]
    return ["total", None, None, *sums, None, None, None, totals["memory_bytes"], None, *dense]


def _jump(layer: LayerFacts) -> tuple[float, ...]:
    return tuple(int(jump) if jump == int(jump) else jump for jump in layer.jump)


def _dense(layer: LayerFacts) -> int | None:
    """Return what a dense layer would need; None for layers without weights."""
    return layer.fully_connected_parameters if layer.weights else None


def _ratio(dense: int | None, parameters: int) -> float | None:
    """Return how many times as many parameters a dense layer has, to a tenth."""
    return round(dense / parameters, 1) if dense and parameters else None


def run_report(run: Run) -> Report:
    """Return the report of a network run on an image."""
    rows = [(m.name, m.kind, m.output_shape, m.smallest, m.largest, m.path) for m in run.layers]
    names = ("name", "type", "output_shape", "min", "max", "output")
    facts = {
        "schema": RUN_SCHEMA,
        "network": run.network,
        "input": input_facts(run.info),
        "random_weights": run.random_weights,
        "layers": [dict(zip(names, row, strict=True)) for row in rows],
        "engine": {"threads": run.threads, "seconds": round(run.seconds, 6)},
    }
    title = f"{run.network} on {run.info.path}, {times(run.info.shape)}"
    note = f"{run.seconds * 1000:.1f} ms on {threads_text(run.threads)}."
    return Report(facts, Table(RUN_COLUMNS, rows, title, note))
