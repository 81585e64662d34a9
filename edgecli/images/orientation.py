"""Images as their EXIF orientation means them to be seen."""

from __future__ import annotations

from edgecli.images.base import ArraySource, Source


def upright(source: Source) -> Source:
    """Turn an image as its EXIF orientation says; that needs the whole of it."""
    if source.info.orientation == 1:
        return source
    from edgecli.images.pillow import oriented

    (rows,) = source.blocks([(0, source.shape[0])])
    return ArraySource(oriented(rows, source.info.orientation), source.info)
