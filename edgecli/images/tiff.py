"""The directories of TIFF files, read and written.

A TIFF is a chain of *directories* of tags, one for each page, that say where the samples lie. The
numbers of tags, types and values are those of the TIFF 6.0 specification (Adobe, 1992); BigTIFF,
for files over 4 GiB, only widens them.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import BinaryIO

from edgecli.errors import ImageError
from edgecli.images import Resolution
from edgecli.records import dataclass


class Tag(IntEnum):
    """The tags that this package reads or writes."""

    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    STRIP_OFFSETS = 273
    ORIENTATION = 274
    SAMPLES = 277
    ROWS_PER_STRIP = 278
    STRIP_BYTES = 279
    X_RESOLUTION = 282
    Y_RESOLUTION = 283
    PLANAR = 284
    RESOLUTION_UNIT = 296
    PREDICTOR = 317
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    TILE_OFFSETS = 324
    TILE_BYTES = 325
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339


SHORT, LONG, RATIONAL, LONG8 = 3, 4, 5, 16  # types of values
# The struct code of a type's values; a rational is a numerator and a denominator.
_CODES = {1: "B", SHORT: "H", LONG: "I", RATIONAL: "II", 8: "h", 9: "i", 13: "I", LONG8: "Q"}


@dataclass(frozen=True)
class _Widths:
    """Struct codes of a count of tags, an entry's head and an offset, which BigTIFF widens."""

    tag_count: str
    entry: str
    offset: str

    @property
    def inline(self) -> int:
        """Bytes in an entry for the value or, if it does not fit, its offset."""
        return struct.calcsize(self.offset)

    @property
    def entry_bytes(self) -> int:
        """Bytes of a whole entry."""
        return struct.calcsize("<" + self.entry + self.offset)


_CLASSIC = _Widths("H", "HHI", "I")
_BIG = _Widths("Q", "HHQ", "Q")


# --- reading ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Directory:
    """The values of a page's tags, as far as ``Tag`` knows them, and facts of its file."""

    tags: dict[int, tuple[int, ...]]
    byte_order: str  # "<" or ">"
    file_bytes: int

    def value(self, tag: Tag, default: int) -> int:
        """Return a tag's first value."""
        return self.tags.get(tag, (default,))[0]

    @property
    def orientation(self) -> int:
        """EXIF's orientation, 1 to 8; 1 is upright."""
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
            yield directory
    except (struct.error, ValueError, OverflowError, OSError) as error:
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
        return Directory(tags, self._order, self._file_bytes), following

    def _values(self, inline: bytes, kind: int, count: int) -> tuple[int, ...]:
        code = _CODES[kind]
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


# --- writing ------------------------------------------------------------------------------------

Entry = tuple[int, int, Sequence[int]]
"""A tag, its type and its values."""


def directory_bytes(
    entries: Sequence[Entry], position: int, following: int = 0, *, is_big: bool = False
) -> bytes:
    """Return a little-endian directory that starts at ``position``, and the values it points to.

    ``entries`` are sorted by tag; ``following`` is where the next page's directory will be, or 0.
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
