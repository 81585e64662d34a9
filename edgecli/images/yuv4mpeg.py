"""YUV4MPEG2, the uncompressed video of pipes: the luma of each frame in, grey frames out.

A stream is one header line for all frames, then for each frame a line ``FRAME`` and its planes:
luma, then chroma, which is skipped. Source of the format: the manual page yuv4mpeg(5) of
mjpegtools; ffmpeg's for the depths above 8 bits (little-endian, ``C420p10``, ``Cmono16``, …).

Luma is handed out as it is stored. Most video keeps 16 for black and 235 for white, and stretching
would clip samples beyond these: its edges are 219/255 as strong as at full range. An edge map uses
all of 0 to 255, and its header says ``XCOLORRANGE=FULL``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import IO, Any, BinaryIO

import numpy as np

from edgecli.errors import OutputError
from edgecli.images import Shape, magic
from edgecli.images.streams import ForwardReader, StreamSink, StreamSource, read_samples
from edgecli.records import dataclass, replace
from edgecli.rows.base import ImageInfo

_PIECE = 1 << 16  # bytes of chroma to skip at a time
_DEEP = re.compile(r"(mono|(?:420|422|444)p)(9|10|12|14|16)")

_CHROMA = {  # luma samples to one of chroma, across and down, and the planes after luma
    "420": (2, 2, 2),
    "420jpeg": (2, 2, 2),
    "420mpeg2": (2, 2, 2),
    "420paldv": (2, 2, 2),
    "411": (4, 1, 2),
    "422": (2, 1, 2),
    "444": (1, 1, 2),
    "444alpha": (1, 1, 3),
    "mono": (1, 1, 0),
}


@dataclass(frozen=True)
class StreamHeader:
    """Facts of all frames of a video besides size and samples; the defaults mean "unknown".

    ``rate`` is frames per second, ``aspect`` a pixel's width to its height, both as numerator and
    denominator. ``interlacing`` is ``p`` (none), ``t``, ``b``, ``m`` or ``?``.
    """

    rate: tuple[int, int] = (0, 0)
    interlacing: str = "?"
    aspect: tuple[int, int] = (0, 0)


class FrameSource(StreamSource):
    """The luma of one frame, with the ``header`` of the stream that it is part of."""

    header = StreamHeader()


def read_frames(
    file: BinaryIO, path: str, *, max_pixels: int, grey: bool = False
) -> Iterator[FrameSource]:
    r"""Yield a source ``(H, W, 1)``, uint8 or uint16, for the luma of every frame.

    Asking for the next frame skips the rows of this one that were not read. Unless only ``grey`` is
    looked at, the first frame has a note on colours that are left out. Raises ImageError for
    streams cut short or malformed, and for frames of more than ``max_pixels``.

    >>> import io
    >>> stream = io.BytesIO(b"YUV4MPEG2 W2 H1 F25:1 Cmono\nFRAME\nABFRAME\nCD")
    >>> [block.ravel().tolist() for source in read_frames(stream, "x.y4m", max_pixels=9)
    ...  for block in source.blocks([(0, 1)])]
    [[65, 66], [67, 68]]
    """
    reader = ForwardReader(file, path)
    fields = _read_fields(reader)
    header = _stream_header(reader, fields)
    shape, bits, chroma_bytes = _layout(reader, fields)
    reader.check_pixels(shape, max_pixels)
    read_rows = partial(read_samples, reader, maxval=2**bits - 1, byteorder="little")
    frames, seconds = header.rate
    duration = 1000 * seconds / frames if frames and seconds else None
    dtype = "uint8" if bits == 8 else "uint16"
    info = ImageInfo(path, "YUV4MPEG2", shape, dtype, duration=duration)
    while _starts_frame(reader):
        own = replace(info, frame=reader.frame, notes=[])
        source = FrameSource(reader, own, read_rows)
        source.header = header
        if chroma_bytes and not grey and not reader.frame:
            source.info.notes.append(
                "is a video in colour, of which the luma alone is read; for its colours give PPM: "
                "ffmpeg -i VIDEO -f image2pipe -c:v ppm -"
            )
        yield source
        source.skip_rest()
        _skip_chroma(reader, chroma_bytes)
        reader.frame += 1


def _read_fields(reader: ForwardReader) -> dict[str, str]:
    """Return the fields of the stream's first line by their letter."""
    start = reader.read_whole(len(magic.YUV4MPEG2))
    if start != magic.YUV4MPEG2:
        found = start.decode("latin-1")
        raise reader.error(f"starts with {found!a}, not YUV4MPEG2; give a YUV4MPEG2 stream")
    words = reader.read_line().decode("latin-1").split(" ")
    return {word[:1]: word[1:] for word in words}


def _stream_header(reader: ForwardReader, fields: dict[str, str]) -> StreamHeader:
    interlacing = fields.get("I", "?")
    if interlacing not in ("p", "t", "b", "m", "?"):
        raise reader.error(f"has the interlacing {interlacing[:20]!a}; give p, t, b, m or ?")
    return StreamHeader(
        rate=_fraction(reader, "frame rate", fields.get("F", "0:0")),
        interlacing=interlacing,
        aspect=_fraction(reader, "pixel aspect", fields.get("A", "0:0")),
    )


def _fraction(reader: ForwardReader, what: str, text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,10}):([0-9]{1,10})", text)
    if not match:
        raise reader.error(f"has the {what} {text[:20]!a}; give two numbers, as in 30000:1001")
    return int(match[1]), int(match[2])


def _layout(reader: ForwardReader, fields: dict[str, str]) -> tuple[Shape, int, int]:
    """Return luma's shape ``(H, W, 1)``, the bits of a sample, and a frame's bytes of chroma."""
    height, width = (_length(reader, fields.get(letter, "")) for letter in "HW")
    colour = fields.get("C", "420jpeg")
    deep = _DEEP.fullmatch(colour)
    sampling, bits = (deep[1].removesuffix("p"), int(deep[2])) if deep else (colour, 8)
    if sampling not in _CHROMA:
        known = "8 to 16 bits of 420, 411, 422, 444 and mono"
        raise reader.error(f"has the sampling {colour[:20]!a}, not one of {known}; convert it")
    across, down, planes = _CHROMA[sampling]
    plane = -(-width // across) * -(-height // down)  # rounded up: an odd last column has chroma
    return (height, width, 1), bits, planes * plane * (1 if bits == 8 else 2)


def _length(reader: ForwardReader, text: str) -> int:
    if not re.fullmatch("[0-9]{1,20}", text) or not int(text):
        raise reader.error(f"has {text[:20]!a} for width or height, not a number from 1; mend it")
    return int(text)


def _starts_frame(reader: ForwardReader) -> bool:
    """Read the line that starts a frame; return False at the end of the stream."""
    first = reader.read(1)
    if not first and reader.frame:
        return False
    line = first + reader.read_line()
    if line.split(b" ")[0] != b"FRAME":
        found = line[:20].decode("latin-1")
        raise reader.error(f"starts with {found!a}, not with FRAME; get the file whole again")
    return True


def _skip_chroma(reader: ForwardReader, count: int) -> None:
    while count:
        if not (piece := reader.read(min(count, _PIECE))):
            raise reader.error("ends in its chroma; get the file whole again")
        count -= len(piece)


class FrameWriter:
    r"""A stream of grey frames, ``Cmono`` or ``Cmono16``, all of the first one's size.

    The stream's header repeats the rate, interlacing and aspect of ``header``.

    >>> import io
    >>> stream = io.BytesIO()
    >>> sink = FrameWriter(stream, StreamHeader(rate=(25, 1))).sink((1, 2, 1), np.dtype(np.uint8))
    >>> sink.write(sink.encode(np.array([[[65], [66]]], np.uint8)))
    >>> stream.getvalue()
    b'YUV4MPEG2 W2 H1 F25:1 I? A0:0 Cmono XCOLORRANGE=FULL\nFRAME\nAB'
    """

    def __init__(self, file: IO[bytes], header: StreamHeader | None = None) -> None:
        self._file = file
        self._header = header or StreamHeader()
        self._first: tuple[Shape, np.dtype[Any]] | None = None

    def sink(self, shape: Shape, dtype: np.dtype[Any]) -> StreamSink:
        """Return the next frame's sink; write and finish it before the one after it.

        ``shape`` has one channel, ``dtype`` is uint8 or uint16. Raises OutputError where they are
        not the first frame's. The file's own OSError passes.
        """
        start = b"FRAME\n"
        if self._first is None:
            start = _written_header(self._header, shape, dtype) + start
            self._first = shape, dtype
        if self._first != (shape, dtype):
            fault = f"{_described(shape, dtype)} follows {_described(*self._first)} before"
            raise OutputError(f"a frame of {fault}; write frames of different sizes as PNM")
        return StreamSink(self._file, dtype.newbyteorder("<"), start)


def _written_header(header: StreamHeader, shape: Shape, dtype: np.dtype[Any]) -> bytes:
    H, W, _ = shape
    rate, aspect = ("{}:{}".format(*fraction) for fraction in (header.rate, header.aspect))
    colour = "mono" if dtype == np.uint8 else "mono16"
    fields = f"W{W} H{H} F{rate} I{header.interlacing} A{aspect} C{colour} XCOLORRANGE=FULL"
    return f"YUV4MPEG2 {fields}\n".encode()


def _described(shape: Shape, dtype: np.dtype[Any]) -> str:
    return f"{shape[0]}×{shape[1]}×{shape[2]} {dtype}"
