"""PFM, the portable float map of depth and light: ``Pf`` is grey, ``PF`` is RGB.

Three lines of text come before the samples: the kind, width and height, and a number whose sign
tells the byte order, minus for little-endian. Its amount is a unit of light that nobody agrees on:
samples are taken as they are, as Pillow, tifffile and the Middlebury tools do. The last row of the
picture comes first, so that the file is held whole.
"""

from __future__ import annotations

import io
import math
import re
from typing import BinaryIO

import numpy as np

from edgecli.errors import ImageError
from edgecli.images.streams import ForwardReader
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import ImageInfo

_HEADER = re.compile(rb"(P[Ff])\s+([1-9]\d{0,8})\s+([1-9]\d{0,8})\s+([-+]?[\d.]+(?:e[-+]?\d+)?)")
_LINES = 3  # of a header; some programs write two, with both sizes in the first


def read_pfm(file: BinaryIO, path: str, *, max_pixels: int) -> ArraySource:
    r"""Read a PFM as float32. ImageError where it is cut short or its header says something else.

    >>> import io
    >>> samples = np.float32([[1, 2], [3, 4]])
    >>> data = b"Pf\n2 2\n-1.0\n" + samples.astype("<f4").tobytes()
    >>> read_pfm(io.BytesIO(data), "depth.pfm", max_pixels=4).array[:, :, 0]
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
    _check_rows(file, reader, shape)
    samples = np.empty(shape, "<f4" if scale.startswith(b"-") else ">f4")
    size = reader.fill(samples.reshape(-1).view(np.uint8).data)
    if size < samples.nbytes:
        raise _cut(reader, size, shape)
    native = samples.astype(np.float32, copy=False)
    return ArraySource(native[::-1], ImageInfo(path, "PFM", shape, "float32"))


def _check_rows(file: BinaryIO, reader: ForwardReader, shape: tuple[int, int, int]) -> None:
    """Raise ImageError for a file that lacks rows, before any memory is taken."""
    if file.seekable():
        start = file.tell()
        size = file.seek(0, io.SEEK_END) - start
        file.seek(start)
        if size < 4 * math.prod(shape):
            raise _cut(reader, size, shape)


def _cut(reader: ForwardReader, size: int, shape: tuple[int, int, int]) -> ImageError:
    rows = size // (4 * shape[1] * shape[2])
    return reader.error(f"ends after {rows:,} of its {shape[0]:,} rows; get the file whole again")
