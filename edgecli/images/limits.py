"""The limit of an image's pixels, and the name of an image in errors and notes."""

from __future__ import annotations

from edgecli.errors import ImageError, TooLargeError
from edgecli.rows.base import ImageInfo

DEEP_FRAMES = "has more frames than the one taken, of 16-bit colours, which are not composed here"
MORE_FRAMES = "has more frames than the one taken; --page N takes another, --all-frames them all"
"""The note on the first picture of an animation, where it alone was asked for."""


def image_name(path: str, frame: int) -> str:
    """Return the name of a frame or page, numbered from 0, for errors."""
    return f"{frame + 1} of {path}" if frame else path


def note_lines(info: ImageInfo) -> list[str]:
    """Return an image's notes as lines, each once.

    >>> note_lines(ImageInfo("a.jpg", "JPEG", (1, 1, 3), "uint8", notes=["lacks its end marker"]))
    ['image a.jpg lacks its end marker']
    """
    name = image_name(info.path, info.frame)
    return [f"image {name} {note}" for note in dict.fromkeys(info.notes)]


def no_such_page(path: str, page: int, count: int) -> ImageError:
    """Return the error of a page beyond the last.

    >>> print(no_such_page("a.gif", 9, 3))
    image a.gif has 3 pages or frames, and none is number 9; give --page 1 to 3
    """
    if count == 1:
        return ImageError(f"image {path} has no page {page}, but is a single image; drop --page")
    return ImageError(
        f"image {path} has {count:,} pages or frames, and none is number {page}; "
        f"give --page 1 to {count}"
    )


def check_pixels(name: str, pixels: int, limit: int) -> None:
    """Raise TooLargeError for an image of more pixels than the limit."""
    if pixels > limit:
        raise too_large(name, pixels, limit)


def too_large(name: str, pixels: int, limit: int) -> TooLargeError:
    """Return the error of an image of more pixels than the limit."""
    return TooLargeError(
        f"image {name} has {pixels:,} pixels, more than the limit {limit:,}; "
        "raise it with --max-pixels"
    )
