"""Files of strokes being written: all edge maps of an image, one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, Protocol

from edgecli.strokes.base import Drawing
from edgecli.strokes.files.sheet import Sheet


class Writer(Protocol):
    """The text of a file of one format, in pieces: what precedes edge maps, each, what follows."""

    def begin(self) -> Iterator[bytes]:
        """Yield what precedes the edge maps."""
        ...

    def draw(self, number: int, drawing: Drawing) -> Iterator[bytes]:
        """Yield an edge map; they are numbered from 1."""
        ...

    def end(self) -> Iterator[bytes]:
        """Yield what follows them."""
        ...


def writer_of(format_: str, sheet: Sheet, names: Sequence[str]) -> Writer:
    """Return what writes the edge maps of these names."""
    match format_:
        case "svg":
            from edgecli.strokes.files.svg import SvgWriter

            return SvgWriter(sheet)
        case "dxf":
            from edgecli.strokes.files.dxf import DxfWriter

            return DxfWriter(sheet, [*names])
        case "geojson":
            from edgecli.strokes.files.geojson import GeoJsonWriter

            return GeoJsonWriter(sheet)
        case _:
            from edgecli.strokes.files.points import PointsWriter

            return PointsWriter(sheet)


class Layers:
    """The canvases of a file's edge maps; it begins with the first drawing, and ends with the last.

    Drawings are written in the order in which they are drawn, which is that of the maps. The writer
    is made when all that is drawn on is known.
    """

    def __init__(self, file: BinaryIO, make_writer: Callable[[], Writer], count: int) -> None:
        self._file, self._make_writer, self._left = file, make_writer, count
        self._writer: Writer | None = None
        self._drawn = 0

    def draw(self, drawing: Drawing) -> None:
        """Write a layer."""
        if self._writer is None:
            self._writer = self._make_writer()
            self._write(self._writer.begin())
        self._drawn += 1
        self._write(self._writer.draw(self._drawn, drawing))

    def finish(self) -> None:
        """Write the end of the file after its last layer."""
        self._left -= 1
        if self._writer is not None and self._left == 0:
            self._write(self._writer.end())

    def _write(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            self._file.write(piece)
