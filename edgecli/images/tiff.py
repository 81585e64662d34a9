"""TIFF: the directories of a file, read and written, and images written as pages.

A TIFF is a chain of directories of tags, one for each page, that say where the samples lie. Their
numbers are those of the TIFF 6.0 specification (Adobe, 1992); BigTIFF, for files over 4 GiB, only
widens them.
"""

from __future__ import annotations

import io
import itertools
import math
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from enum import IntEnum
from fractions import Fraction
from typing import Any, BinaryIO

import numpy as np

from edgecli.errors import ImageError
from edgecli.images import Resolution, Shape
from edgecli.images.made_by import MadeBy
from edgecli.images.streams import StreamSink
from edgecli.records import dataclass, replace
from edgecli.rows.base import Rows


class Tag(IntEnum):
    """The tags that this package reads or writes."""

    SUBFILE = 254
    OLD_SUBFILE = 255
    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    DESCRIPTION = 270
    STRIP_OFFSETS = 273
    ORIENTATION = 274
    SAMPLES = 277
    ROWS_PER_STRIP = 278
    STRIP_BYTES = 279
    X_RESOLUTION = 282
    Y_RESOLUTION = 283
    PLANAR = 284
    RESOLUTION_UNIT = 296
    SOFTWARE = 305
    PREDICTOR = 317
    COLOUR_MAP = 320
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    TILE_OFFSETS = 324
    TILE_BYTES = 325
    SUB_DIRECTORIES = 330
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    JPEG_OFFSET = 513
    JPEG_BYTES = 514
    PLANES = 33629
    NO_DATA = 42113
    DNG_VERSION = 50706


TEXT, SHORT, LONG, RATIONAL, LONG8 = 2, 3, 4, 5, 16  # types of values
# The struct code of a type's values; a rational is a numerator and a denominator.
_CODES = {1: "B", SHORT: "H", LONG: "I", RATIONAL: "II", 8: "h", 9: "i", 13: "I", LONG8: "Q"}
_CODES |= {TEXT: "B", 18: "Q"}
_LONGEST_TEXT = 1 << 16  # bytes; what this package looks for stands at the beginning

_MOST_PARTS = 64
_LARGEST_CLASSIC = 2**32 - 1
_STRIP_BYTES = 1 << 20  # readers hold a strip at a time
_SAMPLE_FORMATS = {"u": 1, "i": 2, "f": 3}


@dataclass(frozen=True)
class _Widths:
    """Struct codes of a count of tags, an entry's head and an offset, which BigTIFF widens."""

    tag_count: str
    entry: str
    offset: str
    inline: int  # bytes in an entry for the value or, if it does not fit, its offset
    entry_bytes: int


_CLASSIC = _Widths("H", "HHI", "I", inline=4, entry_bytes=12)
_BIG = _Widths("Q", "HHQ", "Q", inline=8, entry_bytes=20)


# --- reading ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Directory:
    """The values of a page's tags, as far as ``Tag`` knows them, and facts of its file.

    ``position`` is where it stands in the file, ``parts`` are the directories that it points to.
    """

    tags: dict[int, tuple[int, ...]]
    byte_order: str  # "<" or ">"
    file_bytes: int
    position: int = 0
    parts: tuple[Directory, ...] = ()

    def value(self, tag: Tag, default: int) -> int:
        """Return a tag's first value."""
        return self.tags.get(tag, (default,))[0]

    def text(self, tag: Tag) -> str:
        """Return a tag's text up to its zero byte, empty where there is none."""
        characters = bytes(value & 255 for value in self.tags.get(tag, ()))
        return characters.partition(b"\0")[0].decode("latin-1")

    @property
    def pixels(self) -> int:
        """Height times width, 0 where they are not stated."""
        return self.value(Tag.HEIGHT, 0) * self.value(Tag.WIDTH, 0)

    @property
    def orientation(self) -> int:
        """EXIF's orientation, 1 to 8."""
        stated = self.value(Tag.ORIENTATION, 1)
        return stated if 1 <= stated <= 8 else 1

    @property
    def dpi(self) -> Resolution:
        """Pixels per inch across and down, if the file says."""
        per_inch = {2: 1.0, 3: 2.54}.get(self.value(Tag.RESOLUTION_UNIT, 2))
        across, down = (self.tags.get(tag, ()) for tag in (Tag.X_RESOLUTION, Tag.Y_RESOLUTION))
        if per_inch is None or len(across) != 2 or len(down) != 2 or 0 in across + down:
            return None
        return per_inch * across[0] / across[1], per_inch * down[0] / down[1]


def read_directories(file: BinaryIO, path: str) -> Iterator[Directory]:
    """Yield the directory of every page of a seekable file; ImageError where one is broken."""
    reader = _DirectoryReader(file)
    seen = set()
    try:
        position = reader.first()
        while position and position not in seen:
            seen.add(position)
            directory, position = reader.read(position)
            yield reader.with_parts(directory)
    except _BROKEN as error:
        raise ImageError(
            f"image {path} is cut short or has a broken directory; get the file whole again"
        ) from error
    if not seen:
        raise ImageError(f"image {path} is a TIFF without pages; get the file whole again")


class _DirectoryReader:
    """Reads directories; all their values together may not be longer than the file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._file_bytes = self._bytes_left = file.seek(0, io.SEEK_END)
        file.seek(0)
        start = file.read(4)
        self._order = "<" if start.startswith(b"II") else ">"
        self._widths = _BIG if 43 in start[2:] else _CLASSIC

    def first(self) -> int:
        """Return where the first directory is."""
        if self._widths is _BIG:
            self._unpack("HH")  # the size of an offset, and a constant
        return self._unpack(self._widths.offset)[0]

    def read(self, position: int) -> tuple[Directory, int]:
        """Return the directory at a position, and the position of the next or 0."""
        self._file.seek(position)
        (count,) = self._unpack(self._widths.tag_count)
        entries = self._read(count * self._widths.entry_bytes)
        (following,) = self._unpack(self._widths.offset)
        tags: dict[int, tuple[int, ...]] = {}
        for at in range(0, len(entries), self._widths.entry_bytes):
            tag, kind, values = struct.unpack_from(self._order + self._widths.entry, entries, at)
            if tag in _KNOWN and tag not in tags and kind in _CODES and values:
                end = at + self._widths.entry_bytes
                tags[tag] = self._values(entries[end - self._widths.inline : end], kind, values)
        return Directory(tags, self._order, self._file_bytes, position), following

    def with_parts(self, directory: Directory) -> Directory:
        """Return a directory with those that it points to: previews, overviews, sensor data."""
        places = directory.tags.get(Tag.SUB_DIRECTORIES, ())[:_MOST_PARTS]
        parts: list[Directory] = []
        with suppress(*_BROKEN):  # the page itself is good
            parts.extend(self.read(place)[0] for place in places)
        return replace(directory, parts=tuple(parts))

    def _values(self, inline: bytes, kind: int, count: int) -> tuple[int, ...]:
        code = _CODES[kind]
        if kind == TEXT:
            count = min(count, _LONGEST_TEXT)
        size = count * struct.calcsize("<" + code)
        if size > len(inline):
            self._file.seek(struct.unpack(self._order + self._widths.offset, inline)[0])
            inline = self._read(size)
        return struct.unpack(f"{self._order}{count * len(code)}{code[0]}", inline[:size])

    def _unpack(self, code: str) -> tuple[int, ...]:
        return struct.unpack(self._order + code, self._file.read(struct.calcsize("<" + code)))

    def _read(self, size: int) -> bytes:
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise ValueError("tags point to more than the file holds")
        return self._file.read(size)


_KNOWN = frozenset(Tag)
_BROKEN = (struct.error, ValueError, OverflowError, OSError)  # what a directory may raise


# --- writing directories --------------------------------------------------------------------------

Entry = tuple[int, int, Sequence[int]]
"""A tag, its type and its values."""


def directory_bytes(
    entries: Sequence[Entry], position: int, following: int = 0, *, is_big: bool = False
) -> bytes:
    """Return a little-endian directory of sorted entries, and the values that they point to.

    It starts at ``position``; the next page's starts at ``following``, or is none for 0.
    """
    widths = _BIG if is_big else _CLASSIC
    table = struct.pack("<" + widths.tag_count, len(entries))
    after = position + len(table) + len(entries) * widths.entry_bytes + widths.inline
    outside = b""
    for tag, kind, values in entries:
        code = _CODES[kind]
        data = struct.pack(f"<{len(values)}{code[0]}", *values)
        if len(data) > widths.inline:
            place = struct.pack("<" + widths.offset, after + len(outside))
            outside += data + b"\0" * (len(data) % 2)
            data = place
        table += struct.pack("<" + widths.entry, tag, kind, len(values) // len(code))
        table += data.ljust(widths.inline, b"\0")
    return table + struct.pack("<" + widths.offset, following) + outside


# --- writing pages --------------------------------------------------------------------------------


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
