"""How well edge maps agree with contours that people drew: ODS and OIS on BSDS500.

    python -m tests.benchmarks.quality GROUND_TRUTH IMAGES [--only REGEX] [--maps FOLDER]

GROUND_TRUTH holds the annotations as MATLAB files, IMAGES the photos of the same stems (Arbeláez,
Maire, Fowlkes and Malik, "Contour detection and hierarchical image segmentation", IEEE TPAMI 33,
2011). Every operator writes thinned soft maps of 0 to 1, ``<stem>.npy``, into a temporary folder,
or below FOLDER, and ``edgecli evaluate`` says what they score.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgecli.conv import convolve
from edgecli.conv.norms import norm
from edgecli.detect.maps import Lines
from edgecli.detect.plan import plan_detection
from edgecli.detect.run import run_detection
from edgecli.detect.settings import Settings
from edgecli.evaluate.measuring import Measure
from edgecli.evaluate.scores import score, thresholds
from edgecli.evaluate.truths import pair_files
from edgecli.images.colour import luma
from edgecli.lines.gradients import gradient, slope_of
from edgecli.lines.peaks import framed, suppress
from edgecli.operators.contours import contours
from edgecli.operators.operators import load_operator
from edgecli.rows.arrays import ArraySink, ArraySource
from edgecli.rows.memory import borrowed_memory

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]

OPERATORS = ("sobel", "prewitt", "scharr", "roberts", "farid", "gradient:1", "gradient:2")

WEAKEST = 0.1
"""A share of the largest response. Lower thresholds only lose, and dense maps match slowly."""

CANNY_LEVELS = 64
CANNY_HIGHEST = 320.0  # in units of Sobel's magnitude at 8 bits
CANNY_RATIO = 0.4  # of the low threshold to the high one


def thinned(operator: str, picture: Picture) -> Floats:
    """Return an operator's magnitude on luma, thinned, in 0 to 1.

    v / (v + a fifth of the largest response) keeps the order, and spreads the thresholds that are
    tried over the responses that occur.
    """
    bank = load_operator(operator).bank
    slope = slope_of(bank.weight)
    assert slope is not None
    grey = luma(picture)
    responses = convolve(grey, bank, padding="same", padding_mode="replicate", threads=1)
    strength, lines = (np.empty(grey.shape, np.float32) for _ in range(2))
    most = 255 * float(np.abs(bank.weight).sum(axis=(1, 2, 3)).max()) / 2
    with borrowed_memory() as memory, memory:
        norm(responses, "magnitude", strength, memory)
        frame, along = framed(strength, 0, 0, memory), gradient(slope, responses, memory)
        suppress(strength, frame, along, WEAKEST * most, lines, memory)
    return lines / (lines + np.float32(most / 5))


def swept_canny(sigma: float, picture: Picture) -> Floats:
    """Return the highest of many thresholds at which OpenCV's Canny still marks a pixel."""
    smooth = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (0, 0), sigma)
    best = np.zeros(smooth.shape, np.float32)
    for level in range(1, CANNY_LEVELS + 1):
        high = CANNY_HIGHEST * level / CANNY_LEVELS
        marked = cv2.Canny(smooth, CANNY_RATIO * high, high, L2gradient=True) > 0
        best[marked] = level / CANNY_LEVELS
    return best


def learned(network: str, scales: tuple[float, ...], picture: Picture) -> Floats:
    """Return what ``detect --thin --map raw`` makes of a picture by a network."""
    lines = Lines(thin=True)
    settings = Settings(
        (load_operator(network),), map="raw", lines=lines, scales=scales, threads=1
    )  # fmt: skip
    source = ArraySource.of(picture)
    detection = plan_detection(settings, source.shape, source.dtype)
    sink = ArraySink(detection.written_shape, detection.sample_types[0])
    run_detection(detection, source, [sink])
    return sink.array[..., 0]


def operators() -> dict[str, Callable[[Picture], Floats]]:
    """Return every operator that is measured by its name, the peers last."""
    named: dict[str, Callable[[Picture], Floats]] = {"contours": partial(contours, threads=1)}
    named |= {name: partial(thinned, name) for name in OPERATORS}
    for network in ("learned", "learned-small"):
        named[network] = partial(learned, network, (1.0,))
        named[f"{network}, two scales"] = partial(learned, network, (1.0, 0.5))
    return named | {f"cv2.Canny, sigma {s:g}": partial(swept_canny, s) for s in (1.0, 2.0)}


def write_maps(
    operator: Callable[[Picture], Floats], truths: list[Path], images: Path, folder: Path
) -> float:
    """Write a map for each annotated photo; return the seconds per photo, less the reading."""
    folder.mkdir(parents=True, exist_ok=True)
    seconds = 0.0
    for truth in truths:
        with Image.open(photo_of(truth, images)) as image:
            picture: NDArray[Any] = np.asarray(image.convert("RGB"))
        started = time.perf_counter()
        edges = operator(picture)
        seconds += time.perf_counter() - started
        np.save(folder / f"{truth.stem}.npy", edges)
    return seconds / len(truths)


def photo_of(truth: Path, images: Path) -> Path:
    """Return the photo with an annotation's stem; the program ends if there is none."""
    found = sorted(images.glob(f"{truth.stem}.*"))
    return found[0] if found else sys.exit(f"no photo {truth.stem}.* in {images}")


def evaluate(folder: Path, options: argparse.Namespace) -> str:
    """Return what a folder of maps scores."""
    paired = pair_files(str(folder), str(options.ground_truth))
    levels = thresholds(options.thresholds)
    measure = Measure(tuple(levels.tolist()))
    scores = score(np.stack([measure(pair).values for pair in paired.pairs]), levels)
    best = scores.ods
    return (
        f"ODS {best.f:.4f} (P {best.precision:.3f} R {best.recall:.3f} at {best.threshold:.2f}) "
        f"OIS {scores.ois.f:.4f} AP {scores.ap:.4f}"
    )


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("ground_truth", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--maps", type=Path, metavar="FOLDER", help="keep the maps there")
    parser.add_argument("--only", default="", metavar="REGEX", help="operators whose name matches")
    parser.add_argument("--thresholds", type=int, default=15, metavar="N")
    parser.add_argument("--limit", type=int, metavar="K", help="the first K photos alone")
    return parser.parse_args()


def main() -> None:
    """Write and score the maps of every operator asked for."""
    options = parse()
    truths = sorted(options.ground_truth.glob("*.mat"))[: options.limit]
    if not truths:
        sys.exit(f"no annotations (*.mat) in {options.ground_truth}")
    with tempfile.TemporaryDirectory() as temporary:
        for name, operator in operators().items():
            if re.search(options.only, name):
                folder = (options.maps or Path(temporary)) / re.sub(r"[^\w.]+", "-", name)
                seconds = write_maps(operator, truths, options.images, folder)
                told = evaluate(folder, options)
                print(f"{name}: {1e3 * seconds:.0f} ms per photo, {told}", flush=True)


if __name__ == "__main__":
    main()
