"""Edges of a picture that is in memory or in a file, for callers in Python."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from numpy.typing import ArrayLike, NDArray

from edgecli.detect.pictures import (
    Choice,
    Numbers,
    Path,
    choose,
    make_settings,
    open_picture,
    plan_picture,
    text_of,
    warn_of,
)
from edgecli.detect.run import run_detection
from edgecli.detect.settings import Settings
from edgecli.errors import UsageError
from edgecli.images.colour import Colour
from edgecli.paint.looks import choose_style
from edgecli.records import replace
from edgecli.rows.arrays import ArraySink
from edgecli.rows.base import Source


def detect_edges(
    picture: ArrayLike | Path,
    operator: Path | Sequence[Path] = "sobel",
    *,
    channels: str | None = None,
    map: str = "auto",  # noqa: A002 (the word of the command line)
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
    depth: str | int = 8,
    colormap: str | None = None,
    invert: bool = False,
    line: str | Colour | None = None,
    paper: str | Colour | None = None,
    stroke: int = 1,
    overlay: str | Colour | None = None,
    alpha_out: bool = False,
    background: str | Colour = "white",
    nan: str = "propagate",
    nodata: str | float | None = None,
    white: float | None = None,
    resize: str | None = None,
    scales: Numbers | None = None,
    threads: int | None = None,
) -> NDArray[Any]:
    """Return the edge map of a picture as 8-bit samples, as ``edgecli detect`` writes it.

    >>> import numpy as np
    >>> picture = np.zeros((4, 6), np.uint8)
    >>> picture[:, 3:] = 50
    >>> detect_edges(picture, "sobel")[0].tolist()
    [0, 0, 106, 106, 0, 0]
    >>> detect_edges(picture, "sobel", threshold=30)[0].tolist()
    [0, 0, 255, 255, 0, 0]

    ``picture`` is ``(H, W)`` or ``(H, W, C)``, as Pillow, OpenCV and scikit-image hold it (RGB
    order; alpha is composited on ``background``; what an array masks is no data), an image of
    Pillow, or the path of a file, whose first image is read, turned upright. ``operator`` names an
    operator, a filter, a file or inline rows; several are combined into one edge map. The other
    arguments are the options of the command line, as text or as numbers: ``threshold=30`` or
    ``"20%"``, ``hysteresis=(50, 100)``, ``overlay="red"`` or ``(255, 0, 0)``, ``mask`` an array or
    a path. What must be told of a picture is an EdgeCliWarning.

    The result is ``(H', W')``, or ``(H', W', C)`` of what has colours or transparency; it is uint8,
    uint16 for a ``depth`` of 16, and float32 for ``"float"``. Raises an EdgeCliError.
    """
    choice = choose(
        _settings_of, operator, mask, channels=channels, map=map, combine=combine, stride=stride,
        padding=padding, padding_mode=padding_mode, dilation=dilation, convolve=convolve, bias=bias,
        activation=activation, thin=thin, threshold=threshold, hysteresis=hysteresis,
        border=border, min_length=min_length, close_gaps=close_gaps, depth=depth,
        colormap=colormap, invert=invert, line=line, paper=paper, pen=stroke, overlay=overlay,
        alpha_out=alpha_out, background=background, nan=nan, nodata=nodata, white=white,
        resize=resize, scales=scales, threads=threads,
    )  # fmt: skip
    source = open_picture(picture, choice.settings)
    with closing(source):
        edges = _detect(source, choice)
    warn_of(source.info)
    return edges


def _settings_of(
    operator: Path | Sequence[Path],
    *,
    map: str,  # noqa: A002 (the word of the command line)
    depth: str | int,
    colormap: str | None,
    invert: bool,
    line: str | Colour | None,
    paper: str | Colour | None,
    pen: int,
    overlay: str | Colour | None,
    alpha_out: bool,
    **found: Any,
) -> Settings:
    """Return what the options of edges mean, how they look included."""
    style = choose_style(
        colormap=colormap,
        invert=invert,
        line=text_of(line),
        paper=text_of(paper),
        overlay=text_of(overlay),
        alpha_out=alpha_out,
        stroke=pen,
    )
    return replace(make_settings(operator, **found), map=map, depth=str(depth), style=style)


def _detect(source: Source, choice: Choice) -> NDArray[Any]:
    detection, settings = plan_picture(source, choice), choice.settings
    if len(detection.maps) > 1 or settings.map == "raw":
        names = " and ".join(repr(operator.name) for operator in settings.operators)
        raise UsageError(
            f"detect_edges returns one edge map, but {names} with map {settings.map!r} gives "
            f"{len(detection.maps)} of {detection.sample_types[0].name}; use edgecli.convolve"
        )
    sink = ArraySink(detection.written_shape, detection.sample_types[0])
    run_detection(detection, source, [sink], measured=False)
    return sink.array[..., 0] if sink.array.shape[2] == 1 else sink.array
