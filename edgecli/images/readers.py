"""The readers of every format, found by a file's first bytes. A new format is a row of READERS."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from edgecli.errors import ImageError
from edgecli.images import magic
from edgecli.images.alpha import watched
from edgecli.images.foreign import HEIF, JPEG_XL, refusal
from edgecli.images.limits import image_name, no_such_page
from edgecli.images.pipes import peek_image
from edgecli.images.sources import Told
from edgecli.images.streams import seekable
from edgecli.numerals import is_text
from edgecli.records import dataclass, replace
from edgecli.rows.base import Source

DEEP_COLOURS = (b"\x10\x02", b"\x10\x04", b"\x10\x06")
"""Bit depth and colour type of a PNG of 16 bits in several channels."""

_PIECE = 1 << 16
HEAD = 64  # bytes that tell every format: a PNG's first chunk ends at byte 33


@dataclass(frozen=True)
class Opened:
    """A file or a Pipe that stands at its first byte, those bytes, and how much of it is wanted.

    ``grey`` says that colours are not looked at, ``all_frames`` that frames and pages after the
    first are, ``page`` that one of these is, counted from 1. ``name`` is what errors call it: its
    path, and its number in a stream of images. ``threads`` is how many may decode, None for all.
    ``unread`` says that nobody is going to look at pixels.
    """

    head: bytes
    stream: BinaryIO
    path: str
    max_pixels: int
    grey: bool = False
    all_frames: bool = False
    page: int | None = None
    frame: int = 0
    threads: int | None = None
    unread: bool = False

    @property
    def name(self) -> str:
        """The path, behind its number if it is not the first image of a stream."""
        return image_name(self.path, self.frame)

    @property
    def wanted(self) -> dict[str, Any]:
        """How much is wanted, as readers of several frames take it."""
        return {
            "max_pixels": self.max_pixels,
            "grey": self.grey,
            "all_frames": self.all_frames or self.page is not None,
        }


Reader = Callable[[Opened], Iterator[Source]]
"""Yields the images of a file; a format's module is loaded when it is first met."""


def read_images(file: Opened) -> Iterator[Source]:
    """Yield the images of a file, or the page that is wanted."""
    if file.page is None:
        yield from _read_all(file)
        return
    count = 0
    for image in _read_all(file):
        count = image.info.frame + 1
        if count == file.page:
            yield image
            return
        for _ in image.blocks([(image.shape[0] - 1, image.shape[0])]):  # read it before the next
            pass
        image.close()
    raise no_such_page(file.path, file.page, count)


def _read_all(file: Opened) -> Iterator[Source]:
    """Yield the images of a file by the first reader that knows its first bytes.

    Images of formats that say where they end may follow each other, of one format or several, as
    in what ``ffmpeg -f image2pipe`` writes. What follows them but is no image is left out.
    """
    last: Source | None = None
    while True:
        read = _reader_of(file.head)
        for image in map(watched, read(file)):
            if file.frame:
                frame = file.frame + image.info.frame
                last = Told(image, path=file.path, frame=frame)
            else:
                last = image
            yield last
        if last is None:  # a PNG whose animation says that its only picture is not part of it
            option = "--page" if file.page else "--all-frames"
            raise ImageError(
                f"image {file.name} is an animation without frames; "
                f"leave out {option} to read its first picture"
            )
        if read not in _STREAMED or not (head := peek_image(file.stream, HEAD)):
            return
        if not re.match(_AHEAD, head):
            more = "or more " if len(head) == HEAD else ""
            last.info.notes.append(
                f"is followed by {len(head)} bytes {more}that are no image; they are left out"
            )
            return
        file = replace(file, head=head, frame=last.info.frame + 1)


def _reader_of(head: bytes) -> Reader:
    """Return the first reader that knows a file by its first bytes; the last one takes any."""
    return next(read for accepts, read in READERS if accepts(head))


def is_grid(head: bytes) -> bool:
    """Return whether a file that starts so is read as numbers in text."""
    return _reader_of(head) is _read_grid


def may_be_floats(head: bytes) -> bool:
    """Return whether a file that starts so may hold floats in binary."""
    return _reader_of(head) in (_read_npy, _read_npz, _read_pfm, _read_tiff)


def is_decoded_late(head: bytes) -> bool:
    """Return whether what is ``unread`` of a file that starts so takes little memory."""
    streamed = (_read_png, _read_jpeg, _read_netpbm, _read_pfm, _read_tiff, _read_jpeg2000)
    return _reader_of(head) in streamed


def _read_png(file: Opened) -> Iterator[Source]:
    from edgecli.images.png.reading import open_png

    if file.wanted["all_frames"] and _is_animated(file):
        if file.head[24:26] in DEEP_COLOURS:
            option = "--page" if file.page else "--all-frames"
            raise ImageError(
                f"image {file.name} is an animation of 16-bit colours, whose frames cannot be "
                f"composed here without loss; leave out {option} to read its first picture"
            )
        from edgecli.images.ends import one_image

        yield from _read_by_pillow(replace(file, stream=one_image(file.stream, file.head)))
        return
    source = open_png(file.stream, file.name, max_pixels=file.max_pixels, grey=file.grey)
    yield source
    try:
        source.skip_rest()
    except ImageError:
        source.info.notes.append("is damaged in rows that were not needed")
        while file.stream.read(_PIECE):  # where another image would start cannot be told
            pass


def _read_netpbm(file: Opened) -> Iterator[Source]:
    from edgecli.images import netpbm

    source = netpbm.read_image(file.stream, file.name, max_pixels=file.max_pixels)
    yield source
    source.skip_rest()
    if file.head[1:2] in b"123":
        netpbm.skip_comments(file.stream)


def _read_jpeg(file: Opened) -> Iterator[Source]:
    from edgecli.images.jpeg.reading import read_jpegs

    yield from read_jpegs(file.stream, file.name, **file.wanted, unread=file.unread)


def _read_video(file: Opened) -> Iterator[Source]:
    from edgecli.images.yuv4mpeg import read_frames

    yield from read_frames(file.stream, file.path, max_pixels=file.max_pixels, grey=file.grey)


def _read_npy(file: Opened) -> Iterator[Source]:
    from edgecli.images.npy import read_npy

    yield from read_npy(file.stream, file.path, **_pages_of(file))


def _read_npz(file: Opened) -> Iterator[Source]:
    from edgecli.images.npz import read_npz

    yield from read_npz(file.stream, file.path, **_pages_of(file))


def _pages_of(file: Opened) -> dict[str, Any]:
    """Return how much is wanted, as readers of pages without colours take it."""
    return {name: value for name, value in file.wanted.items() if name != "grey"}


def _read_grid(file: Opened) -> Iterator[Source]:
    from edgecli.images.text.grid import read_text

    yield read_text(file.stream, file.path, max_pixels=file.max_pixels)


def _read_pfm(file: Opened) -> Iterator[Source]:
    from edgecli.images.pfm import read_pfm

    yield read_pfm(file.stream, file.path, max_pixels=file.max_pixels)


def _read_heif(file: Opened) -> Iterator[Source]:
    from edgecli.images.heif import read_heif

    yield from read_heif(
        file.stream, file.path, max_pixels=file.max_pixels, all_frames=file.wanted["all_frames"]
    )


def _is_animated(file: Opened) -> bool:
    from edgecli.images.ends import is_animated

    return is_animated(file.stream)


def _read_jpeg_xl(file: Opened) -> Iterator[Source]:
    from edgecli.images.jpeg_xl import read_jpeg_xl

    yield from read_jpeg_xl(file.stream, file.path, max_pixels=file.max_pixels, grey=file.grey)


def _refuse(file: Opened) -> Iterator[Source]:
    raise ImageError(refusal(file.head, file.name) or "")


def _read_gif(file: Opened) -> Iterator[Source]:
    from edgecli.images import ends
    from edgecli.images.gif import read_gif

    stream = ends.one_image(file.stream, file.head)
    yield from read_gif(seekable(stream), file.name, **file.wanted)
    _leave(file, stream)


def _read_psd(file: Opened) -> Iterator[Source]:
    from edgecli.images.psd import read_psd

    stream = seekable(file.stream)
    yield read_psd(stream, file.path, max_pixels=file.max_pixels, grey=file.grey)


def _read_masked_bmp(file: Opened) -> Iterator[Source]:
    from edgecli.images import ends
    from edgecli.images.bmp import read_masked

    stream = ends.one_image(file.stream, file.head)
    yield read_masked(seekable(stream), file.name, max_pixels=file.max_pixels)
    _leave(file, stream)


def _read_tiff(file: Opened) -> Iterator[Source]:
    from edgecli.images.tiff import reading

    yield from reading.read_images(
        file.stream, file.path, **file.wanted, page=file.page, threads=file.threads
    )


def _read_jpeg2000(file: Opened) -> Iterator[Source]:
    from edgecli.images import jpeg2000

    yield from jpeg2000.read_images(file.stream, file.path, **file.wanted, unread=file.unread)


def _read_by_pillow(file: Opened) -> Iterator[Source]:
    from edgecli.images import ends
    from edgecli.images.pillow import reading

    stream = ends.one_image(file.stream, file.head)
    yield from reading.read_images(stream, file.name, **file.wanted, unread=file.unread)
    _leave(file, stream)


def _leave(file: Opened, stream: BinaryIO) -> None:
    """Go to the end of a file that was read as a stream of one image."""
    if stream is file.stream and stream.seekable():
        stream.seek(0, os.SEEK_END)


def _starts_with(*magic_bytes: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magic_bytes)


def _looks_like(pattern: bytes) -> Callable[[bytes], object]:
    return lambda head: re.match(pattern, head)


READERS: tuple[tuple[Callable[[bytes], object], Reader], ...] = (
    (_starts_with(magic.PNG), _read_png),
    (_looks_like(rb"(?s:.{8,16}IHDR)"), _read_png),  # to say how it is damaged
    (_starts_with(magic.JPEG), _read_jpeg),
    (_looks_like(magic.NETPBM), _read_netpbm),
    (_starts_with(magic.YUV4MPEG2), _read_video),
    (_starts_with(magic.NUMPY), _read_npy),
    (_looks_like(magic.PFM), _read_pfm),
    (HEIF.accepts, _read_heif),
    (JPEG_XL.accepts, _read_jpeg_xl),
    (_starts_with(*magic.ZIP), _read_npz),
    (_starts_with(*magic.TIFF, *magic.CAMERA_RAW), _read_tiff),
    (_starts_with(*magic.JPEG_2000), _read_jpeg2000),
    (_looks_like(magic.GIF), _read_gif),
    (_starts_with(magic.PSD), _read_psd),
    (_looks_like(magic.BMP_MASKS), _read_masked_bmp),
    (refusal, _refuse),
    (_looks_like(magic.XBM), _read_by_pillow),  # it looks like text
    (is_text, _read_grid),
    (lambda _: True, _read_by_pillow),
)
"""What knows a file's first bytes, and its reader: the first one that fits."""

_STREAMED = (
    *(_read_png, _read_jpeg, _read_netpbm, _read_pfm),
    *(_read_gif, _read_masked_bmp, _read_by_pillow),
)
"""Readers that leave a file or a pipe behind the image that they read."""

_AHEAD = b"|".join((
    *(re.escape(magic.PNG), magic.JPEG),
    *(magic.BMP, magic.GIF, magic.NETPBM_HEADER, magic.PFM, magic.WEBP),
))  # fmt: skip
"""First bytes of an image that may follow another one."""
