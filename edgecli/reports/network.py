"""Networks, what they cost and what they made of an image, in every format.

``summary_facts`` and ``run_facts`` make the plain dictionaries of the JSON reports; their keys are
a contract. The tables show the same figures, a layer per line.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from edgecli.networks.maps import LayerMaps, Run
from edgecli.networks.network import LayerFacts, Summary
from edgecli.records import dataclass
from edgecli.reports.facts import Facts
from edgecli.reports.formats import as_json, escaped
from edgecli.reports.table import times

SUMMARY_SCHEMA = "edgecli.network/1"
RUN_SCHEMA = "edgecli.network-run/1"


@dataclass(frozen=True)
class Column:
    """A column of a table: its title, each line's value, and whether values add up to a total."""

    title: str
    value: Callable[[Any], Any]
    adds: bool = False
    unit: str = ""  # "%" for shares


COLUMNS = (
    Column("layer", lambda layer: layer.name),
    Column("type", lambda layer: layer.kind),
    Column("output shape", lambda layer: layer.output_shape),
    Column("size", lambda layer: layer.activation_size, adds=True),
    Column("weights", lambda layer: layer.weights, adds=True),
    Column("biases", lambda layer: layer.biases, adds=True),
    Column("parameters", lambda layer: layer.parameters, adds=True),
    Column("MACs", lambda layer: layer.macs, adds=True),
    Column("field", lambda layer: layer.receptive_field),
    Column("jump", lambda layer: layer.jump),
    Column("connected", lambda layer: layer.connection_share, unit="%"),
    Column("bytes", lambda layer: layer.memory, adds=True),
)

RUN_COLUMNS = (
    Column("layer", lambda maps: maps.name),
    Column("type", lambda maps: maps.kind),
    Column("output shape", lambda maps: maps.output_shape),
    Column("min", lambda maps: finite(maps.smallest)),
    Column("max", lambda maps: finite(maps.largest)),
    Column("written to", lambda maps: maps.path),
)


def dense_factors(layer: LayerFacts) -> str | None:
    """Write the two sizes that a dense layer multiplies; None for layers without weights."""
    return f"{layer.inputs_size} × {layer.activation_size}" if layer.weights else None


def dense_parameters(layer: LayerFacts) -> int | None:
    """Return what a dense layer would need; None for layers without weights."""
    return layer.fully_connected_parameters if layer.weights else None


def ratio(dense: int | None, parameters: int) -> float | None:
    """Return how many times as many parameters a dense layer has, to a tenth."""
    return round(dense / parameters, 1) if dense and parameters else None


DENSE_COLUMNS = (
    Column("n_in × n_out", dense_factors),
    Column("fully connected", dense_parameters, adds=True),
    Column("ratio", lambda layer: ratio(dense_parameters(layer), layer.parameters)),
)


def finite(value: float) -> float | None:
    """Return a number that JSON can hold, None for NaN and infinities."""
    return value if math.isfinite(value) else None


def summary_facts(summary: Summary, *, compare: bool = False) -> Facts:
    """Return the report of a network; ``compare`` adds the dense layers' figures."""
    layers = [_layer_facts(layer, compare=compare) for layer in summary.layers]
    totals: Facts = {
        "parameters": sum(layer.parameters for layer in summary.layers),
        "macs": sum(layer.macs for layer in summary.layers),
        "weights": sum(layer.weights for layer in summary.layers),
        "biases": sum(layer.biases for layer in summary.layers),
        "activation_size": sum(layer.activation_size for layer in summary.layers),
        "memory_bytes": sum(layer.memory for layer in summary.layers),
    }
    if compare:
        dense = sum(dense_parameters(layer) or 0 for layer in summary.layers)
        totals["fully_connected_parameters"] = dense
        totals["fully_connected_ratio"] = ratio(dense, totals["parameters"])
    return {
        "schema": SUMMARY_SCHEMA,
        "name": summary.name,
        "input_shape": list(summary.input_shape),
        "layers": layers,
        "totals": totals,
    }


def _layer_facts(layer: LayerFacts, *, compare: bool) -> Facts:
    facts: Facts = {
        "name": layer.name,
        "type": layer.kind,
        "output_shape": list(layer.output_shape),
        "activation_size": layer.activation_size,
        "parameters": {
            "weights": layer.weights,
            "biases": layer.biases,
            "total": layer.parameters,
        },
        "macs": layer.macs,
        "receptive_field": list(layer.receptive_field),
        "jump": [plain(value) for value in layer.jump],
        "connections_per_output": layer.connections,
        "connection_share": layer.connection_share,
        "memory_bytes": layer.memory,
        "inputs": list(layer.inputs),
    }
    if compare:
        dense = dense_parameters(layer)
        facts["fully_connected_parameters"] = dense
        facts["fully_connected_ratio"] = ratio(dense, layer.parameters)
    return facts


def run_facts(run: Run) -> Facts:
    """Return the report of a network run on an image."""
    info = run.info
    return {
        "schema": RUN_SCHEMA,
        "network": run.network,
        "input": {
            "path": info.path,
            "format": info.format,
            "shape": list(info.shape),
            "dtype": info.dtype,
        },
        "random_weights": run.random_weights,
        "layers": [_maps_facts(maps) for maps in run.layers],
        "engine": {"threads": run.threads, "seconds": round(run.seconds, 6)},
    }


def _maps_facts(maps: LayerMaps) -> Facts:
    return {
        "name": maps.name,
        "type": maps.kind,
        "output_shape": list(maps.output_shape),
        "min": finite(maps.smallest),
        "max": finite(maps.largest),
        "output": maps.path,
    }


def summary_text(
    summary: Summary, format_: str, *, compare: bool = False, room: int | None = None
) -> str:
    """Write a summary as ``table``, ``json``, ``csv`` or ``markdown``.

    ``room`` is how many characters a line of the table may have; None for any number.
    """
    if format_ == "json":
        return as_json([summary_facts(summary, compare=compare)])
    columns = COLUMNS + DENSE_COLUMNS * compare
    title = f"{summary.name}, input {times(summary.input_shape)}"
    note = "MACs are multiply-adds of weights; bytes are float32 outputs and parameters."
    cells = [*_cells(summary.layers, columns), _total(summary, columns)]
    return _text(cells, columns, format_, title, note, room)


def _cells(rows: Sequence[Any], columns: Sequence[Column]) -> list[list[Any]]:
    return [[column.value(row) for column in columns] for row in rows]


def _total(summary: Summary, columns: Sequence[Column]) -> list[Any]:
    """Return the last line: the sums of the columns that add up."""
    sums: dict[str, Any] = {
        column.title: sum(column.value(layer) or 0 for layer in summary.layers)
        for column in columns
        if column.adds
    }
    sums["layer"] = "total"
    sums["ratio"] = ratio(sums.get("fully connected"), sums["parameters"])
    return [sums.get(column.title) for column in columns]


def run_text(run: Run, format_: str, *, room: int | None = None) -> str:
    """Write what a run made, in the same formats."""
    if format_ == "json":
        return as_json([run_facts(run)])
    title = f"{run.network} on {run.info.path}, {times(run.info.shape)}"
    threads = "1 thread" if run.threads == 1 else f"{run.threads} threads"
    note = f"{run.seconds * 1000:.1f} ms on {threads}."
    return _text(_cells(run.layers, RUN_COLUMNS), RUN_COLUMNS, format_, title, note, room)


def _text(
    cells: Sequence[Sequence[Any]],
    columns: Sequence[Column],
    format_: str,
    title: str,
    note: str,
    room: int | None,
) -> str:
    titles = [column.title for column in columns]
    if format_ == "csv":
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerows([titles, *([_bare(cell) for cell in line] for line in cells)])
        return out.getvalue()
    texts = [
        [_shown(cell, column.unit) for cell, column in zip(line, columns, strict=True)]
        for line in cells
    ]
    lines = _markdown(titles, texts) if format_ == "markdown" else _aligned(titles, texts, room)
    return "\n".join([title, "", *lines, "", note]) + "\n"


def _aligned(titles: Sequence[str], texts: Sequence[Sequence[str]], room: int | None) -> list[str]:
    """Write columns that line up: names at the left, figures at the right."""
    columns = [[*column] for column in zip(titles, *texts, strict=True)]
    for n, column in enumerate(columns):
        width = max(map(len, column))
        left = n < 2 or titles[n] == "written to"
        columns[n] = [text.ljust(width) if left else text.rjust(width) for text in column]
    lines: list[str] = []
    for block in _blocks([len(column[0]) for column in columns], room):
        lines += [""] if lines else []
        rows = zip(*(columns[n] for n in block), strict=True)
        lines += ["  ".join(row).rstrip() for row in rows]
    return lines


def _blocks(widths: Sequence[int], room: int | None) -> Iterator[list[int]]:
    """Part columns among blocks that have room beside one another, each led by the first column.

    >>> list(_blocks([5, 4, 9, 3], None)), list(_blocks([5, 4, 9, 3], 21))
    ([[0, 1, 2, 3]], [[0, 1], [0, 2, 3]])
    """
    block = [0]
    for n in range(1, len(widths)):
        together = sum(widths[m] + 2 for m in (*block, n)) - 2
        if room is not None and together > room and len(block) > 1:
            yield block
            block = [0]
        block.append(n)
    yield block


def _markdown(titles: Sequence[str], texts: Sequence[Sequence[str]]) -> list[str]:
    rule = ["---" if n < 2 else "---:" for n in range(len(titles))]
    cells = [[escaped(text) for text in line] for line in texts]
    return [f"| {' | '.join(line)} |" for line in (titles, rule, *cells)]


def plain(value: float) -> float:
    """Return whole numbers as int."""
    return int(value) if value == int(value) else value


def _bare(value: Any) -> str:
    """Write a value for machines: no separators of thousands, nothing for None."""
    match value:
        case None:
            return ""
        case tuple():
            return "×".join(str(plain(item)) for item in value)
    return str(value)


def _shown(value: Any, unit: str) -> str:
    """Write a value for people."""
    match value:
        case int():
            return f"{value:,}"
        case float() if unit == "%":
            return f"{value:.2%}"
        case float():
            return f"{value:,.6g}" if abs(value) < 1e5 else f"{value:,.1f}"
    return _bare(value)
