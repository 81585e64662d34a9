"""PNG read as a stream: rows come out while the file, or the pipe, is still coming in.

Every still PNG is read here, frames of animations by Pillow. Interlaced images alone are held
whole, since their last pass has pixels of every other row. "PNG 9.2" cites the specification named
in ``format``.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import ImageError
from edgecli.geometry import bands
from edgecli.images.limits import DEEP_FRAMES, MORE_FRAMES, check_pixels
from edgecli.images.png.adam7 import ADAM7, PLAIN, Mosaic, Pass
from edgecli.images.png.chunks import (
    ChunkReader,
    PngHeader,
    dots_per_inch,
    orientation,
    read_header,
    read_to_pixels,
)
from edgecli.images.png.format import GREY, PAETH, damaged, unfilter
from edgecli.images.png.samples import Colours, from_apple, stored_type, unpacked
from edgecli.images.profiles import profile_of_png
from edgecli.images.streams import RowStream
from edgecli.rows.arrays import row_reader
from edgecli.rows.base import ImageInfo, Rows
from edgecli.rows.workers import one_ahead

_BATCH = 2**19  # bytes of rows decoded at a time: they fit the L2 cache


class _Inflater:
    """The zlib stream of the IDAT chunks, inflated only as far as asked: no bomb goes off.

    ``is_raw`` says that it is deflate without zlib's header and checksum, as Apple's variant has
    it. (Where a CgBI chunk was merely put before an ordinary stream, the pixels are ordinary too.)
    """

    def __init__(self, chunks: ChunkReader, *, may_be_raw: bool) -> None:
        self._chunks, self._path = chunks, chunks.path
        self._compressed = chunks.pixel_data()
        self._ahead = next(self._compressed, b"") if may_be_raw else b""
        self.is_raw = may_be_raw and not _is_zlib(self._ahead)
        self._stream = zlib.decompressobj(-zlib.MAX_WBITS if self.is_raw else zlib.MAX_WBITS)

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
        if not self.is_raw:
            self._inflate(1)
        self.skip()

    def skip(self) -> None:
        """Leave the file behind its last chunk."""
        deque(self._compressed, maxlen=0)
        self._chunks.skip_to_end()

    def _inflate(self, size: int) -> bytes:
        """Return 1 to ``size`` bytes, none at the stream's end."""
        while not self._stream.eof:
            compressed = self._stream.unconsumed_tail or self._ahead or next(self._compressed, b"")
            self._ahead = b""
            try:
                part = self._stream.decompress(compressed, size)
            except zlib.error as error:
                raise damaged(self._path, f"its pixels do not inflate ({error})") from error
            if part:
                return part
            if not compressed:
                raise damaged(self._path, "it ends inside its pixels")
        return b""


def _is_zlib(start: bytes) -> bool:
    """Return whether bytes begin as RFC 1950, 2.2, says; deflate alone never does, as deflated."""
    return start[:1] != b"" and start[0] & 0x8F == 8 and int.from_bytes(start[:2]) % 31 == 0


class PngSource(RowStream):
    """A PNG being read. When its last row is read, the file stands right behind its last chunk."""

    def __init__(
        self, header: PngHeader, info: ImageInfo, colours: Colours, inflater: _Inflater
    ) -> None:
        shape = header.height, header.width, colours.channels
        dtype = np.dtype(np.uint16 if header.bit_depth == 16 else np.uint8)
        super().__init__(info, shape, dtype, self._read_block)
        self._header, self._colours, self._inflater = header, colours, inflater
        self._rows_left = header.height
        self._batches = self._coloured()
        self._read_rows = row_reader(self._batches)

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        """Yield blocks (rows, W, C), uint8 or uint16; once they end no more can be had."""
        try:
            yield from super().blocks(ranges)
        except MemoryError as error:
            shape = " × ".join(f"{n:,}" for n in self.shape)
            fault, advice = "rows too long for the memory", "use a machine with more"
            if self._header.interlaced:
                fault, advice = "more pixels than fit the memory", "save it without interlacing"
            raise ImageError(
                f"image {self.info.path} has {fault}: its shape is {shape}; {advice}"
            ) from error
        finally:  # a thread that the garbage collector has to stop may wait for itself
            self.close()

    def skip_rest(self) -> None:
        """Go behind the last chunk, whatever rows were read. Raises ImageError for damage."""
        self.close()
        if self._rows_left:
            self._inflater.skip()

    def close(self) -> None:
        """Stop inflating ahead."""
        self._batches.close()

    def _read_block(self, block: Rows) -> None:
        self._read_rows(block)
        self._rows_left -= len(block)
        if self._rows_left == 0:
            self._inflater.finish()

    def _coloured(self) -> Generator[Rows, None, None]:
        """Yield all rows (n, W, C)."""
        for samples in self._interlaced() if self._header.interlaced else self._plain():
            usual = from_apple(samples) if self._inflater.is_raw else samples
            yield self._colours.of(usual)

    def _plain(self) -> Iterator[Rows]:
        return (samples for _, _, samples in self._samples())

    def _interlaced(self) -> Iterator[Rows]:
        header = self._header
        shape = header.height, header.width, header.channels
        mosaic = Mosaic(shape, stored_type(header))
        for part, start, samples in self._samples():
            mosaic.put(part, start, samples)
        for start, stop in bands(header.height, max(1, _BATCH // header.row_bytes(header.width))):
            yield mosaic.rows(start, stop)

    def _samples(self) -> Iterator[tuple[Pass, int, Rows]]:
        """Yield rows of samples, of which pass they are and from which of its rows on.

        A batch is inflated while the one before is decoded.
        """
        header, above = self._header, np.empty(0, np.uint8)
        is_large = header.height * header.row_bytes(header.width) > _BATCH
        for part, start, filtered in one_ahead(self._filtered()) if is_large else self._filtered():
            if (worst := filtered[:, 0].max()) > PAETH:
                raise damaged(self.info.path, f"it names a row filter {worst}, of 0 to 4")
            if start == 0:  # zeros that take no memory
                above = np.broadcast_to(np.uint8(0), filtered.shape[1] - 1)
            decoded = unfilter(above, filtered, header.pixel_bytes)
            above = decoded[-1]
            _, width = part.size(header.height, header.width)
            yield part, start, unpacked(decoded, header, width)

    def _filtered(self) -> Iterator[tuple[Pass, int, NDArray[np.uint8]]]:
        """Yield a few scanlines ``(n, 1 + row_bytes)`` of a pass at a time, as ``_samples``."""
        header = self._header
        for part in ADAM7 if header.interlaced else PLAIN:
            height, width = part.size(header.height, header.width)
            scanline = 1 + header.row_bytes(width)
            for start, stop in bands(height if width else 0, max(1, _BATCH // scanline)):
                data = self._inflater.read((stop - start) * scanline)
                yield part, start, np.frombuffer(data, np.uint8).reshape(-1, scanline)


def _held_bytes(header: PngHeader) -> int:
    pixels = header.height * header.width * header.channels
    return pixels * stored_type(header).itemsize


def open_png(file: BinaryIO, path: str, *, max_pixels: int, grey: bool = False) -> PngSource:
    """Read a PNG up to its first pixel from a file or pipe that stands at the signature.

    ``grey`` allows colours of a palette to become luma. Raises ImageError where the file is
    damaged or has more than ``max_pixels``; ``blocks`` raises it for damage further on.
    """
    chunks = ChunkReader(file, path)
    header = read_header(chunks)
    check_pixels(path, header.height * header.width, max_pixels)
    kept = read_to_pixels(chunks)
    colours = Colours(header, kept, path, chunks.notes, grey=grey)
    inflater = _Inflater(chunks, may_be_raw=header.is_apple)
    if inflater.is_raw:
        chunks.notes.append("is in Apple's variant of PNG; its colours were turned back")
    # An animation says how many frames it has, and before the picture whether that is one of them.
    if int.from_bytes(kept.get(b"acTL", b"")[:4]) > (b"fcTL" in kept):
        deep = header.bit_depth == 16 and header.channels > 1
        chunks.notes.append(DEEP_FRAMES if deep else MORE_FRAMES)
    info = ImageInfo(
        path,
        "PNG",
        (header.height, header.width, header.channels),
        "bool" if (header.colour_type, header.bit_depth) == (GREY, 1) else stored_type(header).name,
        dots_per_inch(kept.get(b"pHYs", b"")),
        orientation(kept.get(b"eXIf", b"")),
        profile=profile_of_png(kept.get(b"iCCP", b"")) if header.colour_type != GREY else None,
        held=_held_bytes(header) if header.interlaced else 0,
        notes=chunks.notes,
    )
    return PngSource(header, info, colours, inflater)
