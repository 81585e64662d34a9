"""Edges of a picture that is in memory, for callers in Python."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecli.conv.engine import as_pair
from edgecli.detect.maps import Lines
from edgecli.detect.plan import plan_detection, sums_fit
from edgecli.detect.run import run_detection
from edgecli.detect.settings import Settings, parse_scales
from edgecli.errors import UsageError
from edgecli.geometry import parse_padding, parse_padding_mode
from edgecli.lines.thresholds import choose_threshold
from edgecli.operators.operators import load_operator
from edgecli.rows.arrays import ArraySink, ArraySource


def detect_edges(
    picture: ArrayLike,
    operator: str = "sobel",
    *,
    channels: str | None = None,
    map: str = "auto",  # noqa: A002 (the word of the command line)
    stride: int | tuple[int, int] = 1,
    padding: str | int | tuple[int, ...] = "same",
    padding_mode: str = "replicate",
    dilation: int | tuple[int, int] = 1,
    thin: bool = False,
    threshold: str | None = None,
    hysteresis: str | None = None,
    scales: str | None = None,
    threads: int | None = None,
) -> NDArray[np.uint8]:
    """Return the edge map of a picture as 8-bit samples, as ``edgecli detect`` writes it.

    ``picture`` is ``(H, W)`` or ``(H, W, C)``, as Pillow, OpenCV and scikit-image hold it (RGB
    order; alpha is composited on white); the result is ``(H', W')``, or ``(H', W', 3)`` for
    ``channels="each"``. ``operator`` names an operator, a filter, a file or inline rows that make
    one edge map. ``threshold`` and ``hysteresis`` are written as on the command line, and leave
    0 and 255; so are ``scales``, which networks such as ``learned`` take. Raises FilterError,
    GeometryError, NetworkError and UsageError.

    >>> picture = np.zeros((4, 6), np.uint8)
    >>> picture[:, 3:] = 50
    >>> detect_edges(picture, "sobel")[0].tolist()
    [0, 0, 106, 106, 0, 0]
    """
    source = ArraySource.of(picture)
    settings = Settings(
        (load_operator(operator),),
        padding=parse_padding(padding),
        padding_mode=parse_padding_mode(padding_mode),
        stride=as_pair(stride),
        dilation=as_pair(dilation),
        channels=channels,
        map=map,
        depth="8",
        lines=Lines(thin, choose_threshold(threshold, hysteresis)),
        scales=parse_scales(scales),
        threads=threads,
    )
    detection = plan_detection(settings, source.shape, source.dtype)
    if not sums_fit(source, detection):
        detection = plan_detection(settings, source.shape, source.dtype, exact=False)
    if len(detection.maps) > 1 or map == "raw":
        raise UsageError(
            f"detect_edges returns one 8-bit edge map, but {operator!r} with map {map!r} gives "
            f"{len(detection.maps)} of {detection.sample_types[0].name}; use edgecli.convolve"
        )
    sink = ArraySink(detection.written_shape, detection.sample_types[0])
    run_detection(detection, source, [sink], measured=False)
    return sink.array[..., 0] if sink.array.shape[2] == 1 else sink.array
