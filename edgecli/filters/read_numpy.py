"""Filters as NumPy arrays: NPY holds the weights, NPZ ``weight`` and optional ``bias``, ``names``.

Nothing is unpickled. Sizes are checked against the limit of weights, and against the bytes that are
there, before any array is made.
"""

from __future__ import annotations

import io
import lzma
import math
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import FilterError
from edgecli.filters.bank import LARGEST_WEIGHTS, FilterBank
from edgecli.filters.numpy_header import BROKEN_HEADER, read_header
from edgecli.filters.origin import Origin, build_bank, counted, quoted

_NUMBERS = "biuf"  # kinds of dtype: booleans, integers, floats
_TEXT = "U"
_MEMBERS = {"weight": _NUMBERS, "bias": _NUMBERS, "names": _TEXT}
_LARGEST_TEXT = 2**24  # bytes of all names

_BROKEN_ARCHIVE = (struct.error, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
# RuntimeError is an encrypted archive, or a header nested too deeply; one of its kinds,
# NotImplementedError, is an unknown compression.
BROKEN = (*BROKEN_HEADER, *_BROKEN_ARCHIVE, RuntimeError)
"""The errors that NumPy and zipfile raise on damaged bytes."""


def why_broken(error: Exception) -> str:
    """Return what is damaged; of a header Python's parser speaks to programmers alone.

    >>> why_broken(zipfile.BadZipFile("File is not a zip file"))
    'File is not a zip file'
    """
    if isinstance(error, BROKEN_HEADER):
        return "its header makes no sense"
    return str(error).partition("\n")[0][:80] or type(error).__name__


def read_npy(data: bytes, origin: Origin) -> FilterBank:
    """Read weights of 2, 3 or 4 dimensions."""
    with _translated(origin):
        weight = _read_array(io.BytesIO(data), len(data), "the array", _NUMBERS, origin)
    return build_bank(origin, weight)


def read_npz(data: bytes, origin: Origin) -> FilterBank:
    """Read the arrays ``weight``, ``bias`` and ``names``; any other is an error."""
    with _translated(origin), zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        if "weight" not in infos or not infos.keys() <= _MEMBERS.keys():
            held = ", ".join(map(quoted, list(infos)[:8])) or "nothing"
            raise origin.error(f"it holds {held}; save weight and, if any, bias and names")
        arrays = {name: _read_member(archive, info, origin) for name, info in infos.items()}
    names = np.atleast_1d(arrays["names"]).ravel().tolist() if "names" in arrays else None
    return build_bank(origin, arrays["weight"], arrays.get("bias"), names)


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, origin: Origin) -> NDArray[Any]:
    """Read one array; zipfile gives no more bytes than the archive's directory declares."""
    name = info.filename.removesuffix(".npy")
    with archive.open(info) as stream:
        array = _read_array(stream, info.file_size, quoted(name), _MEMBERS[name], origin)
        stream.read(1)  # the end of the data, where zipfile compares the checksum
    return array


def _read_array(
    stream: IO[bytes], size: int, what: str, kinds: str, origin: Origin
) -> NDArray[Any]:
    """Read an array of ``size`` bytes, header included, of those kinds of dtype."""
    shape, fortran, dtype = read_header(stream)
    if dtype.kind not in kinds or not dtype.itemsize:
        wanted = "text" if kinds == _TEXT else "numbers"
        raise origin.error(f"{what} holds {quoted(str(dtype))}; save {wanted} there")
    needed = math.prod(shape) * dtype.itemsize
    _check_limit(shape, needed, what, kinds, origin)
    left = size - stream.tell()
    if needed != left:
        raise origin.error(
            f"the header of {what} promises {counted(needed, 'byte')} and {left} follow; "
            "the file is cut or damaged, save it again"
        )
    data = np.frombuffer(stream.read(needed), dtype)
    return data.reshape(shape, order="F" if fortran else "C")


def _check_limit(
    shape: tuple[int, ...], needed: int, what: str, kinds: str, origin: Origin
) -> None:
    if min(shape, default=1) < 1:
        raise origin.error(f"{what} of shape {shape} is empty; save at least one number")
    if kinds == _TEXT and needed > _LARGEST_TEXT:
        raise origin.error(f"{what} takes {needed:,} bytes; the limit is {_LARGEST_TEXT:,}")
    if kinds == _NUMBERS and max(math.prod(shape), needed // 8) > LARGEST_WEIGHTS:
        raise origin.error(
            f"{what} of shape {quoted(str(shape))[1:-1]} exceeds the limit of 1 GiB "
            f"({LARGEST_WEIGHTS:,} weights); use fewer filters or a smaller kernel"
        )


@contextmanager
def _translated(origin: Origin) -> Iterator[None]:
    """Raise the errors of damaged bytes as FilterError."""
    try:
        yield
    except FilterError:
        raise
    except (*BROKEN, OSError) as error:
        reason = quoted(why_broken(error))
        raise origin.error(f"damaged or no NumPy file ({reason}); save it again") from error
