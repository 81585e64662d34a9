"""The formats that edge maps are written in, and what each can hold."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from edgecli.errors import UsageError
from edgecli.images.base import ImageInfo, Rows, Sink, Source

NUMBERS = ("uint8", "uint16", "int16", "int32", "float32")


@dataclass(frozen=True)
class Format:
    """What a file format can hold.

    ``samples`` are the types it stores without loss. ``sequence`` formats hold several images one
    after another; ``text`` ones may be written to a terminal.
    """

    name: str
    extensions: tuple[str, ...]
    samples: tuple[str, ...]
    channels: tuple[int, ...] = (1, 3)
    sequence: bool = False
    text: bool = False


FORMATS = {
    format_.name: format_
    for format_ in (
        Format("png", (".png",), ("uint8", "uint16")),
        Format("pgm", (".pgm", ".pnm"), ("uint8", "uint16"), (1,), sequence=True),
        Format("ppm", (".ppm",), ("uint8", "uint16"), sequence=True),
        Format("tiff", (".tif", ".tiff"), NUMBERS),
        Format("jpeg", (".jpg", ".jpeg"), ("uint8",)),
        Format("webp", (".webp",), ("uint8",)),
        Format("npy", (".npy",), NUMBERS),
        Format("csv", (".csv", ".txt"), NUMBERS, (1,), text=True),
        Format("y4m", (".y4m",), ("uint8", "uint16"), (1,), sequence=True),
    )
}


def format_of(path: str) -> Format:
    """Return the format that a file's extension names; UsageError for an unknown one."""
    extension = os.path.splitext(path)[1].lower()
    for format_ in FORMATS.values():
        if extension in format_.extensions:
            return format_
    known = " ".join(format_.extensions[0] for format_ in FORMATS.values())
    raise UsageError(f"output {path!r} has no known extension; use one of {known}, or say --format")


def check_holds(format_: Format, samples: np.dtype[Any], channels: int) -> None:
    """Raise UsageError unless the format holds such samples, naming formats that do."""
    if samples.name not in format_.samples:
        fit = ", ".join(f.name for f in FORMATS.values() if samples.name in f.samples)
        raise UsageError(f"{format_.name} cannot hold {samples.name} samples; choose from {fit}")
    if channels not in format_.channels:
        fit = ", ".join(f.name for f in FORMATS.values() if channels in f.channels)
        raise UsageError(f"{format_.name} cannot hold a colour edge map; choose from {fit}")


BeginImage = Callable[[tuple[int, int, int], np.dtype[Any], ImageInfo], Sink]
"""Begins an image ``(H, W, C)`` of some type of samples, made of the input that is described."""


def begin_file(format_: Format, file: BinaryIO, source: Source) -> BeginImage:
    """Return what begins each image of an open file, which the first source's stream describes.

    A YUV4MPEG2 file has one header for all frames: it repeats the rate of a video that was read.
    """
    if format_.name != "y4m":
        return partial(open_sink, format_, file)
    from edgecli.images.yuv4mpeg import FrameSource, FrameWriter

    header = source.header if isinstance(source, FrameSource) else None
    writer = FrameWriter(file, header)
    return lambda shape, samples, info: writer.sink(shape, samples)  # noqa: ARG005


def open_sink(
    format_: Format,
    file: BinaryIO,
    shape: tuple[int, int, int],
    samples: np.dtype[Any],
    info: ImageInfo,
) -> Sink:
    """Begin an image ``(H, W, C)`` of ``samples`` in an open file.

    ``info`` is the input's: its resolution is kept where the format has a place for it. Raises
    UsageError where the format cannot hold the image. Codecs are imported when first used.
    """
    check_holds(format_, samples, shape[2])
    match format_.name:
        case "png":
            from edgecli.images.png_writer import PngSink

            return PngSink(file, shape, samples, dpi=info.dpi)
        case "pgm":
            from edgecli.images.netpbm import PnmSink

            return PnmSink(file, shape, samples)
        case "ppm":
            from edgecli.images.netpbm import PnmSink

            height, width, _ = shape
            return _InColour(PnmSink(file, (height, width, 3), samples))
        case "tiff":
            from edgecli.images.tiff import TiffSink

            return TiffSink(file, shape, samples, dpi=info.dpi)
        case "npy" | "csv":
            from edgecli.images.matrix import CsvSink, NpySink

            return (CsvSink if format_.text else NpySink)(file, shape, samples)
        case _:
            from edgecli.images.pillow import PillowSink

            return PillowSink(file, format_.name, shape, samples, dpi=info.dpi)


class _InColour:
    """A sink of three channels that takes grey rows too, for formats that know only colour."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.write, self.finish = sink.write, sink.finish

    def encode(self, rows: Rows) -> Any:
        """Encode rows ``(rows, W, 1)`` or ``(rows, W, 3)`` as three channels."""
        if rows.shape[2] == 1:
            grey, rows = rows, np.empty((*rows.shape[:2], 3), rows.dtype)
            for channel in range(3):
                rows[..., channel] = grey[..., 0]
        return self._sink.encode(rows)
