"""From a picture and detectors to the page."""

from __future__ import annotations

import base64
import os
import shlex
import zlib
from collections.abc import Sequence
from typing import Any

from edgecli.errors import UsageError
from edgecli.images.files import whole_file
from edgecli.images.thumbnails import jpeg
from edgecli.numerals import shortest
from edgecli.pages.gallery.entries import readable
from edgecli.pages.template import data_element, page_around
from edgecli.pages.tuner.strengths import Soft, read_picture, soft_of
from edgecli.rows.base import ImageInfo

DETECTORS = (
    "sobel", "scharr", "gradient:2", "canny:1.4", "log:2", "contours", "learned-small", "learned",
)  # fmt: skip
"""Those that a page has unless others are asked for."""

MOST = 8
SCRIPTS = ("maps.js", "gaps.js", "lines.js", "tuner.js")


def check_tuner(path: str, output: str, detectors: Sequence[str]) -> None:
    """Raise UsageError for what cannot be a page."""
    if path == "-":
        raise UsageError("the picture is read once for each detector; give a file, not -")
    if not output.lower().endswith((".html", ".htm")):
        raise UsageError(f"a page's name ends in .html, not {output!r}; write -o tune.html")
    if len(detectors) > MOST:
        raise UsageError(f"a page has room for {MOST} detectors, not {len(detectors)}; give fewer")


def write_tuner(
    path: str, output: str, detectors: Sequence[str], max_pixels: int, white: float | None = None
) -> ImageInfo:
    """Write a page that shows a picture and what detectors find of it; return the picture's facts.

    ``white`` is the number that is white in the picture, if not what its type says.

    ImageError, FilterError and UsageError as detectors do; OutputError where it cannot be written.
    """
    rows, info = read_picture(path, max_pixels, white)
    height, width = rows.shape[:2]
    softs = [soft_of(path, name, max_pixels, white) for name in detectors]
    resized = sorted(info.shape[:2]) != sorted((height, width))
    if resized:
        info.notes.append(f"was made smaller for the page, to {height}×{width} pixels")
    stem = os.path.splitext(os.path.basename(path))[0]
    picture = {
        "name": readable(os.path.basename(path)),
        "file": shlex.quote(path),
        "output": shlex.quote(f"{stem}-edges.png"),
        "white": [] if white is None else ["--white", shortest(white)],
        "resized": resized,
        "height": height,
        "width": width,
        "photo": "data:image/jpeg;base64," + base64.b64encode(jpeg(rows)).decode(),
    }
    title = str(picture["name"])
    before, after = page_around("edgecli.pages.tuner", "tuner", SCRIPTS, title, "data:")
    data = data_element("picture", picture)
    data += data_element("detectors", [_told(soft) for soft in softs])
    with whole_file(output) as file:
        file.write(f"{before}{data}{after}".encode())
    return info


def _told(soft: Soft) -> dict[str, Any]:
    packed = zlib.compress(soft.exceeded.tobytes(), 9)
    return {
        "name": soft.name,
        "word": shlex.quote(soft.name),
        "steps": soft.steps,
        "low": soft.low,
        "high": soft.high,
        "map": base64.b64encode(packed).decode(),
    }
