"""``edgecli filters``: the filter bank."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence

import click

from edgecli.cli import refuse_terminal
from edgecli.cli.help import Choice, Group, examples
from edgecli.errors import UsageError
from edgecli.filters import (
    BUILTIN_FILTERS,
    FILTER_FORMATS,
    RECIPES,
    FilterBank,
    dump_filter,
    filter_format,
    load_filter,
)
from edgecli.images.files import whole_file
from edgecli.operators.operators import Operator, load_operator
from edgecli.reports.formats import print_rows
from edgecli.reports.tables import Row
from edgecli.reports.texts import LARGEST_SHOWN, bank_rows, layers_row, parameters_row


@click.group(
    "filters",
    cls=Group,
    examples=examples(
        "edgecli filters list  # every built-in one",
        "edgecli filters show scharr-x  # its numbers",
        "edgecli filters export log:1.4 -o log.json  # to a file",
    ),
    help="List, show and export filters.",
)
def command() -> None:
    """Carry out ``edgecli filters``."""


@command.command("list", help="List the built-in filters and operators.")
def list_filters() -> None:
    """Carry out ``edgecli filters list``."""
    banks = [(entry.usage, entry.description) for entry in BUILTIN_FILTERS.values()]
    recipes = [(name, recipe.description) for name, recipe in RECIPES.items()]
    print_rows([*banks, *recipes])


@command.command("show", help="Show a filter's kernels, rank, parameters and sum.")
@click.argument("name", metavar="NAME|FILE")
def show_filter(name: str) -> None:
    """Carry out ``edgecli filters show``."""
    operator = load_operator(name)
    network = operator.network
    print_rows(_of_network(network, name) if network else _of_banks(operator, name))


def _of_network(spec: str, name: str) -> Iterator[Row]:
    """Yield what a network is, without its numbers, which are too many to read."""
    from edgecli.operators.soft import layer_banks, load_edge_network

    network = load_edge_network(spec)
    banks = layer_banks(network)
    yield layers_row(network.name, banks)
    yield _parameters(banks)
    if name in RECIPES:
        yield "edge map", RECIPES[name].steps
    yield "layers", f"edgecli network summary {name}"


def _of_banks(operator: Operator, name: str) -> Iterator[Row]:
    """Yield filters, their sums, and how they make an edge map."""
    banks = operator.recipe or (operator.bank,)
    yield from bank_rows(banks)
    yield _parameters(banks)
    if any(bank.has_bias for bank in banks):
        yield "bias", ", ".join(f"{value:g}" for bank in banks for value in bank.bias)
    sums = [total for bank in banks for total in bank.weight.sum(axis=(1, 2, 3))]
    yield "sum", ", ".join(f"{value:.6g}" for value in sums)
    large = [bank for bank in banks if max(bank.kernel_size) > LARGEST_SHOWN]
    # A recipe is no bank: its filters are exported by their own names.
    specs = [each for bank in large for each in bank.names] if name in RECIPES else [name]
    for spec in specs if large else ():
        yield "weights", f"edgecli filters export {shlex.quote(spec)} -o -"
    if name in RECIPES:
        yield "edge map", RECIPES[name].steps
    elif operator.combine != "none":
        steps = ", thinned and linked by hysteresis" if operator.linked else ""
        yield "edge map", f"{operator.combine} of {' and '.join(operator.bank.names)}{steps}"


def _parameters(banks: Sequence[FilterBank]) -> Row:
    weights, biases = map(sum, zip(*(bank.parameters for bank in banks), strict=True))
    return parameters_row(weights, biases)


@command.command(
    "export",
    help="""Write a filter's or an operator's weights to a file.

    detect -f reads a filter back the same; an operator comes back as its filters alone, which
    --combine combines.
    """,
)
@click.argument("name", metavar="NAME|FILE")
@click.option("-o", "--output", required=True, metavar="FILE|-", help="Where to write.")
@click.option("--format", "format_", type=Choice(list(FILTER_FORMATS)),
              help="[default: by the output's extension]")  # fmt: skip
def export_filter(name: str, output: str, format_: str | None) -> None:
    """Carry out ``edgecli filters export``."""
    format_ = format_ or ("txt" if output == "-" else filter_format(output))
    if output == "-" and format_ in ("npy", "npz"):
        refuse_terminal(format_)
    data = dump_filter(load_filter(name), format_)
    if os.path.isfile(name) and os.path.realpath(name) == os.path.realpath(output):
        raise UsageError(f"output {output} is also the input {name} of this run; give another")
    with whole_file(output) as file:
        file.write(data)
