"""NPY files as images, in and out."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any, BinaryIO, Literal

import numpy as np

from edgecli.filters.numpy_header import BROKEN_HEADER, read_header
from edgecli.images import Shape
from edgecli.images.sample_types import as_rows, row_type, smallest
from edgecli.images.streams import ForwardReader, RowStream, StreamSink
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import ImageInfo, Rows, Sink, Source


def read_npy(file: BinaryIO, path: str, *, max_pixels: int) -> Source:
    """Read an array ``(H, W)`` or ``(H, W, C)``, C ≤ 4, of booleans, integers or floats.

    Rows are streamed, from files and pipes alike. An array in Fortran order is mapped, or held
    whole if it comes from a pipe; so is one of uint32, int64 or uint64, which must fit int64.
    Nothing is unpickled. Raises ImageError.
    """
    return read_array(ForwardReader(file, path), "NPY", file, max_pixels)


def read_array(
    reader: ForwardReader, format_: str, file: BinaryIO | None, max_pixels: int
) -> Source:
    """Read an array from where its header starts; it may be mapped from a file that can seek."""
    stored, is_fortran, shape = _read_header(reader)
    reader.check_pixels(shape, max_pixels)
    info = ImageInfo(reader.path, format_, shape, stored.name)
    target = row_type(stored)
    if target is None or is_fortran:
        array = _whole_array(file, reader, shape, stored, is_fortran)
        rows = smallest(array, reader.path) if target is None else as_rows(array)
        return ArraySource(rows, info)
    row_bytes = shape[1] * shape[2] * stored.itemsize
    read_into = partial(_read_rows, reader, stored)
    return RowStream(info, shape, target, read_into, lambda rows: reader.skip(rows * row_bytes))


def is_image(shape: tuple[int, ...], stored: np.dtype[Any]) -> bool:
    """Return whether an array of that shape and type can be an image."""
    is_flat = len(shape) == 2 or (len(shape) == 3 and shape[2] <= 4)
    return is_flat and min(shape) > 0 and _is_number(stored)


def _is_number(stored: np.dtype[Any]) -> bool:
    return stored.kind in "biuf" and stored.itemsize <= 8


def _read_header(reader: ForwardReader) -> tuple[np.dtype[Any], bool, Shape]:
    """Return the type, whether the order is Fortran's, and height, width and channels."""
    try:
        shape, is_fortran, stored = read_header(reader)
    except BROKEN_HEADER as error:
        raise reader.error("has no valid NPY header; save it with numpy.save") from error
    if not _is_number(stored):
        given = "records" if stored.names else repr(stored.str[:20])
        raise reader.error(f"holds {given}; save booleans, integers or floats of up to 64 bits")
    return stored, is_fortran, _image_shape(reader, shape)


def _image_shape(reader: ForwardReader, stated: tuple[int, ...]) -> Shape:
    dimensions = str(stated)[:60]
    shape = (*stated, 1) if len(stated) == 2 else stated
    if len(shape) != 3 or shape[2] > 4:
        raise reader.error(
            f"has the shape {dimensions}; save it as (H, W), or as (H, W, C) with C ≤ 4, "
            "for example after numpy.moveaxis(array, 0, -1)"
        )
    if min(shape) < 1:
        raise reader.error(f"is an array without numbers, {dimensions}; save one with pixels")
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
    file: BinaryIO | None,
    reader: ForwardReader,
    shape: Shape,
    stored: np.dtype[Any],
    is_fortran: bool,
) -> Rows:
    """Return the array mapped or, if the stream is no file, in memory."""
    order: Literal["C", "F"] = "F" if is_fortran else "C"
    size = math.prod(shape) * stored.itemsize
    if file is not None and file.seekable():
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


class Volume:
    """Maps ``(H, W, 1)`` of one image, interleaved into an array ``(H, W, N)`` of one type.

    Rows wait until those of every map are there: a band where all maps come in bands.
    """

    def __init__(self, file: BinaryIO, size: tuple[int, int], types: Sequence[np.dtype[Any]]):
        self._dtype = np.result_type(*types)
        self._sink = NpySink(file, (*size, len(types)), self._dtype)
        self._waiting: list[list[Rows]] = [[] for _ in types]
        self._unfinished = len(types)

    @property
    def sinks(self) -> list[Sink]:
        """Return the sinks of the maps, in order."""
        return [_OneOfVolume(self, n) for n in range(len(self._waiting))]

    def put(self, number: int, rows: Rows) -> None:
        """Take the next rows of a map, and write those that all maps have."""
        self._waiting[number].append(rows)
        while all(self._waiting):
            height = min(len(runs[0]) for runs in self._waiting)
            parts = [_first_rows(runs, height) for runs in self._waiting]
            together = np.concatenate(parts, axis=-1, dtype=self._dtype)
            self._sink.write(self._sink.encode(together))

    def finish(self) -> None:
        """Finish one map, and with the last the array."""
        self._unfinished -= 1
        if not self._unfinished:
            self._sink.finish()


class _OneOfVolume:
    """The sink of one map of a volume."""

    def __init__(self, volume: Volume, number: int) -> None:
        self._volume, self._number = volume, number
        self.finish = volume.finish

    def encode(self, rows: Rows) -> Rows:
        """Return the rows as they are."""
        return rows

    def write(self, encoded: Rows) -> None:
        """Hand the rows to the volume."""
        self._volume.put(self._number, encoded)


def _first_rows(runs: list[Rows], height: int) -> Rows:
    """Take rows from the start of the first run."""
    first = runs.pop(0)
    if len(first) > height:
        runs.insert(0, first[height:])
    return first[:height]


class NpySink(StreamSink):
    """An image as an NPY array, ``(H, W)`` with one channel, else ``(H, W, C)``."""

    def __init__(self, file: BinaryIO, shape: Shape, dtype: np.dtype[Any]) -> None:
        start, stated = io.BytesIO(), shape[:2] if shape[2] == 1 else shape
        header = {"descr": dtype.str, "fortran_order": False, "shape": stated}
        np.lib.format.write_array_header_1_0(start, header)
        super().__init__(file, dtype, start.getvalue())
