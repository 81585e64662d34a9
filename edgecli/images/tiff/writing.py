"""Images written as the pages of a TIFF, uncompressed and streamed."""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, BinaryIO

import numpy as np

from edgecli.images import Resolution, Shape
from edgecli.images.made_by import MadeBy
from edgecli.images.streams import StreamSink
from edgecli.images.tiff.directories import (
    LONG,
    LONG8,
    RATIONAL,
    SHORT,
    TEXT,
    Entry,
    Tag,
    directory_bytes,
)
from edgecli.rows.base import Rows

_LARGEST_CLASSIC = 2**32 - 1
_STRIP_BYTES = 1 << 20  # readers hold a strip at a time
_SAMPLE_FORMATS = {"u": 1, "i": 2, "f": 3}


class TiffSink(StreamSink):
    """An edge map as an uncompressed TIFF, of 4 GiB and more as a BigTIFF, streamed."""

    def __init__(
        self,
        file: BinaryIO,
        shape: Shape,
        dtype: np.dtype[Any],
        *,
        dpi: Resolution = None,
        made_by: MadeBy | None = None,
    ) -> None:
        (head,) = _page_heads([(shape, dtype, dpi)], made_by)
        super().__init__(file, dtype.newbyteorder("<"), head)


def write_pages(
    file: BinaryIO,
    pages: Sequence[Rows],
    resolutions: Sequence[Resolution] = (),
    made_by: MadeBy | None = None,
) -> None:
    """Write images ``(H, W, C)``, of any sizes and types that TiffSink takes, as pages."""
    stated = itertools.chain(resolutions, itertools.repeat(None))
    heads = _page_heads(
        [(page.shape, page.dtype, dpi) for page, dpi in zip(pages, stated, strict=False)], made_by
    )
    for head, page in zip(heads, pages, strict=True):
        data = page.astype(page.dtype.newbyteorder("<"), copy=False).tobytes()
        file.write(head + data + b"\0" * (len(data) % 2))


def _page_heads(
    pages: Sequence[tuple[tuple[int, ...], np.dtype[Any], Resolution]], made_by: MadeBy | None
) -> Iterator[bytes]:
    """Yield the bytes before each page's samples: its directory, and first the file's head."""
    sizes = [math.prod(shape) * dtype.itemsize for shape, dtype, _ in pages]
    strips = sum(-(-shape[0] // _rows_per_strip(shape, dtype)) for shape, dtype, _ in pages)
    texts = _texts(made_by)
    others = 1024 + sum(len(values) for _, _, values in texts)
    is_big = sum(sizes) + 16 * strips + others * len(pages) > _LARGEST_CLASSIC
    offset_type = LONG8 if is_big else LONG
    big_head = struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16)
    head = big_head if is_big else struct.pack("<2sHI", b"II", 42, 8)
    position = len(head)
    for number, (size, (shape, dtype, dpi)) in enumerate(zip(sizes, pages, strict=True), 1):
        entries = sorted(texts + _page_entries(shape, dtype, dpi, 0, offset_type))
        start = position + len(directory_bytes(entries, position, is_big=is_big))
        following = start + size + size % 2
        entries = sorted(texts + _page_entries(shape, dtype, dpi, start, offset_type))
        next_page = following if number < len(pages) else 0
        yield head + directory_bytes(entries, position, next_page, is_big=is_big)
        head, position = b"", following


def _rows_per_strip(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    return max(min(_STRIP_BYTES // (math.prod(shape[1:]) * dtype.itemsize), shape[0]), 1)


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
    return entries


def _texts(made_by: MadeBy | None) -> list[Entry]:
    """Return the tags that say who made a page; the first one lies before the strips' places."""
    if made_by is None:
        return []
    told = {Tag.DESCRIPTION: str(made_by), Tag.SOFTWARE: made_by.software}
    return [(tag, TEXT, text.encode() + b"\0") for tag, text in told.items()]


def _rational(number: float) -> tuple[int, int]:
    fraction = Fraction(min(number, 1e6)).limit_denominator(1000)
    return fraction.numerator, fraction.denominator
