"""The readers of every format, found by a file's first bytes. A new format is a row of READERS."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from edgecli.images import magic
from edgecli.numerals import is_text
from edgecli.records import dataclass, replace
from edgecli.rows.base import Source

HEAD = 64  # bytes that tell every format: a PNG's first chunk ends at byte 33


@dataclass(frozen=True)
class Opened:
    """A file that stands at its first byte, those bytes, and how much of it is wanted.

    ``grey`` says that colours are not looked at, ``all_frames`` that frames and pages after the
    first are.
    """

    head: bytes
    stream: BinaryIO
    path: str
    max_pixels: int
    grey: bool = False
    all_frames: bool = False


Reader = Callable[[Opened], Iterator[Source]]
"""Yields the images of a file; a format's module is loaded when it is first met."""


def read_images(file: Opened) -> Iterator[Source]:
    """Yield the images of a file by the first reader that knows its first bytes."""
    for accepts, read in READERS:
        if accepts(file.head):
            yield from read(file)
            return


def is_grid(head: bytes) -> bool:
    """Return whether a file that starts so is read as numbers in text."""
    return next(read for accepts, read in READERS if accepts(head)) is _read_grid


def _read_png(file: Opened) -> Iterator[Source]:
    from edgecli.images.png import open_png
    from edgecli.images.streams import Rewindable

    if not file.all_frames:
        yield open_png(file.stream, file.path, max_pixels=file.max_pixels, grey=file.grey)
        return
    stream = Rewindable(file.stream)
    source = open_png(cast(BinaryIO, stream), file.path, max_pixels=file.max_pixels, grey=file.grey)
    if source.is_animated:
        stream.rewind()
        again = file.stream if file.stream.seekable() else cast(BinaryIO, stream)
        yield from _read_by_pillow(replace(file, stream=again))
    else:
        stream.forget()
        yield source


def _read_netpbm(file: Opened) -> Iterator[Source]:
    from edgecli.images import netpbm

    yield from netpbm.read_images(file.stream, file.path, max_pixels=file.max_pixels)


def _read_video(file: Opened) -> Iterator[Source]:
    from edgecli.images.yuv4mpeg import read_frames

    yield from read_frames(file.stream, file.path, max_pixels=file.max_pixels)


def _read_npy(file: Opened) -> Iterator[Source]:
    from edgecli.images.npy import read_npy

    yield read_npy(file.stream, file.path, max_pixels=file.max_pixels)


def _read_npz(file: Opened) -> Iterator[Source]:
    from edgecli.images.npz import read_npz

    yield read_npz(file.stream, file.path, max_pixels=file.max_pixels)


def _read_grid(file: Opened) -> Iterator[Source]:
    from edgecli.images.text_grid import read_text

    yield read_text(file.stream, file.path, max_pixels=file.max_pixels)


def _read_tiff(file: Opened) -> Iterator[Source]:
    from edgecli.images import tiff_reader

    yield from tiff_reader.read_images(
        file.stream,
        file.path,
        max_pixels=file.max_pixels,
        grey=file.grey,
        all_frames=file.all_frames,
    )


def _read_by_pillow(file: Opened) -> Iterator[Source]:
    from edgecli.images import pillow

    yield from pillow.read_images(
        file.stream,
        file.path,
        max_pixels=file.max_pixels,
        grey=file.grey,
        all_frames=file.all_frames,
    )


def _starts_with(*magic_bytes: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magic_bytes)


READERS: tuple[tuple[Callable[[bytes], object], Reader], ...] = (
    (_starts_with(magic.PNG), _read_png),
    (re.compile(rb".{8,16}IHDR", re.DOTALL).match, _read_png),  # to say how it is damaged
    (re.compile(rb"P[1-7]\s").match, _read_netpbm),
    (_starts_with(magic.YUV4MPEG2), _read_video),
    (_starts_with(magic.NUMPY), _read_npy),
    (_starts_with(*magic.ZIP), _read_npz),
    (_starts_with(*magic.TIFF, *magic.CAMERA_RAW), _read_tiff),
    (is_text, _read_grid),
    (lambda _: True, _read_by_pillow),
)
"""What knows a file's first bytes, and its reader: the first one that fits."""
