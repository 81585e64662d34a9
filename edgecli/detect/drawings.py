"""Edge maps that are drawn, not painted: what their strokes are drawn on, and what is seen of them.

A file of strokes takes all edge maps of one image, as layers.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np

from edgecli.detect.made_by import made_by
from edgecli.detect.plan import Detection
from edgecli.detect.settings import Settings
from edgecli.images.colour import Colour
from edgecli.images.formats import FORMATS
from edgecli.images.nodata import colours_of
from edgecli.images.writing import begin_file
from edgecli.paint.painting import Style
from edgecli.rows.arrays import ArraySink, NoSink
from edgecli.rows.base import ImageInfo, Rows, Sink, Source
from edgecli.rows.place import Place
from edgecli.rows.samples import full_scale
from edgecli.strokes.base import Canvas, Drawing
from edgecli.strokes.files.sheet import Sheet, pitch_of
from edgecli.strokes.files.writing import Layers, Writer, writer_of
from edgecli.strokes.measures import Measures, measure_drawing, points_along

LONGEST_JPEG = 65500
"""Rows or columns of a JPEG at most; larger pictures are embedded as PNG."""

ON_MAP = ("geojson", "dxf", "points")
"""Formats of strokes that have coordinates of a map, where an image has a place on one."""

SEEN = 2048
"""Rows or columns of a preview at most: that of a larger image is a smaller picture."""


class Drawn:
    """The canvas of an edge map: what is drawn is measured, and drawn on others, if any."""

    def __init__(self, *canvases: Canvas) -> None:
        self._canvases = canvases
        self.measures: Measures | None = None

    def draw(self, drawing: Drawing) -> None:
        """Measure a drawing, and draw it on every canvas."""
        self.measures = measure_drawing(drawing)
        for canvas in self._canvases:
            canvas.draw(drawing)

    def finish(self) -> None:
        """Finish every canvas."""
        for canvas in self._canvases:
            canvas.finish()


class Underlay:
    """A source whose rows are kept, too, as a picture of 8 bits that drawings are laid on."""

    def __init__(self, source: Source, background: Colour, white: float | None) -> None:
        self.info, self.shape, self.dtype = source.info, source.shape, source.dtype
        self.close, self._source = source.close, source
        self._background, self._white = background, white or full_scale(source.dtype)
        height, width, channels = source.shape
        self._kept = ArraySink((height, width, 1 if channels < 3 else 3), np.dtype(np.uint8))

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        """Yield the source's blocks, and keep their rows once."""
        listed, seen = list(ranges), 0
        for (start, stop), block in zip(listed, self._source.blocks(listed), strict=True):
            if stop > seen:
                self._keep(block[max(seen - start, 0) :])
                seen = stop
            yield block

    def _keep(self, rows: Rows) -> None:
        colours = colours_of(self, rows, self._background)
        samples = np.nan_to_num(colours * (255 / np.float64(self._white)))
        self._kept.write(np.rint(samples.clip(0, 255)).astype(np.uint8))

    def encoded(self) -> bytes:
        """Return the picture as JPEG, or where it is too large for that, as PNG."""
        name = "png" if max(self.shape[:2]) > LONGEST_JPEG else "jpeg"
        picture, file = self._kept.array, io.BytesIO()
        image = begin_file(FORMATS[name], file, self)
        sink = image.begin(picture.shape, picture.dtype, self.info)
        sink.write(sink.encode(picture))
        sink.finish()
        image.finish()
        return file.getvalue()


def begin_layers(
    format_: str, file: BinaryIO, source: Source, detection: Detection, names: Sequence[str]
) -> Canvas:
    """Begin a file of strokes of an image: the canvas of all its edge maps, which have names."""

    def make_writer() -> Writer:
        return writer_of(format_, sheet_of(format_, source, detection), names)

    return Layers(file, make_writer, len(names))


def sheet_of(format_: str, source: Source, detection: Detection) -> Sheet:
    """Return what the strokes of an image are drawn on: the image as it was before --resize."""
    settings, info = detection.settings, source.info
    width, height = (round(source.shape[1 - n] * info.scale[n]) for n in (0, 1))
    dpi = info.dpi and tuple(one * times for one, times in zip(info.dpi, info.scale, strict=True))
    style, picture = settings.style, source.encoded() if isinstance(source, Underlay) else None
    return Sheet(
        width,
        height,
        pitch_of(settings.size, dpi, width, height),
        line=style.overlay or style.ink,
        paper=None if picture else style.paper,
        stroke=style.stroke,
        title="stdin" if info.path == "-" else os.path.basename(info.path),
        made=f"{made_by(settings)} --format {format_}",
        picture=picture,
        place=_place_on_map(format_, settings, info),
    )


def _place_on_map(format_: str, settings: Settings, info: ImageInfo) -> Place | None:
    """Return where an image lies, if strokes go there; a note tells where that cannot be."""
    place = info.place
    if place is None or format_ not in ON_MAP or settings.size is not None:
        return None
    if place.transform is None:
        info.notes.append(
            "lies between points of control, which do not move strokes; warp it first, by gdalwarp"
        )
        return None
    if format_ == "geojson" and place.system.epsg is None:
        info.notes.append(
            "lies in a coordinate system without a number, which GeoJSON cannot name: say to what "
            "reads it that this is not longitude and latitude"
        )
    return place


def laid_under(source: Source, detection: Detection) -> Source:
    """Return a source that keeps its picture, where drawings are laid on it."""
    settings = detection.settings
    if settings.style.overlay is None:
        return source
    return Underlay(source, settings.background, settings.white)


class Preview:
    """The canvas that shows a drawing as a small picture, by whatever shows edge maps."""

    def __init__(
        self, source: Source, style: Style, watch: Callable[[Sink, tuple[int, int, int], Any], Sink]
    ) -> None:
        height, width, _ = source.shape
        across, down = source.info.scale
        self._shrunk = min(SEEN / max(height, width), 1.0)
        self._by = self._shrunk / np.array((across, down))
        self._size = max(round(height * self._shrunk), 1), max(round(width * self._shrunk), 1)
        self._colours = np.array((style.behind, style.overlay or style.ink), np.uint8)
        paper = tuple(self._colours[0] / 255)
        self._sink = watch(NoSink(), (*self._size, 3), paper)

    def draw(self, drawing: Drawing) -> None:
        """Draw the pixels that strokes pass through."""
        lines = np.zeros(self._size, np.uint8)
        points = points_along(drawing.strokes, 0.5 / self._by.max()) * self._by
        columns, rows = points.astype(np.int64).T
        height, width = self._size
        lines[rows.clip(0, height - 1), columns.clip(0, width - 1)] = 1
        self._sink.write(self._sink.encode(self._colours[lines]))

    def finish(self) -> None:
        """Show the picture."""
        self._sink.finish()
