"""TIFF: the directories of a file, read and written.

A TIFF is a chain of directories of tags, one for each page, that say where the samples lie. Their
numbers are those of the TIFF 6.0 specification (Adobe, 1992); BigTIFF, for files over 4 GiB, only
widens them.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from enum import IntEnum
from typing import BinaryIO

from edgecli.errors import ImageError
from edgecli.geometry import bands
from edgecli.images import Resolution
from edgecli.images.profiles import rgb_profile
from edgecli.records import dataclass, replace


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
    PAGE_NAME = 285
    FAX3_OPTIONS = 292
    FAX4_OPTIONS = 293
    RESOLUTION_UNIT = 296
    PAGE_NUMBER = 297
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
    JPEG_TABLES = 347
    JPEG_OFFSET = 513
    JPEG_BYTES = 514
    YCBCR_WEIGHTS = 529
    YCBCR_SUBSAMPLING = 530
    YCBCR_RANGE = 532
    PIXEL_SCALE = 33550
    PLANES = 33629
    TIEPOINTS = 33922
    MATRIX = 34264
    PROFILE = 34675
    GEO_KEYS = 34735
    GEO_DOUBLES = 34736
    GEO_TEXTS = 34737
    NO_DATA = 42113
    DNG_VERSION = 50706


# types of values
TEXT, SHORT, LONG, RATIONAL, UNDEFINED, DOUBLE, LONG8 = 2, 3, 4, 5, 7, 12, 16
# The struct code of a type's values; a rational is a numerator and a denominator.
_CODES = {1: "B", SHORT: "H", LONG: "I", RATIONAL: "II", 8: "h", 9: "i", 13: "I", LONG8: "Q"}
_CODES |= {TEXT: "B", UNDEFINED: "B", 11: "f", DOUBLE: "d", 18: "Q"}
_REALS = {11, DOUBLE}
_OF_REALS = {Tag.PIXEL_SCALE, Tag.TIEPOINTS, Tag.MATRIX, Tag.GEO_DOUBLES}
_LONGEST_TEXT = 1 << 16  # bytes; what this package looks for stands at the beginning

_MOST_PARTS = 64


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

    ``position`` is where it stands in the file, ``parts`` are the directories that it points to,
    ``lost`` are tags whose values are nowhere in the file, and which no pixel needs.
    """

    tags: dict[int, tuple[int, ...]]
    byte_order: str  # "<" or ">"
    file_bytes: int
    position: int = 0
    parts: tuple[Directory, ...] = ()
    lost: tuple[int, ...] = ()

    def value(self, tag: Tag, default: int) -> int:
        """Return a tag's first value."""
        return self.tags.get(tag, (default,))[0]

    def reals(self, tag: Tag) -> tuple[float, ...]:
        """Return all of a tag's numbers, which need not be whole."""
        return self.tags.get(tag, ())

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
    def profile(self) -> bytes | None:
        """The ICC profile of its colours, red, green and blue."""
        data = self.tags.get(Tag.PROFILE, ())
        return rgb_profile(bytes(value & 255 for value in data))

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
        following = self._following()
        tags: dict[int, tuple[int, ...]] = {}
        lost = []
        for at in range(0, len(entries), self._widths.entry_bytes):
            tag, kind, values = struct.unpack_from(self._order + self._widths.entry, entries, at)
            if tag in tags or not _is_known(tag, kind):
                continue
            if values:
                end = at + self._widths.entry_bytes
                try:
                    tags[tag] = self._values(entries[end - self._widths.inline : end], kind, values)
                except _BROKEN:
                    if tag not in _BESIDE:
                        raise
                    lost.append(tag)
        found = Directory(tags, self._order, self._file_bytes, position, lost=tuple(lost))
        return found, following

    def _following(self) -> int:
        """Return the position of the next directory; none where the file ends before it."""
        try:
            return self._unpack(self._widths.offset)[0]
        except struct.error:
            return 0

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
        if size > self._bytes_left:
            raise ValueError("tags point to more than the file holds")
        self._bytes_left -= size
        return self._file.read(size)


def _is_known(tag: int, kind: int) -> bool:
    """Whether a tag is read, of the type that it has here: few may be other than whole."""
    return tag in _KNOWN and kind in _CODES and (kind not in _REALS or tag in _OF_REALS)


_KNOWN = frozenset(Tag)
_BESIDE = frozenset((  # without which a page's pixels are what they are
    *(Tag.DESCRIPTION, Tag.SOFTWARE, Tag.X_RESOLUTION, Tag.Y_RESOLUTION, Tag.RESOLUTION_UNIT),
    *(Tag.PROFILE, Tag.SUB_DIRECTORIES, Tag.PLANES, Tag.NO_DATA, Tag.JPEG_OFFSET, Tag.JPEG_BYTES),
    *(Tag.PIXEL_SCALE, Tag.TIEPOINTS, Tag.MATRIX, Tag.GEO_KEYS, Tag.GEO_DOUBLES, Tag.GEO_TEXTS),
))  # fmt: skip
_BROKEN = (struct.error, ValueError, OverflowError, OSError)  # what a directory may raise


# --- writing directories --------------------------------------------------------------------------

LARGEST_CLASSIC = 2**32 - 1
"""Bytes of a TIFF whose places are numbers of 32 bits."""

HEADS = {
    False: struct.pack("<2sHI", b"II", 42, 8),
    True: struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16),
}
"""How a file begins whose first directory follows at once, by whether it is a BigTIFF."""

Entry = tuple[int, int, Sequence[float]]
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
        data = _packed(code[0], values)
        if len(data) > widths.inline:
            place = struct.pack("<" + widths.offset, after + len(outside))
            outside += data + b"\0" * (len(data) % 2)
            data = place
        table += struct.pack("<" + widths.entry, tag, kind, len(values) // len(code))
        table += data.ljust(widths.inline, b"\0")
    return table + struct.pack("<" + widths.offset, following) + outside


def _packed(code: str, values: Sequence[float]) -> bytes:
    """Return little-endian numbers; a part at a time, as each is an object meanwhile."""
    parts = (values[start:stop] for start, stop in bands(len(values), 4096))
    return b"".join(struct.pack(f"<{len(part)}{code}", *part) for part in parts)
