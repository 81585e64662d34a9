"""The report of a batch: a line for each image as they come, then the totals."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from edgecli.batch.planning import Totals
from edgecli.images.files import whole_file
from edgecli.reports.formats import escaped, flatten

SCHEMA = "edgecli.batch/1"

Record = dict[str, Any]
Records = Callable[[], Iterable[Record]]
"""Gives the records of all images, as often as it is asked."""


def write_batch(records: Records, totals: Totals, format_: str, path: str | None) -> None:
    """Write the report of a batch to a file or standard output; OutputError where that fails.

    Records are taken one at a time, so that memory does not grow with their number. A table is of
    the totals alone.
    """
    lines = FORMATS[format_](records, totals)
    if path is None:
        sys.stdout.writelines(lines)
        return
    with whole_file(path) as file:
        file.writelines(line.encode(errors="backslashreplace") for line in lines)


def total_facts(totals: Totals) -> dict[str, Any]:
    """Return the totals as JSON holds them."""
    return {
        "schema": SCHEMA,
        "done": totals.done,
        "failed": totals.failed,
        "skipped": totals.skipped,
        "pixels": totals.pixels,
        "seconds": round(totals.seconds, 3),
    }


def _as_json(records: Records, totals: Totals) -> Iterator[str]:
    for record in records():
        yield json.dumps(record) + "\n"
    yield json.dumps(total_facts(totals)) + "\n"


class _Line:
    """A file that keeps the line that was written to it last."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text = text


def _as_csv(records: Records, totals: Totals) -> Iterator[str]:
    """Yield a row for each image, and one whose status is ``total``; columns as all images need."""
    last = {"status": "total"} | {k: v for k, v in total_facts(totals).items() if k != "schema"}
    columns = dict.fromkeys(["status", "input.path", "error"])
    for record in records():
        columns |= dict.fromkeys(dict(flatten(record)))
    columns |= dict.fromkeys(last)
    line = _Line()
    writer = csv.DictWriter(line, [*columns], lineterminator="\n", restval="")
    writer.writeheader()
    yield line.text
    for record in records():
        writer.writerow(dict(flatten(record)))
        yield line.text
    writer.writerow(last)
    yield line.text


def _as_markdown(records: Records, totals: Totals) -> Iterator[str]:
    yield "| image | status | shape | edge maps | clipped |\n|---|---|---|---|---:|\n"
    for record in records():
        cells = (escaped(cell) for cell in _row(record))
        yield f"| {' | '.join(cells)} |\n"
    yield "\n| total | |\n|---|---:|\n"
    for label, value in total_rows(totals):
        yield f"| {label} | {value} |\n"


def _row(record: Record) -> tuple[str, str, str, str, str]:
    path, status = record["input"]["path"], record["status"]
    if status == "failed":
        return path, f"failed: {record['error']}", "", "", ""
    shape = "×".join(map(str, record["input"]["shape"]))
    outputs = record["outputs"] if "outputs" in record else [record["output"]]
    clipped = [f"{o['clipped_fraction']:.2%}" for o in outputs if "clipped_fraction" in o]
    return path, status, shape, ", ".join(o["path"] for o in outputs), ", ".join(clipped)


def _as_table(records: Records, totals: Totals) -> Iterator[str]:
    del records
    rows = total_rows(totals)
    width = max(len(label) for label, _ in rows)
    for label, value in rows:
        yield f"{label.ljust(width)}  {value}\n"


def total_rows(totals: Totals) -> list[tuple[str, str]]:
    """Return the totals as labels and texts for people."""
    rows = [("done", f"{totals.done:,}")]
    rows += [("failed", f"{totals.failed:,}")] if totals.failed else []
    rows += [("skipped", f"{totals.skipped:,} done before, or kept")] if totals.skipped else []
    seconds = totals.seconds
    rows.append(("time", f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"))
    if totals.done and seconds:
        megapixels = totals.pixels / 1e6
        rates = short(totals.done / seconds), short(megapixels / seconds)
        rows.append(("speed", "{} images/s, {} MP/s".format(*rates)))
    return rows


def short(number: float) -> str:
    """Return a number in three digits, or with all those before the point.

    >>> short(0.12345), short(12345.6)
    ('0.123', '12,346')
    """
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


FORMATS: dict[str, Callable[[Records, Totals], Iterator[str]]] = {
    "json": _as_json,
    "csv": _as_csv,
    "markdown": _as_markdown,
    "table": _as_table,
}
