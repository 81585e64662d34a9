"""Settings run on a picture in memory."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

from edgecli.detect.plan import plan_detection
from edgecli.detect.run import Measured, run_detection
from edgecli.detect.settings import Settings
from edgecli.operators.operators import load_operator
from edgecli.rows.arrays import ArraySink, ArraySource
from edgecli.rows.base import Source


def settings_of(*names: str, **options: Any) -> Settings:
    """Return the settings of operators."""
    return Settings(tuple(load_operator(name) for name in names), **options)


def detected(picture: ArrayLike, settings: Settings) -> tuple[list[NDArray[Any]], Measured]:
    """Return every edge map of a picture, ``(H', W', C)``, and what was measured."""
    return detected_of(ArraySource.of(picture), settings)


def detected_of(source: Source, settings: Settings) -> tuple[list[NDArray[Any]], Measured]:
    """Return every edge map of a source, and what was measured."""
    detection = plan_detection(settings, source.shape, source.dtype)
    sinks = [ArraySink(detection.written_shape, samples) for samples in detection.sample_types]
    measured = run_detection(detection, source, sinks)
    return [sink.array for sink in sinks], measured
