"""The page around the data: a template, one style and one script, allowed by their hashes."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from edgecli.pages.gallery.entries import readable

SCRIPTS = ("records.js", "grid.js", "compare.js", "detail.js", "page.js")
MARK = b'<meta name="generator" content="edgecli gallery">'
"""What tells a page that may be written over."""


def template(title: str) -> tuple[str, str]:
    """Return the page before and after its data.

    Its policy allows its own style and script, pictures from its folder, and nothing else: no
    request can leave it, and nothing that a file's name injected could run.
    """
    style, script = _read("gallery.css"), "\n".join(_read(name) for name in SCRIPTS)
    script = f'"use strict";\n(() => {{\n{script}}})();\n'
    policy = (
        f"default-src 'none'; img-src 'self' data: file:; style-src {_source(style)}; "
        f"script-src {_source(script)}; base-uri 'none'; form-action 'none'"
    )
    told = escape(readable(title))
    before, after = map(Template, _read("gallery.html").split("$data"))
    return (
        before.substitute(policy=policy, title=told, style=style),
        after.substitute(script=script),
    )


def as_data(value: Any) -> str:
    r"""Return JSON in ASCII that no HTML parser takes for the end of the script.

    >>> as_data("</script><!--")
    '"\\u003c/script>\\u003c!--"'
    """
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _read(name: str) -> str:
    return (files("edgecli.pages.gallery") / name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
