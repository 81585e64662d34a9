"""Streams to which bytes that were read too far are given back, and what they hold next."""

from __future__ import annotations

import io
import os
import re
from typing import BinaryIO, cast

_PIECE = 1 << 16
_BLANKS = b" \t\n\v\f\r\0"  # between images; zeros, as some cameras pad with them


class Pipe(io.BufferedIOBase):
    """A stream that cannot seek, but takes bytes back."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = cast(io.BufferedIOBase, stream)  # BinaryIO is typed without readinto
        self._back = b""

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return ``size`` bytes, fewer only at the end, by default all."""
        if size is None or size < 0:
            return self._taken(len(self._back)) + self._stream.read()
        back = self._taken(size)
        return back + self._stream.read(size - len(back)) if len(back) < size else back

    def read1(self, size: int = _PIECE, /) -> bytes:
        """Return what there is now, up to ``size`` bytes; none at the end."""
        return self._taken(size) or self._stream.read1(size)

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Fill a buffer; return the number of bytes, fewer than its length only at the end."""
        back = self._taken(len(buffer))
        buffer[: len(back)] = back
        rest = buffer[len(back) :]
        return len(back) + (self._stream.readinto(rest) if rest else 0)

    def unread(self, data: bytes) -> None:
        """Take bytes back, to be read next."""
        self._back = data + self._back

    def _taken(self, size: int) -> bytes:
        taken, self._back = self._back[:size], self._back[size:]
        return taken


def unread(stream: BinaryIO, data: bytes) -> None:
    """Give the last bytes that were read of a file, or of a Pipe, back to it."""
    if isinstance(stream, Pipe):
        stream.unread(data)
    elif data:
        stream.seek(-len(data), os.SEEK_CUR)


def peek(stream: BinaryIO, size: int) -> bytes:
    """Return the next bytes of a file or a Pipe without taking them, fewer only at its end."""
    head = stream.read(size)
    unread(stream, head)
    return head


def peek_image(stream: BinaryIO, size: int) -> bytes:
    """Pass over blanks, then peek."""
    while head := stream.read(size):
        if visible := head.lstrip(_BLANKS):
            unread(stream, visible)
            return peek(stream, size)
    return b""


class Ahead:
    """The next bytes of a file or a Pipe, as many as were looked at; none is taken yet."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = cast(io.BufferedIOBase, stream)
        self.data = bytearray()

    def reach(self, size: int) -> bool:
        """Look at the next ``size`` bytes; return whether there are as many."""
        while len(self.data) < size:
            if not (piece := self._stream.read1(_PIECE)):
                return False
            self.data += piece
        return True

    def find(self, pattern: re.Pattern[bytes], start: int) -> int | None:
        """Return where the first two bytes from ``start`` on are that match; None if none do."""
        while self.reach(start + 2):
            if match := pattern.search(self.data, start):
                return match.start()
            start = len(self.data) - 1
        return None

    def take(self, size: int) -> bytes:
        """Return the next ``size`` bytes, or all where there are fewer, and give the rest back."""
        self.reach(size)
        with memoryview(self.data) as data:
            taken, rest = bytes(data[:size]), bytes(data[size:])
        unread(cast(BinaryIO, self._stream), rest)
        return taken
