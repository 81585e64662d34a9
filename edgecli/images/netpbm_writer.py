"""PNM and PAM written as a stream: images follow one another in a file or pipe."""

from __future__ import annotations

from typing import IO, Any

import numpy as np

from edgecli.errors import OutputError
from edgecli.images.streams import StreamSink


class PnmSink(StreamSink):
    """One image written as PGM (1 channel), PPM (3) or PAM (2 and 4), of 8 or 16 bits.

    Raises OutputError where ``shape`` (height, width, channels) or ``dtype`` has no PNM form.
    """

    def __init__(self, file: IO[bytes], shape: tuple[int, int, int], dtype: np.dtype[Any]) -> None:
        super().__init__(file, dtype.newbyteorder(">"), _written_header(shape, dtype))


def _written_header(shape: tuple[int, int, int], dtype: np.dtype[Any]) -> bytes:
    H, W, C = shape
    if dtype not in (np.uint8, np.uint16) or not 1 <= C <= 4:
        known = "1 to 4 of uint8 or uint16 do"
        raise OutputError(f"{C} channels of {dtype} do not fit PNM, {known}; write NPY or TIFF")
    maxval = np.iinfo(dtype).max
    if C in (1, 3):
        return f"P{5 if C == 1 else 6}\n{W} {H}\n{maxval}\n".encode()
    fields = f"WIDTH {W}\nHEIGHT {H}\nDEPTH {C}\nMAXVAL {maxval}"
    return f"P7\n{fields}\nTUPLTYPE {'GRAYSCALE' if C == 2 else 'RGB'}_ALPHA\nENDHDR\n".encode()
