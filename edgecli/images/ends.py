"""Where an image ends in a stream of several: for formats that say so and that Pillow reads whole.

JPEG has a module of its own, PNG and PNM are read row by row up to their ends.
"""

from __future__ import annotations

import io
import os
import re
import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO

from edgecli.images import magic
from edgecli.images.pipes import Ahead


def is_animated(stream: BinaryIO) -> bool:
    """Return whether the next image, a PNG of which nothing is taken, is an animated one."""
    ahead = Ahead(stream)
    kinds = [kind for kind, _ in _chunks(ahead, before=b"IDAT")]
    ahead.take(0)
    return b"acTL" in kinds


def _end_of_png(ahead: Ahead) -> int | None:
    """Return the length of a PNG: a signature and chunks up to IEND."""
    *_, (kind, end) = (b"", 0), *_chunks(ahead, before=b"IEND")
    return end if kind == b"IEND" else None


def _chunks(ahead: Ahead, before: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the kind and the end of each chunk up to a kind."""
    at, kind = 8, b""
    while kind != before and ahead.reach(at + 8):
        kind = bytes(ahead.data[at + 4 : at + 8])
        at += 12 + int.from_bytes(ahead.data[at : at + 4])
        yield kind, at


def _end_of_webp(ahead: Ahead) -> int | None:
    """Return the length that RIFF states for what follows, which is padded to an even one."""
    size = int.from_bytes(ahead.data[4:8], "little")
    return 8 + size + size % 2


def _end_of_bmp(ahead: Ahead) -> int | None:
    """Return the length that a BMP's pixels need, or that it states where that is more."""
    ahead.reach(38)
    try:
        stated, start, header = struct.unpack_from("<2xI4xII", ahead.data)
        if header == 12:  # of OS/2
            width, height, bits = struct.unpack_from("<18xHH2xH", ahead.data)
            coding = packed = 0
        else:
            width, height, bits, coding, packed = struct.unpack_from("<18xii2xHII", ahead.data)
    except struct.error:
        return None
    if 12 < header < 40:
        return None
    if coding in (1, 2) and packed:  # run lengths, which tell how many bytes they take
        return max(int(stated), int(start + packed))
    if coding not in (0, 3, 6):  # uncompressed, without masks or with them
        return None
    rows: int = start + (abs(width) * bits + 31) // 32 * 4 * abs(height)
    return max(int(stated), rows)


def _end_of_gif(ahead: Ahead) -> int | None:
    """Return the length of a GIF: its header, and blocks up to the trailer (GIF89a, 27)."""
    at = _behind_colours(ahead, 10, 13)
    while at is not None and ahead.reach(at + 1):
        match ahead.data[at]:
            case 0x3B:
                return at + 1
            case 0x21:  # an extension: a label and sub-blocks
                at = _behind_blocks(ahead, at + 2)
            case 0x2C:  # an image: its place, its colours, the size of a code and sub-blocks
                colours = _behind_colours(ahead, at + 9, at + 10)
                at = None if colours is None else _behind_blocks(ahead, colours + 1)
            case _:
                return None
    return None


def _behind_colours(ahead: Ahead, flags: int, at: int) -> int | None:
    """Return where the table of colours ends that begins at a place if flags before it say so."""
    if not ahead.reach(flags + 1):
        return None
    given = ahead.data[flags]
    return at + (3 << (given % 8 + 1) if given & 0x80 else 0)


def _behind_blocks(ahead: Ahead, at: int) -> int | None:
    """Return where a row of sub-blocks ends, each with its length before it, the last one's 0."""
    while ahead.reach(at + 1):
        size = ahead.data[at]
        at += 1 + size
        if not size:
            return at
    return None


_ENDS: tuple[tuple[bytes, Callable[[Ahead], int | None]], ...] = (
    (re.escape(magic.PNG), _end_of_png),
    (magic.WEBP, _end_of_webp),
    (magic.BMP, _end_of_bmp),
    (magic.GIF, _end_of_gif),
)


def one_image(stream: BinaryIO, head: bytes) -> BinaryIO:
    """Return the next image of a file or a Pipe as a stream of its own, and leave that behind it.

    It is all that is left where no end is known; a file that holds nothing else is itself returned.
    """
    for starts, end_of in _ENDS:
        if re.match(starts, head):
            ahead = Ahead(stream)
            ahead.reach(len(head))
            end = end_of(ahead) or 1 << 62
            if stream.seekable() and _is_all(stream, len(ahead.data), end):
                ahead.take(0)
                return stream
            return io.BytesIO(ahead.take(end))
    return stream


def _is_all(file: BinaryIO, looked_at: int, end: int) -> bool:
    """Return whether an image, of which so many bytes were looked at, is the whole file."""
    at = file.tell()
    size = file.seek(0, os.SEEK_END)
    file.seek(at)
    return at == looked_at and size <= end
