"""PSD and PSB: the merged picture that Photoshop keeps beside its layers.

By Adobe's "Photoshop File Format" a header is followed by colours, resources, layers, and the
merged picture plane by plane. What comes after the planes of its colours are saved selections,
unless the number of layers is below zero: then the first of them is the transparency of the whole,
and the colours stand on white.
"""

from __future__ import annotations

import io
import struct
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgecli.errors import ImageError
from edgecli.images.limits import check_pixels
from edgecli.images.pillow.reading import PillowSource
from edgecli.images.streams import read_up_to
from edgecli.records import dataclass
from edgecli.rows.arrays import ArraySource
from edgecli.rows.base import ImageInfo, Source

Planes = NDArray[Any]

# Colour modes: their names, Pillow's modes of 8 bits without alpha, and the planes of colours.
_MODES = {
    0: ("bitmap", "L", 1),
    1: ("grey", "L", 1),
    2: ("indexed", "P", 1),
    3: ("RGB", "RGB", 3),
    4: ("CMYK", "CMYK", 4),
    7: ("multichannel", "L", 1),
    8: ("duotone", "L", 1),  # its inks are left out, as Photoshop's own note to readers advises
    9: ("Lab", "LAB", 3),
}
_SAMPLES = {1: ">u1", 8: ">u1", 16: ">u2", 32: ">f4"}
_RESOLUTION, _VERSION = 1005, 1057  # resources


@dataclass(frozen=True)
class _Header:
    is_large: bool  # PSB
    channels: int
    height: int
    width: int
    depth: int
    mode: int


def read_psd(stream: BinaryIO, path: str, *, max_pixels: int, grey: bool = False) -> Source:
    """Read the merged picture of a PSD or PSB from a stream that can seek. Raises ImageError."""
    stream.seek(0)
    try:
        header = _read_header(stream, path)
        check_pixels(path, header.height * header.width, max_pixels)
        palette = _read_palette(stream, header)
        dpi = _read_resources(stream, path)
        is_transparent = _layers_below_zero(stream, header)
        colours = _MODES[header.mode][2]
        has_alpha = is_transparent and colours < header.channels and header.mode in {1, 3, 8}
        planes = _read_planes(stream, header, colours + has_alpha, path)
    except (struct.error, EOFError, ValueError) as error:  # ValueError: Pillow's, of packed bits
        raise ImageError(f"image {path} is cut short; get the file whole again") from error
    stored = {1: "bool", 8: "uint8", 16: "uint16", 32: "float32"}[header.depth]
    kept = colours + has_alpha
    held = 2 * planes.nbytes  # with what is made of them
    info = ImageInfo(path, "PSD", (header.height, header.width, kept), stored, dpi, held=held)
    if header.mode == 7:
        info.notes.append(f"is a PSD of {header.channels} channels, of which the first is taken")
    if has_alpha and _are_on_white(planes):
        _take_from_white(planes)
    if header.depth > 8 or _MODES[header.mode][1] == "L":
        return ArraySource(np.ascontiguousarray(planes.transpose(1, 2, 0)), info)
    return PillowSource(_as_picture(planes, header, palette, has_alpha=has_alpha), info, grey=grey)


def _read_header(stream: BinaryIO, path: str) -> _Header:
    _, version, channels, height, width, depth, mode = struct.unpack(">4sH6xHIIHH", stream.read(26))
    name, _, colours = _MODES.get(mode, (f"mode {mode}", "", 0))
    is_sound = version in {1, 2} and colours and depth in _SAMPLES and channels >= colours
    if not is_sound or not 0 < height <= 300_000 or not 0 < width <= 300_000:
        raise ImageError(f"image {path} has a damaged PSD header; get the file whole again")
    if depth > 8 and mode not in {1, 3, 7, 8}:
        raise ImageError(
            f"image {path} is a PSD of {name} with {depth} bits per sample, which is not read "
            "here; save it with 8 bits, or as RGB"
        )
    return _Header(version == 2, channels, height, width, depth, mode)


def _read(stream: BinaryIO, size: int) -> bytes:
    data = read_up_to(stream, size)
    if len(data) < size:
        raise EOFError
    return data


def _read_number(stream: BinaryIO, size: int) -> int:
    return int.from_bytes(_read(stream, size))


def _read_palette(stream: BinaryIO, header: _Header) -> bytes:
    """Return 256 reds, greens and blues, or what other modes have in their place."""
    palette = _read(stream, _read_number(stream, 4))
    if header.mode == 2 and len(palette) < 768:
        raise EOFError
    return palette


def _end(stream: BinaryIO, size: int) -> int:
    """Return where a section of a size ends; EOFError where that is after the file."""
    at = stream.tell()
    end = at + size
    if end > stream.seek(0, io.SEEK_END):
        raise EOFError
    stream.seek(at)
    return end


def _read_resources(stream: BinaryIO, path: str) -> tuple[float, float] | None:
    """Read the resources; return the resolution. ImageError where no merged picture was saved."""
    size = _read_number(stream, 4)
    end, dpi = _end(stream, size), None
    while stream.tell() < end:
        _, number, name = struct.unpack(">4sHB", stream.read(7))
        stream.seek(name + (name + 1) % 2, 1)  # with its length, a name has an even size
        size = _read_number(stream, 4)
        data = _read(stream, size + size % 2)
        if number == _RESOLUTION and size >= 16:
            across, down = struct.unpack_from(">I4xI", data)
            dpi = (across / 65536, down / 65536) if across and down else None
        if number == _VERSION and size >= 5 and not data[4]:
            raise ImageError(
                f"image {path} was saved without its merged picture; save it again with "
                "Photoshop's option to maximize compatibility, or as PNG"
            )
    stream.seek(end)
    return dpi


def _layers_below_zero(stream: BinaryIO, header: _Header) -> bool:
    """Pass the layers; return whether their number is below zero."""
    wide = 8 if header.is_large else 4
    size = _read_number(stream, wide)
    end, count = _end(stream, size), 0
    if size:
        if _read_number(stream, wide):
            (count,) = struct.unpack(">h", stream.read(2))
        else:
            count = _deep_layers(stream, end, header)
    stream.seek(end)
    return count < 0


def _deep_layers(stream: BinaryIO, end: int, header: _Header) -> int:
    """Return the number of layers of 16 and 32 bits, which stand in a block of their own."""
    stream.seek(_end(stream, _read_number(stream, 4)))  # the mask of all layers
    while stream.tell() + 12 <= end:
        _, key = struct.unpack(">4s4s", stream.read(8))
        size = _read_number(stream, 8 if header.is_large and key in {b"Lr16", b"Lr32"} else 4)
        if key in {b"Lr16", b"Lr32"} and size >= 2:
            (count,) = struct.unpack(">h", stream.read(2))
            return int(count)
        stream.seek(_end(stream, size + -size % 4))
    return 0


def _read_planes(stream: BinaryIO, header: _Header, count: int, path: str) -> Planes:
    """Return the first ``count`` planes, ``(count, H, W)``, bitmaps as 0 and 255."""
    stored = np.dtype(_SAMPLES[header.depth])
    row = -(-header.width // 8) if header.depth == 1 else header.width * stored.itemsize
    compression = _read_number(stream, 2)
    if compression > 1:
        raise ImageError(
            f"image {path} is a PSD compressed with ZIP, which is not read here; save it as TIFF"
        )
    size = count * header.height * row
    data = _unpack(stream, header, count, row) if compression else _read(stream, size)
    if header.depth == 1:
        packed = np.frombuffer(data, np.uint8).reshape(count, header.height, row)
        bits = np.unpackbits(packed, axis=2, count=header.width)
        return (1 - bits) * np.uint8(255)  # 1 is black
    samples = np.frombuffer(data, stored).reshape(count, header.height, header.width)
    return samples.astype(stored.newbyteorder("="))


def _unpack(stream: BinaryIO, header: _Header, count: int, row: int) -> bytes:
    """Return the bytes of planes whose rows are packed, each by itself."""
    item = ">u4" if header.is_large else ">u2"
    rows = header.channels * header.height
    table = _read(stream, rows * np.dtype(item).itemsize)
    lengths = np.frombuffer(table, item)[: count * header.height].astype(np.int64)
    data = _read(stream, int(lengths.sum()))
    image = Image.frombytes("L", (row, count * header.height), data, "packbits", "L")
    return image.tobytes()


def _are_on_white(planes: Planes) -> bool:
    """Whether colours were laid on white, as Photoshop does and ImageMagick does not.

    Then none is darker than the white that its alpha, the last plane, lets through.
    """
    white = np.float32(1 if planes.dtype.kind == "f" else np.iinfo(planes.dtype).max)
    let_through = white * np.float32(254 / 255) - planes[-1]  # less what is rounded
    return bool((planes[:-1] >= let_through).all())


def _take_from_white(planes: Planes) -> None:
    """Give colours that were laid on white their own values again, by the alpha in the last plane.

    The stored colour is α·colour + (1 − α)·white.
    """
    white = np.float32(1 if planes.dtype.kind == "f" else np.iinfo(planes.dtype).max)
    for row in range(planes.shape[1]):
        alpha = planes[-1, row] / white
        for plane in planes[:-1, row]:
            own = (plane - (1 - alpha) * white) / np.maximum(alpha, np.float32(1e-6))
            clean = np.clip(own, 0, white)
            plane[:] = np.rint(clean) if planes.dtype.kind == "u" else clean


def _as_picture(planes: Planes, header: _Header, palette: bytes, *, has_alpha: bool) -> Image.Image:
    """Return planes of 8 bits as a picture of Pillow's."""
    mode = _MODES[header.mode][1] + ("A" if has_alpha else "")
    if mode == "CMYK":
        planes = 255 - planes  # 0 is all of an ink
    if mode == "P":
        picture = Image.fromarray(planes[0]).convert("P")
        picture.putpalette(np.frombuffer(palette[:768], np.uint8).reshape(3, -1).T.tobytes())
        return picture
    return Image.merge(mode, [Image.fromarray(plane) for plane in planes])
