"""JPEG: where each one of a stream ends, what is wrong with it, and what cannot be decoded.

Pillow decodes the pixels. Markers, segments and scans are those of ITU-T T.81, cited as
"T.81 B.1"; the index of a photo's other pictures is that of CIPA DC-007, "Multi-Picture Format".
"""

from __future__ import annotations

import io
import os
import re
import shlex
import struct
from collections.abc import Iterator
from typing import BinaryIO

from edgecli.errors import ImageError, TooLargeError
from edgecli.images import magic
from edgecli.images.pillow.reading import PillowSource, read_images
from edgecli.images.pipes import Ahead, peek_image
from edgecli.records import dataclass
from edgecli.rows.base import Source

_EOI, _SOS, _APP1, _APP2 = 0xD9, 0xDA, 0xE1, 0xE2  # markers, T.81 B.1.1.3
_ALONE = {0x00, 0x01, *range(0xD0, 0xD9)}  # no segment follows these
_PROGRESSIVE, _LOSSLESS, _LS = (0xC2, 0xCA), 0xC3, 0xF7  # frames; the last is of ITU-T T.87
_FRAMES = {*range(0xC0, 0xD0), _LS} - {0xC4, 0xC8, 0xCC}
_ARITHMETIC = (0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF)

_MARKER = re.compile(rb"\xff[^\xff]", re.DOTALL)
_END = re.compile(rb"\xff[\xd8\xd9]")  # of entropy-coded data: the end marker, or the next image
_LINES = re.compile(rb"\xff\xdc\x00\x04(..)", re.DOTALL)  # how many there are, T.81 B.2.5
_BEHIND = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # a scan: a marker that is none of its own
_BEHIND_ALL = re.compile(rb"\xff[^\x00\xff\xd0-\xd7\xc4\xda-\xdd]")  # nor one between two scans

_FARTHEST = 2**28  # bytes between a photo and a picture of its index
_PADDING = b"\xff\x00" * 16
"""Sixteen bytes of ones, which begin no code (T.81 C.2): a whole image decodes none of them, but
libjpeg reads eight bytes ahead."""

_RARE = {
    _LOSSLESS: ("is coded without loss", "convert it to PNG: ffmpeg -i {} OUT.png"),
    _LS: ("is a JPEG-LS", "convert it to PNG: ffmpeg -i {} OUT.png"),
    **dict.fromkeys(
        (0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF),
        ("is coded hierarchically", "convert it to PNM with the reference software of JPEG"),
    ),
    **dict.fromkeys(
        (0xC9, 0xCA, 0xCB),
        ("is coded arithmetically", "convert it by jpegtran {} > OUT.jpg"),
    ),
}
"""Frames that not every libjpeg decodes, and what to do."""


@dataclass(frozen=True)
class Jpeg:
    """The bytes of one JPEG, and what its segments say.

    ``frame`` is the marker of its frame header, which tells the coding; ``bits`` are those of a
    sample. ``scan`` is where its first scan starts. A photo has Exif or an index of pictures:
    ``attached`` is where the first and the last of these start, counted from its end.
    """

    data: bytes
    is_ended: bool
    frame: int
    bits: int
    components: int
    scan: int
    is_photo: bool
    attached: tuple[int, int]


def read_jpegs(
    file: BinaryIO,
    path: str,
    *,
    max_pixels: int,
    grey: bool,
    all_frames: bool,
    unread: bool = False,
) -> Iterator[Source]:
    """Yield the next JPEG of a file or a Pipe, and leave that behind it.

    The pictures of a photo's index belong to it: with ``all_frames`` they are yielded, too. What
    else follows a photo in a file, but not in a pipe, is left out. Raises ImageError.
    """
    jpeg = _take_jpeg(file)
    attached = _take_attached(file, *jpeg.attached)
    data = jpeg.data + attached if all_frames else jpeg.data
    wanted = {"grey": grey, "all_frames": all_frames, "unread": unread and jpeg.is_ended}
    images = _decoded(jpeg, data, path, max_pixels, **wanted)
    first = next(images)
    yield first
    yield from images
    if jpeg.is_photo and file.seekable():
        if peek_image(file, len(magic.JPEG)) == magic.JPEG:
            first.info.notes.append(
                "is a photo with another JPEG behind it, which is left out; to read both, pipe "
                f"them: cat {path} | edgecli detect -"
            )
        file.seek(0, os.SEEK_END)


def _take_jpeg(file: BinaryIO) -> Jpeg:
    """Take the bytes of a JPEG, to its end marker, to the next JPEG or to the end of the file."""
    ahead = Ahead(file)
    frame = bits = components = behind = scan = height = 0
    is_photo, listed = False, (0, 0)
    for marker, at, body in _segments(ahead):
        behind = at + len(body)
        if marker in _FRAMES and len(body) >= 6:
            frame, bits, components, height = marker, body[0], body[5], at + 1
        elif marker == _SOS:
            scan = at - 4
        is_index = marker == _APP2 and body.startswith(b"MPF\0")
        is_photo |= is_index or (marker == _APP1 and body.startswith(b"Exif\0"))
        if is_index:
            listed = _listed(body[4:], at + 4)
    at_end = ahead.find(_END, behind)
    is_ended = at_end is not None and ahead.data[at_end + 1] == _EOI
    data = ahead.take(1 << 62 if at_end is None else at_end + 2 * is_ended)
    if height and data[height : height + 2] == bytes(2) and (lines := _LINES.search(data, scan)):
        data = data[:height] + lines[1] + data[height + 2 :]  # libjpeg does not look behind scans
    first, last = (place - len(data) for place in listed)
    return Jpeg(data, is_ended, frame, bits, components, scan, is_photo, (first, last))


def _segments(ahead: Ahead) -> Iterator[tuple[int, int, bytes]]:
    """Yield the marker, the place and the body of each segment, up to the first scan's."""
    marker, at = 0, 2
    while marker not in (_SOS, _EOI) and (found := ahead.find(_MARKER, at)) is not None:
        marker, at = ahead.data[found + 1], found + 2
        if marker not in _ALONE and marker != _EOI and ahead.reach(at + 2):
            stop = at + max(int.from_bytes(ahead.data[at : at + 2]), 2)
            ahead.reach(stop)
            yield marker, at + 2, bytes(ahead.data[at + 2 : stop])
            at = stop


def _listed(index: bytes, base: int) -> tuple[int, int]:
    """Return where the first and the last picture of a Multi-Picture index start; 0 for none.

    It is a TIFF directory. Places in it count from its own start, ``base``; the photo's is 0. The
    sizes beside them are not to be trusted: Pillow's are wrong.
    """
    order = ">" if index.startswith(b"MM") else "<"
    try:
        (at,) = struct.unpack_from(f"{order}I", index, 4)
        (count,) = struct.unpack_from(f"{order}H", index, at)
        fields = [struct.unpack_from(f"{order}HHII", index, at + 2 + 12 * i) for i in range(count)]
        size, at = next((size, at) for tag, _, size, at in fields if tag == 0xB002)
        places = [struct.unpack_from(f"{order}I", index, at + i)[0] for i in range(8, size, 16)]
    except (struct.error, StopIteration):
        return 0, 0
    others = [base + place for place in places if place]
    return (min(others), max(others)) if others else (0, 0)


def _take_attached(file: BinaryIO, first: int, last: int) -> bytes:
    """Take the pictures of a photo's index, if there are any, and it tells the truth."""
    if first < 0 or last > _FARTHEST:
        return b""
    ahead = Ahead(file)
    ahead.reach(last + len(magic.JPEG))
    if any(ahead.data[at : at + len(magic.JPEG)] != magic.JPEG for at in (first, last)):
        return ahead.take(0)
    return ahead.take(last) + _take_jpeg(file).data


def _decoded(
    jpeg: Jpeg, data: bytes, path: str, max_pixels: int, *, grey: bool, **wanted: bool
) -> Iterator[Source]:
    """Yield the images of a JPEG's bytes; what is wrong with them is said in full."""
    cut_short = ImageError(f"image {path} is cut short; get the file whole again")
    # what is missing of arithmetic coding cannot be told from zeros
    if not jpeg.is_ended and (not jpeg.scan or jpeg.frame in _ARITHMETIC):
        raise cut_short
    grey = grey and jpeg.frame != _LOSSLESS  # libjpeg leaves its colours as they are
    stream = io.BytesIO(data if jpeg.is_ended else _completed(jpeg))
    images = read_images(stream, path, max_pixels=max_pixels, grey=grey, **wanted)
    try:
        first = next(images)
    except TooLargeError:
        raise
    except ImageError as error:
        fault = _rare_coding(jpeg, path)
        if not fault or str(error) == str(cut_short):
            raise
        raise ImageError(f"image {path} {fault}") from error
    if not jpeg.is_ended:
        warnings = first.warnings if isinstance(first, PillowSource) else None
        if warnings != 0 or not _scans_are_whole(jpeg):
            raise cut_short
        first.info.notes.append("lacks its end marker; every pixel is there")
    yield first
    yield from images


def _rare_coding(jpeg: Jpeg, path: str) -> str:
    """Return why a JPEG that does not decode is out of reach, and what to do; else nothing."""
    if jpeg.bits != 8 and jpeg.frame not in (0, _LS):
        return (
            f"has {jpeg.bits} bits per sample, and no JPEG of more than 8 can be decoded here; "
            f"convert it to PNM with libjpeg-turbo 3: djpeg {shlex.quote(path)} > OUT.pnm"
        )
    what, advice = _RARE.get(jpeg.frame, ("", ""))
    return what and f"{what}, which cannot be decoded here; {advice.format(shlex.quote(path))}"


# --- without an end marker ------------------------------------------------------------------------


def _completed(jpeg: Jpeg) -> bytes:
    """Return a JPEG without an end marker so that libjpeg decodes it, and warns if it is cut short.

    An end marker would have it fill up what is missing. Ones are no code, and so a single scan
    that takes any of them is one that is cut short; several scans are decoded up to an end marker.
    """
    together = jpeg.data[jpeg.scan + 4 : jpeg.scan + 5]
    is_single = jpeg.frame not in _PROGRESSIVE and together == bytes([jpeg.components])
    behind = (_BEHIND if is_single else _BEHIND_ALL).search(jpeg.data, jpeg.scan + 2)
    data = jpeg.data[: behind.start() if behind else None].rstrip(b"\xff")
    return data + (_PADDING if is_single else b"\xff\xd9")


def _scans_are_whole(jpeg: Jpeg) -> bool:
    """Return whether scans give every coefficient of every component to its last bit, T.81 G.1."""
    given = set()
    for found in re.finditer(rb"\xff\xda..(.)", jpeg.data[jpeg.scan :], re.DOTALL):
        count, at = found[1][0], jpeg.scan + found.end()
        header = jpeg.data[at : at + 2 * count + 3]
        components, (first, last, bits) = header[: 2 * count : 2], header.rjust(3, b"\xff")[-3:]
        if bits & 15 == 0:
            given |= {(component, k) for component in components for k in range(first, last + 1)}
    return len(given) == 64 * jpeg.components
