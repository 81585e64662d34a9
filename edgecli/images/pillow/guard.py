"""The seam to Pillow: its settings follow ours while it works, and its errors become ours.

Its pixel limit, warnings and log are settings of the whole process. They are borrowed while any
thread is inside ``guarded`` and put back by the last one out.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import struct
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from edgecli.errors import EdgeCliError, ImageError, TooLargeError
from edgecli.geometry import bands
from edgecli.images import magic
from edgecli.images.limits import too_large
from edgecli.rows.base import Rows

# The formats whose plug-ins Pillow imports at once.
_COMMON: tuple[str, ...] = ("JPEG", "PNG", "GIF", "BMP")

# Rarer formats that Pillow decodes truly. Left out are EPS (it runs Ghostscript), DDS and ICNS (a
# cut file passes for a whole one), FITS (signed samples come out unsigned), PNM and PSD (they are
# read elsewhere) and formats that Pillow only recognises.
_RARE = ("AVIF", "JPEG2000", "ICO", "DIB", "PCX", "SGI", "QOI", "XBM", "TGA")

_PIXELS_AT_ONCE = 1 << 17  # on the way to NumPy; more and Pillow's copies leave the cache


class _Borrowed:
    """The limits of the threads that use Pillow, and the way to put its settings back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._limits: list[int] = []
        self._libtiff_is_quiet = False
        self._put_back = ExitStack()

    def take(self, max_pixels: int) -> None:
        """Set Pillow up for one more reader."""
        with self._lock:
            if not self._limits:
                self._silence()
            if not self._libtiff_is_quiet and "PIL.TiffImagePlugin" in sys.modules:
                self._put_back.enter_context(_quiet_libtiff())
                self._libtiff_is_quiet = True
            self._limits.append(max_pixels)
            self._follow_limits()

    def give_back(self, max_pixels: int) -> None:
        """Undo what ``take`` did, all of it when no reader is left."""
        with self._lock:
            self._limits.remove(max_pixels)
            if self._limits:
                self._follow_limits()
            else:
                self._put_back.close()
                self._libtiff_is_quiet = False

    def _silence(self) -> None:
        self._put_back.callback(setattr, Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
        self._put_back.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", module=r"PIL\.")
        log, nowhere = logging.getLogger("PIL"), logging.NullHandler()
        log.addHandler(nowhere)
        self._put_back.callback(log.removeHandler, nowhere)

    def _follow_limits(self) -> None:
        # Pillow raises its error above twice its limit, and below that only warns.
        Image.MAX_IMAGE_PIXELS = -(-max(self._limits) // 2)


@contextmanager
def _quiet_libtiff() -> Iterator[None]:
    """Keep libtiff, where its function is found (not on Windows), from printing its errors."""
    import ctypes  # slow to load; only TIFF needs it

    try:
        set_handler = ctypes.CDLL(sys.modules["PIL._imaging"].__file__).TIFFSetErrorHandler
    except (AttributeError, OSError):
        yield
        return
    set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
    previous = set_handler(None)
    try:
        yield
    finally:
        set_handler(previous)


_borrowed = _Borrowed()


@contextmanager
def lent_once() -> Iterator[None]:
    """Borrow Pillow's settings once for many ``guarded`` blocks inside, which then cost nothing."""
    _borrowed.take(1)
    try:
        yield
    finally:
        _borrowed.give_back(1)


@contextmanager
def guarded(name: str, max_pixels: int) -> Iterator[None]:
    """Let Pillow decode up to ``max_pixels``; what it raises becomes an ImageError of ``name``."""
    _borrowed.take(max_pixels)
    try:
        yield
    except EdgeCliError:
        raise
    except Image.DecompressionBombError as error:
        pixels = re.search(r"\d+", str(error))
        raise too_large(name, int(pixels[0]) if pixels else 2 * max_pixels, max_pixels) from error
    except MemoryError as error:
        what_next = "make it smaller, or convert it to PNG or PNM"
        raise TooLargeError(f"image {name} needs more memory than there is; {what_next}") from error
    except Exception as error:  # a decoder may raise anything on broken data
        raise ImageError(f"image {name} {_reason(error)}") from error
    finally:
        _borrowed.give_back(max_pixels)


_SAVE = "save it as PNG where it is shown"


def _reason(error: Exception) -> str:
    text = _in_words(error)
    if isinstance(error, UnidentifiedImageError):
        return "is in no format that can be read here; convert it to PNG, JPEG or TIFF"
    if "truncated" in text.lower():
        return "is cut short; get the file whole again"
    if re.search(r"unknown|unsupported|not supported|unrecognized", text, re.IGNORECASE):
        return f"is of a kind that is not read here ({text}); {_SAVE}"
    if "overrun" in text:  # runs across rows, as GraphicsMagick writes PCX and ffmpeg SGI
        return f"does not decode here ({text}), as it may elsewhere; {_SAVE}"
    return f"does not decode ({text}); get the file whole again"


# Where Pillow trusts a number of a broken file, Python's own errors come of it.
_NONSENSE = (
    struct.error, LookupError, TypeError, AttributeError, AssertionError, ArithmeticError,
    UnicodeError,
)  # fmt: skip


def _in_words(error: Exception) -> str:
    """Return what a decoder says, or what Python's own errors mean, which speak of code."""
    if isinstance(error, _NONSENSE):
        return "its numbers make no sense"
    if isinstance(error, OSError) and error.errno is not None:
        is_seek = error.errno == errno.EINVAL  # to before the beginning
        return "its numbers point outside it" if is_seek else os.strerror(error.errno)
    text = "".join(c if c.isprintable() else "?" for c in " ".join(str(error).split())[:200])
    if "stderr" in text:  # libjxl's advice to programmers
        return "its data make no sense"
    return text or type(error).__name__


def open_image(stream: BinaryIO, formats: tuple[str, ...] | None = None) -> ImageFile.ImageFile:
    """Read an image's header; call it inside ``guarded``.

    Common formats are named first, since that imports their plug-ins rather than all forty.
    """
    if formats is not None:
        return Image.open(stream, formats=formats)
    stream.seek(0)
    head, common = stream.read(18), _COMMON
    if head.startswith(magic.JPEG):
        if photo := _open_jpeg(stream):
            return photo
        raise ValueError("its header makes no sense")
    if re.match(magic.WEBP, head):
        from PIL.WebPImagePlugin import WebPImageFile

        common = (WebPImageFile.format,)
    try:
        return Image.open(stream, formats=common)
    except UnidentifiedImageError:
        if not _TGA.match(head):
            return Image.open(stream, formats=_rare_formats())
    try:
        return Image.open(stream, formats=("TGA",))  # PCX would take one with a comment of 10 bytes
    except UnidentifiedImageError as error:
        raise ValueError("unknown TGA mode") from error


def _open_jpeg(stream: BinaryIO) -> ImageFile.ImageFile | None:
    """Read a JPEG's header, or return None; ``Image.open`` would import four more plug-ins."""
    from PIL.JpegImagePlugin import jpeg_factory

    stream.seek(0)
    try:
        return jpeg_factory(stream)
    except (SyntaxError, IndexError, TypeError, struct.error):  # as Image.open does
        return None


# TGA has no first bytes of its own: no colour map or one, a type, then the map's size, which is
# none where there is none; after place and size, the bits of a pixel, and two flags that are unset.
_TGA = re.compile(
    rb"""
    .  # bytes of a comment
    ( \x00 [\x02\x03\x0a\x0b] .{2} \x00{2} . | \x01 [\x01\x09] .{4} [\x0f\x10\x18\x20] )
    .{4}  # the place
    (?! \x00{2} ) .{2} (?! \x00{2} ) .{2}  # width and height
    [\x01\x08\x0f\x10\x18\x20] [\x00-\x3f]
    """,
    re.DOTALL | re.VERBOSE,
)


def is_known(head: bytes) -> bool:
    """Return whether 18 bytes may start an image."""
    head = head.ljust(18, b"\0")  # plug-ins take numbers from it, however short it is
    return (
        head.startswith((magic.JPEG, *magic.TIFF))
        or bool(_TGA.match(head))
        or bool(re.match(magic.WEBP, head))
        or any(_accepts(name, head) for name in _COMMON)
        or any(_accepts(name, head) for name in _rare_formats())
    )


def _accepts(name: str, head: bytes) -> bool:
    Image.preinit()
    accepts = Image.OPEN[name][1]
    return accepts is not None and bool(accepts(head))


def _rare_formats() -> list[str]:
    """Return the rarer formats that this build of Pillow knows."""
    Image.init()
    return [name for name in _RARE if name in Image.OPEN]


def copy_rows(image: Image.Image, mode: str, start: int, rows: Rows) -> None:
    """Fill rows ``(n, W, C)`` with an image's pixels from row ``start`` on, converted to a mode.

    A few rows are converted at a time, so that no second copy of the image is made.
    """
    for first, last in bands(len(rows), max(_PIXELS_AT_ONCE // image.width, 1)):
        part = rows[first:last]
        band = image.crop((0, start + first, image.width, start + last))
        converted = band if band.mode == mode else band.convert(mode)
        part[...] = np.asarray(converted).reshape(part.shape)
