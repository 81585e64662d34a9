"""One image's report as the page wants it: names to show, links, and facts in words.

Records come from files that anyone may have edited: what is missing or of another kind is left out.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

from edgecli.batch.inputs import portable
from edgecli.pages.gallery.thumbs import UNREADABLE, Shrink
from edgecli.reports import facts, texts
from edgecli.reports.tables import Row, times
from edgecli.strokes.measures import Measures

Record = Mapping[str, Any]

PARTS: dict[str, type] = {
    "input": facts.InputFacts,
    "padding": facts.PaddingFacts,
    "parameters": facts.Parameters,
    "nan": facts.NanFacts,
    "no_data": facts.NoDataFacts,
    "engine": facts.EngineFacts,
}
"""Facts that have parts, by their names in a report."""

MOST_KERNELS = 3  # sizes of kernels that a line has room for

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


def filters_of(record: Record) -> list[str]:
    """Return the filters of an image as they were asked for: of a network its name, not its layers.

    >>> filters_of({"made_by": "edgecli detect -f canny:2 -f learned --thin"})
    ['canny:2', 'learned']
    >>> filters_of({"made_by": "edgecli detect --thin"})
    ['sobel']
    """
    made, words = record.get("made_by"), list[str]()
    with suppress(ValueError):  # of quotes that do not end
        words = shlex.split(made) if isinstance(made, str) else []
    named = [readable(word) for option, word in pairwise(words) if option == "-f"]
    return named or (["sobel"] if words else [])


def _outputs(record: Record) -> list[Any]:
    return record.get("outputs") or [record.get("output")]


def path_of(file: object) -> str:
    """Return the path of an input or an output; nothing for standard output."""
    path = file.get("path") if isinstance(file, Mapping) else None
    return path if isinstance(path, str) and path != "-" else ""


def _told(output: object) -> Record:
    return output if isinstance(output, Mapping) else {}


def _thumb(output: Record, path: str, folder: str, shrink: Shrink) -> str | None:
    """Return the address of what is shown of a file; SVG is shown as it is, other strokes are not.

    It is an image to the page, which runs no script of it.
    """
    if "strokes" in output:
        shown = path.lower().endswith(".svg") and os.path.isfile(path)
        return link(path, folder) if shown else None
    lines = bool(output.get("thinning") or output.get("threshold"))  # none of which must be lost
    return shrink(path, lines)


def pictures_of(record: Record, folder: str, shrink: Shrink) -> list[dict[str, Any]]:
    """Return the input and its edge maps: address, thumbnail, and whether browsers show it."""
    source = path_of(record.get("input"))
    pictures = []
    maps = [(path, _told(one)) for one in _outputs(record) if (path := path_of(one))]
    for path, output in ((source, {}), *maps):
        picture = {
            "label": readable(label_of(path, source)),
            "link": link(path, folder) if path else None,
            "thumb": None,
            "whole": False,
        }
        with suppress(*UNREADABLE):
            picture["thumb"] = _thumb(output, path, folder, shrink)
            picture["whole"] = path.lower().endswith(SHOWN_BY_BROWSERS)
        pictures.append(picture)
    return pictures


def label_of(path: str, source: str) -> str:
    """Return what tells an edge map from the others of its image: mostly the filter in its name.

    >>> label_of("out/a-sobel.png", "a.jpg"), label_of("out/a-jpg-2-canny-1.4.png", "in/a.jpg")
    ('sobel', 'canny-1.4')
    >>> label_of("out/scharr/a.png", "a.jpg")
    'scharr'
    """
    stem, extension = os.path.splitext(portable(os.path.basename(source)))
    name = os.path.splitext(os.path.basename(path))[0]
    if name == stem and path != source:
        return os.path.basename(os.path.dirname(path)) or name
    own = name.removeprefix(stem)
    suffix = re.escape(extension.replace(".", "-"))  # of --suffix
    return re.sub(rf"^{suffix}(-\d+)?(?=-)", "", own).strip("-") or name


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


def shape_of(record: Record) -> list[int]:
    """Return height and width of the upright image, or nothing."""
    with suppress(KeyError, TypeError, ValueError):
        height, width = (int(size) for size in record["convolved_shape"][:2])
        return [height, width] if min(height, width) > 0 else []
    return []


def facts_of(record: Record) -> tuple[list[Row], list[Row]]:
    """Return labels and texts: those that many images share, and what was measured on this one.

    There are none where a report lacks a fact, or has one of another kind.
    """
    with suppress(AttributeError, KeyError, TypeError, ValueError):
        told = _image_facts(record)
        return _readable(_shared(told)), _readable(_own(told, _outputs(record)))
    return [], []


def _image_facts(record: Record) -> facts.ImageFacts:
    """Return the facts that became a record; outputs stay as they are in it."""
    told: dict[str, Any] = {each.name: record.get(each.name) for each in fields(facts.ImageFacts)}
    for name, kind in PARTS.items():
        told[name] = kind(**record[name]) if name in record else None
    told["filters"] = [facts.FilterFacts(**each) for each in record["filters"]]
    return facts.ImageFacts(**told)


def _readable(rows: Iterable[Row]) -> list[Row]:
    return [(label, readable(text)) for label, text in rows]


def _shared(told: facts.ImageFacts) -> Iterator[Row]:
    kernels = dict.fromkeys(times(each.shape) for each in told.filters)
    kind = "filter" if told.filters[0].count is None else "layer"
    several = len(kernels) > MOST_KERNELS
    between = f"{len(told.filters)} {kind}s" if several else ", ".join(kernels)
    yield "shape", f"{times(told.convolved_shape)} → {between} → {times(told.output_shape)}"
    if told.input is not None:
        yield "input", texts.image_text(told.input)
    yield from ((kind, texts.filter_text(each)) for each in told.filters)
    yield from zip(("slides over", "stride", "padding"), texts.way_texts(told), strict=True)
    yield "feature maps", times(told.output_shape)
    yield from texts.cost_rows(told)


def _own(told: facts.ImageFacts, outputs: list[Any]) -> Iterator[Row]:
    yield "engine", texts.engine_text(told.engine, why=False)
    yield from (("edge map", _map_text(output)) for output in outputs)
    yield from texts.nan_rows(told)


def _map_text(output: Record) -> str:
    name = os.path.basename(output["path"])
    if "strokes" in output:
        return f"{name}: {texts.strokes_text(Measures(**output['strokes']))}"
    text = f"{name}: {output['dtype']}, map {output['map']}"
    with suppress(KeyError, TypeError):  # of a map that was kept, or of nothing but NaN
        responses = f"responses {output['min']:.6g} … {output['max']:.6g}"
        responses = re.sub(r"(?<!\w)-", "−", responses)  # no exponent's
        text += f", {responses}, {output['clipped_fraction']:.2%} clipped"
    return text
