"""``edgecli filters``: the filter bank."""

from __future__ import annotations

import os

import click

from edgecli.cli import refuse_terminal
from edgecli.cli.help import Choice, Group, examples
from edgecli.cli.options import REPORTING, Options, options_of
from edgecli.cli.reporting import reporting_apart
from edgecli.errors import UsageError
from edgecli.filters import (
    BUILTIN_FILTERS,
    FILTER_FORMATS,
    RECIPES,
    dump_filter,
    filter_format,
    load_filter,
)
from edgecli.images.files import whole_file
from edgecli.operators.operators import load_operator
from edgecli.reports.filters import bank_report, list_report, network_report
from edgecli.reports.formats import write_report


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
@options_of("options", Options, REPORTING)
def list_filters(options: Options) -> None:
    """Carry out ``edgecli filters list``."""
    banks = [(entry.usage, entry.description) for entry in BUILTIN_FILTERS.values()]
    recipes = [(name, recipe.description) for name, recipe in RECIPES.items()]
    reporting = reporting_apart(options)
    write_report(list_report([*banks, *recipes]), reporting.format, reporting.file)


@command.command("show", help="Show a filter's kernels, rank, parameters and sum.")
@click.argument("name", metavar="NAME|FILE")
@options_of("options", Options, REPORTING)
def show_filter(name: str, options: Options) -> None:
    """Carry out ``edgecli filters show``."""
    reporting = reporting_apart(options, [name])
    operator = load_operator(name)
    steps = RECIPES[name].steps if name in RECIPES else None
    if operator.network:
        from edgecli.operators.soft import layer_banks, load_edge_network

        network = load_edge_network(operator.network)
        report = network_report(network.name, name, layer_banks(network), steps)
    else:
        report = bank_report(operator, name, steps)
    write_report(report, reporting.format, reporting.file)


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
    format_ = format_ or filter_format(output)
    if output == "-" and format_ in ("npy", "npz"):
        refuse_terminal(format_)
    data = dump_filter(load_filter(name), format_)
    if os.path.isfile(name) and os.path.realpath(name) == os.path.realpath(output):
        raise UsageError(f"output {output} is also the input {name} of this run; give another")
    with whole_file(output) as file:
        file.write(data)
