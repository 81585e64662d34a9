"""Where figures go: a still, an animation, or a folder with a file for each position."""

from __future__ import annotations

import os
from collections.abc import Callable

from edgecli.detect.outputs import make_folder
from edgecli.errors import UsageError
from edgecli.images.files import is_device, whole_file
from edgecli.lessons.shapes import Drawing
from edgecli.lessons.svg import animated_svg, still_svg
from edgecli.records import replace

KINDS = (".svg", ".gif")


def is_folder(output: str) -> bool:
    """Return whether an output is a folder, or is to be one."""
    return os.path.isdir(output) or output.endswith(("/", os.sep))


def check_named(output: str) -> None:
    """Raise UsageError unless an output's name says what is to be written."""
    if is_folder(output) or output == "-" or is_device(output):
        return
    if not output.lower().endswith(KINDS):
        raise UsageError(
            f"figures are .svg, .gif or a folder of slides, not {output!r}; write .svg or .gif"
        )


def write_figure(drawing: Drawing, output: str, *, moves: bool) -> None:
    """Write a figure as an output's name says; one that ``moves`` is an animation.

    OutputError where that cannot be.
    """
    if is_folder(output):
        make_folder(output)
        digits = max(3, len(str(len(drawing.steps))))
        first = 0 if moves else len(drawing.steps) - 1
        for n in range(first, len(drawing.steps)):
            still = still_svg(replace(drawing, steps=drawing.steps[: n + 1]))
            _write(os.path.join(output, f"slide-{n + 1 - first:0{digits}}.svg"), still.encode())
        return
    _write(output, _encoder(output)(drawing, moves))


def _encoder(output: str) -> Callable[[Drawing, bool], bytes]:
    if output.lower().endswith(".gif"):
        from edgecli.lessons.gif import gif  # Pillow is slow to load

        return lambda drawing, moves: gif(drawing, moves=moves)
    return lambda drawing, moves: (animated_svg if moves else still_svg)(drawing).encode()


def _write(path: str, data: bytes) -> None:
    with whole_file(path) as file:
        file.write(data)
