"""An image as it is looked at: its gaps told apart, upright, as small as asked."""

from __future__ import annotations

from edgecli.detect.settings import Settings
from edgecli.images.alpha import told_if_unseen
from edgecli.images.nodata import has_gaps, told_apart
from edgecli.images.sources import FloatCheck, upright
from edgecli.rows.base import Source


def looked_at(image: Source, settings: Settings) -> Source:
    """Return an image of which no data is told apart, turned upright, and resized."""
    refuse = settings.nan == "error"
    apart = told_apart(image, settings.nodata, settings.background, refuse=refuse)
    seen = upright(apart) if settings.auto_orient else apart
    if settings.resize is None:
        return seen
    from edgecli.images.resizing import resized  # for those who ask for it

    if refuse and seen.dtype.kind == "f":
        seen = FloatCheck(seen, refuse=True)  # before means are without it
    return resized(seen, settings.resize)


def as_seen(image: Source, settings: Settings) -> Source:
    """Return an image as it is looked at, with a note where nothing is seen of it."""
    seen = looked_at(image, settings)
    return seen if has_gaps(seen) else told_if_unseen(seen, settings.background)
