"""``edgecli tune``: a page in which detector, thresholds and look are chosen by eye."""

from __future__ import annotations

import click

from edgecli.cli import tell
from edgecli.cli.help import Command, examples
from edgecli.cli.options import Options, options_of, written
from edgecli.detect.outputs import check_apart
from edgecli.images.files import check_place
from edgecli.images.white import check_white
from edgecli.records import dataclass


@dataclass(frozen=True)
class TuneOptions:
    """What the page has, as written, and where it goes."""

    filters: tuple[str, ...] = written((), "NAME|FILE|ROWS",
        "A detector of the page. May be given up to eight times.  [default: eight built-in ones]",
        names=("-f", "--filter", "filters"), multiple=True, group="Filter")  # fmt: skip
    output: str = written("", "PAGE.html", "The page to write.", names=("-o", "--output"),
        group="Output", required=True)  # fmt: skip


@click.command(
    "tune",
    cls=Command,
    examples=examples(
        "edgecli tune photo.jpg -o tune.html  # eight detectors to choose from",
        "edgecli tune photo.jpg -f canny:1.4 -f learned -o tune.html  # two",
        'edgecli tune photo.jpg -f "1 0 -1" -o tune.html  # a filter of your own',
    ),
    help="""Write a page in which edges are tuned by eye.

    It has sliders for thresholds, the shortest line, gaps, the stroke and its colours, and gives
    the command that does the same. It needs neither server nor network.
    """,
)
@click.argument("input_path", metavar="IMAGE")
@options_of("wanted", TuneOptions)
@options_of("options", Options, ("white", "max_pixels"))
def command(input_path: str, wanted: TuneOptions, options: Options) -> None:
    """Carry out ``edgecli tune``."""
    from edgecli.pages.tuner import DETECTORS, check_tuner, write_tuner

    detectors = wanted.filters or DETECTORS
    check_tuner(input_path, wanted.output, detectors)
    check_apart(wanted.output, (input_path, *wanted.filters))
    check_place(wanted.output)
    check_white(options.white)
    tell(write_tuner(input_path, wanted.output, detectors, options.max_pixels, options.white))
