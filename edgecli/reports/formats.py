"""Facts as JSON, CSV and Markdown: the same facts in each, one row or object per image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from edgecli.reports.facts import Facts

REPORTS = ("table", "json", "csv", "markdown", "none")


def as_json(reports: Sequence[Facts]) -> str:
    """Return one object for one image, a fact per line; one line per image for several."""
    if len(reports) == 1:
        facts = (f"  {_compact(k)}: {_compact(v)}" for k, v in reports[0].items())
        return "{\n" + ",\n".join(facts) + "\n}\n"
    return as_json_lines(reports)


def as_json_lines(reports: Sequence[Facts]) -> str:
    """Return one line per image, also where there is but one."""
    return "".join(_compact(facts) + "\n" for facts in reports)


def _compact(value: Any) -> str:
    import json  # loaded for this format alone, as csv is

    # ASCII escapes carry file names of any bytes through any terminal or pipe.
    return json.dumps(value)


def as_csv(reports: Sequence[Facts]) -> str:
    """Return a header and one row per image; nested facts become dotted columns.

    >>> print(as_csv([{"input": {"path": "a.png", "shape": [2, 3, 1]}}]), end="")
    input.path,input.shape
    a.png,2×3×1
    """
    import csv
    import io

    rows = [dict(flatten(facts)) for facts in reports]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def as_markdown(reports: Sequence[Facts]) -> str:
    """Return a table of facts and values for each image."""
    return "\n".join("\n".join(_markdown_table(facts)) + "\n" for facts in reports)


def _markdown_table(facts: Facts) -> Iterator[str]:
    yield "| fact | value |"
    yield "|---|---|"
    for name, value in flatten(facts):
        yield f"| {name} | {escaped(str(value))} |"


TEXTS = {"json": as_json, "csv": as_csv, "markdown": as_markdown}
"""The formats of REPORTS that are made of facts alone."""


def escaped(cell: str) -> str:
    r"""Return a text as a Markdown table holds it, on one line.

    >>> escaped("a|b")
    'a\\|b'
    """
    return cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


def flatten(facts: Facts, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield nested facts under dotted names; lists of numbers as one text, ``480×640×1``.

    >>> list(flatten({"filters": [{"name": "vertical"}], "stride": [1, 2]}))
    [('filters.0.name', 'vertical'), ('stride', '1×2')]
    """
    for key, value in facts.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from flatten(value, f"{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield from flatten({str(n): item for n, item in enumerate(value)}, f"{name}.")
        elif isinstance(value, list):
            yield name, "×".join(str(item) for item in value)
        else:
            yield name, value
