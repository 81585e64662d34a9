"""What it costs to draw edges rather than paint them, and how well they are covered.

    python -m tests.benchmarks.drawing [PICTURE...] [--operator NAME] [--rounds N] [--json FILE]

Without pictures a photo of 12 megapixels is drawn, and the sample images are looked at. The costs
are those of a whole process that writes SVG, and PNG; of potrace, for outlines of the same pixels;
of ``findContours`` and ``find_contours`` for theirs, in memory. An edge pixel is covered where its
centre is within 0.75 pixels of a stroke, and in a browser where it has some ink.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgecli.strokes.base import Finish
from edgecli.strokes.drawing import draw
from edgecli.strokes.measures import points_along
from tests.benchmarks.engine_work import optional
from tests.benchmarks.pictures import photo
from tests.benchmarks.process import run, workplace
from tests.benchmarks.timing import (
    ROOT,
    Cost,
    Limit,
    common_options,
    interleave,
    number,
    publish,
    say,
    timed,
)
from tests.detections import settings_of
from tests.located import located

cv2, measure, spatial = (optional(name) for name in ("cv2", "skimage.measure", "scipy.spatial"))

SAMPLES = ("building.jpg", "still-life.png", "harbour.png", "page.png", "shapes.png")
HEIGHT = 3000  # of the photo, which is 4000 wide

NEAR = 0.75
"""Pixels between the centre of an edge pixel and a stroke, at most."""

SPACING = 0.05
"""Pixels between the points of a stroke that distances are measured to."""

BARE = 255
"""Grey of a pixel without ink. Chromium draws thin slanted lines thinner than they are."""


def costs(
    path: Path, operator: str, rounds: int, folder: Path
) -> tuple[list[list[str]], list[Limit]]:
    """Compare whole processes that draw an image with those that paint it, and with peers."""
    source = shlex.quote(str(path))
    command = f"{sys.executable} -m edgecli detect {source} -f {operator} -q --threads 2 -o"
    run(f"{command} a.png", folder)
    with Image.open(folder / "a.png") as painted:
        edges = np.asarray(painted.convert("L")) > 0
    Image.fromarray(~edges).convert("1").save(folder / "a.pbm")
    contestants: dict[str, Callable[[], Cost]] = {
        kind: partial(run, f"{command} a.{kind}", folder) for kind in ("png", "svg")
    }
    if shutil.which("potrace"):
        contestants["potrace"] = partial(run, "potrace -s a.pbm -o peer.svg", folder)
    else:
        say("potrace is not installed: apt install potrace")
    if cv2 is not None:
        bytes_, mode = edges.astype(np.uint8), (cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        contestants["cv2.findContours"] = partial(timed, partial(cv2.findContours, bytes_, *mode))
    if measure is not None:
        find = partial(measure.find_contours, edges.astype(float), 0.5)
        contestants["skimage find_contours"] = partial(timed, find)
    taken = interleave(contestants, rounds)
    rows = [
        [
            path.name,
            who,
            f"{cost.seconds:.3f}",
            number(cost.cpu, ".3f"),
            f"{np.count_nonzero(edges)}",
        ]
        for who, cost in taken.items()
    ]
    return rows, list(_limits(path.name, taken))


def _limits(name: str, taken: dict[str, Cost]) -> list[Limit]:
    """Return what drawing may take of the time of painting, and beyond it of potrace's."""
    png, svg = taken["png"].seconds, taken["svg"].seconds
    limits = [Limit(name, "SVG / PNG, time", svg / png, 1.5, at_least=False)]
    if "potrace" in taken:
        beyond = (svg - png) / taken["potrace"].seconds
        limits.append(Limit(name, "(SVG - PNG) / potrace", beyond, 2, at_least=False))
    return limits


def coverage(path: Path, operator: str, folder: Path) -> list[Limit]:
    """Return which shares of an image's edge pixels its strokes cover."""
    with Image.open(path) as image:
        picture = image.convert("L" if image.mode == "L" else "RGB")
    (edges,) = located(np.asarray(picture), settings_of(operator))
    row, column = np.divmod(edges.place, edges.width)
    limits = []
    if spatial is not None:
        along = points_along(draw(edges, Finish(), operator).strokes, SPACING)
        centres = np.stack([column, row], axis=1) + 0.5
        far, _ = spatial.cKDTree(along).query(centres, distance_upper_bound=4)
        share = float(np.mean(far <= NEAR))
        limits.append(Limit(path.name, "edge pixels within 0.75 px", share, 1, at_least=True))
    picture.save(folder / "seen.png")
    if browser := shutil.which("chromium"):
        grey = seen(browser, operator, picture.size, folder)
        share = float(np.mean(grey[row, column] < BARE))
        limits.append(
            Limit(path.name, "edge pixels inked by Chromium", share, 0.995, at_least=True)
        )
    else:
        say("Chromium is not installed: what it shows is left out")
    return limits


def seen(browser: str, operator: str, size: tuple[int, int], folder: Path) -> NDArray[np.uint8]:
    """Return the strokes of ``seen.png`` as a browser shows them, pixel by pixel."""
    run(f"{sys.executable} -m edgecli detect seen.png -f {operator} -q -o seen.svg", folder)
    width, height = size
    style = f"display:block;width:{width}px;height:{height}px"
    page = f'<body style="margin:0;background:white"><img src="seen.svg" style="{style}">'
    (folder / "seen.html").write_text(page, "utf-8")
    subprocess.run(
        [browser, "--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu",
         "--force-device-scale-factor=1", f"--window-size={max(width, 500)},{max(height, 500)}",
         "--screenshot=shot.png", "seen.html"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    with Image.open(folder / "shot.png") as shot:
        return np.asarray(shot.convert("L"))[:height, :width]


def main() -> None:
    """Measure every picture, print the tables and write the figures."""
    parser = common_options(__doc__, 5)
    parser.add_argument("pictures", nargs="*", type=Path, metavar="PICTURE")
    parser.add_argument("--operator", default="canny:2", help="default: %(default)s")
    options = parser.parse_args()
    rows: list[list[str]] = []
    limits: list[Limit] = []
    with workplace() as folder:
        drawn = folder / "photo.jpg"
        if not options.pictures:
            Image.fromarray(photo(HEIGHT, HEIGHT * 4 // 3, "RGB")).save(drawn, quality=92)
        for path in options.pictures or [drawn]:
            if not re.search(options.only, path.name):
                continue
            say(f"costs of {path.name}")
            lines, kept = costs(path.resolve(), options.operator, options.rounds, folder)
            rows += lines
            limits += kept
        for path in options.pictures or [ROOT / "sample_images" / name for name in SAMPLES]:
            say(f"coverage of {path.name}")
            limits += coverage(path, options.operator, folder)
    publish(options.json, (["picture", "by", "seconds", "CPU", "edge pixels"], rows), [], limits)


if __name__ == "__main__":
    main()
