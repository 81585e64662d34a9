"""NPY files as images, in and out."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, BinaryIO, Literal, NamedTuple

import numpy as np

from edgecli.filters.numpy_header import BROKEN_HEADER, read_header
from edgecli.geometry import bands
from edgecli.images import Shape
from edgecli.images.limits import image_name
from edgecli.images.sample_types import as_rows, row_type, smallest
from edgecli.images.stacks import Stack, more_pages, stacked, why_not_stacked
from edgecli.images.streams import ForwardReader, RowStream, StreamSink
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import ImageInfo, Rows, Sink, Source
from edgecli.rows.samples import narrowest

_PIECE = 1 << 20  # numbers that are looked at together


def read_npy(
    file: BinaryIO, path: str, *, max_pixels: int, all_frames: bool = False
) -> Iterator[Source]:
    """Yield the pages of an array of booleans, integers or floats, or the first: see ``stacks``.

    Rows are streamed, from files and pipes alike. An array in Fortran order is mapped, or held
    whole if it comes from a pipe. One of uint32, int64 or uint64 takes the smallest type that
    holds it: a file is read twice, and held if that is int64; a pipe is held. Nothing is unpickled.
    Raises ImageError.
    """
    seekable = file if file.seekable() else None
    reader = ForwardReader(file, path)
    return read_array(reader, "NPY", seekable, max_pixels=max_pixels, all_frames=all_frames)


def read_array(
    reader: ForwardReader,
    format_: str,
    file: BinaryIO | None,
    *,
    max_pixels: int,
    all_frames: bool,
) -> Iterator[Source]:
    """Yield the pages of an array from where its header starts; ``file`` is one that can seek."""
    array = _read_header(reader)
    reader.check_pixels(array.stack.shape, max_pixels)
    pages, shape = array.stack
    behind = _bytes_behind(file, math.prod(array.shape) * array.stored.itemsize)
    whole = _whole_array(file, reader, array) if array.is_fortran else None
    start, size = reader.taken, math.prod(shape) * array.stored.itemsize
    for page in range(pages if all_frames else 1):
        reader.frame = page
        info = ImageInfo(reader.path, format_, shape, array.stored.name, frame=page)
        if pages > 1 and not all_frames:
            info.notes.append(more_pages(array.shape, array.stack))
        if behind > 0 and page == 0:
            info.notes.append(
                f"has {behind:,} bytes behind its array, perhaps another one; they are left out"
            )
        if whole is not None:
            yield _held(_page_of(whole, array, page), info, reader)
            continue
        yield _next_page(reader, file, array, info)
        if all_frames:
            reader.skip(start + (page + 1) * size - reader.taken)


def _bytes_behind(file: BinaryIO | None, size: int) -> int:
    """Return how many bytes follow the next ``size`` ones of a file; of a pipe nobody knows."""
    if file is None:
        return 0
    start = file.tell()
    end = file.seek(0, io.SEEK_END)
    return end - file.seek(start) - size


class _Array(NamedTuple):
    """What the header of an array says."""

    stored: np.dtype[Any]
    is_fortran: bool
    shape: tuple[int, ...]
    stack: Stack


def pages_of(shape: tuple[int, ...], stored: np.dtype[Any]) -> int:
    """Return as how many pages an array of that shape and type can be read: 0 if as none."""
    stack = stacked(shape) if _is_number(stored) else None
    return 0 if stack is None else stack.pages


def _is_number(stored: np.dtype[Any]) -> bool:
    return stored.kind in "biuf" and stored.itemsize <= 8


def _read_header(reader: ForwardReader) -> _Array:
    try:
        shape, is_fortran, stored = read_header(reader)
    except BROKEN_HEADER as error:
        raise reader.error("has no valid NPY header; save it with numpy.save") from error
    if not _is_number(stored):
        given = "records" if stored.names else repr(stored.str[:20])
        raise reader.error(f"holds {given}; save booleans, integers or floats of up to 64 bits")
    stack = stacked(shape)
    if stack is None:
        raise reader.error(why_not_stacked(shape))
    return _Array(stored, is_fortran, shape, stack)


def _next_page(
    reader: ForwardReader, file: BinaryIO | None, array: _Array, info: ImageInfo
) -> Source:
    """Return the next page of an array in C order."""
    target = row_type(array.stored)
    if target is None:
        target = _narrowest(reader, file, array) if file is not None else None
    if target is None:
        page = array._replace(shape=info.shape)
        return _held(_page_of(_whole_array(file, reader, page), page, 0), info, reader)
    row_bytes = math.prod(info.shape[1:]) * array.stored.itemsize
    read_into = partial(_read_rows, reader, array.stored)
    return RowStream(
        info, info.shape, target, read_into, lambda rows: reader.skip(rows * row_bytes)
    )


def _page_of(whole: Rows, array: _Array, page: int) -> Rows:
    """Return a page ``(H, W, C)`` of an array, as a view."""
    leading = len(array.shape) - (2 if array.shape[-1] != array.stack.shape[2] else 3)
    at = np.unravel_index(page, array.shape[:leading]) if leading > 0 else ()
    rows: Rows = whole[at]
    return rows if rows.ndim == 3 else rows[..., np.newaxis]


def _held(array: Rows, info: ImageInfo, reader: ForwardReader) -> ArraySource:
    """Return a page that is mapped or in memory."""
    wide = row_type(array.dtype) is None
    return ArraySource(
        smallest(array, image_name(reader.path, info.frame)) if wide else as_rows(array), info
    )


def _narrowest(reader: ForwardReader, file: BinaryIO, array: _Array) -> np.dtype[Any] | None:
    """Look through the next page of a file; return the type of up to 32 bits that holds it, if any.

    The file stands where it stood.
    """
    start = file.tell()
    ahead = ForwardReader(file, reader.path)
    low = high = 0
    for begin, end in bands(math.prod(array.stack.shape), _PIECE):
        numbers = np.empty(end - begin, array.stored)
        _fill(ahead, numbers)
        low, high = min(low, int(numbers.min())), max(high, int(numbers.max()))
    file.seek(start)
    found = narrowest(low, high)
    return None if found is None or found.itemsize == 8 else found


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
        rows[...] = as_rows(samples) if row_type(stored) is not None else samples


def _whole_array(file: BinaryIO | None, reader: ForwardReader, array: _Array) -> Rows:
    """Return an array mapped or, if the stream is no file, in memory."""
    stored = array.stored
    order: Literal["C", "F"] = "F" if array.is_fortran else "C"
    size = math.prod(array.shape) * stored.itemsize
    if file is not None:
        start = file.tell()
        if (missing := start + size - file.seek(0, io.SEEK_END)) > 0:
            raise reader.cut_short(missing)
        file.seek(start)
        with suppress(io.UnsupportedOperation):  # not a file of the system
            return np.memmap(file, stored, "r", start, array.shape, order)
        file.seek(start)
    try:
        whole = np.empty(array.shape, stored, order)
    except (MemoryError, ValueError) as error:
        raise reader.error(
            f"needs {size:,} bytes of memory; save it in C order as int32 or float32, "
            "which is streamed"
        ) from error
    _fill(reader, whole.T if array.is_fortran else whole)
    return whole


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
