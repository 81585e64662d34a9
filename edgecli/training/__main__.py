"""Training from scratch: ``python -m edgecli.training learned -o weights``.

Draws scenes, trains a network on them, and writes ``learned.toml`` and ``learned.npz``; ``digits``
draws digits and writes ``lenet5``. A run that was interrupted goes on from its last checkpoint.
``scenes`` only draws the recipe's scenes. Things of the game 0 A.D. appear in some of them where
its data is given; Debian's package 0ad-data has ``/usr/share/games/0ad/mods/public/public.zip``.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from edgecli.errors import EdgeCliError, UsageError
from edgecli.training.architecture import DIGITS, NETWORKS, architecture, write_network
from edgecli.training.fonts import legible, system_fonts
from edgecli.training.pool import DigitPool, ScenePool
from edgecli.training.recipe import DigitRecipe, EdgeRecipe, Recipe, changed
from edgecli.training.sprites import opened

if TYPE_CHECKING:
    from edgecli.training.train import Lesson

SCENES = "scenes"  # drawn alone, without a training


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Return the options of a command line, by default this process's."""
    parser = argparse.ArgumentParser("python -m edgecli.training", description=__doc__)
    parser.add_argument(
        "network", help=f"what to train: {', '.join((*NETWORKS, DIGITS))}; or {SCENES}"
    )
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
        "--things", type=Path, metavar="ZIP", help="the data of 0 A.D., whose things scenes show"
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
    if options.network == SCENES:
        return draw(options)
    network = architecture(options.network)
    kind: type[Recipe] = DigitRecipe if options.network == DIGITS else EdgeRecipe
    recipe = changed(kind(), options.set)
    if options.things and kind is DigitRecipe:
        raise UsageError("digits show no things; drop --things")
    if find_spec("torch") is None:
        raise UsageError("training needs torch; pip install 'edgecli[train]'")
    import torch

    from edgecli.training.model import folded_weights
    from edgecli.training.train import start, train

    torch.set_num_threads(options.threads)
    work = options.work or options.output
    work.mkdir(parents=True, exist_ok=True)
    log = partial(log_to, work / f"{network.name}.log")
    log(f"{network.name}: {recipe}")
    with taught(recipe, work, options, log) as lesson:
        checkpoint = work / f"{network.name}.pt"
        mean = train(start(network, recipe), lesson, log, checkpoint, options.minutes)
    return write_network(network, folded_weights(mean), options.output)


def draw(options: argparse.Namespace) -> Path:
    """Draw the scenes of a recipe, as far as they are missing; return their folder."""
    recipe = changed(EdgeRecipe(), options.set)
    pool = scene_pool(recipe, options.work or options.output, options.things)
    pool.draw_all(range(recipe.scenes), options.threads)
    return pool.folder


def scene_pool(recipe: EdgeRecipe, work: Path, things: Path | None) -> ScenePool:
    """Return the pool of a recipe's scenes."""
    if things:
        opened(things)  # so that a file without things is told at once
    return ScenePool(work / "scenes", recipe.size, things, recipe.staged)


@contextmanager
def taught(
    recipe: Recipe, work: Path, options: argparse.Namespace, log: Callable[[str], None]
) -> Iterator[Lesson]:
    """Draw what a recipe asks for at the first step, and the rest in the context."""
    from edgecli.training.edges import EdgeLesson
    from edgecli.training.reading import DigitLesson

    if isinstance(recipe, DigitRecipe):
        families = system_fonts()
        count = sum(map(len, families.values()))
        log(f"{count} fonts: {', '.join(families) or 'none, so strokes alone'}")
        digits = DigitPool(work / "digits", families)
        digits.draw_all(range(recipe.blocks), options.threads)
        yield DigitLesson(recipe, digits, DigitPool(work / "unseen", legible(families)))
    elif isinstance(recipe, EdgeRecipe):
        scenes = scene_pool(recipe, work, options.things)
        scenes.draw_all(recipe.first_scenes, options.threads)
        with scenes.drawing(recipe.later_scenes, processes=1):
            yield EdgeLesson(recipe, scenes)


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
