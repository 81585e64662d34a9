"""Where Pillow takes a file otherwise than its format's specification and other programs do.

- Bitmaps of XBM, and of PCX by its palette: which of 0 and 1 is black. A PCX may lack its palette.
- TGA of 16 bits: the odd bit is alpha only where the header says so, and then 1 is opaque.
- BMP of 4 or 8 bits whose palette is grey: Pillow reads them as if they had 1 or 8.
- Pictures of Windows' formats whose alpha is zero everywhere are opaque.
"""

from __future__ import annotations

import io
import struct
from typing import Any, BinaryIO

from PIL import Image, ImageChops, ImageFile, ImagePalette

from edgecli.images.alpha import TAKEN_FOR_OPAQUE

# Formats that often have a byte for alpha which no program fills: see ``alpha.py``.
_OFTEN_UNUSED = {"BMP", "DIB", "ICO", "TGA"}
PCX_PALETTE = 1 + 3 * 256  # bytes: a marker, and 256 colours
_BLACK_AND_WHITE = bytes(3) + b"\xff\xff\xff"


def load(image: ImageFile.ImageFile, stream: BinaryIO, notes: list[str]) -> Image.Image:
    """Return an image with its pixels loaded; call it inside ``guarded``."""
    if before := _BEFORE.get(image.format or ""):
        place = stream.tell()
        stream.seek(0)
        before(image, stream.read(64))
        stream.seek(place)
    image.load()
    if image.format == "PCX" and image.mode == "L" and not _has_palette(stream):
        notes.append("lacks the palette at its end; its numbers are taken for greys")
    if image.format == "XBM":
        return ImageChops.invert(image)
    return _without_unused(image, notes) if image.format in _OFTEN_UNUSED else image


def _mend_pcx(image: ImageFile.ImageFile, head: bytes) -> None:
    colours = head[16:22]
    if image.mode != "1" or colours[:3] == colours[3:] or colours == _BLACK_AND_WHITE:
        return
    if colours == _BLACK_AND_WHITE[::-1]:
        _store_as(image, "1", "1;I")
    else:
        _store_as(image, "P", "P;1")
        image.palette = ImagePalette.raw("RGB", colours)


def _has_palette(stream: BinaryIO) -> bool:
    """Return whether a PCX of 8 bits ends in a palette, as one that was cut short does not."""
    place = stream.tell()
    stream.seek(-PCX_PALETTE, io.SEEK_END)
    marker = stream.read(1)
    stream.seek(place)
    return marker == b"\x0c"


def _mend_tga(image: ImageFile.ImageFile, head: bytes) -> None:
    is_transparent = head[17] & 15  # bits of alpha
    mode, raw = ("RGBA", "BGRA;15") if is_transparent else ("RGB", "BGR;15")
    if image.mode == "P" and image.palette and head[7] == 16:
        image.palette = ImagePalette.raw(raw, image.palette.palette)
        image.palette.mode = mode
    if image.mode == "RGBA" and head[16] == 16:
        _store_as(image, mode, raw)


def _mend_bmp(image: ImageFile.ImageFile, head: bytes) -> None:
    (size,) = struct.unpack_from("<I", head, 14)
    (bits,) = struct.unpack_from("<H", head, 24 if size == 12 else 28)
    if (image.mode, bits) in {("1", 1), ("L", 8)} or image.mode not in {"1", "L"}:
        return
    greys = (0, 255) if image.mode == "1" else range(1 << bits)
    raw = "P" if bits == 8 or image.tile[0].codec_name == "bmp_rle" else f"P;{bits}"
    _store_as(image, "P", raw)
    image.palette = ImagePalette.raw("RGB", b"".join(bytes(3 * (grey,)) for grey in greys))


def _store_as(image: ImageFile.ImageFile, mode: str, raw: str) -> None:
    """Say how the pixels are stored, in Pillow's terms."""
    (tile,) = image.tile
    arguments: Any = tile.args
    image._mode = mode
    image.tile = [tile._replace(args=(raw, *arguments[1:]))]


def _without_unused(image: Image.Image, notes: list[str]) -> Image.Image:
    """Return a picture without its alpha where that is zero everywhere."""
    if not image.has_transparency_data:
        return image
    full = image if image.mode in {"LA", "RGBA"} else image.convert("RGBA")
    if full.getchannel("A").getextrema() != (0, 0):
        return image
    notes.append(TAKEN_FOR_OPAQUE)
    return full.convert(full.mode[:-1])


_BEFORE = {"PCX": _mend_pcx, "TGA": _mend_tga, "BMP": _mend_bmp}
