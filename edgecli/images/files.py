"""Files and standard streams: formats recognised by content, files written whole or not at all."""

from __future__ import annotations

import errno
import io
import os
import shlex
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from edgecli.errors import ImageError, OutputError, system_says
from edgecli.images import readers
from edgecli.images.colour import to_volume
from edgecli.images.pipes import Pipe, peek
from edgecli.images.readers import HEAD, Opened, read_images
from edgecli.images.sources import Told, upright
from edgecli.images.world_files import names_beside, placed_beside
from edgecli.images.zarr.store import is_store
from edgecli.rows.base import ImageInfo, Rows, Source

MAY_BE_FLOATS = (".tif", ".tiff", ".npy", ".npz", ".pfm", ".zarr")
"""How files of samples that may be floats are named."""

_TEXT_NAMES = (".csv", ".tsv", ".txt")


def open_images(
    path: str,
    *,
    max_pixels: int,
    grey: bool = False,
    all_frames: bool = False,
    page: int | None = None,
    threads: int | None = None,
    unread: bool = False,
) -> Iterator[Source]:
    """Yield the images of a file, or of standard input for ``-``, recognised by content.

    Streams of images yield them all; animations and files of pages only their first, unless
    ``all_frames``; or of all these the ``page``, counted from 1. ``grey`` lets a decoder skip the
    colours; ``threads`` is how many of them may decode, by default one for each core.
    Where pixels are to stay ``unread``, some are not even decoded. Each source must be read before
    the next is asked for. A folder that is a store of Zarr is an image, too.
    Raises ImageError.
    """
    if is_store(path):
        from edgecli.images.zarr.reading import read_store  # for those who have one

        store = read_store(path, max_pixels=max_pixels, all_frames=all_frames, page=page)
        yield from _placed(store, path)
        return
    with _open_input(path) as (head, stream):
        if not head:
            raise ImageError(f"image {path} is empty; give a file with an image in it")
        wanted = (max_pixels, grey, all_frames, page)
        opened = Opened(head, stream, path, *wanted, threads=threads, unread=unread)
        images = _placed(read_images(opened), path)
        if path != "-" and os.path.isfile(f"{path}.msk"):
            images = _masked(images, f"{path}.msk", max_pixels)
        yield from images


def _placed(images: Iterator[Source], path: str) -> Iterator[Source]:
    """Return images with their places on a map, if files beside theirs say where they lie."""
    is_placed = path != "-" and any(map(os.path.exists, names_beside(path)))
    return map(_on_map, images) if is_placed else images


def _on_map(source: Source) -> Source:
    """Return an image with the place that files beside it say, if they do."""
    place, notes = placed_beside(source.info.place, source.info.path)
    source.info.notes.extend(notes)
    return source if place == source.info.place or place is None else Told(source, place=place)


def _masked(images: Iterator[Source], path: str, max_pixels: int) -> Iterator[Source]:
    """Yield images, the first with the mask that GDAL has written beside its file."""
    masks = open_images(path, max_pixels=max_pixels)  # holds the file open
    with closing(next(masks)) as mask:
        for image in images:
            yield image if image.info.frame else Told(image, mask=mask)


def read_mask(
    path: str, *, max_pixels: int, auto_orient: bool = True
) -> tuple[NDArray[np.bool_], ImageInfo]:
    """Return the pixels ``(H, W)`` of an image that are at least half as bright as its brightest.

    Of an image of nothing but zeros that is none. It is turned as its EXIF says, like the images
    that it is for, unless ``auto_orient`` is off. With it comes what its file says. Raises
    ImageError.
    """
    images = open_images(path, max_pixels=max_pixels, grey=True)  # holds the file open
    with closing(next(images)) as image:
        source = upright(image) if auto_orient else image
        (rows,) = source.blocks([(0, source.shape[0])])
    return bright_pixels(rows), source.info


def bright_pixels(rows: Rows) -> NDArray[np.bool_]:
    """Return the pixels ``(H, W)`` of rows that are at least half as bright as the brightest.

    >>> bright_pixels(np.uint8([[[0], [99], [100], [200]]])).tolist()
    [[False, False, True, True]]
    """
    luma = to_volume(rows, "gray", (0, 0, 0))[0].astype(np.float64)
    inside: NDArray[np.bool_] = (luma > 0) & (2 * luma >= luma.max())
    return inside


def is_grid(path: str) -> bool:
    """Return whether a file or standard input, of which nothing is taken, is a grid of numbers."""
    with suppress(OSError, ValueError):
        if path == "-":
            return readers.is_grid(_ahead(sys.stdin.buffer))
        if os.path.isfile(path):
            with open(path, "rb") as file:
                return readers.is_grid(file.read(HEAD))
    return is_named_as_grid(path)  # another pipe, or a file that cannot be read


def may_be_floats(path: str) -> bool:
    """Return whether a file or a store is of a format whose samples may be floats."""
    if os.path.isfile(path):
        with suppress(OSError), open(path, "rb") as file:
            return readers.may_be_floats(file.read(HEAD))
    return is_store(path)


def is_decoded_late(path: str) -> bool:
    """Return whether a file's image can be planned in little memory: little is decoded for that."""
    with suppress(OSError), open(path, "rb") as file:
        return readers.is_decoded_late(file.read(HEAD))
    return False


def is_named_as_grid(path: str) -> bool:
    """Return whether a file is named as grids of numbers are."""
    return path.lower().endswith(_TEXT_NAMES)


def _ahead(stream: BinaryIO) -> bytes:
    """Return a stream's first bytes without taking them; none if it cannot look ahead."""
    if stream.seekable():
        head = stream.read(HEAD)
        stream.seek(-len(head), os.SEEK_CUR)
        return head
    return stream.peek(HEAD)[:HEAD] if isinstance(stream, io.BufferedReader) else b""


def has_more_now(path: str) -> bool:
    """Return whether an input's next bytes, or its end, are there: a live pipe makes one wait."""
    if path == "-":
        with suppress(OSError, ValueError):  # Windows knows it of sockets alone
            from select import select  # few read what never ends

            return bool(select([sys.stdin.buffer], [], [], 0)[0])
    return True


def _with_head(file: BinaryIO) -> tuple[bytes, BinaryIO]:
    """Return the first bytes of a file or pipe, and a stream that begins with them."""
    stream = file if file.seekable() else cast(BinaryIO, Pipe(file))
    return peek(stream, HEAD), stream


@contextmanager
def _open_input(path: str) -> Iterator[tuple[bytes, BinaryIO]]:
    try:
        if path == "-":
            yield _with_head(sys.stdin.buffer)
            return
        with open(path, "rb") as file:
            yield _with_head(file)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def unreadable(path: str, error: Exception) -> ImageError:
    """Return the error of an image that the system does not let us read.

    >>> print(unreadable("a.png", FileNotFoundError()))
    image a.png does not exist; check the name
    """
    match error:
        case FileNotFoundError() if "://" in path:
            fetched = f"curl -sL {shlex.quote(path)} | edgecli detect - -o edges.png"
            return ImageError(f"image {path} is an address and no file; give its bytes: {fetched}")
        case FileNotFoundError() if _is_pattern(path):
            command = f"edgecli batch {shlex.quote(path)} -o edges"
            return ImageError(
                f"image {path} is a pattern and no file; for all of it type: {command}"
            )
        case FileNotFoundError():
            return ImageError(f"image {path} does not exist; check the name")
        case OSError() if os.path.isdir(path):  # Windows takes it for one that may not be read
            return ImageError(f"{path} is a folder; give an image in it")
        case PermissionError():
            return ImageError(f"image {path} may not be read; check its permissions")
        case _:
            reason = system_says(error) if isinstance(error, OSError) else error
            return ImageError(f"image {path} cannot be read: {reason}")


def _is_pattern(path: str) -> bool:
    """Return whether files are called as a name says that no shell has filled in."""
    import glob  # for files that are missing

    return glob.has_magic(path) and any(glob.iglob(path))


@contextmanager
def whole_file(path: str) -> Iterator[BinaryIO]:
    """Open a file that appears under its name only once everything is written.

    The bytes go to a temporary file beside it, ``.NAME.XXXXXXXX.edgecli-tmp``, which at the
    end replaces an older file and keeps its permissions, or is removed if anything fails. Devices,
    pipes and standard output, ``-``, are written to directly. Raises OutputError.
    """
    if path == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with _refusals_of(path):
        if is_device(path):
            with open(path, "wb") as file:
                yield file
            return
        with _temporary_beside(os.path.realpath(path)) as file:
            yield file


@contextmanager
def whole_store(path: str) -> Iterator[str]:
    """Make a folder for a Zarr store, which appears under its name only once all is in it.

    It is made beside, as ``.NAME.XXXXXXXX.edgecli-tmp``, and at the end takes the place of an older
    store, or is removed if anything fails. Nothing else is ever replaced. Raises OutputError.
    """
    with _refusals_of(path):
        target = os.path.realpath(path)
        if os.path.lexists(target) and not is_store(target):
            raise OutputError(f"{path} is there, and no Zarr store; give another name")
        temporary = _temporary_name(target)
        os.mkdir(temporary)
        try:
            yield temporary
            _take_the_place(temporary, target)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def _take_the_place(fresh: str, target: str) -> None:
    """Give a folder the name of another, if that is there, which is removed."""
    if not os.path.exists(target):
        os.replace(fresh, target)
        return
    old = _temporary_name(target)  # a folder that holds anything cannot be replaced in one step
    os.replace(target, old)
    try:
        os.replace(fresh, target)
    except BaseException:
        os.replace(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def is_device(path: str) -> bool:
    """Return whether a path is a pipe, a device or a folder.

    The real path of a pipe such as ``/dev/stdout`` names nothing that could be opened.
    """
    return os.path.exists(path) and not os.path.isfile(path)


def check_place(path: str) -> None:
    """Raise OutputError where ``whole_file`` could not begin; call it before long work."""
    with _refusals_of(path):
        if os.path.isdir(path):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not is_device(path):
            temporary = _temporary_name(os.path.realpath(path))
            open(temporary, "xb").close()
            os.unlink(temporary)


@contextmanager
def _refusals_of(path: str) -> Iterator[None]:
    """Raise the system's errors as OutputError, except those of a pipe whose reader has gone."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = f"{system_says(error)}; nothing was changed"
        raise OutputError(f"{path} cannot be written: {reason}") from error


def _temporary_name(target: str) -> str:
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name[:50]}.{os.urandom(4).hex()}.edgecli-tmp")


@contextmanager
def _temporary_beside(target: str) -> Iterator[BinaryIO]:
    temporary = _temporary_name(target)
    try:
        with open(temporary, "xb") as file:
            yield file
        if os.path.exists(target):
            os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
        os.replace(temporary, target)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
