"""PFM, the portable float map of depth and light: ``Pf`` is grey, ``PF`` is RGB.

Three lines of text come before the samples: the kind, width and height, and a number whose sign
tells the byte order, minus for little-endian. Its amount is a unit of light that nobody agrees on:
samples are taken as they are, as Pillow, tifffile and the Middlebury tools do. The last row of the
picture comes first: a file is read from its end on, and what comes through a pipe is held whole.
"""

from __future__ import annotations

import io
import re
from typing import Any, BinaryIO

import numpy as np

from edgecli.errors import ImageError
from edgecli.images import Shape
from edgecli.images.streams import ForwardReader, RowStream
from edgecli.records import dataclass
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import ImageInfo, Rows, Source

_HEADER = re.compile(rb"(P[Ff])\s+([1-9]\d{0,8})\s+([1-9]\d{0,8})\s+([-+]?[\d.]+(?:e[-+]?\d+)?)")
_LINES = 3  # of a header; some programs write two, with both sizes in the first


def read_pfm(file: BinaryIO, path: str, *, max_pixels: int) -> Source:
    r"""Read a PFM as float32. ImageError where it is cut short or its header says something else.

    The file is left at what follows the picture.

    >>> import io
    >>> samples = np.float32([[1, 2], [3, 4]])
    >>> data = b"Pf\n2 2\n-1.0\n" + samples.astype("<f4").tobytes()
    >>> (rows,) = read_pfm(io.BytesIO(data), "depth.pfm", max_pixels=4).blocks([(0, 2)])
    >>> rows[:, :, 0]
    array([[3., 4.],
           [1., 2.]], dtype=float32)
    """
    reader = ForwardReader(file, path)
    header = reader.read_line()
    while len(header.split()) < _LINES + 1:
        header += b"\n" + reader.read_line()
    if not (match := _HEADER.fullmatch(header.strip())):
        raise reader.error("has a PFM header without width, height and scale; mend its header")
    kind, width, height, scale = match.groups()
    shape = (int(height), int(width), 3 if kind == b"PF" else 1)
    reader.check_pixels(shape, max_pixels)
    info = ImageInfo(path, "PFM", shape, "float32")
    samples = _Samples(reader, shape, np.dtype("<f4" if scale.startswith(b"-") else ">f4"))
    if not file.seekable():
        return ArraySource(samples.take(shape[0]), info)
    rows = _FromBelow(file, samples)
    return RowStream(info, shape, np.dtype(np.float32), rows.read_into, rows.skip)


@dataclass(frozen=True)
class _Samples:
    """The samples that a reader comes to, of an image of some shape and byte order."""

    reader: ForwardReader
    shape: Shape
    stored: np.dtype[Any]

    @property
    def row_bytes(self) -> int:
        """The bytes of a row."""
        return 4 * self.shape[1] * self.shape[2]

    def take(self, count: int) -> Rows:
        """Return the next rows as they are shown, the last one first in the file."""
        rows = np.empty((count, *self.shape[1:]), self.stored)
        size = self.reader.fill(rows.reshape(-1).view(np.uint8).data)
        if size < rows.nbytes:
            raise self.cut(size)
        return rows.astype(np.float32, copy=False)[::-1]

    def cut(self, size: int) -> ImageError:
        """Return the error of a file that has so many bytes of samples."""
        rows = f"{size // self.row_bytes:,} of its {self.shape[0]:,}"
        return self.reader.error(f"ends after {rows} rows; get the file whole again")


class _FromBelow:
    """Reads the rows of a file that can seek, from its end on, and always leaves it there."""

    def __init__(self, file: BinaryIO, samples: _Samples) -> None:
        self._file, self._samples = file, samples
        start = file.tell()
        size = file.seek(0, io.SEEK_END) - start
        whole = samples.row_bytes * samples.shape[0]
        if size < whole:
            raise samples.cut(size)
        self._end = self._next = file.seek(start + whole)

    def read_into(self, rows: Rows) -> None:
        """Fill an array with the next rows."""
        self.skip(len(rows))
        self._file.seek(self._next)
        rows[...] = self._samples.take(len(rows))
        self._file.seek(self._end)

    def skip(self, count: int) -> None:
        """Leave rows out."""
        self._next -= count * self._samples.row_bytes
