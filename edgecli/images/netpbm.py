"""PNM and PAM, one image of a stream at a time: P1 to P7 are read, P5 and P6 written.

The rules are those of netpbm's manual (pbm, pgm, ppm and pam in section 5) and of its library:

- A ``#`` in a header of P1 to P6, and anywhere in a plain file, starts a comment that ends with
  the line. After the maxval a single blank comes before the pixels of a binary file.
- Images follow each other directly or after blank space.
- Samples of a maxval below 256 are spread over uint8, others over uint16, rounded to nearest. In a
  PBM 1 is black, in a PAM BLACKANDWHITE it is white.

No byte is taken before it is needed: when its last row has been read, a pipe stands at the end of
an image.
"""

from __future__ import annotations

import re
from functools import partial
from typing import IO, Any, BinaryIO

import numpy as np

from edgecli.errors import ImageError
from edgecli.images import Shape
from edgecli.images.pipes import peek, peek_image
from edgecli.images.streams import (
    ForwardReader,
    RasterError,
    StreamSink,
    StreamSource,
    read_samples,
    spread,
)
from edgecli.records import dataclass
from edgecli.rows.base import ImageInfo, Rows

_PIECE = 1 << 16  # characters or bits read at a time
_LONGEST_NUMBER = 20  # digits, leading zeros included

_BLANKS = b" \t\n\v\f\r"
_DIGITS = b"0123456789"
_FORMATS = {1: "PBM", 2: "PGM", 3: "PPM", 4: "PBM", 5: "PGM", 6: "PPM", 7: "PAM"}
_PAM_TYPES = {
    1: ("BLACKANDWHITE", "GRAYSCALE"),
    2: ("BLACKANDWHITE_ALPHA", "GRAYSCALE_ALPHA"),
    3: ("RGB",),
    4: ("RGB_ALPHA",),
}


def read_image(file: BinaryIO, path: str, *, max_pixels: int) -> StreamSource:
    """Return the next image of a PNM or PAM stream; ``skip_rest`` goes behind it.

    Raises ImageError where netpbm fails too, for a header that ends in CR LF, and for an image of
    more than ``max_pixels``.

    >>> import io
    >>> stream = io.BytesIO(b"P2 2 1 10 0 5 P5 1 1 255 A")
    >>> [block.ravel().tolist() for block in read_image(stream, "x", max_pixels=9).blocks([(0, 1)])]
    [[0, 128]]
    >>> [block.ravel().tolist() for block in read_image(stream, "x", max_pixels=9).blocks([(0, 1)])]
    [[65]]
    """
    reader = ForwardReader(file, path)
    header = _read_header(reader)
    if header.blank == b"\r" and peek(file, 1) == b"\n":
        raise _ends_in_crlf(reader)
    if header.maxval > 65535:
        raise reader.error(f"has maxval {header.maxval:,}, more than 65,535; mend its header")
    reader.check_pixels(header.shape, max_pixels)
    return _source(reader, header)


def skip_comments(file: BinaryIO) -> None:
    """Pass over the comments that may follow the last number of a plain file."""
    while peek_image(file, 1) == b"#":
        while file.read(1) not in (b"\n", b"\r", b""):
            pass


@dataclass(frozen=True)
class _Header:
    kind: int  # the digit of the magic number
    shape: Shape
    maxval: int
    is_bitmap: bool
    blank: bytes = b"\n"  # what follows its last number, before the pixels


def _read_header(reader: ForwardReader) -> _Header:
    magic = reader.read_whole(2)
    if not re.fullmatch(rb"P[1-7]", magic):
        raise reader.error(f"starts with {_quoted(magic)}, not P1 to P7; give a PNM or PAM file")
    kind = int(magic[1:])
    if kind == 7:
        return _read_pam_header(reader)
    (width, _), (height, blank) = (_read_number(reader, what) for what in ("width", "height"))
    is_bitmap = kind in (1, 4)
    maxval, blank = (1, blank) if is_bitmap else _read_number(reader, "maxval")
    shape = height, width, 3 if kind in (3, 6) else 1
    return _Header(kind, shape, maxval, is_bitmap, blank if kind > 3 else b"")


def _ends_in_crlf(reader: ForwardReader) -> ImageError:
    """Return the error of a header written as text on Windows, perhaps with its pixels."""
    return reader.error(
        "has a header whose lines end in CR LF, so that its pixels start one byte late, or are "
        "spoilt, too; write it in binary mode"
    )


def _read_number(reader: ForwardReader, what: str) -> tuple[int, bytes]:
    """Return the number that follows any blanks, and the one blank that ends it, or a comment."""
    token = b""
    while (byte := _read_text(reader, 1)).isspace():
        pass
    while byte.strip() and len(token) <= _LONGEST_NUMBER:
        token += byte
        byte = _read_text(reader, 1)
    return _header_number(reader, token, what), byte


def _header_number(reader: ForwardReader, token: bytes, what: str) -> int:
    if not token:
        raise reader.error(f"has a header without {what}; get the file whole again")
    if not token.isdigit() or len(token) > _LONGEST_NUMBER or not int(token):
        raise reader.error(f"has {_quoted(token)} for {what}, not a number from 1; mend its header")
    return int(token)


def _read_pam_header(reader: ForwardReader) -> _Header:
    line = reader.read_line()
    if line == b"\r":
        raise _ends_in_crlf(reader)
    if line:
        raise reader.error(f"has {_quoted(line)} after P7 in its first line; give a PAM file")
    fields = {}
    while (line := reader.read_line().strip()) != b"ENDHDR":
        name, value = [*line.split(None, 1), b"", b""][:2]
        if name in (b"HEIGHT", b"WIDTH", b"DEPTH", b"MAXVAL", b"TUPLTYPE"):
            fields[name.decode()] = value
    height, width, depth, maxval = (
        _header_number(reader, fields.get(name, b""), name)
        for name in ("HEIGHT", "WIDTH", "DEPTH", "MAXVAL")
    )
    tuple_type = fields.get("TUPLTYPE", b"").decode("latin-1")
    is_bitmap = tuple_type.startswith("BLACKANDWHITE")
    types = _PAM_TYPES.get(depth, ())
    if not types or (tuple_type and tuple_type not in types) or (is_bitmap and maxval > 1):
        given = f"depth {depth:,}, tuple type {tuple_type[:40]!a} and maxval {maxval:,}"
        raise reader.error(f"has {given}, which pam(5) does not join; mend its header")
    return _Header(7, (height, width, depth), maxval, is_bitmap)


def _quoted(token: bytes) -> str:
    """Return foreign bytes as one short, printable word."""
    return ascii(token[:_LONGEST_NUMBER].decode("latin-1"))


def _source(reader: ForwardReader, header: _Header) -> StreamSource:
    dtype = "bool" if header.is_bitmap else "uint8" if header.maxval < 256 else "uint16"
    info = ImageInfo(reader.path, _FORMATS[header.kind], header.shape, dtype, frame=reader.frame)
    if header.kind in (1, 4):
        read_rows = partial(_read_plain_bits if header.kind == 1 else _read_packed_bits, reader)
    elif header.kind in (2, 3):
        read_rows = partial(_read_plain_numbers, reader, maxval=header.maxval)
    else:
        read_rows = partial(read_samples, reader, maxval=header.maxval, byteorder="big")
    return StreamSource(reader, info, read_rows)


def _read_packed_bits(reader: ForwardReader, rows: Rows) -> None:
    """Fill ``rows`` ``(n, W, 1)`` from rows of bits, each padded to whole bytes."""
    n, W, _ = rows.shape
    packed = np.empty((n, (W + 7) // 8), np.uint8)
    size = reader.fill(packed.data.cast("B"))
    if size < packed.nbytes:
        raise RasterError("ends", size // packed.shape[1] * W)
    ink = np.unpackbits(packed, axis=1, count=W)
    np.subtract(ink, 1, out=rows[:, :, 0])  # 1 → 0, and 0 wraps to 255


def _read_plain_bits(reader: ForwardReader, rows: Rows) -> None:
    """Fill ``rows`` from the characters 0 and 1, with or without blanks between them."""
    samples, done = rows.reshape(-1), 0
    while done < len(samples):
        text = _read_text(reader, min(len(samples) - done, _PIECE))
        if not text:
            raise RasterError("ends", done)
        bits = text.translate(None, _BLANKS)
        if strange := bits.translate(None, b"01")[:1]:
            raise RasterError(f"has {_quoted(strange)} for a bit", done + bits.index(strange))
        ink = np.frombuffer(bits, np.uint8) - ord("0")
        np.subtract(ink, 1, out=samples[done : done + len(ink)])  # 1 → 0, and 0 wraps to 255
        done += len(ink)


def _read_plain_numbers(reader: ForwardReader, rows: Rows, maxval: int) -> None:
    """Fill ``rows`` from numbers, each with one blank or comment after it."""
    samples, done = rows.reshape(-1), 0
    begun = b""  # the digits of a number that the last text broke off
    while done < len(samples):
        # Each missing sample takes two characters or more, so this never reads too far.
        least = 2 * (len(samples) - done) - bool(begun)
        text = _read_text(reader, min(least, _PIECE))
        if not text and not begun:
            raise RasterError("ends", done)
        text = begun + (text or b" ")
        whole = text.rstrip(_DIGITS)
        begun = text[len(whole) :]
        values = _parse_numbers(whole, done)
        if len(begun) > _LONGEST_NUMBER or (values > maxval).any():
            at = done + int(np.argmax([*(values > maxval), True]))
            raise RasterError(f"has a sample above its maxval {maxval:,}", at)
        samples[done : done + len(values)] = values
        done += len(values)
    spread(samples, maxval)


def _parse_numbers(text: bytes, done: int) -> Rows:
    """Return the numbers of a text as int64, ``(n,)``; ones too large become its largest."""
    if strange := text.translate(None, _DIGITS + _BLANKS)[:1]:
        before = text[: text.index(strange)].rstrip(_DIGITS).split()
        raise RasterError(f"has {_quoted(strange)} in a number", done + len(before))
    if not text.strip():
        return np.empty(0, np.int64)
    return np.fromstring(text, np.int64, sep=" ")


def _read_text(reader: ForwardReader, size: int) -> bytes:
    """Read up to ``size`` characters, a blank in place of each comment; none at the end."""
    text = reader.read(size)
    if b"#" not in text:
        return text
    if text.rfind(b"#") > max(text.rfind(b"\n"), text.rfind(b"\r")):
        while reader.read(1) not in (b"\n", b"\r", b""):
            pass
    return re.sub(rb"#[^\r\n]*", b" ", text)


class PnmSink(StreamSink):
    """One image of 8 or 16 bits as PGM or, ``in_colour``, as PPM, for rows of 1 or 3 channels."""

    def __init__(
        self, file: IO[bytes], shape: Shape, dtype: np.dtype[Any], *, in_colour: bool
    ) -> None:
        self._in_colour = in_colour
        header = f"P{6 if in_colour else 5}\n{shape[1]} {shape[0]}\n{np.iinfo(dtype).max}\n"
        super().__init__(file, dtype.newbyteorder(">"), header.encode())

    def encode(self, rows: Rows) -> memoryview | bytes:
        """Return the rows' bytes, grey ones in three channels where the image is in colour."""
        if self._in_colour and rows.shape[2] == 1:
            grey, rows = rows, np.empty((*rows.shape[:2], 3), rows.dtype)
            for channel in range(3):  # a broadcast of the last axis takes six times as long
                rows[..., channel] = grey[..., 0]
        return super().encode(rows)
