"""``edgecli styles``: the bundles of options that --style names."""

from __future__ import annotations

import click

from edgecli.cli.config import STYLES, as_written, read_config
from edgecli.cli.help import Command
from edgecli.reports.formats import print_rows


@click.command(
    "styles", cls=Command, help="List the styles: bundles of options that --style names."
)
def command() -> None:
    """Carry out ``edgecli styles``."""
    config = read_config()
    rows = [(name, as_written(bundle)) for name, bundle in (STYLES | config.styles).items()]
    if config.path:
        rows.append(("", f"read {config.path}"))
    if config.defaults:
        rows.append(("defaults", as_written(config.defaults)))
    print_rows(rows)
