"""Numbers as images: text grids and NPY files, in and out.

Rows have one of five types, and every number that a file holds goes into the one that keeps it:
see ``row_type`` for types that say enough by themselves and ``smallest`` for those that do not.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import ImageError, OutputError
from edgecli.images.base import ArraySource, ImageInfo, Rows, Source, overlapping_blocks
from edgecli.images.netpbm import ForwardReader

# Stored types whose values fit a row's type whatever they are. Booleans become 0 and 255, float64
# is rounded to float32.
_ROW_TYPES = {
    "bool": "uint8",
    "uint8": "uint8",
    "int8": "int16",
    "uint16": "uint16",
    "int16": "int16",
    "int32": "int32",
    "float16": "float32",
    "float32": "float32",
    "float64": "float32",
}


def row_type(stored: np.dtype[Any]) -> np.dtype[Any] | None:
    """Return the type of rows that holds any value of a stored type, in native byte order.

    None for uint32, int64 and uint64: the values have to be seen, see ``smallest``.
    """
    name = _ROW_TYPES.get(stored.name)
    return None if name is None else np.dtype(name)


def as_rows(stored: Rows, path: str) -> Rows:
    """Return stored samples in their ``row_type``; ImageError where float32 cannot hold one."""
    if stored.dtype == bool:
        return stored * np.uint8(255)
    with np.errstate(over="ignore"):
        rows: Rows = stored.astype(_ROW_TYPES[stored.dtype.name], copy=False)
    if stored.dtype.name == "float64" and np.any(np.isinf(rows) & np.isfinite(stored)):
        raise ImageError(
            f"image {path} has numbers beyond float32's ±3.4e38; scale them down and save it again"
        )
    return rows


def smallest(integers: NDArray[Any]) -> NDArray[Any]:
    """Return whole numbers in the smallest of uint8, uint16, int16 and int32 that holds them all.

    Larger ones become float32, which rounds them to 24 significant bits.

    >>> [smallest(np.array([-1, largest])).dtype.name for largest in (0, 1 << 15, 1 << 31)]
    ['int16', 'int32', 'float32']
    """
    low, high = integers.min(), integers.max()
    for name in ("uint8", "uint16", "int16", "int32"):
        if np.iinfo(name).min <= low and high <= np.iinfo(name).max:
            return integers.astype(name)
    return integers.astype(np.float32)


# --- text grids ---------------------------------------------------------------------------------


def read_text(file: BinaryIO, path: str, *, max_pixels: int) -> ArraySource:
    r"""Read a grid of numbers, a line per row, as a grey image.

    Cells are separated by semicolons if there is one, else by commas if there is one, else by
    blanks. ``#`` starts a comment; empty lines do not count. Whole numbers take the smallest
    integer type, see ``smallest``; if any cell has a decimal point, an exponent, nan or inf, all
    are float32. Raises ImageError with line and column of what is not a number.

    >>> import io
    >>> source = read_text(io.BytesIO(b"10 0  # bright, dark\n-1 0"), "grid.txt", max_pixels=4)
    >>> source.array[:, :, 0]
    array([[10,  0],
           [-1,  0]], dtype=int16)
    """
    lines = _content(_decoded_text(file, path))
    if not lines:
        raise ImageError(f"image {path} holds no numbers; give a row of numbers per line")
    text = "\n".join(lines.values())  # to ask once for what is looked for in every line
    separator = next((mark for mark in ";," if mark in text), None)
    width = len(next(iter(lines.values())).split(separator))
    shape = (len(lines), width, 1)
    ForwardReader(file, path).check_pixels(shape, max_pixels)
    grid = np.empty(shape[:2])
    for row, (number, line) in zip(grid, lines.items(), strict=True):
        row[:] = _parse_row(line.split(separator), width, f"image {path}, line {number}")
    is_whole = not re.search(r"[.enif]", text, re.IGNORECASE)
    values = smallest(grid) if is_whole else as_rows(grid, path)
    info = ImageInfo(path, "CSV" if separator else "text", shape, values.dtype.name)
    return ArraySource(values[:, :, np.newaxis], info)


def _decoded_text(file: BinaryIO, path: str) -> str:
    try:
        return file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImageError(
            f"image {path} is neither a known format nor UTF-8 text (byte {error.start:,}); "
            "convert it to PNG, or save the numbers as UTF-8"
        ) from error
    except OSError as error:
        raise ImageError(f"image {path} cannot be read: {error.strerror or error}") from error


def _content(text: str) -> dict[int, str]:
    """Return the lines with numbers on them, by line number from 1, without comments."""
    lines = re.split(r"\r\n|\r|\n", text)
    stripped = ((number, line.partition("#")[0].strip()) for number, line in enumerate(lines, 1))
    return {number: line for number, line in stripped if line}


def _parse_row(cells: list[str], width: int, place: str) -> list[float]:
    try:
        numbers = list(map(float, cells))
    except ValueError as error:
        raise ImageError(_bad_cell(cells, place)) from error
    if len(numbers) != width:
        raise ImageError(
            f"{place} has {len(numbers)} numbers where the first row has {width}; "
            "make the rows equally long"
        )
    return numbers


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _bad_cell(cells: list[str], place: str) -> str:
    """Return the line of error about the first cell that is not a number."""
    column, cell = next((at, cell) for at, cell in enumerate(cells, 1) if not _is_number(cell))
    if not cell.strip():
        return f"{place}, column {column}: the cell is empty; write a number, or nan"
    return f"{place}, column {column}: {cell.strip()[:40]!r} is not a number"


class CsvSink:
    """A grey image as comma-separated numbers, a line per row.

    Floats are written as the shortest decimals that read back as the same float32, whole ones with
    ``.0``, so that a file read back has the same type. Raises OutputError for more than one
    channel.
    """

    def __init__(self, file: BinaryIO, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> None:
        if shape[2] != 1:
            raise OutputError(
                f"csv holds one channel, not {shape[2]}; choose --format npy, or one --channels"
            )
        self._file = file
        self._is_float = dtype.kind == "f"

    def encode(self, rows: Rows) -> bytes:
        """Return the rows as text."""
        plane = rows[:, :, 0]
        # float32's own str is the shortest that reads back; tolist() would make it float64's
        cells = plane if self._is_float else plane.tolist()
        return "".join(",".join(map(str, row)) + "\n" for row in cells).encode()

    def write(self, encoded: bytes) -> None:
        """Append rows of text."""
        self._file.write(encoded)

    def finish(self) -> None:
        """Nothing follows the last row."""


# --- NPY ----------------------------------------------------------------------------------------

_MAGIC = b"\x93NUMPY"
_HEADER_LIMIT = 1 << 16
_HEADER_LENGTH_BYTES = {1: 2, 2: 4, 3: 4}  # by the format's major version


class RowStream:
    """An image whose rows come one after another; ``read_into`` fills ``(n, W, C)`` with the next.

    The file belongs to whoever opened it.
    """

    def __init__(
        self,
        info: ImageInfo,
        shape: tuple[int, int, int],
        dtype: np.dtype[Any],
        read_into: Callable[[Rows], None],
    ) -> None:
        self.info = info
        self.shape = shape
        self.dtype = dtype
        self._read_into = read_into

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        """Yield rows ``[start, stop)`` for each range; see ``Source.blocks``."""
        return overlapping_blocks(self._read_into, self.shape[1:], self.dtype, ranges)

    def close(self) -> None:
        """Nothing to let go of."""


def read_npy(file: BinaryIO, path: str, *, max_pixels: int) -> Source:
    """Read an array ``(H, W)`` or ``(H, W, C)``, C ≤ 4, of booleans, integers or floats.

    Rows are streamed in constant memory, from files and pipes alike. An array in Fortran order is
    mapped, or held whole when it comes from a pipe; so is one of a type whose values have to be
    seen first (uint32, int64, uint64). Nothing is unpickled. Raises ImageError.
    """
    reader = ForwardReader(file, path)
    stored, is_fortran, shape = _read_header(reader)
    reader.check_pixels(shape, max_pixels)
    info = ImageInfo(path, "NPY", shape, stored.name)
    target = row_type(stored)
    if target is None or is_fortran:
        array = _whole_array(file, reader, shape, stored, "F" if is_fortran else "C")
        return ArraySource(smallest(array) if target is None else as_rows(array, path), info)
    return RowStream(info, shape, target, partial(_read_rows, reader, stored))


def _read_header(reader: ForwardReader) -> tuple[np.dtype[Any], bool, tuple[int, int, int]]:
    """Return the type, whether the order is Fortran's, and height, width and channels.

    The header is a Python dictionary in text. It is matched, not evaluated: what NumPy writes for
    plain arrays always has this form.
    """
    start = reader.read(8)
    length_bytes = _HEADER_LENGTH_BYTES.get(start[6], 0) if len(start) == 8 else 0
    length = int.from_bytes(reader.read(length_bytes), "little")
    if not start.startswith(_MAGIC) or not 0 < length <= _HEADER_LIMIT:
        raise reader.error("has no valid NPY header; save it with numpy.save")
    header = reader.read(length).decode("latin-1")
    order = re.search(r"'fortran_order': *(True|False)", header)
    dimensions = re.search(r"'shape': *\(([0-9, L]{0,99})\)", header)
    if len(header) < length or order is None or dimensions is None:
        raise reader.error("has no valid NPY header; save it with numpy.save")
    return _stored_type(reader, header), order[1] == "True", _shape(reader, dimensions[1])


def _stored_type(reader: ForwardReader, header: str) -> np.dtype[Any]:
    descr = re.search(r"'descr': *'([^']*)'", header)
    if descr and re.fullmatch(r"[<>|=]?(b1|[iu][1248]|f[248])", descr[1]):
        return np.dtype(descr[1])
    given = f"{descr[1][:20]!r}" if descr else "records"
    raise reader.error(f"holds {given}; save booleans, integers or floats of up to 64 bits")


def _shape(reader: ForwardReader, dimensions: str) -> tuple[int, int, int]:
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
    data = array.data.cast("B")
    if (count := reader.fill(data)) < len(data):
        raise _cut_short(reader, len(data) - count)


def _cut_short(reader: ForwardReader, missing: int) -> ImageError:
    return reader.error(
        f"is cut short, at least {missing:,} bytes are missing; get the file whole again"
    )


def _read_rows(reader: ForwardReader, stored: np.dtype[Any], rows: Rows) -> None:
    if stored == rows.dtype:
        _fill(reader, rows)
    else:
        samples = np.empty(rows.shape, stored)
        _fill(reader, samples)
        rows[...] = as_rows(samples, reader.path)


def _whole_array(
    file: BinaryIO,
    reader: ForwardReader,
    shape: tuple[int, int, int],
    stored: np.dtype[Any],
    order: Literal["C", "F"],
) -> Rows:
    """Return the array mapped or, if the stream is no file, in memory."""
    size = math.prod(shape) * stored.itemsize
    if file.seekable():
        start = file.tell()
        if (missing := start + size - file.seek(0, io.SEEK_END)) > 0:
            raise _cut_short(reader, missing)
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
    _fill(reader, array.T if order == "F" else array)
    return array


class NpySink:
    """An image as an NPY array, ``(H, W)`` with one channel, else ``(H, W, C)``."""

    def __init__(self, file: BinaryIO, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> None:
        header = {
            "descr": dtype.str,
            "fortran_order": False,
            "shape": shape[:2] if shape[2] == 1 else shape,
        }
        np.lib.format.write_array_header_1_0(file, header)
        self._file = file

    def encode(self, rows: Rows) -> bytes:
        """Return the rows' bytes."""
        return rows.tobytes()

    def write(self, encoded: bytes) -> None:
        """Append rows."""
        self._file.write(encoded)

    def finish(self) -> None:
        """Nothing follows the last row."""
