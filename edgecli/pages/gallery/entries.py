"""One image's report as the page wants it: names to show, links, and facts in words.

Records come from files that anyone may have edited: whatever is missing or of another kind is left
out of the page, without an error.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from edgecli.records import dataclass
from edgecli.reports.table import times

Record = Mapping[str, Any]
Rows = Iterator[tuple[str, str]]

SHOWN_BY_BROWSERS = (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".gif", ".bmp", ".avif")

# What would break a line or reverse its direction, and bytes of a name that are not UTF-8.
_UNFIT = [*range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_SIGNS = {n: 0x2400 + n for n in range(32)}  # ␀ to ␟
_SIGNS |= dict.fromkeys([*_UNFIT, *range(0xD800, 0xE000)], 0xFFFD)  # �


@dataclass(frozen=True)
class Picture:
    """A file that a record names, and what the page calls it."""

    path: str
    label: str = ""


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


def input_of(record: Record) -> Picture:
    """Return the image that was read."""
    stated = record.get("input")
    path = stated.get("path") if isinstance(stated, Mapping) else None
    return Picture(path if isinstance(path, str) else "")


def outputs_of(record: Record) -> list[Picture]:
    """Return the edge maps that were written; none for standard output."""
    named = [entry.get("path") for entry in _outputs(record)]
    paths = [path for path in named if isinstance(path, str) and path not in ("", "-")]
    stem = os.path.splitext(os.path.basename(input_of(record).path))[0]
    return [Picture(path, _label(path, stem)) for path in paths]


def _outputs(record: Record) -> list[Record]:
    stated = record.get("outputs") or [record.get("output")]
    return [entry for entry in stated if isinstance(entry, Mapping)]


def _label(path: str, stem: str) -> str:
    """Return what tells an edge map from the image's others: the filter in its name."""
    name = os.path.splitext(os.path.basename(path))[0]
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


def shared_facts(record: Record) -> list[tuple[str, str]]:
    """Return labels and texts that many images have in common."""
    parts = (_shape, _input, _filters, _volume, _window, _parameters, _dense, _work, _field)
    return list(_readable(record, parts))


def own_facts(record: Record) -> list[tuple[str, str]]:
    """Return labels and texts that were measured on this image."""
    return list(_readable(record, (_engine, _maps, _nans)))


def _readable(record: Record, parts: tuple[Callable[[Record], Rows], ...]) -> Rows:
    for part in parts:
        with suppress(AttributeError, IndexError, KeyError, TypeError, ValueError):
            for label, text in part(record):
                yield label, readable(text)


def _shape(record: Record) -> Rows:
    kernels = dict.fromkeys(times(entry["shape"]) for entry in record["filters"])
    sizes = [times(record["convolved_shape"]), ", ".join(kernels), times(record["output_shape"])]
    yield "shape", " → ".join(sizes)


def _input(record: Record) -> Rows:
    image = record["input"]
    yield "input", f"{image['format']} {times(image['shape'])} {image['dtype']}"


def _filters(record: Record) -> Rows:
    for entry in record["filters"]:
        yield "filter", f"{entry['name']} {times(entry['shape'])}, rank {entry['rank']}"


def _volume(record: Record) -> Rows:
    shape, channels = times(record["convolved_shape"]), record["channels"]
    yield "slides over", f"{shape} ({channels}) by {record['operation']}"


def _window(record: Record) -> Rows:
    padding = record["padding"]
    sides = ",".join(str(padding[side]) for side in ("top", "bottom", "left", "right"))
    yield "stride", f"{times(record['stride'])}, dilation {times(record['dilation'])}"
    yield "padding", f"{sides} {padding['mode']}"
    yield "feature maps", times(record["output_shape"])


def _parameters(record: Record) -> Rows:
    weights, biases, total = (record["parameters"][key] for key in ("weights", "biases", "total"))
    yield "parameters", f"{weights:,} weights + {biases:,} biases = {total:,}"


def _dense(record: Record) -> Rows:
    dense = record["fully_connected_parameters"]
    ratio = dense // max(record["parameters"]["total"], 1)
    yield "fully connected", f"{dense:,} parameters, {ratio:,} times as many"


def _work(record: Record) -> Rows:
    yield "MACs", f"{record['macs']:,} multiply-adds, bias excluded"


def _field(record: Record) -> Rows:
    field, connections = record["receptive_field"], record["connections_per_output"]
    yield "receptive field", f"{times(field)}, {connections:,} connections per output"


def _engine(record: Record) -> Rows:
    engine = record["engine"]
    text = f"{engine['method']}, {engine['accumulator']}"
    if "seconds" in engine:
        threads = "1 thread" if engine["threads"] == 1 else f"{engine['threads']} threads"
        text += f", {threads}, {engine['seconds'] * 1000:.1f} ms"
    yield "engine", text


def _maps(record: Record) -> Rows:
    for output in _outputs(record):
        text = f"{os.path.basename(output['path'])}: {output['dtype']}, map {output['map']}"
        with suppress(KeyError, TypeError, ValueError):
            responses = f"responses {output['min']:.6g} … {output['max']:.6g}"
            text += f", {responses}, {output['clipped_fraction']:.2%} clipped"
        yield "edge map", re.sub(r"(?<![\w.])-(?=\d)", "−", text) if "min" in output else text


def _nans(record: Record) -> Rows:
    if nan := record.get("nan"):
        yield "NaN", f"{nan['samples']:,} samples, {nan['policy']}"
