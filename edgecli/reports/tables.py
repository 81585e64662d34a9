"""The table that every report in columns is, and how facts become one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from edgecli.records import dataclass, replace

CONTROLS = dict.fromkeys({*range(32), *range(127, 160)} - {ord("\n")})
"""What a file's name may hold and no table shows: a terminal would obey it."""

_ONE_LINE = CONTROLS | {ord("\n"): " "}


def one_line(text: str) -> str:
    r"""Return a text as a line of a report shows it, whatever a file in it is called.

    >>> one_line("two\nlines, \x1b[31mred")
    'two lines, [31mred'
    """
    return text.translate(_ONE_LINE)


Row = tuple[str, str]
"""A label and a text, which may have several lines."""

Object = dict[str, Any]
"""Facts as JSON holds them."""


@dataclass(frozen=True)
class Column:
    """A column of a table: ``align`` is its side in text, ``rule`` what Markdown has below it."""

    title: str = ""
    align: str = "<"
    rule: str = "---"
    unit: str = ""  # "%" for shares


@dataclass(frozen=True)
class Table:
    """Rows of cells, each a text, a number, a shape or None, between a title and a note.

    Rows may be made as they are asked for, and then only once.
    """

    columns: tuple[Column, ...]
    rows: Iterable[Sequence[object]]
    title: str = ""
    note: str = ""

    @property
    def titles(self) -> list[str]:
        """Return the columns' titles; labels and texts have none."""
        titles = [column.title for column in self.columns]
        return titles if any(titles) else []


def labelled(rows: Iterable[Row]) -> Table:
    """Return a table of labels and texts, in which a label that is repeated stands once."""
    return Table((Column(), Column()), _labelled_once(rows))


def _labelled_once(rows: Iterable[Row]) -> Iterator[Row]:
    previous = ""
    for label, text in rows:
        yield "" if label == previous else label, text.translate(CONTROLS)
        previous = label


def entitled(table: Table, titles: Sequence[str] = ("fact", "value")) -> Table:
    """Return a table whose columns have titles, as Markdown wants: labels and texts get some."""
    return table if table.titles else replace(table, columns=tuple(map(Column, titles)))


def image_table(objects: Callable[[], Iterable[Object]], first: Sequence[str] = ()) -> Table:
    """Return a table with a row for each object and a column for every fact that any has.

    ``objects`` is called twice; ``first`` are the first columns.
    """
    columns = dict.fromkeys(first)
    for facts in objects():
        columns |= dict.fromkeys(name for name, _ in flatten(facts))
    flat = (dict(flatten(facts)) for facts in objects())
    rows = ([facts.get(name) for name in columns] for facts in flat)
    return Table(tuple(map(Column, columns)), rows)


def flatten(facts: Object, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield nested facts under dotted names; lists of numbers as one text, ``480×640×1``.

    Lists of texts are one text, too, with semicolons between them.

    >>> list(flatten({"filters": [{"name": "vertical"}], "stride": [1, 2]}))
    [('filters.0.name', 'vertical'), ('stride', '1×2')]
    """
    for key, value in facts.items():
        name = f"{prefix}{key}"
        if isinstance(value, list) and value and isinstance(value[0], dict):
            value = {str(n): item for n, item in enumerate(value)}  # noqa: PLW2901
        if isinstance(value, dict):
            yield from flatten(value, f"{name}.")
        else:
            yield name, _joined(value) if isinstance(value, list) else value


def _joined(values: Sequence[Any]) -> str:
    if values and isinstance(values[0], list):  # kernels, which -f takes so
        return str(values)
    texts = bool(values) and isinstance(values[0], str)
    return "; ".join(values) if texts else times(values)


def times(sizes: Iterable[float]) -> str:
    """Write a shape.

    >>> times([480, 640, 1])
    '480×640×1'
    """
    return "×".join(map(str, sizes))
