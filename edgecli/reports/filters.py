"""The filters that there are, and what is known of one: its numbers, and what they come to."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from edgecli.filters import FilterBank
from edgecli.operators.operators import Operator
from edgecli.reports.facts import Parameters
from edgecli.reports.formats import Report
from edgecli.reports.tables import Object, Row, labelled
from edgecli.reports.texts import (
    LARGEST_SHOWN,
    bank_rows,
    filter_facts,
    layer_facts,
    layers_row,
    parameters_row,
)

LIST_SCHEMA = "edgecli.filters/1"
SHOW_SCHEMA = "edgecli.filter/1"


def list_report(rows: Sequence[Row]) -> Report:
    """Return the report of all filters, by their names and descriptions."""
    filters = [{"name": name, "description": text} for name, text in rows]
    facts = {"schema": LIST_SCHEMA, "filters": filters}
    return Report(facts, labelled(rows), ("name", "description"))


def network_report(
    network: str, name: str, banks: Sequence[FilterBank], steps: str | None
) -> Report:
    """Return the report of a network, without its numbers, which are too many to read."""
    rows = [layers_row(network, banks), parameters_row(*_parameters(banks))]
    rows += [("edge map", steps)] if steps else []
    rows.append(("layers", f"edgecli network summary {name}"))
    return Report(_facts(name, [*map(layer_facts, banks)], banks, steps), labelled(rows))


def bank_report(operator: Operator, name: str, steps: str | None) -> Report:
    """Return the report of an operator: filters, their sums, and how they make an edge map.

    ``steps`` say so for a recipe.
    """
    banks = operator.recipe or (operator.bank,)
    filters = [fact for bank in banks for fact in _filters(bank)]
    edges = steps or _edge_map(operator)
    rows = [*bank_rows(banks), *_rows(banks, name, recipe=steps is not None)]
    rows += [("edge map", edges)] if edges else []
    return Report(_facts(name, filters, banks, edges), labelled(rows))


def _facts(
    name: str, filters: Sequence[Any], banks: Sequence[FilterBank], edges: str | None
) -> Object:
    weights, biases = _parameters(banks)
    facts: Object = {"schema": SHOW_SCHEMA, "name": name, "filters": filters}
    facts["parameters"] = Parameters(weights, biases, weights + biases)
    return facts | ({"edge_map": edges} if edges else {})


def _filters(bank: FilterBank) -> Iterator[Object]:
    """Yield each filter with its numbers; those that are large are exported, not shown."""
    shown = max(bank.kernel_size) <= LARGEST_SHOWN
    for fact, weight, bias in zip(filter_facts(bank), bank.weight, bank.bias, strict=True):
        told: Object = {"name": fact.name, "shape": fact.shape, "rank": fact.rank}
        told |= {"bias": float(bias)} if bank.has_bias else {}
        yield told | {"sum": float(weight.sum())} | ({"kernels": weight.tolist()} if shown else {})


def _rows(banks: Sequence[FilterBank], name: str, *, recipe: bool) -> Iterator[Row]:
    yield parameters_row(*_parameters(banks))
    if any(bank.has_bias for bank in banks):
        yield "bias", ", ".join(f"{value:g}" for bank in banks for value in bank.bias)
    sums = [total for bank in banks for total in bank.weight.sum(axis=(1, 2, 3))]
    yield "sum", ", ".join(f"{value:.6g}" for value in sums)
    large = [bank for bank in banks if max(bank.kernel_size) > LARGEST_SHOWN]
    # A recipe is no bank: its filters are exported by their own names.
    specs = [each for bank in large for each in bank.names] if recipe else [name]
    for spec in specs if large else ():
        yield "weights", f"edgecli filters export {shlex.quote(spec)} -o -"


def _edge_map(operator: Operator) -> str | None:
    if operator.combine == "none":
        return None
    steps = ", thinned and linked by hysteresis" if operator.linked else ""
    return f"{operator.combine} of {' and '.join(operator.bank.names)}{steps}"


def _parameters(banks: Sequence[FilterBank]) -> tuple[int, int]:
    weights, biases = map(sum, zip(*(bank.parameters for bank in banks), strict=True))
    return weights, biases
