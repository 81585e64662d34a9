"""The readers of every format, found by a file's first bytes. A new format is a row of READERS."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import BinaryIO, cast

from edgecli.errors import ImageError
from edgecli.images import magic
from edgecli.images.alpha import watched
from edgecli.images.foreign import HEIF, JPEG_XL, refusal
from edgecli.images.streams import seekable
from edgecli.records import dataclass, replace
from edgecli.rows.base import Source

HEAD = 70  # bytes that tell every format: a BMP's masks end there

_NUMBERS_AHEAD = re.compile(
    rb"(\xef\xbb\xbf)?\s*(#(?!define)|[-+]?(\d|\.\d|nan|inf))", re.IGNORECASE
)


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
            yield from map(watched, read(file))
            return


def is_text(head: bytes) -> bool:
    """Return whether a file that starts so is a grid of numbers."""
    return bool(_NUMBERS_AHEAD.match(head)) and b"\0" not in head


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


def _read_grid(file: Opened) -> Iterator[Source]:
    from edgecli.images.text_grid import read_text

    yield read_text(file.stream, file.path, max_pixels=file.max_pixels)


def _read_pfm(file: Opened) -> Iterator[Source]:
    from edgecli.images.pfm import read_pfm

    yield read_pfm(file.stream, file.path, max_pixels=file.max_pixels)


def _read_heif(file: Opened) -> Iterator[Source]:
    from edgecli.images.heif import read_heif

    sources = read_heif(file.stream, file.path, max_pixels=file.max_pixels)
    yield from sources if file.all_frames else islice(sources, 1)


def _read_jpeg_xl(file: Opened) -> Iterator[Source]:
    from edgecli.images.jpeg_xl import read_jpeg_xl

    yield from read_jpeg_xl(file.stream, file.path, max_pixels=file.max_pixels, grey=file.grey)


def _refuse(file: Opened) -> Iterator[Source]:
    raise ImageError(refusal(file.head, file.path))


def _read_gif(file: Opened) -> Iterator[Source]:
    from edgecli.images.gif import read_gif

    stream = seekable(file.stream)
    frames = read_gif(stream, file.path, max_pixels=file.max_pixels, grey=file.grey)
    yield from frames if file.all_frames else islice(frames, 1)


def _read_psd(file: Opened) -> Iterator[Source]:
    from edgecli.images.psd import read_psd

    stream = seekable(file.stream)
    yield read_psd(stream, file.path, max_pixels=file.max_pixels, grey=file.grey)


def _read_bmp(file: Opened) -> Iterator[Source]:
    from edgecli.images.bmp import has_masks, read_masked

    if has_masks(file.head):
        yield read_masked(seekable(file.stream), file.path, max_pixels=file.max_pixels)
    else:
        yield from _read_by_pillow(file)


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
    (re.compile(rb"P[Ff]\s").match, _read_pfm),
    (HEIF.accepts, _read_heif),
    (JPEG_XL.accepts, _read_jpeg_xl),
    (_starts_with(*magic.TIFF, *magic.CAMERA_RAW), _read_tiff),
    (_starts_with(magic.GIF), _read_gif),
    (_starts_with(magic.PSD), _read_psd),
    (_starts_with(magic.BMP), _read_bmp),
    (refusal, _refuse),
    (is_text, _read_grid),
    (lambda _: True, _read_by_pillow),
)
"""What knows a file's first bytes, and its reader: the first one that fits."""
