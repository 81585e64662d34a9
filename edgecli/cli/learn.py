"""``edgecli learn``: the filter that best turns one image into another."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click

from edgecli.cli import tell
from edgecli.cli.help import Command, examples
from edgecli.cli.options import REPORTING, Options, options_of, written
from edgecli.cli.reporting import reporting_apart
from edgecli.detect.outputs import check_apart, check_stdin
from edgecli.errors import ImageError, UsageError
from edgecli.filters import dump_filter, filter_format
from edgecli.filters.learn import Task, learn
from edgecli.images.colour import to_volume
from edgecli.images.files import check_place, open_images, whole_file
from edgecli.images.sources import upright
from edgecli.records import dataclass
from edgecli.reports.formats import write_report
from edgecli.reports.learned import learned_report
from edgecli.rows.base import Source

Pair = tuple[str, str]


# fmt: off
@dataclass(frozen=True)
class LearnOptions:
    """What is learned, as written, and where it goes."""

    size: str = written("", "HxW", "The filter's height and width.", group="Filter", required=True)
    filters: str = written("1", ("1", "3"),
        "One towards the target in grey, or one for each of its colours.", group="Filter")
    channels: str = written("gray", ("gray", "rgb"), "What the filters slide over.",
        group="Filter")
    ridge: float = written(0.0, "L",
        "Add L · Σ weight² to the mean squared error, to keep weights small.", group="Filter",
        type=click.FloatRange(0, 1e300))
    output: str = written("", "FILE|-", "A filter file to write.", names=("-o", "--output"),
        group="Output", required=True)
# fmt: on


@click.command(
    "learn",
    cls=Command,
    examples=examples(
        "edgecli learn photo.png edges.png --size 3x3 -o mine.json  # nine numbers",
        "edgecli learn photos edges --size 5x5 -o mine.txt  # from folders",
        "edgecli detect photo.png -f mine.json  # slide what was learned",
    ),
    help="""Find the filter that best turns INPUT into TARGET.

    Both are images or grids of numbers of one size, or folders of such, paired by their names.
    The filter and its bias minimise the mean squared error; detect -f takes the file.
    """,
)
@click.argument("input_path", metavar="INPUT")
@click.argument("target_path", metavar="TARGET")
@options_of("wanted", LearnOptions)
@options_of("options", Options, ("threads", "max_pixels", *REPORTING, "quiet"))
def command(input_path: str, target_path: str, wanted: LearnOptions, options: Options) -> None:
    """Carry out ``edgecli learn``."""
    output = wanted.output
    format_ = filter_format(output)
    targets = "rgb" if wanted.filters == "3" else "gray"
    task = Task(parse_size(wanted.size), wanted.channels, targets)
    check_stdin((input_path, target_path))
    pairs = pair_files(input_path, target_path)
    read = [path for pair in pairs for path in pair]
    check_apart(output, read)
    reporting = reporting_apart(options, read, [output])
    dump_filter(task.example, format_)  # refuse a format now, rather than after the learning
    if output != "-":
        check_place(output)
    sources = _sources(pairs, task, options.max_pixels)
    learned = learn(sources, task, to_volume, wanted.ridge, options.threads)
    data = dump_filter(learned.bank, format_)
    with whole_file(output) as file:
        file.write(data)
    report = learned_report(learned, len(pairs), output)
    write_report(report, reporting.format, reporting.file, aside=output == "-")


def _sources(pairs: list[Pair], task: Task, max_pixels: int) -> Iterator[tuple[Source, Source]]:
    """Open pairs one after another; a JPEG in grey is its luma, as for detect."""
    for path, target_path in pairs:
        first = open_images(path, max_pixels=max_pixels, grey=task.channels == "gray")
        second = open_images(target_path, max_pixels=max_pixels, grey=task.targets == "gray")
        with closing(next(first)) as source, closing(next(second)) as target:
            yield upright(source), upright(target)
            tell(source.info)
            tell(target.info)


def pair_files(input_path: str, target_path: str) -> list[Pair]:
    """Return the two files, or those of two folders that belong together.

    A target has its input's name, whatever the extension, or that name and a dash: ``photo.jpg``
    and ``photo-vertical.npy``. UsageError where an input has none, or several.
    """
    kinds = ["a folder" if os.path.isdir(path) else "a file" for path in (input_path, target_path)]
    if kinds[0] != kinds[1]:
        both = " and ".join(kinds)
        raise UsageError(f"{input_path} and {target_path} are {both}; give two of a kind")
    if kinds[0] == "a file":
        return [(input_path, target_path)]
    inputs, targets = _files(input_path), _files(target_path)
    if not inputs:
        raise ImageError(f"folder {input_path} has no files; give one with images in it")
    return [(path, _target_of(Path(path).stem, targets, target_path)) for path in inputs]


def _files(folder: str) -> list[str]:
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise ImageError(
            f"folder {folder} cannot be read: {error.strerror}; check its permissions"
        ) from error
    paths = [os.path.join(folder, name) for name in names if not name.startswith(".")]
    return [path for path in paths if os.path.isfile(path)]


def _target_of(stem: str, targets: list[str], folder: str) -> str:
    same = [path for path in targets if Path(path).stem == stem]
    found = same or [path for path in targets if Path(path).stem.startswith(f"{stem}-")]
    if len(found) != 1:
        names = ", ".join(os.path.basename(path) for path in found[:4]) or "none"
        raise UsageError(
            f"input {stem!r} needs one target in {folder} called {stem} or {stem}-…, "
            f"and there is {names}; rename or remove files"
        )
    return found[0]


def parse_size(text: str) -> tuple[int, int]:
    """Read height × width, or one number for both.

    >>> parse_size("3x5"), parse_size("7")
    ((3, 5), (7, 7))
    """
    match = re.fullmatch(r"([0-9]{1,6})(?:[x×,]([0-9]{1,6}))?", text.strip().lower())
    if match is None:
        raise UsageError(f"size {text[:40]!r} is not HxW; write two numbers, such as 3x3")
    return int(match[1]), int(match[2] or match[1])
