"""What the tests of recipes share: what is made and said of a small photo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgecli.filters import RECIPES
from tests.conftest import SAMPLES, Run

Array = NDArray[Any]

HEIGHT, WIDTH = 47, 61

NETWORK = "learned-small"
"""What most tests run: it takes half the time of ``learned``."""

LEARNED = [name for name, recipe in RECIPES.items() if recipe.network]


def still_life() -> NDArray[np.uint8]:
    """Return a photo ``(HEIGHT, WIDTH, 3)`` of many edges."""
    with Image.open(SAMPLES / "still-life.png") as image:
        return np.asarray(image.convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.BOX))


def detect(
    run: Run, photo: Path, *args: str, name: str = "out.png", operator: str | Path = NETWORK
) -> Array:
    """Return what ``edgecli detect`` writes of a photo beside it, under ``name``."""
    out = photo.parent / name
    result = run("detect", photo, "-f", operator, "-q", "-o", out, *args)
    assert (result.exit_code, result.output) == (0, ""), result.output
    if name.endswith(".npy"):
        return np.asarray(np.load(out)).squeeze()
    with Image.open(out) as image:
        return np.asarray(image)


def facts(run: Run, photo: Path, *args: str, operator: str = "learned") -> dict[str, Any]:
    """Return the report of what an operator makes of a photo."""
    out = photo.parent / "out.png"
    result = run("detect", photo, "-f", operator, "--report", "json", "-o", out, *args)
    assert (result.exit_code, result.stderr) == (0, "")
    found: dict[str, Any] = json.loads(result.stdout)
    return found
