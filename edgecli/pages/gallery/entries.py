"""One image's report as the page wants it: names to show, links, and facts in words.

Records come from files that anyone may have edited: whatever is missing or of another kind is left
out of the page, without an error.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

from edgecli.reports import facts, texts
from edgecli.reports.tables import Row, times
from edgecli.reports.texts import Rows

Record = Mapping[str, Any]

SHOWN_BY_BROWSERS = (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".gif", ".bmp", ".avif")

# What would break a line or reverse its direction, and bytes of a name that are not UTF-8.
_UNFIT = [*range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_SIGNS = {n: 0x2400 + n for n in range(32)}  # ␀ to ␟
_SIGNS |= dict.fromkeys([*_UNFIT, *range(0xD800, 0xE000)], 0xFFFD)  # �


def readable(text: object) -> str:
    r"""Return a text on one line, whatever was in it.

    >>> readable("two\nlines"), readable("\udcff.png")
    ('two␊lines', '�.png')
    """
    return str(text).translate(_SIGNS)


def status_of(record: Record) -> str:
    """Return ``done``, ``failed`` or ``skipped``."""
    if "error" in record:
        return "failed"
    return "skipped" if record.get("status") == "skipped" else "done"


def input_of(record: Record) -> str:
    """Return the path of the image that was read."""
    stated = record.get("input")
    path = stated.get("path") if isinstance(stated, Mapping) else None
    return path if isinstance(path, str) else ""


def outputs_of(record: Record) -> list[str]:
    """Return the paths of the edge maps that were written; none for standard output."""
    named = [entry.get("path") for entry in _outputs(record)]
    return [path for path in named if isinstance(path, str) and path not in ("", "-")]


def _outputs(record: Record) -> list[Record]:
    stated = record.get("outputs") or [record.get("output")]
    return [entry for entry in stated if isinstance(entry, Mapping)]


def label_of(path: str, source: str) -> str:
    """Return what tells an edge map from the image's others: the filter in its name."""
    name, stem = (os.path.splitext(os.path.basename(each))[0] for each in (path, source))
    return readable(name.removeprefix(stem).strip("-") or name)


def link(path: str, folder: str) -> str:
    """Return a file's address relative to a folder's page, percent-encoded.

    >>> link("out/a b#1.png", "out"), link("in/x.png", "out")
    ('a%20b%231.png', '../in/x.png')
    """
    try:
        relative = os.path.relpath(path, folder)
    except ValueError:  # another drive of Windows
        return Path(os.path.abspath(path)).as_uri()
    parts = os.fsencode(relative).split(os.fsencode(os.sep))
    return "/".join(quote(part, safe="") for part in parts)


def is_shown(path: str) -> bool:
    """Whether browsers show a file of this name as an image."""
    return path.lower().endswith(SHOWN_BY_BROWSERS)


def shape_of(record: Record) -> list[int]:
    """Return height and width of the upright image, or nothing."""
    with suppress(KeyError, TypeError, ValueError):
        height, width = (int(size) for size in record["convolved_shape"][:2])
        if min(height, width) > 0:
            return [height, width]
    return []


# --- facts --------------------------------------------------------------------------------------

NESTED: dict[str, Callable[..., object]] = {
    "input": facts.InputFacts,
    "padding": facts.PaddingFacts,
    "parameters": facts.Parameters,
    "nan": facts.NanFacts,
    "engine": partial(facts.EngineFacts, threads=None, seconds=None, reason="", band_rows=None),
}
"""Facts that have parts, by their names in a report."""


def shared_facts(record: Record) -> list[Row]:
    """Return labels and texts that many images have in common."""
    return list(_readable(record, (_shape, _input, _filters, _ways, texts.cost_rows)))


def own_facts(record: Record) -> list[Row]:
    """Return labels and texts that were measured on this image."""
    return list(_readable(record, (_engine, _maps, texts.nan_rows)))


def _readable(record: Record, parts: tuple[Callable[[Any], Rows], ...]) -> Rows:
    told = _facts(record)
    for part in parts:
        with suppress(AttributeError, IndexError, KeyError, TypeError, ValueError):
            for label, text in part(told):
                yield label, readable(text)


def _facts(record: Record) -> SimpleNamespace:
    """Return a report's facts as ``ImageFacts`` has them, without those of another kind."""
    told: dict[str, Any] = {}
    for name, value in record.items():
        with suppress(TypeError):
            told[name] = NESTED[name](**value) if name in NESTED else value
    return SimpleNamespace(**told | {"edge_maps": _outputs(record)})


def _shape(told: Any) -> Rows:
    kernels = dict.fromkeys(times(entry["shape"]) for entry in told.filters)
    sizes = [times(told.convolved_shape), ", ".join(kernels), times(told.output_shape)]
    yield "shape", " → ".join(sizes)


def _input(told: Any) -> Rows:
    yield "input", texts.image_text(told.input)


def _filters(told: Any) -> Rows:
    for entry in told.filters:
        yield "filter", texts.filter_text(facts.FilterFacts(**entry))


def _ways(told: Any) -> Rows:
    yield from zip(("slides over", "stride", "padding"), texts.way_texts(told), strict=True)
    yield "feature maps", times(told.output_shape)


def _engine(told: Any) -> Rows:
    yield "engine", texts.engine_text(told.engine, why=False)


def _maps(told: Any) -> Rows:
    for output in told.edge_maps:
        text = f"{os.path.basename(output['path'])}: {output['dtype']}, map {output['map']}"
        with suppress(KeyError, TypeError, ValueError):
            responses = f"responses {output['min']:.6g} … {output['max']:.6g}"
            text += f", {responses}, {output['clipped_fraction']:.2%} clipped"
        yield "edge map", re.sub(r"(?<![\w.])-(?=\d)", "−", text) if "min" in output else text
