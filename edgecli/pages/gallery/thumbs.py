"""Thumbnails of a gallery: within the page, or as files beside it that later runs use again."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from edgecli.errors import ImageError
from edgecli.images.files import whole_file
from edgecli.images.thumbnails import thumbnail
from edgecli.records import dataclass, field

FOLDER = "gallery"
MAX_PIXELS = 2**31

_SHARD = "[0-9a-f][0-9a-f]"
_NAME = re.compile(r"thumb-[0-9a-f]{16}\.(jpg|png)")

Shrink = Callable[[str], str | None]
"""From a file's path to the address of its thumbnail; None where it cannot be read."""


def inline(path: str) -> str | None:
    """Return a thumbnail as a ``data:`` address."""
    try:
        encoded = thumbnail(path, max_pixels=MAX_PIXELS)
    except ImageError:
        return None
    return f"data:{_kind(encoded)[1]};base64,{base64.b64encode(encoded).decode()}"


@dataclass(frozen=True)
class ThumbnailFolder:
    """Thumbnails as files ``gallery/ab/thumb-….jpg``, named by what they were made from.

    A file's place, size and time make the name, so that a later run finds the thumbnail of a file
    that has not changed. Safe on several threads.
    """

    folder: str
    _kept: set[str] = field(default_factory=set)

    def shrink(self, path: str) -> str | None:
        """Return the address of a file's thumbnail, made now or by an earlier run."""
        try:
            stem = self._stem(path)
        except (OSError, ValueError):
            return None
        for name in (f"{stem}.jpg", f"{stem}.png"):
            if os.path.exists(os.path.join(self.folder, name)):
                return self._keep(name)
        try:
            encoded = thumbnail(path, max_pixels=MAX_PIXELS)
        except ImageError:
            return None
        name = stem + _kind(encoded)[0]
        place = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with whole_file(place) as file:
            file.write(encoded)
        return self._keep(name)

    def _stem(self, path: str) -> str:
        stat = os.stat(path)
        place = os.fsencode(os.path.abspath(path))
        made_from = b"%s\0%d\0%d" % (place, stat.st_size, stat.st_mtime_ns)
        digest = hashlib.sha256(made_from).hexdigest()
        return f"{FOLDER}/{digest[:2]}/thumb-{digest[2:18]}"

    def _keep(self, name: str) -> str:
        self._kept.add(name)
        return name

    def sweep(self) -> None:
        """Remove thumbnails of earlier runs that the page no longer shows."""
        place = Path(self.folder, FOLDER)
        found = {path for path in place.glob(f"{_SHARD}/*") if _NAME.fullmatch(path.name)}
        for path in found - {Path(self.folder, name) for name in self._kept}:
            with suppress(OSError):
                path.unlink()
        for folder in (*place.glob(_SHARD), place):
            with suppress(OSError):  # it holds others
                folder.rmdir()


def _kind(encoded: bytes) -> tuple[str, str]:
    """Return extension and media type."""
    return (".png", "image/png") if encoded.startswith(b"\x89PNG") else (".jpg", "image/jpeg")
