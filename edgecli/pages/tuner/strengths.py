"""What a detector finds of a picture before anything is chosen: thin lines and their strengths.

The page has thresholds in steps. A pixel is kept as the number of steps that it exceeds, so that
what exceeds a step is known as exactly as from the strengths themselves.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecli.detect.maps import Lines
from edgecli.detect.pictures import Choice, open_picture, plan_picture
from edgecli.detect.run import run_detection
from edgecli.detect.settings import Settings
from edgecli.errors import UsageError
from edgecli.images.nodata import counted
from edgecli.images.ranges import is_beyond_white, range_of
from edgecli.images.resizing import Resize
from edgecli.images.sources import WholeCheck
from edgecli.lines.thresholds import AUTO, find_levels
from edgecli.operators.operators import load_operator
from edgecli.records import dataclass, replace
from edgecli.rows.arrays import ArraySink
from edgecli.rows.base import ImageInfo, Rows
from edgecli.rows.samples import full_scale

LARGEST = Resize(width=1200, height=1200)
STEPS = 255  # as many as a byte can count


@dataclass(frozen=True, eq=False)
class Soft:
    """The lines of one detector: ``exceeded (H, W)`` says how many of the ``steps`` each exceeds.

    ``low`` and ``high`` are the steps at which ``--hysteresis auto`` would begin.
    """

    name: str
    steps: tuple[str, ...]
    exceeded: NDArray[np.uint8]
    low: int
    high: int


def read_picture(path: str, max_pixels: int, white: float | None = None) -> tuple[Rows, ImageInfo]:
    """Return the pixels that detectors see, in colour, and what the file says.

    Of floats that no picture has, such as heights, the range is drawn, unless ``white`` says what
    is white; a note says so, as of whole numbers that are all dark.
    """
    settings = Settings((), channels="rgb", resize=LARGEST)
    with closing(open_picture(path, settings, max_pixels)) as source:
        looked = counted(source)
        (rows,) = looked.blocks([(0, source.shape[0])])
        if isinstance(looked, WholeCheck):
            looked.note_white(white)
        if white is not None:
            rows = _whitened(rows, white)
        elif source.dtype.kind == "f" and is_beyond_white(seen := range_of(source)):
            low, high = seen
            source.info.notes.append(f"has numbers from {low:g} to {high:g}, drawn dark to bright")
            rows = ((rows - low) / (high - low)).astype(np.float32)
        return rows, source.info


def _whitened(rows: Rows, white: float) -> Rows:
    """Return rows as floats, white being 1.0; what is opaque, too."""
    scaled = (rows / white).astype(np.float32)
    if rows.shape[2] in {2, 4}:
        scaled[..., -1] = rows[..., -1] / full_scale(rows.dtype)
    return scaled


def soft_of(path: str, name: str, max_pixels: int, white: float | None = None) -> Soft:
    """Find the lines of a picture; UsageError for a detector that has no thin ones.

    The picture is read anew: some detectors have JPEGs decoded in grey.
    """
    operator = replace(load_operator(name), linked=False)  # as of yet
    settings = Settings((operator,), lines=Lines(thin=True), map="raw", resize=LARGEST, white=white)
    with closing(open_picture(path, settings, max_pixels)) as source:
        detection = plan_picture(source, Choice(settings))
        if len(detection.maps) != 1:
            raise UsageError(
                f"{name} gives {len(detection.maps)} edge maps, and a page shows one of each "
                "detector; use an operator such as sobel or gradient:2"
            )
        sink = ArraySink(detection.written_shape, detection.sample_types[0])
        run_detection(detection, source, [sink], measured=False)
    strength = np.nan_to_num(np.abs(sink.array[..., 0]), nan=0.0)
    found = strength[strength > 0]
    steps = _steps(found)
    levels = find_levels(AUTO, found, detection.plans[0].largest, lines=True)
    kind = strength.dtype if strength.dtype.kind == "f" else np.dtype(np.float64)
    bounds = np.array(steps, kind)
    low, high = (min(int(bounds.searchsorted(one)), STEPS - 1) for one in (levels.low, levels.high))
    exceeded = bounds.searchsorted(strength.ravel(), "left").reshape(strength.shape)
    texts = tuple(f"{step:g}" for step in steps)
    return Soft(name, texts, exceeded.astype(np.uint8), low, high)


def _steps(found: NDArray[Any]) -> list[float]:
    """Return thresholds from 0 to the largest strength, of three digits, denser near 0."""
    top = float(found.max()) if len(found) else 1.0
    return [float(f"{top * (n / STEPS) ** 2:.3g}") for n in range(STEPS)]
