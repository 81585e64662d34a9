"""Images written as the pages of a TIFF: uncompressed and streamed, or large ones as tiles."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from edgecli.images.made_by import MadeBy
from edgecli.images.streams import StreamSink
from edgecli.images.tiff.deflated import LARGE, begin_tiles
from edgecli.images.tiff.described import Page, page_entries, text_entries
from edgecli.images.tiff.directories import (
    HEADS,
    LARGEST_CLASSIC,
    LONG,
    LONG8,
    SHORT,
    Entry,
    Tag,
    directory_bytes,
)
from edgecli.rows.base import Rows, Sink

_STRIP_BYTES = 1 << 20  # readers hold a strip at a time


class TiffSink(StreamSink):
    """An edge map as an uncompressed TIFF, of 4 GiB and more as a BigTIFF, streamed."""

    def __init__(self, file: BinaryIO, page: Page, made_by: MadeBy | None = None) -> None:
        (head,) = _page_heads([page], made_by)
        super().__init__(file, page.dtype.newbyteorder("<"), head)


def page_sink(
    file: BinaryIO, page: Page, made_by: MadeBy | None = None, threads: int | None = None
) -> Sink:
    """Return what writes a file of one page: a large one as tiles, unless into a pipe."""
    if is_tiled(file, [page]):
        return begin_tiles(file, [page], made_by, threads)[0]
    return TiffSink(file, page, made_by)


def is_tiled(file: BinaryIO, pages: Sequence[Page]) -> bool:
    """Whether pages are written as tiles, which takes a large one and a file that can seek.

    Standard output may be a file that others write to as well.
    """
    is_large = any(page.shape[0] * page.shape[1] >= LARGE for page in pages)
    return is_large and file.seekable() and file is not getattr(sys.stdout, "buffer", None)


def write_pages(
    file: BinaryIO,
    frames: Sequence[Rows],
    pages: Sequence[Page],
    made_by: MadeBy | None = None,
    threads: int | None = None,
) -> None:
    """Write images of any sizes and types that TiffSink takes, as pages that say these things."""
    if is_tiled(file, pages):
        for sink, frame in zip(begin_tiles(file, pages, made_by, threads), frames, strict=True):
            sink.write(sink.encode(frame))
            sink.finish()
        return
    for head, frame in zip(_page_heads(pages, made_by), frames, strict=True):
        data = frame.astype(frame.dtype.newbyteorder("<"), copy=False).tobytes()
        file.write(head + data + b"\0" * (len(data) % 2))


def _page_heads(pages: Sequence[Page], made_by: MadeBy | None) -> Iterator[bytes]:
    """Yield the bytes before each page's samples: its directory, and first the file's head."""
    texts = text_entries(made_by)
    told = [sorted(texts + page_entries(page)) for page in pages]
    bound = sum(
        page.size + len(directory_bytes(sorted(own + _strips(page, 0, LONG8)), 0, is_big=True))
        for page, own in zip(pages, told, strict=True)
    )
    is_big = bound > LARGEST_CLASSIC
    head, offset_type = HEADS[is_big], LONG8 if is_big else LONG
    position = len(head)
    for number, (page, own) in enumerate(zip(pages, told, strict=True), 1):
        entries = sorted(own + _strips(page, 0, offset_type))
        start = position + len(directory_bytes(entries, position, is_big=is_big))
        following = start + page.size + page.size % 2
        entries = sorted(own + _strips(page, start, offset_type))
        next_page = following if number < len(pages) else 0
        yield head + directory_bytes(entries, position, next_page, is_big=is_big)
        head, position = b"", following


def _strips(page: Page, start: int, offset_type: int) -> list[Entry]:
    """Return the tags of strips that follow each other from ``start`` on."""
    height = page.shape[0]
    rows = max(min(_STRIP_BYTES // page.row_bytes, height), 1)
    counts = [page.row_bytes * (min(top + rows, height) - top) for top in range(0, height, rows)]
    offsets = list(itertools.accumulate(counts[:-1], initial=start))
    return [
        (Tag.COMPRESSION, SHORT, [1]),
        (Tag.STRIP_OFFSETS, offset_type, offsets),
        (Tag.ROWS_PER_STRIP, LONG, [rows]),
        (Tag.STRIP_BYTES, offset_type, counts),
    ]
