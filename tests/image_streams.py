"""Streams of images for tests: pipes that trickle, and pipes that nobody has filled yet."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from edgecli.images.pipes import Pipe, peek
from edgecli.images.readers import HEAD, Opened, read_images
from edgecli.rows.base import Source

LIMIT = 1 << 20


class Trickle(io.RawIOBase):
    """A pipe: no seek, no tell, at most ``step`` bytes a read; it counts what was taken."""

    def __init__(self, data: bytes, step: int = 3) -> None:
        self.data, self.step, self.taken = data, step, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        piece = self.data[self.taken : self.taken + min(self.step, len(buffer))]
        buffer[: len(piece)] = piece
        self.taken += len(piece)
        return len(piece)


class Live(Trickle):
    """A pipe whose writer has written so much and no more: reading on would wait for ever."""

    def readinto(self, buffer: Any, /) -> int:
        count = super().readinto(buffer)
        assert count, "waits for bytes that are not needed yet"
        return count


def piped(data: bytes | io.RawIOBase, step: int = 1000) -> BinaryIO:
    raw = Trickle(data, step) if isinstance(data, bytes) else data
    return cast(BinaryIO, Pipe(cast(BinaryIO, io.BufferedReader(raw, 16))))


def images_in(stream: bytes | BinaryIO, *, all_frames: bool = False) -> Iterator[Source]:
    """All images of a file's bytes, or of a pipe."""
    file = io.BytesIO(stream) if isinstance(stream, bytes) else stream
    head = peek(file, HEAD)
    yield from read_images(Opened(head, file, "x.img", LIMIT, all_frames=all_frames))
