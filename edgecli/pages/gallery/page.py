"""The page around the data of a gallery."""

from __future__ import annotations

from edgecli.pages.gallery.entries import readable
from edgecli.pages.template import page_around

SCRIPTS = ("records.js", "grid.js", "compare.js", "detail.js", "page.js")
MARK = b'<meta name="generator" content="edgecli gallery">'
"""What tells a page that may be written over."""


def template(title: str) -> tuple[str, str]:
    """Return the page before and after its data; its pictures come from its folder."""
    images = "'self' data: file:"
    return page_around("edgecli.pages.gallery", "gallery", SCRIPTS, readable(title), images)
