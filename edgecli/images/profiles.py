"""ICC profiles, which say what colours numbers are: kept with colours, never looked into.

"ICC 7.2" cites ICC.1:2022.
"""

from __future__ import annotations

import zlib

from edgecli.images import Shape

_LARGEST = 1 << 22  # bytes; profiles of displays and cameras have thousands
_HEADER = 128


def rgb_profile(data: object) -> bytes | None:
    """Return a profile if it is one of red, green and blue (ICC 7.2), which pixels are here.

    >>> rgb_profile(b"1" * 128), rgb_profile(None)
    (None, None)
    """
    if not isinstance(data, bytes) or not _HEADER <= len(data) <= _LARGEST:
        return None
    return data if data[16:20] == b"RGB " and data[36:40] == b"acsp" else None


def profile_of_png(chunk: bytes) -> bytes | None:
    """Return the profile in an iCCP chunk (PNG 11.3.2.3), if it is one of red, green and blue."""
    _, _, packed = chunk.partition(b"\0")
    try:
        return rgb_profile(zlib.decompressobj().decompress(packed[1:], _LARGEST))
    except zlib.error:
        return None


def png_chunk_data(profile: bytes) -> bytes:
    """Return the data of an iCCP chunk."""
    return b"ICC profile\0\0" + zlib.compress(profile, 9)


def fitting(profile: bytes | None, shape: Shape) -> bytes | None:
    """Return a profile where an image has colours for it: grey has none."""
    return profile if shape[2] >= 3 else None
