"""A PNG's chunks as they are read: their checksums, the header, what is said before the pixels.

What no pixel depends on may be broken: it is passed over with a note, where libpng has a warning.
"PNG 5.4" cites the specification named in ``format``.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from edgecli.errors import ImageError
from edgecli.images import Resolution, magic
from edgecli.images.png.format import (
    GREY,
    GREY_ALPHA,
    MAX_FIELD,
    METRES_PER_INCH,
    PALETTE,
    RGB,
    RGBA,
    damaged,
)
from edgecli.images.streams import ForwardReader
from edgecli.records import dataclass

CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
BIT_DEPTHS: dict[int, tuple[int, ...]] = dict.fromkeys((RGB, GREY_ALPHA, RGBA), (8, 16))
BIT_DEPTHS |= {GREY: (1, 2, 4, 8, 16), PALETTE: (1, 2, 4, 8)}

_PIECE = 2**16  # bytes asked of the file at a time
_KEPT_CHUNKS = (b"PLTE", b"tRNS", b"pHYs", b"eXIf", b"acTL", b"fcTL", b"iCCP")
_MAX_KEPT = 2**20  # bytes; a longer chunk is passed over, not held


class ChunkReader(ForwardReader):
    """The chunks of a file or pipe; ``kind`` and ``length`` are those whose ``body`` comes next.

    ``notes`` are clauses on what was broken and passed over. ``has_exif`` says that Exif came
    before the pixels, after which libvips repeats it.
    """

    kind, length = b"", 0

    def __init__(self, file: BinaryIO, path: str) -> None:
        super().__init__(file, path)
        self.notes: list[str] = []
        self.is_sound = True  # the checksum of the last body
        self.has_exif = False

    @property
    def is_critical(self) -> bool:
        """Whether pixels depend on the chunk, PNG 5.4."""
        return self.kind[:1].isupper()

    def advance(self) -> None:
        """Read the next chunk's length and kind, which is empty where no chunk starts.

        The file's end counts as IEND, as for Pillow.
        """
        head = self.read_whole(8)
        if len(head) < 8:
            head = b"\0\0\0\0IEND"
        self.kind, self.length = head[4:], int.from_bytes(head[:4])
        if not self.kind.isalpha() or self.length > MAX_FIELD:
            self.kind = b""

    def body(self) -> Iterator[bytes]:
        """Yield the chunk's data, never an empty piece, then check its CRC-32."""
        if not self.kind:
            raise damaged(self.path, "it has other bytes where a chunk should start")
        crc, left = zlib.crc32(self.kind), self.length
        while left and (piece := self.read_whole(min(left, _PIECE))):
            crc = zlib.crc32(piece, crc)
            left -= len(piece)
            yield piece
        checksum = self.read_whole(4)
        name = f"its {self.kind.decode()} chunk"
        if len(checksum) < 4:
            raise damaged(self.path, f"it ends inside {name}")
        self.is_sound = int.from_bytes(checksum) == crc
        if not self.is_sound and self.is_critical:
            raise damaged(self.path, f"{name} does not match its checksum")

    def take(self, most: int = 0) -> bytes:
        """Return the chunk's data, nothing where it is longer than ``most`` or not sound."""
        kept = [piece for piece in self.body() if self.length <= most]
        if not self.is_sound:
            self.notes.append(
                f"has a wrong checksum in its {self.kind.decode()} chunk, which is ignored"
            )
            return b""
        return b"".join(kept)

    def pixel_data(self) -> Iterator[bytes]:
        """Yield the data of the current IDAT chunk and of those that follow it directly."""
        while self.kind == b"IDAT":
            yield from self.body()
            self.advance()

    def skip_to_end(self) -> None:
        """Read to the end of IEND and no further; what is broken on the way costs no pixel."""
        try:
            while self.kind != b"IEND":
                is_new = self.kind == b"eXIf" and not self.has_exif
                if orientation(self.take(_MAX_KEPT if is_new else 0)) != 1:
                    self.notes.append("has its orientation after its pixels; it is read as stored")
                self.advance()
            self.take()
        except ImageError:
            self.notes.append("is cut short or damaged after its pixels, which are all there")


@dataclass(frozen=True)
class PngHeader:
    """The IHDR chunk: pixels, bits per sample, colour type (PNG 11.2.1), interlacing.

    ``is_apple`` says that a CgBI chunk came before it, the mark of a variant of Apple's.
    """

    width: int
    height: int
    bit_depth: int
    colour_type: int
    interlaced: bool
    is_apple: bool = False

    @property
    def channels(self) -> int:
        """Samples per pixel as stored; a palette image has one."""
        return CHANNELS[self.colour_type]

    @property
    def pixel_bytes(self) -> int:
        """Bytes per pixel, at least 1: how far row filters look back (PNG 9.2)."""
        return max(self.channels * self.bit_depth // 8, 1)

    def row_bytes(self, width: int) -> int:
        """Bytes of a row of so many pixels; its last bits may be unused (PNG 7.2)."""
        return -(-width * self.channels * self.bit_depth // 8)


def read_header(chunks: ChunkReader) -> PngHeader:
    """Read the signature and the IHDR chunk of a PNG; ImageError where they break PNG 11.2.1.

    >>> import io
    >>> start = bytes.fromhex('89504e470d0a1a0a 0000000d 49484452 00000280 000001e0 08 02 000000')
    >>> file = io.BytesIO(start + zlib.crc32(start[12:]).to_bytes(4))
    >>> header = read_header(ChunkReader(file, 'sky.png'))
    >>> header.width, header.height, header.bit_depth, header.channels
    (640, 480, 8, 3)
    """
    path = chunks.path
    if chunks.read_whole(len(magic.PNG)) != magic.PNG:
        raise damaged(path, "it does not start with the PNG signature")
    chunks.advance()
    is_apple = chunks.kind == b"CgBI"
    if is_apple:
        chunks.take()
        chunks.advance()
    if (chunks.kind, chunks.length) != (b"IHDR", 13):
        raise damaged(path, "its first chunk is not an IHDR of 13 bytes")
    fields = struct.unpack(">IIBBBBB", chunks.take(13))
    width, height, depth, colour, deflate, filters, interlace = fields
    if not (1 <= width <= MAX_FIELD and 1 <= height <= MAX_FIELD):
        raise damaged(path, f"{height} × {width} is no size of a PNG")
    if depth not in BIT_DEPTHS.get(colour, ()):
        raise damaged(path, f"colour type {colour} with {depth} bits is no kind of PNG")
    if deflate != 0 or filters != 0 or interlace > 1:
        raise damaged(path, f"coding methods {deflate}, {filters}, {interlace} are no PNG's")
    return PngHeader(width, height, depth, colour, interlace == 1, is_apple)


def read_to_pixels(chunks: ChunkReader) -> dict[bytes, bytes]:
    """Return the data of the chunks before the first IDAT that matter, the first of each kind."""
    kept: dict[bytes, bytes] = {}
    chunks.advance()
    while chunks.kind != b"IDAT":
        kind = chunks.kind
        if kind == b"IEND":
            raise damaged(chunks.path, "it ends before its pixels")
        if kind == b"IHDR" or (kind == b"PLTE" and kind in kept):
            raise damaged(chunks.path, f"it has a second {kind.decode()} chunk")
        if chunks.is_critical and kind != b"PLTE":
            raise chunks.error(
                f"has a chunk {kind.decode()}, without which its pixels mean nothing and which is "
                "not of the PNG format; save it as plain PNG with the program that made it"
            )
        data = chunks.take(_MAX_KEPT if kind in _KEPT_CHUNKS else 0)
        if kind in _KEPT_CHUNKS and chunks.is_sound:
            kept.setdefault(kind, data)
        chunks.advance()
    chunks.has_exif = b"eXIf" in kept
    return kept


def dots_per_inch(phys: bytes) -> Resolution:
    """Return the horizontal and vertical resolution of a pHYs chunk in metres, PNG 11.3.4.3."""
    if len(phys) != 9 or phys[8] != 1:
        return None
    x, y = struct.unpack_from(">II", phys)
    return (x * METRES_PER_INCH, y * METRES_PER_INCH) if x and y else None


def orientation(exif: bytes) -> int:
    """Return the Orientation, 1 to 8, of Exif's first directory (TIFF 6.0, section 2), or 1."""
    exif = exif.removeprefix(b"Exif\0\0")  # JPEG's prefix, which some writers carry over
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4], "")
    if not order:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, start)
        for at in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(order + "HH", exif, at)
            if tag == 0x0112:
                number = {3: "H", 4: "I"}[kind]  # SHORT as it should be, LONG as some write it
                (value,) = struct.unpack_from(order + number, exif, at + 8)
                return int(value) if 1 <= value <= 8 else 1
    except (struct.error, KeyError):  # an offset or a count points past the end; no whole number
        return 1
    return 1
