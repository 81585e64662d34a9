"""What formats share that are read and written as streams, which only move forward."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, BinaryIO, cast

import numpy as np

from edgecli.errors import ImageError
from edgecli.geometry import bands
from edgecli.images import Shape
from edgecli.images.limits import check_pixels, image_name
from edgecli.rows.arrays import overlapping_blocks
from edgecli.rows.base import ImageInfo, Rows

_PIECE = 1 << 16  # bytes or samples; the most that is held besides the rows themselves


class ForwardReader:
    """A stream that is only read forward, whose errors name the image they were met in.

    ``taken`` counts the bytes that were read or left out.
    """

    def __init__(self, file: BinaryIO, path: str) -> None:
        self._file = cast(io.BufferedIOBase, file)  # BinaryIO is typed without readinto
        self.path = path
        self.frame = 0
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes from one read, by default all; none at the end."""
        with self._translated_errors():
            data = self._file.read(size) or b""
        self.taken += len(data)
        return data

    def read_whole(self, size: int) -> bytes:
        """Return ``size`` bytes, fewer only where the file ends."""
        parts = []
        while size > 0 and (part := self.read(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def fill(self, buffer: memoryview) -> int:
        """Read until ``buffer`` is full or the stream ends; return the number of bytes."""
        done = 0
        with self._translated_errors():
            while done < len(buffer) and (count := self._file.readinto(buffer[done:])):
                done += count
        self.taken += done
        return done

    def skip(self, size: int) -> None:
        """Leave out bytes, of a file that can seek without reading them."""
        with self._translated_errors():
            if self._file.seekable():
                self._file.seek(size, io.SEEK_CUR)
                self.taken += size
                return
        while size > 0 and (part := self.read(min(size, _PIECE))):
            size -= len(part)

    def read_line(self) -> bytes:
        """Return one header line, without its end."""
        line = b""
        while (byte := self.read(1)) != b"\n":
            if not byte or len(line) == _PIECE:
                raise self.error("has a header line without end; get the file whole again")
            line += byte
        return line

    def check_pixels(self, shape: Shape, max_pixels: int) -> None:
        """Raise TooLargeError for a header of too many pixels; call it before allocating."""
        check_pixels(image_name(self.path, self.frame), shape[0] * shape[1], max_pixels)

    def error(self, text: str) -> ImageError:
        """Return an ImageError whose line starts with the image's name."""
        return ImageError(f"image {image_name(self.path, self.frame)} {text}")

    def cut_short(self, missing: int) -> ImageError:
        """Return the error of a file that lacks so many bytes."""
        return self.error(
            f"is cut short, at least {missing:,} bytes are missing; get the file whole again"
        )

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self.error(f"cannot be read: {error.strerror or error}") from error


def seekable(file: BinaryIO) -> BinaryIO:
    """Return a file that can seek: this one, or one in memory of all that a pipe holds."""
    return file if file.seekable() else io.BytesIO(file.read())


def read_up_to(file: BinaryIO, size: int) -> bytes:
    """Return ``size`` bytes of a file that can seek, fewer where it ends; no more room is taken."""
    at = file.tell()
    left = file.seek(0, io.SEEK_END) - at
    file.seek(at)
    return file.read(max(min(size, left), 0))


class RowStream:
    """An image whose next rows ``read_into`` puts into arrays ``(n, W, C)``.

    ``skip`` leaves out so many, where that takes less than to read them.
    """

    def __init__(
        self,
        info: ImageInfo,
        shape: Shape,
        dtype: np.dtype[Any],
        read_into: Callable[[Rows], None],
        skip: Callable[[int], None] | None = None,
    ) -> None:
        self.info, self.shape, self.dtype = info, shape, dtype
        self._read_into, self._skip = read_into, skip

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        """Yield rows ``[start, stop)`` for each range; see ``Source.blocks``."""
        row_shape = self.shape[1:]
        return overlapping_blocks(self._read_into, row_shape, self.dtype, ranges, self._skip)

    def close(self) -> None:
        """Nothing to let go of."""


class RasterError(Exception):
    """Samples cannot be read; the arguments are the fault and the number of the sample."""


class StreamSource(RowStream):
    """One image of a stream that may hold more; ``read_rows`` may raise RasterError."""

    def __init__(
        self, reader: ForwardReader, info: ImageInfo, read_rows: Callable[[Rows], None]
    ) -> None:
        dtype = np.dtype("uint8" if info.dtype == "bool" else info.dtype)
        super().__init__(info, info.shape, dtype, self._read_into)
        self._reader = reader
        self._read_rows = read_rows
        self._rows_left = info.shape[0]
        self._is_broken = False

    def skip_rest(self) -> None:
        """Read the rows that are left, and so find the next image. Raises ImageError."""
        W, C = self.shape[1:]
        rows = np.empty((max(_PIECE // (W * C), 1), W, C), self.dtype)
        while self._rows_left:
            self._read_into(rows[: self._rows_left])

    def _read_into(self, rows: Rows) -> None:
        if self._is_broken:
            raise self._reader.error("is damaged; get the file whole again")
        try:
            self._read_rows(rows)
        except RasterError as error:
            self._is_broken = True
            H, W, C = self.shape
            fault, at = error.args
            place = f"in row {H - self._rows_left + at // (W * C) + 1:,} of {H:,}"
            raise self._reader.error(f"{fault} {place}; get the file whole again") from error
        self._rows_left -= len(rows)


def read_samples(reader: ForwardReader, rows: Rows, maxval: int, byteorder: str) -> None:
    """Fill ``rows`` with binary samples of one byte, or of two in ``byteorder``."""
    size = reader.fill(rows.data.cast("B"))
    if size < rows.nbytes:
        raise RasterError("ends", size // rows.itemsize)
    if rows.itemsize == 2 and byteorder != sys.byteorder:
        rows.byteswap(inplace=True)
    spread(rows.reshape(-1), maxval)


def spread(samples: Rows, maxval: int) -> None:
    """Scale samples ``(n,)`` of 0 to ``maxval`` in place to their type's whole range."""
    full = np.iinfo(samples.dtype).max
    if maxval == full:
        return
    wide = np.uint16 if full == 255 else np.uint32  # full² + full / 2 fits
    for start, stop in bands(len(samples), _PIECE):
        piece = samples[start:stop]
        if piece.max() > maxval:
            at = start + int(np.argmax(piece > maxval))
            raise RasterError(f"has a sample above its maxval {maxval:,}", at)
        if full % maxval == 0:
            piece *= full // maxval
            continue
        piece[:] = (piece.astype(wide) * full + maxval // 2) // maxval


class StreamSink:
    """One image written as the bytes of its samples, of type ``stored``, after ``start``.

    ``start`` is written with the first rows, so that the next image of a stream may be begun before
    this one is written. The file's own OSError passes.
    """

    def __init__(self, file: IO[bytes], stored: np.dtype[Any], start: bytes = b"") -> None:
        self._file, self._stored, self._start = file, stored, start

    def encode(self, rows: Rows) -> memoryview | bytes:
        """Return the rows' bytes: their own memory where it already holds them, else a copy."""
        return np.ascontiguousarray(rows, self._stored).reshape(-1).view(np.uint8).data

    def write(self, encoded: memoryview | bytes) -> None:
        """Append what ``encode`` returned."""
        if self._start:
            self._file.write(self._start)
            self._start = b""
        self._file.write(encoded)

    def finish(self) -> None:
        """Flush the file, so that a pipe's reader sees the whole image."""
        self._file.flush()
