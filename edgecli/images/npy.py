"""NPY files as images, in and out."""

from __future__ import annotations

import io
import math
import re
from contextlib import suppress
from functools import partial
from typing import Any, BinaryIO, Literal

import numpy as np

from edgecli.images import Shape, magic
from edgecli.images.sample_types import as_rows, row_type, smallest
from edgecli.images.streams import ForwardReader, RowStream, StreamSink
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import ImageInfo, Rows, Source

_HEADER_LIMIT = 1 << 16
_HEADER_LENGTH_BYTES = {1: 2, 2: 4, 3: 4}  # by the format's major version


def read_npy(file: BinaryIO, path: str, *, max_pixels: int) -> Source:
    """Read an array ``(H, W)`` or ``(H, W, C)``, C ≤ 4, of booleans, integers or floats.

    Rows are streamed, from files and pipes alike. An array in Fortran order is mapped, or held
    whole if it comes from a pipe; so is one of uint32, int64 or uint64, which must fit int64.
    Nothing is unpickled. Raises ImageError.
    """
    reader = ForwardReader(file, path)
    stored, is_fortran, shape = _read_header(reader)
    reader.check_pixels(shape, max_pixels)
    info = ImageInfo(path, "NPY", shape, stored.name)
    target = row_type(stored)
    if target is None or is_fortran:
        array = _whole_array(file, reader, shape, stored, is_fortran)
        return ArraySource(smallest(array, path) if target is None else as_rows(array), info)
    return RowStream(info, shape, target, partial(_read_rows, reader, stored))


def _read_header(reader: ForwardReader) -> tuple[np.dtype[Any], bool, Shape]:
    """Return the type, whether the order is Fortran's, and height, width and channels."""
    start = reader.read(8)
    length_bytes = _HEADER_LENGTH_BYTES.get(start[6], 0) if len(start) == 8 else 0
    length = int.from_bytes(reader.read(length_bytes), "little")
    header = reader.read(min(length, _HEADER_LIMIT)).decode("latin-1")
    # The dictionary is matched, not evaluated: NumPy always writes this form.
    order = re.search(r"'fortran_order': *(True|False)", header)
    dimensions = re.search(r"'shape': *\(([0-9, L]{0,99})\)", header)
    is_whole = start.startswith(magic.NUMPY) and len(header) == length
    if not is_whole or order is None or dimensions is None:
        raise reader.error("has no valid NPY header; save it with numpy.save")
    return _stored_type(reader, header), order[1] == "True", _shape(reader, dimensions[1])


def _stored_type(reader: ForwardReader, header: str) -> np.dtype[Any]:
    descr = re.search(r"'descr': *'([^']*)'", header)
    if descr and re.fullmatch(r"[<>|=]?(b1|[iu][1248]|f[248])", descr[1]):
        return np.dtype(descr[1])
    given = f"{descr[1][:20]!r}" if descr else "records"
    raise reader.error(f"holds {given}; save booleans, integers or floats of up to 64 bits")


def _shape(reader: ForwardReader, dimensions: str) -> Shape:
    shape = tuple(map(int, re.findall("[0-9]+", dimensions)))
    if len(shape) == 2:
        shape = (*shape, 1)
    if len(shape) != 3 or shape[2] > 4:
        raise reader.error(
            f"has the shape ({dimensions.strip()}); save it as (H, W), or as (H, W, C) with C ≤ 4, "
            "for example after numpy.moveaxis(array, 0, -1)"
        )
    if 0 in shape:
        raise reader.error(f"is an array without numbers, ({dimensions}); save one with pixels")
    H, W, C = shape
    return H, W, C


def _fill(reader: ForwardReader, array: Rows) -> None:
    """Read until an array in C order is full."""
    if missing := array.nbytes - reader.fill(array.data.cast("B")):
        raise reader.cut_short(missing)


def _read_rows(reader: ForwardReader, stored: np.dtype[Any], rows: Rows) -> None:
    if stored == rows.dtype:
        _fill(reader, rows)
    else:
        samples = np.empty(rows.shape, stored)
        _fill(reader, samples)
        rows[...] = as_rows(samples)


def _whole_array(
    file: BinaryIO, reader: ForwardReader, shape: Shape, stored: np.dtype[Any], is_fortran: bool
) -> Rows:
    """Return the array mapped or, if the stream is no file, in memory."""
    order: Literal["C", "F"] = "F" if is_fortran else "C"
    size = math.prod(shape) * stored.itemsize
    if file.seekable():
        start = file.tell()
        if (missing := start + size - file.seek(0, io.SEEK_END)) > 0:
            raise reader.cut_short(missing)
        file.seek(start)
        with suppress(io.UnsupportedOperation):  # not a file of the system
            return np.memmap(file, stored, "r", start, shape, order)
        file.seek(start)
    try:
        array = np.empty(shape, stored, order)
    except (MemoryError, ValueError) as error:
        raise reader.error(
            f"needs {size:,} bytes of memory; save it in C order as int32 or float32, "
            "which is streamed"
        ) from error
    _fill(reader, array.T if is_fortran else array)
    return array


class NpySink(StreamSink):
    """An image as an NPY array, ``(H, W)`` with one channel, else ``(H, W, C)``."""

    def __init__(self, file: BinaryIO, shape: Shape, dtype: np.dtype[Any]) -> None:
        start, stated = io.BytesIO(), shape[:2] if shape[2] == 1 else shape
        header = {"descr": dtype.str, "fortran_order": False, "shape": stated}
        np.lib.format.write_array_header_1_0(start, header)
        super().__init__(file, dtype, start.getvalue())
