"""Thumbnails of a gallery: within the page, or as files beside it that later runs use again."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from edgecli.detect.outputs import make_folder
from edgecli.errors import ImageError
from edgecli.images.files import whole_file
from edgecli.images.thumbnails import thumbnail
from edgecli.records import dataclass, field

FOLDER = "gallery"
MAX_PIXELS = 2**31

Shrink = Callable[[str, bool], str]
"""From a file's path to the address of its thumbnail; an error of UNREADABLE where it has none.

The other argument says whether it is a map of lines, none of which must be lost.
"""

UNREADABLE = (ImageError, OSError, ValueError)


def inline(path: str, lines: bool) -> str:
    """Return a thumbnail as a ``data:`` address."""
    encoded = thumbnail(path, max_pixels=MAX_PIXELS, lines=lines)
    return f"data:image/{_kind(encoded)};base64,{base64.b64encode(encoded).decode()}"


def _kind(encoded: bytes) -> str:
    return "png" if encoded.startswith(b"\x89PNG") else "jpeg"


@dataclass(frozen=True)
class ThumbnailFolder:
    """Thumbnails as files ``gallery/ab/thumb-….jpeg``, named by what they were made from.

    A file's place, size and time make the name, so that a later run finds the thumbnail of a file
    that has not changed. Safe on several threads.
    """

    folder: str
    _kept: set[str] = field(default_factory=set)

    def shrink(self, path: str, lines: bool) -> str:
        """Return the address of a file's thumbnail, made now or by an earlier run."""
        stem = _stem(path, lines)
        names = (f"{stem}.jpeg", f"{stem}.png")
        there = (name for name in names if os.path.exists(os.path.join(self.folder, name)))
        name = next(there, None) or self._make(path, stem, lines)
        self._kept.add(name)
        return name

    def _make(self, path: str, stem: str, lines: bool) -> str:
        encoded = thumbnail(path, max_pixels=MAX_PIXELS, lines=lines)
        name = f"{stem}.{_kind(encoded)}"
        place = os.path.join(self.folder, name)
        make_folder(os.path.dirname(place))
        with whole_file(place) as file:
            file.write(encoded)
        return name

    def sweep(self) -> None:
        """Remove thumbnails of earlier runs that the page no longer shows."""
        place = Path(self.folder, FOLDER)
        kept = {Path(self.folder, name) for name in self._kept}
        for path in {*place.glob(f"??/thumb-{'?' * 16}.*")} - kept:
            with suppress(OSError):
                path.unlink()
        for folder in (*place.glob("??"), place):
            with suppress(OSError):  # it holds others
                folder.rmdir()


def _stem(path: str, lines: bool) -> str:
    stat = os.stat(path)
    place = os.fsencode(os.path.abspath(path))
    made_from = b"%s\0%d\0%d\0%d" % (place, stat.st_size, stat.st_mtime_ns, lines)
    digest = hashlib.sha256(made_from).hexdigest()
    return f"{FOLDER}/{digest[:2]}/thumb-{digest[2:18]}"
