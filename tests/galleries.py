"""Galleries to look at and to test: ``python -m tests.galleries DIR [N]`` writes one.

Without N it shows the sample images, done, failed and skipped; with it, N small images.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from edgecli.detect.inputs import Limits
from edgecli.detect.jobs import detect_input
from edgecli.detect.outputs import Target, name_job
from edgecli.detect.settings import Settings
from edgecli.errors import EdgeCliError
from edgecli.operators.operators import load_operator
from edgecli.pages.gallery import write_gallery
from edgecli.reports.image import image_record
from tests.conftest import SAMPLES, noise

HOSTILE = (
    "<img src=x onerror=alert(1)>.png",
    "</script><script>alert(2)</script>.png".replace("/", "∕"),
    "'\"><b onmouseover=alert(3)>&amp;.png",
    "two\nlines\tand a tab.png",
    "אבג \u202egnp.עברית.png",
    "#100%25?a=b&c:d.png",
    os.fsdecode(b"not \xff utf-8.png"),
)
"""Names that would break a page which trusts them."""

Record = dict[str, Any]


def record_of(path: str, folder: str, filters: tuple[str, ...] = ("sobel",)) -> Record:
    """Detect the edges of an image; return its report, or the reason why there is none."""
    settings = Settings(tuple(load_operator(name) for name in filters))
    try:
        job = name_job(path, settings, Target(folder, folder=True))
        (result,) = detect_input(job, settings, Limits())
    except EdgeCliError as error:
        return {"schema": "edgecli.report/1", "input": {"path": path}, "error": str(error)}
    return image_record(result)


def sample_records(folder: Path) -> Iterator[Record]:
    """Copy the samples into a folder and detect their edges: done, failed and skipped."""
    inputs = folder / "photos"
    inputs.mkdir(parents=True)
    edges = str(folder / "edges")
    for name in ("still-life.png", "building.jpg", "shapes.png", "page.png", "colours.png"):
        shutil.copy(SAMPLES / name, inputs)
        for filter_ in ("sobel", "canny:1.4", "vertical", "scharr"):
            yield record_of(str(inputs / name), edges, (filter_,))
    yield record_of(str(inputs / "still-life.png"), edges, ("sobel-x", "sobel-y", "log:2"))
    yield record_of(str(SAMPLES / "grid-6x6.csv"), edges, ("vertical",))
    (inputs / "cut short.jpg").write_bytes((SAMPLES / "building.jpg").read_bytes()[:20000])
    (inputs / "notes.png").write_bytes(b"these are no pixels")
    yield record_of(str(inputs / "cut short.jpg"), edges)
    yield record_of(str(inputs / "notes.png"), edges)
    yield record_of(str(inputs / "vanished.png"), edges)
    yield record_of(str(inputs / "page.png"), edges) | {"status": "skipped"}
    for name in HOSTILE:
        Image.fromarray(noise(60, 90, 3, seed=len(name))).save(inputs / name, "PNG")
        yield record_of(str(inputs / name), edges)


def many_records(folder: Path, count: int) -> Iterator[Record]:
    """Pretend that a few small images are many: every tenth failed, every seventh skipped."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, columns = np.mgrid[:48, :64]
    kinds = []
    for n in range(12):
        path = folder / f"small-{n}.png"
        waves = 127.5 + 127.5 * np.sin(columns / (n + 2) + rows / (14 - n))
        Image.fromarray(waves.astype(np.uint8)).save(path)
        kinds.append(record_of(str(path), str(folder / "edges")))
    for n in range(count):
        record = kinds[n % len(kinds)]
        if n % 10 == 3:
            failed = {"path": str(folder / f"image-{n:05}.png")}
            yield {"input": failed, "error": f"image {n} is cut short; get the file whole again"}
        else:
            yield record | ({"status": "skipped"} if n % 7 == 5 else {})


def main(folder: str, count: str = "") -> None:
    place = Path(folder)
    records = many_records(place, int(count)) if count else sample_records(place)
    sys.stdout.write(write_gallery(folder, records) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
