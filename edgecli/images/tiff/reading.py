"""The pages of a TIFF as sources: their samples as stored, or decoded by Pillow, or a preview."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, cast

from PIL import ImageFile, JpegImagePlugin

from edgecli.errors import ImageError, TooLargeError
from edgecli.images import magic
from edgecli.images.limits import image_name, no_such_page
from edgecli.images.pillow.guard import guarded, open_image
from edgecli.images.pillow.reading import PillowSource, decoded
from edgecli.images.sources import Told, oriented
from edgecli.images.tiff.codecs import TIFF
from edgecli.images.tiff.directories import Directory, Tag
from edgecli.images.tiff.geo import place_of
from edgecli.images.tiff.kinds import JPEG, OLD_JPEG, PALETTE, UNCOMPRESSED, photometric_of
from edgecli.images.tiff.pages import DEVELOP, CameraRaw, Page, no_data_of, read_pages
from edgecli.images.tiff.samples import tiff_source
from edgecli.records import dataclass, replace
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import Source

_JPEG = (JpegImagePlugin.JpegImageFile.format,)
_JPEG_COMPRESSIONS = {OLD_JPEG, JPEG}


def read_images(
    file: BinaryIO,
    path: str,
    *,
    max_pixels: int,
    grey: bool = False,
    all_frames: bool = False,
    page: int | None = None,
    threads: int | None = None,
) -> Iterator[Source]:
    """Yield the first page of a TIFF, or every page of it, or one, or a camera's preview.

    ``page`` counts from 1; with ``all_frames`` the pages before it are passed over unread.
    ``grey`` allows decoding luma alone, ``threads`` are how many decode. A stream that cannot seek
    is read whole. Each source must be read before the next is asked for. Raises ImageError, which
    names what is not read.
    """
    with guarded(path, max_pixels):
        stream = file if file.seekable() else io.BytesIO(file.read())
    reader = _Reader(stream, path, max_pixels, grey, threads)
    count = 0
    for count, found in enumerate(read_pages(stream, path, all_frames=all_frames), 1):
        if isinstance(found, CameraRaw):
            yield reader.preview(found)
        elif page in {None, count}:
            yield reader.page(found, count - 1)
    if page is not None and page > count:
        raise no_such_page(path, page, count)


@dataclass(frozen=True)
class _Reader:
    """A seekable TIFF and how it is to be read."""

    stream: BinaryIO
    path: str
    max_pixels: int
    grey: bool
    threads: int | None

    def page(self, page: Page, number: int) -> Source:
        """Return a page, numbered from 0 for errors."""
        source = self._source(page.directory, number)
        source.info.notes.extend(page.notes)
        place, fault = place_of(page.directory)
        source.info.notes.extend((fault,) if fault else ())
        mask = None
        if page.mask is not None:
            try:
                mask = self._source(page.mask, number)
            except ImageError:  # the page itself is good
                source.info.notes.append("has a mask that cannot be read, which is left out")
        indices = None
        if photometric_of(page.directory) == PALETTE:
            indices = self._source(page.directory, number, indices=True)
        no_data = no_data_of(page.directory, has_alpha=source.shape[2] in {2, 4})
        return Told(source, place=place, mask=mask, indices=indices, no_data=no_data)

    def _source(self, directory: Directory, number: int, *, indices: bool = False) -> Source:
        if directory.value(Tag.COMPRESSION, UNCOMPRESSED) == OLD_JPEG:
            return self._by_pillow(directory, number)
        return tiff_source(
            self.stream,
            self.path,
            directory,
            number,
            self.max_pixels,
            grey=self.grey,
            threads=self.threads,
            indices=indices,
        )

    def _by_pillow(self, directory: Directory, number: int) -> Source:
        """Return a page of JPEG as it once was, whose parts lie about the file."""
        with guarded(image_name(self.path, number), self.max_pixels):
            image = open_image(_starting_at(directory, self.stream), TIFF)
            page = self._decoded(image, number)
        page.info = replace(page.info, dpi=directory.dpi, orientation=directory.orientation)
        return _as_stored(page)

    def _decoded(self, image: ImageFile.ImageFile, number: int = 0) -> PillowSource:
        return decoded(image, self.stream, self.path, number, self.max_pixels, self.grey)

    # --- cameras ----------------------------------------------------------------------------------

    def preview(self, raw: CameraRaw) -> Source:
        """Return the largest preview that can be read, with a note on what it stands for."""
        found = [(self._jpeg(directory), directory) for directory in raw.previews]
        sized = [(self._pixels(*one), number) for number, one in enumerate(found)]
        for _, number in sorted(sized, reverse=True):
            try:
                source = self._preview_source(*found[number])
            except TooLargeError:
                raise
            except ImageError:  # a smaller one may do
                continue
            height, width, _ = source.shape
            source.info.notes.append(
                f"is a camera raw file of which only a preview can be read, {height}×{width}"
                f"{_of_sensor(raw)}; for the whole picture {DEVELOP}"
            )
            return source
        raise ImageError(
            f"image {self.path} is a camera raw file without a preview that can be read; {DEVELOP}"
        )

    def _preview_source(self, jpeg: bytes, directory: Directory) -> Source:
        if not jpeg:
            source = self._source(directory, 0)
            (rows,) = source.blocks([(0, source.shape[0])])  # to see whether it can be read
            return ArraySource(rows, source.info)
        with guarded(self.path, self.max_pixels):
            page = self._decoded(open_image(io.BytesIO(jpeg), _JPEG))
        if page.info.orientation == 1:  # most JPEGs inside say nothing of it
            page.info = replace(page.info, orientation=directory.orientation)
        return page

    def _jpeg(self, directory: Directory) -> bytes:
        """Return the JPEG that a directory holds by itself, if there is one."""
        tags = directory.tags
        place, size = tags.get(Tag.JPEG_OFFSET, ()), tags.get(Tag.JPEG_BYTES, ())
        if not size and directory.value(Tag.COMPRESSION, 1) in _JPEG_COMPRESSIONS:
            place, size = tags.get(Tag.STRIP_OFFSETS, ()), tags.get(Tag.STRIP_BYTES, ())
        if len(place) != 1 or len(size) != 1:
            return b""
        self.stream.seek(place[0])
        data = self.stream.read(min(size[0], directory.file_bytes))
        return data if data.startswith(magic.JPEG) else b""

    def _pixels(self, jpeg: bytes, directory: Directory) -> int:
        """Return how many pixels a preview has, 0 for a JPEG that is not readable."""
        if not jpeg:
            return directory.pixels
        with suppress(ImageError), guarded(self.path, self.max_pixels):
            image = open_image(io.BytesIO(jpeg), _JPEG)
            return image.width * image.height
        return 0


class _Patched(io.RawIOBase):
    """A file that begins with other bytes."""

    def __init__(self, file: BinaryIO, head: bytes) -> None:
        self._file, self._head = file, head
        self.seek, self.tell, self.fileno = file.seek, file.tell, file.fileno  # type: ignore[method-assign]

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes; a broken file may ask for more than there is memory."""
        at = self._file.tell()
        left = max(self._file.seek(0, os.SEEK_END) - at, 0)
        self._file.seek(at)
        data = self._file.read(left if size < 0 else min(size, left))
        return self._head[at : at + len(data)] + data[max(len(self._head) - at, 0) :]

    def readable(self) -> bool:
        return True


def _starting_at(directory: Directory, file: BinaryIO) -> BinaryIO:
    """Return a TIFF whose head says that its first directory is another one."""
    file.seek(0)
    head = file.read(8)
    is_big = 43 in head[2:4]
    place = struct.pack(directory.byte_order + ("Q" if is_big else "I"), directory.position)
    file.seek(0)
    return cast(BinaryIO, _Patched(file, (head if is_big else head[:4]) + place))


def _of_sensor(raw: CameraRaw) -> str:
    if raw.sensor is None or not raw.sensor.pixels:
        return ""
    height, width = (raw.sensor.value(tag, 0) for tag in (Tag.HEIGHT, Tag.WIDTH))
    return f" of {height}×{width}"


def _as_stored(page: PillowSource) -> Source:
    """Return a page as the file stores it: Pillow has turned it, but callers decide on that."""
    info = page.info
    if info.orientation == 1:
        return page
    (upright,) = page.blocks([(0, page.shape[0])])
    stored = oriented(upright, {6: 8, 8: 6}.get(info.orientation, info.orientation))
    return ArraySource(stored, replace(info, shape=(*stored.shape[:2], info.shape[2])))
