"""TIFF written as a stream: one edge map in bands, or pages one after another."""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, BinaryIO

import numpy as np

from edgecli.images import Resolution, Shape
from edgecli.images.streams import StreamSink
from edgecli.images.tiff import LONG, LONG8, RATIONAL, SHORT, Entry, Tag, directory_bytes
from edgecli.rows.base import Rows

_LARGEST_CLASSIC = 2**32 - 1
_STRIP_BYTES = 1 << 20  # readers hold a strip at a time
_SAMPLE_FORMATS = {"u": 1, "i": 2, "f": 3}


class TiffSink(StreamSink):
    """An edge map as an uncompressed TIFF, streamed; the file may be a pipe.

    Rows are uint8, uint16, int16, int32 or float32 with 1 to 4 channels. A file that would pass
    4 GiB becomes a BigTIFF.
    """

    def __init__(
        self, file: BinaryIO, shape: Shape, dtype: np.dtype[Any], *, dpi: Resolution = None
    ) -> None:
        is_big = _needs_bigtiff([(shape, dtype)])
        head = _file_head(is_big=is_big)
        head += _page_head(shape, dtype, len(head), is_last=True, is_big=is_big, dpi=dpi)
        super().__init__(file, dtype.newbyteorder("<"), head)


def write_pages(file: BinaryIO, pages: Sequence[Rows]) -> None:
    """Write images ``(H, W, C)``, of any sizes and types that TiffSink takes, as pages."""
    is_big = _needs_bigtiff([(page.shape, page.dtype) for page in pages])
    position = file.write(_file_head(is_big=is_big))
    for number, page in enumerate(pages, 1):
        is_last = number == len(pages)
        head = _page_head(page.shape, page.dtype, position, is_last=is_last, is_big=is_big)
        data = page.astype(page.dtype.newbyteorder("<"), copy=False).tobytes()
        position += file.write(head) + file.write(data + b"\0" * (len(data) % 2))


def _needs_bigtiff(pages: Sequence[tuple[tuple[int, ...], np.dtype[Any]]]) -> bool:
    """Return whether pages of these shapes and types, with their directories, may pass 4 GiB."""
    strips = sum(-(-shape[0] // _rows_per_strip(shape, dtype)) for shape, dtype in pages)
    samples = sum(math.prod(shape) * dtype.itemsize for shape, dtype in pages)
    return samples + strips * 16 + len(pages) * 1024 > _LARGEST_CLASSIC


def _rows_per_strip(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    return max(min(_STRIP_BYTES // (math.prod(shape[1:]) * dtype.itemsize), shape[0]), 1)


def _file_head(*, is_big: bool) -> bytes:
    """Return the start of a file whose first directory follows directly."""
    if is_big:
        return struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16)
    return struct.pack("<2sHI", b"II", 42, 8)


def _page_head(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    position: int,
    *,
    is_last: bool,
    is_big: bool,
    dpi: Resolution = None,
) -> bytes:
    """Return the directory of a page at ``position`` whose samples follow it directly."""
    size = math.prod(shape) * dtype.itemsize

    def head(start: int, following: int) -> bytes:
        entries = _page_entries(shape, dtype, dpi, start, LONG8 if is_big else LONG)
        return directory_bytes(entries, position, following, is_big=is_big)

    start = position + len(head(0, 0))
    return head(start, 0 if is_last else start + size + size % 2)


def _page_entries(
    shape: tuple[int, ...], dtype: np.dtype[Any], dpi: Resolution, start: int, offset_type: int
) -> list[Entry]:
    """Return the tags of an image whose strips follow each other from ``start`` on."""
    H, W, C = shape
    rows = _rows_per_strip(shape, dtype)
    row_bytes = W * C * dtype.itemsize
    counts = [row_bytes * (min(top + rows, H) - top) for top in range(0, H, rows)]
    offsets = list(itertools.accumulate(counts[:-1], initial=start))
    entries: list[Entry] = [
        (Tag.WIDTH, LONG, [W]),
        (Tag.HEIGHT, LONG, [H]),
        (Tag.BITS, SHORT, [8 * dtype.itemsize] * C),
        (Tag.COMPRESSION, SHORT, [1]),
        (Tag.PHOTOMETRIC, SHORT, [2 if C >= 3 else 1]),  # RGB, or black is 0
        (Tag.STRIP_OFFSETS, offset_type, offsets),
        (Tag.SAMPLES, SHORT, [C]),
        (Tag.ROWS_PER_STRIP, LONG, [rows]),
        (Tag.STRIP_BYTES, offset_type, counts),
        (Tag.PLANAR, SHORT, [1]),
        (Tag.SAMPLE_FORMAT, SHORT, [_SAMPLE_FORMATS[dtype.kind]] * C),
    ]
    if C in {2, 4}:
        entries.append((Tag.EXTRA_SAMPLES, SHORT, [2]))  # alpha that is not multiplied in
    if dpi is not None:
        entries += [
            (Tag.X_RESOLUTION, RATIONAL, _rational(dpi[0])),
            (Tag.Y_RESOLUTION, RATIONAL, _rational(dpi[1])),
            (Tag.RESOLUTION_UNIT, SHORT, [2]),  # inches
        ]
    return sorted(entries)


def _rational(number: float) -> tuple[int, int]:
    fraction = Fraction(min(number, 1e6)).limit_denominator(1000)
    return fraction.numerator, fraction.denominator
