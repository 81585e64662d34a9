"""The report of a batch: a line for each image as they come, then the totals."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from edgecli.batch.inputs import OWN
from edgecli.batch.planning import Totals
from edgecli.reports.formats import (
    csv_lines,
    json_lines,
    markdown_lines,
    shown_lines,
    text_lines,
    write_lines,
)
from edgecli.reports.tables import (
    Column,
    Object,
    Row,
    Table,
    image_table,
    labelled,
    one_line,
    times,
)

SCHEMA = "edgecli.batch/1"

Records = Callable[[], Iterable[Object]]
"""Gives the records of all images, as often as it is asked."""


def write_batch(
    records: Records,
    totals: Totals,
    folder: str,
    format_: str,
    path: str | None,
    *,
    each: bool = False,
) -> None:
    """Write the report of a batch to a file or standard output; OutputError where that fails.

    Records are taken one at a time. A table is of the totals alone, unless ``each`` image is to
    have a row.
    """
    stream = None if path else sys.stdout
    lines = _lines(records, totals, folder, format_)
    if each and format_ == "table":
        lines = chain(shown_lines(_images(records()), stream), ["\n"], lines)
    write_lines(lines, path)


def _lines(records: Records, totals: Totals, folder: str, format_: str) -> Iterator[str]:
    facts: Object = {
        "done": totals.done,
        "failed": totals.failed,
        "skipped": totals.skipped,
        "pixels": totals.pixels,
        "seconds": round(totals.seconds, 3),
    }
    if totals.passed:
        facts["passed_over"] = totals.passed.total()
    match format_:
        case "json":
            return json_lines(chain(records(), [{"schema": SCHEMA} | facts]))
        case "csv":
            last, first = {"status": "total"} | facts, ("status", "input.path", "error")
            return csv_lines(image_table(lambda: chain(records(), [last]), first))
        case "markdown":
            columns = (Column("total"), Column(rule="---:"))
            return markdown_lines([_images(records()), Table(columns, total_rows(totals, folder))])
    return text_lines(labelled(total_rows(totals, folder)))


def _images(records: Iterable[Object]) -> Table:
    titles = "image", "status", "shape", "edge maps"
    columns = *map(Column, titles), Column("clipped", rule="---:")
    return Table(columns, map(_cells, records))


def _cells(record: Object) -> tuple[str, ...]:
    path, status = one_line(record["input"]["path"]), record["status"]
    if status == "failed":
        return path, one_line(f"failed: {record['error']}"), "", "", ""
    outputs = record["outputs"] if "outputs" in record else [record["output"]]
    clipped = [f"{o['clipped_fraction']:.2%}" for o in outputs if "clipped_fraction" in o]
    maps = one_line(", ".join(output["path"] for output in outputs))
    return path, status, times(record["input"]["shape"]), maps, ", ".join(clipped)


def total_rows(totals: Totals, folder: str) -> list[Row]:
    """Return the totals as labels and texts for people; ``folder`` is where edge maps went."""
    rows = [("done", f"{totals.done:,}")]
    rows += [("failed", f"{totals.failed:,}")] if totals.failed else []
    rows += [("skipped", f"{totals.skipped:,} done before, or kept")] if totals.skipped else []
    if totals.passed:
        rows.append(("passed over", _passed_text(totals.passed)))
    seconds = totals.seconds
    rows.append(("time", f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"))
    if totals.done and seconds:
        rows.append(("speed", speed(totals.done, totals)))
    if totals.maps:
        rows.append(("edge maps", f"{totals.maps:,} in {os.path.join(folder, '')}"))
    return rows


def _passed_text(passed: Counter[str]) -> str:
    """Say what was passed over, in short.

    >>> _passed_text(Counter({".nef": 2, ".dds": 1, OWN: 3}))
    '3 that are not read here (.dds .nef), 3 made by edgecli'
    """
    kinds = sorted({*passed} - {OWN})
    unread = passed.total() - passed[OWN]
    texts = [f"{unread:,} that are not read here ({' '.join(kinds)})"] if unread else []
    return ", ".join(texts + [f"{passed[OWN]:,} {OWN}"] * (OWN in passed))


def speed(images: int, totals: Totals) -> str:
    """Return how many images, and pixels where they are counted, are done in a second."""
    rate = f"{_short(images / totals.seconds)} images/s"
    megapixels = totals.pixels / 1e6
    return f"{rate}, {_short(megapixels / totals.seconds)} MP/s" if totals.pixels else rate


def _short(number: float) -> str:
    """Return a number in three digits, or with all those before the point.

    >>> _short(0.12345), _short(12345.6)
    ('0.123', '12,346')
    """
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
