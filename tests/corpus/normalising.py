"""What differs from run to run is taken out of texts: times, rates, versions, where the run was."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

CHANGING = (
    (r'("(?:engine\.)?seconds": )[0-9.e-]+', r"\1…"),
    (r"[0-9]+\.[0-9] ms", "… ms"),
    (r"(?m)^(\| )?(time|speed)( \| | +)[0-9].*", r"\1\2 …"),
    (r"(?m)^(\| (?:engine\.)?seconds \| ).*", r"\1…"),
    (r'("mtime(?:_ns)?": )[0-9.e+-]+', r"\1…"),
    (r"\bedgecli [0-9]+(\.[0-9]+)+(?= (detect|network)\b)", "edgecli …"),
)
"""Patterns of reports, and what is put in their place."""

_JOURNAL_LINE = re.compile(r'\{"input": "[^"]*", "size": [0-9]+, ')


def normalised(data: bytes, folder: Path) -> bytes:
    """Return a text without times and without the name of the folder; other bytes as they are."""
    text = as_text(data)
    if text is None:
        return data
    for place in (folder.resolve(), folder):
        text = text.replace(str(place), "<folder>")
    for pattern, constant in CHANGING:
        text = re.sub(pattern, constant, text)
    shape = _JOURNAL_LINE.match(text)
    return (_journal(text) if shape else _without_times_in_columns(text)).encode()


def _journal(text: str) -> str:
    """Number the hashes of settings, and order the lines, which are in the order of the work.

    What is hashed says nothing of a command; whether two hashes are the same does.
    """
    hashes = dict.fromkeys(re.findall(r'"settings": "([0-9a-f]{64})"', text))
    for number, digest in enumerate(hashes, start=1):
        text = text.replace(digest, f"settings {number}")
    return "".join(sorted(text.splitlines(keepends=True)))


def as_text(data: bytes) -> str | None:
    """Return bytes as text, None where they are none."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _without_times_in_columns(text: str) -> str:
    """Replace what stands under a heading of seconds, in every table of a report in CSV."""
    first, _, _ = text.partition("\n")
    if not re.search(r"(?:^|[,.])seconds(?:,|$)", first):
        return text
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    timed: list[int] = []
    for row in csv.reader(io.StringIO(text)):
        if headings := [n for n, cell in enumerate(row) if cell.split(".")[-1] == "seconds"]:
            timed = headings
        elif len(row) > max(timed):
            row[:] = ["…" if n in timed and cell else cell for n, cell in enumerate(row)]
        writer.writerow(row)
    return out.getvalue()
