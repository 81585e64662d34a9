"""How often libjpeg warned of corrupt data while Pillow decoded a JPEG.

libjpeg goes on over corrupt data, fills gaps with grey and warns; Pillow has it count the warnings
and tells nobody. The count stays in the memory of Pillow's decoder for as long as the decoder
lives, so it is read there: no second decoding, which would take three quarters of the first one's
time. Where Pillow keeps its structures in another way than is known here, nothing is read.

Sources: ``struct jpeg_error_mgr`` of libjpeg's jpeglib.h, part of its binary interface since 6b;
``ImagingDecoderObject`` in decode.c, ``ImagingCodecStateInstance`` in Imaging.h and ``JPEGSTATE``
in Jpeg.h of Pillow 12.2 and 13.0.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any, cast

from PIL import Image, ImageFile

_OBJECT = object.__basicsize__  # what every Python object begins with
_CONTEXT_AT = {120: 80, 128: 88}
"""Where a decoder points to its JPEGSTATE, by the size of the decoder, both without _OBJECT."""
_WORDS = 8  # of a JPEGSTATE, among which its libjpeg object begins
_REACH = 4096  # bytes within which a JPEGSTATE keeps the rest of its own

_CODEC = "edgecli-jpeg"  # Pillow's JPEG decoder, under a name of ours


class _ErrorManager(ctypes.Structure):
    _fields_ = (
        ("routines", ctypes.c_void_p * 5),
        ("code", ctypes.c_int),
        ("parameters", ctypes.c_char * 80),
        ("trace_level", ctypes.c_int),
        ("warnings", ctypes.c_long),
        ("messages", ctypes.c_void_p),
        ("last_message", ctypes.c_int),
    )


def watch(image: ImageFile.ImageFile) -> Callable[[], int | None]:
    """Watch the decoding of a JPEG that is about to be loaded; the result counts its warnings.

    The count is None where it cannot be read, and for other formats. The data are decoded in one
    piece: libjpeg sees bytes too many only before a marker that it is given with them.
    """
    decoders: list[Any] = []
    if [tile.codec_name for tile in image.tile] == ["jpeg"]:
        Image.DECODERS[_CODEC] = _kept_decoder  # type: ignore[assignment]
        (tile,) = image.tile
        arguments = decoders, *cast(tuple[str, str], tile.args)
        image.tile = [tile._replace(codec_name=_CODEC, args=arguments)]
        image.decodermaxblock = -1  # all that is left
    return lambda: _warnings(decoders[0]) if decoders else None


def _kept_decoder(mode: str, decoders: list[Any], *arguments: Any) -> Any:
    decoders.append(cast(Any, Image).core.jpeg_decoder(mode, *arguments))
    return decoders[0]


def _warnings(decoder: Any) -> int | None:
    """Read the count of warnings in a decoder that has finished, if it is where it should be."""
    size = type(decoder).__basicsize__ - _OBJECT
    if sys.implementation.name != "cpython" or size not in _CONTEXT_AT:
        return None
    context = ctypes.c_void_p.from_address(id(decoder) + _OBJECT + _CONTEXT_AT[size]).value or 0
    for word in (ctypes.c_void_p * _WORDS).from_address(context) if context else ():
        # a libjpeg object begins with the address of its error manager, here in the same context
        if word and context < word < context + _REACH:
            manager = _ErrorManager.from_address(word)
            plausible = manager.messages and 100 < manager.last_message < 200
            return int(manager.warnings) if plausible else None
    return None
