"""Training from scratch: ``python -m edgecli.training learned -o weights``.

Draws scenes, trains on them, and writes ``learned.toml`` and ``learned.npz``. An interrupted run
resumes from its last checkpoint.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from edgecli.errors import EdgeCliError, UsageError
from edgecli.training.architecture import NETWORKS, architecture
from edgecli.training.export import write_network
from edgecli.training.pool import Pool
from edgecli.training.recipe import Recipe, changed


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("python -m edgecli.training", description=__doc__)
    parser.add_argument("network", help=f"what to train: {', '.join(NETWORKS)}")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--work", type=Path, metavar="FOLDER", help="scenes, checkpoints and log; default OUTPUT"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=N", help="another number of the recipe"
    )
    parser.add_argument(
        "--minutes", type=float, default=math.inf, metavar="M", help="end after so many, if earlier"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, metavar="N")
    return parser.parse_args(arguments)


class Journal:
    """A log file whose last line is also shown on standard error."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, line: str) -> None:
        """Log a line; in the file it is preceded by the time of day."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%H:%M:%S')} {line}\n")
        ends = "\r\x1b[K", "" if line.startswith("step") else "\n"
        start, end = ends if sys.stderr.isatty() else ("", "\n")
        sys.stderr.write(f"{start}{line}{end}")
        sys.stderr.flush()


def run(options: argparse.Namespace) -> Path:
    """Draw, train and export; return the network's file."""
    network = architecture(options.network)
    recipe = changed(Recipe(), options.set)
    if find_spec("torch") is None:
        raise UsageError("training needs torch; pip install 'edgecli[train]'")
    import torch

    from edgecli.training.model import folded_weights
    from edgecli.training.train import start, train

    torch.set_num_threads(options.threads)
    work = options.work or options.output
    work.mkdir(parents=True, exist_ok=True)
    log = Journal(work / f"{network.name}.log")
    log(f"{network.name}: {recipe}")
    pool = Pool(work / "scenes", recipe.size)
    pool.draw_all(recipe.first_scenes, options.threads)
    with pool.drawing(recipe.later_scenes, processes=1):
        checkpoint = work / f"{network.name}.pt"
        mean = train(start(network, recipe), pool, log, checkpoint, options.minutes)
    return write_network(network, folded_weights(mean), options.output)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    try:
        path = run(parse(arguments))
    except EdgeCliError as error:
        sys.stderr.write(f"edgecli.training: {error}\n")
        return error.exit_code
    sys.stderr.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
