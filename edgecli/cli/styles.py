"""``edgecli styles``: the bundles of options that --style names."""

from __future__ import annotations

import click

from edgecli.cli.config import STYLES, as_written, read_config
from edgecli.cli.help import Command
from edgecli.cli.options import REPORTING, Options, options_of
from edgecli.cli.reporting import reporting_apart
from edgecli.reports.formats import Report, write_report
from edgecli.reports.tables import labelled

SCHEMA = "edgecli.styles/1"


@click.command(
    "styles", cls=Command, help="List the styles: bundles of options that --style names."
)
@options_of("options", Options, REPORTING)
def command(options: Options) -> None:
    """Carry out ``edgecli styles``."""
    config = read_config()
    reporting = reporting_apart(options, [config.path] if config.path else [])
    styles = STYLES | config.styles
    rows = [(name, as_written(bundle)) for name, bundle in styles.items()]
    if config.path:
        rows.append(("", f"read {config.path}"))
    if config.defaults:
        rows.append(("defaults", as_written(config.defaults)))
    facts = {"schema": SCHEMA, "styles": styles, "path": config.path, "defaults": config.defaults}
    report = Report(facts, labelled(rows), ("name", "options"))
    write_report(report, reporting.format, reporting.file)
