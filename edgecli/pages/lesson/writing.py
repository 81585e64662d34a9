"""From a planned image to the page that starts with it."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from edgecli.detect.plan import Detection
from edgecli.errors import ImageError, UsageError
from edgecli.filters import BUILTIN_FILTERS, load_filter
from edgecli.images.files import whole_file
from edgecli.images.resizing import Resize
from edgecli.lessons.facts import Lesson, open_lesson
from edgecli.operators.bank import SEPARATE_PLANES
from edgecli.pages.gallery.entries import readable
from edgecli.pages.lesson.address import address
from edgecli.pages.template import data_element, page_around
from edgecli.rows.base import Source

SCRIPTS = (
    "words.js", "arithmetic.js", "address.js", "sheets.js", "stage.js", "sums.js", "predict.js",
    "pictures.js", "controls.js", "player.js", "page.js",
)  # fmt: skip

LARGEST = Resize(width=128, height=128)
"""Pictures are made smaller than this, as the page makes those that are dropped on it."""

LARGEST_KERNEL, MOST_FILTERS, LARGEST_STEP = 15, 8, 64  # as in address.js

EXACT = 2**53
"""Up to here the page's numbers, of 64 bits, hold every whole number."""


def check_lesson(detection: Detection) -> None:
    """Raise UsageError for what the page has no room for, or cannot show."""
    bank = detection.responses.bank
    if detection.responses.channels in SEPARATE_PLANES and detection.responses.planes > 1:
        raise UsageError(
            f"the page shows one volume, and --channels {detection.responses.channels} filters "
            "each colour alone; use --channels rgb"
        )
    if len(bank) > MOST_FILTERS:
        raise UsageError(
            f"the page has room for {MOST_FILTERS} filters, and these are {len(bank)}; give fewer"
        )
    if max(bank.kernel_size) > LARGEST_KERNEL:
        height, width = bank.kernel_size
        raise UsageError(
            f"the page has room for kernels up to {LARGEST_KERNEL}×{LARGEST_KERNEL}, and this one "
            f"is {height}×{width}; give a smaller one"
        )
    geometry = detection.responses.account().geometry
    rows, cols = geometry.rows, geometry.cols
    steps = (*geometry.padding, rows.stride, cols.stride, rows.dilation, cols.dilation)
    if max(steps) > LARGEST_STEP:
        raise UsageError(
            f"padding, stride and dilation are up to {LARGEST_STEP} in the page, and one is "
            f"{max(steps)}; give a smaller one"
        )


def write_lesson(
    detection: Detection,
    source: Source,
    output: str,
    at: tuple[int, int] = (0, 0),
    *,
    predict: bool = False,
) -> Lesson:
    """Write a page that starts with an image, filters and a window; return its lesson.

    One to ``predict`` hides its maps, and checks what is typed. Notes on the image say what the
    page shows otherwise. ImageError for numbers that no page can hold, UsageError as
    ``check_lesson`` does, OutputError where the file cannot be written.
    """
    check_lesson(detection)
    lesson = open_lesson(detection, source)
    if not np.isfinite(lesson.volume).all():
        raise ImageError(
            f"image {source.info.path} has numbers that are not finite, which cannot be changed in "
            "a page; give one without NaN"
        )
    _take_notes(lesson, source)
    title = readable(os.path.basename(source.info.path)).removeprefix("-")
    start = address(
        lesson.volume,
        lesson.bank,
        detection.settings,
        title=title,
        at=at,
        predict=predict,
    )
    before, after = page_around("edgecli.pages.lesson", "lesson", SCRIPTS, title, "data:")
    data = data_element("builtins", builtin_kernels()) + data_element("start", start)
    with whole_file(output) as file:
        file.write(f"{before}{data}{after}".encode())
    return lesson


def _take_notes(lesson: Lesson, source: Source) -> None:
    stored, shown = source.info.shape[:2], source.shape[:2]
    notes = source.info.notes
    resized = lesson.detection.settings.resize == LARGEST  # which nobody asked for
    if resized and sorted(stored) != sorted(shown):
        notes.append(f"was made smaller for the page, to {shown[0]}×{shown[1]} pixels")
    for combined in lesson.combined:
        notes.append(
            f"is shown under {combined.count} filters of {combined.name}; the page does not "
            f"combine them by {combined.combine}"
        )
    sums = lesson.bank.absolute_sums + np.abs(lesson.bank.bias)
    if float(np.abs(lesson.volume).max()) * float(sums.max()) > EXACT:
        notes.append("has numbers so large that the page's sums are rounded")


def builtin_kernels() -> dict[str, Any]:
    """Return the rows of every built-in filter that is a single one."""
    banks = {name: load_filter(name) for name in BUILTIN_FILTERS}
    members = {
        name: weight[0].tolist()
        for bank in banks.values()
        for name, weight in zip(bank.names, bank.weight, strict=True)
        if max(bank.kernel_size) <= LARGEST_KERNEL
    }
    first = ("vertical", "horizontal", "identity")
    return {name: members[name] for name in (*first, *members)}
