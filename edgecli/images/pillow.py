"""Every other format, through Pillow: rare PNGs, JPEG, WebP, TIFF, BMP, GIF and more.

Pillow decodes an image whole. Here it is decoded once and turned into rows a few at a time, so
that there is never a second copy of it. Samples of more than 8 bits are never cut to 8: they are
decoded truly (TIFF by ``tiff_samples``) or refused.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO, cast

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from edgecli.errors import ImageError, OutputError, UsageError
from edgecli.images import magic
from edgecli.images.base import ArraySink, ImageInfo, Rows, Source
from edgecli.images.pillow_guard import (
    copy_rows,
    guarded,
    image_name,
    is_known,
    open_image,
    too_many_pixels,
)
from edgecli.images.pillow_headers import (
    WIDE_TYPES,
    bits_cut,
    decoder_names,
    dots_per_inch,
    exif_orientation,
    milliseconds,
)

_MOVING = {"GIF", "WEBP", "PNG", "AVIF", "MPO"}

# Pillow's modes of 8 bits: the mode that rows are turned into, without and with transparency.
_ROW_MODES = {
    "1": ("L", "LA"),
    "L": ("L", "LA"),
    "P": ("RGB", "RGBA"),
    "RGB": ("RGB", "RGBA"),
    **dict.fromkeys(("LA", "La"), ("LA", "LA")),
    **dict.fromkeys(("PA", "RGBA", "RGBa"), ("RGBA", "RGBA")),
    **dict.fromkeys(("RGBX", "CMYK", "YCbCr", "LAB", "HSV"), ("RGB", "RGB")),
}
_LUMA_MODES = {"RGB", "P", "YCbCr"}  # those that Pillow turns into luma by the same formula


def read_images(
    file: BinaryIO, path: str, *, max_pixels: int, grey: bool = False, all_frames: bool = False
) -> Iterator[Source]:
    """Yield the first image of a file, or every frame or page of it, as rows of pixels.

    Sources have 1 to 4 channels of uint8, uint16, int16, int32 or float32: palettes become RGB,
    bilevel images 0 and 255, CMYK, YCbCr and Lab RGB; transparency becomes alpha. Frames of
    animations are composed as they are shown. ``grey`` allows to decode luma alone. The size is
    checked before pixels are decoded. A stream that cannot seek is read whole. Each source must be
    read before the next is asked for. Raises ImageError for whatever is wrong with the file.
    """
    with guarded(path, max_pixels):
        stream, head = _seekable(file)
    if head.startswith(magic.TIFF):
        from edgecli.images.pillow_tiff import read_pages

        sources = read_pages(stream, path, max_pixels, grey=grey)
    else:
        sources = _frames(stream, path, max_pixels, grey=grey, all_frames=all_frames)
    yield from sources if all_frames else itertools.islice(sources, 1)


def _seekable(file: BinaryIO) -> tuple[BinaryIO, bytes]:
    """Return a stream that can seek, and its first bytes; a pipe is only read on if they fit."""
    if file.seekable():
        file.seek(0)
        return file, file.read(16)
    head = file.read(16)
    if not is_known(head):
        raise UnidentifiedImageError
    return io.BytesIO(head + file.read()), head


def _frames(
    stream: BinaryIO, path: str, max_pixels: int, *, grey: bool, all_frames: bool
) -> Iterator[Source]:
    with guarded(path, max_pixels):
        image = open_image(stream)
    # The default image of some animated PNGs is for viewers that cannot show the animation.
    first = 1 if all_frames and getattr(image, "default_image", False) else 0
    for number in itertools.count():
        name = image_name(path, number)
        with guarded(name, max_pixels):
            if not _show(image, first + number):
                return
            check_decodable(image, stream, name, max_pixels)
            source = decoded(image, path, number, grey=grey)
        yield source


def _show(image: ImageFile.ImageFile, frame: int) -> bool:
    """Go to a frame; False after the last."""
    if frame == 0:
        return True
    if image.format not in _MOVING:
        return False
    try:
        image.seek(frame)
    except EOFError:
        return False
    return True


def check_decodable(
    image: ImageFile.ImageFile, stream: BinaryIO, name: str, max_pixels: int
) -> None:
    """Raise ImageError for an image that is too large, or that Pillow would shorten."""
    if (pixels := image.width * image.height) > max_pixels:
        raise ImageError(f"image {name} {too_many_pixels(pixels, max_pixels)}")
    if image.mode not in _ROW_MODES | WIDE_TYPES:
        raise ImageError(f"image {name} has pixels of the kind {image.mode}; convert it to PNG")
    if bits := bits_cut(image, stream):
        raise ImageError(cut_message(name, bits, len(image.getbands())))


def cut_message(name: str, bits: int, channels: int) -> str:
    """Return the refusal to decode samples that would lose some of their bits."""
    return (
        f"image {name} has {bits} bits per sample in {channels} channels, which cannot be decoded "
        "without loss here; convert it to PNG or PNM"
    )


def decoded(image: ImageFile.ImageFile, path: str, frame: int, *, grey: bool) -> PillowSource:
    """Decode an image that was opened; it is turned into rows later."""
    shape = (image.height, image.width, len(image.getbands()))
    stored = {"1": "bool", **WIDE_TYPES}.get(image.mode, "uint8")
    if grey and image.mode == "RGB":
        image.draft("L", image.size)  # only a JPEG's decoder heeds it
    _spread_transparency(image)
    image.load()
    info = ImageInfo(
        path,
        image.format or "unknown",
        shape,
        stored,
        dots_per_inch(image.info.get("dpi")),
        exif_orientation(image),
        frame,
        milliseconds(image.info.get("duration")),
    )
    return PillowSource(image, info, grey=grey)


class PillowSource:
    """A decoded image, turned into rows a few at a time."""

    def __init__(self, image: Image.Image, info: ImageInfo, *, grey: bool = False) -> None:
        self.info = info
        self._name = image_name(info.path, info.frame)
        self._image = image
        self._mode, self.dtype = _row_mode(image, grey=grey)
        # Pillow has no 16-bit grey with alpha: a transparent grey becomes alpha here
        self._transparent = image.info.get("transparency") if self.dtype == np.uint16 else None
        channels = Image.getmodebands(self._mode) + (self._transparent is not None)
        self.shape = (image.height, image.width, channels)

    def blocks(self, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
        """Yield rows ``[start, stop)`` for each range; see ``Source.blocks``."""
        for start, stop in ranges:
            rows = np.empty((stop - start, *self.shape[1:]), self.dtype)
            with guarded(self._name, self._image.width * self._image.height):
                copy_rows(self._image, self._mode, start, rows[..., : self._colours])
            if self._transparent is not None:
                rows[..., 1] = np.where(rows[..., 0] == self._transparent, 0, 65535)
            yield rows

    def close(self) -> None:
        """Let go of the pixels."""
        self._image = Image.new("L", (1, 1))

    @property
    def _colours(self) -> int:
        """Channels that come from Pillow."""
        return Image.getmodebands(self._mode)


def _row_mode(image: Image.Image, *, grey: bool) -> tuple[str, np.dtype[Any]]:
    """Return the mode that rows of an image are turned into, and their type."""
    if image.mode == "I":
        low, high = cast(tuple[int, int], image.getextrema())
        return "I", np.dtype("uint16" if low >= 0 and high <= 65535 else "int32")
    if image.mode in WIDE_TYPES:
        return image.mode, np.dtype(WIDE_TYPES[image.mode])
    opaque, transparent = _ROW_MODES[image.mode]
    mode = transparent if image.has_transparency_data else opaque
    return "L" if grey and mode == "RGB" and image.mode in _LUMA_MODES else mode, np.dtype("uint8")


def _spread_transparency(image: ImageFile.ImageFile) -> None:
    """Scale the transparent grey of a PNG of 1, 2 or 4 bits as Pillow scales the pixels."""
    scale = {"1": 255, "L;2": 255 // 3, "L;4": 255 // 15}.get(decoder_names(image)[-1])
    if image.format == "PNG" and scale and "transparency" in image.info:
        image.info["transparency"] = min(image.info["transparency"] * scale, 255)


def oriented(array: Rows, orientation: int) -> Rows:
    """Return an upright view of an image ``(H, W, C)`` by EXIF's orientation, 1 to 8.

    >>> picture = np.arange(6).reshape(2, 3, 1)
    >>> oriented(picture, 6)[:, :, 0]
    array([[3, 0],
           [4, 1],
           [5, 2]])
    """
    if orientation in {5, 6, 7, 8}:
        array = array.transpose(1, 0, 2)
    if orientation in {3, 4, 7, 8}:
        array = array[::-1]
    if orientation in {2, 3, 6, 7}:
        array = array[:, ::-1]
    return array


# --- writing ------------------------------------------------------------------------------------

# Sharp edges are what an edge map is: no colour is subsampled, and WebP is lossless, with the
# effort that takes about as long as lossy WebP.
_OPTIONS: dict[str, dict[str, Any]] = {
    "jpeg": {"quality": 90, "subsampling": 0},
    "webp": {"lossless": True, "method": 0, "quality": 0},
    "gif": {},
    "png": {"compress_level": 1},
}
_LONGEST_SIDE = {"jpeg": 65500, "webp": 16383, "gif": 65535, "png": 2**31 - 1}


def check_writable(format_: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Refuse what ``jpeg``, ``webp``, ``gif`` or animated ``png`` cannot hold, ``(H, W, C)``.

    Raises UsageError for the kind of image, OutputError for its size.
    """
    if dtype != np.uint8:
        raise UsageError(
            f"{format_} cannot hold {dtype} samples; use --depth 8, or --format tiff or npy"
        )
    if shape[2] not in ({1} if format_ == "gif" else {1, 3}):
        raise UsageError(f"{format_} cannot hold {shape[2]} channels; use --format tiff or npy")
    if max(shape[:2]) > _LONGEST_SIDE[format_]:
        raise OutputError(
            f"{format_} holds at most {_LONGEST_SIDE[format_]:,} pixels a side, not "
            f"{shape[0]}×{shape[1]}; use --format png or tiff"
        )


class PillowSink(ArraySink):
    """An edge map as JPEG (quality 90) or lossless WebP, uint8 with one or three channels.

    Rows are kept and encoded at the end; the file may be a pipe. No colour profile is attached.
    """

    def __init__(
        self,
        file: BinaryIO,
        format_: str,
        shape: tuple[int, int, int],
        dtype: np.dtype[Any],
        *,
        dpi: tuple[float, float] | None = None,
    ) -> None:
        check_writable(format_, shape, dtype)
        super().__init__(shape, dtype)
        self._file = file
        self._format = format_
        self._options = {"dpi": dpi} if dpi and format_ == "jpeg" else {}

    def finish(self) -> None:
        """Encode and write the image."""
        encoded = _encoded(self._format, [self.array], **self._options)
        self._file.write(encoded)


def save_frames(
    file: BinaryIO,
    format_: str,
    frames: Sequence[Rows],
    durations: Sequence[float | None] = (),
) -> None:
    """Write frames ``(H, W, C)`` as an animated ``png``, ``webp`` or ``gif``, or as TIFF pages.

    ``durations`` are milliseconds; 100 where there is none. All animations are lossless and
    repeat for ever; frames equal to the one before only prolong it. Pages of a TIFF may differ in
    size and type. Raises UsageError or OutputError for frames that the format cannot hold.
    """
    if format_ == "tiff":
        from edgecli.images.tiff import write_pages

        write_pages(file, frames)
        return
    for frame in frames:
        check_writable(format_, frame.shape, frame.dtype)
    shown = [100 if duration is None else round(duration) for duration in durations]
    shown += [100] * (len(frames) - len(shown))
    options = {"duration": shown, "loop": 0} if len(frames) > 1 else {}
    file.write(_encoded(format_, frames, **options))


def _encoded(format_: str, frames: Sequence[Rows], **options: object) -> bytes:
    first, *others = (Image.fromarray(_plane_or_colours(frame)) for frame in frames)
    buffer = io.BytesIO()
    if others:
        options |= {"save_all": True, "append_images": others}
    try:
        first.save(buffer, format_, **_OPTIONS[format_], **options)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise OutputError(f"{format_} cannot be encoded ({reason}); use --format png") from error
    return buffer.getvalue()


def _plane_or_colours(rows: Rows) -> Rows:
    """Return ``(H, W)`` for one channel, as Pillow wants it."""
    return np.ascontiguousarray(rows[:, :, 0] if rows.shape[2] == 1 else rows)
