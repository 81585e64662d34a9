"""GIF, composed as browsers compose it; Pillow decodes each frame as a picture of its own.

By the specification of GIF89a, and what browsers make of it: the canvas is transparent where no
frame has been, also around a first frame that is smaller; a frame that is disposed of to the
background leaves its place transparent, whatever colour the file calls its background; and how one
frame is disposed of says nothing about the next.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterator
from typing import BinaryIO

from PIL import Image

from edgecli.errors import ImageError
from edgecli.images.limits import MORE_FRAMES, check_pixels, image_name
from edgecli.images.pillow.guard import guarded
from edgecli.images.pillow.reading import PillowSource
from edgecli.records import dataclass
from edgecli.rows.base import ImageInfo

Size = tuple[int, int]
"""Width and height."""

_TO_BACKGROUND, _TO_PREVIOUS = 2, 3  # ways of disposal
_EXTENSION, _IMAGE, _END = b"!", b",", b";"
_CONTROL = b"\xf9"  # the extension that says how the next frame is shown


@dataclass(frozen=True)
class _Frame:
    """A frame: its place, what becomes of it, and a GIF that holds it alone."""

    corner: tuple[int, int]  # x and y of its top left
    size: Size
    disposal: int
    duration: float | None  # milliseconds
    file: bytes


def read_gif(
    stream: BinaryIO, path: str, *, max_pixels: int, grey: bool = False, all_frames: bool = True
) -> Iterator[PillowSource]:
    """Yield the first frame of a GIF, or every one, as shown, from a stream that can seek.

    Raises ImageError.
    """
    file = _File(stream, path)
    canvas: _Canvas | None = None
    while frame := file.next_frame():
        name = image_name(path, file.number)
        canvas = canvas or _Canvas(file.screen, frame)
        check_pixels(name, max(math.prod(canvas.size), math.prod(frame.size)), max_pixels)
        with guarded(name, max_pixels):
            picture = Image.open(io.BytesIO(frame.file), formats=("GIF",))
            picture.load()
        shown = canvas.show(frame, picture)
        shape = (shown.height, shown.width, len(shown.getbands()))
        given = (path, "GIF", shape, "uint8", None, 1, file.number, frame.duration)
        info = ImageInfo(*given, held=_held_bytes(shown))
        file.notes, file.number = info.notes, file.number + 1
        if not all_frames and file.has_more():
            info.notes.append(MORE_FRAMES)
        yield PillowSource(shown, info, grey=grey)
        if not all_frames:
            return
        canvas.dispose(frame)


def _held_bytes(shown: Image.Image) -> int:
    """Return the bytes of what is shown; beside a canvas of colours there is a frame of them."""
    pixels = shown.width * shown.height
    return pixels if shown.mode in {"P", "L"} else 8 * pixels


class _Canvas:
    """What is shown: the frames so far, laid over each other."""

    def __init__(self, screen: Size, first: _Frame) -> None:
        (left, top), (width, height) = first.corner, first.size
        self.size = max(screen[0], left + width), max(screen[1], top + height)
        self._image: Image.Image | None = None
        self._before: Image.Image | None = None

    def show(self, frame: _Frame, picture: Image.Image) -> Image.Image:
        """Lay a frame over what is there; return all, with alpha only where it is needed."""
        if self._image is None and picture.size == self.size:
            self._image = picture  # as it is: most GIFs are this one picture
            return picture
        image = self._in_colour()
        self._before = image.copy() if frame.disposal == _TO_PREVIOUS else None
        laid = picture.convert("RGBA")
        image.paste(laid, frame.corner, laid)
        is_opaque = image.getchannel("A").getextrema() == (255, 255)
        return image.convert("RGB") if is_opaque else image

    def dispose(self, frame: _Frame) -> None:
        """Take a frame away as it says."""
        if frame.disposal == _TO_PREVIOUS:
            self._image = self._before
        elif frame.disposal == _TO_BACKGROUND:
            self._in_colour().paste(Image.new("RGBA", frame.size), frame.corner)

    def _in_colour(self) -> Image.Image:
        """Return the canvas as one that can be painted on."""
        if self._image is None:
            self._image = Image.new("RGBA", self.size)
        elif self._image.mode != "RGBA":
            self._image = self._image.convert("RGBA")
        return self._image


class _File:
    """The blocks of a GIF, read one after another."""

    def __init__(self, stream: BinaryIO, path: str) -> None:
        stream.seek(0)
        self._stream, self._path = stream, path
        self.number = 0  # of the frame that comes next
        self.notes: list[str] = []  # on the frame that was last
        head = self._read(13)
        width, height, self._flags = struct.unpack_from("<HHB", head, 6)
        self.screen = width, height
        self._palette = self._read_palette(self._flags)

    def next_frame(self) -> _Frame | None:
        """Return the next frame, or None after the last; ImageError where the file ends in one."""
        control = b""  # flags, hundredths of a second, the transparent colour
        while (start := self._stream.read(1)) in {_EXTENSION, b"\0"}:
            if start == _EXTENSION:
                label, blocks = self._read(1), self._read_blocks()
                if label == _CONTROL and len(blocks) >= 6:
                    control = blocks[1:5]
        if start == _IMAGE:
            return self._read_frame(control)
        if not self.number:
            raise ImageError(f"image {self._path} holds no frame; get the file whole again")
        if start != _END:
            self.notes.append("lacks its end marker, so that frames after it may be missing")
        return None

    def has_more(self) -> bool:
        """Return whether another frame begins, be it cut short; it is passed over."""
        try:
            return self.next_frame() is not None
        except ImageError:
            return True

    def _read_frame(self, control: bytes) -> _Frame:
        descriptor = self._read(9)
        left, top, width, height, flags = struct.unpack("<HHHHB", descriptor)
        local = self._read_palette(flags)
        data = self._read(1) + self._read_blocks()
        palette, palette_flags = (local, flags) if local else (self._palette, self._flags)
        screen = struct.pack("<HHB2x", width, height, palette_flags & 0x87)
        shown = _EXTENSION + _CONTROL + b"\4" + control + b"\0" if control else b""
        place = struct.pack("<4xHHB", width, height, flags & 0x40)  # the bit of interlacing
        file = b"".join((b"GIF89a", screen, palette, shown, _IMAGE, place, data, _END))
        disposal = control[0] >> 2 & 7 if control else 0
        duration = 10.0 * int.from_bytes(control[1:3], "little") if control else None
        return _Frame((left, top), (width, height), disposal, duration, file)

    def _read_palette(self, flags: int) -> bytes:
        return self._read(3 << (flags & 7) + 1) if flags & 0x80 else b""

    def _read_blocks(self) -> bytes:
        """Return blocks as they stand, each after its length, up to the empty one."""
        parts = []
        while (length := self._read(1)) != b"\0":
            parts += [length, self._read(length[0])]
        return b"".join((*parts, b"\0"))

    def _read(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) < size:
            name = image_name(self._path, self.number)
            raise ImageError(f"image {name} is cut short; get the file whole again")
        return data
