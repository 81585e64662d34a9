"""PNM and PAM written as a stream: images follow one another in a file or pipe."""

from __future__ import annotations

from typing import IO, Any

import numpy as np

from edgecli.errors import OutputError
from edgecli.images.base import Rows


class PnmSink:
    """One image written as PGM (1 channel), PPM (3) or PAM (2 and 4), of 8 or 16 bits.

    The header is written with the first rows, so that the next image of a stream may be encoded
    before this one is written; finish one before writing the next to the same file. ``dpi`` has no
    place in PNM and is not kept. Raises OutputError where ``shape`` (height, width, channels) or
    ``dtype`` has no PNM form; an OSError of the file is left to whoever opened it.
    """

    def __init__(
        self,
        file: IO[bytes],
        shape: tuple[int, int, int],
        dtype: np.dtype[Any],
        *,
        dpi: tuple[float, float] | None = None,
    ) -> None:
        del dpi
        self._file = file
        self._stored = dtype.newbyteorder(">")
        self._header = _written_header(shape, dtype)

    def encode(self, rows: Rows) -> memoryview:
        """Return the rows' bytes: their own memory where it already holds them, else a copy."""
        return np.ascontiguousarray(rows, self._stored).reshape(-1).view(np.uint8).data

    def write(self, encoded: memoryview) -> None:
        """Append what ``encode`` returned."""
        if self._header:
            self._file.write(self._header)
            self._header = b""
        self._file.write(encoded)

    def finish(self) -> None:
        """Hand on what the file still buffers, so that a pipe's reader sees the image."""
        self._file.flush()


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
