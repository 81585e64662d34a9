"""From records to ``index.html``: a stream, of which a few images at a time are in memory."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Iterable
from math import prod
from typing import Any, BinaryIO

from edgecli.detect.outputs import make_folder
from edgecli.errors import OutputError
from edgecli.images.files import whole_file
from edgecli.pages.gallery import entries
from edgecli.pages.gallery.entries import Record
from edgecli.pages.gallery.page import MARK, template
from edgecli.pages.gallery.thumbs import Shrink, ThumbnailFolder, inline
from edgecli.pages.template import as_data
from edgecli.reports.tables import Row
from edgecli.rows.machine import cores
from edgecli.rows.workers import map_in_order

INLINE_AT_MOST = 60
"""Up to this many images the thumbnails are in the page itself: a few megabytes."""

DATA, END = '<script type="application/json" id="data-{}">', "</script>\n"
"""A script element that holds JSON and runs nothing."""

MOST_NAMED = 4  # filters that a title has room for

WORKERS = min(4, cores())


def check_gallery(folder: str) -> None:
    """Raise OutputError if the folder's ``index.html`` is somebody else's."""
    path = os.path.join(folder, "index.html")
    try:
        with open(path, "rb") as file:
            ours = MARK in file.read(4096)
    except OSError:
        return
    if not ours:
        raise OutputError(f"{path} is no gallery of edgecli; move it, or give another folder")


def write_gallery(folder: str, records: Iterable[Record]) -> str:
    """Write a page that shows a batch, and return its path ``folder/index.html``.

    Records are reports of single images (``edgecli.report/1``); ``error`` says why one failed,
    ``status`` ``skipped`` that it was done before. Up to INLINE_AT_MOST images the page is the only
    file; from there on thumbnails stand in ``folder/gallery/``. A picture that is gone or broken is
    shown as a blank. OutputError where files cannot be written.
    """
    check_gallery(folder)
    make_folder(folder)
    path = os.path.join(folder, "index.html")
    stream = iter(records)
    first = list(itertools.islice(stream, INLINE_AT_MOST + 1))
    files = ThumbnailFolder(folder)
    shrink = inline if len(first) <= INLINE_AT_MOST else files.shrink
    with whole_file(path) as file:
        _write_page(file, folder, _title(folder, first), itertools.chain(first, stream), shrink)
    files.sweep()
    return path


def _title(folder: str, records: Iterable[Record]) -> str:
    """Return the folder's name and those of the filters, as far as the first images tell them."""
    name = os.path.basename(os.path.abspath(folder)) or "edgecli"
    names = [*dict.fromkeys(itertools.chain.from_iterable(map(entries.filters_of, records)))]
    filters = ", ".join(names[:MOST_NAMED])
    if len(names) > MOST_NAMED:
        filters += f" and {len(names) - MOST_NAMED} more"
    return f"{name} · {filters}" if filters else name


def _write_page(
    file: BinaryIO, folder: str, title: str, records: Iterable[Record], shrink: Shrink
) -> None:
    before, after = template(title)
    totals: Counter[str] = Counter()
    common: dict[Row, int] = {}

    def shrunk(record: Record) -> tuple[Record, list[dict[str, Any]]]:
        return record, entries.pictures_of(record, folder, shrink)

    file.write(f"{before}{DATA.format('records')}[".encode())
    made = map_in_order(shrunk, ((record,) for record in records), WORKERS)
    for number, (record, pictures) in enumerate(made):
        _count(totals, record)
        entry = _entry(record, pictures, common)
        file.write(f"{',' if number else ''}\n{as_data(entry)}".encode())
    file.write(f"\n]{END}".encode())
    for name, value in (("facts", list(common)), ("totals", totals)):
        file.write(f"{DATA.format(name)}{as_data(value)}{END}".encode())
    file.write(after.encode())


def _entry(
    record: Record, pictures: list[dict[str, Any]], common: dict[Row, int]
) -> dict[str, Any]:
    """Return what the page knows of an image; facts that images share are numbered in common."""
    parent, name = os.path.split(entries.path_of(record.get("input")))
    shared, own = entries.facts_of(record)
    entry: dict[str, Any] = {
        "name": entries.readable(name) or "(no name)",
        "folder": entries.readable(parent and os.path.join(parent, "")),
        "status": entries.status_of(record),
        "shape": entries.shape_of(record),
        "input": pictures[0],
        "outputs": pictures[1:],
        "facts": [*(common.setdefault(fact, len(common)) for fact in shared), *own],
    }
    if "error" in record:
        entry["error"] = entries.readable(record["error"])
    return entry


def _count(totals: Counter[str], record: Record) -> None:
    """Add an image to the totals; what is not a number counts as nothing."""
    totals[entries.status_of(record)] += 1
    totals["pixels"] += prod(entries.shape_of(record) or [0])
    macs = record.get("macs")
    totals["macs"] += macs if isinstance(macs, int) else 0
