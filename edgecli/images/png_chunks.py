"""Numbers of the PNG format, and its chunks with their checksums.

Source: W3C, *Portable Network Graphics (PNG) Specification (Third Edition)*. Its sections are
cited as "PNG 9.2".
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from edgecli.errors import ImageError
from edgecli.images.streams import ForwardReader

MAX_FIELD = 2**31 - 1  # the largest width, height or chunk length, PNG 7.1
METRES_PER_INCH = 0.0254  # pHYs counts pixels per metre

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6  # colour types, PNG 11.2.1
NONE, SUB, UP, AVERAGE, PAETH = range(5)  # row filters, PNG 9.2

_PIECE = 2**16  # bytes asked of the file at a time


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    r"""Return one chunk: length, kind, data and their CRC-32 (PNG 5.3).

    >>> chunk(b"IEND")
    b'\x00\x00\x00\x00IEND\xaeB`\x82'
    """
    crc = zlib.crc32(data, zlib.crc32(kind))
    return b"".join((len(data).to_bytes(4), kind, data, crc.to_bytes(4)))


def damaged(path: str, what: str) -> ImageError:
    """Return the error of a file that breaks the format."""
    return ImageError(f"image {path} is damaged: {what}; get a whole copy")


class ChunkReader(ForwardReader):
    """The chunks of a file that may be a pipe, read in bounded pieces.

    ``kind`` and ``length`` are those of the current chunk, whose ``body`` is to be read next.
    """

    kind, length = b"", 0

    def read_whole(self, size: int) -> bytes:
        """Return ``size`` bytes, fewer only where the file ends."""
        parts = []
        while size > 0 and (part := self.read(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def advance(self) -> None:
        """Read the next chunk's length and kind.

        Where the file ends instead, that counts as IEND: Pillow and browsers forgive its absence,
        and a file cut short earlier lacks pixels, which is noticed later.
        """
        head = self.read_whole(8)
        if len(head) < 8:
            head = b"\0\0\0\0IEND"
        self.kind, self.length = head[4:], int.from_bytes(head[:4])
        if not (self.kind.isalpha() and self.length <= MAX_FIELD):
            raise damaged(self.path, f"it has the bytes {head.hex()} where a chunk should start")

    def body(self) -> Iterator[bytes]:
        """Yield the chunk's data, never an empty piece, then check its CRC-32."""
        crc, left = zlib.crc32(self.kind), self.length
        while left and (piece := self.read_whole(min(left, _PIECE))):
            crc = zlib.crc32(piece, crc)
            left -= len(piece)
            yield piece
        checksum = self.read_whole(4)
        if len(checksum) < 4:
            raise damaged(self.path, f"it ends inside its {self.kind.decode()} chunk")
        if int.from_bytes(checksum) != crc:
            raise damaged(self.path, f"its {self.kind.decode()} chunk does not match its checksum")

    def pixel_data(self) -> Iterator[bytes]:
        """Yield the data of the current IDAT chunk and of those that follow it directly."""
        while self.kind == b"IDAT":
            yield from self.body()
            self.advance()
