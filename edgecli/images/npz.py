"""NPZ archives as images: the first array that can be one."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple, cast

from edgecli.errors import ImageError
from edgecli.filters.numpy_header import read_header
from edgecli.filters.read_numpy import BROKEN, why_broken
from edgecli.images.npy import pages_of, read_array
from edgecli.images.streams import ForwardReader
from edgecli.rows.base import Source

_SUFFIX = ".npy"
_MOST_LOOKED_AT = 1000  # arrays of an archive that are looked at to find an image
_OTHER_ARCHIVES = {
    "xl/": "is an Excel workbook; save the sheet as CSV",
    "word/": "is a Word document; save its picture as a file of its own",
    "": "is a zip archive without arrays of NumPy; give an image out of it",
}
"""What to do about other archives, by how the name of a member begins."""


class _Array(NamedTuple):
    """An array of an archive: its name, its shape, and the pages that it can be read as, or 0."""

    name: str
    shape: tuple[int, ...]
    pages: int


def read_npz(
    file: BinaryIO, path: str, *, max_pixels: int, all_frames: bool = False
) -> Iterator[Source]:
    """Yield the pages of the first array that ``read_npy`` would read; of one page, if there is.

    A note tells what else there is. Rows are streamed out of the archive; a pipe is held whole.
    Nothing is unpickled. Raises ImageError.
    """
    reader = ForwardReader(file, path)
    with _translated(reader):
        archive = zipfile.ZipFile(file if file.seekable() else io.BytesIO(reader.read()))
        names = [name for name in archive.namelist() if name.endswith(_SUFFIX)]
        if not names:
            raise reader.error(_other_archive(archive.namelist()))
        arrays = [_look(archive, name) for name in names[:_MOST_LOOKED_AT]]
        images = sorted((one for one in arrays if one.pages), key=lambda one: one.pages > 1)
        taken = images[0] if images else None
        if taken is None:
            raise reader.error(f"holds no image, but {_listed(arrays)}; save one as (H, W)")
        member = _MemberReader(cast(BinaryIO, archive.open(taken.name + _SUFFIX)), path)
    left = [array for array in arrays if array is not taken]
    note = f"holds {len(names)} arrays; {taken.name[:40]!r} is taken, not {_listed(left)}"
    with _translated(reader):
        pages = read_array(member, "NPZ", None, max_pixels=max_pixels, all_frames=all_frames)
        for source in pages:
            if left and not source.info.frame:
                source.info.notes.append(note)
            yield source


def _look(archive: zipfile.ZipFile, member: str) -> _Array:
    with archive.open(member) as stream:
        shape, _, stored = read_header(stream)
    return _Array(member.removesuffix(_SUFFIX), shape, pages_of(shape, stored))


def _listed(arrays: list[_Array]) -> str:
    shown = [f"{array.name[:40]!r} {array.shape}" for array in arrays[:4]]
    return ", ".join(shown) + (", …" if len(arrays) > 4 else "")


def _other_archive(names: list[str]) -> str:
    return next(
        advice
        for begins, advice in _OTHER_ARCHIVES.items()
        if not begins or any(name.startswith(begins) for name in names)
    )


class _MemberReader(ForwardReader):
    """An array inside an archive, whose damage shows while it is read."""

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        with _translated(self), super()._translated_errors():
            yield


@contextmanager
def _translated(reader: ForwardReader) -> Iterator[None]:
    """Raise the errors of a damaged or encrypted archive as ImageError."""
    try:
        yield
    except ImageError:
        raise
    except BROKEN as error:
        raise reader.error(
            f"is no archive that can be read ({why_broken(error)}); save it with numpy.savez"
        ) from error
