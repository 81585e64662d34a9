"""``edgecli network``: stacks of layers, counted and run."""

from __future__ import annotations

import os
import re
from contextlib import closing

import click

from edgecli.cli import tell
from edgecli.cli.help import Choice, Group, examples
from edgecli.cli.options import REPORTING, Options, options_of, with_options
from edgecli.cli.reporting import reporting_apart
from edgecli.detect.outputs import check_apart
from edgecli.errors import UsageError
from edgecli.images.files import is_device, open_images, whole_file
from edgecli.images.made_by import MadeBy
from edgecli.images.sources import upright
from edgecli.networks import load_network
from edgecli.networks.comparing import draw_comparison
from edgecli.networks.drawing import draw_network
from edgecli.networks.field_picture import look_at, picture_format, shown_to, write_field
from edgecli.networks.maps import describe_run, output_paths
from edgecli.networks.network import Network, Summary
from edgecli.networks.seeing import Sight, look
from edgecli.networks.weights import random_weights
from edgecli.records import replace
from edgecli.reports.formats import write_report
from edgecli.reports.network import run_report, summary_report

SEED = 0

SUMMARY_OPTIONS = (
    click.option("--input", "input_", metavar="HxWxC",
                 help="The input's shape.  [default: as the network says]"),
    click.option("--compare", type=Choice(["fully-connected"]),
                 help="Show what dense layers between the same volumes would need; -o draws it."),
    click.option("--receptive-field", metavar="ROW,COL",
                 help="Show what an output of the last volume sees, counted from 0."),
    click.option("--on", metavar="IMAGE", help="Draw what the output sees on a picture, with -o."),
    click.option("-o", "--output", metavar="FILE.svg|IMAGE|-", help="Draw the volumes to scale."),
    options_of("options", Options, ("max_pixels", *REPORTING, "quiet")),
)  # fmt: skip

RUN_OPTIONS = (
    click.option("-o", "--output", metavar="DIR|FILE.npz",
                 help="A folder for a picture of each layer's maps, or a file for all arrays."),
    click.option("--fit", is_flag=True,
                 help="Find a sign in the image, and bring it to the size that the network takes."),
    click.option("--same-contrast", is_flag=True,
                 help="One contrast for all maps of a layer, which shows the stronger ones."),
    options_of("options", Options, ("white", "threads", "max_pixels", *REPORTING, "quiet")),
)  # fmt: skip


@click.group(
    "network",
    cls=Group,
    examples=examples(
        "edgecli network summary lenet5  # every layer's shape and cost",
        "edgecli network run edges-rgb photo.jpg -o maps/  # every layer's maps",
        "edgecli network run lenet5 photo.jpg --fit  # reads a digit",
    ),
    help="Count, draw and run stacks of layers.",
)
def command() -> None:
    """Carry out ``edgecli network``."""


@command.command(
    "summary",
    help="""Show every layer's shape, parameters, multiply-adds and receptive field.

    NAME is learned, learned-small, lenet5, example-convnet or edges-rgb; FILE is a network file.
    """,
)
@click.argument("name", metavar="NAME|FILE")
@with_options(*SUMMARY_OPTIONS)
def summarize(
    name: str,
    input_: str | None,
    compare: str | None,
    receptive_field: str | None,
    on: str | None,
    output: str | None,
    options: Options,
) -> None:
    """Carry out ``edgecli network summary``."""
    network = load_network(name)
    asked = None if input_ is None else parse_shape(input_)
    position = None if receptive_field is None else parse_position(receptive_field)
    _check_field(position, on, output, input_, compare)
    read = [*network.files, *([on] if on else [])]
    reporting = reporting_apart(options, read, [output] if output else [])
    if output is not None:
        check_apart(output, read)
    if on is not None and position is not None and output is not None:
        summary, sights = _draw_field(network, on, position, output, options)
    else:
        summary = network.summary(asked)
        H, W, C = summary.input_shape
        sights = [] if position is None else look(network, (C, H, W), position)
        if output is not None:
            _draw(summary, output, compare=compare is not None)
    report = summary_report(summary, compare=compare is not None, sights=sights)
    write_report(report, reporting.format, reporting.file, aside=output == "-")


def _check_field(
    position: tuple[int, int] | None,
    on: str | None,
    output: str | None,
    input_: str | None,
    compare: str | None,
) -> None:
    """Check that options which say what is drawn say one thing."""
    if position is None and on is not None:
        raise UsageError(
            f"--on {on} is for what an output sees; say which, such as --receptive-field 0,0"
        )
    if position is None:
        return
    if compare is not None:
        raise UsageError(
            "--compare and --receptive-field are drawings of their own; "
            "drop --compare or --receptive-field"
        )
    if output is not None and on is None:
        raise UsageError(
            "what an output sees is drawn on a picture; name one with --on, or leave out -o"
        )
    if on is not None and output is None:
        raise UsageError(f"--on {on} is drawn on, into a file; give -o field.png")
    if on is not None and input_ is not None:
        raise UsageError(f"--on {on} says how large the input is; leave out --input")


def _draw(summary: Summary, output: str, *, compare: bool) -> None:
    """Draw a network's volumes, or the comparison with dense layers."""
    if output != "-" and not is_device(output) and not output.lower().endswith(".svg"):
        raise UsageError(f"output {output!r} is not named .svg, which the drawing is; call it so")
    with whole_file(output) as file:
        file.write((draw_comparison if compare else draw_network)(summary).encode())


def _draw_field(
    network: Network, photo: str, position: tuple[int, int], output: str, options: Options
) -> tuple[Summary, list[Sight]]:
    """Draw what an output sees on a photo; return the network over it, and the fields."""
    format_ = picture_format(output)
    images = open_images(photo, max_pixels=options.max_pixels)  # holds the file open
    with closing(next(images)) as source:
        picture = shown_to(network, upright(source))
    sights = look_at(network, picture, position)
    made_by = MadeBy(
        f"edgecli network summary {network.name} --receptive-field {position[0]},{position[1]}"
    )
    with whole_file(output) as file:
        write_field(file, format_, picture, sights, made_by)
    tell(source.info)
    H, W, _ = picture.shape
    return network.summary((H, W, network.input_shape[0])), sights


@command.command(
    "run",
    help="""Run a network on an image; tell its classes, or write every layer's feature maps.

    A network without weights gets random ones, always the same.
    """,
)
@click.argument("name", metavar="NAME|FILE")
@click.argument("image", metavar="IMAGE")
@with_options(*RUN_OPTIONS)
def run(
    name: str, image: str, output: str | None, fit: bool, same_contrast: bool, options: Options
) -> None:
    """Carry out ``edgecli network run``."""
    network = load_network(name)
    shapes = network.parameter_shapes()
    drawn = bool(shapes) and not network.weights
    if drawn:
        network = replace(network, weights=random_weights(shapes, SEED))
    _check_output(network, output)
    read, written = [*network.files, image], [p for _, p in output_paths(network, output) if p]
    for path in written:
        check_apart(path, read)
    reporting = reporting_apart(options, read, written, *map(os.path.dirname, written[:1]))
    grey = network.input_shape[0] == 1
    images = open_images(image, max_pixels=options.max_pixels, grey=grey)
    with closing(next(images)) as source:
        result = describe_run(
            network, upright(source), output, random_weights=drawn,
            threads=options.threads, white=options.white, fit=fit, same_contrast=same_contrast,
        )  # fmt: skip
    tell(source.info)
    if drawn and not options.quiet:
        click.echo(
            f"edgecli: network {network.name} has no weights, so random ones were drawn "
            f"(seed {SEED}): the maps show its shapes, not anything that it learned",
            err=True,
        )
    write_report(run_report(result), reporting.format, reporting.file)


def _check_output(network: Network, output: str | None) -> None:
    if output is None:
        if not network.ends_in_classes:
            raise UsageError(
                f"network {network.name} tells no classes, and gives only maps; "
                "say with -o where they go"
            )
        return
    if output.endswith(".npz"):
        return
    if output in ("", "-") or os.path.splitext(output)[1]:
        raise UsageError(f"output {output!r} is neither a folder nor a .npz file; give one of them")
    if os.path.exists(output) and not os.path.isdir(output):
        raise UsageError(f"output {output} is a file; give a folder or a .npz file")


def parse_position(text: str) -> tuple[int, int]:
    """Read a row and a column, counted from 0.

    >>> parse_position("2,14")
    (2, 14)
    """
    match = re.fullmatch(r"\s*([0-9]{1,10})\s*,\s*([0-9]{1,10})\s*", text)
    if match is None:
        raise UsageError(
            f"output {text[:40]!r} is not ROW,COL; write two whole numbers, such as 0,0"
        )
    return int(match[1]), int(match[2])


def parse_shape(text: str) -> tuple[int, int, int]:
    """Read height × width × channels.

    >>> parse_shape("480x640x3")
    (480, 640, 3)
    """
    match = re.fullmatch(r"([0-9]{1,10})[x×]([0-9]{1,10})[x×]([0-9]{1,10})", text.strip().lower())
    if match is None:
        raise UsageError(f"shape {text[:40]!r} is not HxWxC; write three numbers, such as 32x32x3")
    H, W, C = map(int, match.groups())
    return H, W, C
