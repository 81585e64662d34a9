"""A page in one file: a template, one style and one script, allowed by their hashes."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Any


def page_around(
    package: str, name: str, scripts: Sequence[str], title: str, images: str
) -> tuple[str, str]:
    """Return a page before and after its data, of the files ``name.html`` and ``name.css``.

    Its policy allows its own style and script, pictures from ``images``, and nothing else: no
    request can leave it, and nothing that a file's name injected could run.
    """
    style = _read(package, f"{name}.css")
    script = "\n".join(_read(package, each) for each in scripts)
    script = f'"use strict";\n(() => {{\n{script}}})();\n'
    policy = (
        f"default-src 'none'; img-src {images}; style-src {_source(style)}; "
        f"script-src {_source(script)}; base-uri 'none'; form-action 'none'"
    )
    before, after = map(Template, _read(package, f"{name}.html").split("$data"))
    return (
        before.substitute(policy=policy, title=escape(title), style=style),
        after.substitute(script=script),
    )


def data_element(name: str, value: Any) -> str:
    """Return a script element that holds JSON and runs nothing."""
    return f'<script type="application/json" id="data-{name}">{as_data(value)}</script>\n'


def as_data(value: Any) -> str:
    r"""Return JSON in ASCII that no HTML parser takes for the end of the script.

    >>> as_data("</script><!--")
    '"\\u003c/script>\\u003c!--"'
    """
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _read(package: str, name: str) -> str:
    return (files(package) / name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
