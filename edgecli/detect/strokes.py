"""Strokes of a picture that is in memory or in a file, for callers in Python."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from numpy.typing import ArrayLike

from edgecli.detect.pictures import (
    Numbers,
    Path,
    choose,
    make_settings,
    open_picture,
    plan_picture,
    warn_of,
)
from edgecli.detect.run import run_detection
from edgecli.errors import UsageError
from edgecli.images.colour import Colour
from edgecli.strokes.base import Drawing, Finish, Stroke


def find_strokes(
    picture: ArrayLike | Path,
    operator: Path | Sequence[Path] = "sobel",
    *,
    channels: str | None = None,
    combine: str | None = None,
    stride: int | tuple[int, int] = 1,
    padding: str | int | tuple[int, ...] = "same",
    padding_mode: str = "replicate",
    dilation: int | tuple[int, int] = 1,
    convolve: bool = False,
    bias: float | Sequence[float] | None = None,
    activation: str = "none",
    thin: bool = False,
    threshold: str | float | None = None,
    hysteresis: str | tuple[str | float, str | float] | None = None,
    border: int = 0,
    mask: ArrayLike | Path | None = None,
    min_length: float = 0,
    close_gaps: float = 0,
    simplify: float = Finish.simplify,
    background: str | Colour = "white",
    nan: str = "propagate",
    nodata: str | float | None = None,
    white: float | None = None,
    resize: str | None = None,
    scales: Numbers | None = None,
    threads: int | None = None,
) -> list[Stroke]:
    """Return the edges of a picture as polylines, as ``edgecli detect -o FILE.svg`` draws them.

    >>> import numpy as np
    >>> picture = np.zeros((8, 9), np.uint8)
    >>> picture[:, 4:] = 90
    >>> (stroke,) = find_strokes(picture)
    >>> sorted(stroke.points.tolist()), stroke.closed
    ([[4.0, 0.5], [4.0, 7.5]], False)

    Points ``(N, 2)`` are x and y in pixels of the picture, x to the right and y down; the picture
    covers 0 … W by 0 … H, so that the centre of its first pixel is (0.5, 0.5). Arrays, OpenCV and
    scikit-image count centres from 0: subtract 0.5. So it is for a picture with a place on a map,
    too. Strokes come in the order of drawing, each
    with the ``strength (N,)`` of its points; a ``closed`` one does not repeat its first.

    ``picture`` and ``operator`` are those of ``detect_edges``, and so are the other arguments.
    Edges are thinned, and linked by ``auto`` hysteresis unless a threshold is given. No located
    point is further than ``simplify`` pixels from its stroke; with 0 every one is in it. Raises an
    EdgeCliError.
    """
    choice = choose(
        make_settings, operator, mask, channels=channels, combine=combine, stride=stride,
        padding=padding, padding_mode=padding_mode, dilation=dilation, convolve=convolve, bias=bias,
        activation=activation, thin=thin, threshold=threshold, hysteresis=hysteresis,
        border=border, min_length=min_length, close_gaps=close_gaps, background=background,
        nan=nan, nodata=nodata, white=white, resize=resize, scales=scales, threads=threads,
        finish=Finish(simplify),
    )  # fmt: skip
    source = open_picture(picture, choice.settings)
    with closing(source):
        detection = plan_picture(source, choice)
        if len(detection.maps) > 1:
            names = " and ".join(repr(edge_map.name) for edge_map in detection.maps)
            raise UsageError(
                f"find_strokes looks at one edge map, not at those of {names}; give one operator, "
                "or combine='magnitude'"
            )
        canvas = _Kept()
        run_detection(detection, source, [canvas], measured=False)
    warn_of(source.info)
    return [*canvas.drawing.strokes]


class _Kept:
    """The canvas that keeps a drawing."""

    drawing: Drawing

    def draw(self, drawing: Drawing) -> None:
        """Keep it."""
        self.drawing = drawing

    def finish(self) -> None:
        """Nothing follows."""
