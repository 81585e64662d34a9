"""PNG read as a stream: rows come out while the file, or the pipe, is still coming in.

8 and 16 bit grey, grey-alpha, RGB and RGBA are read here. Palettes, 1 to 4 bits and interlacing are
rare and small, and left to Pillow; ``PngHeader.is_streamable`` tells them apart.
"PNG 9.2" cites the specification named in ``png_format``.
"""

from __future__ import annotations

import struct
import zlib
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import ImageError
from edgecli.geometry import bands
from edgecli.images import Resolution, magic
from edgecli.images.limits import check_pixels
from edgecli.images.png_format import (
    GREY,
    GREY_ALPHA,
    MAX_FIELD,
    METRES_PER_INCH,
    PAETH,
    PALETTE,
    RGB,
    RGBA,
    ChunkReader,
    damaged,
    unfilter,
)
from edgecli.images.streams import RowStream
from edgecli.records import dataclass
from edgecli.rows.arrays import row_reader
from edgecli.rows.base import ImageInfo, Rows
from edgecli.rows.samples import full_scale
from edgecli.rows.workers import one_ahead

HEADER_BYTES = 33  # the signature and the IHDR chunk
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
BIT_DEPTHS: dict[int, tuple[int, ...]] = dict.fromkeys((RGB, GREY_ALPHA, RGBA), (8, 16))
BIT_DEPTHS |= {GREY: (1, 2, 4, 8, 16), PALETTE: (1, 2, 4, 8)}

_BATCH = 2**19  # bytes of rows decoded at a time: they fit the L2 cache
_KEPT_CHUNKS = (b"tRNS", b"pHYs", b"eXIf")
_MAX_KEPT = 2**20  # bytes; a longer chunk is passed over, not held


@dataclass(frozen=True)
class PngHeader:
    """The IHDR chunk: pixels, bits per sample, colour type (PNG 11.2.1), interlacing."""

    width: int
    height: int
    bit_depth: int
    colour_type: int
    interlaced: bool

    @property
    def is_streamable(self) -> bool:
        """Whether ``open_png`` reads this kind; Pillow reads the others."""
        return self.bit_depth >= 8 and self.colour_type != PALETTE and not self.interlaced

    @property
    def channels(self) -> int:
        """Samples per pixel as stored; a palette image has one."""
        return CHANNELS[self.colour_type]

    @property
    def pixel_bytes(self) -> int:
        """Bytes per pixel of a streamable image."""
        return self.channels * self.bit_depth // 8


def parse_header(first_bytes: bytes, path: str) -> PngHeader:
    """Read the signature and the IHDR chunk from a PNG's first 33 bytes (more are ignored).

    Raises ImageError where they break PNG 11.2.1.

    >>> start = bytes.fromhex('89504e470d0a1a0a 0000000d 49484452 00000280 000001e0 08 02 000000')
    >>> parse_header(start + zlib.crc32(start[12:]).to_bytes(4), 'sky.png')
    PngHeader(width=640, height=480, bit_depth=8, colour_type=2, interlaced=False)
    """
    if not first_bytes.startswith(magic.PNG):
        raise ImageError(f"image {path} is not a PNG: it does not start with the PNG signature")
    if len(first_bytes) < HEADER_BYTES:
        raise damaged(path, "it ends inside its header")
    if first_bytes[8:16] != b"\0\0\0\x0dIHDR":
        raise damaged(path, "its first chunk is not an IHDR of 13 bytes")
    if zlib.crc32(first_bytes[12:29]) != int.from_bytes(first_bytes[29:33]):
        raise damaged(path, "the checksum of its IHDR chunk does not match")
    width, height, depth, colour, deflate, filters, interlace = struct.unpack(
        ">IIBBBBB", first_bytes[16:29]
    )
    if not (1 <= width <= MAX_FIELD and 1 <= height <= MAX_FIELD):
        raise damaged(path, f"{height} × {width} is no size of a PNG")
    if depth not in BIT_DEPTHS.get(colour, ()):
        raise damaged(path, f"colour type {colour} with {depth} bits is no kind of PNG")
    if deflate != 0 or filters != 0 or interlace > 1:
        raise damaged(path, f"coding methods {deflate}, {filters}, {interlace} are no PNG's")
    return PngHeader(width, height, depth, colour, interlace == 1)


def _chunks_before_pixels(chunks: ChunkReader) -> dict[bytes, bytes]:
    """Return the data of the _KEPT_CHUNKS before the first IDAT, the first of each kind."""
    kept: dict[bytes, bytes] = {}
    chunks.advance()
    while chunks.kind != b"IDAT":
        if chunks.kind == b"IEND":
            raise damaged(chunks.path, "it ends before its pixels")
        is_critical = chunks.kind[:1].isupper()  # PNG 5.4
        if is_critical and chunks.kind != b"PLTE":  # with RGB a palette is a mere suggestion
            raise damaged(chunks.path, f"it has an unexpected {chunks.kind.decode()} chunk")
        if chunks.kind in _KEPT_CHUNKS and chunks.length <= _MAX_KEPT:
            kept.setdefault(chunks.kind, b"".join(chunks.body()))
        else:
            deque(chunks.body(), maxlen=0)
        chunks.advance()
    return kept


def _transparent_pixel(header: PngHeader, trns: bytes) -> Rows | None:
    """Return the samples (C,) of the one transparent colour, or None.

    As in libpng, a chunk of the wrong length or beside an alpha channel is ignored, and of each
    16-bit field only the image's bits count (PNG 11.3.1.1).
    """
    if header.colour_type not in (GREY, RGB) or len(trns) != 2 * header.channels:
        return None
    used_bits = np.uint16(2**header.bit_depth - 1)
    return np.frombuffer(trns, ">u2").astype(np.uint16) & used_bits


def _dots_per_inch(phys: bytes) -> Resolution:
    """Return the horizontal and vertical resolution of a pHYs chunk in metres, PNG 11.3.4.3."""
    if len(phys) != 9 or phys[8] != 1:
        return None
    x, y = struct.unpack_from(">II", phys)
    return (x * METRES_PER_INCH, y * METRES_PER_INCH) if x and y else None


def _orientation(exif: bytes) -> int:
    """Return the Orientation, 1 to 8, of Exif's first directory (TIFF 6.0, section 2), or 1."""
    exif = exif.removeprefix(b"Exif\0\0")  # JPEG's prefix, which some writers carry over
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4], "")
    if not order:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, start)
        for i in range(count):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", exif, start + 2 + 12 * i)
            if tag == 0x0112:
                return int(value) if kind == 3 and 1 <= value <= 8 else 1
    except struct.error:  # an offset or a count points past the end
        return 1
    return 1


class _Inflater:
    """The zlib stream of the IDAT chunks, inflated only as far as asked: no bomb goes off."""

    def __init__(self, chunks: ChunkReader) -> None:
        self._path = chunks.path
        self._compressed = chunks.pixel_data()
        self._stream = zlib.decompressobj()

    def read(self, size: int) -> bytes:
        """Return the next ``size`` bytes."""
        parts = []
        while size > 0:
            part = self._inflate(size)
            if not part:
                raise damaged(self._path, "it holds fewer rows than its header says")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def finish(self) -> None:
        """Check the Adler-32 and the CRC after the last row; ignore more data, as libpng does."""
        self._inflate(1)
        deque(self._compressed, maxlen=0)

    def _inflate(self, size: int) -> bytes:
        """Return 1 to ``size`` bytes, none at the stream's end."""
        while not self._stream.eof:
            compressed = self._stream.unconsumed_tail or next(self._compressed, b"")
            try:
                part = self._stream.decompress(compressed, size)
            except zlib.error as error:
                raise damaged(self._path, f"its pixels do not inflate ({error})") from error
            if part:
                return part
            if not compressed:
                raise damaged(self._path, "it ends inside its pixels")
        return b""


class PngSource(RowStream):
    """A PNG being read. Where a tRNS chunk names a transparent colour, alpha is added."""

    def __init__(
        self, chunks: ChunkReader, header: PngHeader, info: ImageInfo, transparent: Rows | None
    ) -> None:
        shape = header.height, header.width, header.channels + (transparent is not None)
        super().__init__(info, shape, np.dtype(info.dtype), self._read_block)
        self._header, self._transparent = header, transparent
        self._inflater = _Inflater(chunks)
        self._row_bytes = header.width * header.pixel_bytes
        self._above = np.broadcast_to(np.uint8(0), self._row_bytes)  # zeros that take no memory
        self._rows_left = header.height
        self._batches = self._decoded_batches()
        self._read_rows = row_reader(self._batches)

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        """Yield blocks (rows, W, C), uint8 or uint16."""
        try:
            yield from super().blocks(ranges)
        except MemoryError as error:
            shape = " × ".join(f"{n:,}" for n in self.shape)
            raise ImageError(
                f"image {self.info.path} has rows too long for the memory: its shape is {shape}; "
                "use a machine with more"
            ) from error

    def close(self) -> None:
        """Stop inflating ahead."""
        self._batches.close()

    def _read_block(self, block: Rows) -> None:
        self._read_rows(block)
        self._rows_left -= len(block)
        if self._rows_left == 0:
            self._inflater.finish()

    def _decoded_batches(self) -> Generator[Rows, None, None]:
        """Yield all rows (n, W, C); a batch is inflated while the one before is decoded."""
        scanline = 1 + self._row_bytes  # with the number of its filter
        height, step = self._header.height, max(1, _BATCH // scanline)
        cuts = bands(height, step)
        inflated = (self._inflater.read((stop - start) * scanline) for start, stop in cuts)
        for data in one_ahead(inflated) if height > step else inflated:
            yield self._decode(np.frombuffer(data, np.uint8).reshape(-1, scanline))

    def _decode(self, filtered: NDArray[np.uint8]) -> Rows:
        """Return scanlines (n, 1 + row_bytes) as rows (n, W, C)."""
        if (worst := filtered[:, 0].max()) > PAETH:
            raise damaged(self.info.path, f"it names a row filter {worst}, of 0 to 4")
        decoded = unfilter(self._above, filtered, self._header.pixel_bytes)
        self._above = decoded[-1]
        stored = decoded.view(self.dtype.newbyteorder(">"))
        samples = stored.reshape(len(filtered), self._header.width, self._header.channels)
        if self._transparent is None:
            return samples
        is_opaque = (samples != self._transparent).any(axis=-1, keepdims=True)
        alpha = is_opaque * self.dtype.type(full_scale(self.dtype))
        return np.concatenate((samples, alpha), axis=-1)


def open_png(file: BinaryIO, path: str, *, max_pixels: int) -> PngSource:
    """Read a PNG up to its first pixel from a file or pipe that stands at the signature.

    Raises ImageError where the file is no streamable PNG (see ``PngHeader.is_streamable``), is
    damaged, or has more than ``max_pixels``; ``blocks`` raises it for damage further on.
    """
    chunks = ChunkReader(file, path)
    header = parse_header(chunks.read_whole(HEADER_BYTES), path)
    if not header.is_streamable:
        raise ImageError(f"image {path} is a PNG of a rare kind; read it with Pillow")
    check_pixels(path, header.height * header.width, max_pixels)
    kept = _chunks_before_pixels(chunks)
    shape, dtype = (header.height, header.width, header.channels), f"uint{header.bit_depth}"
    dpi, exif = _dots_per_inch(kept.get(b"pHYs", b"")), kept.get(b"eXIf", b"")
    info = ImageInfo(path, "PNG", shape, dtype, dpi, _orientation(exif))
    return PngSource(chunks, header, info, _transparent_pixel(header, kept.get(b"tRNS", b"")))
