"""Edges of a picture that is in memory or in a file, for callers in Python."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecli.conv.engine import as_pair
from edgecli.detect.jobs import Limits
from edgecli.detect.maps import Lines
from edgecli.detect.plan import plan_detection, sums_fit
from edgecli.detect.run import run_detection
from edgecli.detect.settings import Settings, parse_scales
from edgecli.errors import EdgeCliWarning, UsageError
from edgecli.geometry import parse_padding, parse_padding_mode
from edgecli.images.colour import Colour, parse_colour
from edgecli.images.files import bright_pixels, open_images, read_mask
from edgecli.images.limits import note_lines
from edgecli.images.resizing import parse_resize, resized
from edgecli.images.sources import upright
from edgecli.lines.thresholds import choose_threshold
from edgecli.operators.operators import load_operators
from edgecli.paint.looks import choose_style
from edgecli.rows.arrays import ArraySink, ArraySource
from edgecli.rows.base import ImageInfo, Source

Path = str | os.PathLike[str]
Numbers = str | float | Sequence[float]
"""As written on a command line, a number, or several."""


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
    white: float | None = None,
    resize: str | None = None,
    scales: Numbers | None = None,
    threads: int | None = None,
) -> NDArray[Any]:
    """Return the edge map of a picture as 8-bit samples, as ``edgecli detect`` writes it.

    >>> picture = np.zeros((4, 6), np.uint8)
    >>> picture[:, 3:] = 50
    >>> detect_edges(picture, "sobel")[0].tolist()
    [0, 0, 106, 106, 0, 0]
    >>> detect_edges(picture, "sobel", threshold=30)[0].tolist()
    [0, 0, 255, 255, 0, 0]

    ``picture`` is ``(H, W)`` or ``(H, W, C)``, as Pillow, OpenCV and scikit-image hold it (RGB
    order; alpha is composited on ``background``), or the path of a file, whose first image is
    read, turned upright. ``operator`` names an operator, a filter, a file or inline rows; several
    are combined into one edge map. The other arguments are the options of the command line, as text
    or as numbers: ``threshold=30`` or ``"20%"``, ``hysteresis=(50, 100)``, ``overlay="red"`` or
    ``(255, 0, 0)``, ``mask`` an array or a path. What must be
    told of a picture is an EdgeCliWarning.

    The result is ``(H', W')``, or ``(H', W', C)`` of what has colours or transparency; it is uint8,
    uint16 for a ``depth`` of 16, and float32 for ``"float"``. Raises an EdgeCliError.
    """
    settings = Settings(
        load_operators([os.fspath(one) for one in _listed(operator)]),
        padding=parse_padding(padding),
        padding_mode=parse_padding_mode(padding_mode),
        stride=as_pair(stride),
        dilation=as_pair(dilation),
        convolve=convolve,
        channels=channels,
        bias=() if bias is None else tuple(np.atleast_1d(bias).tolist()),
        activation=activation,
        combine=combine,
        map=map,
        depth=str(depth),
        lines=Lines(
            thin,
            choose_threshold(_text(threshold), _text(hysteresis)),
            border,
            _mask(mask),
            min_length,
            close_gaps,
        ),
        style=choose_style(
            colormap=colormap,
            invert=invert,
            line=_text(line),
            paper=_text(paper),
            overlay=_text(overlay),
            alpha_out=alpha_out,
            stroke=stroke,
        ),
        scales=parse_scales(_text(scales)),
        nan=nan,
        white=white,
        resize=parse_resize(resize),
        background=_colour(background) or Settings.background,
        threads=threads,
    )
    source = _source(picture, settings)
    with closing(source):
        edges = _detect(source, settings)
    _warn(source.info)
    return edges


def _detect(source: Source, settings: Settings) -> NDArray[Any]:
    detection = plan_detection(settings, source.shape, source.dtype)
    if not sums_fit(source, detection):
        detection = plan_detection(settings, source.shape, source.dtype, exact=False)
    if len(detection.maps) > 1 or settings.map == "raw":
        names = " and ".join(repr(operator.name) for operator in settings.operators)
        raise UsageError(
            f"detect_edges returns one edge map, but {names} with map {settings.map!r} gives "
            f"{len(detection.maps)} of {detection.sample_types[0].name}; use edgecli.convolve"
        )
    sink = ArraySink(detection.written_shape, detection.sample_types[0])
    run_detection(detection, source, [sink], measured=False)
    return sink.array[..., 0] if sink.array.shape[2] == 1 else sink.array


def _source(picture: ArrayLike | Path, settings: Settings) -> Source:
    """Return the rows of an array, or of the first image of a file, turned upright."""
    if not isinstance(picture, str | os.PathLike):
        return resized(ArraySource.of(picture), settings.resize)
    images = open_images(os.fspath(picture), max_pixels=Limits.max_pixels, grey=settings.grey)
    with closing(resized(upright(next(images)), settings.resize)) as source:
        (rows,) = source.blocks([(0, source.shape[0])])
        return ArraySource(rows, source.info)


def _mask(mask: ArrayLike | Path | None) -> NDArray[np.bool_] | None:
    """Return the pixels that count: the bright ones, as of a file."""
    if mask is None:
        return None
    if not isinstance(mask, str | os.PathLike):
        return bright_pixels(ArraySource.of(mask).array)
    inside, info = read_mask(os.fspath(mask), max_pixels=Limits.max_pixels)
    _warn(info)
    return inside


def _warn(info: ImageInfo) -> None:
    for line in note_lines(info):
        warnings.warn(line, EdgeCliWarning, stacklevel=3)


def _listed(given: Path | Sequence[Path]) -> Sequence[Path]:
    return [given] if isinstance(given, str | os.PathLike) else given


def _text(given: str | float | Sequence[str | float] | None) -> str | None:
    """Return what a command line would have: numbers in full, with commas between several."""
    if given is None or isinstance(given, str):
        return given
    if isinstance(given, Sequence | np.ndarray):
        return ",".join(str(_text(one)) for one in given)
    return f"{given:.17g}"


def _colour(given: str | Sequence[int] | None) -> Colour | None:
    return None if given is None else parse_colour(str(_text(given)))
