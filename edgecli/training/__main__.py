"""Training from scratch: ``python -m edgecli.training learned -o weights``.

Draws scenes, trains a network on them, and writes ``learned.toml`` and ``learned.npz``; ``digits``
draws digits and writes ``lenet5``. A run that was interrupted goes on from its last checkpoint.
``--start`` goes on from a network's weights, and ``--photos`` shows photos beside the scenes, with
what the ``--teacher`` networks answer for them.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import EdgeCliError, UsageError
from edgecli.networks import Network, load_network
from edgecli.networks.scales import parse_scales
from edgecli.records import replace
from edgecli.training.architecture import DIGITS, NETWORKS, architecture, write_network
from edgecli.training.fonts import legible, system_fonts
from edgecli.training.photos import PhotoPool, Photos
from edgecli.training.pool import DigitPool, ScenePool
from edgecli.training.recipe import DigitRecipe, EdgeRecipe, Recipe, changed

if TYPE_CHECKING:
    from edgecli.training.train import Lesson


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Return the options of a command line, by default this process's."""
    parser = argparse.ArgumentParser("python -m edgecli.training", description=__doc__)
    parser.add_argument("network", help=f"what to train: {', '.join((*NETWORKS, DIGITS))}")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--work", type=Path, metavar="FOLDER", help="drawings, checkpoints and log; default OUTPUT"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=N", help="another number of the recipe"
    )
    parser.add_argument(
        "--minutes", type=float, default=math.inf, metavar="M", help="end after so many, if earlier"
    )
    parser.add_argument(
        "--start",
        action="append",
        default=[],
        metavar="NETWORK",
        help="begin with the weights of a network of the same layers, or the mean of several",
    )
    parser.add_argument(
        "--photos", type=Path, nargs="+", default=[], metavar="PATH", help="photos, folders, .rcc"
    )
    parser.add_argument(
        "--teacher", action="append", default=[], metavar="NETWORK", help="their edges"
    )
    parser.add_argument(
        "--scales", type=parse_scales, default=(1.0,), metavar="LIST", help="at which they see them"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, metavar="N")
    return parser.parse_args(arguments)


def log_to(path: Path, line: str) -> None:
    """Add a line to a file, after the time of day, and show it on standard error.

    On a terminal the next line replaces one that begins with ``step``.
    """
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    ends = "\r\x1b[K", "" if line.startswith("step") else "\n"
    start, end = ends if sys.stderr.isatty() else ("", "\n")
    sys.stderr.write(f"{start}{line}{end}")
    sys.stderr.flush()


def run(options: argparse.Namespace) -> Path:
    """Draw, train on the drawings and export the network; return its file."""
    network = first_network(options)
    kind: type[Recipe] = DigitRecipe if options.network == DIGITS else EdgeRecipe
    recipe = changed(kind(), options.set)
    photos = shown_photos(options)
    if find_spec("torch") is None:
        raise UsageError("training needs torch; pip install 'edgecli[train]'")
    import torch

    from edgecli.training.model import folded_weights
    from edgecli.training.train import is_half, start, train

    torch.set_num_threads(options.threads)
    work = options.work or options.output
    work.mkdir(parents=True, exist_ok=True)
    log = partial(log_to, work / f"{network.name}.log")
    log(f"{network.name}: {recipe}; {16 if is_half(recipe) else 32} bits between layers")
    with taught(recipe, photos, work, options.threads, log) as lesson:
        checkpoint = work / f"{network.name}.pt"
        mean = train(start(network, recipe, lesson), lesson, log, checkpoint, options.minutes)
    return write_network(network, folded_weights(mean), options.output)


def first_network(options: argparse.Namespace) -> Network:
    """Return the network to be trained, with the weights that it begins with, if any."""
    network = architecture(options.network)
    begun = [load_network(name) for name in options.start]
    for one, name in zip(begun, options.start, strict=True):
        if one.nodes != network.nodes:
            raise UsageError(f"{name} has other layers than {options.network}")
    return replace(network, weights=mean_weights(begun)) if begun else network


def mean_weights(networks: Sequence[Network]) -> dict[str, NDArray[np.float32]]:
    """Return the mean of the weights of networks of the same layers.

    Where some learned on from others' weights, the mean often errs less than each: M. Wortsman et
    al., "Robust fine-tuning of zero-shot models", CVPR 2022.
    """
    names = networks[0].weights
    return {
        name: np.mean([one.weights[name] for one in networks], 0, dtype=np.float32)
        for name in names
    }


def shown_photos(options: argparse.Namespace) -> Photos | None:
    """Return the photos that are shown with the networks that answer for them, if there are any."""
    if options.network == DIGITS and options.photos:
        raise UsageError("digits are not learned from photos; drop --photos")
    if bool(options.photos) != bool(options.teacher):
        raise UsageError("photos need networks that answer for them; give --photos and --teacher")
    if not options.photos:
        return None
    return Photos.found(options.photos, options.teacher, options.scales)


@contextmanager
def taught(
    recipe: Recipe, photos: Photos | None, work: Path, threads: int, log: Callable[[str], None]
) -> Iterator[Lesson]:
    """Draw what a recipe asks for at the first step, and the rest in the context."""
    from edgecli.training.edges import EdgeLesson
    from edgecli.training.reading import DigitLesson

    if isinstance(recipe, DigitRecipe):
        families = system_fonts()
        count = sum(map(len, families.values()))
        log(f"{count} fonts: {', '.join(families) or 'none, so strokes alone'}")
        digits = DigitPool(work / "digits", families)
        digits.draw_all(range(recipe.blocks), threads)
        yield DigitLesson(recipe, digits, DigitPool(work / "unseen", legible(families)))
    elif isinstance(recipe, EdgeRecipe):
        scenes = ScenePool(work / "scenes", recipe.size)
        scenes.draw_all(recipe.first_scenes, threads)
        crops = PhotoPool(work / f"photos-{photos.digest}", photos, recipe) if photos else None
        if crops:
            crops.draw_all(crops.numbers, threads)
        with scenes.drawing(recipe.later_scenes, processes=1):
            yield EdgeLesson(recipe, scenes, crops)


def main(arguments: list[str] | None = None) -> int:
    """Run a command line and return the exit code."""
    try:
        path = run(parse(arguments))
    except EdgeCliError as error:
        sys.stderr.write(f"edgecli.training: {error}\n")
        return error.exit_code
    sys.stderr.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
